/* SPDX-License-Identifier: MIT */
/*
 * A call at the client: encode, send, wait, stage, commit.
 *
 * Until the commit, which cannot fail, nothing of the caller's has changed.
 * A request that cannot have reached the server is sent again here, on a new
 * connection; whoever waits for the answer may do so later, too (rpc/retry.h).
 */
#include "rpc/request.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/graph.h"
#include "delta/diff.h"
#include "rpc/args.h"
#include "rpc/call.h"
#include "rpc/client.h"
#include "rpc/ctx.h"
#include "rpc/current.h"
#include "rpc/life.h"
#include "rpc/reply.h"
#include "rpc/trace.h"
#include "rpc/watch.h"
#include "wire/frame.h"

static bool
is_one_way(const struct mwi_request *q)
{
    return (q->method->flags & MW_METHOD_ONEWAY) != 0;
}

/* For a caller that may change the arguments while the call is under way. */
static mw_status
take_bases(struct mwi_request *q)
{
    if (q->ctx == NULL || q->ctx->conflict == MW_CONFLICT_UNCHECKED) {
        return MW_OK;
    }
    mwi_bases_fini(&q->bases);
    return mwi_bases_take(
        &q->bases, q->method->params, q->args, q->method->n_params, &q->nodes);
}

static mw_status
write_request(struct mwi_request *q, struct mwi_buf *frame,
    struct mwi_gather *gather, mw_error *reterr)
{
    struct mwi_call_head head = {
        .timeout_ms =
            is_one_way(q) ? UINT64_MAX : mwi_deadline_left_ms(q->deadline),
        .full_values = q->ctx != NULL && q->ctx->full_values,
        .ack = q->waiter.wants_acks ? MWI_ACK_STARTED : MWI_ACK_NONE,
    };
    char trace[MW_TRACEPARENT_SIZE];
    struct mwi_writer w;

    if (mwi_frame_begin(frame) < 0) {
        return mwi_fail_nomem(reterr);
    }
    if (q->key.at != NULL &&
        mwi_key_apply(&q->key, q->conn, q->deadline, &head, reterr) < 0) {
        q->tries.fate = MWI_NOT_SENT;
        return reterr->status;
    }
    mwi_conn_name_target(q->conn, q->method, &head);
    mwi_mirror_try(&q->mirror, q->conn->serial);
    head.mirror = q->mirror.head;
    head.trace = mwi_trace_to_send(q->ctx, trace);
    mwi_writer_init(&w, frame);
    w.gather = gather;
    mwi_call_begin(&w, q->waiter.id, &head);
    /* A try before this one may have numbered them for another connection. */
    mwi_nodes_fini(&q->nodes);
    q->nodes.trust_unique = !mwi_client_options(q->client)->check_unique;
    q->nodes.check_unique = !q->nodes.trust_unique;
    mwi_args_write(&w, q->method, q->args, &q->nodes, &q->mirror);
    if (!mwi_writer_ok(&w)) {
        *reterr = w.error;
        return w.error.status;
    }
    if (mwi_request_check_apart(q, reterr) < 0) {
        return reterr->status;
    }
    if (take_bases(q) < 0) {
        return mwi_fail_nomem(reterr);
    }
    mwi_frame_end_gathered(frame, gather);
    return MW_OK;
}

/* A long request may have to wait for the HELLO, which says how long. */
static mw_status
check_length(const struct mwi_request *q, size_t len, mw_error *reterr)
{
    mw_status status = MW_OK;
    uint64_t max;

    if (len <= MWI_MESSAGE_MIN) {
        return MW_OK;
    }
    status = mwi_conn_wait_hello(q->conn, q->deadline, reterr);
    max = mwi_conn_message_max(q->conn);
    if (status == MW_OK && len > max) {
        status = mwi_fail(reterr, MW_ERANGE,
            "the request is %zu bytes long, the server takes %llu", len,
            (unsigned long long) max);
    }
    return status;
}

/* Reading the answer. */

