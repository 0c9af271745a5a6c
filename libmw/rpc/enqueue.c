/* SPDX-License-Identifier: MIT */
/*
 * A call that waits in vain is to wait no longer than others can bear: where
 * there is no room, those whose deadline has passed are answered first, by the
 * thread that wants it, which does not run them; and those that are cancelled
 * by the thread that has read it.
 */
#include "rpc/enqueue.h"

#include "base/clock.h"

/* Answer those that are in vain: they are not run.  Whether there were
 * any. */
static bool
clear_out(struct mwi_list *expired)
{
    struct mwi_list *link;
    bool any = false;

    while ((link = mwi_list_pop(expired)) != NULL) {
        struct mwi_job *job = MWI_CONTAINER(link, struct mwi_job, link);

        job->run(job);
        any = true;
    }
    return any;
}

static bool
clear_pool(struct mwi_host *host, bool look_again)
{
    struct mwi_list expired;

    mwi_list_init(&expired);
    mwi_pool_take_expired(host->pool, look_again, &expired);
    return clear_out(&expired);
}

static bool
clear_gate(struct mwi_gate *gate)
{
    struct mwi_list expired;

    mwi_list_init(&expired);
    mwi_gate_take_expired(gate, &expired);
    return clear_out(&expired);
}

void
mwi_enqueue_clear(struct mwi_host *host, struct mwi_gate *gate)
{
    (void) clear_pool(host, true);
    if (gate != NULL) {
        (void) clear_gate(gate);
    }
}

static bool
try_submit(struct mwi_host *host, mw_call *call)
{
    return !mwi_admission_is_hopeless(host, call) &&
           mwi_pool_submit(host->pool, &call->job) == MW_OK;
}

static mw_status
submit(struct mwi_turn *turn, mw_call *call, mw_error *reterr)
{
    struct mwi_host *host = turn->session->host;
    const mw_server_options *options = &host->options;
    bool is_urgent = call->job.priority > 0;

    if (try_submit(host, call) ||
        (clear_pool(host, false) && try_submit(host, call))) {
        return MW_OK;
    }
    if (mwi_admission_is_hopeless(host, call)) {
        return mwi_admission_refuse(
            turn, reterr, "the call would wait beyond its deadline");
    }
    return mwi_admission_refuse(turn, reterr, "%u calls%s run and %u wait",
        is_urgent ? options->priority_threads : options->threads_max,
        is_urgent ? " with a priority" : "",
        is_urgent ? options->priority_queue_max : options->queue_max);
}

/* Through the gate of its interface, if it has one.  MWI_GATE_WAITS: it is the
 * gate's from here on. */
static enum mwi_gate_way
pass_gate(mw_call *call)
{
    struct mwi_gate *gate = call->op->gate;
    enum mwi_gate_way way = MWI_GATE_ENTERED;

    if (gate == NULL || call->ticket.is_inside) {
        return way;
    }
    way = mwi_gate_enter(call);
    if (way == MWI_GATE_FULL && clear_gate(gate)) {
        way = mwi_gate_enter(call);
    }
    return way;
}

/* The queue's view of a call. */
static void
init_job(mw_call *call)
{
    bool may_expire = (call->op->method->flags & MW_METHOD_ONEWAY) == 0 &&
                      call->deadline != MWI_FOREVER;

    call->job.priority = call->op->method->priority;
    call->job.deadline = may_expire ? call->deadline : 0;
}

mw_status
mwi_enqueue(struct mwi_turn *turn, mw_call *call, mw_error *reterr)
{
    init_job(call);
    switch (pass_gate(call)) {
    case MWI_GATE_WAITS:
        return MW_OK;
    case MWI_GATE_FULL:
        return mwi_admission_refuse(turn, reterr,
            "as many calls of %s run as may, and %u wait",
            call->op->method->target, turn->session->host->options.waiting_max);
    case MWI_GATE_ENTERED:
        break;
    }
    if (turn->may_run && turn->deferred == NULL) {
        turn->deferred = call;
        return MW_OK;
    }
    return submit(turn, call, reterr);
}
