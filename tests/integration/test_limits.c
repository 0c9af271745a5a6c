/* SPDX-License-Identifier: MIT */
/*
 * Each limit of a server: exact, with a text that names it, and no longer there
 * once calls have ended.  What is refused was not run.
 */
#include <poll.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/load.h"
#include "lib/pki.h"

enum { BRIEF_MS = 500 }; /* of calls that are to expire in a queue */

/* The queue. */

Test(limits, running_and_queued)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;
    size_t n_full;

    load_begin(&s, MW_SERVER(.threads_max = 2, .queue_max = 3));
    client = load_client(&s);
    load_await_idle(&s);
    calls = load_start(client, load_Work_hold_start, 5, 0);
    gate_await(&s.gate, 2);
    load_await_queued(&s, 3);
    load_assert_full(client, load_Work_hold_start,
        "the server is full: 2 calls run and 3 wait");
    gate_let_go(&s.gate, 5);
    cr_assert_eq(load_finish(calls, 5, &n_full), 5);
    load_assert_served(client, load_Work_nothing_start);
    free(calls);
    mw_client_close(client);
    load_end(&s);
}

/* Calls that nobody waits for any more hold no place. */
Test(limits, expired_calls_make_room)
{
    struct load_server s;
    mw_client *client;
    struct load_call *running;
    struct load_call *brief;
    struct load_call *late;

    load_begin(&s, MW_SERVER(.threads_max = 1, .queue_max = 3));
    client = load_client(&s);
    running = load_start(client, load_Work_hold_start, 1, 0);
    gate_await(&s.gate, 1);
    brief = load_start(client, load_Work_hold_start, 3, BRIEF_MS);
    load_await_queued(&s, 3);
    load_assert_full(client, load_Work_hold_start, "1 calls run and 3 wait");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(mw_pending_finish(brief[i].pending), MW_ETIMEDOUT);
    }
    (void) poll(NULL, 0, BRIEF_MS + 10); /* at the server it began later */
    late = load_start(client, load_Work_hold_start, 3, 0);
    load_settle(client);
    load_await_queued(&s, 3);
    gate_let_go(&s.gate, 4);
    cr_assert_eq(load_finish(running, 1, NULL), 1);
    cr_assert_eq(load_finish(late, 3, NULL), 3);
    cr_assert_eq(gate_inside(&s.gate), 4, "an expired call was run");
    free(running);
    free(brief);
    free(late);
    mw_client_close(client);
    load_end(&s);
}

/* One-way calls are run although their time has passed: they hold theirs. */
Test(limits, accepted_one_way_calls_stay)
{
    struct load_server s;
    mw_client *client;

    load_begin(&s, MW_SERVER(.threads_max = 1, .queue_max = 2));
    client = load_client(&s);
    for (int i = 0; i < 3; i++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = i == 0 ? LOAD_PATIENCE_MS : 5000);

        cr_assert_eq(load_Work_later(client, &ctx), MW_OK);
        gate_await(&s.gate, 1);
    }
    load_await_queued(&s, 2);
    (void) poll(NULL, 0, 5100);
    load_assert_full(client, load_Work_hold_start, "1 calls run and 2 wait");
    gate_let_go(&s.gate, 3);
    gate_await(&s.gate, 3);
    mw_client_close(client);
    load_end(&s);
}

/* A call that would be past its deadline when its turn comes is refused at
 * once, as far as that can be known. */
Test(limits, hopeless_calls)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;
    struct load_call *brief;

    load_begin(&s, MW_SERVER(.threads_max = 1, .queue_max = 100));
    client = load_client(&s);
    for (int round = 0; round < 5; round++) {
        calls = load_start(client, load_Work_hold_start, 6, 0);
        load_await_queued(&s, 5);
        (void) poll(NULL, 0, 60);
        gate_let_go(&s.gate, 6);
        cr_assert_eq(load_finish(calls, 6, NULL), 6);
        free(calls);
    }
    calls = load_start(client, load_Work_hold_start, 50, 0);
    load_await_queued(&s, 49);
    brief = load_start(client, load_Work_hold_start, 1, 200);
    cr_assert_eq(mw_pending_finish(brief->pending), MW_EEXHAUSTED, "%s",
        mw_ctx_error(&brief->ctx));
    cr_assert(brief->ctx.not_run);
    gate_let_go(&s.gate, 50);
    cr_assert_eq(load_finish(calls, 50, NULL), 50);
    free(calls);
    free(brief);
    mw_client_close(client);
    load_end(&s);
}

