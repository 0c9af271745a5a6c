/* SPDX-License-Identifier: MIT */
/*
 * delta: what has changed, as text for people; see mw_object_changes().
 *
 * Objects are watched, with the nodes that they lead to: a copy is made of
 * them, in which references still lead to the nodes themselves.  Later the
 * copies are compared with what has become of the objects.
 *
 *     mwi_changes_init(&changes);
 *     mwi_changes_watch(&changes, "order", &order_type, &order);
 *     ... order changes ...
 *     text = mwi_changes_text(&changes);
 *     mwi_changes_fini(&changes);
 *
 * Memory that does not suffice is told of at the end.
 */
#ifndef MWI_DELTA_CHANGES_H
#define MWI_DELTA_CHANGES_H

#include "base/map.h"
#include "codec/graph.h"

/* An object that is watched. */
struct mwi_watched {
    const char *name; /* view, or NULL */
    const mw_type *type;
    const void *live;
    void *before; /* a copy, or NULL if it does not change */
};

struct mwi_changes {
    struct mwi_watched *objects;
    size_t n_objects;
    size_t cap;
    struct mwi_node_copies nodes; /* to: the nodes by number.  from: of two
                                     graphs, those before, likewise */
    struct mwi_nodes copies;      /* of the first of them, before */
    struct mwi_map gone;          /* nodes that are not there any more */
    bool failed;                  /* out of memory */
};

/** Nothing is watched.  Allocates nothing. */
void mwi_changes_init(struct mwi_changes *changes);

/** Free the copies. */
void mwi_changes_fini(struct mwi_changes *changes);

/** Watch an object that may change, and all nodes that it leads to.
 *
 * @param name    [borrow: until fini] what lines about it begin with
 * @param object  [borrow: until fini] the object
 */
void mwi_changes_watch(struct mwi_changes *changes, const char *name,
    const mw_type *type, const void *object);

/** Say that an object will not change, nor will nodes that it leads to and no
 * watched object did. */
void mwi_changes_keep(
    struct mwi_changes *changes, const mw_type *type, const void *object);

/** Name an object that holds nothing yet, but later may lead to nodes. */
void mwi_changes_expect(
    struct mwi_changes *changes, const mw_type *type, const void *object);

/** Say that a node was freed, or will be before the text is asked for. */
void mwi_changes_free_node(struct mwi_changes *changes, const void *node);

/** What has changed since, a line each.
 *
 * @return  [own: free()] text; NULL when memory did not suffice, then or now,
 *          or the same memory is a node of two types
 */
MW_MUST_USE char *mwi_changes_text(struct mwi_changes *changes);

/** Watch an object as if it had been another one before, and the nodes that it
 * leads to as if they had been those that are in the same places there.
 * Nothing else is watched, before or later. */
void mwi_changes_pair(struct mwi_changes *changes, const mw_type *type,
    const void *before, const void *after);

/** Make a zeroed copy of each node that has none.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_changes_make_room(
    struct mwi_changes *changes, const struct mwi_nodes *nodes);

/** Add an object and copy it and the nodes as they were.
 *
 * @param before      [copy] the object as it was
 * @param references  what becomes of references in the copies; NULL: nothing
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwi_changes_add(struct mwi_changes *changes,
    const struct mwi_watched *object, const void *before,
    struct mwi_node_copies *references);

#endif
