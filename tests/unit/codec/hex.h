/* SPDX-License-Identifier: MIT */
/*
 * Messages in tests are written as hexadecimal digits.
 */
#ifndef HEX_H
#define HEX_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/base.h"

struct hex {
    uint8_t *bytes; /* in a block of exactly len bytes */
    size_t len;
};

/* Spaces between bytes are skipped.  The block has no slack, so that the
 * address sanitizer sees a read beyond the message. */
static inline struct hex
unhex(const char *text)
{
    struct hex hex = { .bytes = malloc(strlen(text) / 2) };

    while (*text != '\0') {
        char digits[3] = { 0 };

        if (*text == ' ') {
            text++;
            continue;
        }
        memcpy(digits, text, 2);
        hex.bytes[hex.len++] = (uint8_t) strtoul(digits, NULL, 16);
        text += 2;
    }
    if (hex.len > 0) {
        hex.bytes = realloc(hex.bytes, hex.len);
    }
    return hex;
}

/* free() it. */
static inline char *
to_hex(const uint8_t *bytes, size_t len)
{
    char *text = malloc(2 * len + 1);

    text[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        (void) snprintf(text + 2 * i, 3, "%02x", (unsigned int) bytes[i]);
    }
    return text;
}

static inline void
assert_hex(const uint8_t *bytes, size_t len, const char *expected)
{
    char *text = to_hex(bytes, len);

    cr_assert_str_eq(text, expected);
    free(text);
}

#endif
