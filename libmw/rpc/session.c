/* SPDX-License-Identifier: MIT */
/*
 * The happy path: TLS handshake, HELLO both ways, then CALLs (rpc/dispatch.h).
 *
 * A peer that breaks the protocol itself gets a GOAWAY with the reason and is
 * closed.
 */
#include "rpc/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/accept.h"
#include "rpc/enqueue.h"
#include "wire/frame.h"

enum {
    MESSAGES_PER_TURN = 64,      /* before others may have a turn */
    BACKLOG_MAX_EXTRA = 4 << 20, /* bytes that may be unsent beyond two of the
                                    longest messages */
    SMALL_FRAME_MAX = 1024,      /* of messages without arguments */
};

const char mwi_session_stopping[] = "the server is stopping";
const char mwi_session_idle[] = "the connection was idle for too long";

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

static struct mwi_session *
new_session(struct mwi_host *host, struct mwi_stream *stream)
{
    struct mwi_session *session = mwi_calloc(1, sizeof(*session));
    size_t message_max = host->options.message_max;

    if (session == NULL) {
        return NULL;
    }
    session->host = host;
    session->hello_deadline = mwi_deadline_in(host->options.handshake_ms);
    atomic_init(&session->refs, 1);
    atomic_init(&session->message_max, MWI_MESSAGE_MIN);
    mwi_list_init(&session->link);
    mwi_list_init(&session->greeting);
    mwi_list_init(&session->turn);
    mwi_list_init(&session->active);
    mwi_map_init(&session->bound);
    mwi_spin_init(&session->spin, host->options.no_spin);
    init_mirrors(session);
    mwi_running_init(&session->unanswered);
    mwi_mutex_init(&session->back_mutex);
    mwi_channel_init(&session->channel, stream, message_max,
        2 * message_max + BACKLOG_MAX_EXTRA, mwi_turn_want_write);
    session->channel.keeps_buffers = true;
    session->channel.splits = true;
    return session;
}

mw_status
mwi_session_open(struct mwi_host *host, struct mwi_stream *stream,
    bool may_write, mw_error *reterr)
{
    struct mwi_session *session = new_session(host, stream);
    uint32_t events = MWI_POLL_ONCE | MWI_POLL_READ;
    mw_status status;

    if (session == NULL) {
        mwi_stream_close(stream);
        return mwi_fail_nomem(reterr);
    }
    status = mwi_roster_add(
        &host->roster, session, host->options.connections_max, reterr);
    if (status == MW_OK) {
        mwi_count(&host->meter.accepted, 1);
        events |= may_write ? (uint32_t) MWI_POLL_WRITE : 0;
        /* It may have its first turn, and end, before this returns. */
        status = mwi_poller_add(&host->poller, session->channel.fd, events,
            mwi_session_owner(session), reterr);
        if (status < 0 && mwi_roster_remove(&host->roster, session)) {
            mwi_session_unref(session);
        }
    }
    mwi_session_unref(session);
    return status;
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
        mwi_admission_part(session);
        mwi_channel_fini(&session->channel);
        mwi_map_fini(&session->bound);
        mwi_mirrors_fini(&session->mirrors);
        mwi_running_fini(&session->unanswered);
        mwi_mutex_fini(&session->back_mutex);
        mwi_free(session);
    }
}

/* Sending: a failure closes the channel, and is found again by whoever reads
 * it. */

/* There was no memory to make a frame: a peer that waits for it would do so in
 * vain, and is told by the end of the connection. */
void
mwi_session_close_without_memory(struct mwi_session *session)
{
    mw_error why;

    (void) mwi_fail_nomem(&why);
    mwi_channel_close(&session->channel, &why);
}

static void
put_frame(struct mwi_session *session, struct mwi_buf *frame)
{
    mw_error ignored;

    if (mwi_buf_len(frame) > 0) {
        (void) !mwi_channel_put(&session->channel, frame, &ignored);
    } else {
        mwi_session_close_without_memory(session);
    }
    mwi_buf_fini(frame);
}

void
mwi_session_put_fail(struct mwi_session *session, uint64_t id,
    const mw_error *error, bool not_run, uint32_t retry_after_ms)
{
    struct mwi_buf frame;

    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    mwi_call_make_fail(&frame, id, error, not_run, retry_after_ms);
    put_frame(session, &frame);
}

void
mwi_session_put_head(
    struct mwi_session *session, enum mwi_message_kind kind, uint64_t id)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    if (mwi_frame_begin(&frame) == MW_OK) {
        mwi_writer_init(&w, &frame);
        switch (kind) {
        case MWI_HELLO:
            mwi_hello_write(&w, session->host->options.message_max, false,
                session->host->outcomes.instance);
            break;
        case MWI_ACK:
            mwi_ack_write(&w, id, false);
            break;
        case MWI_PING:
            mwi_ping_write(&w, id);
            break;
        default:
            mwi_pong_write(&w, id);
            break;
        }
        mwi_frame_end(&frame);
    }
    put_frame(session, &frame);
}

