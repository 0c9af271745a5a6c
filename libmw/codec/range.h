/* SPDX-License-Identifier: MIT */
/*
 * codec: @range, @min and @max.  A member that has none is within it.
 */
#ifndef MWI_CODEC_RANGE_H
#define MWI_CODEC_RANGE_H

#include "codec/cbor.h"

/** Note the writer's error if a member's value is out of its range.  value: of
 * the member's type. */
void mwi_write_check_range(
    struct mwi_writer *w, const mw_field *field, const void *value);

/** The same for the reader; the value was read at a place in the message. */
void mwi_read_check_range(struct mwi_reader *r, const uint8_t *at,
    const mw_field *field, const void *value);

#endif
