/* SPDX-License-Identifier: MIT */
#include "lib/random_text.h"

#include <string.h>

#include "base/utf8.h"

void
mwt_text_fini(struct mwt_text *text)
{
    free(text->bytes);
    *text = (struct mwt_text){ 0 };
}

void
mwt_text_append(struct mwt_text *text, const char *bytes, size_t len)
{
    if (len > text->cap - text->len) {
        text->cap = 2 * text->cap + len;
        text->bytes = realloc(text->bytes, text->cap);
        if (text->bytes == NULL) {
            abort();
        }
    }
    if (len > 0) {
        memcpy(text->bytes + text->len, bytes, len);
        text->len += len;
    }
}

/* A code point that UTF-8 may hold, never U+0000. */
static uint32_t
random_character(struct mwt_prng *prng)
{
    size_t what = mwt_below(prng, 100);
    uint32_t c;

    if (what < 80) {
        return (uint32_t) (' ' + mwt_below(prng, '~' - ' ' + 1));
    }
    if (what < 84) {
        return (uint32_t) (1 + mwt_below(prng, 0x1f));
    }
    if (what < 90) {
        return (uint32_t) (0x80 + mwt_below(prng, 0x800 - 0x80));
    }
    if (what < 96) {
        c = (uint32_t) (0x800 + mwt_below(prng, 0x10000 - 0x800));
        return c >= 0xd800 && c <= 0xdfff ? 0x20ac : c; /* no surrogates */
    }
    return (uint32_t) (0x10000 + mwt_below(prng, 0x110000 - 0x10000));
}

static void
append_character(struct mwt_text *text, uint32_t c)
{
    unsigned char bytes[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (size_t i = n; i-- > 1; c >>= 6) {
        bytes[i] = (unsigned char) (0x80 | (c & 0x3f));
    }
    bytes[0] = (unsigned char) (leads[n] | c);
    mwt_text_append(text, (const char *) bytes, n);
}

void
mwt_text_append_random(struct mwt_prng *prng, struct mwt_text *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        append_character(text, random_character(prng));
    }
}

size_t
mwt_text_random_len(struct mwt_prng *prng)
{
    size_t what = mwt_below(prng, 100);

    if (what < 10) {
        return 0;
    }
    if (what < 85) {
        return mwt_below(prng, 14);
    }
    return mwt_below(prng, what < 98 ? 120 : 2000);
}

size_t
mwt_text_cut(const char *bytes, size_t len, size_t bound)
{
    len = len < bound ? len : bound;
    return len > 0 ? mwi_utf8_prefix(bytes, len) : 0;
}

/* The start of the character that a position is in. */
static size_t
to_character(const char *bytes, size_t len, size_t at)
{
    while (at < len && at > 0 && mwi_utf8_is_continuation(bytes[at])) {
        at--;
    }
    return at;
}

void
mwt_text_edit(
    struct mwt_prng *prng, struct mwt_text *text, const char *old, size_t len)
{
    size_t edits = 1 + mwt_below(prng, 4);
    size_t at = 0;

    if (mwt_chance(prng, 10)) { /* something else altogether */
        mwt_text_append_random(prng, text, mwt_text_random_len(prng));
        return;
    }
    for (size_t i = 0; i < edits; i++) {
        size_t next = at + mwt_below(prng, len - at + 1);
        size_t resume;

        next = to_character(old, len, next);
        next = next < at ? at : next;
        mwt_text_append(text, old + at, next - at);
        if (mwt_chance(prng, 60)) {
            mwt_text_append_random(prng, text, mwt_below(prng, 8));
        }
        resume = next + (mwt_chance(prng, 50) ? mwt_below(prng, 12) : 0);
        at = to_character(old, len, resume < len ? resume : len);
        at = at < next ? next : at;
    }
    mwt_text_append(text, old + at, len - at);
}

void
mwt_text_poke(struct mwt_prng *prng, char *bytes, size_t len)
{
    size_t at = mwt_below(prng, len);
    char c = (char) ('a' + mwt_below(prng, 26));

    if ((unsigned char) bytes[at] < 0x80) {
        bytes[at] = c;
    }
}
