/* SPDX-License-Identifier: MIT */
/*
 * delta: staging what happened to the nodes of a call.
 */
#ifndef MWI_DELTA_GRAPH_STAGE_H
#define MWI_DELTA_GRAPH_STAGE_H

#include "codec/graph.h"
#include "delta/patch.h"
#include "delta/released.h"

/** Stage the nodes of a reply (delta/graph_diff.h): make the new ones, patch
 * those that changed, note those that were released.  Results that are staged
 * after this may refer to all of them.  As mwi_patch_stage().
 *
 * @param types   valuetypes that the operation's parameters can lead to
 * @param writes  NULL: everything may change
 */
void mwi_patch_stage_nodes(struct mwi_patch *patch, struct mwi_reader *r,
    struct mwi_nodes *nodes, const struct mwi_type_set *types,
    const mw_writes *writes);

/** When all is staged: check that nothing will refer to a released node, and
 * drop new nodes that nothing will refer to.  The objects are as they were.
 *
 * @param params  n of them, and their values
 * @retval MW_EPROTO     a released node will be referred to; the text says by
 *                       what
 * @retval MW_ECONFLICT  it will, by what the caller did during the call
 * @retval MW_ENOMEM     out of memory
 */
MW_MUST_USE mw_status mwi_patch_settle(struct mwi_patch *patch,
    const mw_param *params, const void *const *args, size_t n,
    mw_error *reterr);

#endif
