/* SPDX-License-Identifier: MIT */
/*
 * Work that comes from a source: threads without a job wait there, not more
 * than may, and are called away when there is a job.
 */
#include <poll.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "unit/pool/fixture.h"

/* A source whose work is units that come to a gate. */
struct well {
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    unsigned units;    /* [mutex] to be had */
    unsigned wakes;    /* [mutex] to be delivered */
    unsigned inside;   /* [mutex] threads that wait */
    unsigned most;     /* [mutex] that waited at once */
    unsigned n_run;    /* [mutex] units done */
    unsigned n_alone;  /* [mutex] times that it was unattended */
    unsigned n_looks;  /* [mutex] units of threads that may start nothing */
    struct gate *gate; /* where units wait, or NULL */
};

static void *
well_wait(void *user, int64_t deadline)
{
    struct well *well = user;
    void *work = NULL;

    mwi_lock(&well->mutex);
    well->inside++;
    well->most = well->inside > well->most ? well->inside : well->most;
    mwi_cond_broadcast(&well->changed);
    while (well->units == 0 && well->wakes == 0 &&
           mwi_cond_wait(&well->changed, &well->mutex, deadline)) {
        continue;
    }
    if (well->units > 0) {
        well->units--;
        work = well;
    } else if (well->wakes > 0) {
        well->wakes--;
    }
    well->inside--;
    mwi_unlock(&well->mutex);
    return work;
}

static void
well_run(void *user, void *work, bool may_start)
{
    struct well *well = user;

    cr_assert_eq(work, well);
    if (well->gate != NULL) {
        gate_pass(well->gate);
    }
    mwi_lock(&well->mutex);
    well->n_looks += !may_start;
    well->n_run++;
    mwi_cond_broadcast(&well->changed);
    mwi_unlock(&well->mutex);
}

static void
well_wake(void *user)
{
    struct well *well = user;

    mwi_lock(&well->mutex);
    well->wakes++;
    mwi_cond_signal(&well->changed);
    mwi_unlock(&well->mutex);
}

static void
well_unattended(void *user)
{
    struct well *well = user;

    mwi_lock(&well->mutex);
    well->n_alone++;
    mwi_cond_broadcast(&well->changed);
    mwi_unlock(&well->mutex);
}

static void
well_give(struct well *well, unsigned n)
{
    mwi_lock(&well->mutex);
    well->units += n;
    mwi_cond_broadcast(&well->changed);
    mwi_unlock(&well->mutex);
}

/* Until a number of the well's is n. */
static void
well_await(struct well *well, const unsigned *number, unsigned n)
{
    int64_t deadline = mwi_deadline_in(POOL_WAIT_MS);

    mwi_lock(&well->mutex);
    while (
        *number != n && mwi_cond_wait(&well->changed, &well->mutex, deadline)) {
        continue;
    }
    cr_assert_eq(*number, n);
    mwi_unlock(&well->mutex);
}

static struct mwi_pool *
open_with(struct well *well, const struct mwi_pool_limits *limits,
    uint32_t waiting_max)
{
    const struct mwi_source source = { .user = well,
        .waiting_max = waiting_max,
        .wait = well_wait,
        .run = well_run,
        .wake = well_wake,
        .unattended = well_unattended };
    struct mwi_pool *pool;

    mwi_mutex_init(&well->mutex);
    mwi_cond_init(&well->changed);
    cr_assert_eq(mwi_pool_open(&pool, limits, NULL), MW_OK);
    mwi_pool_attach(pool, &source);
    return pool;
}

static struct mwi_pool *
open_of(struct well *well, uint32_t min, uint32_t max, uint32_t waiting_max)
{
    const struct mwi_pool_limits limits = { .threads_min = min,
        .threads_max = max,
        .queue_max = 100,
        .idle_ms = POOL_IDLE_LONG };

    return open_with(well, &limits, waiting_max);
}

static void
close_with(struct well *well, struct mwi_pool *pool)
{
    mwi_pool_close(pool);
    cr_assert_eq(well->inside, 0);
    mwi_cond_fini(&well->changed);
    mwi_mutex_fini(&well->mutex);
}

