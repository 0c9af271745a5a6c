/* SPDX-License-Identifier: MIT */
/*
 * The server's loop: one thread, the one in mw_server_run(), which accepts
 * connections, ends those that are silent, and looks after the threads of the
 * pool, which do all the rest (rpc/turn.h).  Only while all of them are busy
 * with handlers does it read sessions, too, to queue calls and to refuse them.
 *
 * Asked to stop, it drains: no new connections, a GOAWAY to each peer, refusals
 * for new calls, until the last accepted call has been answered and all answers
 * are written, or options.drain_ms have passed.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/progress.h"
#include "rpc/server.h"
#include "rpc/turn.h"

enum {
    EVENTS_MAX = 64,
    ACCEPTS_PER_TURN = 64,
    ACCEPT_PAUSE_MS = 100, /* after descriptors have run out */
    SETTLE_MS = 1,         /* between looks whether all has been written */
};

void
mwi_server_close_listeners(mw_server *server)
{
    for (struct mwi_server_listener *l = server->listeners; l != NULL;
         l = l->next) {
        if (l->impl != NULL) {
            mwi_poller_remove(&server->host.control, mwi_listener_fd(l->impl));
            mwi_listener_close(l->impl);
            l->impl = NULL;
        }
    }
}

/* Accepting. */

/* Over TLS the peer speaks first; without, the handshake is over, and our HELLO
 * may go. */
static void
add_session(mw_server *server, struct mwi_stream *stream, bool may_write)
{
    const mw_server_options *options = &server->host.options;
    const struct mwi_keepalive keepalive = {
        .after_ms = options->keepalive_ms,
        .timeout_ms = options->keepalive_timeout_ms,
        .unread_ms = options->read_stall_ms,
    };
    mw_error error;

    mwi_keepalive_set(mwi_stream_fd(stream), &keepalive);
    if (mwi_session_open(&server->host, stream, may_write, &error) < 0) {
        mwi_count(&server->host.meter.refused, 1);
        mwi_log(&server->host.log, MW_LOG_WARN, "%s", error.text);
    }
}

static void
watch_listeners(mw_server *server, uint32_t events)
{
    for (struct mwi_server_listener *l = server->listeners;
         l != NULL && l->impl != NULL; l = l->next) {
        mwi_poller_modify(
            &server->host.control, mwi_listener_fd(l->impl), events, l);
    }
}

static bool
has_room(mw_server *server)
{
    return mwi_roster_count_greeting(&server->host.roster) <
           server->host.options.handshakes_max;
}

/* Too many connections are about to be: others wait until some are, or fail. */
static void
wait_for_room(mw_server *server)
{
    watch_listeners(server, 0);
    atomic_store(&server->host.wants_room, true);
}

static void
go_on_accepting(mw_server *server)
{
    if (atomic_load(&server->host.wants_room) && has_room(server)) {
        atomic_store(&server->host.wants_room, false);
        watch_listeners(server, MWI_POLL_READ);
    }
}

