/* SPDX-License-Identifier: MIT */
/*
 * The happy path: TLS handshake, HELLO both ways, then CALLs, each of which is
 * made into an mw_call and given to the pool; the worker runs it and sends the
 * reply on this session's channel.
 *
 * A call that cannot be accepted is answered with a FAIL and harms nothing
 * else.  A peer that breaks the protocol itself gets a GOAWAY with the reason
 * and is closed.
 */
#include "rpc/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "wire/frame.h"
#include "wire/message.h"

enum {
    MESSAGES_PER_TURN = 64,      /* before other sessions have their turn */
    BACKLOG_PAUSE = 1 << 20,     /* bytes unsent, above which we stop reading */
    BACKLOG_MAX_EXTRA = 4 << 20, /* bytes that may be unsent beyond two of the
                                    longest messages */
    BOUND_MAX = 4096,            /* operations bound to numbers */
    SMALL_FRAME_MAX = 1024,      /* of messages without arguments */
};

static void
on_want_write(struct mwi_channel *channel, bool wanted)
{
    struct mwi_session *session =
        MWI_CONTAINER(channel, struct mwi_session, channel);
    uint32_t events = wanted ? MWI_POLL_WRITE : 0;

    session->is_paused = session->is_paused && wanted;
    events |= session->is_paused ? 0 : MWI_POLL_READ;
    mwi_poller_modify(&session->host->poller, channel->fd, events, session);
}

static void
init_mirrors(struct mwi_session *session)
{
    struct mwi_host *host = session->host;
    struct mwi_mirror_limits limits = {
        .n_max = host->options.mirrors_max,
        .weight_max = host->options.mirror_memory_max,
        .total_max = host->options.mirrors_memory_max,
        .total = &host->mirror_bytes,
    };

    mwi_mirrors_init(&session->mirrors, &limits);
}

struct mwi_session *
mwi_session_new(
    struct mwi_host *host, struct mwi_stream *stream, mw_error *reterr)
{
    struct mwi_session *session = mwi_calloc(1, sizeof(*session));
    size_t message_max = host->options.message_max;

    if (session == NULL) {
        mwi_fail_nomem(reterr);
        return NULL;
    }
    session->watch.kind = MWI_WATCH_SESSION;
    session->host = host;
    session->hello_deadline = mwi_deadline_in(host->options.handshake_ms);
    atomic_init(&session->refs, 1);
    atomic_init(&session->message_max, MWI_MESSAGE_MIN);
    mwi_list_init(&session->link);
    mwi_list_init(&session->greeting);
    mwi_list_init(&session->turn);
    mwi_map_init(&session->bound);
    if (mwi_poller_add(&host->poller, mwi_stream_fd(stream), MWI_POLL_READ,
            session, reterr) < 0) {
        mwi_free(session);
        return NULL;
    }
    init_mirrors(session);
    mwi_channel_init(&session->channel, stream, message_max,
        2 * message_max + BACKLOG_MAX_EXTRA, on_want_write);
    return session;
}

void
mwi_session_ref(struct mwi_session *session)
{
    atomic_fetch_add(&session->refs, 1);
}

void
mwi_session_unref(struct mwi_session *session)
{
    if (atomic_fetch_sub(&session->refs, 1) == 1) {
        mwi_channel_fini(&session->channel);
        mwi_map_fini(&session->bound);
        mwi_mirrors_fini(&session->mirrors);
        mwi_free(session);
    }
}

/* Sending: a failure is found again by the loop, for it closes the channel. */

static void
send_frame(struct mwi_session *session, struct mwi_buf *frame)
{
    mw_error ignored;

    if (mwi_buf_len(frame) > 0) {
        (void) !mwi_channel_send(&session->channel, frame, &ignored);
    }
    mwi_buf_fini(frame);
}

/* For calls that were not accepted. */
static void
send_fail(struct mwi_session *session, uint64_t id, const mw_error *error)
{
    struct mwi_buf frame;

    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    mwi_call_make_fail(&frame, id, error, true);
    send_frame(session, &frame);
}

/* A message that is nothing but its head. */
static void
send_head(struct mwi_session *session, enum mwi_message_kind kind, uint64_t id)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    if (mwi_frame_begin(&frame) == MW_OK) {
        mwi_writer_init(&w, &frame);
        switch (kind) {
        case MWI_HELLO:
            mwi_hello_write(&w, session->host->options.message_max);
            break;
        case MWI_ACK:
            mwi_ack_write(&w, id);
            break;
        default:
            mwi_pong_write(&w, id);
            break;
        }
        mwi_frame_end(&frame);
    }
    send_frame(session, &frame);
}

void
mwi_session_send_goaway(
    struct mwi_session *session, mw_status status, const char *text)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    if (!session->is_open) {
        return;
    }
    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    if (mwi_frame_begin(&frame) == MW_OK) {
        mwi_writer_init(&w, &frame);
        mwi_goaway_write(&w, status, text);
        mwi_frame_end(&frame);
    }
    send_frame(session, &frame);
}

/* The counterpart of begin_call().  The last thing that is done of a call, for
 * the host may go once a draining server has no calls left. */
