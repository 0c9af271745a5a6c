/* SPDX-License-Identifier: MIT */
/*
 * rpc: whether a CALL message is taken on.
 */
#ifndef MWI_RPC_ACCEPT_H
#define MWI_RPC_ACCEPT_H

#include "rpc/turn.h"
#include "wire/message.h"

/** Accept a call, which dispatches it, or answer it: with a FAIL that says why
 * not, or, of one with a key that has run, with its outcome.
 *
 * @param m  what mwi_message_read() made of the CALL
 * @param r  [inout] behind that, in the message that mwi_channel_next() gave
 * @thread the one that has the turn
 */
void mwi_accept_call(
    struct mwi_turn *turn, const struct mwi_message *m, struct mwi_reader *r);

/** Whether the server, and the call's session, still accept calls.  @thread any
 * @retval MW_EUNAVAILABLE  they do not */
MW_MUST_USE mw_status mwi_accept_check_open(
    const struct mwi_session *session, const mw_call *call, mw_error *reterr);

#endif
