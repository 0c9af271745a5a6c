/* SPDX-License-Identifier: MIT */
/*
 * Which connection a call gets.  The one that the fewest calls are on, which
 * its references tell: each call holds one.  Is none idle, and may there be
 * more, the call makes one.
 *
 * Whoever finds a name to be resolved or an endpoint to connect to does that,
 * without the lock.  Others that have no connection at all meanwhile wait for
 * it.  What could not be reached is left alone for a while, which is for all
 * threads together: however many calls wait, the endpoint is tried once.
 */
#include "base/clock.h"
#include "base/error.h"
#include "net/dial.h"
#include "net/progress.h"
#include "net/resolve.h"
#include "rpc/client_parts.h"
#include "rpc/local.h"

enum {
    MORE_AFTER_MS = 1000, /* not to try in vain at each call */
    EXTRA_MS = 1000, /* that a call spends for a connection beside others */
};

/* A call on its way to a connection. */
struct quest {
    mw_client *client;
    const struct mwi_wish *wish;
    int64_t deadline;
    int64_t began; /* base/clock.h; 0: has not had to wait yet */

    /* What is next: one of these. */
    struct mwi_conn *conn;         /* to be used; referenced */
    struct mwi_endpoint *endpoint; /* to be connected to ... */
    bool is_extra;                 /* ... though there are connections */
    int64_t until;                 /* ... for no longer than this */
    struct mwi_target *target;     /* to be resolved */
};

/* The calls that a connection has; the link has a reference, too. */
static uint32_t
n_calls(const struct mwi_conn *conn)
{
    return atomic_load(&conn->refs) - 1;
}

static bool
will_do(const struct mwi_link *link, const struct mwi_wish *wish)
{
    return wish->endpoint == 0 || link->endpoint->id == wish->endpoint;
}

static bool
is_better(const struct mwi_link *a, const struct mwi_link *b,
    const struct mwi_wish *wish)
{
    if (wish->avoid != 0 && a->endpoint != b->endpoint) {
        return b->endpoint->id == wish->avoid ||
               (a->endpoint->id != wish->avoid &&
                   n_calls(a->conn) < n_calls(b->conn));
    }
    return n_calls(a->conn) < n_calls(b->conn);
}

/* The one with the wished serial, or else with the fewest calls; NULL: there is
 * none.  Of equals those of several endpoints take turns. */
static struct mwi_link *
best_locked(mw_client *client, const struct mwi_wish *wish)
    MWI_REQUIRES(client->mutex)
{
    struct mwi_link *best = NULL;
    size_t n = client->n_links;
    size_t first = n > 1 && client->endpoints.n > 1 ? client->next++ % n : 0;

    for (size_t i = 0; i < n; i++) {
        size_t at = first + i;
        struct mwi_link *link = &client->links[at < n ? at : at - n];

        if (!will_do(link, wish)) {
            continue;
        }
        if (link->conn->serial == wish->serial) {
            return link;
        }
        if (best == NULL || is_better(link, best, wish)) {
            best = link;
        }
    }
    return best;
}

/* Whether a call is better off with another endpoint's connection, if one can
 * be made, though this one is idle. */
static bool
is_to_avoid(const struct mwi_link *link, const struct mwi_wish *wish)
{
    return wish->avoid != 0 && link->endpoint->id == wish->avoid;
}

/* A share of the time that is left for one of those that may be tried. */
static int64_t
share_locked(const struct quest *q, int64_t now) MWI_REQUIRES(q->client->mutex)
{
    int64_t left = q->deadline - now;
    size_t n = mwi_endpoints_count_open(&q->client->endpoints, q->wish, now);

    if (q->is_extra) {
        int64_t most = mwi_deadline_in(EXTRA_MS);

        /* Leave time to go on without. */
        return now + left / 2 < most ? now + left / 2 : most;
    }
    return n > 1 && left > 0 ? now + left / (int64_t) n : q->deadline;
}

static bool
find_vacancy_locked(struct quest *q, int64_t now) MWI_REQUIRES(q->client->mutex)
{
    q->endpoint =
        mwi_endpoints_vacant(&q->client->endpoints, q->wish, q->is_extra, now);
    if (q->endpoint == NULL) {
        return false;
    }
    q->until = share_locked(q, now);
    q->endpoint->n_connecting++;
    return true;
}

