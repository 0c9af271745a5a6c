/* SPDX-License-Identifier: MIT */
/*
 * codec: heads written in place, see codec/quick.h.
 */
#ifndef MWI_CODEC_QUICK_WRITE_H
#define MWI_CODEC_QUICK_WRITE_H

#include <string.h>

#include "codec/cbor.h"
#include "codec/quick.h"

/** Write the shortest head for an argument where there are MWI_HEAD_MAX bytes
 * of room, all of which may be written to.  Returns the bytes of the head. */
static inline size_t
mwi_quick_put(uint8_t *room, uint8_t initial, uint64_t argument)
{
    /* Widths that numbers of 1 to 8 bytes need, as powers of two. */
    static const uint8_t log_widths[] = { 0, 1, 2, 2, 3, 3, 3, 3 };
    unsigned int log_width;
    unsigned int width;
    uint64_t word;

    if (argument < MWI_INFO_ONE_BYTE) {
        room[0] = (uint8_t) (initial | argument);
        return 1;
    }
    log_width = log_widths[(63 - __builtin_clzll(argument)) / 8];
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
