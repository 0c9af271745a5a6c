/* SPDX-License-Identifier: MIT */
/*
 * Every way in which a call comes to its thread, at once: quick operations run
 * by who reads them, slow ones handed over, one that is now quick and now slow,
 * so that turns are taken over, and one-way ones; with few threads, so that the
 * loop has to help; over connections that come and go.  Every answer must be
 * the right one, and every call must end.  Made for the thread sanitizer.
 *
 *     stress_dispatch [server's threads [calls of each caller [spin]]]
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integration/fixture.h"
#include "lib/pki.h"

enum {
    CALLERS = 6,
    CLIENTS = 3, /* that they share */
    CALLS = 1500,
    RENEW_EVERY = 200, /* calls, after which a caller makes a connection */
    CLOSED_MS = 3,     /* that the gate is, and wait() slow */
    OPEN_MS = 5,
    TIMEOUT_MS = 120000,
};

static struct mwt_server server;
static mw_client *clients[CLIENTS];
static size_t n_calls = CALLS;
static bool no_spin = true;
static atomic_ulong n_right;
static atomic_ulong n_wrong;
static atomic_bool is_over;

static void
judge(bool right, const char *what, const mw_ctx *ctx)
{
    if (right) {
        atomic_fetch_add(&n_right, 1);
    } else {
        atomic_fetch_add(&n_wrong, 1);
        (void) fprintf(stderr, "%s: %s\n", what, mw_ctx_error(ctx));
    }
}

static mw_client *
connect_client(void)
{
    mw_client *client;
    mw_error error;

    if (mw_client_open(&client, mw_server_address(server.server, 0),
            MW_CLIENT(.tls = MWT_CLIENT_TLS, .timeout_ms = TIMEOUT_MS,
                .no_spin = no_spin),
            &error) < 0) {
        (void) fprintf(stderr, "%s\n", error.text);
        abort();
    }
    return client;
}

static void
check_add(mw_client *client, mw_ctx *ctx, double a, double b)
{
    double sum = 0;

    judge(probe_Probe_add(client, ctx, a, b, &sum) == MW_OK && sum == a + b,
        "add", ctx);
}

/* Several at once, of which the first may be slow. */
static void
check_batch(mw_client *client, mw_ctx *ctx, double a)
{
    enum { N = 8 };
    mw_ctx more = MW_CTX(.timeout_ms = TIMEOUT_MS, .more = true);
    mw_ctx adds[N];
    mw_pending *waits;
    mw_pending *pending[N];
    double sums[N] = { 0 };

    if (probe_Probe_wait_start(client, &more, &waits) < 0) {
        judge(false, "wait_start", &more);
        return;
    }
    for (int i = 0; i < N; i++) {
        adds[i] = MW_CTX(.timeout_ms = TIMEOUT_MS, .more = i < N - 1);
        if (probe_Probe_add_start(
                client, &adds[i], a, i, &sums[i], &pending[i]) < 0) {
            abort();
        }
    }
    for (int i = 0; i < N; i++) {
        judge(mw_pending_finish(pending[i]) == MW_OK && sums[i] == a + i,
            "add in a batch", &adds[i]);
    }
    judge(mw_pending_finish(waits) == MW_OK, "wait in a batch", &more);
    (void) ctx;
}

static void
check_one(mw_client *client, mw_ctx *ctx, size_t caller, size_t i)
{
    switch (i % 5) {
    case 0:
        judge(probe_Probe_wait(client, ctx) == MW_OK, "wait", ctx);
        break;
    case 1:
        judge(probe_Probe_note(client, ctx, "n") == MW_OK, "note", ctx);
        break;
    case 2:
        check_batch(client, ctx, (double) i);
        break;
    default:
        check_add(client, ctx, (double) caller, (double) i);
        break;
    }
}

static void *
make_calls(void *arg)
{
    size_t caller = (size_t) (uintptr_t) arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = TIMEOUT_MS);

    for (size_t i = 0; i < n_calls; i++) {
        check_one(clients[(caller + i) % CLIENTS], &ctx, caller, i);
        if (i % RENEW_EVERY == RENEW_EVERY - 1) {
            mw_client *own = connect_client();

            check_one(own, &ctx, caller, i);
            mw_client_close(own);
        }
    }
    mw_ctx_clear(&ctx);
    return NULL;
}

static void *
move_gate(void *unused)
{
    while (!atomic_load(&is_over)) {
        mwt_gate_close(&server.gate);
        (void) poll(NULL, 0, CLOSED_MS);
        mwt_gate_open(&server.gate);
        (void) poll(NULL, 0, OPEN_MS);
    }
    return unused;
}

static void
must_start(pthread_t *thread, void *(*run)(void *), size_t arg)
{
    if (pthread_create(thread, NULL, run, (void *) (uintptr_t) arg) != 0) {
        abort();
    }
}

int
main(int argc, char **argv)
{
    uint32_t n_threads = argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 10) : 2;
    pthread_t callers[CALLERS];
    pthread_t mover;

    n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : CALLS;
    no_spin = argc <= 3 || strcmp(argv[3], "spin") != 0;
    mwt_server_start(&server,
        MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS,
            .threads_min = 1, .threads_max = n_threads, .no_spin = no_spin));
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = connect_client();
    }
    must_start(&mover, move_gate, 0);
    for (size_t i = 0; i < CALLERS; i++) {
        must_start(&callers[i], make_calls, i);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        (void) pthread_join(callers[i], NULL);
    }
    atomic_store(&is_over, true);
    (void) pthread_join(mover, NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        mw_client_close(clients[i]);
    }
    mwt_server_close(&server);
    (void) printf("stress_dispatch: %u threads, %lu right, %lu wrong; "
                  "server: %s\n",
        n_threads, atomic_load(&n_right), atomic_load(&n_wrong),
        mw_status_text(server.status));
    return atomic_load(&n_wrong) == 0 && server.status == MW_OK ? EXIT_SUCCESS
                                                                : EXIT_FAILURE;
}
