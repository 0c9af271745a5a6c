/* SPDX-License-Identifier: MIT */
/*
 * Threads that start calls to be told of, finish, cancel and wait for any of
 * them, while functions run that start others; with the client's own thread,
 * with a loop, or with neither; and clients that are closed in the midst of it.
 * Each call must be told once, or be finished or cancelled before, and none
 * after. Made for the thread sanitizer.
 *
 *     stress_told [rounds]
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "integration/fixture.h"
#include "lib/pki.h"
#include "lib/prng.h"

enum { THREADS = 4, CALLS = 300, WINDOW = 8, ROUNDS = 6, LONG_MS = 120000 };

enum way { IN_THREAD, IN_LOOP, IN_CALLS, N_WAYS };

/* A call, freed by who ends it. */
struct job {
    mw_ctx ctx;
    mw_pending *pending;
    double sum;
    double expected;
    bool is_told; /* ended by its function, else by who started it */
    bool starts_another;
};

static struct mwt_server server;
static mw_client *client;
static atomic_bool is_closing;
static atomic_bool is_over; /* for the loop */
static atomic_long n_open;
static atomic_ulong n_told;
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
end_job(struct job *job)
{
    mw_ctx_clear(&job->ctx);
    free(job);
    atomic_fetch_sub(&n_open, 1);
}

static void
finish_job(struct job *job, mw_pending *pending)
{
    mw_status status = mw_pending_finish(pending);

    judge((status == MW_OK && job->sum == job->expected) ||
              (status == MW_ECANCELLED && atomic_load(&is_closing)),
        "finish", &job->ctx);
    end_job(job);
}

static void tell(void *user, mw_pending *pending);

static struct job *
start_job(double number, bool is_told, bool starts_another)
{
    struct job *job = calloc(1, sizeof(*job));
    mw_pending *pending;
    mw_status status;

    if (job == NULL) {
        abort();
    }
    atomic_fetch_add(&n_open, 1);
    job->ctx =
        MW_CTX(.timeout_ms = LONG_MS, .on_done = tell, .on_done_user = job);
    job->is_told = is_told;
    job->starts_another = starts_another;
    job->expected = number + 1;
    status = probe_Probe_add_start(
        client, &job->ctx, number, 1, &job->sum, &pending);
    if (status < 0) {
        judge(status == MW_ECANCELLED && atomic_load(&is_closing), "start",
            &job->ctx);
        end_job(job);
        return NULL;
    }
    if (is_told) {
        return NULL; /* it may be over, and gone */
    }
    job->pending = pending;
    return job;
}

static void
tell(void *user, mw_pending *pending)
{
    struct job *job = user;

    if (!job->is_told) {
        return; /* who started it ends it, too */
    }
    atomic_fetch_add(&n_told, 1);
    if (job->starts_another && !atomic_load(&is_closing)) {
        (void) start_job(job->expected, true, false);
    }
    finish_job(job, pending);
}

static void
end_one(struct job **window, struct mwt_prng *prng)
{
    mw_pending *pendings[WINDOW];
    size_t at = mwt_below(prng, WINDOW);

    if (mwt_chance(prng, 50)) {
        for (size_t i = 0; i < WINDOW; i++) {
            pendings[i] = window[i] != NULL ? window[i]->pending : NULL;
        }
        if (mw_pending_wait_any(pendings, WINDOW, LONG_MS, &at) < 0) {
            return;
        }
    }
    if (window[at] == NULL) {
        return;
    }
    if (mwt_chance(prng, 25)) {
        mw_pending_cancel(window[at]->pending);
        end_job(window[at]);
    } else {
        finish_job(window[at], window[at]->pending);
    }
    window[at] = NULL;
}

