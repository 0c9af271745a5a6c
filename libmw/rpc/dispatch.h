/* SPDX-License-Identifier: MIT */
/*
 * rpc: from a call that was accepted to the thread that runs it, and to its
 * reply.
 */
#ifndef MWI_RPC_DISPATCH_H
#define MWI_RPC_DISPATCH_H

#include "rpc/turn.h"
#include "wire/message.h"

/** Run a call that was accepted, at once, or give it to the pool, or put it
 * into turn->deferred.
 *
 * @param call  [take] also on failure: then it is dropped
 * @param m     what mwi_message_read() made of the CALL
 * @param r     [inout] at the arguments
 * @retval MW_EEXHAUSTED  there is no room for it
 * @return  as mwi_call_prepare()
 * @thread the one that has the turn
 */
MW_MUST_USE mw_status mwi_dispatch(struct mwi_turn *turn, mw_call *call,
    const struct mwi_message *m, struct mwi_reader *r, mw_error *reterr);

/** End a call that is not run after all. */
void mwi_dispatch_drop(
    struct mwi_session *session, mw_call *call, const mw_error *why);

/** Run a call that was deferred, after the turn, and answer it.
 * @thread of the pool */
void mwi_dispatch_deferred(struct mwi_host *host, mw_call *call);

#endif
