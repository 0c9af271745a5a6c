/* SPDX-License-Identifier: MIT */
/*
 * delta: aligning an old and a new row of symbols.
 *
 * A symbol is 1, 2, 4 or 8 bytes that are compared as they are: a byte of a
 * text, a number, or the hash of an element.  The result is a list of hunks,
 * the places where the rows differ; what lies between them is the same in
 * both.  It is good rather than minimal, and takes bounded time and memory
 * whatever the rows hold (docs/delta.md has the bounds).
 */
#ifndef MWI_DELTA_ALIGN_H
#define MWI_DELTA_ALIGN_H

#include "mw/base.h"

/* Old symbols [old_at, old_at + old_n) became new ones. */
struct mwi_hunk {
    size_t old_at;
    size_t old_n;
    size_t new_at;
    size_t new_n;
};

struct mwi_hunks {
    struct mwi_hunk *at; /* ascending, not touching one another */
    size_t len;
    size_t cap;
    bool failed; /* out of memory: the list is not to be used */
};

/* A stretch of symbols that is in both rows. */
struct mwi_match {
    size_t old_at;
    size_t new_at;
    size_t n;
};

struct mwi_matches {
    struct mwi_match *at;
    size_t len;
    size_t cap;
};

/* The two rows, and how much work may still be spent on them. */
struct mwi_rows {
    const unsigned char *old;
    const unsigned char *live;
    size_t width;   /* bytes of a symbol */
    bool hashes;    /* a symbol stands for an element, not for a few bytes */
    size_t least;   /* where not even that many symbols between two hunks are
                       the same, these might as well be one */
    int64_t budget; /* steps left */
};

/** Find what differs.  Append to hunks, which is zeroed or has been used
 * before and is then emptied first.  Scratch memory is from the heap; when
 * there is none, hunks->failed is set. */
void mwi_align(
    struct mwi_hunks *hunks, struct mwi_rows *rows, size_t old_n, size_t new_n);

void mwi_hunks_fini(struct mwi_hunks *hunks);

/** How many symbols at the start of two stretches are the same, at most n. */
size_t mwi_same_prefix(
    const struct mwi_rows *rows, size_t old_at, size_t new_at, size_t n);

/** How many before the two ends are the same, at most n. */
size_t mwi_same_suffix(
    const struct mwi_rows *rows, size_t old_end, size_t new_end, size_t n);

/** Symbols that a block has at a level of refinement, 0 first, where there are
 * old_n old symbols; 0 when there is no such level. */
size_t mwi_block_symbols(
    const struct mwi_rows *rows, unsigned level, size_t old_n);

/** Find long stretches that are in both rows of a hunk.  They come ascending
 * in both.  False when out of memory. */
MW_MUST_USE bool mwi_block_match(struct mwi_rows *rows,
    const struct mwi_hunk *where, size_t block, struct mwi_matches *matches);

/** Keep those matches, which ascend in the new row, that ascend in the old row
 * too and are longest together.  Returns their length together.  False when
 * out of memory. */
MW_MUST_USE bool mwi_match_chain(struct mwi_matches *matches, size_t *ret_n);

#endif
