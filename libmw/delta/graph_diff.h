/* SPDX-License-Identifier: MIT */
/*
 * delta: what a handler did to the nodes of its call.
 *
 *     nodes = [types, new, changed, released], shortened from the end
 *     types    = [type, n, …]          how many nodes of each type are new
 *     new      = [V, …]                these nodes, type by type
 *     changed  = {type: {number: D, …}, …}
 *     released = {type: [number, …], …}
 *
 * A type is its position in the request's list, or its name if it is not in
 * there.  Normative in docs/delta.md.
 */
#ifndef MWI_DELTA_GRAPH_DIFF_H
#define MWI_DELTA_GRAPH_DIFF_H

#include "codec/cbor.h"
#include "codec/graph.h"
#include "delta/snapshot.h"

struct mwi_graph_diff {
    struct mwi_nodes *nodes;             /* those of the request, at home, and
                                            those that results refer to */
    const struct mwi_snapshot *snapshot; /* what the homes held before */
    const mw_writes *writes;             /* NULL: everything may change */
    bool full_values;                    /* no patches */
    void *const *released;               /* n_released of them */
    size_t n_released;
    const mw_param *params; /* n_params of them */
    void *const *args;      /* their values */
    size_t n_params;
};

/** Append the nodes of a reply.  The results have been written already, to
 * somewhere else, by a writer with the same nodes.  Errors are the writer's:
 * MW_EINTERNAL for what a handler has done wrong. */
void mwi_graph_diff(struct mwi_writer *w, const struct mwi_graph_diff *diff);

#endif
