/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/utf8.h"

static size_t
encode(uint32_t c, char ret_bytes[4])
{
    if (c < 0x80) {
        ret_bytes[0] = (char) c;
        return 1;
    }
    if (c < 0x800) {
        ret_bytes[0] = (char) (0xc0 | c >> 6);
        ret_bytes[1] = (char) (0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        ret_bytes[0] = (char) (0xe0 | c >> 12);
        ret_bytes[1] = (char) (0x80 | (c >> 6 & 0x3f));
        ret_bytes[2] = (char) (0x80 | (c & 0x3f));
        return 3;
    }
    ret_bytes[0] = (char) (0xf0 | c >> 18);
    ret_bytes[1] = (char) (0x80 | (c >> 12 & 0x3f));
    ret_bytes[2] = (char) (0x80 | (c >> 6 & 0x3f));
    ret_bytes[3] = (char) (0x80 | (c & 0x3f));
    return 4;
}

Test(utf8, every_code_point)
{
    for (uint32_t c = 0; c < 0x120000; c++) {
        bool is_valid = c < 0xd800 || (c > 0xdfff && c < 0x110000);
        char bytes[4];
        size_t n = encode(c, bytes);

        cr_assert_eq(mwi_utf8_prefix(bytes, n), is_valid ? n : 0, "U+%x", c);
        for (size_t cut = 1; cut < n; cut++) {
            cr_assert_eq(mwi_utf8_prefix(bytes, cut), 0);
            cr_assert(mwi_utf8_is_continuation(bytes[cut]));
        }
        cr_assert_not(mwi_utf8_is_continuation(bytes[0]));
    }
}

Test(utf8, overlong_forms)
{
    static const char *const texts[] = { "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
        "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
        "\xf8\x88\x80\x80\x80", "\xfc\x84", "\xfe", "\xff", "\x80", "\xbf" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert_eq(mwi_utf8_prefix(texts[i], strlen(texts[i])), 0);
    }
}

/* The fast path takes eight bytes at a time; a fault may be at each of them. */
Test(utf8, every_length_and_place)
{
    for (size_t len = 0; len < 40; len++) {
        char *text = malloc(len + 1); /* so that reading beyond is noticed */

        memset(text, 'a', len);
        cr_assert_eq(mwi_utf8_prefix(text, len), len);
        for (size_t at = 0; at < len; at++) {
            text[at] = (char) 0xff;
            cr_assert_eq(mwi_utf8_prefix(text, len), at);
            text[at] = (char) 0xc3;
            cr_assert_eq(mwi_utf8_prefix(text, len), at);
            if (at + 1 < len) {
                text[at + 1] = (char) 0xa9;
                cr_assert_eq(mwi_utf8_prefix(text, len), len);
                text[at + 1] = 'a';
            }
            text[at] = 'a';
        }
        free(text);
    }
}

/* Texts about which there is nothing more to be checked, and those with any
 * other byte anywhere. */
Test(utf8, plain_texts)
{
    static const char odd[] = { '\0', '\x80', '\xc3', '\xff' };

    for (size_t len = 0; len < 40; len++) {
        char *text = malloc(len > 0 ? len : 1); /* no byte beyond */
        char *copy = malloc(len + 1);

        memset(text, '\x01', len);
        memset(copy, '#', len + 1);
        cr_assert(mwi_utf8_is_plain(text, len));
        cr_assert(mwi_utf8_copy_plain(copy, text, len));
        cr_assert_eq(memcmp(copy, text, len), 0);
        cr_assert_eq(copy[len], '#');
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof(odd); i++) {
                text[at] = odd[i];
                cr_assert_not(mwi_utf8_is_plain(text, len));
                cr_assert_not(mwi_utf8_copy_plain(copy, text, len));
                cr_assert_eq(copy[len], '#');
            }
            text[at] = '\x7f';
            cr_assert(mwi_utf8_is_plain(text, len));
        }
        free(text);
        free(copy);
    }
}