void
mwi_session_put_started(struct mwi_session *session, uint64_t id)
{
    struct mwi_buf frame;
    struct mwi_writer w;

    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    if (mwi_frame_begin(&frame) == MW_OK) {
        mwi_writer_init(&w, &frame);
        mwi_ack_write(&w, id, true);
        mwi_frame_end(&frame);
    }
    put_frame(session, &frame);
}

void
mwi_session_send_ping(struct mwi_session *session, uint64_t id)
{
    mw_error ignored;

    mwi_session_put_head(session, MWI_PING, id);
    (void) mwi_channel_flush(&session->channel, &ignored);
}

void
mwi_session_send_goaway(
    struct mwi_session *session, mw_status status, const char *text)
{
    struct mwi_buf frame;
    struct mwi_writer w;
    mw_error ignored;

    if (!atomic_load(&session->is_open)) {
        return;
    }
    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    if (mwi_frame_begin(&frame) == MW_OK) {
        mwi_writer_init(&w, &frame);
        mwi_goaway_write(&w, status, text);
        mwi_frame_end(&frame);
    }
    put_frame(session, &frame);
    (void) mwi_channel_flush(&session->channel, &ignored);
}

/* A handshake is over, for better or worse. */
static void
make_room(struct mwi_host *host)
{
    if (atomic_load(&host->wants_room)) {
        mwi_poller_wake(&host->control);
    }
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
    atomic_store(&session->attends, m->attends);
    mwi_roster_greeted(&session->host->roster, session);
    make_room(session->host);
    if (m->attends || session->host->options.idle_ms > 0) {
        mwi_upkeep_call(session->host);
    }
    if (message_max > session->host->options.message_max) {
        /* Not more than we can keep when the peer reads slowly. */
        message_max = session->host->options.message_max;
    }
    if (message_max > MWI_MESSAGE_MIN) {
        atomic_store(&session->message_max, message_max);
    }
    return MW_OK;
}

/* To a call of ours. */
static mw_status
on_answer(struct mwi_session *session, const struct mwi_message *m,
    const uint8_t *bytes, size_t len, mw_error *ret_why)
{
    struct mwi_conn *back;

    mwi_lock(&session->back_mutex);
    back = session->back; /* which stays until this session's turn ends it */
    mwi_unlock(&session->back_mutex);
    if (back == NULL) {
        return mwi_fail(ret_why, MW_EPROTO,
            "an answer to %llu, which was never asked",
            (unsigned long long) m->id);
    }
    return mwi_conn_answer(back, m, bytes, len, ret_why);
}

/* A PONG, of which it is enough that it has come. */
static bool
is_of_upkeep(struct mwi_session *session, const struct mwi_message *m)
{
    return m->kind == MWI_PONG && m->id >= MWI_UPKEEP_ID &&
           atomic_load(&session->attends);
}

static void
on_cancel(struct mwi_session *session, uint64_t id)
{
    const struct mwi_operation *op =
        mwi_running_cancel(&session->unanswered, id);

    if (op != NULL) {
        mwi_enqueue_clear(session->host, op->gate);
    }
}

static mw_status
on_message(
    struct mwi_turn *turn, const uint8_t *bytes, size_t len, mw_error *ret_why)
{
    struct mwi_session *session = turn->session;
    struct mwi_reader r;
    struct mwi_message m;