static const mw_type *
find_exception(const mw_method *method, const struct mwi_text *name)
{
    for (size_t i = 0; i < method->n_raises; i++) {
        const char *raised = method->raises[i]->name;

        if (strlen(raised) == name->len &&
            memcmp(raised, name->at, name->len) == 0) {
            return method->raises[i];
        }
    }
    return NULL;
}

static mw_status
take_exception(
    struct mwi_request *q, const struct mwi_message *m, mw_error *reterr)
{
    struct mwi_place heap = {
        .budget = mwi_client_options(q->client)->memory_max,
    };
    const mw_type *type = find_exception(q->method, &m->exception);
    struct mwi_reader r;
    void *exception;

    mwi_fail(reterr, MW_EEXCEPTION, "raised %.*s", (int) m->exception.len,
        m->exception.at);
    reterr->origin = MW_ORIGIN_PEER;
    if (type == NULL || q->ctx == NULL) {
        return MW_EEXCEPTION;
    }
    exception = mwi_calloc(1, type->size);
    if (exception == NULL) {
        return mwi_fail_nomem(reterr);
    }
    mwi_reader_init(
        &r, m->value, m->value_len, mwi_client_options(q->client)->depth_max);
    mwi_decode_graph(&r, &heap, type, exception);
    if (mwi_reader_finish(&r) < 0) {
        mw_status status = r.error.status;

        mwi_clear(type, exception);
        mwi_free(exception);
        return mwi_fail(reterr, status == MW_EINVAL ? MW_EPROTO : status,
            "in the exception: %s", r.error.text);
    }
    mwi_ctx_set_exception(q->ctx, type, exception);
    return MW_EEXCEPTION;
}

static mw_call_state
state_after_fail(const struct mwi_message *m)
{
    if (!m->not_run) {
        return MW_CALL_DONE;
    }
    return m->status == MW_ETIMEDOUT ? MW_CALL_EXPIRED : MW_CALL_REFUSED;
}

static mw_status
take_fail(struct mwi_request *q, const struct mwi_message *m, mw_error *reterr)
{
    q->not_run = m->not_run;
    q->tries.retry_after_ms = m->retry_after_ms < UINT32_MAX
                                  ? (uint32_t) m->retry_after_ms
                                  : UINT32_MAX;
    q->tries.is_moved = m->not_run && mwi_conn_is_draining(q->conn);
    q->state = state_after_fail(m);
    if (!m->not_run) {
        mwi_mirror_follow(&q->mirror, NULL, 0, 0);
    }
    if (m->exception.at != NULL) {
        return take_exception(q, m, reterr);
    }
    mwi_fail(reterr, m->status, "%.*s", (int) m->text.len, m->text.at);
    reterr->origin = MW_ORIGIN_PEER;
    return m->status;
}

static mw_status
take_success(struct mwi_request *q, struct mwi_reader *r,
    const struct mwi_message *m, mw_error *reterr)
{
    const uint8_t *reply = is_one_way(q) ? NULL : r->start;
    size_t len = (size_t) (r->last - r->start);
    mw_status status = MW_OK;

    if (reply != NULL) {
        status = mwi_reply_take(q, r, m, reterr);
    }
    /* In a conflict only the caller's object stays behind. */
    if (status == MW_OK || status == MW_ECONFLICT) {
        mwi_mirror_follow(
            &q->mirror, reply, len, mwi_client_options(q->client)->memory_max);
    }
    return status;
}

/* Mirrors and exceptions are read from a message's bytes. */
static mw_status
join_answer(struct mwi_waiter *waiter, mw_error *reterr)
{
    struct mwi_buf whole;

    mwi_buf_init(&whole, SIZE_MAX);
    if (mwi_apart_join(
            &whole, waiter->answer, waiter->answer_len, &waiter->apart) < 0) {
        return mwi_fail_nomem(reterr);
    }
    mwi_apart_fini(&waiter->apart);
    mwi_buf_fini(&waiter->long_answer);
    waiter->long_answer = whole;
    waiter->answer = mwi_buf_bytes(&whole);
    waiter->answer_len = mwi_buf_len(&whole);
    return MW_OK;
}

