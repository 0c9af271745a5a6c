/* SPDX-License-Identifier: MIT */
/*
 * Everything that limits a server at once, for the thread sanitizer: gates,
 * urgent calls, limits of connections and peers, the adaptive limit, deadlines
 * that pass in queues, connections that come and go.  Each call succeeds, is
 * refused and was not run, or comes too late; no limit is exceeded; and when
 * all is over nothing is left counted.
 *
 *     stress_overload [rounds]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mw/mw.h"

#include "lib/prng.h"
#include "load_client.mw.h"
#include "load_server.mw.h"
#include "rpc/server.h"

enum { ROUNDS = 6, CLIENTS = 6, CALLS = 300, BATCH = 20, FEW = 3, SMALL = 2 };

/* A handler that runs for some microseconds, and how many there are. */
struct place {
    _Atomic uint32_t n;
    uint32_t max;
};

struct scene {
    mw_server *server;
    pthread_t thread;
    struct place one, few, small, small_one;
    _Atomic uint64_t n_run;
    _Atomic uint64_t n_ok;
    _Atomic uint64_t n_refused;
    _Atomic uint64_t n_late;
    _Atomic uint32_t n_errors;
    _Atomic uint32_t n_callers; /* a number for each */
    uint64_t seed;
};

static void
must(bool truth, const char *what)
{
    if (!truth) {
        (void) fprintf(stderr, "stress_overload: %s\n", what);
        abort();
    }
}

static void
rest(void)
{
    const struct timespec moment = { 0, 100000 };

    (void) nanosleep(&moment, NULL);
}

static void
enter(struct scene *s, struct place *place)
{
    if (atomic_fetch_add(&place->n, 1) >= place->max) {
        atomic_fetch_add(&s->n_errors, 1);
        (void) fprintf(stderr, "stress_overload: more than %u\n", place->max);
    }
    rest();
    atomic_fetch_sub(&place->n, 1);
    atomic_fetch_add(&s->n_run, 1);
}

static mw_status
work(mw_call *call)
{
    struct scene *s = mw_call_user(call);

    rest();
    atomic_fetch_add(&s->n_run, 1);
    return MW_OK;
}

static mw_status
one(mw_call *call)
{
    struct scene *s = mw_call_user(call);

    enter(s, &s->one);
    return MW_OK;
}

static mw_status
few(mw_call *call)
{
    struct scene *s = mw_call_user(call);

    enter(s, &s->few);
    return MW_OK;
}

static mw_status
small_some(mw_call *call)
{
    struct scene *s = mw_call_user(call);

    enter(s, &s->small);
    return MW_OK;
}

static mw_status
small_one(mw_call *call)
{
    struct scene *s = mw_call_user(call);

    enter(s, &s->small_one);
    return MW_OK;
}

static const load_Work_ops work_ops = {
    .hold = work, .nothing = work, .one = one, .few = few
};
static const load_Small_ops small_ops = { .some = small_some,
    .one = small_one };
static const load_Control_ops control_ops = { .check = work, .stay = work };

typedef mw_status (*start_fn)(mw_client *, mw_ctx *, mw_pending **);

static const start_fn starts[] = {
    load_Work_hold_start,
    load_Work_nothing_start,
    load_Work_one_start,
    load_Work_few_start,
    load_Small_some_start,
    load_Small_one_start,
    load_Control_check_start,
    load_Control_stay_start,
};

enum { N_STARTS = sizeof(starts) / sizeof(*starts) };

static void
note(struct scene *s, mw_status status, const mw_ctx *ctx)
{
    switch (status) {
    case MW_OK:
        atomic_fetch_add(&s->n_ok, 1);
        break;
    case MW_EEXHAUSTED:
        must(ctx->not_run, "a refused call may have run");
        atomic_fetch_add(&s->n_refused, 1);
        break;
    case MW_ETIMEDOUT:
        atomic_fetch_add(&s->n_late, 1);
        break;
    default:
        must(false, mw_ctx_error(ctx));
    }
}

