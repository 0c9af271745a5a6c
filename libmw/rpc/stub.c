/* SPDX-License-Identifier: MIT */
/*
 * A call whose caller waits for it.  One that the server has refused because
 * of a mirror that it does not have is made once more; others as rpc/retry.h
 * says.
 */
#include "mw/stub.h"

#include "rpc/request.h"

static mw_status
send_and_take(struct mwi_request *q, mw_error *reterr)
{
    mw_status status = mwi_request_send(q, reterr);

    return status == MW_OK ? mwi_request_take(q, reterr) : status;
}

static bool
is_to_be_made_again(
    struct mwi_request *q, mw_status status, const mw_error *error)
{
    return (q->not_run && mwi_mirror_again(&q->mirror, error)) ||
           mwi_retry(q, status);
}

mw_status
mw_stub_call(mw_client *client, mw_ctx *ctx, const mw_method *method,
    const void *const args[])
{
    struct mwi_request q;
    mw_error error = { .status = MW_OK };
    mw_status status = mwi_request_begin(&q, client, ctx, method, args);

    if (status < 0) {
        return status;
    }
    q.waits = true;
    mwi_mirror_begin(&q.mirror, ctx, method, args);
    do {
        status = send_and_take(&q, &error);
    } while (status < 0 && is_to_be_made_again(&q, status, &error));
    return mwi_request_end(&q, status, &error);
}
