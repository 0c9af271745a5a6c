/* SPDX-License-Identifier: MIT */
/*
 * codec: members that are booleans, numbers, fixed arrays of numbers, and
 * texts, one after the other.
 *
 * These make up most of a struct, and are read and written in a loop that
 * holds its place in a register (codec/quick.h).  It stops before the first
 * member that is anything else, or not well, or out of range: that one goes
 * the long way, which finds what is wrong with it.
 */
#ifndef MWI_CODEC_MEMBERS_H
#define MWI_CODEC_MEMBERS_H

#include "codec/cbor.h"
#include "codec/value.h"

/** Read up to n members, from the first on, each after its id if they have ids.
 * Returns how many.
 *
 * @param place  for texts that are not in the record; NULL, or under a write
 *               contract, by which each may have another: these end it */
uint32_t mwi_read_members(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, uint32_t n, void *ret_record, bool has_ids);

/** Write up to n members, from the first on, each after its id if they have
 * ids, inside of a container that may have another one in it.  Returns how
 * many. */
uint32_t mwi_write_members(struct mwi_writer *w, const mw_field *field,
    uint32_t n, const void *record, bool has_ids);

#endif
