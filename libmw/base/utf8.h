/* SPDX-License-Identifier: MIT */
/*
 * base: UTF-8 as RFC 3629 defines it: no surrogates, no overlong forms,
 * nothing above U+10FFFF.
 */
#ifndef MWI_BASE_UTF8_H
#define MWI_BASE_UTF8_H

#include <string.h>

#include "mw/base.h"

/* Whether one of eight bytes is not ASCII, or NUL.  Subtracting one from each
 * byte borrows first of the lowest that is zero, and if all are ASCII it is
 * then that the highest bit is set. */
static inline bool
mwi_utf8_is_odd(uint64_t word)
{
    return ((word | (word - UINT64_C(0x0101010101010101))) &
               UINT64_C(0x8080808080808080)) != 0;
}

/** Copy a text that is ASCII without a NUL, about which there is nothing more
 * to be checked, to as many bytes elsewhere.  False if it is not; then part of
 * it was copied. */
static inline bool
mwi_utf8_copy_plain(char *ret_copy, const char *text, size_t len)
{
    uint64_t word;

    if (len < sizeof(word)) {
        for (size_t i = 0; i < len; i++) {
            if ((signed char) text[i] <= 0) {
                return false;
            }
            ret_copy[i] = text[i];
        }
        return true;
    }
    for (size_t at = 0; at < len - sizeof(word); at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if (mwi_utf8_is_odd(word)) {
            return false;
        }
        memcpy(ret_copy + at, &word, sizeof(word));
    }
    /* The last eight, of which some may have been copied. */
    memcpy(&word, text + len - sizeof(word), sizeof(word));
    memcpy(ret_copy + len - sizeof(word), &word, sizeof(word));
    return !mwi_utf8_is_odd(word);
}

/** Whether a text is such a one. */
static inline bool
mwi_utf8_is_plain(const char *text, size_t len)
{
    uint64_t word;
    size_t at = 0;

    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if (mwi_utf8_is_odd(word)) {
            return false;
        }
    }
    for (; at < len; at++) {
        if ((signed char) text[at] <= 0) {
            return false;
        }
    }
    return true;
}

/** How many of the first len bytes are whole, valid characters before the
 * first that is not; len if all are. */
size_t mwi_utf8_prefix(const char *text, size_t len);

/** Whether a byte is the second, third or fourth of a character. */
static inline bool
mwi_utf8_is_continuation(char byte)
{
    return ((unsigned char) byte & 0xc0) == 0x80;
}

#endif
