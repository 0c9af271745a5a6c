/* SPDX-License-Identifier: MIT */
/*
 * A client from opening to closing; connect.c is how its calls get their
 * connections.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/call.h"
#include "rpc/client_parts.h"
#include "rpc/ctx.h"
#include "rpc/current.h"
#include "rpc/options.h"

const mw_client_options *
mwi_client_options(const mw_client *client)
{
    return &client->options;
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
    while (mwi_now() < until) {
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
mwi_client_deadline(
    const mw_client *client, const mw_ctx *ctx, const mw_method *method)
{
    uint32_t timeout_ms = client->options.timeout_ms;

    if (ctx != NULL && ctx->timeout_ms != 0) {
        timeout_ms = ctx->timeout_ms;
    } else if (method != NULL && method->timeout_ms != 0) {
        timeout_ms = method->timeout_ms;
    }
    return within_handled(ctx, mwi_deadline_in(timeout_ms));
}

/* For those who would rather know than wait. */
static const struct mwi_wish at_once = { .fail_fast = true };

static mw_status
connect_now(mw_client *client, mw_error *reterr)
{
    int64_t deadline = mwi_client_deadline(client, NULL, NULL);
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

static mw_status
set_up(mw_client *client, const char *addresses,
    const mw_client_options *options, mw_error *reterr)
{
    struct mwi_backoff backoff;
    mw_status status =
        mwi_client_options_take(&client->options, options, reterr);

    if (status < 0) {
        return status;
    }
    backoff = (struct mwi_backoff){
        .min_ms = client->options.reconnect_min_ms,
        .max_ms = client->options.reconnect_max_ms,
    };
    client->log = (struct mwi_log){
        .cb = client->options.log,
        .user = client->options.log_user,
    };
    mwi_endpoints_init(
        &client->endpoints, &backoff, client->options.connections);
    status = set_addresses(client, addresses, reterr);
    if (status == MW_OK) {
        status = make_links(client, reterr);
    }
    client->options.tls = NULL; /* copied; the rest is the caller's */
    return status;
}

/* addresses or server, the other is NULL. */
static mw_status
open_client(mw_client **ret_client, const char *addresses, mw_server *server,
    const mw_client_options *options, mw_error *reterr)
{
    mw_client *client = mwi_calloc(1, sizeof(*client));
    mw_status status;

    if (client == NULL) {
        return mwi_fail_nomem(reterr);
    }
    mwi_mutex_init(&client->mutex);
    mwi_cond_init(&client->changed);
    client->server = server;
    status = set_up(client, addresses, options, reterr);
    if (status == MW_OK && server == NULL && !client->options.lazy) {
        status = connect_now(client, reterr);
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

void
mw_client_close(mw_client *client)
{
    if (client == NULL) {
        return;
    }
    for (size_t i = 0; i < client->n_links; i++) {
        mwi_conn_unref(client->links[i].conn);
    }
    mwi_free(client->links);
    mwi_endpoints_fini(&client->endpoints);
    mwi_tls_config_free(client->tls);
    mwi_cond_fini(&client->changed);
    mwi_mutex_fini(&client->mutex);
    mwi_free(client);
}

mw_status
mw_client_peer(mw_client *client, mw_peer *ret_peer)
{
    struct mwi_conn *conn;

    while ((conn = mwi_client_best_conn(client)) != NULL) {
        if (mwi_conn_is_usable(conn)) {
            *ret_peer = conn->peer;
            mwi_conn_unref(conn);
            return MW_OK;
        }
        mwi_client_drop_conn(client, conn);
    }
    return MW_EUNAVAILABLE;
}

static mw_status
ping(mw_client *client, int64_t deadline, mw_error *reterr)
{
    struct mwi_conn *conn;
    mw_status status =
        mwi_client_connect(client, &at_once, deadline, &conn, reterr);

    if (status == MW_OK) {
        status = mwi_conn_ping(conn, deadline, reterr);
        mwi_conn_unref(conn);
    }
    return status;
}

mw_status
mw_client_ping(mw_client *client, mw_ctx *ctx)
{
    mw_error error = { .status = MW_OK };
    mw_status status = mwi_ctx_begin(ctx);

    return status < 0 ? status
                      : mwi_ctx_end(ctx,
                            ping(client, mwi_client_deadline(client, ctx, NULL),
                                &error),
                            &error);
}
