/* SPDX-License-Identifier: MIT */
/*
 * base: UTF-8 as RFC 3629 defines it: no surrogates, no overlong forms,
 * nothing above U+10FFFF.
 */
#ifndef MWI_BASE_UTF8_H
#define MWI_BASE_UTF8_H

#include "mw/base.h"

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
