/* SPDX-License-Identifier: MIT */
/*
 * Many threads that each have many calls under way on one connection, finish
 * them in any order, hand some to other threads to finish, drop some, and make
 * synchronous calls in between: every answer must be the right one.  Made for
 * the thread sanitizer.
 *
 *     stress_pending [threads [calls of each]]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integration/fixture.h"
#include "lib/pki.h"
#include "lib/prng.h"

enum {
    THREADS = 6,
    CALLS = 5000,
    WINDOW = 16,  /* calls that a thread has under way */
    COUNTER = 32, /* places where calls are left for others */
};

/* A call that is under way, with all that must live meanwhile. */
struct job {
    mw_ctx ctx;
    mw_pending *pending;
    probe_Box box;
    uint64_t serial; /* of the box, when it was sent */
    double sum;
    double expected;
    bool is_edit;
};

static struct mwt_server server;
static mw_client *client;
static size_t n_calls = CALLS;
static atomic_ulong n_right;
static atomic_ulong n_wrong;
static atomic_ulong n_dropped;
static struct mwi_mutex mutex;
static struct job *counter[COUNTER]; /* [mutex] */

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

static struct job *
start_job(struct mwt_prng *prng)
{
    struct job *job = calloc(1, sizeof(*job));
    double a = (double) mwt_below(prng, 1000);
    double b = (double) mwt_below(prng, 1000);
    mw_status status;

    if (job == NULL) {
        abort();
    }
    job->ctx = MW_CTX(.timeout_ms = 120000, .more = mwt_below(prng, 2) == 0);
    job->is_edit = mwt_below(prng, 3) == 0;
    job->expected = a + b;
    job->serial = job->box.serial = mwt_below(prng, 1000);
    status = job->is_edit ? probe_Probe_edit_start(
                                client, &job->ctx, &job->box, &job->pending)
                          : probe_Probe_add_start(client, &job->ctx, a, b,
                                &job->sum, &job->pending);
    if (status < 0) {
        judge(false, "start", &job->ctx);
        free(job);
        return NULL;
    }
    return job;
}

static void
free_job(struct job *job)
{
    probe_Box_clear(&job->box);
    mw_ctx_clear(&job->ctx);
    free(job);
}

static void
finish_job(struct job *job)
{
    mw_status status = mw_pending_finish(job->pending);

    judge(status == MW_OK && (job->is_edit ? job->box.serial == job->serial + 1
                                           : job->sum == job->expected),
        job->is_edit ? "edit" : "add", &job->ctx);
    free_job(job);
}

/* Cancelled, its memory goes at once. */
static void
drop_job(struct job *job)
{
    mw_pending *pending = job->pending;

    free_job(job);
    mw_pending_cancel(pending);
    atomic_fetch_add(&n_dropped, 1);
}

/* Leave a job, or NULL, and take the one that was there, or NULL. */
static struct job *
exchange_job(struct job *job, size_t at)
{
    struct job *other;

    mwi_lock(&mutex);
    other = counter[at];
    counter[at] = job;
    mwi_unlock(&mutex);
    return other;
}

static void
end_job(struct job *job, struct mwt_prng *prng)
{
    uint64_t what = mwt_below(prng, 8);

    if (what == 0) {
        drop_job(job);
        return;
    }
    if (what < 4) {
        job = exchange_job(job, mwt_below(prng, COUNTER));
    }
    if (what == 7 && job != NULL) {
        (void) mw_pending_is_done(job->pending);
    }
    if (job != NULL) {
        finish_job(job);
    }
}

static void *
make_calls(void *arg)
{
    struct mwt_prng prng = { .state = 1 + (uint64_t) (uintptr_t) arg };
    struct job *window[WINDOW] = { NULL };
    mw_ctx ctx = MW_CTX(.timeout_ms = 120000);
    double sum;

    for (size_t i = 0; i < n_calls; i++) {
        struct job **slot = &window[mwt_below(&prng, WINDOW)];

        if (*slot != NULL) {
            end_job(*slot, &prng);
        }
        *slot = start_job(&prng);
        if (i % 16 == 0) {
            judge(
                probe_Probe_add(client, &ctx, 1, 2, &sum) == MW_OK && sum == 3,
                "synchronous add", &ctx);
        }
    }
    for (size_t i = 0; i < WINDOW; i++) {
        if (window[i] != NULL) {
            finish_job(window[i]);
        }
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    size_t n_threads = argc > 1 ? strtoul(argv[1], NULL, 10) : THREADS;
    pthread_t threads[64];
    mw_error error;

    n_calls = argc > 2 ? strtoul(argv[2], NULL, 10) : CALLS;
    n_threads = n_threads > 64 ? 64 : n_threads;
    mwi_mutex_init(&mutex);
    mwt_server_start(
        &server, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS,
                     .threads_min = 4, .threads_max = 4));
    if (mw_client_open(&client, mw_server_address(server.server, 0),
            MW_CLIENT(.tls = MWT_CLIENT_TLS), &error) < 0) {
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
    for (size_t i = 0; i < COUNTER; i++) {
        if (counter[i] != NULL) {
            finish_job(counter[i]);
        }
    }
    mw_client_close(client);
    mwt_server_close(&server);
    mwi_mutex_fini(&mutex);
    (void) printf("stress_pending: %lu right, %lu wrong, %lu dropped; "
                  "server: %s\n",
        atomic_load(&n_right), atomic_load(&n_wrong), atomic_load(&n_dropped),
        mw_status_text(server.status));
    return atomic_load(&n_wrong) == 0 && server.status == MW_OK ? EXIT_SUCCESS
                                                                : EXIT_FAILURE;
}
