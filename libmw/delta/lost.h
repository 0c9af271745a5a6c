/* SPDX-License-Identifier: MIT */
/*
 * delta: new nodes of a reply that nothing of the caller's leads to.
 */
#ifndef MWI_DELTA_LOST_H
#define MWI_DELTA_LOST_H

#include "base/map.h"
#include "codec/nodes.h"

struct mwi_lost_node;

struct mwi_lost {
    struct mwi_map by_address;   /* the new nodes */
    struct mwi_lost_node *nodes; /* n of them, by table and number */
    size_t n;
    struct mwi_lost_node *next; /* found, and not yet looked into */
};

/** All new nodes are lost.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_lost_init(
    struct mwi_lost *lost, const struct mwi_nodes *nodes);
void mwi_lost_fini(struct mwi_lost *lost);

/** Those that a value leads to, through new nodes alone, are not.  Cannot
 * fail. */
void mwi_lost_find(
    struct mwi_lost *lost, const mw_type *type, const void *value);

/** Whether the i-th of all new nodes still is. */
bool mwi_is_lost(const struct mwi_lost *lost, size_t i);

#endif
