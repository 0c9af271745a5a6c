/* SPDX-License-Identifier: MIT */
/*
 * rpc: a call at the client, and what becomes of its REPLY.
 */
#ifndef MWI_RPC_REPLY_H
#define MWI_RPC_REPLY_H

#include "mw/client.h"
#include "mw/ctx.h"

#include "codec/nodes.h"
#include "delta/base.h"
#include "rpc/mirror.h"
#include "wire/message.h"

/* One call, on the stack of its caller. */
struct mwi_request {
    mw_client *client;
    mw_ctx *ctx; /* NULL allowed */
    const mw_method *method;
    const void *const *args; /* method->n_params addresses of values */
    int64_t deadline;        /* base/clock.h */
    bool not_run;            /* as mw_ctx.not_run */
    mw_stats stats;
    struct mwi_nodes nodes; /* that the request has numbered */
    struct mwi_bases bases; /* unless ctx->conflict is MW_CONFLICT_UNCHECKED:
                               what the arguments were */
    struct mwi_mirror_use mirror;
};

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
