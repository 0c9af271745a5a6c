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
#include "rpc/replay.h"
#include "wire/frame.h"

enum {
    BOUND_MAX = 4096, /* operations bound to numbers */
};

static bool
is_one_way(const struct mwi_operation *op)
{
    return (op->method->flags & MW_METHOD_ONEWAY) != 0;
}

/* Before it runs. */
static bool
is_acknowledged(const mw_call *call)
{
    return is_one_way(call->op) || call->ack != MWI_ACK_NONE;
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
    const struct mwi_call_head *head, mw_error *reterr)
{
    if (head->has_unknown_meta) {
        return mwi_fail(reterr, MW_EUNIMPLEMENTED,
            "the server does not know meta key %llu",
            (unsigned long long) head->unknown_meta);
    }
    if (atomic_load(&session->host->draining)) {
        return mwi_fail(reterr, MW_EUNAVAILABLE, "%s", mwi_session_stopping);
    }
    if (atomic_load(&session->is_leaving)) {
        return mwi_fail(reterr, MW_EUNAVAILABLE, "%s", mwi_session_idle);
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
    /* Once more, for the loop may have looked at the calls before this one. */
    if (atomic_load(&host->draining)) {
        return mwi_fail(reterr, MW_EUNAVAILABLE, "%s", mwi_session_stopping);
    }
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

static void
log_outcome(
    struct mwi_session *session, const mw_call *call, const mw_error *outcome)
{
    if (outcome->status < 0) {
        /* A handler's own text may quote what it was passed. */
        mwi_log(&session->host->log, MW_LOG_DEBUG, "%s from %s: %s: %s",
            call->op->method->target, session->peer.address,
            mw_status_name(outcome->status),
            call->failure.status < 0 ? "the handler failed it" : outcome->text);
    }
}

/* Run the handler, make the frame of the answer in call->reply, and learn. */
static void
execute(struct mwi_session *session, mw_call *call)
{
    int64_t began = mwi_now();
    mw_error outcome;

    call->reply.max =
        (size_t) atomic_load(&session->message_max) + MWI_FRAME_HEAD_MAX;
    mwi_call_execute(call, &call->reply, &outcome);
    mwi_replay_settle(session->host, call);
    mwi_running_remove(call);
    mwi_pace_note(call->op->pace, mwi_now() - began);
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

static void
send_started(mw_call *call)
{
    struct mwi_session *session = call->owner;
    mw_error ignored; /* is found again when the session is read */

    mwi_session_put_started(session, call->id);
    (void) mwi_channel_flush(&session->channel, &ignored);
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
    call->started = call->ack == MWI_ACK_STARTED ? send_started : NULL;
    mwi_session_ref(session);
    if (!is_one_way(call->op)) {
        mwi_running_add(&session->calls, call);
    }
    if (status == MW_OK && turn->may_run && turn->deferred == NULL) {
        turn->deferred = call;
        return MW_OK;
    }
    if (status == MW_OK) {
        status = submit(host, call, reterr);
    }
    if (status < 0) {
        mwi_running_remove(call);
        end_call(host, call->charge);
        mwi_session_unref(session);
    }
    return status;
}

/* A call that is not run after all. */
static void
drop_call(struct mwi_host *host, mw_call *call, const mw_error *why)
{
    mwi_replay_drop(host, call->outcome, why);
    mwi_call_close(&host->calls_ended, call);
}

/* Keep what is to be decoded later.  A call that is acknowledged is decoded
 * before, so that an ACK promises that nothing but the handler itself can fail.
 */
static mw_status
keep(struct mwi_turn *turn, mw_call *call, const struct mwi_message *m,
    struct mwi_reader *r, mw_error *reterr)
{
    struct mwi_channel *channel = &turn->session->channel;

    if (is_acknowledged(call)) {
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
    struct mwi_host *host = session->host;
    struct mwi_outcome *accepted = NULL;
    bool acknowledge = is_acknowledged(call);
    uint64_t id = call->id;
    mw_status status = keep(turn, call, m, r, reterr);

    if (is_one_way(call->op)) {
        accepted = call->outcome; /* to be accepted is all that it can be */
        call->outcome = NULL;
    }
    if (status == MW_OK) {
        status = hand_over(turn, call, reterr);
    }
    if (status < 0) {
        mwi_replay_drop(host, accepted, reterr);
        drop_call(host, call, reterr);
        return status;
    }
    if (acknowledge) {
        mwi_session_put_head(session, MWI_ACK, id);
        turn->n_put++;
    }
    mwi_replay_accept(host, accepted, id);
    return MW_OK;
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
        drop_call(host, call, reterr);
        return status;
    }
    status = begin_call(host, call, reterr);
    charge = call->charge;
    if (status == MW_EUNAVAILABLE) { /* else it does not wait */
        drop_call(host, call, reterr);
        end_call(host, charge);
        return status;
    }
    mwi_running_add(&session->calls, call);
    hand_over_deferred(turn);
    mwi_turn_begin_run(turn, call->op);
    execute(session, call);
    mwi_turn_end_run(turn);
    answer(turn, call);
    mwi_call_close(&host->calls_ended, call);
    end_call(host, charge);
    return MW_OK;
}

/* A mirror is made of a message's bytes, and a key's record has a digest of
 * them: let none be apart. */
static mw_status
join_request(struct mwi_channel *channel, mw_call *call, bool has_key,
    struct mwi_reader *r, mw_error *reterr)
{
    struct mwi_apart *apart = mwi_channel_apart(channel);
    struct mwi_message again;

    if (apart->bytes == NULL || (call->mirror.head.version == 0 && !has_key)) {
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

static mw_status
accept_call(struct mwi_turn *turn, const struct mwi_message *m,
    struct mwi_reader *r, mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    const mw_server_options *options = &session->host->options;
    const struct mwi_call_limits limits = {
        .memory_max = options->memory_max,
        .depth_max = options->depth_max,
    };
    const struct mwi_operation *op;
    bool has_key = m->call.key.at != NULL;
    bool runs = true;
    mw_call *call;
    mw_status status = check_acceptable(session, &m->call, reterr);

    if (status < 0) {
        return status;
    }
    op = find_operation(session, &m->call, reterr);
    if (op == NULL) {
        return reterr->status;
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
    call->mirror.kept = &session->mirrors;
    status = join_request(&session->channel, call, has_key, r, reterr);
    if (status == MW_OK && has_key) {
        status = mwi_replay_claim(turn, call, m, r, &runs, reterr);
    }
    if (status < 0 || !runs) {
        mwi_call_close(&session->host->calls_ended, call);
        return status;
    }
    return turn->may_run && !is_acknowledged(call) &&
                   mwi_pace_is_quick(op->pace)
               ? run_here(turn, call, m, r, reterr)
               : run_elsewhere(turn, call, m, r, reterr);
}

void
mwi_dispatch_call(
    struct mwi_turn *turn, const struct mwi_message *m, struct mwi_reader *r)
{
    struct mwi_session *session = turn->session;
    mw_error error;

    /* Written by this thread alone. */
    atomic_store_explicit(&session->n_called,
        atomic_load_explicit(&session->n_called, memory_order_relaxed) + 1,
        memory_order_relaxed);
    if (accept_call(turn, m, r, &error) < 0) {
        mwi_log(&session->host->log, MW_LOG_DEBUG, "refused a call of %s: %s",
            session->peer.address, error.text);
        mwi_session_put_fail(session, m->id, &error);
        turn->n_put++;
    }
}
