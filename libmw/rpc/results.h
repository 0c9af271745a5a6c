/* SPDX-License-Identifier: MIT */
/*
 * rpc: the results in a REPLY, at both ends.
 *
 * results = [V or D, …], one for each out and inout parameter; if any parameter
 * of the operation holds references, [nodes, V or D, …]
 * (delta/graph_diff.h).  Normative in docs/wire.md.
 */
#ifndef MWI_RPC_RESULTS_H
#define MWI_RPC_RESULTS_H

#include "codec/graph.h"
#include "delta/patch.h"
#include "rpc/call.h"

/** What of a parameter may change: NULL is nothing. */
const mw_mask *mwi_result_mask(const mw_method *method, size_t i);

/** At the server: append the results of a call whose handler has returned.
 * Errors are the writer's. */
void mwi_results_write(struct mwi_writer *w, mw_call *call);

/** At the client: stage the results.  Errors are the reader's.
 *
 * @param args   method->n_params addresses of values
 * @param nodes  those of the request
 */
void mwi_results_stage(struct mwi_reader *r, struct mwi_patch *patch,
    const mw_method *method, const void *const *args, struct mwi_nodes *nodes);

#endif
