/* SPDX-License-Identifier: MIT */
/*
 * rpc: from a CALL message to the thread that runs it, and to its reply.
 */
#ifndef MWI_RPC_DISPATCH_H
#define MWI_RPC_DISPATCH_H

#include "rpc/turn.h"
#include "wire/message.h"

/** Accept a call, or answer it with a FAIL that says why not.
 *
 * It is run at once, given to the pool, or put into turn->deferred.
 *
 * @param m  what mwi_message_read() made of the CALL
 * @param r  [inout] behind that, in the message that mwi_channel_next() gave
 * @thread the one that has the turn
 */
void mwi_dispatch_call(
    struct mwi_turn *turn, const struct mwi_message *m, struct mwi_reader *r);

/** Run a call that was deferred, after the turn, and answer it.
 * @thread of the pool */
void mwi_dispatch_deferred(struct mwi_host *host, mw_call *call);

#endif
