/* SPDX-License-Identifier: MIT */
/*
 * codec: kinds of numbers, and RFC 8746 typed arrays of them in the manner of
 * codec/quick.h: in this machine's byte order, and well.
 */
#ifndef MWI_CODEC_NUMBERS_H
#define MWI_CODEC_NUMBERS_H

#include "mw/desc.h"

#include "codec/quick_read.h"
#include "codec/quick_write.h"

struct mwi_number_kind {
    const char *name;
    uint8_t size;     /* bytes, a power of two */
    uint8_t tag;      /* RFC 8746, big-endian */
    uint8_t host_tag; /* of this machine's byte order */
    uint8_t bits;     /* of an integer without its sign */
    bool is_signed;
};

/* Indexed by mw_kind; those that mwi_kind_is_number(). */
extern const struct mwi_number_kind mwi_number_kinds[];

/** The payload of a typed array, or for U8 of a byte string; NULL if it is
 * something else.  A tag is one level more of depth. */
static inline const uint8_t *
mwi_quick_numbers(
    const uint8_t *at, const uint8_t *end, uint32_t kind, size_t *ret_len)
{
    if (kind != MW_KIND_U8) {
        if (end - at < 2 || at[0] != MWI_INITIAL_TAG_BYTE ||
            at[1] != mwi_number_kinds[kind].host_tag) {
            return NULL;
        }
        at += 2;
    }
    return mwi_quick_string(at, end, MWI_INITIAL_BYTES, ret_len);
}

/** Write one to where there is room for two of the longest heads and the
 * payload.  Returns the place behind it. */
static inline uint8_t *
mwi_quick_put_numbers(
    uint8_t *room, uint32_t kind, const void *items, size_t payload)
{
    if (kind != MW_KIND_U8) {
        *room++ = MWI_INITIAL_TAG_BYTE;
        *room++ = mwi_number_kinds[kind].host_tag;
    }
    room += mwi_quick_put(room, MWI_INITIAL_BYTES, payload);
    memcpy(room, items, payload);
    return room + payload;
}

#endif