Test(pool_source, all_work_is_done)
{
    struct well well = { 0 };
    struct mwi_pool *pool = open_of(&well, 4, 4, 2);

    for (unsigned i = 1; i <= 100; i++) {
        well_give(&well, 10);
        well_await(&well, &well.n_run, 10 * i);
    }
    cr_assert_leq(well.most, 2);
    close_with(&well, pool);
}

/* Threads that slept before there was a source come to it, up to the limit. */
Test(pool_source, as_many_wait_as_may)
{
    struct well well = { 0 };
    struct mwi_pool *pool = open_of(&well, 5, 5, 3);
    struct mwi_pool_stats stats;

    well_await(&well, &well.inside, 3);
    mwi_pool_stats(pool, &stats);
    cr_assert_eq(stats.waiting, 3);
    cr_assert_eq(stats.running, 0);
    cr_assert_geq(stats.turns, 3);
    close_with(&well, pool);
}

/* A job does not wait while a thread does, wherever that is. */
Test(pool_source, jobs_call_threads_away)
{
    struct well well = { 0 };
    struct mwi_pool *pool = open_of(&well, 3, 3, 3);
    struct gate gate;
    struct blocker *blockers;

    gate_init(&gate);
    blockers = blockers_new(&gate, 3);
    well_await(&well, &well.inside, 3);
    for (unsigned i = 0; i < 3; i++) {
        must_submit(pool, &blockers[i].job);
    }
    gate_await(&gate, 3); /* all three at once */
    gate_let_go(&gate, 3);
    well_await(&well, &well.inside, 3);
    close_with(&well, pool);
    free(blockers);
    gate_fini(&gate);
}

/* Work of the source counts as running: beyond it threads are made. */
Test(pool_source, work_and_jobs_run_at_once)
{
    struct gate gate;
    struct well well = { .gate = &gate };
    struct mwi_pool *pool;
    struct blocker *blockers;

    gate_init(&gate);
    pool = open_of(&well, 2, 5, 2);
    blockers = blockers_new(&gate, 3);
    well_give(&well, 2);
    gate_await(&gate, 2);
    for (unsigned i = 0; i < 3; i++) {
        must_submit(pool, &blockers[i].job);
    }
    gate_await(&gate, 5);
    assert_stats(pool, 5, 5, 0);
    gate_let_go(&gate, 5);
    well_await(&well, &well.n_run, 2);
    close_with(&well, pool);
    free(blockers);
    gate_fini(&gate);
}

/* Whoever leaves the source for long is relieved, while that is possible. */
Test(pool_source, relief)
{
    struct gate gate;
    struct well well = { .gate = &gate };
    struct mwi_pool *pool;

    gate_init(&gate);
    pool = open_of(&well, 1, 3, 2);
    for (unsigned i = 1; i <= 3; i++) {
        well_await(&well, &well.inside, 1);
        mwi_pool_relieve(pool); /* there is one */
        well_give(&well, 1);
        gate_await(&gate, i);
        cr_assert_eq(well.n_alone, 0);
        mwi_pool_relieve(pool);
    }
    cr_assert_eq(well.n_alone, 1);
    gate_let_go(&gate, 3);
    well_await(&well, &well.n_run, 3);
    well_await(&well, &well.inside, 2);
    close_with(&well, pool);
    gate_fini(&gate);
}

/* A job relieves by itself. */
Test(pool_source, jobs_that_leave_it_alone)
{
    struct well well = { 0 };
    struct mwi_pool *pool = open_of(&well, 1, 2, 2);
    struct gate gate;
    struct blocker *blockers;

    gate_init(&gate);
    blockers = blockers_new(&gate, 2);
    well_await(&well, &well.inside, 1);
    must_submit(pool, &blockers[0].job);
    gate_await(&gate, 1);
    well_await(&well, &well.inside, 1);
    must_submit(pool, &blockers[1].job);
    gate_await(&gate, 2);
    well_await(&well, &well.n_alone, 1);
    gate_let_go(&gate, 2);
    well_await(&well, &well.inside, 2);
    close_with(&well, pool);
    free(blockers);
    gate_fini(&gate);
}

