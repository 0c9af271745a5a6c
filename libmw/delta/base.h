/* SPDX-License-Identifier: MIT */
/*
 * delta: what the caller's objects were when a call was made, for calls during
 * which the caller may change them (mw_conflict).
 *
 * Copies keep references as addresses, so that base and object compare member
 * by member without knowing the graph.
 */
#ifndef MWI_DELTA_BASE_H
#define MWI_DELTA_BASE_H

#include "mw/desc.h"
#include "mw/status.h"

#include "base/arena.h"
#include "codec/nodes.h"

struct mwi_bases {
    struct mwi_arena arena;
    void **params;         /* copies of the inout arguments, by parameter */
    unsigned char **nodes; /* copies of the inout nodes, by table */
};

/** Copy the inout arguments and the nodes that they lead to.
 *
 * @param params  n of them, and their values
 * @param nodes   those of the request
 * @retval MW_ENOMEM  out of memory; there is nothing to release then
 */
MW_MUST_USE mw_status mwi_bases_take(struct mwi_bases *bases,
    const mw_param *params, const void *const *args, size_t n,
    const struct mwi_nodes *nodes);

/** Free the copies.  Harmless on zeroed storage. */
void mwi_bases_fini(struct mwi_bases *bases);

/** Check that the arguments are still what they were.
 *
 * @retval MW_ECONFLICT  they are not; the text says where
 */
MW_MUST_USE mw_status mwi_bases_check(const struct mwi_bases *bases,
    const mw_param *params, const void *const *args, size_t n,
    const struct mwi_nodes *nodes, mw_error *reterr);

#endif
