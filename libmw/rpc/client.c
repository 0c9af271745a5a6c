/* SPDX-License-Identifier: MIT */
/*
 * A client has a slot for each connection that it may have.  A call goes to the
 * connection that the fewest calls are on, which its references tell: each call
 * holds one.  Is none idle, and there is a slot without a connection, the
 * call makes one.
 *
 * One thread at a time connects for a slot.  Others that have no connection at
 * all meanwhile wait for it.  If it fails, each of them tries in turn, until
 * its own deadline.
 */
#include "rpc/client.h"

#include <string.h>

#include "mw/stub.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/dial.h"
#include "rpc/call.h"
#include "rpc/callee.h"
#include "rpc/ctx.h"
#include "rpc/current.h"
#include "rpc/life.h"
#include "rpc/local.h"
#include "rpc/options.h"
#include "rpc/watch.h"

enum { MORE_AFTER_MS = 1000 }; /* not to try in vain at each call */

struct slot {
    struct mwi_conn *conn; /* NULL: none */
    bool is_connecting;    /* some thread is at it */
};

struct mw_client {
    mw_client_options options;  /* constant */
    struct mwi_log log;         /* constant */
    struct mwi_address address; /* constant; when server is NULL */
    struct mwi_tls_config *tls; /* constant; NULL without tls:// */
    mw_server *server;          /* constant; of a local client */
    struct mwi_conn *back;      /* constant; the only one of a client that a
                                   handler has opened */
    struct mwi_callee *callee;  /* constant once connected; what is offered to
                                   the server, or NULL */
    struct mwi_mutex mutex;     /* held for moments; before conn.mutex */
    struct mwi_cond connected;  /* with mutex: some is_connecting ended */
    struct slot *slots;         /* [mutex] options.connections of them */
    int64_t more_after;         /* [mutex] when connections beside one that
                                   works may be made again */
    struct mwi_client_meter meter; /* thread-safe */
    bool is_closed;                /* [mutex] */
    struct mwi_life life;          /* thread-safe */
};

const mw_client_options *
mwi_client_options(const mw_client *client)
{
    return &client->options;
}

struct mwi_life *
mwi_client_life(mw_client *client)
{
    return &client->life;
}

const struct mwi_log *
mwi_client_log(const mw_client *client)
{
    return &client->log;
}

struct mwi_client_meter *
mwi_client_meter(mw_client *client)
{
    return &client->meter;
}

size_t
mwi_client_n_connections(mw_client *client)
{
    size_t n = 0;

    mwi_lock(&client->mutex);
    for (size_t i = 0; i < client->options.connections; i++) {
        n += client->slots[i].conn != NULL;
    }
    mwi_unlock(&client->mutex);
    return n;
}

/* A call that a handler makes ends with the one that is handled. */
static int64_t
within_handled(const mw_ctx *ctx, int64_t deadline)
{
    const mw_call *handled = mwi_call_current();

    return handled != NULL && (ctx == NULL || !ctx->detached) &&
                   handled->deadline < deadline
               ? handled->deadline
               : deadline;
}

int64_t
mwi_client_deadline(const mw_client *client, const mw_ctx *ctx,
    const mw_method *method, int64_t began)
{
    uint32_t timeout_ms = client->options.timeout_ms;

    if (ctx != NULL && ctx->timeout_ms != 0) {
        timeout_ms = ctx->timeout_ms;
    } else if (method != NULL && method->timeout_ms != 0) {
        timeout_ms = method->timeout_ms;
    }
    return within_handled(ctx, mwi_deadline_after(began, timeout_ms));
}

static mw_status
dial(mw_client *client, int64_t deadline, struct mwi_stream **ret_stream,
    mw_error *reterr)
{
    if (client->server != NULL) {
        return mwi_server_connect(client->server, ret_stream, reterr);
    }
    return mwi_dial(
        ret_stream, &client->address, client->tls, deadline, reterr);
}

