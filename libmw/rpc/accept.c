/* SPDX-License-Identifier: MIT */
/*
 * The happy path: find the operation, make a call of it; if it has a key, see
 * whether it is to be run at all; ask what limits it; hand it to dispatch.
 *
 * Whoever refuses a call answers it here, at once.
 */
#include "rpc/accept.h"

#include "base/error.h"
#include "base/mem.h"
#include "rpc/dispatch.h"
#include "rpc/hooks.h"
#include "rpc/introspect.h"
#include "rpc/observe.h"
#include "rpc/replay.h"

enum {
    BOUND_MAX = 4096, /* operations bound to numbers */
};

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
check_meta(const struct mwi_call_head *head, mw_error *reterr)
{
    return head->has_unknown_meta
               ? mwi_fail(reterr, MW_EUNIMPLEMENTED,
                     "the server does not know meta key %llu",
                     (unsigned long long) head->unknown_meta)
               : MW_OK;
}

mw_status
mwi_accept_check_open(
    const struct mwi_session *session, const mw_call *call, mw_error *reterr)
{
    if (atomic_load(&session->is_leaving)) {
        return mwi_fail(reterr, MW_EUNAVAILABLE, "%s", mwi_session_idle);
    }
    /* What tells of the server does so to the last. */
    return atomic_load(&session->host->draining) &&
                   !mwi_introspect_has(call->op)
               ? mwi_fail(reterr, MW_EUNAVAILABLE, "%s", mwi_session_stopping)
               : MW_OK;
}

/* The handler may wait for its caller from now on. */
static struct mwi_conn *
back_of_session(mw_call *call, mw_error *reterr)
{
    if (call->turn != NULL) {
        mwi_turn_let_go(call->turn);
    }
    return mwi_session_back(call->owner, reterr);
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

/* Bytes of the frame that was read. */
static size_t
frame_len(struct mwi_channel *channel, const struct mwi_reader *r)
{
    size_t len =
        (size_t) (r->last - r->start) + mwi_channel_apart(channel)->len;

    return len + mwi_head_size(len);
}

/* A call of an operation. */
static mw_status
open_call(struct mwi_session *session, const struct mwi_operation *op,
    const struct mwi_message *m, const struct mwi_reader *r, mw_call **ret_call,
    mw_error *reterr)
{
    const mw_server_options *options = &session->host->options;
    const struct mwi_call_limits limits = {
        .memory_max = options->memory_max,
        .depth_max = options->depth_max,
    };
    mw_call *call;

    if (m->call.has_bind && bind(session, m->call.bind, op, reterr) < 0) {
        return reterr->status;
    }
    call = mwi_call_open(
        &session->host->calls_ended, op, m, &session->peer, &limits);
    if (call == NULL) {
        return mwi_fail_nomem(reterr);
    }
    call->owner = session;
    call->bytes_in = frame_len(&session->channel, r);
    call->back = back_of_session;
    call->mirror.kept = &session->mirrors;
    *ret_call = call;
    return MW_OK;
}

/* Whether it is to be run: a call with a key may have been.  What is refused
 * here for other reasons may have run, if it is a repeat. */
static mw_status
claim(struct mwi_turn *turn, mw_call *call, const struct mwi_message *m,
    struct mwi_reader *r, bool *ret_runs, bool *not_run, mw_error *reterr)
{
    bool has_key = m->call.key.at != NULL;
    mw_status status =
        join_request(&turn->session->channel, call, has_key, r, reterr);

    *ret_runs = true;
    if (status == MW_OK && has_key) {
        status = mwi_replay_claim(turn, call, m, r, ret_runs, reterr);
        *not_run |= status == MW_OK || status == MW_EINVAL;
    }
    return status;
}

static mw_status
admit(struct mwi_turn *turn, mw_call *call, mw_error *reterr)
{
    struct mwi_host *host = turn->session->host;
    const mw_server_hooks *hooks = host->options.hooks;
    mw_status status = mwi_accept_check_open(turn->session, call, reterr);

    if (status == MW_OK && hooks != NULL) {
        status = mwi_hooks_admit(hooks, call, reterr);
    }
    if (status == MW_OK && host->admission.is_limited) {
        status = mwi_admission_enter(turn, call, reterr);
    }
    return status;
}

/* *not_run: should it be refused, it has certainly not run. */
static mw_status
accept_call(struct mwi_turn *turn, const struct mwi_operation *op,
    const struct mwi_message *m, struct mwi_reader *r, bool *not_run,
    mw_error *reterr)
{
    struct mwi_session *session = turn->session;
    mw_call *call = NULL;
    bool runs;
    mw_status status = check_meta(&m->call, reterr);

    if (status == MW_OK) {
        status = open_call(session, op, m, r, &call, reterr);
    }
    if (status < 0) {
        return status;
    }
    status = claim(turn, call, m, r, &runs, not_run, reterr);
    if (status < 0 || !runs) {
        mwi_call_close(&session->host->calls_ended, call);
        return status;
    }
    status = admit(turn, call, reterr);
    if (status < 0) {
        mwi_dispatch_drop(session, call, reterr);
        return status;
    }
    return mwi_dispatch(turn, call, m, r, reterr);
}

static void
refuse(struct mwi_turn *turn, const struct mwi_operation *op,
    const struct mwi_message *m, bool not_run, const mw_error *why)
{
    struct mwi_session *session = turn->session;

    if (op != NULL) {
        mwi_meter_refuse(op->meter, why->status);
    } else {
        mwi_count(&session->host->meter.strange, 1);
    }
    mwi_log(&session->host->log, MW_LOG_DEBUG, "refused a call%s%s of %s: %s",
        op != NULL ? " to " : "", op != NULL ? op->method->target : "",
        session->peer.address, mwi_observe_text(why));
    mwi_session_put_fail(session, m->id, why, not_run, turn->retry_after_ms);
    turn->n_put++;
}

/* Written by who has the turn alone. */
static void
note_called(struct mwi_session *session)
{
    uint64_t n = atomic_load_explicit(&session->n_called, memory_order_relaxed);

    atomic_store_explicit(&session->n_called, n + 1, memory_order_relaxed);
}

void
mwi_accept_call(
    struct mwi_turn *turn, const struct mwi_message *m, struct mwi_reader *r)
{
    bool not_run = !m->call.is_repeat;
    mw_error error;
    const struct mwi_operation *op =
        find_operation(turn->session, &m->call, &error);

    turn->retry_after_ms = 0;
    note_called(turn->session);
    if (op == NULL || accept_call(turn, op, m, r, &not_run, &error) < 0) {
        refuse(turn, op, m, not_run, &error);
    }
}
