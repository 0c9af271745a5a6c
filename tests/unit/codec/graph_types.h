/* SPDX-License-Identifier: MIT */
/*
 * Two valuetypes that refer to themselves and to each other, as mwidl would
 * describe them.
 */
#ifndef GRAPH_TYPES_H
#define GRAPH_TYPES_H

#include "mw/desc.h"
#include "mw/seq.h"

typedef struct node node;
typedef struct tag tag;

MW_SEQ(seq_node, node *);

/* valuetype Node */
struct node {
    uint64_t id; /* @key */
    char *name;
    node *next;
    seq_node edges;
    tag *mark;
};

/* valuetype Tag */
struct tag {
    uint32_t number;
    node *owner;
};

/* A struct that holds references by value. */
typedef struct album {
    char *title;
    node *first;
    seq_node all;
} album;

/* A valuetype whose references are unique. */
typedef struct tree tree;

struct tree {
    int32_t value;
    tree *left;  /* @mw::unique */
    tree *right; /* @mw::unique */
};

extern const mw_type node_type;
extern const mw_type node_ref_type;
extern const mw_type seq_node_type;
extern const mw_type tag_type;
extern const mw_type tag_ref_type;
extern const mw_type album_type;
extern const mw_type tree_type;
extern const mw_type tree_ref_type;
extern const mw_type tree_unique_type;

/** A node on the heap.  Ends the test without memory. */
node *new_node(uint64_t id, const char *name);

/** A list of n nodes with ids from 0, without an end if it is a ring. */
node *new_list(size_t n, bool ring);

/** Free all that a node leads to. */
void free_graph(node *first);

#endif