static mw_status
make_conn(mw_client *client, int64_t deadline, struct mwi_conn **ret_conn,
    mw_error *reterr)
{
    const struct mwi_conn_limits limits = {
        .no_spin = client->options.no_spin,
        .attends = client->options.background,
        .message_max = client->options.message_max,
        .depth_max = client->options.depth_max,
    };
    struct mwi_stream *stream;
    mw_status status = dial(client, deadline, &stream, reterr);

    if (status < 0) {
        mwi_count(&client->meter.not_made, 1);
        mwi_log(&client->log, MW_LOG_WARN, "cannot connect: %s", reterr->text);
        return status;
    }
    *ret_conn = mwi_conn_open(stream, &limits, client->callee, reterr);
    if (*ret_conn == NULL) {
        mwi_count(&client->meter.not_made, 1);
        return reterr->status;
    }
    mwi_count(&client->meter.made, 1);
    status = mwi_attend_add(&client->life.attend, *ret_conn, reterr);
    if (status < 0) {
        mwi_conn_unref(*ret_conn);
        *ret_conn = NULL;
        return status;
    }
    mwi_log(&client->log, MW_LOG_DEBUG, "connected to %s",
        (*ret_conn)->peer.address);
    return MW_OK;
}

/* The calls that a connection of a slot has; the slot has a reference, too. */
static uint32_t
n_calls(const struct mwi_conn *conn)
{
    return atomic_load(&conn->refs) - 1;
}

/* The one with a serial, or else with the fewest calls; NULL: there is none. */
static struct mwi_conn *
best_locked(const mw_client *client, uint64_t serial)
    MWI_REQUIRES(client->mutex)
{
    struct mwi_conn *best = NULL;

    for (size_t i = 0; i < client->options.connections; i++) {
        struct mwi_conn *conn = client->slots[i].conn;

        if (conn != NULL && conn->serial == serial) {
            return conn;
        }
        if (conn != NULL && (best == NULL || n_calls(conn) < n_calls(best))) {
            best = conn;
        }
    }
    return best;
}

static struct slot *
vacancy_locked(mw_client *client) MWI_REQUIRES(client->mutex)
{
    for (size_t i = 0; i < client->options.connections; i++) {
        struct slot *slot = &client->slots[i];

        if (slot->conn == NULL && !slot->is_connecting) {
            return slot;
        }
    }
    return NULL;
}

/* What a call gets: a connection, referenced; or a slot to connect for. */
struct choice {
    struct mwi_conn *conn;
    struct slot *slot;
    bool is_extra; /* there is a connection, though a busy one */
};

/* False: there is nothing but to wait for other threads to connect. */
static bool
choose_locked(mw_client *client, uint64_t serial, struct choice *ret_choice)
    MWI_REQUIRES(client->mutex)
{
    struct mwi_conn *best = best_locked(client, serial);
    struct slot *vacancy = vacancy_locked(client);

    *ret_choice = (struct choice){ .is_extra = best != NULL };
    if (best != NULL &&
        (vacancy == NULL || best->serial == serial || n_calls(best) == 0 ||
            mwi_now() < client->more_after)) {
        mwi_conn_ref(best);
        ret_choice->conn = best;
        return true;
    }
    if (vacancy != NULL) {
        vacancy->is_connecting = true;
        ret_choice->slot = vacancy;
    }
    return vacancy != NULL;
}

static mw_status
fail_closed(mw_error *reterr)
{
    return mwi_fail(reterr, MW_ECANCELLED, "the client was closed");
}

static mw_status
choose(mw_client *client, uint64_t serial, int64_t deadline,
    struct choice *ret_choice, mw_error *reterr)
{
    mw_status status = MW_OK;

    mwi_lock(&client->mutex);
    while (status == MW_OK && !client->is_closed &&
           !choose_locked(client, serial, ret_choice)) {
        if (!mwi_cond_wait(&client->connected, &client->mutex, deadline)) {
            status = mwi_fail(reterr, MW_ETIMEDOUT,
                "no connection in time: another thread was still at it");
        }
    }
    if (client->is_closed) {
        status = fail_closed(reterr);
    }
    mwi_unlock(&client->mutex);
    return status;
}