/* Find out what is next.  False: there is nothing but to wait. */
static bool
choose_locked(struct quest *q) MWI_REQUIRES(q->client->mutex)
{
    struct mwi_link *best = best_locked(q->client, q->wish);
    int64_t now;

    q->is_extra = best != NULL;
    q->endpoint = NULL;
    q->target = NULL;
    q->conn = best != NULL ? best->conn : NULL;
    if (best != NULL &&
        (q->client->endpoints.n * q->client->endpoints.conns_max == 1 ||
            best->conn->serial == q->wish->serial ||
            (n_calls(best->conn) == 0 && !is_to_avoid(best, q->wish)))) {
        mwi_conn_ref(best->conn);
        return true;
    }
    now = mwi_now();
    if (best == NULL) {
        if (now >= q->deadline) {
            return false;
        }
        q->target = mwi_endpoints_unresolved(&q->client->endpoints, now);
        if (q->target != NULL) {
            q->target->is_resolving = true;
            return true;
        }
    }
    if (find_vacancy_locked(q, now)) {
        return true;
    }
    if (best != NULL) {
        mwi_conn_ref(best->conn);
    }
    return best != NULL;
}

/* To wait would be in vain. */
static mw_status
give_up_locked(const struct quest *q, mw_error *reterr)
    MWI_REQUIRES(q->client->mutex)
{
    const mw_error *why = mwi_endpoints_why(&q->client->endpoints, q->wish);

    if (why == NULL) {
        return mwi_fail(reterr, MW_EUNAVAILABLE,
            "the client's addresses do not lead there any more");
    }
    *reterr = *why;
    return reterr->status;
}

/* The deadline has passed. */
static mw_status
fail_late_locked(const struct quest *q, mw_error *reterr)
    MWI_REQUIRES(q->client->mutex)
{
    const mw_error *why = mwi_endpoints_why(&q->client->endpoints, q->wish);

    if (why == NULL) {
        return mwi_fail(reterr, MW_ETIMEDOUT,
            "no connection in time: another thread was still at it");
    }
    mwi_fail(reterr, why->status, "no connection in time: %s", why->text);
    reterr->sys_errno = why->sys_errno;
    return reterr->status;
}

static mw_status
choose(struct quest *q, mw_error *reterr)
{
    mw_status status = MW_OK;

    mwi_lock(&q->client->mutex);
    while (status == MW_OK && !q->client->is_closed && !choose_locked(q)) {
        int64_t until = mwi_endpoints_next(&q->client->endpoints, q->wish);

        if (q->began == 0) {
            q->began = mwi_now();
        }
        if (mwi_endpoints_are_hopeless(
                &q->client->endpoints, q->wish, q->began)) {
            status = give_up_locked(q, reterr);
        } else if (mwi_now() >= q->deadline) {
            status = fail_late_locked(q, reterr);
        } else {
            (void) mwi_cond_wait(&q->client->changed, &q->client->mutex,
                until < q->deadline ? until : q->deadline);
        }
    }
    if (q->client->is_closed) {
        status = mwi_fail(reterr, MW_ECANCELLED, "the client was closed");
    }
    mwi_unlock(&q->client->mutex);
    return status;
}

/* Resolving. */

static mw_status
resolve(struct quest *q, mw_error *reterr)
{
    mw_client *client = q->client;
    struct mwi_target *target = q->target;
    struct mwi_address addresses[MWI_ENDPOINTS_MAX];
    size_t n = 0;
    int64_t began = mwi_now();
    mw_status status = mwi_resolve_each(
        addresses, MWI_ENDPOINTS_MAX, &n, &target->address, reterr);

    q->began = q->began == 0 ? began : q->began;
    mwi_lock(&client->mutex);
    target->is_resolving = false;
    if (status == MW_OK) {
        status = mwi_endpoints_resolved(
            &client->endpoints, target, addresses, n, reterr);
    } else if (status != MW_ENOMEM) {
        mwi_attempts_failed(
            &target->attempts, &client->endpoints.backoff, began, reterr);
    }
    mwi_cond_broadcast(&client->changed);
    mwi_unlock(&client->mutex);
    if (status < 0) {
        mwi_log(&client->log, MW_LOG_WARN, "%s", reterr->text);
    }
    return status;
}

/* Connecting. */

static mw_status
dial(const struct quest *q, struct mwi_stream **ret_stream, mw_error *reterr)
{
    mw_client *client = q->client;

    if (client->server != NULL) {
        return mwi_server_connect(client->server, ret_stream, reterr);
    }
    return mwi_dial(
        ret_stream, &q->endpoint->address, client->tls, q->until, reterr);
}

