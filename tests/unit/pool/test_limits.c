/* SPDX-License-Identifier: MIT */
/*
 * The limits are exact: so many threads, so many waiting jobs, and never a job
 * that waits while a thread could be made for it.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "unit/pool/fixture.h"

/* n jobs that all wait for each other, again and again on the same threads,
 * which are then starting, idle, or about to end. */
static void
run_at_once(
    uint32_t threads_min, uint32_t n, uint32_t idle_ms, unsigned repeats)
{
    struct mwi_pool *pool = open_pool(threads_min, n, 0, idle_ms);

    for (unsigned i = 0; i < repeats; i++) {
        struct gate gate;
        struct blocker *blockers;

        gate_init(&gate);
        blockers = blockers_new(&gate, n);
        for (uint32_t j = 0; j < n; j++) {
            must_submit(pool, &blockers[j].job);
        }
        gate_await(&gate, n);
        assert_stats(pool, n, n, 0);
        gate_let_go(&gate, n);
        await_stats(pool, POOL_ANY, 0, 0);
        free(blockers);
        gate_fini(&gate);
    }
    mwi_pool_close(pool);
}

Test(pool_limits, n_blocking_jobs_run_at_once)
{
    static const uint32_t ns[] = { 1, 2, 3, 8, 32 };

    for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
        run_at_once(0, ns[i], POOL_IDLE_LONG, 50);
        run_at_once(1, ns[i], 1, 50);
        run_at_once(ns[i] / 2, ns[i], 0, 50);
        run_at_once(ns[i], ns[i], POOL_IDLE_LONG, 50);
    }
}

/* Some threads are free when jobs come, but not enough. */
Test(pool_limits, free_threads_are_counted_right)
{
    enum { N = 8, REPEATS = 100 };
    struct mwi_pool *pool = open_pool(0, N, 0, POOL_IDLE_LONG);
    struct gate gate;
    struct blocker *blockers;

    for (unsigned i = 0; i < REPEATS; i++) {
        unsigned held = 1 + i % (N - 1);

        gate_init(&gate);
        blockers = blockers_new(&gate, N);
        for (unsigned j = 0; j < held; j++) {
            must_submit(pool, &blockers[j].job);
        }
        if (i % 2 == 0) {
            gate_await(&gate, held); /* else they are still starting */
        }
        for (unsigned j = held; j < N; j++) {
            must_submit(pool, &blockers[j].job);
        }
        gate_await(&gate, N);
        gate_let_go(&gate, N);
        await_stats(pool, POOL_ANY, 0, 0);
        free(blockers);
        gate_fini(&gate);
    }
    mwi_pool_close(pool);
}

static void
fill_up(uint32_t threads_min, uint32_t n, uint32_t queue)
{
    struct mwi_pool *pool = open_pool(threads_min, n, queue, POOL_IDLE_LONG);
    struct gate gate;
    struct blocker *blockers;
    uint32_t submitted = n + queue;

    gate_init(&gate);
    blockers = blockers_new(&gate, n + queue + 10);
    for (uint32_t i = 0; i < submitted; i++) {
        must_submit(pool, &blockers[i].job);
    }
    /* No matter whether the threads have begun yet, and for good. */
    cr_assert_eq(
        mwi_pool_submit(pool, &blockers[submitted].job), MW_EEXHAUSTED);
    gate_await(&gate, n);
    assert_stats(pool, n, n, queue);
    cr_assert_eq(
        mwi_pool_submit(pool, &blockers[submitted].job), MW_EEXHAUSTED);

    for (unsigned ended = 1; ended <= 10; ended++) {
        gate_let_go(&gate, 1);
        gate_await(&gate, ended + (queue == 0 ? n - 1 : n));
        await_stats(
            pool, n, queue == 0 ? n - 1 : n, queue == 0 ? 0 : queue - 1);
        must_submit(pool, &blockers[submitted++].job);
        if (submitted < n + queue + 10) {
            cr_assert_eq(
                mwi_pool_submit(pool, &blockers[submitted].job), MW_EEXHAUSTED);
        }
    }
    gate_let_go(&gate, n + queue);
    mwi_pool_close(pool);
    cr_assert_eq(gate_inside(&gate), n + queue + 10);
    free(blockers);
    gate_fini(&gate);
}

