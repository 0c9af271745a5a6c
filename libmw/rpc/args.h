/* SPDX-License-Identifier: MIT */
/*
 * rpc: the arguments in a CALL, at both ends.
 *
 * arguments = [V, …], one for each in and inout parameter; if any parameter of
 * the operation holds references, [nodes, V, …] (codec/graph.h).  Normative in
 * docs/wire.md.
 */
#ifndef MWI_RPC_ARGS_H
#define MWI_RPC_ARGS_H

#include "codec/graph.h"
#include "rpc/call.h"
#include "rpc/mirror.h"

/** Whether any parameter is or holds a reference. */
bool mwi_method_has_refs(const mw_method *method);

/** How many parameters are not of a direction. */
size_t mwi_count_params(const mw_method *method, mw_dir not_of);

/** Add the valuetypes that the parameters can lead to.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_method_node_types(
    struct mwi_type_set *set, const mw_method *method);

/** At the client: append the arguments, numbering their nodes.  Errors are the
 * writer's.
 *
 * @param args    method->n_params addresses of values
 * @param nodes   empty
 * @param mirror  after mwi_mirror_try(); NULL: no argument is mirrored
 */
void mwi_args_write(struct mwi_writer *w, const mw_method *method,
    const void *const *args, struct mwi_nodes *nodes,
    struct mwi_mirror_use *mirror);

/** At the server: read the arguments into the call's arenas, and give results
 * their defaults.  Errors are the reader's. */
void mwi_args_read(struct mwi_reader *r, mw_call *call);

#endif
