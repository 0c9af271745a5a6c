/* SPDX-License-Identifier: MIT */
/*
 * Handlers that block, wherever they run: what else there is goes on.  The
 * handler of wait() is behind a gate that a test opens only when the rest has
 * happened, so whatever waits for it hangs.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/fixture.h"
#include "lib/pki.h"

enum { PATIENCE_MS = 60000 };

static mw_pending *
start_wait(mw_client *client, mw_ctx *ctx)
{
    mw_pending *pending;

    *ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    cr_assert_eq(probe_Probe_wait_start(client, ctx, &pending), MW_OK);
    return pending;
}

static void
assert_adds(mw_client *client, double a)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    double sum = 0;

    cr_assert_eq(probe_Probe_add(client, &ctx, a, 1, &sum), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(sum, a + 1);
}

/* The handler runs in the thread that has read the call: that of its
 * connection, until it has proven to be slow. */
static void
block_one_connection(const mw_server_options *options)
{
    struct mwt_server s;
    mw_client *client;
    mw_ctx ctx;

    mwt_server_start(&s, options);
    client = mwt_local_client(&s);
    for (uint32_t turn = 1; turn <= 3; turn++) {
        mw_pending *pending = start_wait(client, &ctx);

        mwt_gate_wait_inside(&s.gate, 1);
        for (int i = 0; i < 100; i++) {
            assert_adds(client, i);
        }
        mwt_gate_open(&s.gate);
        cr_assert_eq(mw_pending_finish(pending), MW_OK);
        mwt_gate_close(&s.gate);
    }
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(dispatch, own_connection)
{
    block_one_connection(MW_SERVER(.threads_max = 4));
    block_one_connection(MW_SERVER(.threads_min = 1, .threads_max = 2));
    block_one_connection(MW_SERVER(.threads_max = 4, .no_spin = true));
}

/* Calls that were read together with one that blocks. */
Test(dispatch, the_same_batch)
{
    enum { N = 40 };
    struct mwt_server s;
    mw_client *client;
    mw_ctx wait_ctx;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .more = true);
    mw_pending *waits;
    mw_pending *adds[N];
    double sums[N] = { 0 };

    mwt_server_start(&s, MW_SERVER(.threads_max = 4));
    client = mwt_local_client(&s);
    wait_ctx = MW_CTX(.timeout_ms = PATIENCE_MS, .more = true);
    cr_assert_eq(probe_Probe_wait_start(client, &wait_ctx, &waits), MW_OK);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(
            probe_Probe_add_start(client, &ctx, i, 1, &sums[i], &adds[i]),
            MW_OK);
    }
    for (int i = 0; i < N; i++) {
        cr_assert_eq(mw_pending_finish(adds[i]), MW_OK);
        cr_assert_eq(sums[i], i + 1);
    }
    mwt_gate_open(&s.gate);
    cr_assert_eq(mw_pending_finish(waits), MW_OK);
    mw_client_close(client);
    mwt_server_close(&s);
}

/* With n threads n handlers run at once, of one connection or of many; the
 * next connection is served as soon as one is free, and until then shakes
 * hands, is pinged, and may queue calls. */
