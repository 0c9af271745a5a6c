/* SPDX-License-Identifier: MIT */
/*
 * codec: the nodes of a call or an object, numbered.
 *
 * Each valuetype has a table of its own, and its nodes are numbered from 0 in
 * the order in which they were met.  A REF travels as such a number: which
 * table is meant is known from its type, so a peer cannot pass one node for
 * another's type.  Tables double as the queue of nodes that are still to be
 * written, so a graph is walked without recursion, however it is shaped.
 *
 * Nodes that were decoded into an arena lie side by side, the table's home: a
 * pointer to one gives its number by subtraction.  All others are found by a
 * hash of their address.  Not thread-safe.
 */
#ifndef MWI_CODEC_NODES_H
#define MWI_CODEC_NODES_H

#include "mw/desc.h"
#include "mw/status.h"

#include "codec/value.h"

struct mwi_node_table {
    const mw_type *type; /* STRUCT, MW_TYPE_NODE; or NULL, see n_skip */
    unsigned char *home; /* n_home nodes, numbered first, or NULL */
    size_t n_home;
    void **far; /* n_far nodes, numbered next; NULL: freed since */
    size_t n_far;
    size_t cap;
    size_t n_inout;   /* the first of them may be changed by the call */
    size_t n_known;   /* the first of them were in the request */
    uint64_t *linked; /* bits of the nodes that are not known: whether
                         mwi_nodes_link() was called for them; NULL: nobody
                         asks */
    size_t n_skip;    /* type NULL, for it is not known here: nodes that the
                         message has of it */
};

struct mwi_node_slot {
    const void *node;       /* NULL: free */
    uint32_t table : 31;    /* index */
    uint32_t is_unique : 1; /* a unique REF has led to it, which is checked */
    uint32_t position;      /* in far */
};

struct mwi_nodes {
    struct mwi_node_table *tables;
    size_t n_tables;
    struct mwi_node_slot *slots; /* cap of them, a power of two, or NULL */
    size_t cap;
    size_t len;
    size_t n_known_tables; /* the first of tables were in the request */
    size_t n_unknown;      /* tables without a type */
    /* The node whose value is being read, if it is one that is not known. */
    const struct mwi_node_table *reading;
    size_t reading_number;
    bool trust_unique; /* do not look whether what a unique REF leads to was
                          met before */
    bool check_unique; /* refuse it if it was, and any REF to it after that */
    bool has_trusted;  /* a unique REF was not looked up */
};

/** Nodes in a table. */
static inline size_t
mwi_node_count(const struct mwi_node_table *table)
{
    return table->n_home + table->n_far;
}

/** No tables.  Allocates nothing. */
void mwi_nodes_init(struct mwi_nodes *nodes);

/** Free the tables, not the nodes.  Harmless on zeroed storage. */
void mwi_nodes_fini(struct mwi_nodes *nodes);

/** The table of a valuetype, or NULL if there is none.  Valid until the next
 * table is added. */
struct mwi_node_table *mwi_nodes_find_table(
    const struct mwi_nodes *nodes, const mw_type *type);

/** The same, adding one if there is none.  NULL when out of memory. */
MW_MUST_USE struct mwi_node_table *mwi_nodes_table(
    struct mwi_nodes *nodes, const mw_type *type);

/** The number of a node, which is added if it is new.
 *
 * @param ref     descriptor of the REF that leads to it
 * @param node    not NULL
 * @param reterr  [out] NULL allowed; filled only on failure
 * @retval MW_EINVAL  the address is a node of another type already, or points
 *                    into the middle of one; or, with check_unique, the REF is
 *                    unique and the node is known
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwi_nodes_number(struct mwi_nodes *nodes,
    const mw_type *ref, const void *node, size_t *ret_number, mw_error *reterr);

/** Whether a node of a type has a number, and which. */
bool mwi_nodes_find(const struct mwi_nodes *nodes, const mw_type *type,
    const void *node, size_t *ret_number);

/** The node of a type with a number, or NULL if there is none. */
void *mwi_nodes_at(
    const struct mwi_nodes *nodes, const mw_type *type, uint64_t number);

/** The same for a reference that is read: notes that the node is referred to,
 * if that is asked for.  What a node that is not known refers to counts only if
 * it comes behind it in the message: then all nodes with such a note can be
 * reached from those that are referred to by something else. */
void *mwi_nodes_link(
    struct mwi_nodes *nodes, const mw_type *type, uint64_t number);

/** Take the next node that is not known, which is known then, until there is
 * none: also those that are added meanwhile.
 *
 * @param t  [inout] index of its table; 0 at first
 */
bool mwi_nodes_next(struct mwi_nodes *nodes, size_t *t, size_t *ret_number);

/** The node in a table with a number below mwi_node_count(). */
static inline void *
mwi_node_at(const struct mwi_node_table *table, size_t number)
{
    if (number < table->n_home) {
        return table->home + number * table->type->size;
    }
    return table->far[number - table->n_home];
}

/** Add n zeroed nodes of a type: in an arena as the table's home if it is
 * empty, else as a block each.  mwi_nodes_number() does not find the latter
 * before mwi_nodes_index().  After a failure some may have been added.
 * MW_ENOMEM, MW_ERANGE. */
MW_MUST_USE mw_status mwi_nodes_add(struct mwi_nodes *nodes,
    struct mwi_place *place, const mw_type *type, size_t n);

/** Add one zeroed node in a block of its own.  MW_ENOMEM, MW_ERANGE. */
MW_MUST_USE mw_status mwi_nodes_append_new(
    struct mwi_nodes *nodes, struct mwi_place *place, const mw_type *type);

/** Have mwi_nodes_number() find all nodes, also those that were added or
 * trusted to be unique.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_nodes_index(struct mwi_nodes *nodes);

/** Say that the nodes met so far are those of the request. */
void mwi_nodes_end_request(struct mwi_nodes *nodes);

/** Clear and free one node on the heap; there is none with its number then. */
void mwi_nodes_free_one(struct mwi_node_table *table, size_t number);

/** Clear and free all nodes on the heap whose numbers are not below n_known. */
void mwi_nodes_free_new(struct mwi_nodes *nodes);

#endif
