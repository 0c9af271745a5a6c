/* SPDX-License-Identifier: MIT */
/*
 * Many threads call through a client of two servers, with two connections to
 * each, while the servers are stopped and started again in turn: every answer
 * must be the right one, and no call may fail.  Made for the thread sanitizer.
 *
 *     stress_endpoints [threads [restarts]]
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integration/fixture.h"
#include "lib/pki.h"

enum { SERVERS = 2, THREADS = 8, RESTARTS = 30, CALLS_PER_RESTART = 200 };

static struct mwt_server servers[SERVERS];
static char addresses[SERVERS][160];
static mw_client *client;
static atomic_bool is_over;
static atomic_ulong n_right;
static atomic_ulong n_wrong;

static void
start_server(size_t i)
{
    mwt_server_start(&servers[i],
        MW_SERVER(.listen = addresses[i], .tls = MWT_SERVER_TLS,
            .threads_max = 4, .idle_ms = 5, .keepalive_timeout_ms = 5));
    (void) snprintf(addresses[i], sizeof(addresses[i]), "%s",
        mw_server_address(servers[i].server, 0));
}

static void
judge(bool right, const mw_ctx *ctx)
{
    if (right) {
        atomic_fetch_add(&n_right, 1);
    } else {
        atomic_fetch_add(&n_wrong, 1);
        (void) fprintf(stderr, "%s\n", mw_ctx_error(ctx));
    }
}

static void *
make_calls(void *arg)
{
    size_t thread = (size_t) (uintptr_t) arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = 120000);

    for (size_t i = 0; !atomic_load(&is_over); i++) {
        if (i % 2 == 0) {
            double sum = 0;
            mw_status status = probe_Probe_add(
                client, &ctx, (double) thread, (double) i, &sum);

            judge(status == MW_OK && sum == (double) (thread + i), &ctx);
        } else {
            char *text = NULL;
            mw_status status =
                probe_Probe_echo(client, &ctx, "and back", &text);

            judge(status == MW_OK && strcmp(text, "and back") == 0, &ctx);
            free(text);
        }
    }
    mw_ctx_clear(&ctx);
    return NULL;
}

static void
restart(size_t i)
{
    unsigned long until = atomic_load(&n_right) + CALLS_PER_RESTART;

    mwt_server_close(&servers[i]);
    start_server(i);
    while (atomic_load(&n_right) < until && atomic_load(&n_wrong) == 0) {
        (void) sched_yield();
    }
}

int
main(int argc, char **argv)
{
    size_t n_threads = argc > 1 ? strtoul(argv[1], NULL, 10) : THREADS;
    size_t n_restarts = argc > 2 ? strtoul(argv[2], NULL, 10) : RESTARTS;
    pthread_t threads[64];
    char all[400];
    mw_error error;

    n_threads = n_threads > 64 ? 64 : n_threads;
    for (size_t i = 0; i < SERVERS; i++) {
        (void) snprintf(
            addresses[i], sizeof(addresses[i]), "tls://127.0.0.1:0");
        start_server(i);
    }
    (void) snprintf(all, sizeof(all), "%s,%s", addresses[0], addresses[1]);
    if (mw_client_open(&client, all,
            MW_CLIENT(.tls = MWT_CLIENT_TLS, .connections = 2), &error) < 0) {
        (void) fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < n_threads; i++) {
        if (pthread_create(
                &threads[i], NULL, make_calls, (void *) (uintptr_t) i) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < n_restarts; i++) {
        restart(i % SERVERS);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < n_threads; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    mw_client_close(client);
    for (size_t i = 0; i < SERVERS; i++) {
        mwt_server_close(&servers[i]);
    }
    (void) printf("stress_endpoints: %lu right, %lu wrong\n",
        atomic_load(&n_right), atomic_load(&n_wrong));
    return atomic_load(&n_wrong) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
