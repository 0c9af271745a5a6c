/* SPDX-License-Identifier: MIT */
/*
 * rpc: what becomes of a REPLY at the client.
 */
#ifndef MWI_RPC_REPLY_H
#define MWI_RPC_REPLY_H

#include "rpc/request.h"

/** Apply a REPLY to the caller's objects, all of it or nothing.
 *
 * @param r  at the results
 * @param m  what mwi_message_read() made of the message
 * @retval MW_EPROTO     the reply is invalid, or contradicts the objects
 * @retval MW_ECONTRACT  it changes what the operation may not change
 * @retval MW_ECONFLICT  the caller has changed the objects meanwhile
 * @retval MW_ERANGE     it takes more memory than the client allows
 * @retval MW_ENOMEM     out of memory
 */
MW_MUST_USE mw_status mwi_reply_take(struct mwi_request *q,
    struct mwi_reader *r, const struct mwi_message *m, mw_error *reterr);

#endif
