/* SPDX-License-Identifier: MIT */
/*
 * delta: which nodes the arguments of a call still lead to.
 */
#ifndef MWI_DELTA_REACH_H
#define MWI_DELTA_REACH_H

#include "mw/ctx.h"

#include "codec/nodes.h"
#include "delta/released.h"

struct mwi_reach {
    const struct mwi_nodes *nodes;
    size_t *base;   /* by table: sum of the counts before it */
    uint64_t *seen; /* a bit per node */
    size_t *queue;  /* nodes that were seen and not yet looked into */
    size_t n_queue;
};

/** Get all the memory that it takes, and index the nodes.  Those that were
 * released need not be looked for.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_reach_init(struct mwi_reach *reach,
    struct mwi_nodes *nodes, const struct mwi_released *released);
void mwi_reach_fini(struct mwi_reach *reach);

/** Note what a value leads to.  Cannot fail. */
void mwi_reach_from(
    struct mwi_reach *reach, const mw_type *type, const void *value);

/** Tell of each node of the request that may be changed and was not seen.  fn:
 * NULL allowed.  Returns how many there are. */
size_t mwi_reach_unlinked(
    const struct mwi_reach *reach, mw_unlinked_fn fn, void *user);

#endif
