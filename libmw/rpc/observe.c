/* SPDX-License-Identifier: MIT */
#include "rpc/observe.h"

#include "rpc/hooks.h"
#include "rpc/measure.h"

/* Texts of these quote arguments or results, which are no one's but the
 * caller's and the handler's. */
const char *
mwi_observe_text(const mw_error *error)
{
    bool may_quote = error->status == MW_EINVAL || error->status == MW_ERANGE ||
                     error->status == MW_EINTERNAL;

    return may_quote ? mw_status_text(error->status) : error->text;
}

/* What the reply would be without deltas. */
static void
sample(mw_call *call, size_t len)
{
    /* The message's own head, its kind and the call's id. */
    size_t others_len = 2 + mwi_head_size(call->id);

    mwi_meter_sample(call->op->meter, len,
        mwi_measure_reply(call->op->method, (const void *const *) call->args,
            &call->nodes, others_len));
}

/* The n-th call of the operation has ended. */
static void
count(mw_call *call, uint64_t n, int64_t ns, mw_status outcome)
{
    struct mwi_meter *meter = call->op->meter;
    size_t len = mwi_gather_len(&call->gather, &call->reply);

    if (!call->is_prepared) {
        mwi_count(&meter->unrun, 1);
        mwi_meter_refuse(meter, outcome);
        return;
    }
    mwi_meter_end(meter, ns, call->bytes_in, len);
    if (outcome < 0) {
        mwi_meter_fail(meter, outcome);
    } else if ((n % MWI_SAMPLE_EVERY == 0 ||
                   mwi_counted(&meter->sampled) == 0) &&
               mwi_call_has_delta(call)) {
        sample(call, len);
    }
}

static void
tell_hooks(
    const mw_server_hooks *hooks, mw_call *call, int64_t ns, mw_status status)
{
    const mw_call_outcome outcome = {
        .size = sizeof(outcome),
        .status = status,
        .not_run = !call->is_prepared,
        .duration_ns = ns > 0 ? (uint64_t) ns : 0,
        .bytes_in = call->bytes_in,
        .bytes_out = mwi_gather_len(&call->gather, &call->reply),
    };

    mwi_hooks_end(hooks, call, &outcome);
}

static void
log_outcome(
    struct mwi_session *session, const mw_call *call, const mw_error *outcome)
{
    if (outcome->status < 0) {
        /* A handler's own text may quote what it was passed. */
        mwi_log(&session->host->log, MW_LOG_DEBUG, "%s from %s: %s: %s",
            call->op->method->target, session->peer.address,
            mw_status_name(outcome->status),
            call->failure.status < 0 ? "the handler failed it"
                                     : mwi_observe_text(outcome));
    }
}

void
mwi_observe_begin(struct mwi_session *session, mw_call *call,
    struct mwi_observed *ret_observed)
{
    const mw_server_hooks *hooks = session->host->options.hooks;

    ret_observed->n = mwi_meter_begin(call->op->meter);
    if (hooks != NULL) {
        mwi_hooks_begin(hooks, call);
    }
}

void
mwi_observe_end(struct mwi_session *session, mw_call *call,
    const struct mwi_observed *observed, int64_t ns, const mw_error *outcome)
{
    const mw_server_hooks *hooks = session->host->options.hooks;

    count(call, observed->n, ns, outcome->status);
    if (hooks != NULL) {
        tell_hooks(hooks, call, ns, outcome->status);
    }
    log_outcome(session, call, outcome);
}
