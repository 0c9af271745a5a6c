/* SPDX-License-Identifier: MIT */
/*
 * Pools under many threads, for the thread sanitizer: random limits, several
 * threads that submit, jobs that submit jobs or wait for each other, some with
 * a priority, threads that come and go.
 *
 *     stress_pool [rounds]
 *
 * MW_SEED repeats a run, as far as threads can be repeated.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sync.h"
#include "lib/prng.h"
#include "pool/pool.h"

enum {
    ROUNDS = 100,
    SUBMITTERS = 4,
    JOBS = 100,      /* by each submitter */
    WAIT_MS = 30000, /* jobs that wait longer for each other have failed */
};

struct round {
    struct mwi_pool *pool;
    struct mwi_pool_limits limits;
    uint64_t seed;
    _Atomic unsigned n_accepted;
    _Atomic unsigned n_refused;
    _Atomic unsigned n_run;
    _Atomic unsigned n_running;
    _Atomic unsigned n_urgent;
    _Atomic unsigned n_errors;
    _Atomic unsigned n_submitters; /* a number for each */
};

static void
note_error(struct round *round, const char *what)
{
    (void) fprintf(stderr, "stress_pool: %s\n", what);
    atomic_fetch_add(&round->n_errors, 1);
}

static void
must(bool is_fine)
{
    if (!is_fine) {
        perror("stress_pool");
        abort();
    }
}

/* ---- jobs that come and go ---- */

struct task {
    struct mwi_job job;
    struct round *round;
    unsigned n_children; /* that it submits */
    unsigned n_spins;
};

static void submit_task(struct round *round, unsigned n_children,
    unsigned n_spins, uint32_t priority);

static void
run_task(struct mwi_job *job)
{
    struct task *task = MWI_CONTAINER(job, struct task, job);
    struct round *round = task->round;

    _Atomic unsigned *n =
        job->priority > 0 ? &round->n_urgent : &round->n_running;
    const unsigned max =
        round->limits.threads_max +
        (job->priority > 0 ? round->limits.priority_threads : 0);

    if (atomic_fetch_add(n, 1) >= max) {
        note_error(round, "more jobs run than there may be threads");
    }
    for (volatile unsigned i = 0; i < task->n_spins; i = i + 1) {
        continue;
    }
    for (unsigned i = 0; i < task->n_children; i++) {
        submit_task(round, task->n_children - 1, task->n_spins,
            job->priority > 0 ? 0 : task->n_children);
    }
    atomic_fetch_sub(n, 1);
    free(task);
    atomic_fetch_add(&round->n_run, 1);
}

static void
submit_task(struct round *round, unsigned n_children, unsigned n_spins,
    uint32_t priority)
{
    struct task *task = malloc(sizeof(*task));

    must(task != NULL);
    *task = (struct task){ .job.run = run_task,
        .job.priority = priority,
        .round = round,
        .n_children = n_children,
        .n_spins = n_spins };
    atomic_fetch_add(&round->n_accepted, 1);
    if (mwi_pool_submit(round->pool, &task->job) < 0) {
        atomic_fetch_sub(&round->n_accepted, 1);
        atomic_fetch_add(&round->n_refused, 1);
        free(task);
    }
}

static void *
submit_tasks(void *arg)
{
    struct round *round = arg;
    struct mwt_prng prng = { round->seed +
                             atomic_fetch_add(&round->n_submitters, 1) };
    struct mwi_pool_stats stats;

    for (unsigned i = 0; i < JOBS; i++) {
        submit_task(round, (unsigned) mwt_below(&prng, 3),
            (unsigned) mwt_below(&prng, 3000),
            mwt_chance(&prng, 20) ? 1 + (uint32_t) mwt_below(&prng, 9) : 0);
        if (mwt_chance(&prng, 10)) {
            mwi_pool_stats(round->pool, &stats);
            if (stats.threads > round->limits.threads_max +
                                    round->limits.priority_threads ||
                stats.running > round->limits.threads_max ||
                stats.running + stats.urgent > stats.threads) {
                note_error(round, "impossible numbers");
            }
        }
        if (mwt_chance(&prng, 5)) {
            const struct timespec moment = { 0, 100000 };

            (void) nanosleep(&moment, NULL); /* lets threads become idle */
        }
    }
    return NULL;
}

