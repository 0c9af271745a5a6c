/* SPDX-License-Identifier: MIT */
/*
 * More than a server can do: calls with a priority get through, other peers do,
 * and n threads run n calls at once whatever else there is.
 */
#include <poll.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/load.h"
#include "lib/pki.h"

/* A thread that calls as fast as it can, and is refused. */
struct flood {
    pthread_t thread;
    mw_client *client;
    load_start_fn start;
    size_t n_rounds;
    atomic_bool stop;
};

enum { FLOOD_CALLS = 200 }; /* at once */

static void *
run_flood(void *arg)
{
    struct flood *flood = arg;

    while (!atomic_load(&flood->stop)) {
        struct load_call *calls =
            load_start(flood->client, flood->start, FLOOD_CALLS, 0);

        for (size_t i = 0; i < FLOOD_CALLS; i++) {
            (void) !mw_pending_finish(calls[i].pending);
        }
        free(calls);
        flood->n_rounds++;
    }
    return NULL;
}

static void
flood_begin(struct flood *flood, mw_client *client, load_start_fn start)
{
    *flood = (struct flood){ .client = client, .start = start };
    cr_assert_eq(pthread_create(&flood->thread, NULL, run_flood, flood), 0);
}

/* Returns once all its calls are answered. */
static void
flood_end(struct flood *flood)
{
    atomic_store(&flood->stop, true);
    cr_assert_eq(pthread_join(flood->thread, NULL), 0);
}

/* All threads are busy and the queue is full, until the gate opens. */
static struct load_call *
fill(struct load_server *s, mw_client *client, uint32_t threads, uint32_t queue)
{
    struct load_call *calls;

    load_await_idle(s);
    calls = load_start(client, load_Work_hold_start, threads + queue, 0);
    gate_await(&s->gate, threads);
    load_await_queued(s, queue);
    load_assert_full(client, load_Work_hold_start, "the server is full");
    return calls;
}

Test(overload, urgent_calls_get_through)
{
    static const uint32_t ns[] = { 1, 2, 5 };

    for (size_t i = 0; i < 3; i++) {
        struct load_server s;
        mw_client *client;
        mw_client *other;
        struct load_call *calls;

        load_begin(&s, MW_SERVER(.threads_max = ns[i], .queue_max = 4));
        client = load_client(&s);
        calls = fill(&s, client, ns[i], 4);
        other = load_client(&s);
        for (int j = 0; j < 50; j++) {
            load_assert_served(client, load_Control_check_start);
            load_assert_served(other, load_Control_check_start);
        }
        gate_let_go(&s.gate, ns[i] + 4);
        cr_assert_eq(load_finish(calls, ns[i] + 4, NULL), ns[i] + 4);
        free(calls);
        mw_client_close(client);
        mw_client_close(other);
        load_end(&s);
    }
}

/* They, too, are only so many. */
Test(overload, urgent_calls_are_limited)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;
    struct load_call *urgent;

    load_begin(&s, MW_SERVER(.threads_max = 2, .queue_max = 1,
                       .priority_threads = 3, .priority_queue_max = 4));
    client = load_client(&s);
    calls = fill(&s, client, 2, 1);
    urgent = load_start(client, load_Control_stay_start, 7, 0);
    gate_await(&s.urgent_gate, 3);
    load_await_queued(&s, 1 + 4);
    load_assert_full(client, load_Control_stay_start,
        "the server is full: 3 calls with a priority run and 4 wait");
    gate_let_go(&s.urgent_gate, 7);
    cr_assert_eq(load_finish(urgent, 7, NULL), 7);
    gate_let_go(&s.gate, 3);
    cr_assert_eq(load_finish(calls, 3, NULL), 3);
    free(calls);
    free(urgent);
    mw_client_close(client);
    load_end(&s);
}

/* One connection sends as fast as it can while all threads are busy; the loop
 * that refuses its calls has time for others. */
Test(overload, a_flood_of_refused_calls)
{
    struct load_server s;
    mw_client *client;
    mw_client *hostile;
    mw_client *other;
    struct flood flood;
    struct load_call *calls;

    load_begin(&s, MW_SERVER(.threads_max = 2, .queue_max = 2));
    client = load_client(&s);
    hostile = load_client(&s);
    calls = fill(&s, client, 2, 2);
    flood_begin(&flood, hostile, load_Work_hold_start);
    other = load_client(&s); /* shakes hands, is pinged */
    for (int i = 0; i < 100; i++) {
        load_assert_served(other, load_Control_check_start);
        load_settle(client);
    }
    gate_let_go(&s.gate, 1000000);
    cr_assert_eq(load_finish(calls, 4, NULL), 4);
    flood_end(&flood);
    free(calls);
    mw_client_close(client);
    mw_client_close(hostile);
    mw_client_close(other);
    load_end(&s);
}

