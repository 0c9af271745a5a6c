/* SPDX-License-Identifier: MIT */
/*
 * The server's loop: one thread, the one in mw_server_run(), accepts and reads
 * all connections; workers run the handlers.
 *
 * Stopping is a flag and a wake of the poller, so a signal handler may do it.
 * The loop then drains: no new connections, a GOAWAY to each peer, refusals for
 * new calls, until the last accepted call has been answered and all answers
 * are written, or options.drain_ms have passed.
 */
#include <stdio.h>
#include <string.h>

#include "mw/stub.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/socket.h"
#include "rpc/local.h"
#include "rpc/options.h"
#include "rpc/session.h"

enum {
    EVENTS_MAX = 64,
    ACCEPTS_PER_TURN = 64,
    ACCEPT_PAUSE_MS = 100, /* after descriptors have run out */
    IDLE_THREAD_MS = 10000,
};

struct listener {
    struct mwi_watch watch;
    struct listener *next;              /* constant */
    struct mwi_listener *impl;          /* loop; NULL once closed */
    char address[MWI_ADDRESS_TEXT_MAX]; /* constant; with the actual port */
};

/* A stream of a local client that the loop has not yet taken up. */
struct arrival {
    struct mwi_list link;
    struct mwi_stream *stream;
};

enum phase { PHASE_NEW, PHASE_RUNNING, PHASE_STOPPED };

struct mw_server {
    struct mwi_host host;
    struct mwi_tls_config *tls; /* constant; NULL without tls:// */
    struct listener *listeners; /* constant */
    struct mwi_list sessions;   /* loop: all */
    struct mwi_list greeting;   /* loop: those that owe a HELLO, the one
                                   that must be quickest first */
    struct mwi_list ready;      /* loop: those that have more to do */
    size_t n_sessions;          /* loop */
    int64_t accept_again;       /* loop; MWI_FOREVER: not paused */
    atomic_bool stopping;       /* as asked by mw_server_stop() */
    struct mwi_mutex mutex;     /* nothing is locked inside it */
    struct mwi_list arrivals;   /* [mutex] */
    enum phase phase;           /* [mutex] */
};

/* Opening and closing. */

static mw_status
add_listener(mw_server *server, const char *text, size_t len, mw_error *reterr)
{
    struct mwi_address address;
    struct listener **last = &server->listeners;
    struct listener *listener;
    mw_status status = mwi_address_parse(&address, text, len, reterr);

    if (status < 0) {
        return status;
    }
    if (address.scheme == MWI_SCHEME_TLS && server->tls == NULL) {
        return mwi_fail(reterr, MW_EINVAL,
            "%.*s needs certificates: set .tls = MW_TLS(...)", (int) len, text);
    }
    listener = mwi_calloc(1, sizeof(*listener));
    if (listener == NULL) {
        return mwi_fail_nomem(reterr);
    }
    listener->watch.kind = MWI_WATCH_LISTENER;
    status = mwi_listener_open(&listener->impl, &address,
        address.scheme == MWI_SCHEME_TLS ? server->tls : NULL, reterr);
    if (status < 0) {
        mwi_free(listener);
        return status;
    }
    (void) snprintf(listener->address, sizeof(listener->address), "%s",
        mwi_listener_address(listener->impl));
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = listener;
    return MW_OK;
}

static mw_status
add_listeners(mw_server *server, const char *listen, mw_error *reterr)
{
    mw_status status = MW_OK;

    while (listen != NULL && status == MW_OK) {
        const char *comma = strchrnul(listen, ',');

        status =
            add_listener(server, listen, (size_t) (comma - listen), reterr);
        listen = *comma == '\0' ? NULL : comma + 1;
    }
    return status;
}

static void
close_listeners(mw_server *server)
{
    for (struct listener *l = server->listeners; l != NULL; l = l->next) {
        if (l->impl != NULL) {
            mwi_poller_remove(&server->host.poller, mwi_listener_fd(l->impl));
            mwi_listener_close(l->impl);
            l->impl = NULL;
        }
    }
}

static void
free_listeners(mw_server *server)
{
    close_listeners(server);
    while (server->listeners != NULL) {
        struct listener *next = server->listeners->next;

        mwi_free(server->listeners);
        server->listeners = next;
    }
}

static mw_status
open_server(mw_server *server, mw_error *reterr)
{
    const mw_server_options *options = &server->host.options;
    mw_status status = mwi_poller_init(&server->host.poller, reterr);

    if (status == MW_OK && options->tls != NULL) {
        status = mwi_tls_server_config(&server->tls, options->tls, reterr);
    }
    if (status == MW_OK) {
        status = add_listeners(server, options->listen, reterr);
    }
    /* Copied, as promised; what they point to is the caller's. */
    server->host.options.listen = NULL;
    server->host.options.tls = NULL;
    return status;
}

mw_status
mw_server_open(
    mw_server **ret_server, const mw_server_options *options, mw_error *reterr)
{
    mw_error error = { .status = MW_OK };
    mw_server *server = mwi_calloc(1, sizeof(*server));
    mw_status status;

    if (server == NULL) {
        return mwi_fail_nomem(reterr);
    }
    server->host.poller = (struct mwi_poller){ .epoll_fd = -1, .wake_fd = -1 };
    server->accept_again = MWI_FOREVER;
    mwi_mutex_init(&server->mutex);
    mwi_list_init(&server->sessions);
    mwi_list_init(&server->greeting);
    mwi_list_init(&server->ready);
    mwi_list_init(&server->arrivals);
    status = mwi_server_options_take(&server->host.options, options, &error);
    if (status == MW_OK) {
        server->host.log = (struct mwi_log){
            .cb = server->host.options.log,
            .user = server->host.options.log_user,
        };
        status = open_server(server, &error);
    }
    if (status < 0) {
        mw_server_close(server);
        if (reterr != NULL) {
            *reterr = error;
        }
        return status;
    }
    *ret_server = server;
    return MW_OK;
}