Test(pool_limits, the_queue_is_exact)
{
    static const uint32_t sizes[] = { 0, 1, 2, 7 };

    for (uint32_t n = 1; n <= 4; n++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            fill_up(0, n, sizes[i]);
            fill_up(n, n, sizes[i]);
        }
    }
}

/* The sum of two limits does not wrap around. */
Test(pool_limits, the_largest_limits)
{
    struct mwi_pool *pool =
        open_pool(0, UINT32_MAX, UINT32_MAX, POOL_IDLE_LONG);
    struct gate gate;
    struct blocker *blockers;

    gate_init(&gate);
    blockers = blockers_new(&gate, 3);
    for (unsigned i = 0; i < 3; i++) {
        must_submit(pool, &blockers[i].job);
    }
    gate_await(&gate, 3);
    gate_let_go(&gate, 3);
    mwi_pool_close(pool);
    free(blockers);
    gate_fini(&gate);
}

Test(pool_limits, the_minimum_is_made_at_open)
{
    for (uint32_t n = 0; n <= 5; n++) {
        struct mwi_pool *pool = open_pool(n, 5, 0, POOL_IDLE_LONG);

        assert_stats(pool, n, 0, 0);
        mwi_pool_close(pool);
    }
}

/* Threads that are still starting are there to take jobs. */
Test(pool_limits, no_thread_is_made_while_one_is_free)
{
    for (unsigned repeat = 0; repeat < 20; repeat++) {
        struct mwi_pool *pool = open_pool(3, 8, 0, POOL_IDLE_LONG);
        struct blocker *blockers;
        struct gate gate;

        gate_init(&gate);
        blockers = blockers_new(&gate, 4);
        for (unsigned i = 0; i < 3; i++) {
            must_submit(pool, &blockers[i].job);
            assert_stats(pool, 3, POOL_ANY, POOL_ANY);
        }
        must_submit(pool, &blockers[3].job);
        assert_stats(pool, 4, POOL_ANY, POOL_ANY);
        gate_let_go(&gate, 4);
        mwi_pool_close(pool);
        free(blockers);
        gate_fini(&gate);
    }
}

Test(pool_limits, one_job_after_the_other_needs_one_thread)
{
    struct mwi_pool *pool = open_pool(0, 8, 0, POOL_IDLE_LONG);
    struct blocker *blocker;
    struct gate gate;

    gate_init(&gate);
    blocker = blockers_new(&gate, 1);
    gate_let_go(&gate, 100);
    for (unsigned i = 0; i < 100; i++) {
        must_submit(pool, &blocker->job);
        await_stats(pool, 1, 0, 0);
    }
    mwi_pool_close(pool);
    free(blocker);
    gate_fini(&gate);
}

static void
idle_down_to(uint32_t threads_min, uint32_t idle_ms)
{
    enum { N = 8 };
    struct mwi_pool *pool = open_pool(threads_min, N, 0, idle_ms);

    for (unsigned repeat = 0; repeat < 5; repeat++) {
        struct blocker *blockers;
        struct gate gate;

        gate_init(&gate);
        blockers = blockers_new(&gate, N);
        for (unsigned i = 0; i < N; i++) {
            must_submit(pool, &blockers[i].job);
        }
        gate_await(&gate, N);
        assert_stats(pool, N, N, 0);
        gate_let_go(&gate, N);
        await_stats(pool, threads_min, 0, 0);
        free(blockers);
        gate_fini(&gate);
    }
    mwi_pool_close(pool);
}

Test(pool_limits, idle_threads_end)
{
    idle_down_to(0, 0);
    idle_down_to(0, 2);
    idle_down_to(1, 2);
    idle_down_to(3, 2);
    idle_down_to(3, 0);
}

/* However long they would stay, they go when the pool does. */
Test(pool_limits, close_does_not_wait_for_idle_threads)
{
    struct mwi_pool *pool = open_pool(4, 8, 0, POOL_IDLE_LONG);
    struct blocker *blockers;
    struct gate gate;

    gate_init(&gate);
    blockers = blockers_new(&gate, 8);
    gate_let_go(&gate, 8);
    for (unsigned i = 0; i < 8; i++) {
        must_submit(pool, &blockers[i].job);
    }
    await_stats(pool, POOL_ANY, 0, 0);
    mwi_pool_close(pool);
    free(blockers);
    gate_fini(&gate);
}
