/* SPDX-License-Identifier: MIT */
/*
 * codec: heads read in place, see codec/quick.h.
 */
#ifndef MWI_CODEC_QUICK_READ_H
#define MWI_CODEC_QUICK_READ_H

#include <string.h>

#include "codec/head.h"
#include "codec/quick.h"

/* The argument of so many bytes behind the initial one, where there may be none
 * behind them. */
uint64_t mwi_quick_last_argument(const uint8_t *at, size_t width);

/* The argument of a head of which there is at least a byte.  Returns the bytes
 * of the head, or 0.  Whichever width it has, eight bytes are loaded, so that
 * there is nothing to be guessed wrong about it. */
static inline size_t
mwi_quick_argument(const uint8_t *at, size_t left, uint64_t *ret_argument)
{
    unsigned int info = at[0] & MWI_INFO_MASK;
    unsigned int width;
    uint64_t word;

    if (info < MWI_INFO_ONE_BYTE) {
        *ret_argument = info;
        return 1;
    }
    if (info > MWI_INFO_EIGHT_BYTES) {
        return 0;
    }
    width = 1u << (info - MWI_INFO_ONE_BYTE);
    if (left >= MWI_HEAD_MAX) {
        memcpy(&word, at + 1, sizeof(word));
        *ret_argument = mwi_big_endian(word) >> mwi_bits_beyond(width);
    } else if (left > width) {
        *ret_argument = mwi_quick_last_argument(at, width);
    } else {
        return 0;
    }
    return 1 + width;
}

/* What a head of major type 7 is, whose additional information was taken for an
 * argument; NONE if it is nothing that is read here. */
static inline enum mwi_item
mwi_quick_simple(struct mwi_head *head, uint8_t initial)
{
    switch (initial) {
    case MWI_INITIAL_FALSE:
    case MWI_INITIAL_TRUE:
        head->argument = initial == MWI_INITIAL_TRUE;
        return MWI_ITEM_BOOL;
    case MWI_INITIAL_NULL:
        head->argument = 0;
        return MWI_ITEM_NULL;
    case MWI_INITIAL_SINGLE:
    case MWI_INITIAL_DOUBLE:
        head->width = (uint32_t) head->size - 1;
        return MWI_ITEM_FLOAT;
    default:
        return MWI_ITEM_NONE;
    }
}

/** What mwi_head_read() does, if this can. */
static inline bool
mwi_quick_head(const uint8_t *at, size_t left, struct mwi_head *ret_head)
{
    struct mwi_head head = { .width = 0 };

    if (!MWI_QUICK || left == 0) {
        return false;
    }
    head.size = mwi_quick_argument(at, left, &head.argument);
    if (head.size == 0 || head.argument != (size_t) head.argument) {
        return false;
    }
    head.item = at[0] < MWI_INITIAL_SIMPLE
                    ? (enum mwi_item)(MWI_ITEM_UINT + (at[0] >> 5))
                    : mwi_quick_simple(&head, at[0]);
    if (head.item == MWI_ITEM_BYTES || head.item == MWI_ITEM_TEXT) {
        if (head.argument > left - head.size) {
            return false;
        }
        head.bytes = at + head.size;
        head.size += (size_t) head.argument;
    }
    *ret_head = head;
    return head.item != MWI_ITEM_NONE;
}

/* The following read at a place before end.  They return the place behind what
 * they have read, or NULL. */

/** A head of a major type, without what it speaks of. */
static inline const uint8_t *
mwi_quick_take(const uint8_t *at, const uint8_t *end, uint8_t initial,
    uint64_t *ret_argument)
{
    size_t size;

    if (!MWI_QUICK || at == end || (*at & ~MWI_INFO_MASK) != initial) {
        return NULL;
    }
    size = mwi_quick_argument(at, (size_t) (end - at), ret_argument);
    return size > 0 ? at + size : NULL;
}

/** A string's head, when all of its payload follows. */
static inline const uint8_t *
mwi_quick_string(
    const uint8_t *at, const uint8_t *end, uint8_t initial, size_t *ret_len)
{
    uint64_t len;

    at = mwi_quick_take(at, end, initial, &len);
    if (at == NULL || len > (size_t) (end - at)) {
        return NULL;
    }
    *ret_len = (size_t) len;
    return at;
}

/** An integer of which n or, when it is -1 - n, the n is at most max. */
static inline const uint8_t *
mwi_quick_integer(const uint8_t *at, const uint8_t *end, bool is_signed,
    uint64_t max, uint64_t *ret_value)
{
    size_t size;
    uint64_t n;

    if (!MWI_QUICK || at == end ||
        *at >= (is_signed ? MWI_INITIAL_BYTES : MWI_INITIAL_NEGINT)) {
        return NULL;
    }
    size = mwi_quick_argument(at, (size_t) (end - at), &n);
    if (size == 0 || n > max) {
        return NULL;
    }
    *ret_value = *at >= MWI_INITIAL_NEGINT ? ~n : n;
    return at + size;
}

/** A float of the width that its initial byte says. */
static inline const uint8_t *
mwi_quick_float(
    const uint8_t *at, const uint8_t *end, uint8_t initial, uint64_t *ret_bits)
{
    if (!MWI_QUICK || end - at < MWI_HEAD_MAX || *at != initial) {
        return NULL;
    }
    return at + mwi_quick_argument(at, MWI_HEAD_MAX, ret_bits);
}

/** True or false. */
static inline const uint8_t *
mwi_quick_bool(const uint8_t *at, const uint8_t *end, bool *ret_value)
{
    if (!MWI_QUICK || at == end || (*at & ~1) != MWI_INITIAL_FALSE) {
        return NULL;
    }
    *ret_value = *at == MWI_INITIAL_TRUE;
    return at + 1;
}

#endif
