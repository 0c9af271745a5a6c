/* SPDX-License-Identifier: MIT */
#include "rpc/watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "rpc/client.h"
#include "rpc/hooks.h"

void
mwi_watch_begin(struct mwi_request *q)
{
    const mw_client_hooks *hooks = mwi_client_options(q->client)->hooks;

    q->number = mwi_meter_begin(&mwi_client_meter(q->client)->calls);
    if (hooks != NULL) {
        const mw_client_call call = {
            .size = sizeof(call),
            .number = q->number,
            .method = q->method,
        };

        mwi_client_hooks_start(hooks, &call);
    }
}

static void
tell_hooks(const mw_client_hooks *hooks, const struct mwi_request *q,
    mw_status status, int64_t ns)
{
    const mw_client_call call = {
        .size = sizeof(call),
        .number = q->number,
        .method = q->method,
        .status = status,
        .not_run = status < 0 && q->not_run && !q->tries.may_have_run,
        .attempts = q->attempts,
        .duration_ns = ns > 0 ? (uint64_t) ns : 0,
        .bytes_sent = q->stats.bytes_sent,
        .bytes_received = q->stats.bytes_received,
    };

    mwi_client_hooks_end(hooks, &call);
}

void
mwi_watch_end(struct mwi_request *q, mw_status status)
{
    const mw_client_hooks *hooks = mwi_client_options(q->client)->hooks;
    struct mwi_meter *meter = &mwi_client_meter(q->client)->calls;
    int64_t ns = mwi_now() - q->began;

    mwi_meter_end(meter, ns, q->stats.bytes_received, q->stats.bytes_sent);
    if (status < 0) {
        mwi_meter_fail(meter, status);
        /* Not the text, which may quote arguments or results. */
        mwi_log(mwi_client_log(q->client), MW_LOG_DEBUG, "%s: %s",
            q->method->target, mw_status_text(status));
    }
    if (q->attempts > 1) {
        mwi_count(&meter->retried, q->attempts - 1);
    }
    if (hooks != NULL) {
        tell_hooks(hooks, q, status, ns);
    }
}
