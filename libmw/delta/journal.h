/* SPDX-License-Identifier: MIT */
/*
 * delta: the journal of a patch, and what the parts of staging share.
 *
 * An entry comes to be before what it will put in place is decoded, so that
 * an abort finds it however far staging got.  Each new entry goes to the front
 * of the list: values that contain others are staged first, so the commit does
 * the inner ones first.
 */
#ifndef MWI_DELTA_JOURNAL_H
#define MWI_DELTA_JOURNAL_H

#include "mw/desc.h"

#include "codec/value.h"
#include "delta/format.h"
#include "delta/patch.h"

enum mwi_patch_action {
    /* Exchange size bytes at target and staged, then clear what was there. */
    MWI_PATCH_SWAP,
    /* Exchange them with storage that holds nothing to clear. */
    MWI_PATCH_STORE,
    /* Rebuild a sequence from old and new elements; see mwi_rebuild. */
    MWI_PATCH_REBUILD,
};

/* A stretch of old elements and the new ones behind it. */
struct mwi_run {
    size_t start;          /* first old element */
    size_t n;              /* old elements */
    size_t n_new;          /* new elements */
    const uint8_t *new_at; /* the array of them in the message */
};

/* A sequence in the making. */
struct mwi_rebuild {
    struct mwi_items old; /* as they were at staging */
    unsigned char *items; /* len of them; at staging only new ones are there */
    size_t len;
    struct mwi_run *runs;
    size_t n_runs;
    uint64_t *kept; /* a bit per old element */
};

struct mwi_patch_entry {
    struct mwi_patch_entry *next;
    enum mwi_patch_action action;
    const mw_type *type; /* of the target; NULL: there is nothing to clear */
    void *target;
    void *staged;
    size_t size;
    struct mwi_rebuild *rebuild; /* MWI_PATCH_REBUILD, else NULL */
};

/* What a record was when the call was made; so are the records within it. */
struct mwi_base {
    const unsigned char *copy; /* NULL: what it still is */
    uintptr_t at;              /* the record */
};

/* What is being staged. */
struct mwi_stager {
    struct mwi_patch *patch;
    struct mwi_reader *r;
    struct mwi_base base;
};

/** n * size zeroed bytes that live as long as the patch.  NULL when the reader
 * was told why not. */
MW_MUST_USE void *mwi_stage_scratch(
    struct mwi_stager *s, size_t n, size_t size, size_t align);

/** The same on the heap, to become part of the object. */
MW_MUST_USE void *mwi_stage_heap(
    struct mwi_stager *s, size_t n, size_t size, size_t align);

/** Note an exchange, and return zeroed storage for what is to be put at
 * target: size bytes that, if type is not NULL, are a value of the type.  NULL
 * when the reader was told why not. */
MW_MUST_USE void *mwi_stage_swap(struct mwi_stager *s, const mw_type *type,
    void *target, size_t size, size_t align);

/** Stage a value that replaces another. */
void mwi_stage_replace(struct mwi_stager *s, const mw_type *type, void *target);

/** Stage D(type).  mask: not NULL. */
void mwi_stage_value(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target);

/** Stage D(type) of an argument or node.  base: what it was when the call was
 * made, or NULL if it has not changed since. */
void mwi_stage_root(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target, const void *base);

/* Parts of it.  Each reads the pairs of the map, of which there are n. */
void mwi_stage_text(
    struct mwi_stager *s, const mw_type *type, void *target, size_t n);
void mwi_stage_numbers(
    struct mwi_stager *s, const mw_type *type, void *target, size_t n);

/** Read the key of a patch's next pair, which must be above the one before
 * (-1 at the start) and one of those in allowed, a set of bits.  -1 when the
 * reader was told why not. */
int mwi_stage_key(
    struct mwi_stager *s, const mw_type *type, int before, unsigned allowed);

/** Read a position or a number of elements. */
size_t mwi_stage_size(struct mwi_stager *s);

/** Note an error at an item that was read already. */
#define MWI_STAGE_FAIL(s, item, ...) \
    ((s)->r->at = (item),            \
        (void) mwi_reader_fail((s)->r, MW_EPROTO, __VA_ARGS__))

#endif
