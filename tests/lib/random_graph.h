/* SPDX-License-Identifier: MIT */
/*
 * tests: random graphs, and random changes of them such as a handler makes.
 *
 * As with values, the seed and the graph alone decide: equal graphs stay equal
 * under mutations with the same seed, wherever their nodes live.
 */
#ifndef MWT_RANDOM_GRAPH_H
#define MWT_RANDOM_GRAPH_H

#include "codec/value.h"
#include "lib/graph.h"
#include "lib/prng.h"

/* What a mutation of a graph may be. */
enum mwt_change {
    MWT_CHANGE_ROOT, /* something in a root */
    MWT_CHANGE_NODE, /* something in a node */
    MWT_RELINK,      /* a reference leads to another node, or nowhere */
    MWT_SWAP,        /* two references exchange nodes */
    MWT_REVERSE,     /* a list is turned around */
    MWT_JOIN,        /* a list goes to the end of another one */
    MWT_SPLIT,       /* a list ends earlier */
    MWT_SPLICE,      /* a new node comes between a reference and its node */
    MWT_UNLINK,      /* a node is taken out of all that leads to it */
    MWT_RELEASE,     /* the same, and it is released */
    MWT_CLEAR,       /* many references become NULL */
    MWT_CHANGES
};

/* A graph that is made or changed. */
struct mwt_garden {
    struct mwt_graph *graph;
    size_t n_filled;       /* of its nodes, the first that have content */
    size_t current;        /* the node that is being filled */
    size_t n_new_left;     /* nodes that may still be made */
    unsigned null_percent; /* how many references lead nowhere ... */
    unsigned new_percent;  /* ... of the others, how many to new nodes ... */
    unsigned next_percent; /* ... and of the rest, how many to the next node */
};

/** Make nodes for all roots of a graph, which are zeroed storage on the heap,
 * and fill roots and nodes: with aliases, cycles, NULLs, and lists.  What
 * nothing leads to is freed again; the graph lists the rest.
 *
 * @param types  valuetypes, n of them, that there should be many nodes of */
void mwt_random_graph(struct mwt_prng *prng, struct mwt_graph *graph,
    const mw_type *const *types, size_t n);

/** Change a graph whose nodes are listed, and fill out parameters, which then
 * are like the others.  New nodes come from the place and
 * are listed behind the others; released ones are marked, and nothing leads to
 * them any more.  What comes to be unreachable stays listed.
 *
 * @param counts  [inout] of changes, by kind */
void mwt_mutate_graph(struct mwt_prng *prng, struct mwi_place *place,
    struct mwt_graph *graph, size_t counts[MWT_CHANGES]);

#endif