/* Connect for a slot that was chosen. */
static mw_status
connect_slot(mw_client *client, const struct choice *choice, int64_t deadline,
    struct mwi_conn **ret_conn, mw_error *reterr)
{
    struct mwi_conn *conn = NULL;
    int64_t now = mwi_now();
    mw_status status;

    if (choice->is_extra && deadline > now) {
        deadline -= (deadline - now) / 2; /* leave time to go on without */
    }
    status = make_conn(client, deadline, &conn, reterr);
    if (status == MW_OK && choice->is_extra) {
        /* A server that takes no more would keep the call waiting. */
        status = mwi_conn_wait_hello(conn, deadline, reterr);
    }
    if (status < 0) {
        mwi_conn_unref(conn);
    }
    mwi_lock(&client->mutex);
    choice->slot->is_connecting = false;
    if (status == MW_OK) {
        mwi_conn_ref(conn);
        choice->slot->conn = conn;
        *ret_conn = conn;
    } else if (client->is_closed) {
        status = fail_closed(reterr);
    } else {
        client->more_after = mwi_deadline_in(MORE_AFTER_MS);
    }
    mwi_cond_broadcast(&client->connected);
    mwi_unlock(&client->mutex);
    return status;
}

/* Have no new calls on a connection, to which the caller has a reference. */
static void
drop_conn(mw_client *client, struct mwi_conn *conn)
{
    mwi_lock(&client->mutex);
    for (size_t i = 0; i < client->options.connections; i++) {
        if (client->slots[i].conn == conn) {
            client->slots[i].conn = NULL;
            mwi_conn_unref(conn); /* not the last one */
        }
    }
    mwi_unlock(&client->mutex);
    mwi_conn_unref(conn);
}

/* There is one connection, and no other can be made. */
static mw_status
connect_back(mw_client *client, struct mwi_conn **ret_conn, mw_error *reterr)
{
    if (!mwi_conn_is_usable(client->back)) {
        return mwi_fail(
            reterr, MW_EUNAVAILABLE, "the caller's connection is lost");
    }
    mwi_conn_ref(client->back);
    *ret_conn = client->back;
    return MW_OK;
}

mw_status
mwi_client_connect(mw_client *client, uint64_t serial, int64_t deadline,
    struct mwi_conn **ret_conn, mw_error *reterr)
{
    if (client->back != NULL) {
        return connect_back(client, ret_conn, reterr);
    }
    for (;;) {
        struct choice choice;
        mw_status status = choose(client, serial, deadline, &choice, reterr);

        if (status < 0) {
            return status;
        }
        if (choice.slot != NULL) {
            status = connect_slot(client, &choice, deadline, ret_conn, reterr);
            if (status == MW_OK || !choice.is_extra) {
                return status;
            }
            continue; /* with what there is */
        }
        if (mwi_conn_is_usable(choice.conn)) {
            *ret_conn = choice.conn;
            return MW_OK;
        }
        mwi_log(&client->log, MW_LOG_DEBUG, "no more calls to %s",
            choice.conn->peer.address);
        drop_conn(client, choice.conn);
    }
}

/* Connect, and wait for the HELLO: only that shows that the server has
 * accepted our certificate, which TLS 1.3 does not tell. */
static mw_status
connect_now(mw_client *client, mw_error *reterr)
{
    int64_t deadline = mwi_client_deadline(client, NULL, NULL, mwi_now());
    struct mwi_conn *conn;
    mw_status status = mwi_client_connect(client, 0, deadline, &conn, reterr);

    if (status == MW_OK) {
        status = mwi_conn_wait_hello(conn, deadline, reterr);
        mwi_conn_unref(conn);
    }
    return status;
}

