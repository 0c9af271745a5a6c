/* SPDX-License-Identifier: MIT */
/*
 * codec: one CBOR head as libcbor sees it.
 *
 * Whatever is read comes through mwi_head_read(), but for what
 * codec/quick_read.h takes before; the two give the same heads
 * (tests/unit/codec/test_quick.c).
 */
#ifndef MWI_CODEC_HEAD_H
#define MWI_CODEC_HEAD_H

#include "codec/cbor.h"

struct mwi_head {
    enum mwi_item item;
    uint32_t width;       /* FLOAT: 4 or 8, a half counts as 4 */
    uint64_t argument;    /* UINT: value.  NEGINT: n of -1 - n.  BYTES, TEXT:
                             length.  ARRAY: items.  MAP: pairs.  TAG: number.
                             BOOL: 0 or 1.  SIMPLE: value.  FLOAT: bits */
    const uint8_t *bytes; /* BYTES, TEXT: payload */
    size_t size;          /* bytes of the head and of a string's payload */
};

/** What an initial byte begins; NONE if it begins nothing that is taken:
 * reserved additional information, indefinite lengths, a break. */
enum mwi_item mwi_head_item(uint8_t initial);

/** Read the head of an item and a string's payload.
 *
 * @param at        where; at least one byte
 * @param left      bytes there
 * @param ret_head  filled on success
 * @return  NULL, or what is wrong: static text
 */
MW_MUST_USE const char *mwi_head_read(
    const uint8_t *at, size_t left, struct mwi_head *ret_head);

#endif
