/* SPDX-License-Identifier: MIT */
/*
 * codec: values that hold references, with the nodes that these lead to.
 *
 * Where such values travel, a list of nodes stands before them:
 *
 *     nodes = [[name, n_inout, n_in, …], [V, …]]
 *
 * for each valuetype its name and how many nodes of it there are, those that
 * may be changed and others; then the nodes, type by type, as structs.
 * Normative in docs/wire.md.  Nothing here recurses through references.
 */
#ifndef MWI_CODEC_GRAPH_H
#define MWI_CODEC_GRAPH_H

#include "base/buf.h"
#include "codec/nodes.h"
#include "codec/refs.h"
#include "codec/value.h"

enum {
    /* Containers that a node's value is in, below what the list is in. */
    MWI_GRAPH_DEPTH = 2,
    /* Types that a message may name and that are not known here: each costs
     * memory, and time for every reference. */
    MWI_GRAPH_UNKNOWN_MAX = 256,
};

/* Nodes as they are written: each type's on their own, since they are met in
 * any order. */
struct mwi_graph_part {
    struct mwi_buf values;
    size_t done; /* nodes of the table that are known or written */
};

struct mwi_graph {
    struct mwi_nodes *nodes;
    struct mwi_graph_part *parts; /* by table */
    size_t n_parts;
};

/** Nothing written yet.  Allocates nothing. */
void mwi_graph_init(struct mwi_graph *graph, struct mwi_nodes *nodes);
void mwi_graph_fini(struct mwi_graph *graph);

/** Encode all nodes that have a number, are not below their table's n_known,
 * and were not encoded before, and those that these lead to.  Errors are w's,
 * to which nothing is written. */
void mwi_graph_drain(struct mwi_graph *graph, struct mwi_writer *w);

/** Say that the nodes met so far may be changed by the call, and that any met
 * later may not. */
void mwi_graph_end_inout(struct mwi_graph *graph);

/** Append the list of nodes as in a request. */
void mwi_graph_write(struct mwi_graph *graph, struct mwi_writer *w);

/** Append the encoded nodes, as an array of all types' together. */
void mwi_graph_write_values(struct mwi_graph *graph, struct mwi_writer *w);

/** Read the list of nodes of a request: fill nodes, which is empty, and the
 * nodes.  A type that is not in the set is skipped, and its table has no type.
 * On the heap, mwi_nodes_free_new() frees what was made, also after an error,
 * which is the reader's. */
void mwi_graph_read(struct mwi_reader *r, struct mwi_place *place,
    const struct mwi_type_set *types, struct mwi_nodes *nodes);

/** A table for nodes to skip, of a type that was read and is not known.  NULL
 * when the reader was told why not. */
MW_MUST_USE struct mwi_node_table *mwi_graph_add_unknown(
    struct mwi_reader *r, struct mwi_nodes *nodes);

/** Read the array of nodes' values into the nodes that are not known, skipping
 * those of types that are not. */
void mwi_graph_read_values(
    struct mwi_reader *r, struct mwi_place *place, struct mwi_nodes *nodes);

/** Append [nodes, V(type)], or V(type) if the type holds no references. */
void mwi_encode_graph(
    struct mwi_writer *w, const mw_type *type, const void *value);

/** Read it into zeroed storage.  On the heap the nodes are the caller's; after
 * an error they are freed, and the storage holds a partial value that
 * mwi_clear() can free. */
void mwi_decode_graph(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value);

/* What mwi_copy() makes of references: node i of a table in from becomes node i
 * of the same table in to.  Nodes that are in neither are added, copies of
 * theirs zeroed. */
struct mwi_node_copies {
    struct mwi_nodes from;
    struct mwi_nodes to;
};

/** Deep copy into zeroed storage, nodes included.  As mwi_copy(); after a
 * failure on the heap the nodes are freed. */
MW_MUST_USE mw_status mwi_copy_graph(struct mwi_place *place,
    const mw_type *type, void *ret_value, const void *src);

/** Whether two values are equal and lead to graphs of the same shape with
 * equal nodes.  False without memory. */
MW_MUST_USE bool mwi_equal_graph(
    const mw_type *type, const void *a, const void *b);

/** Append what a node is called in texts: "Node#3".  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_print_label(
    struct mwi_buf *buf, const mw_type *type, size_t number);

/** A value as text, see mw_object_text(), with the nodes it leads to behind it.
 * [own: free()], NULL when out of memory. */
MW_MUST_USE char *mwi_print_graph(const mw_type *type, const void *value);

/** Add all nodes that a value leads to.  MW_ENOMEM, MW_EINVAL. */
MW_MUST_USE mw_status mwi_nodes_collect(
    struct mwi_nodes *nodes, const mw_type *type, const void *value);

#endif
