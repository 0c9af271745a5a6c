/* SPDX-License-Identifier: MIT */
/*
 * The happy path of a quick operation: decode the arguments where they were
 * read, run the handler, put the reply with those of the calls before and
 * behind.  Of a slow one: keep the message and run it elsewhere, or here when
 * the session no longer needs this thread.
 *
 * A one-way call is acknowledged before it runs, so it takes the second way.
 */
#include "rpc/dispatch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/hooks.h"
#include "rpc/introspect.h"
#include "rpc/measure.h"
#include "wire/frame.h"

enum {
    BOUND_MAX = 4096, /* operations bound to numbers */
};

static bool
is_one_way(const struct mwi_operation *op)
{
    return (op->method->flags & MW_METHOD_ONEWAY) != 0;
}

/* Which operation a CALL means; NULL and *reterr if none. */
static const struct mwi_operation *
find_operation(struct mwi_session *session, const struct mwi_call_head *head,
    mw_error *reterr)
{
    const struct mwi_operation *op;

    if (head->target.at != NULL) {
        return mwi_registry_find(&session->host->registry, head->target.at,
            head->target.len, reterr);
    }
    op = mwi_map_get(&session->bound, head->target_number);
    if (op == NULL) {
        mwi_fail(reterr, MW_EUNIMPLEMENTED,
            "no operation is bound to number %llu",
            (unsigned long long) head->target_number);
    }
    return op;
}

static mw_status
bind(struct mwi_session *session, uint64_t number,
    const struct mwi_operation *op, mw_error *reterr)
{
    const struct mwi_operation *bound = mwi_map_get(&session->bound, number);
    uintptr_t address = (uintptr_t) op;

    if (bound == op) {
        return MW_OK;
    }
    if (bound != NULL) {
        return mwi_fail(reterr, MW_EINVAL, "number %llu is bound to %s already",
            (unsigned long long) number, bound->method->target);
    }
    if (session->bound.len >= BOUND_MAX) {
        return mwi_fail(reterr, MW_EEXHAUSTED,
            "%d operations are bound to numbers already", (int) BOUND_MAX);
    }
    if (mwi_map_put(&session->bound, number, (void *) address) < 0) {
        return mwi_fail_nomem(reterr);
    }
    return MW_OK;
}

static mw_status
check_acceptable(const struct mwi_session *session,
    const struct mwi_operation *op, const struct mwi_call_head *head,
    mw_error *reterr)
{
    if (head->has_unknown_meta) {
        return mwi_fail(reterr, MW_EUNIMPLEMENTED,
            "the server does not know meta key %llu",
            (unsigned long long) head->unknown_meta);
    }
    if (atomic_load(&session->host->draining) && !mwi_introspect_has(op)) {
        return mwi_fail(reterr, MW_EUNAVAILABLE, "the server is stopping");
    }
    return MW_OK;
}

/* Room among the calls that are not answered yet; see end_call(). */
static mw_status
begin_call(struct mwi_host *host, mw_call *call, mw_error *reterr)
{
    uint64_t before;

    call->charge = mwi_buf_len(&call->request) + call->apart.len +
                   call->arena.total + call->inout.total;
    before = atomic_fetch_add(&host->call_bytes, call->charge);
    atomic_fetch_add(&host->calls, 1);
    if (before > 0 && before + call->charge > host->options.queue_memory_max) {
        return mwi_fail(reterr, MW_EEXHAUSTED,
            "the server is full: the calls it has take %llu bytes",
            (unsigned long long) before);
    }
    return MW_OK;
}

/* The counterpart of begin_call().  The last thing that is done of a call, for
 * the host may go once a draining server has no calls left. */
static void
end_call(struct mwi_host *host, size_t charge)
{
    atomic_fetch_sub(&host->call_bytes, charge);
    if (atomic_fetch_sub(&host->calls, 1) == 1 &&
        atomic_load(&host->draining)) {
        mwi_poller_wake(&host->control);
    }
}

/* Texts of these quote arguments or results, which are no one's but the
 * caller's and the handler's. */
static const char *
text_to_log(const mw_error *error)
{
    bool may_quote = error->status == MW_EINVAL || error->status == MW_ERANGE ||
                     error->status == MW_EINTERNAL;

    return may_quote ? mw_status_text(error->status) : error->text;
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
                                     : text_to_log(outcome));
    }
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

