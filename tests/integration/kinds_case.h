/* SPDX-License-Identifier: MIT */
/*
 * Random cases of the operations of graph::Surgery that change what they are
 * given as a seed says.
 */
#ifndef MWT_KINDS_CASE_H
#define MWT_KINDS_CASE_H

#include "integration/surgeon.h"
#include "lib/graph.h"
#include "lib/prng.h"

struct kinds_op {
    const char *name;
    size_t n_params; /* inout and out ones */
    const mw_type *types[MWT_ROOTS_MAX];
    bool is_out[MWT_ROOTS_MAX];
    uint64_t seed_max;
    mw_status (*call)(
        mw_client *client, mw_ctx *ctx, void *const at[], uint64_t seed);
};

struct kinds_case {
    const struct kinds_op *op;
    uint64_t seed;
    struct mwt_graph caller; /* the objects before the call */
};

/** The operation of a name, which is there. */
const struct kinds_op *kinds_op(const char *name);

/** Make random objects, and a seed. */
void kinds_open(
    struct kinds_case *c, const struct kinds_op *op, struct mwt_prng *prng);
void kinds_close(struct kinds_case *c);

/** A copy of the objects, for kinds_free(). */
struct mwt_graph kinds_objects(const struct kinds_case *c);

/** Free roots and all nodes that are listed or reachable, and the list. */
void kinds_free(struct mwt_graph *graph);

/** Make the call with these objects. */
MW_MUST_USE mw_status kinds_call(const struct kinds_case *c, mw_client *client,
    mw_ctx *ctx, struct mwt_graph *graph);

/** Do to objects what the handler does.  What it releases is marked, but not
 * freed. */
void kinds_mutate(const struct kinds_case *c, struct mwt_graph *graph);

#endif