static void
call_some(struct scene *s, mw_client *client, struct mwt_prng *prng)
{
    mw_ctx ctxs[BATCH];
    mw_pending *pending[BATCH];

    for (size_t i = 0; i < BATCH; i++) {
        ctxs[i] = MW_CTX(.no_retry = true,
            .timeout_ms = mwt_chance(prng, 30)
                              ? 1 + (uint32_t) mwt_below(prng, 8)
                              : 60000);
        (void) !starts[mwt_below(prng, N_STARTS)](
            client, &ctxs[i], &pending[i]);
    }
    for (size_t i = 0; i < BATCH; i++) {
        if (pending[i] == NULL) {
            note(s, ctxs[i].error.status, &ctxs[i]);
        } else {
            note(s, mw_pending_finish(pending[i]), &ctxs[i]);
        }
    }
}

static void *
call(void *arg)
{
    struct scene *s = arg;
    struct mwt_prng prng = { s->seed + atomic_fetch_add(&s->n_callers, 1) };

    for (unsigned i = 0; i < CALLS / BATCH; i++) {
        mw_client *client;

        must(mw_client_open(
                 &client, mw_server_address(s->server, 0), NULL, NULL) == MW_OK,
            "no connection");
        call_some(s, client, &prng);
        call_some(s, client, &prng);
        mw_client_close(client);
    }
    return NULL;
}

static void *
run(void *arg)
{
    struct scene *s = arg;

    must(mw_server_run(s->server, NULL) == MW_OK, "the server did not drain");
    return NULL;
}

/* All but the first two limits, at random. */
static void
begin(struct scene *s, struct mwt_prng *prng)
{
    uint32_t threads = 1 + (uint32_t) mwt_below(prng, 8);

    *s = (struct scene){ .one.max = 1,
        .few.max = FEW,
        .small.max = SMALL,
        .small_one.max = 1,
        .seed = mwt_next(prng) };
    must(mw_server_open(&s->server,
             MW_SERVER(.listen = "plaintext://127.0.0.1:0", .threads_min = 1,
                 .threads_max = threads,
                 .queue_max = 1 + (uint32_t) mwt_below(prng, 40),
                 .waiting_max = 1 + (uint32_t) mwt_below(prng, 40),
                 .threads_idle_ms = 1 + (uint32_t) mwt_below(prng, 20),
                 .connection_calls_max = (uint32_t) mwt_below(prng, 20),
                 .peer_calls_max = (uint32_t) mwt_below(prng, 60),
                 .adaptive = mwt_chance(prng, 50)),
             NULL) == MW_OK,
        "no server");
    must(load_Work_serve(s->server, &work_ops, s) == MW_OK &&
             load_Small_serve(s->server, &small_ops, s) == MW_OK &&
             load_Control_serve(s->server, &control_ops, s) == MW_OK,
        "out of memory");
    must(pthread_create(&s->thread, NULL, run, s) == 0, "no thread");
}

static bool
run_round(struct mwt_prng *prng)
{
    struct scene s;
    pthread_t callers[CLIENTS];
    struct mwi_host *host;

    begin(&s, prng);
    host = &s.server->host;
    for (size_t i = 0; i < CLIENTS; i++) {
        must(pthread_create(&callers[i], NULL, call, &s) == 0, "no thread");
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        must(pthread_join(callers[i], NULL) == 0, "no join");
    }
    mw_server_stop(s.server);
    must(pthread_join(s.thread, NULL) == 0, "no join");
    must(atomic_load(&host->calls) == 0, "calls are left");
    must(s.n_run >= s.n_ok, "calls were not run");
    must(s.n_ok > 0, "none succeeded");
    mw_server_close(s.server);
    return s.n_errors == 0;
}

int
main(int argc, char **argv)
{
    struct mwt_prng prng = mwt_prng_seeded("stress_overload");
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
    unsigned n_failed = 0;

    for (long i = 0; i < rounds; i++) {
        n_failed += !run_round(&prng);
    }
    (void) printf(
        "stress_overload: %u of %ld rounds failed\n", n_failed, rounds);
    return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