/* Connections and peers. */

Test(limits, calls_of_a_connection)
{
    struct load_server s;
    mw_client *client;
    mw_client *other;
    struct load_call *calls;
    struct load_call *others;

    load_begin(&s, MW_SERVER(.threads_max = 16, .connection_calls_max = 3));
    client = load_client(&s);
    other = load_client(&s);
    for (unsigned round = 1; round <= 3; round++) {
        calls = load_start(client, load_Work_hold_start, 3, 0);
        others = load_start(other, load_Work_hold_start, 3, 0);
        gate_await(&s.gate, round * 6);
        load_assert_full(client, load_Work_nothing_start,
            "the server is full: 3 calls of this connection are under way");
        load_assert_served(client, load_Control_check_start);
        gate_let_go(&s.gate, 6);
        cr_assert_eq(load_finish(calls, 3, NULL), 3);
        cr_assert_eq(load_finish(others, 3, NULL), 3);
        load_assert_served(client, load_Work_nothing_start);
        free(calls);
        free(others);
    }
    mw_client_close(client);
    mw_client_close(other);
    load_end(&s);
}

/* However many connections it makes. */
Test(limits, calls_of_a_peer)
{
    struct load_server s;
    const struct mwt_pki *pki = mwt_pki_get();
    mw_client *one;
    mw_client *two;
    mw_client *other;
    struct load_call *calls;
    struct load_call *more;
    struct load_call *others;

    load_begin(&s, MW_SERVER(.listen = "tls://127.0.0.1:0",
                       .tls = MW_TLS(.cert = pki->server.cert,
                           .key = pki->server.key, .ca = pki->ca),
                       .threads_max = 16, .peer_calls_max = 3));
    one = load_client_as(&s, &pki->client);
    two = load_client_as(&s, &pki->client);
    other = load_client_as(&s, &pki->uri_client);
    calls = load_start(one, load_Work_hold_start, 2, 0);
    gate_await(&s.gate, 2);
    more = load_start(two, load_Work_hold_start, 1, 0);
    gate_await(&s.gate, 3);
    load_assert_full(
        two, load_Work_hold_start, "3 calls of client.test are under way");
    load_assert_full(
        one, load_Work_hold_start, "3 calls of client.test are under way");
    load_assert_served(one, load_Control_check_start);
    others = load_start(other, load_Work_hold_start, 3, 0);
    gate_await(&s.gate, 6);
    load_assert_full(other, load_Work_hold_start, "spiffe://test/desk");
    gate_let_go(&s.gate, 6);
    cr_assert_eq(load_finish(calls, 2, NULL), 2);
    cr_assert_eq(load_finish(more, 1, NULL), 1);
    cr_assert_eq(load_finish(others, 3, NULL), 3);
    load_assert_served(two, load_Work_nothing_start);
    free(calls);
    free(more);
    free(others);
    mw_client_close(one);
    mw_client_close(two);
    mw_client_close(other);
    load_end(&s);
}

/* A peer that went away while its calls run is the same when it comes back. */
Test(limits, a_peer_that_comes_back)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;

    load_begin(&s, MW_SERVER(.listen = "plaintext://127.0.0.1:0",
                       .threads_max = 4, .peer_calls_max = 2));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(
            mw_client_open(&client, mw_server_address(s.server, 0), NULL, NULL),
            MW_OK);
        if (i == 0) {
            calls = load_start(client, load_Work_hold_start, 2, 0);
            gate_await(&s.gate, 2);
            mw_pending_cancel(calls[0].pending);
            mw_pending_cancel(calls[1].pending);
            free(calls);
        } else if (i == 1) {
            load_assert_full(client, load_Work_nothing_start,
                "2 calls of plaintext://127.0.0.1 are under way");
            gate_let_go(&s.gate, 2);
        }
        mw_client_close(client);
    }
    load_end(&s);
}

