/* SPDX-License-Identifier: MIT */
/*
 * The happy path: find the operation, keep the message, submit it; in the pool
 * decode, run, answer.  A one-way call is decoded and acknowledged first, as a
 * server does it.
 */
#include "rpc/callee.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/call.h"
#include "rpc/running.h"
#include "wire/frame.h"

enum {
    THREADS_MIN = 1,
    IDLE_THREAD_MS = 10000,
    FLUSH_MS = 30000, /* until the server must have read an answer */
};

struct mwi_callee *
mwi_callee_new(const mw_client_options *options, mw_error *reterr)
{
    const struct mwi_pool_limits limits = {
        .threads_min = THREADS_MIN,
        .threads_max = options->threads_max,
        .queue_max = options->queue_max,
        .idle_ms = IDLE_THREAD_MS,
    };
    struct mwi_callee *callee = mwi_calloc(1, sizeof(*callee));

    if (callee == NULL) {
        mwi_fail_nomem(reterr);
        return NULL;
    }
    callee->options = options;
    callee->registry.waiting_max = options->queue_max;
    callee->log = (struct mwi_log){
        .cb = options->log,
        .user = options->log_user,
    };
    if (mwi_pool_open(&callee->pool, &limits, reterr) < 0) {
        mwi_free(callee);
        return NULL;
    }
    return callee;
}

void
mwi_callee_free(struct mwi_callee *callee)
{
    if (callee != NULL) {
        mwi_pool_close(callee->pool);
        mwi_registry_fini(&callee->registry);
        mwi_free(callee);
    }
}

static bool
is_one_way(const mw_call *call)
{
    return (call->op->method->flags & MW_METHOD_ONEWAY) != 0;
}

/* Failures of sending are found by the connection's reader. */

static void
send_frame(
    struct mwi_conn *conn, struct mwi_buf *frame, struct mwi_gather *gather)
{
    mw_error ignored;

    if (mwi_buf_len(frame) > 0) {
        (void) !mwi_channel_send_gathered(
            conn->channel, frame, gather, &ignored);
    }
}

static void
send_fail(struct mwi_conn *conn, uint64_t id, const mw_error *error)
{
    struct mwi_buf frame;

    mwi_buf_init(&frame, SIZE_MAX);
    mwi_call_make_fail(&frame, id, error, true, 0);
    send_frame(conn, &frame, NULL);
    mwi_buf_fini(&frame);
}

static void
send_ack(struct mwi_conn *conn, uint64_t id, bool started)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    mwi_buf_init(&frame, SIZE_MAX);
    if (mwi_frame_begin(&frame) == MW_OK) {
        mwi_writer_init(&w, &frame);
        mwi_ack_write(&w, id, started);
        mwi_frame_end(&frame);
        send_frame(conn, &frame, NULL);
    }
    mwi_buf_fini(&frame);
}

static void
send_started(mw_call *call)
{
    send_ack(call->owner, call->id, true);
}

static void
run_job(struct mwi_job *job)
{
    mw_call *call = MWI_CONTAINER(job, mw_call, job);
    struct mwi_conn *conn = call->owner;
    mw_error outcome;

    call->reply.max = mwi_conn_message_max(conn) + MWI_FRAME_HEAD_MAX;
    mwi_call_execute(call, &call->reply, &outcome);
    mwi_running_remove(call);
    send_frame(conn, &call->reply, &call->gather);
    /* The one who reads may be asleep, and not know of it. */
    (void) !mwi_conn_flush(conn, mwi_deadline_in(FLUSH_MS), &outcome);
    mwi_call_free(call);
    mwi_conn_unref(conn);
}

static mw_status
check_acceptable(const struct mwi_call_head *head, mw_error *reterr)
{
    if (head->has_unknown_meta || head->key.at != NULL ||
        head->mirror.version != 0) {
        return mwi_fail(reterr, MW_EUNIMPLEMENTED,
            "a client keeps neither mirrors nor the outcomes of calls");
    }
    if (head->has_bind || head->target.at == NULL) {
        return mwi_fail(
            reterr, MW_EEXHAUSTED, "a client binds no operations to numbers");
    }
    return MW_OK;
}

/* Decode what is acknowledged before it runs; keep the rest for later. */
static mw_status
keep(mw_call *call, struct mwi_conn *conn, const struct mwi_reader *r,
    mw_error *reterr)
{
    mwi_channel_take_apart(conn->channel, &call->apart);
    if (!mwi_call_keep_request(call, r->start, (size_t) (r->last - r->start))) {
        return mwi_fail_nomem(reterr);
    }
    return is_one_way(call) || call->ack != MWI_ACK_NONE
               ? mwi_call_decode(call, reterr)
               : MW_OK;
}

static struct mwi_conn *
back_of_conn(mw_call *call, mw_error *reterr)
{
    struct mwi_conn *conn = call->owner;

    (void) reterr;
    mwi_conn_ref(conn);
    return conn;
}

static mw_status
submit(struct mwi_callee *callee, mw_call *call, struct mwi_conn *conn,
    mw_error *reterr)
{
    mw_status status;

    call->job.run = run_job;
    call->owner = conn;
    call->back = back_of_conn;
    call->started = call->ack == MWI_ACK_STARTED ? send_started : NULL;
    mwi_conn_ref(conn);
    if (!is_one_way(call)) {
        mwi_running_add(&conn->calls, call);
    }
    status = mwi_pool_submit(callee->pool, &call->job);
    if (status < 0) {
        mwi_running_remove(call);
        mwi_conn_unref(conn); /* not the last one: the reader has one */
        return mwi_fail(reterr, status, "the client is full: %u calls run",
            callee->options->threads_max);
    }
    return MW_OK;
}

static mw_status
accept_call(struct mwi_callee *callee, struct mwi_conn *conn,
    const struct mwi_message *m, const struct mwi_reader *r, mw_error *reterr)
{
    const struct mwi_call_limits limits = {
        .memory_max = callee->options->memory_max,
        .depth_max = callee->options->depth_max,
    };
    const struct mwi_operation *op;
    mw_call *call;
    bool acknowledge;
    mw_status status = check_acceptable(&m->call, reterr);

    if (status < 0) {
        return status;
    }
    op = mwi_registry_find(
        &callee->registry, m->call.target.at, m->call.target.len, reterr);
    if (op == NULL) {
        return reterr->status;
    }
    call = mwi_call_open(NULL, op, m, &conn->peer, &limits);
    if (call == NULL) {
        return mwi_fail_nomem(reterr);
    }
    acknowledge = is_one_way(call) || call->ack != MWI_ACK_NONE;
    status = keep(call, conn, r, reterr);
    if (status == MW_OK) {
        status = submit(callee, call, conn, reterr);
    }
    if (status < 0) {
        mwi_call_free(call);
    } else if (acknowledge) {
        send_ack(conn, m->id, false);
    }
    return status;
}

void
mwi_callee_call(struct mwi_callee *callee, struct mwi_conn *conn,
    const struct mwi_message *m, const struct mwi_reader *r)
{
    mw_error error;

    if (accept_call(callee, conn, m, r, &error) < 0) {
        mwi_log(&callee->log, MW_LOG_DEBUG, "refused a call of the server: %s",
            error.text);
        send_fail(conn, m->id, &error);
    }
}
