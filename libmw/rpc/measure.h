/* SPDX-License-Identifier: MIT */
/*
 * rpc: how long a reply would be without deltas.
 */
#ifndef MWI_RPC_MEASURE_H
#define MWI_RPC_MEASURE_H

#include "mw/desc.h"

#include "codec/nodes.h"

/** Bytes that the frame of a REPLY would take with every result whole, with
 * nodes by an estimate.
 *
 * @param args        method->n_params addresses, of the results as they are
 * @param nodes       that references are numbered by
 * @param others_len  bytes of the message that are not results
 */
uint64_t mwi_measure_reply(const mw_method *method, const void *const *args,
    const struct mwi_nodes *nodes, uint64_t others_len);

#endif
