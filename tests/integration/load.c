/* SPDX-License-Identifier: MIT */
#include "integration/load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "lib/pki.h"
#include "rpc/server.h"

static struct load_server *
server_of(mw_call *call)
{
    return mw_call_user(call);
}

/* Handlers. */

static mw_status
hold(mw_call *call)
{
    gate_pass(&server_of(call)->gate);
    return MW_OK;
}

static mw_status
nothing(mw_call *call)
{
    (void) call;
    return MW_OK;
}

static mw_status
pause_for(mw_call *call, uint32_t ms)
{
    (void) call;
    (void) poll(NULL, 0, (int) ms);
    return MW_OK;
}

static mw_status
hold_counted(mw_call *call)
{
    struct load_server *s = server_of(call);
    uint32_t n = atomic_fetch_add(&s->inside, 1) + 1;
    uint32_t most = atomic_load(&s->most);

    while (n > most && !atomic_compare_exchange_weak(&s->most, &most, n)) {
        continue;
    }
    gate_pass(&s->gate);
    atomic_fetch_sub(&s->inside, 1);
    return MW_OK;
}

static mw_status
stay(mw_call *call)
{
    gate_pass(&server_of(call)->urgent_gate);
    return MW_OK;
}

static const load_Work_ops work_ops = {
    .hold = hold,
    .nothing = nothing,
    .pause = pause_for,
    .later = hold,
    .one = hold_counted,
    .few = hold_counted,
    .later_one = hold_counted,
};

static const load_Small_ops small_ops = {
    .some = hold_counted,
    .one = hold_counted,
};

static const load_Control_ops control_ops = {
    .check = nothing,
    .stay = stay,
};

/* The server. */

static void *
run(void *arg)
{
    struct load_server *s = arg;

    s->status = mw_server_run(s->server, NULL);
    return NULL;
}

void
load_begin(struct load_server *s, const mw_server_options *options)
{
    mw_error error;

    memset(s, 0, sizeof(*s));
    gate_init(&s->gate);
    gate_init(&s->urgent_gate);
    cr_assert_eq(
        mw_server_open(&s->server, options, &error), MW_OK, "%s", error.text);
    cr_assert_eq(load_Work_serve(s->server, &work_ops, s), MW_OK);
    cr_assert_eq(load_Small_serve(s->server, &small_ops, s), MW_OK);
    cr_assert_eq(load_Control_serve(s->server, &control_ops, s), MW_OK);
    cr_assert_eq(pthread_create(&s->thread, NULL, run, s), 0);
}

void
load_stop(struct load_server *s)
{
    gate_let_go(&s->gate, 1000000);
    gate_let_go(&s->urgent_gate, 1000000);
    mw_server_stop(s->server);
    cr_assert_eq(pthread_join(s->thread, NULL), 0);
}

void
load_end(struct load_server *s)
{
    load_stop(s);
    cr_assert_eq(s->status, MW_OK);
    mw_server_close(s->server);
    gate_fini(&s->gate);
    gate_fini(&s->urgent_gate);
}

mw_client *
load_client(struct load_server *s)
{
    mw_client *client;

    cr_assert_eq(mw_client_open_local(&client, s->server, NULL, NULL), MW_OK);
    load_settle(client);
    return client;
}

mw_client *
load_client_as(struct load_server *s, const struct mwt_identity *identity)
{
    mw_client *client;
    mw_error error;

    cr_assert_eq(
        mw_client_open(&client, mw_server_address(s->server, 0),
            MW_CLIENT(.tls = MW_TLS(.cert = identity->cert,
                          .key = identity->key, .ca = mwt_pki_get()->ca)),
            &error),
        MW_OK, "%s", error.text);
    load_settle(client);
    return client;
}

static uint32_t
queued(struct load_server *s)
{
    struct mwi_pool_stats stats;

    mwi_pool_stats(s->server->host.pool, &stats);
    return stats.queued;
}

