/* SPDX-License-Identifier: MIT */
/*
 * Calls with a key over connections that break: each runs once.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <criterion/criterion.h>

#include "integration/ledger.h"
#include "lib/pki.h"
#include "rpc/client_parts.h"

enum {
    PATIENCE_MS = 60000,
    CALLERS = 4,
    CALLS = 150,
    CALLS_PER_CUT = 25,
    THREADS = 8,
    RESTARTS = 10,
    CALLS_PER_RESTART = 40
};

struct scene {
    struct mwt_bank bank;
    mw_client *client;
    atomic_uint n_ended; /* calls */
    atomic_uint n_right;
    atomic_uint n_unknown;
};

static void
begin(struct scene *c, uint32_t connections)
{
    char listen[160];
    mw_error error;

    memset(c, 0, sizeof(*c));
    (void) snprintf(listen, sizeof(listen), "unix:%s/once", mwt_pki_get()->dir);
    mwt_bank_start(&c->bank, MW_SERVER(.listen = listen, .threads_max = 8));
    cr_assert_eq(mw_client_open(&c->client, listen,
                     MW_CLIENT(.connections = connections), &error),
        MW_OK, "%s", error.text);
}

static void
end(struct scene *c)
{
    mw_client_close(c->client);
    mwt_bank_close(&c->bank);
}

/* Break all connections, as a network may. */
static void
cut(mw_client *client)
{
    mwi_lock(&client->mutex);
    for (size_t i = 0; i < client->n_links; i++) {
        (void) shutdown(client->links[i].conn->channel->fd, SHUT_RDWR);
    }
    mwi_unlock(&client->mutex);
}

struct caller {
    pthread_t thread;
    struct scene *scene;
    mw_status status;
    int64_t total;
    uint32_t attempts;
};

static void *
add_later(void *arg)
{
    struct caller *caller = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .keyed = true);

    caller->status =
        ledger_Bank_add_later(caller->scene->client, &ctx, 5, &caller->total);
    caller->attempts = ctx.attempts;
    return NULL;
}

/* The handler still runs: the second sending gets the outcome of the first. */
Test(once, lost_while_it_runs)
{
    struct scene c;
    struct caller caller = { .scene = &c };

    begin(&c, 1);
    cr_assert_eq(pthread_create(&caller.thread, NULL, add_later, &caller), 0);
    mwt_bank_await_inside(&c.bank, 1);
    cut(c.client);
    mwt_bank_open_gate(&c.bank);
    cr_assert_eq(pthread_join(caller.thread, NULL), 0);
    cr_assert_eq(caller.status, MW_OK);
    cr_assert_eq(caller.attempts, 2);
    cr_assert_eq(caller.total, 5);
    cr_assert_eq(mwt_bank_total(&c.bank), 5);
    end(&c);
}

static void *
add_many(void *arg)
{
    struct caller *caller = arg;
    struct scene *c = caller->scene;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .keyed = true);

    for (size_t i = 0; i < CALLS; i++) {
        int64_t total = 0;
        mw_status status = ledger_Bank_add(c->client, &ctx, 1, &total);

        if (status == MW_OK) {
            atomic_fetch_add(&c->n_right, 1);
        } else if (!ctx.not_run) {
            atomic_fetch_add(&c->n_unknown, 1);
        }
        atomic_fetch_add(&c->n_ended, 1);
    }
    return NULL;
}

/* Cut again and again, so seldom that the budget allows for it. */
Test(once, lost_at_any_moment)
{
    struct scene c;
    struct caller callers[CALLERS];
    unsigned n_cuts = 0;
    unsigned right;
    unsigned unknown;

    begin(&c, 2);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i].scene = &c;
        cr_assert_eq(
            pthread_create(&callers[i].thread, NULL, add_many, &callers[i]), 0);
    }
    while (atomic_load(&c.n_ended) < CALLERS * CALLS) {
        if (atomic_load(&c.n_ended) >= n_cuts * CALLS_PER_CUT) {
            cut(c.client);
            n_cuts++;
        }
        (void) sched_yield();
    }
    for (size_t i = 0; i < CALLERS; i++) {
        cr_assert_eq(pthread_join(callers[i].thread, NULL), 0);
    }
    right = atomic_load(&c.n_right);
    unknown = atomic_load(&c.n_unknown);
    cr_log_info("%u cuts: %u right, %u unknown", n_cuts, right, unknown);
    cr_assert_geq(mwt_bank_total(&c.bank), right);
    cr_assert_leq(mwt_bank_total(&c.bank), right + unknown);
    cr_assert_geq(right, CALLERS * CALLS * 9 / 10);
    end(&c);
}