/* ---- jobs that wait for each other ---- */

struct meeting {
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    unsigned n_here;     /* [mutex] */
    unsigned n_expected; /* constant */
    bool has_failed;     /* [mutex] */
};

struct guest {
    struct mwi_job job;
    struct meeting *meeting;
};

static void
run_guest(struct mwi_job *job)
{
    struct meeting *meeting = MWI_CONTAINER(job, struct guest, job)->meeting;
    const int64_t deadline = mwi_deadline_in(WAIT_MS);

    mwi_lock(&meeting->mutex);
    if (++meeting->n_here == meeting->n_expected) {
        mwi_cond_broadcast(&meeting->changed);
    }
    while (meeting->n_here < meeting->n_expected && !meeting->has_failed) {
        meeting->has_failed |=
            !mwi_cond_wait(&meeting->changed, &meeting->mutex, deadline);
    }
    mwi_unlock(&meeting->mutex);
}

static void
await_idle(struct mwi_pool *pool)
{
    struct mwi_pool_stats stats;

    do {
        (void) sched_yield();
        mwi_pool_stats(pool, &stats);
    } while (stats.running + stats.urgent + stats.queued > 0);
}

/* As many jobs as there may be threads, none of which ends before all run. */
static void
meet(struct round *round)
{
    const unsigned n = round->limits.threads_max;
    struct guest *guests = calloc(n, sizeof(*guests));
    struct meeting meeting = { .n_expected = n };

    must(guests != NULL);
    mwi_mutex_init(&meeting.mutex);
    mwi_cond_init(&meeting.changed);
    for (unsigned i = 0; i < n; i++) {
        guests[i].job.run = run_guest;
        guests[i].meeting = &meeting;
        if (mwi_pool_submit(round->pool, &guests[i].job) < 0) {
            note_error(round, "a job is refused by an idle pool");
            abort(); /* the others would wait for it */
        }
    }
    await_idle(round->pool);
    if (meeting.has_failed) {
        note_error(round, "jobs wait although there may be more threads");
    }
    mwi_cond_fini(&meeting.changed);
    mwi_mutex_fini(&meeting.mutex);
    free(guests);
}

/* ---- rounds ---- */

static bool
run_round(struct mwt_prng *prng)
{
    struct round round = {
        .limits = {
            .threads_max = 1 + (uint32_t) mwt_below(prng, 12),
            .queue_max = (uint32_t) mwt_below(prng, 2000),
            .idle_ms = (uint32_t) mwt_below(prng, 3),
            .priority_threads = (uint32_t) mwt_below(prng, 3),
            .priority_queue_max = (uint32_t) mwt_below(prng, 50),
        },
        .seed = mwt_next(prng),
    };
    pthread_t submitters[SUBMITTERS];

    round.limits.threads_min =
        (uint32_t) mwt_below(prng, round.limits.threads_max + 1);
    must(mwi_pool_open(&round.pool, &round.limits, NULL) == MW_OK);
    meet(&round);
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        must(pthread_create(&submitters[i], NULL, submit_tasks, &round) == 0);
    }
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        must(pthread_join(submitters[i], NULL) == 0);
    }
    if (mwt_chance(prng, 50)) {
        await_idle(round.pool);
        meet(&round);
    }
    mwi_pool_close(round.pool);
    if (round.n_run != round.n_accepted) {
        note_error(&round, "not all that was accepted has run");
    }
    if (round.n_accepted + round.n_refused < SUBMITTERS * JOBS) {
        note_error(&round, "a job was lost");
    }
    return round.n_errors == 0;
}

int
main(int argc, char **argv)
{
    struct mwt_prng prng = mwt_prng_seeded("stress_pool");
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
    unsigned n_passed = 0;
    unsigned n_failed = 0;

    for (long i = 0; i < rounds; i++) {
        if (run_round(&prng)) {
            n_passed++;
        } else {
            n_failed++;
        }
    }
    (void) printf("stress_pool: %u passed, %u failed\n", n_passed, n_failed);
    return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
