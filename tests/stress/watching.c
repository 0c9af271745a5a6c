/* SPDX-License-Identifier: MIT */
/*
 * Many threads make calls, some of which fail, while others look at the
 * counters, ask mw.Server and change the health; hooks count on their own.  In
 * the end nothing may be missing and nothing counted twice.  Made for the
 * thread sanitizer.
 *
 *     stress_watching [threads [calls of each]]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mw/introspect_client.mw.h"

#include "integration/fixture.h"

enum { THREADS = 6, CALLS = 2000, LOOKERS = 2, FAIL_EVERY = 7 };

static struct mwt_server server;
static mw_client *client;
static size_t n_calls = CALLS;
static atomic_bool is_over;
static atomic_ulong n_begun;
static atomic_ulong n_ended;
static atomic_ulong n_failed;
static atomic_ulong n_client_ended;
static atomic_ulong n_wrong;

static void
expect(bool right, const char *what)
{
    if (!right) {
        atomic_fetch_add(&n_wrong, 1);
        (void) fprintf(stderr, "stress_watching: %s\n", what);
    }
}

static bool
is_probe(const mw_call *call)
{
    return strncmp(mw_call_target(call), "probe.", 6) == 0;
}

static void
on_begin(void *user, mw_call *call)
{
    (void) user;
    atomic_fetch_add(&n_begun, is_probe(call));
}

static void
on_end(void *user, mw_call *call, const mw_call_outcome *outcome)
{
    (void) user;
    atomic_fetch_add(&n_ended, is_probe(call));
    atomic_fetch_add(&n_failed, is_probe(call) && outcome->status < 0);
}

static void
on_client_end(void *user, const mw_client_call *call)
{
    (void) user;
    (void) call;
    atomic_fetch_add(&n_client_ended, 1);
}

static void *
make_calls(void *arg)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 120000);
    probe_Box box = { 0 };
    char *text = NULL;
    double sum;

    (void) arg;
    mw_traceparent_new(NULL, ctx.traceparent);
    for (size_t i = 0; i < n_calls; i++) {
        if (i % FAIL_EVERY == 0) {
            expect(probe_Probe_spoil(client, &ctx, &box, &text, MW_EABORTED) ==
                       MW_EABORTED,
                "spoil");
        } else {
            expect(probe_Probe_add(client, &ctx, 1, 2, &sum) == MW_OK, "add");
        }
    }
    return NULL;
}

/* All that was read must make sense at any time. */
static void
look(uint64_t *n_asked)
{
    mw_server_counts all = { .size = sizeof(all) };
    mw_method_counts one = { .size = sizeof(one) };
    mw_ctx ctx = MW_CTX(.timeout_ms = 120000);
    mw_Statistics statistics = { 0 };

    expect(mw_server_stats(server.server, &all) == MW_OK, "server_stats");
    expect(all.running <= all.threads, "more run than there are");
    for (size_t i = 0; mw_server_method_stats(server.server, i, &one) == MW_OK;
         i++) {
        expect(one.running <= THREADS + LOOKERS, "more calls than callers");
        expect(one.latency.n <= one.ok + one.failed, "histogram");
    }
    expect(
        mw_Server_statistics(client, &ctx, &statistics) == MW_OK, "statistics");
    mw_Statistics_clear(&statistics);
    expect(mw_server_set_health(server.server, "probe.Probe",
               *n_asked % 2 == 0 ? MW_HEALTH_SERVING : MW_HEALTH_NOT_SERVING) ==
               MW_OK,
        "set_health");
    ++*n_asked;
}

static void *
look_on(void *ret_n_asked)
{
    while (!atomic_load(&is_over)) {
        look(ret_n_asked);
    }
    return NULL;
}

static void
check_totals(size_t expected, uint64_t n_asked)
{
    mw_client_counts c = { .size = sizeof(c) };
    mw_method_counts m = { .size = sizeof(m) };
    uint64_t ok = 0;
    uint64_t failed = 0;

    for (size_t i = 0; mw_server_method_stats(server.server, i, &m) == MW_OK;
         i++) {
        bool is_ours = strncmp(m.target, "probe.", 6) == 0;

        ok += is_ours ? m.ok : 0;
        failed += is_ours ? m.failed : 0;
        expect(m.running == 0, "one still runs");
    }
    expect(ok + failed == expected, "the server's count");
    expect(atomic_load(&n_begun) == expected, "begin()");
    expect(atomic_load(&n_ended) == expected, "end()");
    expect(atomic_load(&n_failed) == failed, "failures");
    expect(mw_client_stats(client, &c) == MW_OK, "client_stats");
    expect(c.ok + c.failed == expected + n_asked, "the client's count");
    expect(c.failed == failed, "the client's failures");
    expect(atomic_load(&n_client_ended) == expected + n_asked, "client hooks");
}

static void
start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    if (pthread_create(thread, NULL, fn, arg) != 0) {
        abort();
    }
}

int
main(int argc, char **argv)
{
    static const mw_server_hooks hooks = {
        .size = sizeof(hooks), .begin = on_begin, .end = on_end
    };
    static const mw_client_hooks client_hooks = { .size = sizeof(client_hooks),
        .end = on_client_end };
    size_t n_threads = argc > 1 ? strtoul(argv[1], NULL, 10) : THREADS;
    pthread_t threads[THREADS];
    pthread_t lookers[LOOKERS];
    uint64_t n_asked[LOOKERS] = { 0 };
    mw_error error;

    n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : CALLS;
    n_threads = n_threads > THREADS ? THREADS : n_threads;
    mwt_server_start(&server, MW_SERVER(.threads_max = 4, .hooks = &hooks));
    if (mw_client_open_local(&client, server.server,
            MW_CLIENT(.hooks = &client_hooks), &error) < 0) {
        (void) fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < LOOKERS; i++) {
        start(&lookers[i], look_on, &n_asked[i]);
    }
    for (size_t i = 0; i < n_threads; i++) {
        start(&threads[i], make_calls, NULL);
    }
    for (size_t i = 0; i < n_threads; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < LOOKERS; i++) {
        (void) pthread_join(lookers[i], NULL);
    }
    mwt_server_stop(&server);
    check_totals(n_threads * n_calls, n_asked[0] + n_asked[1]);
    mw_client_close(client);
    mwt_server_close(&server);
    (void) printf("stress_watching: %zu calls, %lu wrong\n",
        n_threads * n_calls, atomic_load(&n_wrong));
    return atomic_load(&n_wrong) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
