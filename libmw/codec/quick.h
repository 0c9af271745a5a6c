/* SPDX-License-Identifier: MIT */
/*
 * codec: the heads of which messages are made, read and written in place
 * (codec/quick_read.h, codec/quick_write.h).
 *
 * libcbor needs a call through the PLT, a jump table and a callback for each
 * head, which is most of what a small value costs.  What stands there comes in
 * front of it: integers, floats of 4 and 8 bytes, true, false, null, strings,
 * arrays, maps and tags, as long as all is well.  A function that returns
 * false or NULL has done nothing, and whoever called it goes the long way, by
 * libcbor (codec/head.h): for half floats, other simple values, whatever is not
 * well-formed, and where a buffer is full.  So there is one place that finds
 * errors, and no error is found there.
 *
 * With MWI_PURE_LIBCBOR (the CMake option MW_PURE_LIBCBOR) they all do
 * nothing.  docs/design/013-inline-heads.md
 */
#ifndef MWI_CODEC_QUICK_H
#define MWI_CODEC_QUICK_H

#include <stdbool.h>
#include <stdint.h>

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

#endif