    mwi_reader_init(&r, bytes, len, session->host->options.depth_max);
    mwi_reader_set_apart(&r, mwi_channel_apart(&session->channel));
    mwi_message_read(&r, &m);
    if (!session->has_hello && m.kind != MWI_HELLO) {
        return mwi_fail(ret_why, MW_EPROTO, "the first message is no HELLO");
    }
    if (m.kind == MWI_CALL && m.id != 0 && !mwi_reader_ok(&r)) {
        mwi_count(&session->host->meter.strange, 1);
        mwi_session_put_fail(session, m.id, &r.error, !m.call.is_repeat, 0);
        turn->n_put++;
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
        mwi_accept_call(turn, &m, &r);
        return MW_OK;
    case MWI_CANCEL:
        on_cancel(session, m.id);
        return MW_OK;
    case MWI_PING:
        mwi_session_put_head(session, MWI_PONG, m.id);
        turn->n_put++;
        return MW_OK;
    case MWI_PONG:
    case MWI_ACK:
    case MWI_REPLY:
    case MWI_FAIL:
        return is_of_upkeep(session, &m)
                   ? MW_OK
                   : on_answer(session, &m, bytes, len, ret_why);
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

/* The loop tells all that are open; it may have missed this one.  Once the host
 * drains, not one call of it can have been accepted. */
static void
say_if_leaving(struct mwi_session *session)
{
    struct mwi_host *host = session->host;
    bool is_settled = atomic_load(&host->draining);

    if (is_settled || atomic_load(&host->leaving)) {
        mwi_session_send_goaway(session, is_settled ? MW_OK : MW_EUNAVAILABLE,
            mwi_session_stopping);
    }
}

static enum mwi_session_state
handshake(struct mwi_turn *turn, mw_error *ret_why)
{
    struct mwi_session *session = turn->session;

    switch (mwi_channel_handshake(&session->channel, ret_why)) {
    case MWI_IO_DONE:
        mwi_channel_peer(&session->channel, &session->peer);
        session->hello_at = mwi_now();
        if (mwi_admission_join(session, ret_why) < 0) {
            return MWI_SESSION_ENDED;
        }
        mwi_session_put_head(session, MWI_HELLO, 0);
        atomic_store(&session->is_open, true);
        turn->n_put++;
        mwi_log(&session->host->log, MW_LOG_DEBUG, "%s has connected",
            session->peer.address);
        say_if_leaving(session);
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

/* No whole message is there: read more.  DONE: look again. */
static enum mwi_io
fill(struct mwi_turn *turn, mw_error *ret_why)
{
    enum mwi_io io;

    if (mwi_turn_must_pause(turn)) {
        return MWI_IO_WANT_READ;
    }
    io = mwi_channel_fill(&turn->session->channel, ret_why);
    if (io == MWI_IO_CLOSED) {
        mwi_fail(ret_why, MW_OK, "the peer closed the connection");
    }
    return io;
}

enum mwi_session_state
mwi_session_advance(
    struct mwi_session *session, struct mwi_turn *turn, mw_error *ret_why)
{
    const uint8_t *bytes;
    size_t len;
    enum mwi_io io;

    if (!atomic_load(&session->is_open)) {
        return handshake(turn, ret_why);
    }
    for (size_t i = 0; i < MESSAGES_PER_TURN; i++) {
        io = mwi_channel_next(&session->channel, &bytes, &len, ret_why);
        if (io == MWI_IO_DONE) {
            turn->made_progress = true;
            if (on_message(turn, bytes, len, ret_why) < 0) {
                return end(session, ret_why);
            }
            if (turn->is_lost) {
                return MWI_SESSION_LOST;
            }
            continue;
        }
        if (io == MWI_IO_WANT_READ) {
            io = fill(turn, ret_why);
        }
        if (io == MWI_IO_CLOSED) {
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
    struct mwi_channel *channel = &session->channel;
    bool flushed;

    mwi_lock(&channel->mutex);
    flushed =
        channel->closed || (!channel->is_writing && !channel->wants_write &&
                               mwi_buf_len(&channel->out) == 0);
    mwi_unlock(&channel->mutex);
    return flushed;
}

static void
end_back(struct mwi_session *session, const mw_error *why)
{
    struct mwi_conn *back;
    mw_error error = *why;

    mwi_lock(&session->back_mutex);
    back = session->back;
    session->back = NULL;
    session->has_ended = true;
    mwi_unlock(&session->back_mutex);
    if (back != NULL) {
        if (error.status == MW_OK) {
            error.status = MW_EUNAVAILABLE;
        }
        mwi_conn_break(back, &error);
        mwi_conn_unref(back);
    }
}

static void
release_session(void *session)
{
    mwi_session_unref(session);
}

static struct mwi_conn *
make_back(struct mwi_session *session)
{
    const mw_server_options *options = &session->host->options;
    const struct mwi_conn_limits limits = {
        .no_spin = true,
        .message_max = options->message_max,
        .depth_max = options->depth_max,
    };
    struct mwi_conn *conn = mwi_conn_attach(&session->channel, &limits,
        atomic_load(&session->message_max), &session->peer, release_session,
        session);

    if (conn != NULL) {
        mwi_session_ref(session);
    }
    return conn;
}

struct mwi_conn *
mwi_session_back(struct mwi_session *session, mw_error *reterr)
{
    struct mwi_conn *conn;
    bool has_ended;

    mwi_lock(&session->back_mutex);
    has_ended = session->has_ended;
    if (session->back == NULL && !has_ended) {
        session->back = make_back(session);
    }
    conn = session->back;
    if (conn != NULL) {
        mwi_conn_ref(conn);
    }
    mwi_unlock(&session->back_mutex);
    if (has_ended) {
        mwi_fail(reterr, MW_EUNAVAILABLE, "the caller's connection is lost");
    } else if (conn == NULL) {
        mwi_fail_nomem(reterr);
    }
    return conn;
}

void
mwi_session_end(struct mwi_session *session, const mw_error *why)
{
    struct mwi_host *host = session->host;

    mwi_log(&host->log, why->status == MW_OK ? MW_LOG_DEBUG : MW_LOG_WARN,
        "%s: %s",
        session->peer.address[0] != '\0' ? session->peer.address
                                         : "a new connection",
        why->text);
    if (!session->has_hello && why->status < 0) {
        mwi_count(&host->meter.handshakes_failed, 1);
    }
    /* In this order, for a worker changes what is polled for only while the
     * channel is open. */
    mwi_channel_close(&session->channel, why);
    mwi_poller_remove(&host->poller, session->channel.fd);
    if (mwi_running_cancel_all(&session->unanswered) && host->pool != NULL) {
        mwi_enqueue_clear(host, NULL);
    }
    end_back(session, why);
    if (mwi_roster_remove(&host->roster, session)) {
        mwi_session_unref(session);
        make_room(host);
        if (atomic_load(&host->draining)) {
            mwi_poller_wake(&host->control);
        }
    }
}