static void
end_call(struct mwi_host *host, size_t charge)
{
    atomic_fetch_sub(&host->call_bytes, charge);
    if (atomic_fetch_sub(&host->calls, 1) == 1 &&
        atomic_load(&host->draining)) {
        mwi_poller_wake(&host->poller);
    }
}

/* Runs on a worker. */
static void
run_call(struct mwi_job *job)
{
    mw_call *call = MWI_CONTAINER(job, mw_call, job);
    struct mwi_session *session = call->owner;
    struct mwi_host *host = session->host;
    size_t charge = call->charge;
    struct mwi_buf frame;
    mw_error outcome;

    mwi_buf_init(&frame,
        (size_t) atomic_load(&session->message_max) + MWI_FRAME_HEAD_MAX);
    mwi_call_execute(call, &frame, &outcome);
    if (outcome.status < 0) {
        /* A handler's own text may quote what it was passed. */
        mwi_log(&host->log, MW_LOG_DEBUG, "%s from %s: %s: %s",
            call->op->method->target, session->peer.address,
            mw_status_name(outcome.status),
            call->failure.status < 0 ? "the handler failed it" : outcome.text);
    }
    send_frame(session, &frame);
    mwi_call_free(call);
    mwi_session_unref(session);
    end_call(host, charge);
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
        return mwi_fail(reterr, MW_EUNAVAILABLE, "the server is stopping");
    }
    return MW_OK;
}

/* Room among the calls that are not answered yet; see end_call(). */
static mw_status
begin_call(struct mwi_host *host, mw_call *call, mw_error *reterr)
{
    uint64_t before;

    call->charge = call->request_len + call->arena.total + call->inout.total;
    before = atomic_fetch_add(&host->call_bytes, call->charge);
    atomic_fetch_add(&host->calls, 1);
    if (before > 0 && before + call->charge > host->options.queue_memory_max) {
        return mwi_fail(reterr, MW_EEXHAUSTED,
            "the server is full: the calls it has take %llu bytes",
            (unsigned long long) before);
    }
    return MW_OK;
}

/* From here on the call is the pool's. */
static mw_status
submit(struct mwi_session *session, mw_call *call, mw_error *reterr)
{
    struct mwi_host *host = session->host;
    mw_status status = begin_call(host, call, reterr);

    call->job.run = run_call;
    call->owner = session;
    mwi_session_ref(session);
    if (status == MW_OK) {
        status = mwi_pool_submit(host->pool, &call->job);
        if (status < 0) {
            mwi_fail(reterr, status,
                "the server is full: %u calls run and %u wait",
                host->options.threads_max, host->options.queue_max);
        }
    }
    if (status < 0) {
        end_call(host, call->charge);
        mwi_session_unref(session);
    }
    return status;
}

/* A one-way call is decoded before it is acknowledged, so that an ACK promises
 * that nothing but the handler itself can fail. */
static mw_status
accept_call(struct mwi_session *session, const struct mwi_message *m,
    const uint8_t *bytes, size_t len, mw_error *reterr)
{
    const mw_server_options *options = &session->host->options;
    const struct mwi_call_limits limits = {
        .memory_max = options->memory_max,
        .depth_max = options->depth_max,
    };
    const struct mwi_operation *op;
    bool one_way;
    mw_call *call;
    mw_status status = check_acceptable(session, &m->call, reterr);

    if (status < 0) {
        return status;
    }
    op = find_operation(session, &m->call, reterr);
    if (op == NULL) {
        return reterr->status;
    }
    one_way = (op->method->flags & MW_METHOD_ONEWAY) != 0;
    if (m->call.has_bind) {
        status = bind(session, m->call.bind, op, reterr);
        if (status < 0) {
            return status;
        }
    }
    call = mwi_call_new(op, m, bytes, len, &session->peer, &limits);
    if (call == NULL) {
        return mwi_fail_nomem(reterr);
    }
    call->mirror.kept = &session->mirrors;
    if (one_way) {
        status = mwi_call_decode(call, reterr);
    }
    if (status == MW_OK) {
        status = submit(session, call, reterr);
    }
    if (status < 0) {
        mwi_call_free(call);
        return status;
    }
    if (one_way) {
        send_head(session, MWI_ACK, m->id);
    }
    return MW_OK;
}

/* Each returns a negative status when the session must end. */

static mw_status
on_hello(
    struct mwi_session *session, const struct mwi_message *m, mw_error *ret_why)
{
    uint64_t message_max = m->message_max;

    if (m->version != MWI_WIRE_VERSION) {
        return mwi_fail(ret_why, MW_EUNIMPLEMENTED,
            "the peer speaks version %llu, this server version %d",
            (unsigned long long) m->version, (int) MWI_WIRE_VERSION);
    }
    session->has_hello = true;
    if (message_max > session->host->options.message_max) {
        /* Not more than we can keep when the peer reads slowly. */
        message_max = session->host->options.message_max;
    }
    if (message_max > MWI_MESSAGE_MIN) {
        atomic_store(&session->message_max, message_max);
    }
    return MW_OK;
}

