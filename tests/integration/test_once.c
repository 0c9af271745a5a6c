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

enum { PATIENCE_MS = 60000, CALLERS = 4, CALLS = 150, CALLS_PER_CUT = 25 };

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
        (void) shutdown(client->links[i].conn->channel.fd, SHUT_RDWR);
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