static void *
make_calls(void *arg)
{
    struct mwt_prng prng = { .state = 1 + (uint64_t) (uintptr_t) arg };
    struct job *window[WINDOW] = { NULL };

    for (size_t i = 0; i < CALLS && !atomic_load(&is_closing); i++) {
        size_t at = mwt_below(&prng, WINDOW);
        double number = (double) mwt_below(&prng, 1000);
        double sum;

        if (mwt_chance(&prng, 40)) {
            (void) start_job(number, true, mwt_chance(&prng, 30));
        } else if (window[at] == NULL) {
            window[at] = start_job(number, false, false);
        }
        end_one(window, &prng);
        if (mwt_chance(&prng, 20) && !atomic_load(&is_closing)) {
            mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
            mw_status status = probe_Probe_add(client, &ctx, 1, 2, &sum);

            judge((status == MW_OK && sum == 3) ||
                      (status == MW_ECANCELLED && atomic_load(&is_closing)),
                "add", &ctx);
        }
    }
    for (size_t i = 0; i < WINDOW; i++) {
        if (window[i] != NULL) {
            finish_job(window[i], window[i]->pending);
        }
    }
    return NULL;
}

static void *
run_loop(void *arg)
{
    struct pollfd watched = { .fd = mw_client_fd(client), .events = POLLIN };

    (void) arg;
    while (!atomic_load(&is_over)) {
        (void) poll(&watched, 1, 50);
        if (mw_client_process(client) < 0) {
            abort();
        }
    }
    return NULL;
}

static void
start_thread(pthread_t *thread, void *(*run)(void *), size_t i)
{
    if (pthread_create(thread, NULL, run, (void *) (uintptr_t) i) != 0) {
        abort();
    }
}

/* Calls begin while nobody closes, so those who begin them are told first. */
static void
close_amid_pending(struct mwt_prng *prng)
{
    enum { N = 64 };
    struct job *jobs[N];

    for (size_t i = 0; i < N; i++) {
        jobs[i] =
            start_job((double) i, mwt_chance(prng, 50), mwt_chance(prng, 50));
    }
    atomic_store(&is_closing, true);
    mw_client_close(client);
    for (size_t i = 0; i < N; i++) {
        if (jobs[i] != NULL) {
            finish_job(jobs[i], jobs[i]->pending);
        }
    }
}

static void
run_round(enum way way, uint64_t seed)
{
    struct mwt_prng prng = { .state = seed };
    pthread_t threads[THREADS];
    pthread_t loop;
    mw_error error;

    atomic_store(&is_closing, false);
    atomic_store(&is_over, false);
    if (mw_client_open(&client, mw_server_address(server.server, 0),
            MW_CLIENT(.tls = MWT_CLIENT_TLS, .background = way == IN_THREAD,
                .connections = 1 + (uint32_t) mwt_below(&prng, 3)),
            &error) < 0) {
        (void) fprintf(stderr, "%s\n", error.text);
        exit(EXIT_FAILURE);
    }
    if (way == IN_LOOP) {
        start_thread(&loop, run_loop, 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        start_thread(&threads[i], make_calls, i + (size_t) seed * THREADS);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    atomic_store(&is_over, true);
    if (way == IN_LOOP) {
        (void) pthread_join(loop, NULL);
    }
    close_amid_pending(&prng);
    if (atomic_load(&n_open) != 0) {
        (void) fprintf(
            stderr, "%ld calls were never told\n", atomic_load(&n_open));
        atomic_fetch_add(&n_wrong, 1);
        atomic_store(&n_open, 0);
    }
}

int
main(int argc, char **argv)
{
    size_t n_rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;

    mwt_server_start(
        &server, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS,
                     .threads_min = 4, .threads_max = 4));
    for (size_t i = 0; i < n_rounds; i++) {
        run_round((enum way)(i % N_WAYS), 1 + i);
    }
    mwt_server_close(&server);
    (void) printf("stress_told: %lu right, %lu wrong, %lu told; server: %s\n",
        atomic_load(&n_right), atomic_load(&n_wrong), atomic_load(&n_told),
        mw_status_text(server.status));
    return atomic_load(&n_wrong) == 0 && server.status == MW_OK ? EXIT_SUCCESS
                                                                : EXIT_FAILURE;
}