static void
fill_server(uint32_t n, bool is_one_connection)
{
    struct mwt_server s;
    mw_client *clients[8];
    mw_client *late;
    mw_ctx ctxs[8];
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_pending *pending[8];
    mw_pending *queued;
    mw_error error;
    double sum = 0;

    mwt_server_start(
        &s, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS,
                .threads_min = 1, .threads_max = n));
    for (uint32_t i = 0; i < n; i++) {
        clients[i] =
            i == 0 || !is_one_connection ? mwt_tls_client(&s) : clients[0];
        pending[i] = start_wait(clients[i], &ctxs[i]);
    }
    mwt_gate_wait_inside(&s.gate, n);
    cr_assert_eq(
        mw_client_open(&late, mw_server_address(s.server, 0),
            MW_CLIENT(.tls = MWT_CLIENT_TLS, .timeout_ms = PATIENCE_MS),
            &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(mw_client_ping(late, &ctx), MW_OK);
    cr_assert_eq(probe_Probe_add_start(late, &ctx, 1, 2, &sum, &queued), MW_OK);
    cr_assert_eq(mw_client_ping(clients[0], NULL), MW_OK);
    cr_assert_not(mw_pending_is_done(queued));
    mwt_gate_open(&s.gate);
    cr_assert_eq(mw_pending_finish(queued), MW_OK);
    cr_assert_eq(sum, 3);
    for (uint32_t i = 0; i < n; i++) {
        cr_assert_eq(mw_pending_finish(pending[i]), MW_OK);
        assert_adds(clients[i], i);
    }
    for (uint32_t i = 0; i < (is_one_connection ? 1 : n); i++) {
        mw_client_close(clients[i]);
    }
    mw_client_close(late);
    mwt_server_close(&s);
}

Test(dispatch, all_threads_busy)
{
    static const uint32_t n_threads[] = { 1, 2, 3, 8 };

    for (size_t i = 0; i < sizeof(n_threads) / sizeof(n_threads[0]); i++) {
        fill_server(n_threads[i], false);
        fill_server(n_threads[i], true);
    }
}

/* An operation that was slow once is run elsewhere, and here again after it
 * has been quick for long: the answers are the same. */
Test(dispatch, slow_and_quick_again)
{
    struct mwt_server s;
    mw_client *client;
    mw_ctx ctx;
    mw_pending *pending;

    mwt_server_start(&s, MW_SERVER(.threads_max = 3));
    client = mwt_local_client(&s);
    pending = start_wait(client, &ctx);
    mwt_gate_wait_inside(&s.gate, 1);
    assert_adds(client, 0);
    mwt_gate_open(&s.gate);
    cr_assert_eq(mw_pending_finish(pending), MW_OK);
    for (int i = 0; i < 200; i++) {
        mw_ctx quick = MW_CTX(.timeout_ms = PATIENCE_MS);

        cr_assert_eq(probe_Probe_wait(client, &quick), MW_OK);
        assert_adds(client, i);
    }
    mw_client_close(client);
    mwt_server_close(&s);
}

/* A one-way call is acknowledged before it runs, also when it comes alone. */
Test(dispatch, acknowledged_before_it_runs)
{
    struct mwt_server s;
    mw_client *client;
    probe_Box box = { .text = (char[]){ "slow" } };

    mwt_server_start(&s, MW_SERVER(.threads_min = 1, .threads_max = 1));
    client = mwt_local_client(&s);
    for (uint32_t i = 0; i < 10; i++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

        cr_assert_eq(probe_Probe_note_slowly(client, &ctx, &box), MW_OK);
        cr_assert_eq(mw_client_ping(client, &ctx), MW_OK);
    }
    cr_assert_eq(s.gate.n_notes, 0);
    mwt_gate_open(&s.gate);
    mwt_gate_wait_notes(&s.gate, 10);
    mw_client_close(client);
    mwt_server_close(&s);
}

/* Of small calls one after the other; both ends are in this process. */
static uint64_t
count_allocations(mw_client *client, unsigned n_calls)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    uint64_t before = mwi_mem_count();

    for (unsigned i = 0; i < n_calls; i++) {
        double sum;

        cr_assert_eq(probe_Probe_add(client, &ctx, i, 1, &sum), MW_OK);
        cr_assert_eq(sum, i + 1);
    }
    return mwi_mem_count() - before;
}

/* What an idle moment has given back is made again, and on a busy machine any
 * moment may be one: so of several rows of calls one must do without. */
static void
assert_no_allocations(mw_client *client)
{
    uint64_t least = UINT64_MAX;

    (void) count_allocations(client, 100);
    for (int i = 0; i < 50 && least > 0; i++) {
        uint64_t n = count_allocations(client, 100);

        least = n < least ? n : least;
    }
    cr_assert_eq(
        least, 0, "%llu allocations in 100 calls", (unsigned long long) least);
}

Test(dispatch, small_calls_allocate_nothing)
{
    struct mwt_server s;
    mw_client *client;

    mwt_server_start(&s, MW_SERVER(.listen = "tls://127.0.0.1:0",
                             .tls = MWT_SERVER_TLS, .threads_max = 2));
    client = mwt_tls_client(&s);
    assert_no_allocations(client);
    mw_client_close(client);
    client = mwt_local_client(&s);
    assert_no_allocations(client);
    mw_client_close(client);
    mwt_server_close(&s);
}