/* A thread that was counted on for a job finds other work first: another is
 * made for the job. */
Test(pool_source, work_comes_before_the_job)
{
    struct gate gate;
    struct well well = { .gate = &gate };
    struct mwi_pool *pool;
    struct blocker *blockers;

    gate_init(&gate);
    pool = open_of(&well, 1, 2, 1);
    blockers = blockers_new(&gate, 1);
    well_await(&well, &well.inside, 1);
    mwi_lock(&well.mutex);
    well.units = 1; /* which it notices when it is woken for the job */
    mwi_unlock(&well.mutex);
    must_submit(pool, &blockers[0].job);
    gate_await(&gate, 2);
    gate_let_go(&gate, 2);
    close_with(&well, pool);
    free(blockers);
    gate_fini(&gate);
}

/* Threads that are there for jobs with a priority look at the source while all
 * others are busy, but are told to start nothing. */
Test(pool_source, threads_beyond_the_limit_only_look)
{
    struct gate gate;
    struct gate urgent_gate;
    struct well well = { 0 };
    const struct mwi_pool_limits limits = { .threads_max = 1,
        .queue_max = 10,
        .idle_ms = POOL_IDLE_LONG,
        .priority_threads = 1,
        .priority_queue_max = 1 };
    struct mwi_pool *pool;
    struct blocker *ordinary;
    struct blocker *urgent;

    gate_init(&gate);
    gate_init(&urgent_gate);
    ordinary = blockers_new(&gate, 1);
    urgent = blockers_new(&urgent_gate, 1);
    urgent->job.priority = 1;
    pool = open_with(&well, &limits, 1);
    must_submit(pool, &ordinary->job);
    gate_await(&gate, 1);
    must_submit(pool, &urgent->job);
    gate_await(&urgent_gate, 1);
    gate_let_go(&urgent_gate, 1);
    well_await(&well, &well.inside, 1);
    well_give(&well, 1);
    well_await(&well, &well.n_run, 1);
    cr_assert_eq(well.n_looks, 1);
    gate_let_go(&gate, 1);
    await_stats(pool, 2, 0, 0);
    well_give(&well, 1);
    well_await(&well, &well.n_run, 2);
    cr_assert_eq(well.n_looks, 1);
    close_with(&well, pool);
    free(ordinary);
    free(urgent);
    gate_fini(&urgent_gate);
    gate_fini(&gate);
}

/* What was accepted before is taken again, whatever the limits. */
Test(pool_source, resubmitted_beyond_the_limit)
{
    struct mwi_pool *pool = open_pool(1, 1, 1, POOL_IDLE_LONG);
    struct gate gate;
    struct blocker *blockers;

    gate_init(&gate);
    blockers = blockers_new(&gate, 3);
    must_submit(pool, &blockers[0].job);
    gate_await(&gate, 1);
    must_submit(pool, &blockers[1].job);
    cr_assert_eq(mwi_pool_submit(pool, &blockers[2].job), MW_EEXHAUSTED);
    mwi_pool_resubmit(pool, &blockers[2].job);
    assert_stats(pool, 1, 1, 2);
    cr_assert(mwi_pool_has_queue(pool));
    gate_let_go(&gate, 3);
    mwi_pool_close(pool);
    free(blockers);
    gate_fini(&gate);
}

/* Threads above the minimum end when nothing comes from there. */
Test(pool_source, idle_threads_end)
{
    struct well well = { 0 };
    const struct mwi_pool_limits limits = {
        .threads_min = 1, .threads_max = 8, .queue_max = 100, .idle_ms = 1
    };
    struct mwi_pool *pool = open_with(&well, &limits, 8);
    struct gate gate;
    struct blocker *blockers;

    gate_init(&gate);
    blockers = blockers_new(&gate, 8);
    for (unsigned i = 0; i < 8; i++) {
        must_submit(pool, &blockers[i].job);
    }
    gate_await(&gate, 8);
    gate_let_go(&gate, 8);
    await_stats(pool, 1, 0, 0);
    close_with(&well, pool);
    free(blockers);
    gate_fini(&gate);
}