void
load_await_queued(struct load_server *s, uint32_t n)
{
    int64_t deadline = mwi_deadline_in(LOAD_PATIENCE_MS);

    while (queued(s) != n && mwi_now() < deadline) {
        (void) poll(NULL, 0, 1);
    }
    cr_assert_eq(queued(s), n);
}

static uint32_t
running(struct load_server *s)
{
    struct mwi_pool_stats stats;

    mwi_pool_stats(s->server->host.pool, &stats);
    return stats.running;
}

void
load_await_idle(struct load_server *s)
{
    int64_t deadline = mwi_deadline_in(LOAD_PATIENCE_MS);

    while (running(s) != 0 && mwi_now() < deadline) {
        (void) poll(NULL, 0, 1);
    }
    cr_assert_eq(running(s), 0);
}

static uint32_t
waiting(struct mwi_gate *gate)
{
    uint32_t n;

    mwi_lock(&gate->mutex);
    n = gate->n_waiting;
    mwi_unlock(&gate->mutex);
    return n;
}

void
load_await_waiting(struct load_server *s, const char *target, uint32_t n)
{
    int64_t deadline = mwi_deadline_in(LOAD_PATIENCE_MS);
    const struct mwi_operation *op = mwi_registry_find(
        &s->server->host.registry, target, strlen(target), NULL);

    cr_assert_not_null(op);
    while (waiting(op->gate) != n && mwi_now() < deadline) {
        (void) poll(NULL, 0, 1);
    }
    cr_assert_eq(waiting(op->gate), n);
}

void
load_settle(mw_client *client)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = LOAD_PATIENCE_MS);

    cr_assert_eq(mw_client_ping(client, &ctx), MW_OK, "%s", mw_ctx_error(&ctx));
}

/* Calls. */

struct load_call *
load_start(
    mw_client *client, load_start_fn start, size_t n, uint32_t timeout_ms)
{
    struct load_call *calls = calloc(n, sizeof(*calls));

    cr_assert_not_null(calls);
    for (size_t i = 0; i < n; i++) {
        struct load_call *call = &calls[i];

        call->ctx = MW_CTX(.no_retry = true,
            .timeout_ms = timeout_ms != 0 ? timeout_ms : LOAD_PATIENCE_MS);
        cr_assert_eq(start(client, &call->ctx, &call->pending), MW_OK, "%s",
            mw_ctx_error(&call->ctx));
    }
    return calls;
}

size_t
load_finish(struct load_call *calls, size_t n, size_t *ret_full)
{
    size_t n_ok = 0;
    size_t n_full = 0;

    for (size_t i = 0; i < n; i++) {
        mw_status status = mw_pending_finish(calls[i].pending);

        n_ok += status == MW_OK;
        n_full += status == MW_EEXHAUSTED;
        cr_assert(status == MW_OK || status == MW_EEXHAUSTED, "%s",
            mw_ctx_error(&calls[i].ctx));
        cr_assert(status == MW_OK || calls[i].ctx.not_run);
    }
    if (ret_full != NULL) {
        *ret_full = n_full;
    }
    return n_ok;
}

void
load_assert_full(mw_client *client, load_start_fn start, const char *text)
{
    struct load_call *call = load_start(client, start, 1, 0);

    cr_assert_eq(mw_pending_finish(call->pending), MW_EEXHAUSTED, "%s",
        mw_ctx_error(&call->ctx));
    cr_assert(call->ctx.not_run);
    cr_assert(strstr(mw_ctx_error(&call->ctx), text) != NULL, "%s",
        mw_ctx_error(&call->ctx));
    free(call);
}

void
load_assert_served(mw_client *client, load_start_fn start)
{
    struct load_call *call = load_start(client, start, 1, 0);

    cr_assert_eq(mw_pending_finish(call->pending), MW_OK, "%s",
        mw_ctx_error(&call->ctx));
    free(call);
}
