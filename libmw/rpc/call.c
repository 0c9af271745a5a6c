/* SPDX-License-Identifier: MIT */
/*
 * The happy path: decode the arguments, take a snapshot of what is inout, run
 * the handler, write results and deltas.  Whatever fails
 * on the way becomes a FAIL, which carries nothing of what the handler did.
 */
#include "rpc/call.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/args.h"
#include "rpc/current.h"
#include "rpc/results.h"
#include "rpc/trace.h"
#include "wire/frame.h"

enum {
    EXCEPTION_MAX = 1 << 20, /* bytes of an exception's FAIL */
    PATCH_ROOM = 4,          /* times the limit, while a reply is made */
    KEPT_BUF_MAX = 4096,     /* bytes of a buffer of a call that is kept */
    LITTLE = 16 << 10,       /* bytes of a call that was small */
    CACHE_MAX = 4 << 20,     /* bytes of all calls that are kept */
};

void
mwi_call_cache_init(struct mwi_call_cache *cache)
{
    mwi_mutex_init(&cache->mutex);
    mwi_list_init(&cache->calls);
    cache->bytes = 0;
}

void
mwi_call_cache_fini(struct mwi_call_cache *cache)
{
    struct mwi_list *link;

    while ((link = mwi_list_pop(&cache->calls)) != NULL) {
        mwi_call_free(MWI_CONTAINER(link, mw_call, job.link));
    }
    mwi_mutex_fini(&cache->mutex);
}

/* Bytes that a call without anything in it holds, about. */
static size_t
weight(const mw_call *call)
{
    return sizeof(*call) + call->arena.total + call->inout.total +
           call->request.cap + call->reply.cap + call->snapshot.cap;
}

void
mwi_call_cache_trim(struct mwi_call_cache *cache)
{
    struct mwi_list large;
    struct mwi_list *link;

    mwi_list_init(&large);
    mwi_lock(&cache->mutex);
    MWI_LIST_FOREACH(at, &cache->calls) {
        mw_call *call = MWI_CONTAINER(at, mw_call, job.link);

        if (weight(call) > LITTLE) {
            cache->bytes -= weight(call);
            mwi_list_remove(at);
            mwi_list_append(&large, at);
        }
    }
    mwi_unlock(&cache->mutex);
    while ((link = mwi_list_pop(&large)) != NULL) {
        mwi_call_free(MWI_CONTAINER(link, mw_call, job.link));
    }
}

/* A call with nothing in it, or NULL. */
static mw_call *
take_cached(struct mwi_call_cache *cache)
{
    struct mwi_list *link;
    mw_call *call = NULL;

    mwi_lock(&cache->mutex);
    link = mwi_list_pop(&cache->calls);
    if (link != NULL) {
        call = MWI_CONTAINER(link, mw_call, job.link);
        cache->bytes -= weight(call);
    }
    mwi_unlock(&cache->mutex);
    return call;
}

static uint8_t
ack_of(const struct mwi_message *head)
{
    return head->call.ack < MWI_ACK_STARTED ? (uint8_t) head->call.ack
                                            : MWI_ACK_STARTED;
}

/* All but the pieces of memory that a call may have from its last use. */
static void
init_call(mw_call *call, const struct mwi_operation *op,
    const struct mwi_message *head, const mw_peer *peer,
    const struct mwi_call_limits *limits)
{
    uint64_t timeout_ms = head->call.timeout_ms;
    const mw_call kept = *call;

    *call = (mw_call){
        .op = op,
        .peer = peer,
        .id = head->id,
        .deadline = timeout_ms >= UINT32_MAX
                        ? MWI_FOREVER
                        : mwi_deadline_in((uint32_t) timeout_ms),
        .full_values = head->call.full_values,
        .depth_max = limits->depth_max,
        .ack = ack_of(head),
        .cancel_fd = -1,
        .mirror = { .head = head->call.mirror },
        .arena = kept.arena,
        .inout = kept.inout,
        .request = kept.request,
        .reply = kept.reply,
        .snapshot = kept.snapshot,
    };
    mwi_list_init(&call->job.link);
    mwi_list_init(&call->among);
    call->arena.limit = call->inout.limit = limits->memory_max;
    mwi_buf_init(&call->exception, EXCEPTION_MAX);
    if (head->call.trace.at != NULL) {
        (void) mwi_trace_take(
            head->call.trace.at, head->call.trace.len, call->trace);
    }
}

mw_call *
mwi_call_open(struct mwi_call_cache *cache, const struct mwi_operation *op,
    const struct mwi_message *head, const mw_peer *peer,
    const struct mwi_call_limits *limits)
{
    mw_call *call = cache != NULL ? take_cached(cache) : NULL;

    if (call == NULL) {
        call = mwi_calloc(1, sizeof(*call));
        if (call == NULL) {
            return NULL;
        }
        mwi_buf_init(&call->request, SIZE_MAX);
        mwi_buf_init(&call->reply, SIZE_MAX);
    }
    init_call(call, op, head, peer, limits);
    return call;
}

