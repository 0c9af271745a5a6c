/* SPDX-License-Identifier: MIT */
/*
 * A client from opening to closing; connect.c is how its calls get their
 * connections.
 */
#include "mw/stub.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/thread.h"
#include "rpc/call.h"
#include "rpc/callee.h"
#include "rpc/client_parts.h"
#include "rpc/ctx.h"
#include "rpc/current.h"
#include "rpc/options.h"

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
    size_t n;

    mwi_lock(&client->mutex);
    n = client->n_links;
    mwi_unlock(&client->mutex);
    return n;
}

struct mwi_budget *
mwi_client_budget(mw_client *client)
{
    return &client->budget;
}

void
mwi_client_pause(mw_client *client, int64_t until)
{
    mwi_lock(&client->mutex);
    while (!client->is_closed && mwi_now() < until) {
        (void) mwi_cond_wait(&client->changed, &client->mutex, until);
    }
    mwi_unlock(&client->mutex);
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

/* For those who would rather know than wait. */
static const struct mwi_wish at_once = { .fail_fast = true };

static mw_status
connect_now(mw_client *client, mw_error *reterr)
{
    int64_t deadline = mwi_client_deadline(client, NULL, NULL, mwi_now());
    struct mwi_conn *conn;
    mw_status status =
        mwi_client_connect(client, &at_once, deadline, &conn, reterr);

    if (status == MW_OK) {
        mwi_conn_unref(conn);
    }
    return status;
}

static mw_status
set_addresses(mw_client *client, const char *addresses, mw_error *reterr)
{
    mw_status status;

    if (client->server != NULL) {
        /* It does not come back once it has stopped. */
        client->options.fail_fast = true;
        return mwi_endpoints_take_local(&client->endpoints, reterr);
    }
    if (addresses == NULL) {
        return mwi_fail(reterr, MW_EINVAL, "no address");
    }
    status = mwi_endpoints_take(&client->endpoints, addresses, reterr);
    if (status < 0 || !mwi_endpoints_need_tls(&client->endpoints)) {
        return status;
    }
    if (client->options.tls == NULL) {
        return mwi_fail(reterr, MW_EINVAL,
            "%s needs certificates: set .tls = MW_TLS(...)", addresses);
    }
    return mwi_tls_client_config(&client->tls, client->options.tls, reterr);
}

/* Room for as many links as there may be. */
static mw_status
make_links(mw_client *client, mw_error *reterr)
{
    size_t n = mwi_endpoints_max(&client->endpoints);

    client->links =
        mwi_calloc(n * client->options.connections, sizeof(client->links[0]));
    return client->links != NULL ? MW_OK : mwi_fail_nomem(reterr);
}

void
mwi_client_renew(mw_client *client)
{
    mwi_mutex_init(&client->mutex);
    mwi_cond_init(&client->changed);
    client->n_links = 0;
    mwi_endpoints_renew(&client->endpoints);
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
    if (status < 0) {
        mw_client_close(client);
        return status;
    }
    client->log = (struct mwi_log){
        .cb = client->options.log,
        .user = client->options.log_user,
        .level_max = client->options.log_level,
    };
    mwi_endpoints_init(&client->endpoints,
        &(struct mwi_backoff){
            .min_ms = client->options.reconnect_min_ms,
            .max_ms = client->options.reconnect_max_ms,
        },
        client->options.connections);
    *ret_client = client;
    return MW_OK;
}

/* addresses or server, the other is NULL. */
static mw_status
open_client(mw_client **ret_client, const char *addresses, mw_server *server,
    const mw_client_options *options, mw_error *reterr)
{
    mw_client *client;
    mw_status status = new_client(&client, options, reterr);

    if (status < 0) {
        return status;
    }
    client->server = server;
    status = set_addresses(client, addresses, reterr);
    if (status == MW_OK) {
        status = make_links(client, reterr);
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
give_up_links(mw_client *client)
{
    mwi_lock(&client->mutex);
    for (size_t i = 0; i < client->n_links; i++) {
        mwi_conn_unref(client->links[i].conn);
    }
    client->n_links = 0;
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
    give_up_links(client); /* of what was just being made when it was closed */
    mwi_callee_free(client->callee); /* whose calls hold connections */
    mwi_attend_fini(&client->life.attend);
    mwi_free(client->links);
    mwi_endpoints_fini(&client->endpoints);
    mwi_conn_unref(client->back);
    mwi_tls_config_free(client->tls);
    mwi_cond_fini(&client->changed);
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
    mwi_cond_broadcast(&client->changed);
    mwi_unlock(&client->mutex);
    give_up_links(client);
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
    if (!client->options.background || client->n_links > 0) {
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

mw_status
mw_client_peer(mw_client *client, mw_peer *ret_peer)
{
    mw_status status = MW_EUNAVAILABLE;
    struct mwi_conn *conn;

    mwi_client_enter(client);
    while (status < 0 && (conn = mwi_client_best_conn(client)) != NULL) {
        if (mwi_conn_is_usable(conn)) {
            *ret_peer = conn->peer;
            mwi_conn_unref(conn);
            status = MW_OK;
        } else {
            mwi_client_drop_conn(client, conn);
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
    status = mwi_client_connect(client, &at_once, deadline, &conn, reterr);
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