static mw_status
set_address(mw_client *client, const char *address, mw_error *reterr)
{
    mw_status status;

    if (address == NULL) {
        return mwi_fail(reterr, MW_EINVAL, "no address");
    }
    status =
        mwi_address_parse(&client->address, address, strlen(address), reterr);
    if (status < 0 || client->address.scheme != MWI_SCHEME_TLS) {
        return status;
    }
    if (client->options.tls == NULL) {
        return mwi_fail(reterr, MW_EINVAL,
            "%s needs certificates: set .tls = MW_TLS(...)", address);
    }
    return mwi_tls_client_config(&client->tls, client->options.tls, reterr);
}

static mw_status
make_slots(mw_client *client, mw_error *reterr)
{
    client->slots =
        mwi_calloc(client->options.connections, sizeof(client->slots[0]));
    return client->slots != NULL ? MW_OK : mwi_fail_nomem(reterr);
}

void
mwi_client_renew(mw_client *client)
{
    mwi_mutex_init(&client->mutex);
    mwi_cond_init(&client->connected);
    for (size_t i = 0; client->slots != NULL && i < client->options.connections;
         i++) {
        client->slots[i] = (struct slot){ .conn = NULL };
    }
}

/* Without a way to reach a server yet. */
static mw_status
new_client(
    mw_client **ret_client, const mw_client_options *options, mw_error *reterr)
{
    mw_client *client = mwi_calloc(1, sizeof(*client));
    mw_status status;

    if (client == NULL) {
        return mwi_fail_nomem(reterr);
    }
    mwi_client_renew(client);
    mwi_life_begin(&client->life);
    status = mwi_client_options_take(&client->options, options, reterr);
    if (status == MW_OK) {
        client->log = (struct mwi_log){
            .cb = client->options.log,
            .user = client->options.log_user,
            .level_max = client->options.log_level,
        };
        status = make_slots(client, reterr);
    }
    if (status < 0) {
        mw_client_close(client);
        return status;
    }
    *ret_client = client;
    return MW_OK;
}

/* address or server, the other is NULL. */
static mw_status
open_client(mw_client **ret_client, const char *address, mw_server *server,
    const mw_client_options *options, mw_error *reterr)
{
    mw_client *client;
    mw_status status = new_client(&client, options, reterr);

    if (status < 0) {
        return status;
    }
    client->server = server;
    if (server == NULL) {
        status = set_address(client, address, reterr);
    }
    client->options.tls = NULL; /* copied; the rest is the caller's */
    if (status == MW_OK && server == NULL && !client->options.lazy) {
        status = connect_now(client, reterr);
    }
    if (status == MW_OK && client->options.background) {
        status = mwi_life_start_thread(client, reterr);
    }
    if (status < 0) {
        mw_client_close(client);
        return status;
    }
    *ret_client = client;
    return MW_OK;
}

static mw_status
report(mw_status status, const mw_error *error, mw_error *reterr)
{
    if (status < 0 && reterr != NULL) {
        *reterr = *error;
    }
    return status;
}

mw_status
mw_client_open(mw_client **ret_client, const char *address,
    const mw_client_options *options, mw_error *reterr)
{
    mw_error error = { .status = MW_OK };

    return report(open_client(ret_client, address, NULL, options, &error),
        &error, reterr);
}

mw_status
mw_client_open_local(mw_client **ret_client, mw_server *server,
    const mw_client_options *options, mw_error *reterr)
{
    mw_error error = { .status = MW_OK };

    return report(
        open_client(ret_client, NULL, server, options, &error), &error, reterr);
}

/* The connections live on as long as there are calls on them. */
static void
give_up_slots(mw_client *client)
{
    mwi_lock(&client->mutex);
    for (size_t i = 0; client->slots != NULL && i < client->options.connections;
         i++) {
        mwi_conn_unref(client->slots[i].conn);
        client->slots[i].conn = NULL;
    }
    mwi_unlock(&client->mutex);
}

static void *
free_apart(void *arg)
{
    mw_client *client = arg;

    mwi_callee_free(client->callee);
    client->callee = NULL;
    mwi_client_free(client);
    return NULL;
}