static void
init_reader(struct mwi_request *q, struct mwi_reader *ret_reader)
{
    struct mwi_waiter *waiter = &q->waiter;

    mwi_reader_init(ret_reader, waiter->answer, waiter->answer_len,
        mwi_client_options(q->client)->depth_max + MWI_DELTA_DEPTH_EXTRA);
    mwi_reader_set_apart(ret_reader, &waiter->apart);
}

/* Begin to read the answer. */
static mw_status
open_answer(struct mwi_request *q, struct mwi_reader *ret_reader,
    struct mwi_message *ret_message, mw_error *reterr)
{
    struct mwi_waiter *waiter = &q->waiter;

    init_reader(q, ret_reader);
    mwi_message_read(ret_reader, ret_message);
    if (waiter->apart.bytes != NULL && mwi_reader_ok(ret_reader) &&
        (ret_message->kind != MWI_REPLY || q->mirror.mirror != NULL)) {
        if (join_answer(waiter, reterr) < 0) {
            return reterr->status;
        }
        init_reader(q, ret_reader);
        mwi_message_read(ret_reader, ret_message);
    }
    return MW_OK;
}

static mw_status
take_answer(struct mwi_request *q, mw_error *reterr)
{
    size_t len = q->waiter.answer_len + q->waiter.apart.len;
    struct mwi_reader r;
    struct mwi_message m;
    enum mwi_message_kind success = is_one_way(q) ? MWI_ACK : MWI_REPLY;

    q->tries.fate = MWI_ANSWERED;
    q->stats.bytes_received += len + mwi_head_size(len);
    if (open_answer(q, &r, &m, reterr) < 0) {
        return reterr->status;
    }
    if (m.kind == MWI_FAIL) {
        return mwi_reader_ok(&r) ? take_fail(q, &m, reterr)
                                 : mwi_fail(reterr, MW_EPROTO,
                                       "malformed FAIL: %s", r.error.text);
    }
    if (m.kind != (uint64_t) success) {
        return mwi_fail(reterr, MW_EPROTO, "the server answered %s with %s",
            q->method->target,
            m.kind == MWI_ACK     ? "an ACK alone"
            : m.kind == MWI_REPLY ? "a REPLY"
                                  : "a PONG");
    }
    q->state = is_one_way(q) ? MW_CALL_ACCEPTED : MW_CALL_DONE;
    mwi_conn_confirm_target(q->conn, q->method);
    return take_success(q, &r, &m, reterr);
}

/* Count a request, and what it would be with the mirrored argument whole. */
static void
count_sent(struct mwi_request *q, size_t len)
{
    uint64_t full = len;

    q->stats.bytes_sent += len;
    q->stats.deltas_sent = mwi_mirror_is_delta(&q->mirror);
    if (q->ctx == NULL || !q->ctx->measure) {
        return;
    }
    if (mwi_mirror_is_delta(&q->mirror)) {
        size_t param = (size_t) q->mirror.head.param;

        full -= q->mirror.sent;
        full += q->mirror.is_of_all
                    ? q->mirror.full
                    : mwi_encoded_size(&q->nodes, q->method->params[param].type,
                          q->args[param], SIZE_MAX);
    }
    q->stats.bytes_full_sent = full;
}

/* Encode it and send it on q->conn. */
static mw_status
encode_and_send(struct mwi_request *q, mw_error *reterr)
{
    struct mwi_gather gather;
    struct mwi_buf frame;
    bool is_sent = true;
    mw_status status;

    mwi_conn_take_buf(q->conn, &frame);
    mwi_gather_init(&gather);
    status = write_request(q, &frame, &gather, reterr);
    if (status == MW_OK) {
        size_t len = mwi_gather_len(&gather, &frame);

        count_sent(q, len);
        status = check_length(q, len, reterr);
    }
    if (status == MW_OK) {
        q->attempts++;
        status = mwi_conn_send(q->conn, &q->waiter, &frame, &gather,
            q->deadline, &is_sent, reterr);
        q->not_run = !is_sent;
        q->tries.fate = is_sent ? MWI_NO_ANSWER : MWI_NOT_SENT;
    }
    mwi_gather_fini(&gather);
    mwi_conn_return_buf(q->conn, &frame);
    return status;
}

