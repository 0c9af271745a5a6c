/* SPDX-License-Identifier: MIT */
/*
 * tests: random UTF-8 without U+0000, and edits of it.
 */
#ifndef MWT_RANDOM_TEXT_H
#define MWT_RANDOM_TEXT_H

#include "lib/prng.h"

/* A growing text.  All zero: empty. */
struct mwt_text {
    char *bytes; /* without a NUL; NULL when empty */
    size_t len;
    size_t cap;
};

void mwt_text_fini(struct mwt_text *text);

/** Append bytes that are whole characters. */
void mwt_text_append(struct mwt_text *text, const char *bytes, size_t len);

/** Append n random characters: mostly ASCII, some of two, three and four
 * bytes, a few control characters. */
void mwt_text_append_random(
    struct mwt_prng *prng, struct mwt_text *text, size_t n);

/** A number of characters: mostly few, sometimes none or thousands. */
size_t mwt_text_random_len(struct mwt_prng *prng);

/** At most len and bound bytes, and no half character. */
size_t mwt_text_cut(const char *bytes, size_t len, size_t bound);

/** Append what an edit of an old text at one to four places gives. */
void mwt_text_edit(
    struct mwt_prng *prng, struct mwt_text *text, const char *old, size_t len);

/** Overwrite an ASCII character in place, if one is found. */
void mwt_text_poke(struct mwt_prng *prng, char *bytes, size_t len);

#endif
