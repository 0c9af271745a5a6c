/* SPDX-License-Identifier: MIT */
/*
 * The server's loop: one thread, the one in mw_server_run(), accepts and reads
 * all connections; workers run the handlers.
 *
 * Asked to stop, it drains: no new connections, a GOAWAY to each peer, refusals
 * for new calls, until the last accepted call has been answered and all answers
 * are written, or options.drain_ms have passed.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/server.h"

enum {
    EVENTS_MAX = 64,
    ACCEPTS_PER_TURN = 64,
    ACCEPT_PAUSE_MS = 100, /* after descriptors have run out */
};

void
mwi_server_close_listeners(mw_server *server)
{
    for (struct mwi_server_listener *l = server->listeners; l != NULL;
         l = l->next) {
        if (l->impl != NULL) {
            mwi_poller_remove(&server->host.poller, mwi_listener_fd(l->impl));
            mwi_listener_close(l->impl);
            l->impl = NULL;
        }
    }
}

static void
end_session(mw_server *server, struct mwi_session *session, const mw_error *why)
{
    mwi_log(&server->host.log,
        why->status == MW_OK ? MW_LOG_DEBUG : MW_LOG_WARN, "%s: %s",
        session->peer.address[0] != '\0' ? session->peer.address
                                         : "a new connection",
        why->text);
    mwi_session_close(session, why);
    mwi_list_remove(&session->link);
    mwi_list_remove(&session->greeting);
    mwi_list_remove(&session->turn);
    server->n_sessions--;
    mwi_session_unref(session);
}

static void
add_session(mw_server *server, struct mwi_stream *stream)
{
    mw_error error;
    struct mwi_session *session = NULL;
    uint32_t max = server->host.options.connections_max;

    if (server->n_sessions >= max) {
        mwi_fail(&error, MW_EEXHAUSTED,
            "refused a connection: there are %u already", max);
    } else {
        session = mwi_session_new(&server->host, stream, &error);
    }
    if (session == NULL) {
        mwi_log(&server->host.log, MW_LOG_WARN, "%s", error.text);
        mwi_stream_close(stream);
        return;
    }
    mwi_list_append(&server->sessions, &session->link);
    mwi_list_append(&server->greeting, &session->greeting);
    /* Without TLS the handshake is over, and our HELLO may go. */
    mwi_list_append(&server->ready, &session->turn);
    server->n_sessions++;
}

static void
watch_listeners(mw_server *server, uint32_t events)
{
    for (struct mwi_server_listener *l = server->listeners;
         l != NULL && l->impl != NULL; l = l->next) {
        mwi_poller_modify(
            &server->host.poller, mwi_listener_fd(l->impl), events, l);
    }
}

static void
accept_some(mw_server *server, struct mwi_server_listener *listener)
{
    for (size_t i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct mwi_stream *stream;
        mw_error error;

        switch (mwi_listener_accept(listener->impl, &stream, &error)) {
        case MWI_IO_DONE:
            add_session(server, stream);
            break;
        case MWI_IO_FAILED:
            mwi_log(&server->host.log, MW_LOG_ERROR, "cannot accept: %s",
                error.text);
            if (error.status == MW_EEXHAUSTED) {
                watch_listeners(server, 0);
                server->accept_again = mwi_deadline_in(ACCEPT_PAUSE_MS);
                return;
            }
            break;
        default:
            return;
        }
    }
}

static void
take_arrivals(mw_server *server)
{
    struct mwi_list arrivals;
    struct mwi_list *link;

    mwi_list_init(&arrivals);
    mwi_lock(&server->mutex);
    while ((link = mwi_list_pop(&server->arrivals)) != NULL) {
        mwi_list_append(&arrivals, link);
    }
    mwi_unlock(&server->mutex);
    while ((link = mwi_list_pop(&arrivals)) != NULL) {
        struct mwi_arrival *arrival =
            MWI_CONTAINER(link, struct mwi_arrival, link);

        add_session(server, arrival->stream);
        mwi_free(arrival);
    }
}

static void
advance_session(mw_server *server, struct mwi_session *session)
{
    mw_error why = { .status = MW_OK };
    enum mwi_session_state state = mwi_session_advance(session, &why);

    mwi_list_remove(&session->turn);
    if (state == MWI_SESSION_ENDED) {
        end_session(server, session, &why);
        return;
    }
    if (state == MWI_SESSION_MORE) {
        mwi_list_append(&server->ready, &session->turn);
    }
    if (session->has_hello) {
        mwi_list_remove(&session->greeting);
    }
}

/* Those that were ready when the turn began; each is taken out and, if it has
 * still more to do, queues again. */
