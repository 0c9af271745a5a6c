/* SPDX-License-Identifier: MIT */
/*
 * tests: a graph as a list of its nodes.
 *
 * Nodes are listed in the order in which a walk from the roots meets them, so
 * that graphs of the same shape, wherever they live, have the same lists, and
 * what is done to the node of a number is done to all of them.  A list does not
 * forget nodes that are no longer reachable.
 */
#ifndef MWT_GRAPH_H
#define MWT_GRAPH_H

#include "mw/desc.h"

#include "base/buf.h"
#include "base/map.h"
#include "codec/value.h"

enum { MWT_ROOTS_MAX = 4 };

struct mwt_root {
    const mw_type *type;
    void *at;
    bool is_in;  /* an in parameter: mutations leave it alone */
    bool is_out; /* an out parameter: what it holds is none of the graph until
                    a mutation fills it */
};

struct mwt_node {
    const mw_type *type; /* STRUCT */
    void *at;
    bool is_unique;   /* a @mw::unique reference leads to it */
    bool is_released; /* not to be looked at any more */
    bool is_fixed;    /* only in parameters lead to it: mutations leave it
                         alone */
};

struct mwt_graph {
    struct mwt_root roots[MWT_ROOTS_MAX];
    size_t n_roots;
    struct mwt_node *nodes;
    size_t n_nodes;
    size_t cap;
    struct mwi_map numbers; /* by address: a pointer to be read as 1 + number */
};

void mwt_graph_init(struct mwt_graph *graph);

/** Forget all; nodes and roots stay as they are. */
void mwt_graph_fini(struct mwt_graph *graph);

void mwt_graph_add_root(struct mwt_graph *graph, const mw_type *type, void *at);

/** List a node that is not listed yet.  Returns its number. */
size_t mwt_graph_add(struct mwt_graph *graph, const mw_type *type, void *node);

/** Whether a node is listed, and as which. */
bool mwt_graph_find(
    const struct mwt_graph *graph, const void *node, size_t *ret_number);

/** List what roots and listed nodes lead to. */
void mwt_graph_discover(struct mwt_graph *graph);

/** Find out which of the listed nodes only in parameters lead to. */
void mwt_graph_fix(struct mwt_graph *graph);

/** Copy roots and listed nodes, in the same order.  The copy's roots are made
 * by the place as well. */
void mwt_graph_copy(const struct mwt_graph *graph, struct mwi_place *place,
    struct mwt_graph *ret_copy);

/** Clear all roots, and free them.  Heap only. */
void mwt_graph_free_roots(struct mwt_graph *graph);

/** Clear all nodes that were not released, and free them.  Heap only. */
void mwt_graph_free_nodes(struct mwt_graph *graph);

/** Append all bytes of roots and listed nodes; see mwt_dump(). */
void mwt_graph_dump(const struct mwt_graph *graph, struct mwi_buf *buf);

/** Whether two graphs are of the same shape and content.  The first n_known
 * nodes of one correspond to the first n_known of the other; for all others a
 * correspondence is looked for.  If not, *ret_where is the number of the first
 * pair that differs, SIZE_MAX for a root. */
bool mwt_graph_same(const struct mwt_graph *a, const struct mwt_graph *b,
    size_t n_known, size_t *ret_where);

#endif
