/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

/* The length of the valid character at s, or 0. RFC 3629 section 4. */
static size_t
character(const unsigned char *s, size_t len)
{
    size_t n;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;

    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        n = 2;
    } else if (s[0] >= 0xe0 && s[0] <= 0xef) {
        n = 3;
        low = s[0] == 0xe0 ? 0xa0 : low;   /* overlong */
        high = s[0] == 0xed ? 0x9f : high; /* surrogates */
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        n = 4;
        low = s[0] == 0xf0 ? 0x90 : low;   /* overlong */
        high = s[0] == 0xf4 ? 0x8f : high; /* above U+10FFFF */
    } else {
        return 0;
    }
    if (len < n || s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf) {
            return 0;
        }
    }
    return n;
}

size_t
mwi_utf8_prefix(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *) text;
    size_t at = 0;

    while (at < len) {
        uint64_t word;
        size_t n;

        /* Eight ASCII characters at a time. */
        while (len - at >= sizeof(word)) {
            memcpy(&word, s + at, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) != 0) {
                break;
            }
            at += sizeof(word);
        }
        if (at == len) {
            break;
        }
        n = character(s + at, len - at);
        if (n == 0) {
            break;
        }
        at += n;
    }
    return at;
}
