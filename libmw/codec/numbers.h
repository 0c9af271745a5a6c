/* SPDX-License-Identifier: MIT */
/*
 * codec: kinds of numbers, and RFC 8746 typed arrays of them; also in the
 * manner of codec/quick.h: in this machine's byte order, and well.
 */
#ifndef MWI_CODEC_NUMBERS_H
#define MWI_CODEC_NUMBERS_H

#include "mw/desc.h"

#include "codec/quick_read.h"
#include "codec/quick_write.h"
#include "codec/value.h"

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

/* Typed arrays in any byte order, or plain ones. */

/** Append n numbers: a byte string for U8, else a tagged one. */
void mwi_write_numbers(
    struct mwi_writer *w, uint32_t kind, const void *items, size_t n);

/** Bytes that mwi_write_numbers() appends for n numbers. */
size_t mwi_numbers_size(uint32_t kind, size_t n);

/* Numbers in a message, checked, that mwi_numbers_copy() can take out without
 * failing.  When they are neither swapped nor plain, the bytes are the numbers
 * as they would be in memory. */
struct mwi_numbers {
    const uint8_t *bytes; /* unaligned view */
    size_t n;             /* numbers */
    size_t size;          /* bytes that they take in the message */
    bool swapped;         /* typed array in the other byte order */
    bool plain;           /* CBOR items, from an array without a tag, which
                             simple peers may send */
};

/** Read numbers of a kind: a typed array in either byte order, for U8 also a
 * byte string, or a plain array.  n is 0 after an error. */
struct mwi_numbers mwi_read_numbers(struct mwi_reader *r, uint32_t kind);

/** Make the payload that they are, if it is apart, the items of a SEQ in a
 * place that adopts.  False: they are to be copied. */
MW_MUST_USE bool mwi_numbers_adopt(const struct mwi_numbers *numbers,
    struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value);

/** Copy them out, in this machine's byte order. */
void mwi_numbers_copy(
    const struct mwi_numbers *numbers, uint32_t kind, void *ret_items);

#endif