bool
mwi_call_keep_request(mw_call *call, const uint8_t *message, size_t len)
{
    return mwi_buf_append(&call->request, message, len) == MW_OK;
}

mw_call *
mwi_call_new(const struct mwi_operation *op, const struct mwi_message *head,
    const uint8_t *message, size_t len, const mw_peer *peer,
    const struct mwi_call_limits *limits)
{
    mw_call *call = mwi_call_open(NULL, op, head, peer, limits);

    if (call != NULL && !mwi_call_keep_request(call, message, len)) {
        mwi_call_free(call);
        call = NULL;
    }
    return call;
}

/* What this use has added. */
static void
empty_call(mw_call *call)
{
    mwi_call_mirror_drop(call);
    mwi_apart_fini(&call->apart);
    mwi_buf_fini(&call->exception);
    mwi_gather_fini(&call->gather);
    mwi_nodes_fini(&call->nodes);
    mwi_free(call->released);
    if (call->cancel_fd >= 0) {
        (void) close(call->cancel_fd);
    }
}

void
mwi_call_free(mw_call *call)
{
    if (call == NULL) {
        return;
    }
    empty_call(call);
    mwi_snapshot_fini(&call->snapshot);
    mwi_buf_fini(&call->reply);
    mwi_buf_fini(&call->request);
    mwi_arena_fini(&call->inout);
    mwi_arena_fini(&call->arena);
    mwi_free(call);
}

/* An empty buffer, with its storage if that is small. */
static void
reset_buf(struct mwi_buf *buf)
{
    if (buf->cap > KEPT_BUF_MAX) {
        mwi_buf_fini(buf);
    }
    buf->start = buf->end = 0;
    buf->max = SIZE_MAX;
}

void
mwi_call_close(struct mwi_call_cache *cache, mw_call *call)
{
    bool has_room;

    empty_call(call);
    reset_buf(&call->reply);
    reset_buf(&call->request);
    mwi_snapshot_reset(&call->snapshot, MWI_ARENA_KEEP_MAX);
    mwi_arena_reset(&call->inout, SIZE_MAX);
    mwi_arena_reset(&call->arena, SIZE_MAX);
    /* Nothing that is not memory to be used again. */
    *call = (mw_call){
        .cancel_fd = -1,
        .arena = call->arena,
        .inout = call->inout,
        .request = call->request,
        .reply = call->reply,
        .snapshot = call->snapshot,
    };
    mwi_lock(&cache->mutex);
    has_room = cache->bytes + weight(call) <= CACHE_MAX;
    if (has_room) {
        mwi_list_push(&cache->calls, &call->job.link);
        cache->bytes += weight(call);
    }
    mwi_unlock(&cache->mutex);
    if (!has_room) {
        mwi_call_free(call);
    }
}

mw_status
mwi_call_decode_rest(mw_call *call, struct mwi_reader *r,
    const struct mwi_message *head, mw_error *reterr)
{
    mwi_args_read(r, call);
    if (mwi_message_finish(r, head) < 0) {
        *reterr = r->error;
        return r->error.status;
    }
    mwi_call_mirror_end_args(call);
    call->is_decoded = true;
    return MW_OK;
}

mw_status
mwi_call_decode(mw_call *call, mw_error *reterr)
{
    struct mwi_reader r;
    struct mwi_message head;

    if (call->is_decoded) {
        return MW_OK;
    }
    mwi_reader_init(&r, mwi_buf_bytes(&call->request),
        mwi_buf_len(&call->request), call->depth_max);
    mwi_reader_set_apart(&r, &call->apart);
    mwi_message_read(&r, &head);
    return mwi_call_decode_rest(call, &r, &head, reterr);
}

void
mwi_call_make_fail(struct mwi_buf *frame, uint64_t id, const mw_error *error,
    bool not_run, uint32_t retry_after_ms)
{
    struct mwi_writer w;

    mwi_buf_fini(frame);
    if (mwi_frame_begin(frame) < 0) {
        return;
    }
    mwi_writer_init(&w, frame);
    mwi_fail_write(&w, id, error->status, error->text, not_run, retry_after_ms);
    if (mwi_writer_ok(&w)) {
        mwi_frame_end(frame);
    } else {
        mwi_buf_fini(frame);
    }
}

/* A patch may for a while be longer than what takes its place in the end, so
 * the limit is checked behind it all. */