/* Operations and interfaces. */

/* Two clients take turns, without an error and without holding a thread. */
Test(limits, one_at_a_time)
{
    struct load_server s;
    mw_client *clients[2];
    struct load_call *calls[2];

    load_begin(&s, MW_SERVER(.threads_max = 2));
    for (int i = 0; i < 2; i++) {
        clients[i] = load_client(&s);
        calls[i] = load_start(clients[i], load_Work_one_start, 10, 0);
    }
    gate_await(&s.gate, 1);
    load_await_waiting(&s, "load.Work.one", 19);
    for (int i = 0; i < 20; i++) {
        load_assert_served(clients[i % 2], load_Work_nothing_start);
    }
    gate_let_go(&s.gate, 20);
    cr_assert_eq(load_finish(calls[0], 10, NULL), 10);
    cr_assert_eq(load_finish(calls[1], 10, NULL), 10);
    cr_assert_eq(s.most, 1);
    for (int i = 0; i < 2; i++) {
        free(calls[i]);
        mw_client_close(clients[i]);
    }
    load_end(&s);
}

Test(limits, so_many_of_an_operation)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;
    size_t n_full;

    load_begin(&s, MW_SERVER(.threads_max = 8, .waiting_max = 4));
    client = load_client(&s);
    calls = load_start(client, load_Work_few_start, 10, 0);
    gate_await(&s.gate, 3);
    load_await_waiting(&s, "load.Work.few", 4);
    load_assert_full(client, load_Work_few_start,
        "as many calls of load.Work.few run as may, and 4 wait");
    /* All operations of an interface share the places to wait. */
    load_assert_served(client, load_Work_nothing_start);
    gate_let_go(&s.gate, 7);
    cr_assert_eq(load_finish(calls, 10, &n_full), 7);
    cr_assert_eq(n_full, 3);
    cr_assert_eq(s.most, 3);
    gate_let_go(&s.gate, 1);
    load_assert_served(client, load_Work_few_start);
    free(calls);
    mw_client_close(client);
    load_end(&s);
}

Test(limits, so_many_of_an_interface)
{
    struct load_server s;
    mw_client *client;
    struct load_call *ones;
    struct load_call *somes;

    load_begin(&s, MW_SERVER(.threads_max = 8));
    client = load_client(&s);
    ones = load_start(client, load_Small_one_start, 3, 0);
    gate_await(&s.gate, 1);
    load_await_waiting(&s, "load.Small.one", 2);
    somes = load_start(client, load_Small_some_start, 3, 0);
    gate_await(&s.gate, 2); /* past the ones that wait */
    load_await_waiting(&s, "load.Small.some", 4);
    gate_let_go(&s.gate, 6);
    cr_assert_eq(load_finish(ones, 3, NULL), 3);
    cr_assert_eq(load_finish(somes, 3, NULL), 3);
    cr_assert_eq(s.most, 2);
    free(ones);
    free(somes);
    mw_client_close(client);
    load_end(&s);
}

Test(limits, expired_calls_do_not_wait_at_a_gate)
{
    struct load_server s;
    mw_client *client;
    struct load_call *running;
    struct load_call *brief;
    struct load_call *late;

    load_begin(&s, MW_SERVER(.threads_max = 4, .waiting_max = 2));
    client = load_client(&s);
    running = load_start(client, load_Work_one_start, 1, 0);
    gate_await(&s.gate, 1);
    brief = load_start(client, load_Work_one_start, 2, BRIEF_MS);
    load_await_waiting(&s, "load.Work.one", 2);
    cr_assert_eq(mw_pending_finish(brief[0].pending), MW_ETIMEDOUT);
    cr_assert_eq(mw_pending_finish(brief[1].pending), MW_ETIMEDOUT);
    (void) poll(NULL, 0, BRIEF_MS + 10);
    late = load_start(client, load_Work_one_start, 2, 0);
    load_settle(client);
    gate_let_go(&s.gate, 3);
    cr_assert_eq(load_finish(running, 1, NULL), 1);
    cr_assert_eq(load_finish(late, 2, NULL), 2);
    cr_assert_eq(gate_inside(&s.gate), 3);
    free(running);
    free(brief);
    free(late);
    mw_client_close(client);
    load_end(&s);
}

