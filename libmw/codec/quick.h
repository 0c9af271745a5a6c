/* SPDX-License-Identifier: MIT */
/*
 * codec: the heads of which messages are made, read and written in place.
 *
 * libcbor needs a call through the PLT, a jump table and a callback for each
 * head, which is most of what a small value costs.  What stands here comes in
 * front of it: integers, floats of 4 and 8 bytes, true, false, null, strings,
 * arrays, maps and tags, as long as all is well.  A function that returns
 * false has done nothing, and whoever called it goes the long way, by libcbor
 * (codec/head.h): for half floats, other simple values, whatever is not
 * well-formed, and where a buffer is full.  So there is one place that finds
 * errors, and no error is found here.
 *
 * With MWI_PURE_LIBCBOR (the CMake option MW_PURE_LIBCBOR) they all return
 * false.  docs/design/013-inline-heads.md
 */
#ifndef MWI_CODEC_QUICK_H
#define MWI_CODEC_QUICK_H

#include <string.h>

#include "codec/cbor.h"
#include "codec/head.h"

#ifdef MWI_PURE_LIBCBOR
enum { MWI_QUICK = false };
#else
enum { MWI_QUICK = true };
#endif

/* Initial bytes: of the major types with argument 0, and whole ones. */
enum {
    MWI_INITIAL_UINT = 0x00,
    MWI_INITIAL_NEGINT = 0x20,
    MWI_INITIAL_BYTES = 0x40,
    MWI_INITIAL_TEXT = 0x60,
    MWI_INITIAL_ARRAY = 0x80,
    MWI_INITIAL_MAP = 0xa0,
    MWI_INITIAL_TAG = 0xc0,
    MWI_INITIAL_TAG_BYTE = 0xd8, /* whose number is the next byte */
    MWI_INITIAL_SIMPLE = 0xe0,
    MWI_INITIAL_FALSE = 0xf4,
    MWI_INITIAL_TRUE = 0xf5,
    MWI_INITIAL_NULL = 0xf6,
    MWI_INITIAL_SINGLE = 0xfa,
    MWI_INITIAL_DOUBLE = 0xfb,
};

enum {
    MWI_INFO_MASK = 0x1f,
    MWI_INFO_ONE_BYTE = 24,
    MWI_INFO_EIGHT_BYTES = 27,
    MWI_HEAD_MAX = 9, /* bytes of the longest head */
};

/* Eight bytes as a number, the first one the highest, and the other way. */
static inline uint64_t
mwi_big_endian(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}

/* Bits of a word that 1, 2, 4 or 8 bytes leave: 64 - 8 * width, modulo 64 as
 * processors shift. */
static inline unsigned int
mwi_bits_beyond(unsigned int width)
{
    return -(8 * width) & 63;
}

/* The argument of a head that is longer than a byte, where less than
 * MWI_HEAD_MAX bytes are left.  Returns the bytes of the head, or 0. */
size_t mwi_quick_last_argument(
    const uint8_t *at, size_t left, uint64_t *ret_argument);

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
    if (left < MWI_HEAD_MAX) {
        return mwi_quick_last_argument(at, left, ret_argument);
    }
    memcpy(&word, at + 1, sizeof(word));
    width = 1u << (info - MWI_INFO_ONE_BYTE);
    *ret_argument = mwi_big_endian(word) >> mwi_bits_beyond(width);
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

/** Write the shortest head for an argument where there are MWI_HEAD_MAX bytes
 * of room, all of which may be written to.  Returns the bytes of the head. */
static inline size_t
mwi_quick_put(uint8_t *room, uint8_t initial, uint64_t argument)
{
    unsigned int log_width;
    unsigned int width;
    uint64_t word;

    if (argument < MWI_INFO_ONE_BYTE) {
        room[0] = (uint8_t) (initial | argument);
        return 1;
    }
    log_width = (unsigned int) (argument > UINT8_MAX) +
                (argument > UINT16_MAX) + (argument > UINT32_MAX);
    width = 1u << log_width;
    word = mwi_big_endian(argument << mwi_bits_beyond(width));
    room[0] = (uint8_t) (initial | (MWI_INFO_ONE_BYTE + log_width));
    memcpy(room + 1, &word, sizeof(word));
    return 1 + width;
}

/** Write an initial byte and the first bytes of a word, to where there is as
 * much room: a float, or with none of them true, false, null. */
static inline size_t
mwi_quick_put_simple(uint8_t *room, uint8_t initial, uint64_t word, size_t n)
{
    word = mwi_big_endian(word);
    room[0] = initial;
    memcpy(room + 1, &word, sizeof(word));
    return 1 + n;
}

/* Where the longest head fits and n bytes behind it, or NULL. */
static inline uint8_t *
mwi_quick_room(const struct mwi_writer *w, size_t n)
{
    size_t room = mwi_buf_room(w->buf);

    return MWI_QUICK && room >= MWI_HEAD_MAX && n <= room - MWI_HEAD_MAX &&
                   mwi_writer_ok(w)
               ? w->buf->data + w->buf->end
               : NULL;
}

/** Append a head. */
static inline bool
mwi_quick_write(struct mwi_writer *w, uint8_t initial, uint64_t argument)
{
    uint8_t *room = mwi_quick_room(w, 0);

    if (room == NULL) {
        return false;
    }
    w->buf->end += mwi_quick_put(room, initial, argument);
    return true;
}

/** Append what mwi_quick_put_simple() writes. */
static inline bool
mwi_quick_write_simple(
    struct mwi_writer *w, uint8_t initial, uint64_t word, size_t n)
{
    uint8_t *room = mwi_quick_room(w, 0);

    if (room == NULL) {
        return false;
    }
    w->buf->end += mwi_quick_put_simple(room, initial, word, n);
    return true;
}

/** Append a string with its payload. */
static inline bool
mwi_quick_write_string(
    struct mwi_writer *w, uint8_t initial, const void *bytes, size_t len)
{
    uint8_t *room = mwi_quick_room(w, len);
    size_t head;

    if (room == NULL) {
        return false;
    }
    head = mwi_quick_put(room, initial, len);
    if (len > 0) {
        memcpy(room + head, bytes, len);
    }
    w->buf->end += head + len;
    return true;
}

#endif