static mw_status
make_conn(const struct quest *q, struct mwi_conn **ret_conn, mw_error *reterr)
{
    mw_client *client = q->client;
    const struct mwi_conn_limits limits = {
        .no_spin = client->options.no_spin,
        .attends = client->options.background,
        .message_max = client->options.message_max,
        .depth_max = client->options.depth_max,
        .keepalive_ms = client->options.keepalive_ms,
        .keepalive_timeout_ms = client->options.keepalive_timeout_ms,
    };
    const struct mwi_keepalive keepalive = {
        .after_ms = client->options.keepalive_ms,
        .timeout_ms = client->options.keepalive_timeout_ms,
    };
    struct mwi_stream *stream;
    mw_status status = dial(q, &stream, reterr);

    if (status < 0) {
        mwi_count(&client->meter.not_made, 1);
        mwi_log(&client->log, MW_LOG_WARN, "cannot connect: %s", reterr->text);
        return status;
    }
    mwi_keepalive_set(mwi_stream_fd(stream), &keepalive);
    *ret_conn = mwi_conn_open(stream, &limits, client->callee, reterr);
    if (*ret_conn == NULL) {
        mwi_count(&client->meter.not_made, 1);
        return reterr->status;
    }
    mwi_count(&client->meter.made, 1);
    (*ret_conn)->endpoint = q->endpoint->id;
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

static void
note_connected_locked(struct quest *q, struct mwi_conn *conn)
    MWI_REQUIRES(q->client->mutex)
{
    mw_client *client = q->client;

    mwi_conn_ref(conn);
    client->links[client->n_links++] =
        (struct mwi_link){ .conn = conn, .endpoint = q->endpoint };
    q->endpoint->n_conns++;
    mwi_attempts_succeeded(&q->endpoint->attempts);
}

static void
note_failed_locked(struct quest *q, int64_t began, const mw_error *why)
    MWI_REQUIRES(q->client->mutex)
{
    struct mwi_endpoint *endpoint = q->endpoint;

    if (q->is_extra) {
        endpoint->more_after = mwi_deadline_in(MORE_AFTER_MS);
    }
    /* One that has connections is there, only for no more of them. */
    if (endpoint->n_conns == 0 && why->status != MW_ENOMEM) {
        mwi_attempts_failed(
            &endpoint->attempts, &q->client->endpoints.backoff, began, why);
    }
}

/* Connect to the endpoint that was chosen.  Only the HELLO shows that the
 * server has taken the connection, and our certificate, which TLS 1.3 does not
 * tell. A call that was sent before that, and then lost, might have run. */
static mw_status
connect_endpoint(struct quest *q, struct mwi_conn **ret_conn, mw_error *reterr)
{
    struct mwi_conn *conn = NULL;
    int64_t began = mwi_now();
    mw_status status = make_conn(q, &conn, reterr);

    q->began = q->began == 0 ? began : q->began;
    if (status == MW_OK) {
        status = mwi_conn_wait_hello(conn, q->until, reterr);
    }
    if (status < 0) {
        mwi_conn_unref(conn);
    }
    mwi_lock(&q->client->mutex);
    q->endpoint->n_connecting--;
    if (status == MW_OK) {
        note_connected_locked(q, conn);
        *ret_conn = conn;
    } else {
        note_failed_locked(q, began, reterr);
    }
    mwi_cond_broadcast(&q->client->changed);
    mwi_unlock(&q->client->mutex);
    return status;
}

void
mwi_client_drop_conn(mw_client *client, struct mwi_conn *conn)
{
    mwi_lock(&client->mutex);
    for (size_t i = 0; i < client->n_links; i++) {
        struct mwi_link *link = &client->links[i];

        if (link->conn == conn) {
            link->endpoint->n_conns--;
            mwi_endpoints_drop_gone(&client->endpoints);
            *link = client->links[--client->n_links];
            mwi_conn_unref(conn); /* not the last one */
        }
    }
    mwi_unlock(&client->mutex);
    mwi_conn_unref(conn);
}

struct mwi_conn *
mwi_client_best_conn(mw_client *client)
{
    static const struct mwi_wish any;
    struct mwi_link *best;
    struct mwi_conn *conn = NULL;

    mwi_lock(&client->mutex);
    best = best_locked(client, &any);
    if (best != NULL) {
        conn = best->conn;
        mwi_conn_ref(conn);
    }
    mwi_unlock(&client->mutex);
    return conn;
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
mwi_client_connect(mw_client *client, const struct mwi_wish *wish,
    int64_t deadline, struct mwi_conn **ret_conn, mw_error *reterr)
{
    struct quest q = { .client = client, .wish = wish, .deadline = deadline };

    if (client->back != NULL) {
        return connect_back(client, ret_conn, reterr);
    }
    for (;;) {
        mw_status status = choose(&q, reterr);

        if (status < 0) {
            return status;
        }
        if (q.target != NULL) {
            status = resolve(&q, reterr);
        } else if (q.endpoint != NULL) {
            status = connect_endpoint(&q, ret_conn, reterr);
            if (status == MW_OK) {
                return MW_OK;
            }
        } else if (mwi_conn_is_usable(q.conn)) {
            *ret_conn = q.conn;
            return MW_OK;
        } else {
            mwi_log(&client->log, MW_LOG_DEBUG, "no more calls to %s",
                q.conn->peer.address);
            mwi_client_drop_conn(client, q.conn);
        }
        if (status == MW_ENOMEM && !q.is_extra) {
            return status;
        }
    }
}