/* There is no answer.  A server that has said that it has answered all that it
 * took has not taken this call: it may as well not have been sent. */
static void
note_lost(struct mwi_request *q)
{
    if (q->tries.fate == MWI_NO_ANSWER && mwi_conn_is_settled(q->conn)) {
        q->not_run = true;
        q->tries.fate = MWI_NOT_SENT;
    }
}

/* One try on one connection. */
static mw_status
try_to_send(struct mwi_request *q, mw_error *reterr)
{
    const struct mwi_wish wish = {
        .serial = mwi_mirror_serial(&q->mirror),
        .endpoint = q->tries.only,
        .avoid = q->tries.avoid,
        .fail_fast = mwi_client_options(q->client)->fail_fast,
    };
    mw_status status =
        mwi_client_connect(q->client, &wish, q->deadline, &q->conn, reterr);

    q->tries.fate = MWI_NOT_TRIED;
    if (status < 0) {
        return status;
    }
    status = mwi_conn_begin(q->conn, &q->waiter, reterr);
    if (status < 0) {
        mwi_conn_unref(q->conn);
        return status;
    }
    q->waiter.more = q->more;
    q->waiter.wants_acks = q->ctx != NULL && q->ctx->ack && !is_one_way(q);
    q->state = MW_CALL_NEW;
    q->tries.endpoint = q->conn->endpoint;
    status = encode_and_send(q, reterr);
    if (status < 0) {
        note_lost(q);
        mwi_request_drop(q);
    }
    return status;
}

mw_status
mwi_request_begin(struct mwi_request *ret_request, mw_client *client,
    mw_ctx *ctx, const mw_method *method, const void *const *args)
{
    mw_status status;

    *ret_request = (struct mwi_request){
        .client = client,
        .ctx = ctx,
        .method = method,
        .args = args,
        .began = mwi_now(),
        .not_run = true,
    };
    ret_request->deadline =
        mwi_client_deadline(client, ctx, method, ret_request->began);
    status = mwi_ctx_begin(ctx);
    if (status == MW_OK) {
        mwi_client_enter(client);
        mwi_watch_begin(ret_request);
    }
    return status;
}

/* The call that this thread handles, if it is one that may be cancelled. */
static mw_call *
handled_by(const struct mwi_request *q)
{
    mw_call *handled = mwi_call_current();

    return handled != NULL && handled->running != NULL &&
                   (q->ctx == NULL || !q->ctx->detached)
               ? handled
               : NULL;
}

static mw_status
check_wanted(const struct mwi_request *q, mw_error *reterr)
{
    const mw_call *handled = handled_by(q);

    return handled != NULL && atomic_load(&handled->is_cancelled)
               ? mwi_fail(reterr, MW_ECANCELLED,
                     "the call that is being handled was cancelled")
               : mwi_request_check_separate(q, reterr);
}

mw_status
mwi_request_send(struct mwi_request *q, mw_error *reterr)
{
    mw_status status = check_wanted(q, reterr);
    mw_stats before = q->stats;

    if (status == MW_OK) {
        status = mwi_key_take(&q->key, q->ctx, q->method, q->waits, reterr);
    }
    if (status < 0) {
        return status;
    }
    do {
        q->stats = before;
        status = try_to_send(q, reterr);
    } while (
        status < 0 && q->tries.fate == MWI_NOT_SENT && mwi_retry(q, status));
    return status;
}

