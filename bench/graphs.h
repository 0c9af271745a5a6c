/* SPDX-License-Identifier: MIT */
/*
 * bench: graphs of several shapes.
 */
#ifndef GRAPHS_H
#define GRAPHS_H

#include "mw/desc.h"

/* What all nodes begin with. */
struct node_head {
    uint32_t id; /* from 0 */
    int64_t value;
};

struct graph_shape {
    const char *name;
    const mw_type *node;
    const mw_type *ref;

    /* Link n nodes, which have their ids; 0 is the root. */
    void (*link)(void *const *nodes, size_t n);

    /* The lowest id of nodes that may be replaced: those have one reference to
     * them, from a node that is not replaced together with them. */
    size_t (*first_leaf)(size_t n);

    /* Put a new node, zeroed but for its head, in place of one of those. */
    void (*replace)(void *const *nodes, size_t id, void *node);
};

extern const struct graph_shape graph_shapes[];
extern const size_t n_graph_shapes;

#endif