/* Run the handler, make the frame of the answer in call->reply, and learn. */
static void
execute(struct mwi_session *session, mw_call *call)
{
    const mw_server_hooks *hooks = session->host->options.hooks;
    int64_t began = mwi_now();
    uint64_t n = mwi_meter_begin(call->op->meter);
    int64_t ns;
    mw_error outcome;

    if (hooks != NULL) {
        mwi_hooks_begin(hooks, call);
    }
    call->reply.max =
        (size_t) atomic_load(&session->message_max) + MWI_FRAME_HEAD_MAX;
    mwi_call_execute(call, &call->reply, &outcome);
    ns = mwi_now() - began;
    mwi_pace_note(call->op->pace, ns);
    count(call, n, ns, outcome.status);
    if (hooks != NULL) {
        tell_hooks(hooks, call, ns, outcome.status);
    }
    log_outcome(session, call, &outcome);
}

/* A call that the session's turn has nothing to do with any more. */
static void
run_apart(mw_call *call)
{
    struct mwi_session *session = call->owner;
    struct mwi_host *host = session->host;
    size_t charge = call->charge;
    mw_error ignored; /* is found again when the session is read */

    execute(session, call);
    if (mwi_buf_len(&call->reply) > 0) {
        (void) !mwi_channel_send_gathered(
            &session->channel, &call->reply, &call->gather, &ignored);
    }
    mwi_call_close(&host->calls_ended, call);
    mwi_session_unref(session);
    end_call(host, charge);
}

static void
run_job(struct mwi_job *job)
{
    run_apart(MWI_CONTAINER(job, mw_call, job));
}

void
mwi_dispatch_deferred(struct mwi_host *host, mw_call *call)
{
    mwi_pool_relieve(host->pool);
    run_apart(call);
}

static mw_status
submit(struct mwi_host *host, mw_call *call, mw_error *reterr)
{
    mw_status status = mwi_pool_submit(host->pool, &call->job);

    if (status < 0) {
        mwi_fail(reterr, status, "the server is full: %u calls run and %u wait",
            host->options.threads_max, host->options.queue_max);
    }
    return status;
}

/* From here on the call is the pool's, or this thread's after its turn, which
 * takes the last one. */
static mw_status
hand_over(struct mwi_turn *turn, mw_call *call, mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    struct mwi_host *host = session->host;
    mw_status status = begin_call(host, call, reterr);

    call->job.run = run_job;
    call->owner = session;
    mwi_session_ref(session);
    if (status == MW_OK && turn->may_run && turn->deferred == NULL) {
        turn->deferred = call;
        return MW_OK;
    }
    if (status == MW_OK) {
        status = submit(host, call, reterr);
    }
    if (status < 0) {
        end_call(host, call->charge);
        mwi_session_unref(session);
    }
    return status;
}

/* Keep what is to be decoded later.  A one-way call is decoded before it is
 * acknowledged, so that an ACK promises that nothing but the handler itself can
 * fail. */
static mw_status
keep(struct mwi_turn *turn, mw_call *call, const struct mwi_message *m,
    struct mwi_reader *r, mw_error *reterr)
{
    struct mwi_channel *channel = &turn->session->channel;

    if (is_one_way(call->op)) {
        return mwi_call_decode_rest(call, r, m, reterr);
    }
    if (mwi_buf_len(&call->request) > 0) {
        return MW_OK; /* it had to be joined */
    }
    mwi_channel_take_apart(channel, &call->apart);
    if (mwi_channel_take(channel, &call->request) ||
        mwi_call_keep_request(call, r->start, (size_t) (r->last - r->start))) {
        return MW_OK;
    }
    return mwi_fail_nomem(reterr);
}

static mw_status
run_elsewhere(struct mwi_turn *turn, mw_call *call, const struct mwi_message *m,
    struct mwi_reader *r, mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    bool one_way = is_one_way(call->op);
    uint64_t id = call->id;
    mw_status status = keep(turn, call, m, r, reterr);

    if (status == MW_OK) {
        status = hand_over(turn, call, reterr);
    }
    if (status < 0) {
        mwi_call_close(&session->host->calls_ended, call);
    } else if (one_way) {
        mwi_session_put_head(session, MWI_ACK, id);
        turn->n_put++;
    }
    return status;
}

/* Put the reply with others, or send it if that is for us to do no more or it
 * has pieces, which would have to be copied. */
static void
answer(struct mwi_turn *turn, mw_call *call)
{
    struct mwi_channel *channel = &turn->session->channel;
    size_t len = mwi_buf_len(&call->reply);
    mw_error ignored; /* is found again when the session is read */

    if (len == 0) {
        return;
    }
    if (turn->is_lost || call->gather.total > 0) {
        (void) !mwi_channel_send_gathered(
            channel, &call->reply, &call->gather, &ignored);
    } else {
        (void) !mwi_channel_put(channel, &call->reply, &ignored);
        mwi_turn_note_put(turn, len);
    }
}