mw_status
mwi_request_take(struct mwi_request *q, mw_error *reterr)
{
    mw_status status;

    q->waiter.handled = handled_by(q);
    status = mwi_conn_wait(q->conn, &q->waiter, q->deadline, reterr);

    if (status == MW_OK) {
        status = take_answer(q, reterr);
    } else {
        note_lost(q);
    }
    mwi_request_drop(q);
    return status;
}

mw_call_state
mwi_request_state(struct mwi_request *q)
{
    mw_call_state state = mwi_conn_state(q->conn, &q->waiter);
    struct mwi_reader r;
    struct mwi_message m;

    if (state != MW_CALL_DONE) {
        return q->deadline > mwi_now() ? state : MW_CALL_UNKNOWN;
    }
    if (q->waiter.answer == NULL) {
        return MW_CALL_UNKNOWN; /* there was no memory for it */
    }
    init_reader(q, &r);
    mwi_message_read(&r, &m);
    if (!mwi_reader_ok(&r)) {
        return MW_CALL_UNKNOWN;
    }
    return m.kind == MWI_FAIL ? state_after_fail(&m) : MW_CALL_DONE;
}

void
mwi_request_drop(struct mwi_request *q)
{
    bool is_expected = mwi_conn_end(q->conn, &q->waiter);

    /* Of a one-way call it may have been accepted, and then is not dropped. */
    if (is_expected && !q->not_run && !is_one_way(q)) {
        mwi_conn_cancel(q->conn, q->waiter.id);
    }
    mwi_conn_unref(q->conn);
}

/* The texts of the layers below do not know which call it was, nor how often
 * it was tried. */
static void
name_call(const struct mwi_request *q, mw_status status, mw_error *error)
{
    char cause[MW_ERROR_TEXT_MAX];
    char tries[32] = "";
    enum mw_origin origin = error->origin;
    int sys_errno = error->sys_errno;

    memcpy(cause, error->text, sizeof(cause));
    if (q->tries.n_again + q->tries.n_moved > 0) {
        (void) snprintf(tries, sizeof(tries), " (sent %u times)", q->attempts);
    }
    mwi_fail(error, status, "%s: %s%s", q->method->target, cause, tries);
    /* A refusal of the last sending is not how those before have ended. */
    error->origin =
        q->not_run && q->tries.may_have_run ? MW_ORIGIN_LOCAL : origin;
    error->sys_errno = sys_errno;
}

void
mwi_request_free(struct mwi_request *q)
{
    mwi_mirror_end(&q->mirror, q->not_run, &q->nodes);
    mwi_nodes_fini(&q->nodes);
    mwi_bases_fini(&q->bases);
    mwi_client_leave(q->client);
}

/* Without an answer that tells it. */
static mw_call_state
state_at_end(const struct mwi_request *q)
{
    bool was_refused =
        q->state == MW_CALL_REFUSED || q->state == MW_CALL_EXPIRED;

    if (was_refused && q->tries.may_have_run) {
        return MW_CALL_UNKNOWN; /* by a try before */
    }
    if (q->state != MW_CALL_NEW) {
        return q->state;
    }
    return q->not_run && !q->tries.may_have_run ? MW_CALL_REFUSED
                                                : MW_CALL_UNKNOWN;
}

mw_status
mwi_request_end(struct mwi_request *q, mw_status status, mw_error *error)
{
    if (status == MW_OK) {
        mwi_budget_earn(mwi_client_budget(q->client));
    }
    mwi_watch_end(q, status);
    mwi_request_free(q); /* and with it perhaps the client */
    if (status < 0) {
        name_call(q, status, error);
        q->stats = (mw_stats){ 0 };
    }
    if (q->ctx != NULL) {
        q->ctx->stats = q->stats;
        q->ctx->not_run = status < 0 && q->not_run && !q->tries.may_have_run;
        q->ctx->attempts = q->attempts;
        q->ctx->retry_after_ms = status < 0 ? q->tries.retry_after_ms : 0;
        q->ctx->state = state_at_end(q);
    }
    return mwi_ctx_end(q->ctx, status, error);
}