void
mwi_client_free(mw_client *client)
{
    /* A handler of what the client offers cannot wait for its own thread;
     * should there be no other, what is left of the client stays. */
    if (client->callee != NULL && mwi_call_current() != NULL) {
        (void) !mwi_thread_run(free_apart, client);
        return;
    }
    give_up_slots(client); /* of what was just being made when it was closed */
    mwi_callee_free(client->callee); /* whose calls hold connections */
    mwi_attend_fini(&client->life.attend);
    mwi_free(client->slots);
    mwi_conn_unref(client->back);
    mwi_tls_config_free(client->tls);
    mwi_cond_fini(&client->connected);
    mwi_mutex_fini(&client->mutex);
    mwi_free(client);
}

void
mw_client_close(mw_client *client)
{
    if (client == NULL) {
        return;
    }
    mwi_client_enter(client); /* should this be a child of the process */
    mwi_lock(&client->mutex);
    client->is_closed = true;
    mwi_cond_broadcast(&client->connected);
    mwi_unlock(&client->mutex);
    give_up_slots(client);
    mwi_life_end(client);
    mwi_client_leave(client);
}

mw_status
mw_call_open_back(mw_call *call, mw_client **ret_client)
{
    const mw_client_options defaults = {
        .size = sizeof(defaults),
        .lazy = true,
    };
    mw_error error;
    struct mwi_conn *conn = call->back(call, &error);
    mw_client *client;

    if (conn == NULL) {
        return mw_call_fail(call, error.status, "%s", error.text);
    }
    if (new_client(&client, &defaults, &error) < 0) {
        mwi_conn_unref(conn);
        return mw_call_fail(call, error.status, "%s", error.text);
    }
    client->back = conn;
    *ret_client = client;
    return MW_OK;
}

mw_status
mw_stub_serve_back(
    mw_client *client, const mw_skeleton *skeleton, const void *ops, void *user)
{
    mw_status status = MW_EINVAL;
    mw_error ignored;

    mwi_lock(&client->mutex);
    if (!client->options.background || best_locked(client, 0) != NULL) {
        mwi_unlock(&client->mutex);
        return MW_EINVAL;
    }
    if (client->callee == NULL) {
        client->callee = mwi_callee_new(&client->options, &ignored);
    }
    status =
        client->callee == NULL
            ? MW_ENOMEM
            : mwi_registry_add(&client->callee->registry, skeleton, ops, user);
    mwi_unlock(&client->mutex);
    return status;
}

/* The connection with the fewest calls, referenced, or NULL. */
static struct mwi_conn *
best_conn(mw_client *client)
{
    struct mwi_conn *conn;

    mwi_lock(&client->mutex);
    conn = best_locked(client, 0);
    if (conn != NULL) {
        mwi_conn_ref(conn);
    }
    mwi_unlock(&client->mutex);
    return conn;
}

mw_status
mw_client_peer(mw_client *client, mw_peer *ret_peer)
{
    mw_status status = MW_EUNAVAILABLE;
    struct mwi_conn *conn;

    mwi_client_enter(client);
    while (status < 0 && (conn = best_conn(client)) != NULL) {
        if (mwi_conn_is_usable(conn)) {
            *ret_peer = conn->peer;
            mwi_conn_unref(conn);
            status = MW_OK;
        } else {
            drop_conn(client, conn);
        }
    }
    mwi_client_leave(client);
    return status;
}

static mw_status
ping(mw_client *client, int64_t deadline, mw_error *reterr)
{
    struct mwi_conn *conn;
    mw_status status;

    mwi_client_enter(client);
    status = mwi_client_connect(client, 0, deadline, &conn, reterr);
    if (status == MW_OK) {
        status = mwi_conn_ping(conn, deadline, reterr);
        mwi_conn_unref(conn);
    }
    mwi_client_leave(client);
    return status;
}

mw_status
mw_client_ping(mw_client *client, mw_ctx *ctx)
{
    mw_error error = { .status = MW_OK };
    mw_status status = mwi_ctx_begin(ctx);

    return status < 0
               ? status
               : mwi_ctx_end(ctx,
                     ping(client,
                         mwi_client_deadline(client, ctx, NULL, mwi_now()),
                         &error),
                     &error);
}
