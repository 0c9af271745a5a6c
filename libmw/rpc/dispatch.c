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
#include "rpc/accept.h"
#include "rpc/enqueue.h"
#include "rpc/observe.h"
#include "rpc/replay.h"
#include "wire/frame.h"

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

/* Room among the calls that are not answered yet; see end_call(). */
static mw_status
begin_call(struct mwi_turn *turn, mw_call *call, mw_error *reterr)
{
    struct mwi_host *host = turn->session->host;
    uint64_t before;

    call->charge = mwi_buf_len(&call->request) + call->apart.len +
                   call->arena.total + call->inout.total;
    before = atomic_fetch_add(&host->call_bytes, call->charge);
    atomic_fetch_add(&host->calls, 1);
    /* Once more, for the loop may have looked at the calls before this one. */
    if (mwi_accept_check_open(turn->session, call, reterr) < 0) {
        return reterr->status;
    }
    if (before > 0 && before + call->charge > host->options.queue_memory_max) {
        return mwi_admission_refuse(turn, reterr,
            "the calls it has take %llu bytes", (unsigned long long) before);
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

/* The counterpart of mwi_admission_enter(), and of mwi_call_open(). */
static void
close_call(struct mwi_session *session, mw_call *call)
{
    if (mwi_ticket_holds(&call->ticket)) {
        mwi_admission_leave(session, call);
    }
    mwi_call_close(&session->host->calls_ended, call);
}

/* Run the handler, make the frame of the answer in call->reply, and learn.
 * Returns how long that took. */
static int64_t
execute(struct mwi_session *session, mw_call *call)
{
    int64_t ns = mwi_now();
    struct mwi_observed observed;
    mw_error outcome;

    mwi_observe_begin(session, call, &observed);
    call->reply.max =
        (size_t) atomic_load(&session->message_max) + MWI_FRAME_HEAD_MAX;
    mwi_call_execute(call, &call->reply, &outcome);
    mwi_replay_settle(session->host, call);
    mwi_running_remove(call);
    ns = mwi_now() - ns;
    mwi_pace_note(call->op->pace, ns);
    mwi_observe_end(session, call, &observed, ns, &outcome);
    return ns;
}

/* There was no memory even for a FAIL: rather than let the caller wait until
 * its deadline, let it see the end. */
static void
give_up_without_memory(struct mwi_session *session, const mw_call *call)
{
    if (!is_one_way(call->op)) {
        mwi_session_close_without_memory(session);
    }
}

/* A call that the session's turn has nothing to do with any more. */
static void
run_apart(mw_call *call)
{
    struct mwi_session *session = call->owner;
    struct mwi_host *host = session->host;
    size_t charge = call->charge;
    mw_error ignored; /* is found again when the session is read */
    int64_t ns = execute(session, call);

    if (call->is_prepared) {
        mwi_admission_note(&host->admission, ns);
    }
    if (mwi_buf_len(&call->reply) > 0) {
        (void) !mwi_channel_send_gathered(
            &session->channel, &call->reply, &call->gather, &ignored);
    } else {
        give_up_without_memory(session, call);
    }
    close_call(session, call);
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
    mw_status status = begin_call(turn, call, reterr);

    call->job.run = run_job;
    call->started = call->ack == MWI_ACK_STARTED ? send_started : NULL;
    mwi_session_ref(session);
    if (!is_one_way(call->op)) {
        mwi_running_add(&session->unanswered, call);
    }
    if (status == MW_OK) {
        status = mwi_enqueue(turn, call, reterr);
    }
    if (status < 0) {
        mwi_running_remove(call);
        end_call(host, call->charge);
        mwi_session_unref(session);
    }
    return status;
}

void
mwi_dispatch_drop(
    struct mwi_session *session, mw_call *call, const mw_error *why)
{
    mwi_replay_drop(session->host, call->outcome, why);
    close_call(session, call);
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
        mwi_dispatch_drop(session, call, reterr);
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
        give_up_without_memory(turn->session, call);
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
        mwi_dispatch_drop(session, call, reterr);
        return status;
    }
    status = begin_call(turn, call, reterr);
    charge = call->charge;
    if (status == MW_EUNAVAILABLE) { /* else it does not wait */
        mwi_dispatch_drop(session, call, reterr);
        end_call(host, charge);
        return status;
    }
    mwi_running_add(&session->unanswered, call);
    call->turn = turn;
    hand_over_deferred(turn);
    mwi_turn_begin_run(turn, call->op);
    execute(session, call);
    mwi_turn_end_run(turn);
    answer(turn, call);
    close_call(session, call);
    end_call(host, charge);
    return MW_OK;
}

/* A call that need not wait for others of its operation, which are quick. */
static bool
may_run_here(const struct mwi_turn *turn, mw_call *call)
{
    const struct mwi_operation *op = call->op;

    return turn->may_run && !is_acknowledged(call) &&
           mwi_pace_is_quick(op->pace) &&
           (op->gate == NULL || mwi_gate_try(call));
}

mw_status
mwi_dispatch(struct mwi_turn *turn, mw_call *call, const struct mwi_message *m,
    struct mwi_reader *r, mw_error *reterr)
{
    return may_run_here(turn, call) ? run_here(turn, call, m, r, reterr)
                                    : run_elsewhere(turn, call, m, r, reterr);
}