static void
advance_ready(mw_server *server)
{
    struct mwi_list turn;
    struct mwi_list *link;

    mwi_list_init(&turn);
    while ((link = mwi_list_pop(&server->ready)) != NULL) {
        mwi_list_append(&turn, link);
    }
    while ((link = mwi_list_pop(&turn)) != NULL) {
        advance_session(server, MWI_CONTAINER(link, struct mwi_session, turn));
    }
}

/* All have the same time, so the list is in the order of the deadlines. */
static void
end_silent_sessions(mw_server *server)
{
    int64_t now = mwi_now();

    MWI_LIST_FOREACH(link, &server->greeting) {
        struct mwi_session *session =
            MWI_CONTAINER(link, struct mwi_session, greeting);
        mw_error why;

        if (session->hello_deadline > now) {
            return;
        }
        mwi_fail(&why, MW_ETIMEDOUT, "no HELLO within %u ms",
            server->host.options.handshake_ms);
        end_session(server, session, &why);
    }
}

/* Until when the loop may sleep. */
static int64_t
next_deadline(const mw_server *server, int64_t latest)
{
    int64_t deadline = latest;

    if (!mwi_list_is_empty(&server->ready)) {
        return 0;
    }
    if (!mwi_list_is_empty(&server->greeting)) {
        const struct mwi_session *oldest =
            MWI_CONTAINER(server->greeting.next, struct mwi_session, greeting);

        deadline = oldest->hello_deadline < deadline ? oldest->hello_deadline
                                                     : deadline;
    }
    return server->accept_again < deadline ? server->accept_again : deadline;
}

static void
on_event(mw_server *server, const struct mwi_poll_event *event)
{
    struct mwi_watch *watch = event->owner;

    if (watch == NULL) {
        take_arrivals(server);
    } else if (watch->kind == MWI_WATCH_LISTENER) {
        accept_some(
            server, MWI_CONTAINER(watch, struct mwi_server_listener, watch));
    } else {
        struct mwi_session *session =
            MWI_CONTAINER(watch, struct mwi_session, watch);

        /* Runs in its turn, after all events are taken: it may end then
         * without an event of this batch being left for it. */
        if (mwi_list_is_empty(&session->turn)) {
            mwi_list_append(&server->ready, &session->turn);
        }
    }
}

static void
turn(mw_server *server, int64_t latest)
{
    struct mwi_poll_event events[EVENTS_MAX];
    size_t n = mwi_poller_wait(&server->host.poller, events, EVENTS_MAX,
        next_deadline(server, latest));

    for (size_t i = 0; i < n; i++) {
        on_event(server, &events[i]);
    }
    advance_ready(server);
    end_silent_sessions(server);
    if (server->accept_again <= mwi_now()) {
        server->accept_again = MWI_FOREVER;
        watch_listeners(server, MWI_POLL_READ);
    }
}

static bool
is_drained(mw_server *server)
{
    if (atomic_load(&server->host.calls) > 0) {
        return false;
    }
    MWI_LIST_FOREACH(link, &server->sessions) {
        if (!mwi_session_is_flushed(
                MWI_CONTAINER(link, struct mwi_session, link))) {
            return false;
        }
    }
    return true;
}

static void
end_all_sessions(mw_server *server, const mw_error *why)
{
    MWI_LIST_FOREACH(link, &server->sessions) {
        end_session(server, MWI_CONTAINER(link, struct mwi_session, link), why);
    }
}

static mw_status
drain(mw_server *server, mw_error *reterr)
{
    static const mw_error stopped = {
        .status = MW_OK,
        .text = "closed, for the server is stopping",
    };
    int64_t deadline = mwi_deadline_in(server->host.options.drain_ms);
    uint64_t left;

    mwi_log(&server->host.log, MW_LOG_INFO, "stopping: %zu connections",
        server->n_sessions);
    mwi_server_close_listeners(server);
    atomic_store(&server->host.draining, true);
    MWI_LIST_FOREACH(link, &server->sessions) {
        mwi_session_send_goaway(MWI_CONTAINER(link, struct mwi_session, link),
            MW_EUNAVAILABLE, "the server is stopping");
    }
    while (!is_drained(server) && mwi_now() < deadline) {
        turn(server, deadline);
    }
    end_all_sessions(server, &stopped);
    left = atomic_load(&server->host.calls);
    if (left > 0) {
        return mwi_fail(reterr, MW_ETIMEDOUT,
            "%llu calls were still running after %u ms",
            (unsigned long long) left, server->host.options.drain_ms);
    }
    return MW_OK;
}

mw_status
mwi_server_loop(mw_server *server, mw_error *reterr)
{
    mwi_log(&server->host.log, MW_LOG_INFO, "serving");
    while (!atomic_load(&server->stopping)) {
        turn(server, MWI_FOREVER);
    }
    return drain(server, reterr);
}
