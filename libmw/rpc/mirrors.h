/* SPDX-License-Identifier: MIT */
/*
 * rpc: the baselines that a session keeps: its client's mirrored objects, each
 * as the client last knew it.
 *
 * A call takes the baseline out that it needs, so that nobody else can patch
 * it meanwhile, and puts it back under a new version.  When there are too many,
 * or they take too much memory, those go that were not used for longest.
 * Thread-safe.
 */
#ifndef MWI_RPC_MIRRORS_H
#define MWI_RPC_MIRRORS_H

#include <stdatomic.h>
#include <stddef.h>

#include "mw/desc.h"

#include "base/list.h"
#include "base/sync.h"

struct mwi_baseline {
    struct mwi_list link;                         /* [mirrors.mutex] */
    const mw_type *type;                          /* constant */
    uint64_t id;                                  /* constant; the client's */
    uint64_t version;                             /* of the object */
    size_t weight;                                /* bytes, while it is kept */
    _Alignas(max_align_t) unsigned char object[]; /* on the heap */
};

struct mwi_mirror_limits {
    size_t n_max;            /* baselines of the session */
    size_t weight_max;       /* bytes of the session */
    size_t total_max;        /* bytes of all sessions */
    _Atomic uint64_t *total; /* the bytes that they take; outlives them */
};

struct mwi_mirrors {
    struct mwi_mirror_limits limits; /* constant */
    struct mwi_mutex mutex;
    struct mwi_list kept; /* [mutex] baselines, the one used last at the end */
    size_t n;             /* [mutex] of them */
    size_t weight;        /* [mutex] bytes of them */
};

/** None kept.  Allocates nothing. */
void mwi_mirrors_init(
    struct mwi_mirrors *mirrors, const struct mwi_mirror_limits *limits);

/** Free them all. */
void mwi_mirrors_fini(struct mwi_mirrors *mirrors);

/** A baseline that is not kept, of a zeroed object.
 *
 * @return  [own: mwi_baseline_free()] NULL when out of memory
 */
MW_MUST_USE struct mwi_baseline *mwi_baseline_new(
    const mw_type *type, uint64_t id);

void mwi_baseline_free(struct mwi_baseline *baseline);

/** Take out the baseline with this id, if it is of this version and type.
 *
 * @return  [own: mwi_baseline_free()] NULL if there is none
 */
MW_MUST_USE struct mwi_baseline *mwi_mirrors_take(struct mwi_mirrors *mirrors,
    uint64_t id, uint64_t version, const mw_type *type);

/** Keep a baseline in place of older ones with its id, if the limits allow.
 *
 * @param baseline  [take] always
 */
void mwi_mirrors_keep(
    struct mwi_mirrors *mirrors, struct mwi_baseline *baseline);

#endif
