/* SPDX-License-Identifier: MIT */
/*
 * A server from opening to closing; loop.c is what it does in between.
 *
 * Stopping is a flag and a wake of the poller, so a signal handler may do it.
 */
#include "rpc/server.h"

#include <stdio.h>
#include <string.h>

#include "mw/stub.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/socket.h"
#include "rpc/current.h"
#include "rpc/introspect.h"
#include "rpc/local.h"
#include "rpc/options.h"
#include "rpc/turn.h"

static mw_status
add_listener(mw_server *server, const char *text, size_t len, mw_error *reterr)
{
    struct mwi_address address;
    struct mwi_server_listener **last = &server->listeners;
    struct mwi_server_listener *listener;
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
    listener->is_tls = address.scheme == MWI_SCHEME_TLS;
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
free_listeners(mw_server *server)
{
    mwi_server_close_listeners(server);
    while (server->listeners != NULL) {
        struct mwi_server_listener *next = server->listeners->next;

        mwi_free(server->listeners);
        server->listeners = next;
    }
}

static mw_status
open_server(mw_server *server, mw_error *reterr)
{
    const mw_server_options *options = &server->host.options;
    const struct mwi_outcomes_limits outcomes = {
        .n_max = options->outcomes_max,
        .memory_max = options->outcomes_memory_max,
        .keep_ms = options->outcomes_ms,
    };
    mw_status status =
        mwi_outcomes_start(&server->host.outcomes, &outcomes, reterr);

    if (status == MW_OK) {
        status = mwi_poller_init(&server->host.poller, reterr);
    }
    if (status == MW_OK) {
        status = mwi_poller_init(&server->host.control, reterr);
    }
    if (status == MW_OK) {
        status = mwi_poller_add(&server->host.control,
            server->host.poller.epoll_fd, 0, &server->sessions_watch, reterr);
    }
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

static void
init_host(struct mwi_host *host)
{
    static const struct mwi_poller none = { -1, -1, -1 };

    host->poller = host->control = none;
    host->meter.opened_at = mwi_now();
    atomic_init(&host->health, MW_HEALTH_SERVING);
    mwi_roster_init(&host->roster);
    mwi_call_cache_init(&host->calls_ended);
    mwi_outcomes_init(&host->outcomes);
}

static void
drop_arrivals(mw_server *server)
{
    struct mwi_list *link;

    mwi_lock(&server->mutex);
    while ((link = mwi_list_pop(&server->arrivals)) != NULL) {
        struct mwi_arrival *arrival =
            MWI_CONTAINER(link, struct mwi_arrival, link);

        mwi_stream_close(arrival->stream);
        mwi_free(arrival);
    }
    mwi_unlock(&server->mutex);
}

/* Those that no thread of the pool has come to end since they were closed. */
static void
end_sessions(struct mwi_host *host)
{
    static const mw_error closed = { .text = "closed" };
    struct mwi_session *session;

    while ((session = mwi_roster_first(&host->roster)) != NULL) {
        mwi_session_end(session, &closed);
        mwi_session_unref(session);
    }
}

static void
free_server(mw_server *server)
{
    mwi_pool_close(server->host.pool);
    end_sessions(&server->host);
    drop_arrivals(server);
    free_listeners(server);
    mwi_tls_config_free(server->tls);
    mwi_registry_fini(&server->host.registry);
    mwi_call_cache_fini(&server->host.calls_ended);
    mwi_outcomes_fini(&server->host.outcomes);
    mwi_admission_fini(&server->host.admission);
    mwi_roster_fini(&server->host.roster);
    mwi_poller_fini(&server->host.control);
    mwi_poller_fini(&server->host.poller);
    mwi_mutex_fini(&server->mutex);
    mwi_free(server);
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
    init_host(&server->host);
    server->sessions_watch.kind = MWI_WATCH_SESSIONS;
    server->accept_again = server->look_again = MWI_FOREVER;
    server->upkeep_again = MWI_FOREVER;
    mwi_mutex_init(&server->mutex);
    mwi_list_init(&server->arrivals);
    status = mwi_server_options_take(&server->host.options, options, &error);
    mwi_admission_init(&server->host.admission, &server->host.options);
    if (status == MW_OK) {
        server->host.registry.waiting_max = server->host.options.waiting_max;
        server->host.log = (struct mwi_log){
            .cb = server->host.options.log,
            .user = server->host.options.log_user,
            .level_max = server->host.options.log_level,
        };
        status = open_server(server, &error);
    }
    if (status == MW_OK && !server->host.options.no_introspection) {
        status = mwi_introspect_serve(server, &error);
    }
    if (status < 0) {
        free_server(server);
        if (reterr != NULL) {
            *reterr = error;
        }
        return status;
    }
    *ret_server = server;
    return MW_OK;
}

static void *
free_apart(void *server)
{
    free_server(server);
    return NULL;
}

/* Whether it is for mw_server_run() to free it. */
static bool
leave_to_run(mw_server *server)
{
    bool runs;

    mwi_lock(&server->mutex);
    runs = server->phase == MWI_PHASE_RUNNING;
    server->is_closed = runs;
    mwi_unlock(&server->mutex);
    if (runs) {
        mw_server_stop(server);
    }
    return runs;
}

void
mw_server_close(mw_server *server)
{
    if (server == NULL || leave_to_run(server)) {
        return;
    }
    /* A handler cannot wait for its own thread; should there be no other, what
     * is left of the server stays. */
    if (mwi_call_current() != NULL) {
        (void) !mwi_thread_run(free_apart, server);
    } else {
        free_server(server);
    }
}

const char *
mw_server_address(const mw_server *server, size_t index)
{
    const struct mwi_server_listener *listener = server->listeners;

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
    if (server->phase == MWI_PHASE_NEW) {
        status = mwi_registry_add(&server->host.registry, skeleton, ops, user);
    }
    mwi_unlock(&server->mutex);
    return status;
}

void
mw_server_stop(mw_server *server)
{
    atomic_store(&server->stopping, true);
    mwi_poller_wake(&server->host.control);
}

mw_status
mwi_server_connect(
    mw_server *server, struct mwi_stream **ret_stream, mw_error *reterr)
{
    struct mwi_stream *ends[2];
    struct mwi_arrival *arrival;
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
    stopped = server->phase == MWI_PHASE_STOPPED;
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
    mwi_poller_wake(&server->host.control);
    *ret_stream = ends[1];
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
        .idle_ms = options->threads_idle_ms,
        .priority_threads = options->priority_threads,
        .priority_queue_max = options->priority_queue_max,
    };
    const struct mwi_source source = {
        .user = &server->host,
        .waiting_max = mwi_cpu_count() > 2 ? mwi_cpu_count() : 2,
        .wait = mwi_turn_await,
        .run = mwi_turn_run,
        .wake = mwi_turn_wake,
        .unattended = mwi_turn_unattended,
    };
    mw_status status = mwi_pool_open(&server->host.pool, &limits, reterr);

    if (status == MW_OK) {
        mwi_pool_attach(server->host.pool, &source);
        mwi_lock(&server->mutex);
        server->has_pool = true;
        mwi_unlock(&server->mutex);
    }
    for (struct mwi_server_listener *l = server->listeners;
         l != NULL && status == MW_OK; l = l->next) {
        status = mwi_poller_add(&server->host.control, mwi_listener_fd(l->impl),
            MWI_POLL_READ, l, reterr);
    }
    return status;
}

/* Returns whether the server was in the phase before. */
static bool
enter_phase(mw_server *server, enum mwi_phase before, enum mwi_phase phase)
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

    if (!enter_phase(server, MWI_PHASE_NEW, MWI_PHASE_RUNNING)) {
        return mwi_fail(reterr, MW_EINVAL, "the server has run already");
    }
    status = start(server, reterr);
    if (status == MW_OK) {
        status = mwi_server_loop(server, reterr);
    }
    (void) enter_phase(server, MWI_PHASE_RUNNING, MWI_PHASE_STOPPED);
    drop_arrivals(server);
    if (server->is_closed) { /* and nobody else uses it any more */
        free_server(server);
    }
    return status;
}