/* Only the server that has run it knows that. */
Test(once, a_server_that_was_restarted)
{
    struct scene c;
    struct caller caller = { .scene = &c };
    char listen[160];

    begin(&c, 1);
    (void) snprintf(listen, sizeof(listen), "unix:%s/once", mwt_pki_get()->dir);
    cr_assert_eq(pthread_create(&caller.thread, NULL, add_later, &caller), 0);
    mwt_bank_await_inside(&c.bank, 1);
    /* As if it had been killed: nobody gets an answer, nobody is told. */
    cut(c.client);
    mwt_bank_open_gate(&c.bank);
    mwt_bank_close(&c.bank);
    mwt_bank_start(&c.bank, MW_SERVER(.listen = listen));
    cr_assert_eq(pthread_join(caller.thread, NULL), 0);
    /* It has asked the old one in time, or the new one, which cannot know. */
    cr_assert(caller.status == MW_OK || caller.status == MW_EDATALOSS ||
                  caller.status == MW_EUNAVAILABLE,
        "%s", mw_status_name(caller.status));
    cr_assert_eq(mwt_bank_total(&c.bank), 0);
    end(&c);
}

/* ---- a server that is stopped in good order, and started again ---- */

struct restarts {
    mw_client *client;
    atomic_bool is_over;
    atomic_uint n_right;
    atomic_uint n_wrong;
    char text[MW_ERROR_TEXT_MAX]; /* of one that went wrong */
};

static void *
add_until_it_is_over(void *arg)
{
    struct restarts *r = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    while (!atomic_load(&r->is_over)) {
        int64_t total;

        if (ledger_Bank_add(r->client, &ctx, 1, &total) == MW_OK) {
            atomic_fetch_add(&r->n_right, 1);
        } else if (atomic_fetch_add(&r->n_wrong, 1) == 0) {
            (void) snprintf(r->text, sizeof(r->text), "%s", mw_ctx_error(&ctx));
        }
    }
    return NULL;
}

static void
await_calls(struct restarts *r, unsigned n)
{
    while (atomic_load(&r->n_right) + atomic_load(&r->n_wrong) < n) {
        (void) sched_yield();
    }
}

static void
check_restarts(const char *where, uint32_t connections)
{
    struct restarts r = { .n_right = 0 };
    struct mwt_bank bank;
    pthread_t threads[THREADS];
    char listen[160];
    mw_error error;
    int64_t total = 0;

    mwt_bank_start(&bank, MW_SERVER(.listen = where, .tls = MWT_SERVER_TLS));
    (void) snprintf(
        listen, sizeof(listen), "%s", mw_server_address(bank.server, 0));
    cr_assert_eq(
        mw_client_open(&r.client, listen,
            MW_CLIENT(.tls = MWT_CLIENT_TLS, .connections = connections),
            &error),
        MW_OK, "%s", error.text);
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(
            pthread_create(&threads[i], NULL, add_until_it_is_over, &r), 0);
    }
    for (unsigned i = 1; i <= RESTARTS; i++) {
        await_calls(&r, i * CALLS_PER_RESTART);
        total += mwt_bank_close(&bank);
        mwt_bank_start(
            &bank, MW_SERVER(.listen = listen, .tls = MWT_SERVER_TLS));
    }
    await_calls(&r, (RESTARTS + 1) * CALLS_PER_RESTART);
    atomic_store(&r.is_over, true);
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    mw_client_close(r.client);
    total += mwt_bank_close(&bank);
    cr_assert_eq(atomic_load(&r.n_wrong), 0, "%s", r.text);
    cr_assert_eq(total, atomic_load(&r.n_right));
}

Test(once, restarts_unix)
{
    char listen[160];

    (void) snprintf(
        listen, sizeof(listen), "unix:%s/restarts", mwt_pki_get()->dir);
    check_restarts(listen, 1);
    check_restarts(listen, 3);
}

Test(once, restarts_plaintext)
{
    check_restarts("plaintext://127.0.0.1:0", 1);
    check_restarts("plaintext://127.0.0.1:0", 3);
}

Test(once, restarts_tls)
{
    check_restarts("tls://127.0.0.1:0", 1);
    check_restarts("tls://127.0.0.1:0", 3);
}
