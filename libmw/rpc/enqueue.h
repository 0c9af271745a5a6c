/* SPDX-License-Identifier: MIT */
/*
 * rpc: where a call waits until a thread runs it.
 */
#ifndef MWI_RPC_ENQUEUE_H
#define MWI_RPC_ENQUEUE_H

#include "rpc/turn.h"

/** Have a call wait at the gate of its interface, in turn->deferred, or in the
 * pool's queue.
 *
 * @param call  [take] on success; job.run is set
 * @retval MW_EEXHAUSTED  there is no room, or it would wait for too long
 * @thread the one that has the turn
 */
MW_MUST_USE mw_status mwi_enqueue(
    struct mwi_turn *turn, mw_call *call, mw_error *reterr);

/** Some calls were cancelled: answer those that still wait, in the pool's queue
 * or at the gate (NULL: none).  They are not run.
 * @thread any, without locks */
void mwi_enqueue_clear(struct mwi_host *host, struct mwi_gate *gate);

#endif