static mw_status
make_reply(mw_call *call, struct mwi_buf *frame, mw_error *reterr)
{
    struct mwi_writer w;
    size_t limit = frame->max;
    size_t len;

    frame->max = limit <= SIZE_MAX / PATCH_ROOM ? limit * PATCH_ROOM : SIZE_MAX;
    if (call->has_lost_release || mwi_frame_begin(frame) < 0) {
        return mwi_fail_nomem(reterr);
    }
    mwi_writer_init(&w, frame);
    /* A mirror follows by what the reply says; an outcome is kept. */
    w.gather = call->mirror.baseline == NULL && call->outcome == NULL
                   ? &call->gather
                   : NULL;
    mwi_reply_begin(&w, call->id);
    mwi_results_write(&w, call);
    if (!mwi_writer_ok(&w)) {
        /* What the handler left cannot be sent: that is the server's fault,
         * not the caller's. */
        mw_status status =
            w.error.status == MW_EINVAL ? MW_EINTERNAL : w.error.status;

        return mwi_fail(reterr, status, "in the results: %s", w.error.text);
    }
    len = mwi_gather_len(&call->gather, frame);
    if (len > limit) {
        return mwi_fail(reterr, MW_ERANGE,
            "the reply is %zu bytes long, the client takes %zu",
            len - MWI_FRAME_HEAD_MAX, limit - MWI_FRAME_HEAD_MAX);
    }
    mwi_frame_end_gathered(frame, &call->gather);
    frame->max = limit;
    return MW_OK;
}

static bool
has_inout(const mw_method *method)
{
    for (size_t i = 0; i < method->n_params; i++) {
        if (method->params[i].dir == MW_DIR_INOUT) {
            return true;
        }
    }
    return false;
}

bool
mwi_call_has_delta(const mw_call *call)
{
    return !call->full_values && has_inout(call->op->method);
}

static mw_status
run_handler(mw_call *call, mw_error *reterr)
{
    const struct mwi_operation *op = call->op;
    mw_call *before = mwi_call_enter(call);
    mw_status status = op->run(call, op->ops, call->args);

    mwi_call_leave(before);
    if (status == MW_OK) {
        return MW_OK;
    }
    if (status == call->failure.status) {
        *reterr = call->failure;
        return status;
    }
    if (status == MW_EEXCEPTION && mwi_buf_len(&call->exception) > 0) {
        return mwi_fail(reterr, status, "raised an exception");
    }
    if (status > 0 || status == MW_EEXCEPTION) {
        return mwi_fail(reterr, MW_EINTERNAL,
            "the handler returned %d, which is no failure", (int) status);
    }
    return mwi_fail(reterr, status, "%s", mw_status_text(status));
}

/* The FAIL that mw_call_raise() has made, if the peer takes so long a one. */
static mw_status
take_exception(mw_call *call, struct mwi_buf *frame, mw_error *reterr)
{
    size_t len = mwi_buf_len(&call->exception);

    if (mwi_buf_append(frame, mwi_buf_bytes(&call->exception), len) < 0) {
        return mwi_fail(reterr, MW_ERANGE,
            "the exception of %zu bytes cannot be sent", len);
    }
    return MW_OK;
}

/* The frame of a REPLY is made. */
static void
end_mirror(mw_call *call, const struct mwi_buf *reply)
{
    const uint8_t *bytes = mwi_buf_bytes(reply);
    struct mwi_frame frame;

    if (mwi_frame_parse(bytes, mwi_buf_len(reply), &frame) == MWI_FRAME_WHOLE) {
        mwi_call_mirror_end(call, bytes + frame.head, (size_t) frame.len);
    }
}

static bool
is_one_way(const mw_call *call)
{
    return (call->op->method->flags & MW_METHOD_ONEWAY) != 0;
}

mw_status
mwi_call_prepare(mw_call *call, mw_error *reterr)
{
    if (!is_one_way(call) && call->deadline <= mwi_now()) {
        return mwi_fail(reterr, MW_ETIMEDOUT,
            "the deadline passed before a thread was free to run the call");
    }
    if (atomic_load(&call->is_cancelled)) {
        return mwi_fail(reterr, MW_ECANCELLED,
            "the caller gave up before a thread was free to run the call");
    }
    if (mwi_call_decode(call, reterr) < 0) {
        return reterr->status;
    }
    if (mwi_call_has_delta(call) &&
        mwi_snapshot_retake(&call->snapshot, &call->inout) < 0) {
        return mwi_fail_nomem(reterr);
    }
    call->is_prepared = true;
    return MW_OK;
}

void
mwi_call_execute(
    mw_call *call, struct mwi_buf *ret_frame, mw_error *ret_outcome)
{
    mw_status status = MW_OK;

    mwi_error_clear(ret_outcome);
    if (!call->is_prepared) {
        status = mwi_call_prepare(call, ret_outcome);
    }
    if (call->is_prepared) {
        if (call->started != NULL) {
            call->started(call);
        }
        status = run_handler(call, ret_outcome);
    }
    if (is_one_way(call)) {
        return;
    }
    if (status == MW_OK) {
        status = make_reply(call, ret_frame, ret_outcome);
        if (status == MW_OK) {
            end_mirror(call, ret_frame);
            return;
        }
    }
    mwi_gather_fini(&call->gather);
    if (call->is_prepared) {
        mwi_call_mirror_end(call, NULL, 0);
    }
    if (status == MW_EEXCEPTION) {
        status = take_exception(call, ret_frame, ret_outcome);
    }
    if (status < 0) {
        mwi_call_make_fail(
            ret_frame, call->id, ret_outcome, !call->is_prepared, 0);
    }
}
