/* SPDX-License-Identifier: MIT */
/*
 * Calls both ways on one connection: threads of a client call a server whose
 * handlers call the client, which may call the server in turn; some calls are
 * dropped, and clients come and go.  Every answer must be the right one.  Made
 * for the thread sanitizer.
 *
 *     stress_back [threads [calls of each]]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "mw/mw.h"

#include "back_client.mw.h"
#include "back_server.mw.h"
#include "lib/prng.h"

enum { THREADS = 6, CALLS = 1000, LIFETIME = 100, PATIENCE_MS = 120000 };

static mw_server *server;
static size_t n_calls = CALLS;
static atomic_ulong n_right;
static atomic_ulong n_wrong;
static atomic_ulong n_dropped;

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

/* ---- the client's handlers ---- */

static mw_status
twice(mw_call *call, int32_t number, int32_t *ret)
{
    (void) call;
    *ret = 2 * number;
    return MW_OK;
}

static mw_status
deeper(mw_call *call, uint32_t n, uint32_t *depth)
{
    mw_client *back;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_status status = mw_call_open_back(call, &back);

    if (status < 0) {
        return status;
    }
    status = n == 0 ? MW_OK : back_Station_depth(back, &ctx, n - 1, depth);
    mw_client_close(back);
    *depth = n == 0 ? 0 : *depth + 1;
    return status;
}

static const back_Watcher_ops watcher_ops = {
    .twice = twice,
    .deeper = deeper,
};

/* ---- the server's ---- */

static mw_status
ask(mw_call *call, int32_t number, int32_t *ret)
{
    mw_client *back;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_status status = mw_call_open_back(call, &back);

    if (status < 0) {
        return status;
    }
    status = back_Watcher_twice(back, &ctx, number, ret);
    mw_client_close(back);
    return status;
}

static mw_status
depth(mw_call *call, uint32_t n, uint32_t *ret)
{
    mw_client *back;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_status status = mw_call_open_back(call, &back);

    if (status < 0) {
        return status;
    }
    status = back_Watcher_deeper(back, &ctx, n, ret);
    mw_client_close(back);
    return status;
}

static const back_Station_ops station_ops = { .ask = ask, .depth = depth };

/* ---- the load ---- */

static mw_client *
open_client(void)
{
    mw_client *client;

    if (mw_client_open_local(&client, server,
            MW_CLIENT(.background = true, .lazy = true, .threads_max = 8),
            NULL) < 0 ||
        back_Watcher_serve_back(client, &watcher_ops, NULL) < 0) {
        abort();
    }
    return client;
}

static void
call_once(mw_client *client, struct mwt_prng *prng)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t number = (int32_t) mwt_below(prng, 1000);
    int32_t answer = -1;
    uint32_t deep = 99;
    mw_pending *pending;

    switch (mwt_below(prng, 8)) {
    case 0:
        judge(back_Station_depth(client, &ctx, 1, &deep) == MW_OK && deep == 1,
            "depth", &ctx);
        break;
    case 1:
        if (back_Station_ask_start(client, &ctx, number, &answer, &pending) ==
            MW_OK) {
            mw_pending_cancel(pending);
            atomic_fetch_add(&n_dropped, 1);
        }
        break;
    default:
        judge(back_Station_ask(client, &ctx, number, &answer) == MW_OK &&
                  answer == 2 * number,
            "ask", &ctx);
        break;
    }
}

static void *
load(void *arg)
{
    struct mwt_prng prng = { *(const uint64_t *) arg };
    mw_client *client = open_client();

    for (size_t i = 0; i < n_calls; i++) {
        if (mwt_below(&prng, LIFETIME) == 0) {
            mw_client_close(client);
            client = open_client();
        }
        call_once(client, &prng);
    }
    mw_client_close(client);
    return NULL;
}

static void *
run_server(void *arg)
{
    (void) !mw_server_run(arg, NULL);
    return NULL;
}

int
main(int argc, char **argv)
{
    size_t n_threads = argc > 1 ? strtoul(argv[1], NULL, 10) : THREADS;
    struct mwt_prng prng = mwt_prng_seeded("stress_back");
    pthread_t *threads = calloc(n_threads, sizeof(*threads));
    uint64_t *seeds = calloc(n_threads, sizeof(*seeds));
    pthread_t runner;

    n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : CALLS;
    if (threads == NULL || seeds == NULL ||
        mw_server_open(&server, MW_SERVER(.threads_max = 64), NULL) < 0 ||
        back_Station_serve(server, &station_ops, NULL) < 0 ||
        pthread_create(&runner, NULL, run_server, server) != 0) {
        return 1;
    }
    for (size_t i = 0; i < n_threads; i++) {
        seeds[i] = mwt_next(&prng);
        if (pthread_create(&threads[i], NULL, load, &seeds[i]) != 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < n_threads; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    mw_server_stop(server);
    (void) pthread_join(runner, NULL);
    mw_server_close(server);
    free(seeds);
    free(threads);
    printf("%lu right answers, %lu wrong ones, %lu dropped\n",
        atomic_load(&n_right), atomic_load(&n_wrong), atomic_load(&n_dropped));
    return atomic_load(&n_wrong) == 0 && atomic_load(&n_right) > 0 ? 0 : 1;
}
