/* SPDX-License-Identifier: MIT */
/*
 * rpc: a call at the client.
 *
 *     mwi_request_begin(&q, …);
 *     status = mwi_request_send(&q, &error);
 *     if (status == MW_OK) {                    at once, or later
 *         status = mwi_request_take(&q, &error);
 *     }
 *     mwi_request_end(&q, status, &error);
 *
 * Once it is sent, in arguments without references are not looked at any more.
 */
#ifndef MWI_RPC_REQUEST_H
#define MWI_RPC_REQUEST_H

#include "mw/client.h"
#include "mw/ctx.h"

#include "codec/nodes.h"
#include "delta/base.h"
#include "rpc/conn.h"
#include "rpc/key.h"
#include "rpc/mirror.h"
#include "rpc/retry.h"
#include "wire/message.h"

/* One call.  It belongs to one thread at a time, and stays where it is while
 * it is under way: the connection knows the waiter by its address. */
struct mwi_request {
    mw_client *client;
    mw_ctx *ctx; /* NULL allowed */
    const mw_method *method;
    const void *const *args; /* method->n_params addresses of values */
    int64_t deadline;        /* base/clock.h */
    int64_t began;           /* likewise */
    uint64_t number;         /* of the client's calls, from 0 */
    uint32_t attempts;       /* how often it was sent */
    bool more;               /* more follow at once, see mwi_waiter */
    bool not_run;            /* the last try: as mw_ctx.not_run */
    bool waits;              /* the caller does, so that it may be tried again
                                once it was sent */
    mw_call_state state; /* what its answer has told; MW_CALL_NEW: nothing */
    struct mwi_tries tries;
    struct mwi_key key;
    mw_stats stats;
    struct mwi_nodes nodes; /* that the request has numbered */
    struct mwi_bases bases; /* unless ctx->conflict is MW_CONFLICT_UNCHECKED:
                               what the arguments were */
    struct mwi_mirror_use mirror;
    struct mwi_conn *conn;    /* that it was sent on, until it is dropped ... */
    struct mwi_waiter waiter; /* ... and who waits there for the answer */
};

/** Begin a call, whose deadline counts from now, and forget what the context
 * knows of the one before.
 *
 * @param args  [borrow: ret_request]
 * @retval MW_EINVAL  the context is not initialised; not begun
 */
MW_MUST_USE mw_status mwi_request_begin(struct mwi_request *ret_request,
    mw_client *client, mw_ctx *ctx, const mw_method *method,
    const void *const *args);

/** Check that no two results share memory; and, once the nodes are numbered,
 * that none is part of a node that may change.
 *
 * @retval MW_EINVAL  the text names them */
MW_MUST_USE mw_status mwi_request_check_separate(
    const struct mwi_request *q, mw_error *reterr);
MW_MUST_USE mw_status mwi_request_check_apart(
    const struct mwi_request *q, mw_error *reterr);

/** Send the arguments.  After a success mwi_request_take() or
 * mwi_request_drop() must follow, after a failure neither may.
 *
 * @thread any; blocks for a connection and for room to write, up to the
 *         deadline
 */
MW_MUST_USE mw_status mwi_request_send(struct mwi_request *q, mw_error *reterr);

/** Wait for the answer and apply it, all of it or nothing.
 *
 * @thread any; blocks up to the deadline */
MW_MUST_USE mw_status mwi_request_take(struct mwi_request *q, mw_error *reterr);

/** How far the call is that was sent.  Reads what has come.
 *
 * @thread any; does not block */
mw_call_state mwi_request_state(struct mwi_request *q);

/** Wait no more, and tell the server so.  An answer that comes later is
 * dropped.
 *
 * @thread any; does not block */
void mwi_request_drop(struct mwi_request *q);

/** Free what it holds, and tell the context how it went.
 *
 * @param error  [inout] of a failure
 * @return  status */
mw_status mwi_request_end(
    struct mwi_request *q, mw_status status, mw_error *error);

/** Free what it holds, and tell nobody. */
void mwi_request_free(struct mwi_request *q);

#endif
