/* SPDX-License-Identifier: MIT */
/*
 * Calls whose caller waits later, or never: a request on the heap, with what
 * it needs of the arguments after the start.
 *
 * Nobody can make such a call again once its start has returned, for then what
 * in arguments pointed to may be gone.  So it uses no mirror: of one that the
 * server has forgotten, the caller would notice.
 */
#include "mw/pending.h"

#include "mw/stub.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/access.h"
#include "rpc/client.h"
#include "rpc/life.h"
#include "rpc/pending.h"
#include "rpc/watch.h"

/* Keep what is looked at later.  Addresses of in arguments are as a rule those
 * of variables of the stub, which are about to go: of references keep the
 * values, of what leads to no nodes nothing. */
static void
keep_args(struct mw_pending *pending, const void *const args[])
{
    const mw_method *method = pending->request.method;
    const void **references = pending->args + method->n_params;

    for (size_t i = 0; i < method->n_params; i++) {
        const mw_param *param = &method->params[i];

        pending->args[i] = args[i];
        if (param->dir != MW_DIR_IN) {
            continue;
        }
        if (param->type->kind == MW_KIND_REF) {
            references[i] = mwi_load_pointer(args[i]);
            pending->args[i] = &references[i];
        } else if (!mwi_type_has_refs(param->type)) {
            pending->args[i] = NULL;
        }
    }
    pending->request.args = pending->args;
}

/* Fail before there is a pending call. */
static mw_status
refuse(mw_client *client, mw_ctx *ctx, const mw_method *method, mw_status cause,
    const char *text)
{
    struct mwi_request q;
    mw_error error;
    mw_status status = mwi_request_begin(&q, client, ctx, method, NULL);

    (void) mwi_fail(&error, cause, "%s", text);
    return status < 0 ? status : mwi_request_end(&q, cause, &error);
}

/* See to it that the caller is told when the call is over.  From then on it may
 * be, and another thread may have finished it. */
static void
begin_notice(struct mw_pending *pending)
{
    mw_client *client = pending->request.client;
    const mw_ctx *ctx = pending->request.ctx;
    struct mwi_notice *notice = &pending->notice;
    struct mwi_attend *attend = &mwi_client_life(client)->attend;

    *notice = (struct mwi_notice){ .attend = attend, .pending = pending };
    if (ctx == NULL || ctx->on_done == NULL) {
        return;
    }
    notice->done = ctx->on_done;
    notice->user = ctx->on_done_user;
    mwi_list_init(&notice->link);
    mwi_client_enter(client);
    mwi_conn_notify(pending->request.conn, &pending->request.waiter, notice,
        pending->request.deadline);
    if (mwi_attend_is_closed(attend)) {
        mwi_attend_call(attend, SIZE_MAX); /* nobody else will */
    }
    mwi_client_leave(client);
}

static void
end_notice(struct mw_pending *pending)
{
    if (!mwi_conn_is_inherited(pending->request.conn)) {
        mwi_notice_forget(&pending->notice);
    }
}

mw_status
mw_stub_start(mw_client *client, mw_ctx *ctx, const mw_method *method,
    const void *const args[], mw_pending **ret_pending)
{
    struct mw_pending *pending;
    mw_error error = { .status = MW_OK };
    mw_status status;

    *ret_pending = NULL;
    if ((method->flags & MW_METHOD_ONEWAY) != 0) {
        return refuse(client, ctx, method, MW_EINVAL,
            "a one-way operation has no results to finish with");
    }
    pending = mwi_malloc(sizeof(*pending) + (size_t) 2 * method->n_params *
                                                sizeof(*pending->args));
    if (pending == NULL) {
        return refuse(client, ctx, method, MW_ENOMEM, "out of memory");
    }
    status = mwi_request_begin(&pending->request, client, ctx, method, args);
    if (status < 0) {
        mwi_free(pending);
        return status;
    }
    pending->request.more = ctx != NULL && ctx->more;
    status = mwi_request_send(&pending->request, &error);
    if (status < 0) {
        status = mwi_request_end(&pending->request, status, &error);
        mwi_free(pending);
        return status;
    }
    keep_args(pending, args);
    *ret_pending = pending;
    begin_notice(pending);
    return MW_OK;
}

mw_status
mw_pending_finish(mw_pending *pending)
{
    mw_error error = { .status = MW_OK };
    mw_status status;

    if (pending == NULL) {
        return MW_EINVAL;
    }
    end_notice(pending);
    status = mwi_request_take(&pending->request, &error);
    status = mwi_request_end(&pending->request, status, &error);
    mwi_free(pending);
    return status;
}

bool
mw_pending_is_done(mw_pending *pending)
{
    return pending == NULL ||
           mwi_conn_is_done(pending->request.conn, &pending->request.waiter) ||
           pending->request.deadline <= mwi_now();
}

bool
mwi_pending_is_over(const mw_pending *pending)
{
    return mwi_conn_is_over(pending->request.conn, &pending->request.waiter) ||
           pending->request.deadline <= mwi_now();
}

mw_status
mw_pending_wait(mw_pending *pending, uint32_t timeout_ms)
{
    int64_t deadline = mwi_deadline_in(timeout_ms);
    struct mwi_request *q;
    mw_error ignored; /* who finishes the call meets it again */

    if (pending == NULL) {
        return MW_EINVAL;
    }
    q = &pending->request;
    if (q->deadline < deadline) {
        deadline = q->deadline;
    }
    (void) !mwi_conn_wait(q->conn, &q->waiter, deadline, &ignored);
    return mwi_pending_is_over(pending) ? MW_OK : MW_ETIMEDOUT;
}

mw_call_state
mw_pending_state(mw_pending *pending)
{
    return pending == NULL ? MW_CALL_REFUSED
                           : mwi_request_state(&pending->request);
}

void
mw_pending_cancel(mw_pending *pending)
{
    if (pending == NULL) {
        return;
    }
    end_notice(pending);
    mwi_request_drop(&pending->request);
    mwi_watch_end(&pending->request, MW_ECANCELLED);
    mwi_request_free(&pending->request);
    mwi_free(pending);
}
