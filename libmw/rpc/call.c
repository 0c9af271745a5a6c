/* SPDX-License-Identifier: MIT */
/*
 * The happy path: decode the arguments, take a snapshot of what is inout, run
 * the handler, write results and deltas.  Whatever fails
 * on the way becomes a FAIL, which carries nothing of what the handler did.
 */
#include "rpc/call.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/args.h"
#include "rpc/results.h"
#include "wire/frame.h"

enum {
    EXCEPTION_MAX = 1 << 20, /* bytes of an exception's FAIL */
    PATCH_ROOM = 4,          /* times the limit, while a reply is made */
};

mw_call *
mwi_call_new(const struct mwi_operation *op, const struct mwi_message *head,
    const uint8_t *message, size_t len, const mw_peer *peer,
    const struct mwi_call_limits *limits)
{
    mw_call *call = mwi_malloc(sizeof(*call) + len);
    uint64_t timeout_ms = head->call.timeout_ms;

    if (call == NULL) {
        return NULL;
    }
    *call = (mw_call){
        .op = op,
        .peer = peer,
        .id = head->id,
        .deadline = timeout_ms >= UINT32_MAX
                        ? MWI_FOREVER
                        : mwi_deadline_in((uint32_t) timeout_ms),
        .full_values = head->call.full_values,
        .depth_max = limits->depth_max,
        .mirror = { .head = head->call.mirror },
        .request_len = len,
    };
    memcpy(call->request, message, len);
    mwi_list_init(&call->job.link);
    mwi_arena_init(&call->arena, limits->memory_max);
    mwi_arena_init(&call->inout, limits->memory_max);
    mwi_buf_init(&call->exception, EXCEPTION_MAX);
    return call;
}

void
mwi_call_free(mw_call *call)
{
    if (call == NULL) {
        return;
    }
    mwi_call_mirror_drop(call);
    mwi_buf_fini(&call->exception);
    mwi_snapshot_fini(&call->snapshot);
    mwi_nodes_fini(&call->nodes);
    mwi_free(call->released);
    mwi_arena_fini(&call->inout);
    mwi_arena_fini(&call->arena);
    mwi_free(call);
}

mw_status
mwi_call_decode(mw_call *call, mw_error *reterr)
{
    struct mwi_reader r;
    struct mwi_message head;

    if (call->is_decoded) {
        return MW_OK;
    }
    mwi_reader_init(&r, call->request, call->request_len, call->depth_max);
    mwi_message_read(&r, &head);
    mwi_args_read(&r, call);
    if (mwi_message_finish(&r, &head) < 0) {
        *reterr = r.error;
        return r.error.status;
    }
    mwi_call_mirror_end_args(call);
    call->is_decoded = true;
    return MW_OK;
}

void
mwi_call_make_fail(
    struct mwi_buf *frame, uint64_t id, const mw_error *error, bool not_run)
{
    struct mwi_writer w;

    mwi_buf_fini(frame);
    if (mwi_frame_begin(frame) < 0) {
        return;
    }
    mwi_writer_init(&w, frame);
    mwi_fail_write(&w, id, error->status, error->text, not_run);
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

    frame->max = limit <= SIZE_MAX / PATCH_ROOM ? limit * PATCH_ROOM : SIZE_MAX;
    if (call->has_lost_release || mwi_frame_begin(frame) < 0) {
        return mwi_fail_nomem(reterr);
    }
    mwi_writer_init(&w, frame);
    mwi_reply_begin(&w, call->id);
    mwi_results_write(&w, call);
    if (!mwi_writer_ok(&w)) {
        /* What the handler left cannot be sent: that is the server's fault,
         * not the caller's. */
        mw_status status =
            w.error.status == MW_EINVAL ? MW_EINTERNAL : w.error.status;

        return mwi_fail(reterr, status, "in the results: %s", w.error.text);
    }
    if (mwi_buf_len(frame) > limit) {
        return mwi_fail(reterr, MW_ERANGE,
            "the reply is %zu bytes long, the client takes %zu",
            mwi_buf_len(frame) - MWI_FRAME_HEAD_MAX,
            limit - MWI_FRAME_HEAD_MAX);
    }
    mwi_frame_end(frame);
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

static mw_status
run_handler(mw_call *call, mw_error *reterr)
{
    const struct mwi_operation *op = call->op;
    mw_status status = op->run(call, op->ops, call->args);

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

/* All that must go well before the handler may start. */
static mw_status
prepare(mw_call *call, bool one_way, mw_error *reterr)
{
    if (!one_way && call->deadline <= mwi_now()) {
        return mwi_fail(reterr, MW_ETIMEDOUT,
            "the deadline passed before a thread was free to run the call");
    }
    if (mwi_call_decode(call, reterr) < 0) {
        return reterr->status;
    }
    if (has_inout(call->op->method) && !call->full_values &&
        mwi_snapshot_take(&call->snapshot, &call->inout) < 0) {
        return mwi_fail_nomem(reterr);
    }
    return MW_OK;
}

void
mwi_call_execute(
    mw_call *call, struct mwi_buf *ret_frame, mw_error *ret_outcome)
{
    bool one_way = (call->op->method->flags & MW_METHOD_ONEWAY) != 0;
    bool prepared;
    mw_status status;

    mwi_error_clear(ret_outcome);
    status = prepare(call, one_way, ret_outcome);
    prepared = status == MW_OK;
    if (prepared) {
        status = run_handler(call, ret_outcome);
    }
    if (one_way) {
        return;
    }
    if (status == MW_OK) {
        status = make_reply(call, ret_frame, ret_outcome);
        if (status == MW_OK) {
            end_mirror(call, ret_frame);
            return;
        }
    }
    if (prepared) {
        mwi_call_mirror_end(call, NULL, 0);
    }
    if (status == MW_EEXCEPTION) {
        status = take_exception(call, ret_frame, ret_outcome);
    }
    if (status < 0) {
        mwi_call_make_fail(ret_frame, call->id, ret_outcome, !prepared);
    }
}