/* Its call waits for others, which go one by one. */
static void
assert_served_in_turn(struct load_server *s, mw_client *client)
{
    struct load_call *call = load_start(client, load_Work_nothing_start, 1, 0);

    while (!mw_pending_is_done(call->pending)) {
        gate_let_go(&s->gate, 1);
        load_settle(client);
    }
    cr_assert_eq(load_finish(call, 1, NULL), 1);
    free(call);
}

/* With a limit for each peer, ordinary calls of others get through as well. */
Test(overload, a_peer_that_floods)
{
    struct load_server s;
    const struct mwt_pki *pki = mwt_pki_get();
    mw_client *hostile[3];
    mw_client *other;
    struct flood floods[3];

    load_begin(&s, MW_SERVER(.listen = "tls://127.0.0.1:0",
                       .tls = MW_TLS(.cert = pki->server.cert,
                           .key = pki->server.key, .ca = pki->ca),
                       .threads_max = 4, .queue_max = 8, .peer_calls_max = 6));
    other = load_client_as(&s, &pki->uri_client);
    for (int i = 0; i < 3; i++) {
        hostile[i] = load_client_as(&s, &pki->client);
        flood_begin(&floods[i], hostile[i], load_Work_hold_start);
    }
    gate_await(&s.gate, 4);
    load_assert_full(
        hostile[0], load_Work_nothing_start, "calls of client.test");
    for (int i = 0; i < 50; i++) {
        load_assert_served(other, load_Control_check_start);
        assert_served_in_turn(&s, other);
    }
    gate_let_go(&s.gate, 1000000);
    for (int i = 0; i < 3; i++) {
        flood_end(&floods[i]);
        mw_client_close(hostile[i]);
    }
    mw_client_close(other);
    load_end(&s);
}

/* N threads, N calls that all wait for each other; again and again, while idle
 * threads end and others come. */
static void
meet(uint32_t n, uint32_t n_clients, uint32_t idle_ms, unsigned rounds)
{
    struct load_server s;
    mw_client *clients[8];
    struct load_call *calls[8];

    load_begin(&s, MW_SERVER(.threads_min = 1, .threads_max = n,
                       .threads_idle_ms = idle_ms));
    for (uint32_t i = 0; i < n_clients; i++) {
        clients[i] = load_client(&s);
    }
    for (unsigned round = 1; round <= rounds; round++) {
        for (uint32_t i = 0; i < n_clients; i++) {
            calls[i] =
                load_start(clients[i], load_Work_hold_start, n / n_clients, 0);
        }
        gate_await(&s.gate, round * n);
        if (round % 3 == 0) {
            load_assert_served(clients[0], load_Control_check_start);
        }
        gate_let_go(&s.gate, n);
        for (uint32_t i = 0; i < n_clients; i++) {
            cr_assert_eq(
                load_finish(calls[i], n / n_clients, NULL), n / n_clients);
            free(calls[i]);
        }
        (void) poll(NULL, 0, (int) (round % 4));
    }
    for (uint32_t i = 0; i < n_clients; i++) {
        mw_client_close(clients[i]);
    }
    load_end(&s);
}

Test(overload, n_threads_run_n_calls)
{
    static const uint32_t ns[] = { 1, 2, 3, 8, 32 };

    for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
        meet(ns[i], 1, 10000, 20);
        meet(ns[i], 1, 1, 40);
    }
    meet(8, 4, 1, 40);
    meet(8, 8, 10000, 40);
    meet(32, 8, 2, 40);
}

/* With a limit that the server finds by itself, what would only wait is
 * refused. */
Test(overload, adaptive)
{
    struct load_server s;
    mw_client *client;
    int64_t deadline = mwi_deadline_in(LOAD_PATIENCE_MS);
    bool was_refused = false;

    load_begin(
        &s, MW_SERVER(.threads_max = 2, .queue_max = 5000, .adaptive = true));
    client = load_client(&s);
    load_assert_served(client, load_Work_nothing_start);
    while (!was_refused && mwi_now() < deadline) {
        enum { N = 300 };
        struct load_call *calls =
            load_start(client, load_Work_hold_start, N, 0);
        size_t n_full;

        gate_let_go(&s.gate, N);
        cr_assert_eq(load_finish(calls, N, &n_full) + n_full, N);
        was_refused = n_full > 0;
        free(calls);
    }
    cr_assert(was_refused);
    load_assert_served(client, load_Control_check_start);
    mw_client_close(client);
    load_end(&s);
}