static void
drop_arrivals(mw_server *server)
{
    struct mwi_list *link;

    mwi_lock(&server->mutex);
    while ((link = mwi_list_pop(&server->arrivals)) != NULL) {
        struct arrival *arrival = MWI_CONTAINER(link, struct arrival, link);

        mwi_stream_close(arrival->stream);
        mwi_free(arrival);
    }
    mwi_unlock(&server->mutex);
}

void
mw_server_close(mw_server *server)
{
    if (server == NULL) {
        return;
    }
    mwi_pool_close(server->host.pool);
    drop_arrivals(server);
    free_listeners(server);
    mwi_tls_config_free(server->tls);
    mwi_registry_fini(&server->host.registry);
    mwi_poller_fini(&server->host.poller);
    mwi_mutex_fini(&server->mutex);
    mwi_free(server);
}

const char *
mw_server_address(const mw_server *server, size_t index)
{
    const struct listener *listener = server->listeners;

    while (listener != NULL && index > 0) {
        listener = listener->next;
        index--;
    }
    return listener != NULL ? listener->address : NULL;
}

mw_status
mw_stub_serve(
    mw_server *server, const mw_skeleton *skeleton, const void *ops, void *user)
{
    mw_status status = MW_EINVAL;

    mwi_lock(&server->mutex);
    if (server->phase == PHASE_NEW) {
        status = mwi_registry_add(&server->host.registry, skeleton, ops, user);
    }
    mwi_unlock(&server->mutex);
    return status;
}

void
mw_server_stop(mw_server *server)
{
    atomic_store(&server->stopping, true);
    mwi_poller_wake(&server->host.poller);
}

mw_status
mwi_server_connect(
    mw_server *server, struct mwi_stream **ret_stream, mw_error *reterr)
{
    struct mwi_stream *ends[2];
    struct arrival *arrival;
    mw_status status = mwi_stream_pair(ends, reterr);
    bool stopped;

    if (status < 0) {
        return status;
    }
    arrival = mwi_calloc(1, sizeof(*arrival));
    if (arrival == NULL) {
        mwi_stream_close(ends[0]);
        mwi_stream_close(ends[1]);
        return mwi_fail_nomem(reterr);
    }
    arrival->stream = ends[0];
    mwi_lock(&server->mutex);
    stopped = server->phase == PHASE_STOPPED;
    if (!stopped) {
        mwi_list_append(&server->arrivals, &arrival->link);
    }
    mwi_unlock(&server->mutex);
    if (stopped) {
        mwi_stream_close(ends[0]);
        mwi_stream_close(ends[1]);
        mwi_free(arrival);
        return mwi_fail(reterr, MW_EUNAVAILABLE, "the server has stopped");
    }
    mwi_poller_wake(&server->host.poller);
    *ret_stream = ends[1];
    return MW_OK;
}

/* The loop. */

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
    for (struct listener *l = server->listeners; l != NULL && l->impl != NULL;
         l = l->next) {
        mwi_poller_modify(
            &server->host.poller, mwi_listener_fd(l->impl), events, l);
    }
}

static void
accept_some(mw_server *server, struct listener *listener)
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
        struct arrival *arrival = MWI_CONTAINER(link, struct arrival, link);

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
        accept_some(server, MWI_CONTAINER(watch, struct listener, watch));
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
    close_listeners(server);
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

static mw_status
start(mw_server *server, mw_error *reterr)
{
    const mw_server_options *options = &server->host.options;
    const struct mwi_pool_limits limits = {
        .threads_min = options->threads_min,
        .threads_max = options->threads_max,
        .queue_max = options->queue_max,
        .idle_ms = IDLE_THREAD_MS,
    };
    mw_status status = mwi_pool_open(&server->host.pool, &limits, reterr);

    for (struct listener *l = server->listeners; l != NULL && status == MW_OK;
         l = l->next) {
        status = mwi_poller_add(&server->host.poller, mwi_listener_fd(l->impl),
            MWI_POLL_READ, l, reterr);
    }
    return status;
}

/* Returns whether the server was in the phase before. */
static bool
enter_phase(mw_server *server, enum phase before, enum phase phase)
{
    bool was;

    mwi_lock(&server->mutex);
    was = server->phase == before;
    server->phase = was ? phase : server->phase;
    mwi_unlock(&server->mutex);
    return was;
}

mw_status
mw_server_run(mw_server *server, mw_error *reterr)
{
    mw_status status;

    if (!enter_phase(server, PHASE_NEW, PHASE_RUNNING)) {
        return mwi_fail(reterr, MW_EINVAL, "the server has run already");
    }
    status = start(server, reterr);
    if (status == MW_OK) {
        mwi_log(&server->host.log, MW_LOG_INFO, "serving");
        while (!atomic_load(&server->stopping)) {
            turn(server, MWI_FOREVER);
        }
        status = drain(server, reterr);
    }
    (void) enter_phase(server, PHASE_RUNNING, PHASE_STOPPED);
    drop_arrivals(server);
    return status;
}
