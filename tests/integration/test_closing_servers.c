/* SPDX-License-Identifier: MIT */
/*
 * Closing a server while it runs: from another thread, from a handler, and with
 * handlers that overstay; and a client from a handler of what it offers.
 */
#include <pthread.h>
#include <stdatomic.h>

#include <criterion/criterion.h>

#include "mw/mw.h"

#include "back_client.mw.h"
#include "back_server.mw.h"
#include "base/clock.h"
#include "base/sync.h"

enum { PATIENCE_MS = 60000 };

struct scene {
    mw_server *server;
    pthread_t thread;
    mw_client *client;
    atomic_bool has_returned; /* mw_server_run() */
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    bool is_closed;  /* [mutex] by the handler */
    bool is_stopped; /* [mutex] mw_server_run() has returned */
    bool may_go;     /* [mutex] the handler */
    bool is_inside;  /* [mutex] the handler */
};

static void
set(struct scene *c, bool *flag)
{
    mwi_lock(&c->mutex);
    *flag = true;
    mwi_cond_broadcast(&c->changed);
    mwi_unlock(&c->mutex);
}

static void
await(struct scene *c, const bool *flag)
{
    int64_t deadline = mwi_deadline_in(PATIENCE_MS);
    bool found;

    mwi_lock(&c->mutex);
    while (!*flag && mwi_cond_wait(&c->changed, &c->mutex, deadline)) {
        continue;
    }
    found = *flag;
    mwi_unlock(&c->mutex);
    cr_assert(found);
}

/* Closes its server. */
static mw_status
ask(mw_call *call, int32_t number, int32_t *ret)
{
    struct scene *c = mw_call_user(call);

    mw_server_close(c->server);
    *ret = number;
    return MW_OK;
}

/* Stays until it may go, and then closes its server, which has stopped. */
static mw_status
enroll(mw_call *call)
{
    struct scene *c = mw_call_user(call);

    set(c, &c->is_inside);
    await(c, &c->may_go);
    mw_server_close(c->server);
    set(c, &c->is_closed);
    return MW_OK;
}

/* Has the caller close its client. */
static mw_status
depth(mw_call *call, uint32_t n, uint32_t *ret)
{
    mw_client *back;
    mw_status status = mw_call_open_back(call, &back);

    if (status == MW_OK) {
        status = back_Watcher_deeper(back, NULL, n, ret);
        mw_client_close(back);
    }
    return status;
}

static const back_Station_ops station_ops = {
    .ask = ask,
    .enroll = enroll,
    .depth = depth,
};

/* Of the client: closes it. */
static mw_status
deeper(mw_call *call, uint32_t n, uint32_t *ret)
{
    struct scene *c = mw_call_user(call);

    mw_client_close(c->client);
    set(c, &c->is_closed);
    *ret = n;
    return MW_OK;
}

static const back_Watcher_ops watcher_ops = { .deeper = deeper };

static void *
run(void *arg)
{
    struct scene *c = arg;

    (void) !mw_server_run(c->server, NULL);
    set(c, &c->is_stopped);
    return NULL;
}

static void
begin(struct scene *c, const mw_server_options *options)
{
    *c = (struct scene){ .is_closed = false };
    mwi_mutex_init(&c->mutex);
    mwi_cond_init(&c->changed);
    cr_assert_eq(mw_server_open(&c->server, options, NULL), MW_OK);
    cr_assert_eq(back_Station_serve(c->server, &station_ops, c), MW_OK);
    cr_assert_eq(pthread_create(&c->thread, NULL, run, c), 0);
    cr_assert_eq(mw_client_open_local(&c->client, c->server,
                     MW_CLIENT(.background = true, .lazy = true,
                         .timeout_ms = PATIENCE_MS),
                     NULL),
        MW_OK);
    cr_assert_eq(back_Watcher_serve_back(c->client, &watcher_ops, c), MW_OK);
}

Test(closing_servers, from_a_handler)
{
    struct scene c;
    int32_t answer = 0;

    begin(&c, MW_SERVER(.threads_max = 2));
    cr_assert_eq(back_Station_ask(c.client, NULL, 7, &answer), MW_OK);
    cr_assert_eq(answer, 7);
    cr_assert_eq(pthread_join(c.thread, NULL), 0);
    mw_client_close(c.client);
}

Test(closing_servers, from_another_thread_while_it_runs)
{
    struct scene c;
    mw_pending *pending;

    begin(&c, MW_SERVER(.threads_max = 2));
    cr_assert_eq(back_Station_enroll_start(c.client, NULL, &pending), MW_OK);
    await(&c, &c.is_inside);
    mw_server_stop(c.server); /* which waits for the handler */
    set(&c, &c.may_go);       /* and that closes it */
    cr_assert_eq(pthread_join(c.thread, NULL), 0);
    await(&c, &c.is_closed);
    cr_assert_eq(mw_pending_finish(pending), MW_OK);
    mw_client_close(c.client);
}

/* mw_server_run() has returned without it. */
Test(closing_servers, from_a_handler_that_overstays)
{
    struct scene c;
    mw_pending *pending;

    begin(&c, MW_SERVER(.threads_max = 2, .drain_ms = 1));
    cr_assert_eq(back_Station_enroll_start(c.client, NULL, &pending), MW_OK);
    await(&c, &c.is_inside);
    mw_server_stop(c.server);
    cr_assert_eq(pthread_join(c.thread, NULL), 0);
    cr_assert_lt(mw_pending_finish(pending), 0);
    mw_client_close(c.client);
    set(&c, &c.may_go);
    await(&c, &c.is_closed);
}

Test(closing_servers, a_client_from_its_own_handler)
{
    struct scene c;
    uint32_t n = 0;
    mw_status status;

    begin(&c, MW_SERVER(.threads_max = 2));
    status = back_Station_depth(c.client, NULL, 3, &n);
    cr_assert_eq(status, MW_ECANCELLED, "%d", (int) status);
    await(&c, &c.is_closed);
    mw_server_close(c.server);
    cr_assert_eq(pthread_join(c.thread, NULL), 0);
}
