/* SPDX-License-Identifier: MIT */
/*
 * base: an intrusive pairing heap, which finds the smallest of its keys at once
 * and needs no memory of its own.  Not thread-safe.
 *
 * Adding takes constant time; taking out, amortised, that of a logarithm
 * (Fredman, Sedgewick, Sleator, Tarjan: The pairing heap, Algorithmica 1,
 * 1986).
 */
#ifndef MWI_BASE_HEAP_H
#define MWI_BASE_HEAP_H

#include <stdint.h>

#include "mw/base.h"

/* Embedded by members.  Zeroed: in no heap. */
struct mwi_heap_link {
    int64_t key;
    struct mwi_heap_link *child; /* the first; NULL: none */
    struct mwi_heap_link *next;  /* sibling; NULL: the last */
    struct mwi_heap_link *prev;  /* sibling; of the first child the parent */
    bool is_in;                  /* a heap */
};

struct mwi_heap {
    struct mwi_heap_link *root; /* with the smallest key; NULL: empty */
};

/** Add a link that is in no heap. */
void mwi_heap_add(
    struct mwi_heap *heap, struct mwi_heap_link *link, int64_t key);

/** Take a link out.  Harmless if it is in none. */
void mwi_heap_remove(struct mwi_heap *heap, struct mwi_heap_link *link);

#endif
