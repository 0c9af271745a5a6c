/* SPDX-License-Identifier: MIT */
/*
 * delta: nodes that a handler released, at both ends.
 */
#ifndef MWI_DELTA_RELEASED_H
#define MWI_DELTA_RELEASED_H

#include "mw/desc.h"
#include "mw/status.h"

#include "base/map.h"
#include "codec/nodes.h"

struct mwi_released {
    const struct mwi_nodes *nodes;
    struct mwi_map by_address; /* the nodes: mostly they are few, and to look
                                  there costs less than to find a number */
    uint64_t **bits; /* by table of the request: one per node, or NULL */
    size_t n_tables;
    size_t n; /* of all tables */
};

/** Nothing released.  nodes is set.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_released_init(struct mwi_released *released);
void mwi_released_fini(struct mwi_released *released);

/** Enter node number of a table, which is one of those that may change.
 *
 * @retval MW_EPROTO     it is none of those, or released already
 * @retval MW_ECONTRACT  the contract does not let all of it change
 * @retval MW_ENOMEM
 */
MW_MUST_USE mw_status mwi_release_number(struct mwi_released *released,
    const mw_writes *writes, size_t table, uint64_t number, mw_error *reterr);

/** The same for a node by its address.  One that is not of the request is
 * passed over. */
MW_MUST_USE mw_status mwi_release_node(struct mwi_released *released,
    const mw_writes *writes, const void *node, mw_error *reterr);

bool mwi_is_released(
    const struct mwi_released *released, size_t table, size_t number);

size_t mwi_count_released(const struct mwi_released *released, size_t table);

/** Check that a value does not refer to a released node.  name: the value's,
 * for the text.  MW_EPROTO. */
MW_MUST_USE mw_status mwi_check_released(const struct mwi_released *released,
    const mw_type *type, const void *value, const char *name, mw_error *reterr);

/** The same for all of some nodes that are not released themselves. */
MW_MUST_USE mw_status mwi_check_released_nodes(
    const struct mwi_released *released, const struct mwi_nodes *nodes,
    mw_error *reterr);

#endif
