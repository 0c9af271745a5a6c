/* SPDX-License-Identifier: MIT */
/*
 * Many threads on one connection, or several: every answer must be the right
 * one.  Made for the thread sanitizer.
 *
 *     stress_calls [threads [calls of each [connections]]]
 *
 * A third of the calls return a text, a third change an object in place, a
 * third are a sum; some notes go one way in between.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integration/fixture.h"
#include "lib/pki.h"

enum { THREADS = 8, CALLS = 10000, NOTE_EVERY = 100 };

static struct mwt_server server;
static mw_client *client;
static size_t n_calls = CALLS;
static atomic_ulong n_right;
static atomic_ulong n_wrong;

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

static void
check_echo(mw_ctx *ctx, size_t thread, size_t i)
{
    char sent[64];
    char *text = NULL;
    mw_status status;

    (void) snprintf(sent, sizeof(sent), "thread %zu, call %zu", thread, i);
    status = probe_Probe_echo(client, ctx, sent, &text);
    judge(status == MW_OK && strcmp(text, sent) == 0, "echo", ctx);
    free(text);
}

static void
check_add(mw_ctx *ctx, size_t thread, size_t i)
{
    double sum = 0;
    mw_status status =
        probe_Probe_add(client, ctx, (double) thread, (double) i, &sum);

    judge(status == MW_OK && sum == (double) (thread + i), "add", ctx);
}

static void
check_edit(mw_ctx *ctx, probe_Box *box)
{
    uint64_t serial = box->serial;
    mw_status status = probe_Probe_edit(client, ctx, box);

    judge(status == MW_OK && box->serial == serial + 1, "edit", ctx);
    if (box->items.len > 8) {
        probe_Box_clear(box);
    }
}

static void *
make_calls(void *arg)
{
    size_t thread = (size_t) (uintptr_t) arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = 120000);
    probe_Box box = { .serial = thread };

    for (size_t i = 0; i < n_calls; i++) {
        switch (i % 3) {
        case 0:
            check_echo(&ctx, thread, i);
            break;
        case 1:
            check_add(&ctx, thread, i);
            break;
        default:
            check_edit(&ctx, &box);
            break;
        }
        if (i % NOTE_EVERY == 0) {
            judge(probe_Probe_note(client, &ctx, "n") == MW_OK, "note", &ctx);
        }
    }
    probe_Box_clear(&box);
    mw_ctx_clear(&ctx);
    return NULL;
}

int
main(int argc, char **argv)
{
    size_t n_threads = argc > 1 ? strtoul(argv[1], NULL, 10) : THREADS;
    size_t n_connections;
    pthread_t threads[64];
    mw_error error;

    n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : CALLS;
    n_connections = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
    n_threads = n_threads > 64 ? 64 : n_threads;
    mwt_server_start(
        &server, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS,
                     .threads_min = 4, .threads_max = 4));
    if (mw_client_open(&client, mw_server_address(server.server, 0),
            MW_CLIENT(.tls = MWT_CLIENT_TLS,
                .connections = (uint32_t) n_connections),
            &error) < 0) {
        (void) fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < n_threads; i++) {
        if (pthread_create(
                &threads[i], NULL, make_calls, (void *) (uintptr_t) i) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < n_threads; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    mw_client_close(client);
    mwt_server_close(&server);
    (void) printf("stress_calls: %lu right, %lu wrong; server: %s\n",
        atomic_load(&n_right), atomic_load(&n_wrong),
        mw_status_text(server.status));
    return atomic_load(&n_wrong) == 0 && server.status == MW_OK ? EXIT_SUCCESS
                                                                : EXIT_FAILURE;
}