/* What was accepted is run, also what waited at a gate when the server was
 * stopped. */
Test(limits, drained)
{
    struct load_server s;
    mw_client *client;

    load_begin(&s, MW_SERVER(.threads_max = 2));
    client = load_client(&s);
    for (int i = 0; i < 10; i++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = LOAD_PATIENCE_MS);

        cr_assert_eq(load_Work_later_one(client, &ctx), MW_OK);
    }
    load_await_waiting(&s, "load.Work.later_one", 9);
    load_stop(&s);
    cr_assert_eq(s.status, MW_OK);
    cr_assert_eq(gate_inside(&s.gate), 10);
    cr_assert_eq(s.most, 1);
    mw_client_close(client);
    mw_server_close(s.server);
    gate_fini(&s.gate);
    gate_fini(&s.urgent_gate);
}

/* A client that goes away leaves its place. */
Test(limits, a_client_that_goes_away)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;

    load_begin(&s, MW_SERVER(.threads_max = 2));
    client = load_client(&s);
    calls = load_start(client, load_Work_one_start, 5, 0);
    load_await_waiting(&s, "load.Work.one", 4);
    for (int i = 0; i < 5; i++) {
        mw_pending_cancel(calls[i].pending);
    }
    mw_client_close(client);
    gate_let_go(&s.gate, 6);
    client = load_client(&s);
    load_assert_served(client, load_Work_one_start);
    free(calls);
    mw_client_close(client);
    load_end(&s);
}

/* Memory for a gate, for the numbers of calls: there or not. */
Test(limits, out_of_memory)
{
    static const load_Work_ops ops = { 0 };

    for (uint64_t n = 1;; n++) {
        mw_server *server;
        mw_status status;

        cr_assert_eq(mw_server_open(&server, NULL, NULL), MW_OK);
        mwi_mem_fail_at(n);
        status = load_Work_serve(server, &ops, NULL);
        mwi_mem_fail_at(0);
        if (status == MW_OK) {
            cr_assert_gt(n, 3);
            mw_server_close(server);
            return;
        }
        cr_assert_eq(status, MW_ENOMEM);
        cr_assert_eq(load_Work_serve(server, &ops, NULL), MW_OK);
        mw_server_close(server);
    }
}

/* A connection whose peer cannot be noted is closed; the next is fine. */
Test(limits, no_memory_for_a_peer)
{
    struct load_server s;

    load_begin(&s, MW_SERVER(.listen = "plaintext://127.0.0.1:0",
                       .threads_max = 2, .peer_calls_max = 1));
    for (uint64_t n = 1; n <= 60; n++) {
        mw_client *client = NULL;

        mwi_mem_fail_at(n);
        if (mw_client_open(
                &client, mw_server_address(s.server, 0), NULL, NULL) == MW_OK) {
            mw_ctx ctx = MW_CTX(.timeout_ms = LOAD_PATIENCE_MS);

            (void) !load_Work_nothing(client, &ctx);
        }
        mwi_mem_fail_at(0);
        mw_client_close(client);
        cr_assert_eq(
            mw_client_open(&client, mw_server_address(s.server, 0), NULL, NULL),
            MW_OK);
        load_assert_served(client, load_Work_nothing_start);
        mw_client_close(client);
    }
    load_end(&s);
}

Test(limits, options_out_of_range)
{
    static const struct {
        mw_server_options options;
        const char *text;
    } cases[] = {
        { { .priority_threads = 10001 },
            "priority_threads is 10001, may be 1 to 10000" },
        { { .priority_queue_max = 10000001 },
            "priority_queue_max is 10000001, may be 1 to 10000000" },
        { { .waiting_max = 10000001 },
            "waiting_max is 10000001, may be 1 to 10000000" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mw_server_options options = cases[i].options;
        mw_server *server;
        mw_error error;

        options.size = sizeof(options);
        cr_assert_eq(mw_server_open(&server, &options, &error), MW_EINVAL);
        cr_assert_str_eq(error.text, cases[i].text);
    }
}