static mw_status
on_message(struct mwi_session *session, const uint8_t *bytes, size_t len,
    mw_error *ret_why)
{
    struct mwi_reader r;
    struct mwi_message m;
    mw_error error;

    mwi_reader_init(&r, bytes, len, session->host->options.depth_max);
    mwi_message_read(&r, &m);
    if (!session->has_hello && m.kind != MWI_HELLO) {
        return mwi_fail(ret_why, MW_EPROTO, "the first message is no HELLO");
    }
    if (m.kind == MWI_CALL && m.id != 0 && !mwi_reader_ok(&r)) {
        send_fail(session, m.id, &r.error);
        return MW_OK;
    }
    if (!mwi_reader_ok(&r)) {
        return mwi_fail(
            ret_why, MW_EPROTO, "malformed message: %s", r.error.text);
    }
    switch (m.kind) {
    case MWI_HELLO:
        return on_hello(session, &m, ret_why);
    case MWI_CALL:
        if (accept_call(session, &m, bytes, len, &error) < 0) {
            mwi_log(&session->host->log, MW_LOG_DEBUG,
                "refused a call of %s: %s", session->peer.address, error.text);
            send_fail(session, m.id, &error);
        }
        return MW_OK;
    case MWI_PING:
        send_head(session, MWI_PONG, m.id);
        return MW_OK;
    case MWI_ACK:
    case MWI_REPLY:
    case MWI_FAIL:
    case MWI_PONG:
        return mwi_fail(ret_why, MW_EPROTO,
            "an answer to %llu, which was never asked",
            (unsigned long long) m.id);
    default: /* GOAWAY of a client that will soon close; what we do not know */
        return MW_OK;
    }
}

static enum mwi_session_state
end(struct mwi_session *session, const mw_error *why)
{
    if (why->status == MW_EPROTO || why->status == MW_EUNIMPLEMENTED) {
        mwi_session_send_goaway(session, why->status, why->text);
    }
    return MWI_SESSION_ENDED;
}

static enum mwi_session_state
handshake(struct mwi_session *session, mw_error *ret_why)
{
    switch (mwi_channel_handshake(&session->channel, ret_why)) {
    case MWI_IO_DONE:
        mwi_channel_peer(&session->channel, &session->peer);
        session->is_open = true;
        send_head(session, MWI_HELLO, 0);
        return MWI_SESSION_MORE;
    case MWI_IO_WANT_READ:
    case MWI_IO_WANT_WRITE:
        return MWI_SESSION_WAITS;
    case MWI_IO_CLOSED:
        mwi_fail(ret_why, MW_EUNAVAILABLE,
            "the peer closed the connection during the handshake");
        return MWI_SESSION_ENDED;
    case MWI_IO_FAILED:
        break;
    }
    return MWI_SESSION_ENDED;
}

/* Stop reading from a peer that does not read, until it has. */
static bool
must_pause(struct mwi_session *session)
{
    struct mwi_channel *channel = &session->channel;
    bool pause;

    mwi_lock(&channel->mutex);
    pause = mwi_buf_len(&channel->out) > BACKLOG_PAUSE;
    if (pause) {
        session->is_paused = true;
        on_want_write(channel, true);
    }
    mwi_unlock(&channel->mutex);
    return pause;
}

enum mwi_session_state
mwi_session_advance(struct mwi_session *session, mw_error *ret_why)
{
    struct mwi_channel *channel = &session->channel;
    const uint8_t *bytes;
    size_t len;
    enum mwi_io io;

    if (!session->is_open) {
        return handshake(session, ret_why);
    }
    if (mwi_channel_flush(channel, ret_why) == MWI_IO_FAILED) {
        return MWI_SESSION_ENDED;
    }
    for (size_t i = 0; i < MESSAGES_PER_TURN; i++) {
        if (must_pause(session)) {
            return MWI_SESSION_WAITS;
        }
        io = mwi_channel_next(channel, &bytes, &len, ret_why);
        if (io == MWI_IO_DONE) {
            if (on_message(session, bytes, len, ret_why) < 0) {
                return end(session, ret_why);
            }
            continue;
        }
        if (io == MWI_IO_WANT_READ) {
            io = mwi_channel_fill(channel, ret_why);
        }
        if (io == MWI_IO_CLOSED) {
            mwi_fail(ret_why, MW_OK, "the peer closed the connection");
            return MWI_SESSION_ENDED;
        }
        if (io == MWI_IO_FAILED) {
            return end(session, ret_why);
        }
        if (io != MWI_IO_DONE) {
            return MWI_SESSION_WAITS;
        }
    }
    return MWI_SESSION_MORE;
}

bool
mwi_session_is_flushed(struct mwi_session *session)
{
    bool flushed;

    mwi_lock(&session->channel.mutex);
    flushed = session->channel.closed || !session->channel.wants_write;
    mwi_unlock(&session->channel.mutex);
    return flushed;
}

void
mwi_session_close(struct mwi_session *session, const mw_error *why)
{
    /* In this order, for a worker changes what is polled for only while the
     * channel is open. */
    mwi_channel_close(&session->channel, why);
    mwi_poller_remove(&session->host->poller, session->channel.fd);
}
