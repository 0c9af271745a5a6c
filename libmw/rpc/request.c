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
#include "rpc/client.h"
#include "rpc/ctx.h"
#include "rpc/reply.h"
#include "wire/frame.h"

static bool
is_one_way(const struct mwi_request *q)
{
    return (q->method->flags & MW_METHOD_ONEWAY) != 0;
}

/* Two results cannot come back to one place. */
static mw_status
check_separate(const struct mwi_request *q, mw_error *reterr)
{
    const mw_param *params = q->method->params;

    for (size_t i = 0; i < q->method->n_params; i++) {
        uintptr_t at = (uintptr_t) q->args[i];

        for (size_t j = 0; j < i; j++) {
            uintptr_t other = (uintptr_t) q->args[j];

            if (params[i].dir != MW_DIR_IN && params[j].dir != MW_DIR_IN &&
                at < other + params[j].type->size &&
                other < at + params[i].type->size) {
                return mwi_fail(reterr, MW_EINVAL,
                    "arguments %s and %s share memory", params[j].name,
                    params[i].name);
            }
        }
    }
    return MW_OK;
}

/* Nor can a result come to where a node is that may change, too: what was two
 * things in the request would be one. */
static mw_status
check_apart_from(const struct mwi_request *q,
    const struct mwi_node_table *table, size_t param, mw_error *reterr)
{
    uintptr_t at = (uintptr_t) q->args[param];
    size_t size = q->method->params[param].type->size;

    for (size_t i = 0; i < table->n_inout; i++) {
        uintptr_t node = (uintptr_t) mwi_node_at(table, i);

        if (node < at + size && at < node + table->type->size) {
            return mwi_fail(reterr, MW_EINVAL,
                "argument %s is part of %s[%zu], a node that the call passes",
                q->method->params[param].name, table->type->name, i);
        }
    }
    return MW_OK;
}

static mw_status
check_apart_from_nodes(const struct mwi_request *q, mw_error *reterr)
{
    mw_status status = MW_OK;

    for (size_t i = 0; i < q->method->n_params; i++) {
        if (q->method->params[i].dir == MW_DIR_IN) {
            continue;
        }
        for (size_t t = 0; t < q->nodes.n_tables && status == MW_OK; t++) {
            status = check_apart_from(q, &q->nodes.tables[t], i, reterr);
        }
    }
    return status;
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
    };
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
    if (check_apart_from_nodes(q, reterr) < 0) {
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

static mw_status
take_fail(struct mwi_request *q, const struct mwi_message *m, mw_error *reterr)
{
    q->not_run = m->not_run;
    q->tries.retry_after_ms = m->retry_after_ms < UINT32_MAX
                                  ? (uint32_t) m->retry_after_ms
                                  : UINT32_MAX;
    q->tries.is_moved = m->not_run && mwi_conn_is_draining(q->conn);
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

/* Begin to read the answer. */
static mw_status
open_answer(struct mwi_request *q, struct mwi_reader *ret_reader,
    struct mwi_message *ret_message, mw_error *reterr)
{
    struct mwi_waiter *waiter = &q->waiter;
    uint32_t depth_max =
        mwi_client_options(q->client)->depth_max + MWI_DELTA_DEPTH_EXTRA;

    mwi_reader_init(ret_reader, waiter->answer, waiter->answer_len, depth_max);
    mwi_reader_set_apart(ret_reader, &waiter->apart);
    mwi_message_read(ret_reader, ret_message);
    if (waiter->apart.bytes != NULL && mwi_reader_ok(ret_reader) &&
        (ret_message->kind != MWI_REPLY || q->mirror.mirror != NULL)) {
        if (join_answer(waiter, reterr) < 0) {
            return reterr->status;
        }
        mwi_reader_init(
            ret_reader, waiter->answer, waiter->answer_len, depth_max);
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
        q->tries.n_sent++;
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
    *ret_request = (struct mwi_request){
        .client = client,
        .ctx = ctx,
        .method = method,
        .args = args,
        .deadline = mwi_client_deadline(client, ctx, method),
        .not_run = true,
    };
    return mwi_ctx_begin(ctx);
}

mw_status
mwi_request_send(struct mwi_request *q, mw_error *reterr)
{
    mw_status status = check_separate(q, reterr);
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
    mw_status status = mwi_conn_wait(q->conn, &q->waiter, q->deadline, reterr);

    if (status == MW_OK) {
        status = take_answer(q, reterr);
    } else {
        note_lost(q);
    }
    mwi_request_drop(q);
    return status;
}

void
mwi_request_drop(struct mwi_request *q)
{
    mwi_conn_end(q->conn, &q->waiter);
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
        (void) snprintf(
            tries, sizeof(tries), " (sent %u times)", q->tries.n_sent);
    }
    mwi_fail(error, status, "%s: %s%s", q->method->target, cause, tries);
    error->origin = origin;
    error->sys_errno = sys_errno;
}

void
mwi_request_free(struct mwi_request *q)
{
    mwi_mirror_end(&q->mirror, q->not_run, &q->nodes);
    mwi_nodes_fini(&q->nodes);
    mwi_bases_fini(&q->bases);
}

mw_status
mwi_request_end(struct mwi_request *q, mw_status status, mw_error *error)
{
    mwi_request_free(q);
    if (status == MW_OK) {
        mwi_budget_earn(mwi_client_budget(q->client));
    }
    if (status < 0) {
        name_call(q, status, error);
        q->stats = (mw_stats){ 0 };
    }
    if (q->ctx != NULL) {
        q->ctx->stats = q->stats;
        q->ctx->not_run = status < 0 && q->not_run && !q->tries.may_have_run;
        q->ctx->attempts = q->tries.n_sent;
        q->ctx->retry_after_ms = status < 0 ? q->tries.retry_after_ms : 0;
    }
    return mwi_ctx_end(q->ctx, status, error);
}
