/* SPDX-License-Identifier: MIT */
/*
 * Making and joining threads, with the linker's --wrap between the pool and
 * the system: creation fails when told to, every thread that was made is
 * joined, and threads of the minimum do not wake without a reason.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "unit/pool/fixture.h"

static _Atomic unsigned n_created;
static _Atomic unsigned n_joined;
static _Atomic unsigned n_timed_waits;
static _Atomic unsigned n_endless_waits;
static _Atomic unsigned creatable = UINT_MAX; /* threads, then it fails */

int __real_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);
int __real_pthread_join(pthread_t thread, void **ret_result);
int __wrap_pthread_join(pthread_t thread, void **ret_result);
bool __real_mwi_cond_wait(
    struct mwi_cond *cond, struct mwi_mutex *mutex, int64_t deadline);
bool __wrap_mwi_cond_wait(
    struct mwi_cond *cond, struct mwi_mutex *mutex, int64_t deadline);

int
__wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
    int error;

    if (atomic_load(&creatable) == 0) {
        return EAGAIN;
    }
    error = __real_pthread_create(ret_thread, attr, run, arg);
    if (error == 0) {
        atomic_fetch_sub(&creatable, 1);
        atomic_fetch_add(&n_created, 1);
    }
    return error;
}

int
__wrap_pthread_join(pthread_t thread, void **ret_result)
{
    int error = __real_pthread_join(thread, ret_result);

    atomic_fetch_add(&n_joined, error == 0);
    return error;
}

MWI_NO_ANALYSIS bool
__wrap_mwi_cond_wait(
    struct mwi_cond *cond, struct mwi_mutex *mutex, int64_t deadline)
{
    if (deadline == MWI_FOREVER) {
        atomic_fetch_add(&n_endless_waits, 1);
    } else {
        atomic_fetch_add(&n_timed_waits, 1);
    }
    return __real_mwi_cond_wait(cond, mutex, deadline);
}

static void
await_count(_Atomic unsigned *count, unsigned n)
{
    int64_t deadline = mwi_deadline_in(POOL_WAIT_MS);

    while (atomic_load(count) < n && mwi_now() < deadline) {
        (void) poll(NULL, 0, 1);
    }
    cr_assert_geq(atomic_load(count), n);
}

Test(pool_threads, the_minimum_cannot_be_made)
{
    const struct mwi_pool_limits limits = {
        .threads_min = 4, .threads_max = 8, .idle_ms = POOL_IDLE_LONG
    };
    struct mwi_pool *pool = NULL;
    mw_error error;

    for (unsigned n = 0; n < 4; n++) {
        n_created = n_joined = 0;
        creatable = n;
        cr_assert_eq(mwi_pool_open(&pool, &limits, &error), MW_ENOMEM);
        cr_assert_null(pool);
        cr_assert_eq(error.status, MW_ENOMEM);
        cr_assert_str_eq(error.text, "cannot create 4 threads");
        cr_assert_eq(n_created, n);
        cr_assert_eq(n_joined, n);
    }
    creatable = 4;
    cr_assert_eq(mwi_pool_open(&pool, &limits, &error), MW_OK);
    mwi_pool_close(pool);
    cr_assert_eq(n_joined, n_created);
}

Test(pool_threads, without_a_thread_jobs_are_refused)
{
    struct mwi_pool *pool = open_pool(0, 4, 4, POOL_IDLE_LONG);
    struct blocker *blocker;
    struct gate gate;

    gate_init(&gate);
    gate_let_go(&gate, 1);
    blocker = blockers_new(&gate, 1);
    creatable = 0;
    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(mwi_pool_submit(pool, &blocker->job), MW_EEXHAUSTED);
        assert_stats(pool, 0, 0, 0);
    }
    creatable = 1;
    must_submit(pool, &blocker->job);
    mwi_pool_close(pool);
    cr_assert_eq(gate_inside(&gate), 1);
    free(blocker);
    gate_fini(&gate);
}

Test(pool_threads, fewer_threads_run_all_the_same)
{
    struct mwi_pool *pool = open_pool(1, 4, 4, POOL_IDLE_LONG);
    struct blocker *blockers;
    struct gate gate;

    gate_init(&gate);
    blockers = blockers_new(&gate, 9);
    creatable = 1;
    for (unsigned i = 0; i < 8; i++) {
        must_submit(pool, &blockers[i].job);
    }
    /* The limit of jobs is what it was told to be. */
    cr_assert_eq(mwi_pool_submit(pool, &blockers[8].job), MW_EEXHAUSTED);
    gate_await(&gate, 2);
    assert_stats(pool, 2, 2, 6);
    gate_let_go(&gate, 8);
    mwi_pool_close(pool);
    cr_assert_eq(gate_inside(&gate), 8);
    free(blockers);
    gate_fini(&gate);
}

/* Once threads can be made again, those that were missing are. */
Test(pool_threads, missing_threads_are_made_later)
{
    struct mwi_pool *pool = open_pool(0, 4, 4, POOL_IDLE_LONG);
    struct blocker *blockers;
    struct gate gate;

    gate_init(&gate);
    blockers = blockers_new(&gate, 5);
    creatable = 1;
    for (unsigned i = 0; i < 4; i++) {
        must_submit(pool, &blockers[i].job);
    }
    assert_stats(pool, 1, POOL_ANY, POOL_ANY);
    creatable = UINT_MAX;
    must_submit(pool, &blockers[4].job);
    gate_await(&gate, 4);
    assert_stats(pool, 4, 4, 1);
    gate_let_go(&gate, 5);
    mwi_pool_close(pool);
    free(blockers);
    gate_fini(&gate);
}

Test(pool_threads, every_thread_is_joined)
{
    struct mwi_pool *pool = open_pool(0, 6, 0, 0);
    struct blocker *blockers;
    struct gate gate;

    for (unsigned repeat = 0; repeat < 20; repeat++) {
        gate_init(&gate);
        blockers = blockers_new(&gate, 6);
        for (unsigned i = 0; i < 6; i++) {
            must_submit(pool, &blockers[i].job);
        }
        gate_await(&gate, 6);
        gate_let_go(&gate, 6);
        await_stats(pool, 0, 0, 0);
        /* All but the last one are joined as they end; the join itself comes
         * after the thread is counted out. */
        await_count(&n_joined, n_created - 1);
        cr_assert_eq(n_joined + 1, n_created);
        free(blockers);
        gate_fini(&gate);
    }
    mwi_pool_close(pool);
    cr_assert_eq(n_created, 20 * 6);
    cr_assert_eq(n_joined, n_created);
}

static void
run_nothing(struct mwi_job *job)
{
    (void) job;
}

/* A thread of the minimum that was idle for long enough sleeps until there is
 * work, be the time 0. */
Test(pool_threads, the_minimum_sleeps)
{
    enum { N = 3, JOBS = 100 };
    struct mwi_pool *pool = open_pool(N, N, 0, 0);
    struct mwi_job job = { .run = run_nothing };

    for (unsigned i = 0; i < JOBS; i++) {
        must_submit(pool, &job);
        await_stats(pool, N, 0, 0);
    }
    await_count(&n_endless_waits, N);
    assert_stats(pool, N, 0, 0);
    mwi_pool_close(pool);
    /* Each time that a thread becomes idle it waits for its time once, or
     * again when it was woken and another one took the job. */
    cr_assert_leq(n_timed_waits, (unsigned) (N + 2 * JOBS));
}
