/* SPDX-License-Identifier: MIT */
/*
 * rpc: calls with a key, which are run once however often they are sent.  What
 * is known of them is in the host's outcomes (rpc/outcomes.h).
 */
#ifndef MWI_RPC_REPLAY_H
#define MWI_RPC_REPLAY_H

#include "rpc/turn.h"
#include "wire/message.h"

/** Whether a call with a key is to be run: then call->outcome is to be settled
 * or dropped.  Else it is answered, now or when the one before it is.
 *
 * @param m  what mwi_message_read() made of the CALL
 * @param r  at its arguments, which are all in the message
 * @param ret_runs  [out]
 * @retval MW_EINVAL  the key is that of another call; it was not run
 * @retval MW_ENOMEM  out of memory; it was not run
 * @thread the one that has the turn
 */
MW_MUST_USE mw_status mwi_replay_claim(struct mwi_turn *turn, mw_call *call,
    const struct mwi_message *m, const struct mwi_reader *r, bool *ret_runs,
    mw_error *reterr);

/** The call has run, or has failed before its handler was started, and its
 * answer is in call->reply.  Answers repeats that came meanwhile.  Without a
 * key: does nothing. */
void mwi_replay_settle(struct mwi_host *host, mw_call *call);

/** A one-way call was accepted: that is its outcome.  Likewise.
 *
 * @param outcome  the call's, which no longer has it */
void mwi_replay_accept(
    struct mwi_host *host, struct mwi_outcome *outcome, uint64_t id);

/** The call was refused, for the reason that repeats that came meanwhile get,
 * too.  Likewise. */
void mwi_replay_drop(
    struct mwi_host *host, struct mwi_outcome *outcome, const mw_error *why);

#endif
