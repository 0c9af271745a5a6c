/* SPDX-License-Identifier: MIT */
/*
 * One thread at a time connects; others that need a connection meanwhile wait
 * for it.  If it fails, each of them tries in turn, until its own deadline.
 */
#include "rpc/client.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/dial.h"
#include "rpc/ctx.h"
#include "rpc/local.h"
#include "rpc/options.h"

struct mw_client {
    mw_client_options options;  /* constant */
    struct mwi_log log;         /* constant */
    struct mwi_address address; /* constant; when server is NULL */
    struct mwi_tls_config *tls; /* constant; NULL without tls:// */
    mw_server *server;          /* constant; of a local client */
    struct mwi_mutex mutex;     /* held for moments; before conn.mutex */
    struct mwi_cond connected;  /* with mutex: is_connecting ended */
    struct mwi_conn *conn;      /* [mutex] NULL: none yet */
    bool is_connecting;         /* [mutex] some thread is at it */
};

const mw_client_options *
mwi_client_options(const mw_client *client)
{
    return &client->options;
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
    return mwi_deadline_in(timeout_ms);
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
        .message_max = client->options.message_max,
        .depth_max = client->options.depth_max,
    };
    struct mwi_stream *stream;
    mw_status status = dial(client, deadline, &stream, reterr);

    if (status < 0) {
        mwi_log(&client->log, MW_LOG_WARN, "cannot connect: %s", reterr->text);
        return status;
    }
    *ret_conn = mwi_conn_open(stream, &limits, reterr);
    if (*ret_conn == NULL) {
        return reterr->status;
    }
    mwi_log(&client->log, MW_LOG_DEBUG, "connected to %s",
        (*ret_conn)->peer.address);
    return MW_OK;
}

/* The connection there is, referenced, or NULL. */
static struct mwi_conn *
current_conn(mw_client *client)
{
    struct mwi_conn *conn;

    mwi_lock(&client->mutex);
    conn = client->conn;
    if (conn != NULL) {
        mwi_conn_ref(conn);
    }
    mwi_unlock(&client->mutex);
    return conn;
}

/* Become the thread that connects in place of a connection (NULL: of none).
 * MW_EABORTED: there is another by now. */
static mw_status
begin_connecting(mw_client *client, const struct mwi_conn *instead_of,
    int64_t deadline, mw_error *reterr)
{
    mw_status status = MW_OK;

    mwi_lock(&client->mutex);
    while (client->is_connecting && status == MW_OK) {
        if (!mwi_cond_wait(&client->connected, &client->mutex, deadline)) {
            status = mwi_fail(reterr, MW_ETIMEDOUT,
                "no connection in time: another thread was still at it");
        }
    }
    if (status == MW_OK && client->conn != instead_of) {
        status = MW_EABORTED;
    }
    if (status == MW_OK) {
        client->is_connecting = true;
    }
    mwi_unlock(&client->mutex);
    return status;
}

/* conn: [take] NULL if it failed. */
static void
end_connecting(mw_client *client, struct mwi_conn *conn)
{
    struct mwi_conn *old = NULL;

    mwi_lock(&client->mutex);
    client->is_connecting = false;
    if (conn != NULL) {
        old = client->conn;
        client->conn = conn;
        mwi_conn_ref(conn);
    }
    mwi_cond_broadcast(&client->connected);
    mwi_unlock(&client->mutex);
    mwi_conn_unref(old);
}

mw_status
mwi_client_connect(mw_client *client, int64_t deadline,
    struct mwi_conn **ret_conn, mw_error *reterr)
{
    for (;;) {
        struct mwi_conn *conn = current_conn(client);
        struct mwi_conn *fresh = NULL;
        mw_status status;

        if (conn != NULL && mwi_conn_is_usable(conn)) {
            *ret_conn = conn;
            return MW_OK;
        }
        status = begin_connecting(client, conn, deadline, reterr);
        mwi_conn_unref(conn);
        if (status == MW_EABORTED) {
            continue;
        }
        if (status < 0) {
            return status;
        }
        status = make_conn(client, deadline, &fresh, reterr);
        end_connecting(client, fresh);
        if (status == MW_OK) {
            *ret_conn = fresh;
        }
        return status;
    }
}

/* Connect, and wait for the HELLO: only that shows that the server has
 * accepted our certificate, which TLS 1.3 does not tell. */
static mw_status
connect_now(mw_client *client, mw_error *reterr)
{
    int64_t deadline = mwi_client_deadline(client, NULL, NULL);
    struct mwi_conn *conn;
    mw_status status = mwi_client_connect(client, deadline, &conn, reterr);

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

/* address or server, the other is NULL. */
static mw_status
open_client(mw_client **ret_client, const char *address, mw_server *server,
    const mw_client_options *options, mw_error *reterr)
{
    mw_client *client = mwi_calloc(1, sizeof(*client));
    mw_status status;

    if (client == NULL) {
        return mwi_fail_nomem(reterr);
    }
    mwi_mutex_init(&client->mutex);
    mwi_cond_init(&client->connected);
    client->server = server;
    status = mwi_client_options_take(&client->options, options, reterr);
    if (status == MW_OK) {
        client->log = (struct mwi_log){
            .cb = client->options.log,
            .user = client->options.log_user,
        };
        status = server == NULL ? set_address(client, address, reterr) : MW_OK;
    }
    client->options.tls = NULL; /* copied; the rest is the caller's */
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
    mwi_conn_unref(client->conn);
    mwi_tls_config_free(client->tls);
    mwi_cond_fini(&client->connected);
    mwi_mutex_fini(&client->mutex);
    mwi_free(client);
}

mw_status
mw_client_peer(mw_client *client, mw_peer *ret_peer)
{
    struct mwi_conn *conn = current_conn(client);
    bool usable = conn != NULL && mwi_conn_is_usable(conn);

    if (usable) {
        *ret_peer = conn->peer;
    }
    mwi_conn_unref(conn);
    return usable ? MW_OK : MW_EUNAVAILABLE;
}

static mw_status
ping(mw_client *client, int64_t deadline, mw_error *reterr)
{
    struct mwi_conn *conn;
    mw_status status = mwi_client_connect(client, deadline, &conn, reterr);

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