/* This thread may be busy for longer than it should be waited for. */
static void
hand_over_deferred(struct mwi_turn *turn)
{
    if (turn->deferred != NULL) {
        mwi_pool_resubmit(turn->session->host->pool, &turn->deferred->job);
        turn->deferred = NULL;
    }
}

static mw_status
run_here(struct mwi_turn *turn, mw_call *call, const struct mwi_message *m,
    struct mwi_reader *r, mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    struct mwi_host *host = session->host;
    size_t charge;
    mw_status status = mwi_call_decode_rest(call, r, m, reterr);

    if (status == MW_OK) {
        status = mwi_call_prepare(call, reterr);
    }
    if (status < 0) {
        mwi_call_close(&host->calls_ended, call);
        return status;
    }
    (void) begin_call(host, call, reterr); /* it does not wait */
    charge = call->charge;
    hand_over_deferred(turn);
    mwi_turn_begin_run(turn, call->op);
    execute(session, call);
    mwi_turn_end_run(turn);
    answer(turn, call);
    mwi_call_close(&host->calls_ended, call);
    end_call(host, charge);
    return MW_OK;
}

/* A mirror is made of a message's bytes: let none be apart. */
static mw_status
join_request(struct mwi_channel *channel, mw_call *call, struct mwi_reader *r,
    mw_error *reterr)
{
    struct mwi_apart *apart = mwi_channel_apart(channel);
    struct mwi_message again;

    if (apart->bytes == NULL || call->mirror.head.version == 0) {
        return MW_OK;
    }
    if (mwi_apart_join(&call->request, r->start, (size_t) (r->last - r->start),
            apart) < 0) {
        return mwi_fail_nomem(reterr);
    }
    mwi_apart_fini(apart);
    mwi_reader_init(r, mwi_buf_bytes(&call->request),
        mwi_buf_len(&call->request), call->depth_max);
    mwi_message_read(r, &again);
    return MW_OK;
}

/* Bytes of the frame that was read. */
static size_t
frame_len(struct mwi_channel *channel, const struct mwi_reader *r)
{
    size_t len =
        (size_t) (r->last - r->start) + mwi_channel_apart(channel)->len;

    return len + mwi_head_size(len);
}

/* *ret_op is NULL if it is of none. */
static mw_status
accept_call(struct mwi_turn *turn, const struct mwi_message *m,
    struct mwi_reader *r, const struct mwi_operation **ret_op, mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    const mw_server_options *options = &session->host->options;
    const struct mwi_call_limits limits = {
        .memory_max = options->memory_max,
        .depth_max = options->depth_max,
    };
    const struct mwi_operation *op;
    mw_call *call;
    mw_status status;

    op = *ret_op = find_operation(session, &m->call, reterr);
    if (op == NULL) {
        return reterr->status;
    }
    status = check_acceptable(session, op, &m->call, reterr);
    if (status < 0) {
        return status;
    }
    if (m->call.has_bind) {
        status = bind(session, m->call.bind, op, reterr);
        if (status < 0) {
            return status;
        }
    }
    call = mwi_call_open(
        &session->host->calls_ended, op, m, &session->peer, &limits);
    if (call == NULL) {
        return mwi_fail_nomem(reterr);
    }
    call->bytes_in = frame_len(&session->channel, r);
    call->mirror.kept = &session->mirrors;
    status = join_request(&session->channel, call, r, reterr);
    if (status == MW_OK && options->hooks != NULL) {
        status = mwi_hooks_admit(options->hooks, call, reterr);
    }
    if (status < 0) {
        mwi_call_close(&session->host->calls_ended, call);
        return status;
    }
    return turn->may_run && !is_one_way(op) && mwi_pace_is_quick(op->pace)
               ? run_here(turn, call, m, r, reterr)
               : run_elsewhere(turn, call, m, r, reterr);
}

void
mwi_dispatch_call(
    struct mwi_turn *turn, const struct mwi_message *m, struct mwi_reader *r)
{
    struct mwi_session *session = turn->session;
    const struct mwi_operation *op;
    mw_error error;
    mw_status status = accept_call(turn, m, r, &op, &error);

    if (status < 0 && op != NULL) {
        mwi_meter_refuse(op->meter, status);
    } else if (status < 0) {
        mwi_count(&session->host->meter.strange, 1);
    }
    if (status < 0) {
        mwi_log(&session->host->log, MW_LOG_DEBUG,
            "refused a call%s%s of %s: %s", op != NULL ? " to " : "",
            op != NULL ? op->method->target : "", session->peer.address,
            text_to_log(&error));
        mwi_session_put_fail(session, m->id, &error);
        turn->n_put++;
    }
}
