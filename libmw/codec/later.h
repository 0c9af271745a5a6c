/* SPDX-License-Identifier: MIT */
/*
 * codec: walks over values that a program may have nested without limit.
 *
 * A walk recurses from block to block, since that is fast, but only
 * MWI_LATER_DEPTH deep.  What lies below is noted here and walked afterwards,
 * from the top of the stack.  A list takes one place here, however long it is;
 * places beyond the first come from the heap.
 */
#ifndef MWI_CODEC_LATER_H
#define MWI_CODEC_LATER_H

#include "mw/desc.h"

enum { MWI_LATER_DEPTH = 64, MWI_LATER_FIRST = 16 };

/* n values of a type, side by side, that are still to be walked. */
struct mwi_deferred {
    const mw_type *type;
    unsigned char *at;
    const unsigned char *other; /* what else the walk has for them, or NULL */
    size_t n;
};

struct mwi_later {
    uint32_t depth;            /* blocks that the walk has entered */
    size_t len;                /* of at */
    size_t cap;                /* of more */
    struct mwi_deferred *more; /* those beyond the first, or NULL */
    struct mwi_deferred first[MWI_LATER_FIRST];
};

/** Nothing noted.  Allocates nothing. */
static inline void
mwi_later_init(struct mwi_later *later)
{
    later->depth = 0;
    later->len = 0;
    later->cap = 0;
    later->more = NULL;
}

/** Free the list. */
void mwi_later_fini(struct mwi_later *later);

/** Note values.  False when out of memory. */
MW_MUST_USE bool mwi_later_push(
    struct mwi_later *later, struct mwi_deferred deferred);

/** Take what was noted last.  False if there is nothing. */
MW_MUST_USE bool mwi_later_pop(
    struct mwi_later *later, struct mwi_deferred *ret_deferred);

#endif
