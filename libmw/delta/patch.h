/* SPDX-License-Identifier: MIT */
/*
 * delta: applying a reply to the caller's objects, all of it or nothing.
 *
 * Staging decodes and checks everything against the objects as they are,
 * allocates every new text, array and element, and notes in a journal what is
 * to be put where.  Committing only exchanges bytes, so it cannot fail; what it
 * took out of the objects is freed after that.  Until the commit no byte of
 * the objects has changed.
 */
#ifndef MWI_DELTA_PATCH_H
#define MWI_DELTA_PATCH_H

#include "mw/ctx.h"
#include "mw/desc.h"

#include "base/arena.h"
#include "codec/cbor.h"
#include "codec/value.h"
#include "delta/released.h"

struct mwi_bases; /* delta/base.h */
struct mwi_patch_entry;

/* An object that is patched. */
struct mwi_patch_root {
    struct mwi_patch_root *next;
    uintptr_t at;
    size_t size;
};

struct mwi_patch {
    struct mwi_arena scratch;        /* journal and staged bytes */
    struct mwi_place heap;           /* what becomes part of the objects */
    struct mwi_patch_entry *entries; /* in the order of the commit, which is
                                        inner values first */
    struct mwi_patch_root *roots;    /* the objects; in scratch */
    mw_stats stats;                  /* counts of what the commit will do */
    const struct mwi_bases *bases;   /* what the objects were when the call was
                                        made, if they may have changed since */
    mw_conflict conflict;            /* with bases: who wins, _SERVER or
                                        _CALLER */
    struct mwi_nodes *nodes;         /* of the call, or NULL */
    struct mwi_released released;    /* those that the commit frees */
};

/** An empty patch that may allocate budget bytes, its own journal included. */
void mwi_patch_init(struct mwi_patch *patch, size_t budget);

/** The same with room for small ones; see mwi_arena_init_in(). */
void mwi_patch_init_in(
    struct mwi_patch *patch, size_t budget, void *room, size_t size);

/** Stage D(type), read from r, against an object, which must not change before
 * the commit, nor share memory with another one in the same patch.  Errors are
 * the reader's; after one, nothing but mwi_patch_abort() may follow.
 *
 * MW_EINVAL: the object shares storage with another one in this patch, or
 * something in the delta is not CBOR or not a value of the type.
 * MW_ECONTRACT: the delta changes something that the mask does not allow.
 * MW_EPROTO: the delta contradicts the object or the format of deltas.
 * MW_ERANGE: over the budget, or nested too deep.  MW_ENOMEM. */
void mwi_patch_stage(struct mwi_patch *patch, struct mwi_reader *r,
    const mw_type *type, const mw_mask *mask, void *object);

/** The same for an object that may not be what it was when the call was made,
 * which is base: patch->conflict says who wins where both have changed it.
 * NULL: it is what it was. */
void mwi_patch_stage_over(struct mwi_patch *patch, struct mwi_reader *r,
    const mw_type *type, const mw_mask *mask, void *object, const void *base);

/** Stage V(type), read from r, for storage that holds no object: what it holds
 * is overwritten, not freed. */
void mwi_patch_stage_out(struct mwi_patch *patch, struct mwi_reader *r,
    const mw_type *type, void *storage);

/** Whether anything that is or holds a reference will be replaced. */
bool mwi_patch_has_refs(const struct mwi_patch *patch);

/** Put everything in place, and take it out again: between the two the objects
 * can be looked at as the commit will leave them. */
void mwi_patch_exchange(struct mwi_patch *patch);
void mwi_patch_undo(struct mwi_patch *patch);

/** Do it, free what it replaced, and release the patch.  Cannot fail. */
void mwi_patch_commit(struct mwi_patch *patch);

/** Free all that was staged, new nodes too, and release the patch.  No object
 * has changed. */
void mwi_patch_abort(struct mwi_patch *patch);

#endif