static void
accept_some(mw_server *server, struct mwi_server_listener *listener)
{
    for (size_t i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct mwi_stream *stream;
        mw_error error;

        if (!has_room(server)) {
            wait_for_room(server);
            return;
        }

        switch (mwi_listener_accept(listener->impl, &stream, &error)) {
        case MWI_IO_DONE:
            add_session(server, stream, !listener->is_tls);
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

        add_session(server, arrival->stream, true);
        mwi_free(arrival);
    }
}

/* Looking after the pool. */

/* Whether this thread, too, waits for events of the sessions. */
static void
set_helping(mw_server *server, bool helps)
{
    if (server->helps != helps) {
        server->helps = helps;
        mwi_poller_modify(&server->host.control, server->host.poller.epoll_fd,
            helps ? MWI_POLL_READ : 0, &server->sessions_watch);
    }
}

/* A thread of the pool is there again.  Should all leave from now on, we shall
 * be told anew; should they have left already, that is found out here. */
static void
stop_helping(mw_server *server)
{
    set_helping(server, false);
    atomic_store(&server->host.wants_help, false);
    mwi_pool_relieve(server->host.pool);
}

static void
help(mw_server *server)
{
    struct mwi_pool_stats stats;

    if (!mwi_turn_help(&server->host)) {
        /* There is a thread that it can wake; and not again us. */
        stop_helping(server);
        mwi_poller_wake(&server->host.poller);
        return;
    }
    mwi_pool_stats(server->host.pool, &stats);
    if (stats.waiting > 0) {
        stop_helping(server);
    }
}

static void
on_wake(mw_server *server)
{
    take_arrivals(server);
    if (atomic_load(&server->host.wants_help)) {
        set_helping(server, true);
    }
    if (atomic_load(&server->host.is_watched)) {
        server->look_again = mwi_turn_look_after(&server->host);
    }
    if (atomic_load(&server->host.upkeep_called)) {
        server->upkeep_again =
            mwi_upkeep_soon(&server->host, server->upkeep_again);
    }
}

static void
on_event(mw_server *server, const struct mwi_poll_event *event)
{
    struct mwi_watch *watch = event->owner;

    if (watch == NULL) {
        on_wake(server);
    } else if (watch->kind == MWI_WATCH_LISTENER) {
        accept_some(
            server, MWI_CONTAINER(watch, struct mwi_server_listener, watch));
    } else {
        help(server);
    }
}

/* Until when the loop may sleep. */
static int64_t
next_deadline(const mw_server *server, int64_t latest)
{
    int64_t deadline = latest;

    deadline = server->greet_again < deadline ? server->greet_again : deadline;
    deadline = server->look_again < deadline ? server->look_again : deadline;
    deadline =
        server->upkeep_again < deadline ? server->upkeep_again : deadline;
    return server->accept_again < deadline ? server->accept_again : deadline;
}

static void
turn(mw_server *server, int64_t latest)
{
    struct mwi_poll_event events[EVENTS_MAX];
    size_t n;
    int64_t now;

    server->greet_again = mwi_roster_close_silent(
        &server->host.roster, server->host.options.handshake_ms);
    n = mwi_poller_wait(&server->host.control, events, EVENTS_MAX,
        next_deadline(server, latest));
    for (size_t i = 0; i < n; i++) {
        on_event(server, &events[i]);
    }
    now = mwi_now();
    if (server->look_again <= now) {
        server->look_again = mwi_turn_look_after(&server->host);
    }
    if (server->upkeep_again <= now) {
        server->upkeep_again = mwi_upkeep_look(&server->host);
    }
    if (server->accept_again <= now) {
        server->accept_again = MWI_FOREVER;
        watch_listeners(server, MWI_POLL_READ);
    }
    go_on_accepting(server);
}

/* Stopping. */

static bool
is_drained(mw_server *server)
{
    struct mwi_roster *roster = &server->host.roster;
    bool drained = atomic_load(&server->host.calls) == 0;

    mwi_lock(&roster->mutex);
    MWI_LIST_FOREACH(link, &roster->sessions) {
        drained = drained && mwi_session_is_flushed(
                                 MWI_CONTAINER(link, struct mwi_session, link));
    }
    mwi_unlock(&roster->mutex);
    return drained;
}

static void
send_goaways(mw_server *server, mw_status status, const char *text)
{
    struct mwi_roster *roster = &server->host.roster;

    mwi_lock(&roster->mutex);
    MWI_LIST_FOREACH(link, &roster->sessions) {
        mwi_session_send_goaway(
            MWI_CONTAINER(link, struct mwi_session, link), status, text);
    }
    mwi_unlock(&roster->mutex);
}

/* The last word.  Another thread may be about to write it. */
static void
settle(mw_server *server, int64_t deadline)
{
    send_goaways(server, MW_OK, "all is answered");
    while (!is_drained(server) && mwi_now() < deadline) {
        int64_t look_again = mwi_deadline_in(SETTLE_MS);

        turn(server, look_again < deadline ? look_again : deadline);
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
    bool drained;

    mwi_log(&server->host.log, MW_LOG_INFO, "stopping: %zu connections",
        mwi_roster_count(&server->host.roster));
    mwi_server_close_listeners(server);
    /* In this order: no call is refused for this reason before its peer has
     * been told, so that it knows what to make of it. */
    atomic_store(&server->host.leaving, true);
    send_goaways(server, MW_EUNAVAILABLE, mwi_session_stopping);
    atomic_store(&server->host.draining, true);
    while (!(drained = is_drained(server)) && mwi_now() < deadline) {
        turn(server, deadline);
    }
    /* One that is just being refused is counted, too. */
    left = drained ? 0 : atomic_load(&server->host.calls);
    if (left == 0) {
        settle(server, deadline);
    }
    mwi_roster_close_all(&server->host.roster, &stopped);
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
