/* SPDX-License-Identifier: MIT */
/*
 * Jobs with a priority get through, whatever ordinary ones do; and ordinary
 * ones do not get more threads by that.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "unit/pool/fixture.h"

struct setting {
    struct mwi_pool *pool;
    struct gate gate;        /* of ordinary jobs */
    struct gate urgent_gate; /* of the others */
    struct blocker *jobs;
    struct blocker *urgent;
};

static void
begin(struct setting *s, const struct mwi_pool_limits *limits)
{
    cr_assert_eq(mwi_pool_open(&s->pool, limits, NULL), MW_OK);
    gate_init(&s->gate);
    gate_init(&s->urgent_gate);
    s->jobs = blockers_new(&s->gate, 100);
    s->urgent = blockers_new(&s->urgent_gate, 100);
    for (int i = 0; i < 100; i++) {
        s->urgent[i].job.priority = 1;
    }
}

static void
end(struct setting *s)
{
    gate_let_go(&s->gate, 100);
    gate_let_go(&s->urgent_gate, 100);
    mwi_pool_close(s->pool);
    free(s->jobs);
    free(s->urgent);
    gate_fini(&s->gate);
    gate_fini(&s->urgent_gate);
}

static unsigned
urgent_running(struct mwi_pool *pool)
{
    struct mwi_pool_stats stats;

    mwi_pool_stats(pool, &stats);
    return stats.urgent;
}

Test(pool_priority, gets_through_a_full_pool)
{
    static const uint32_t ns[] = { 1, 2, 5 };

    for (size_t i = 0; i < 3; i++) {
        uint32_t n = ns[i];
        struct setting s;

        begin(&s, &(struct mwi_pool_limits){ .threads_max = n,
                      .queue_max = 3,
                      .idle_ms = POOL_IDLE_LONG,
                      .priority_threads = 2,
                      .priority_queue_max = 4 });
        for (uint32_t j = 0; j < n + 3; j++) {
            must_submit(s.pool, &s.jobs[j].job);
        }
        gate_await(&s.gate, n);
        cr_assert_eq(
            mwi_pool_submit(s.pool, &s.jobs[n + 3].job), MW_EEXHAUSTED);
        for (uint32_t j = 0; j < 6; j++) {
            must_submit(s.pool, &s.urgent[j].job);
        }
        cr_assert_eq(mwi_pool_submit(s.pool, &s.urgent[6].job), MW_EEXHAUSTED);
        gate_await(&s.urgent_gate, 2);
        assert_stats(s.pool, n + 2, n, 3 + 4);
        cr_assert_eq(urgent_running(s.pool), 2);
        gate_let_go(&s.urgent_gate, 6);
        gate_await(&s.urgent_gate, 6);
        await_stats(s.pool, n + 2, n, 3);
        cr_assert_eq(gate_inside(&s.gate), n, "no more than before");
        end(&s);
    }
}

/* The threads that were made for them are there, and ordinary jobs wait. */
Test(pool_priority, ordinary_jobs_get_no_more_threads)
{
    struct setting s;

    begin(&s, &(struct mwi_pool_limits){ .threads_max = 2,
                  .queue_max = 50,
                  .idle_ms = POOL_IDLE_LONG,
                  .priority_threads = 3,
                  .priority_queue_max = 4 });
    must_submit(s.pool, &s.jobs[0].job);
    must_submit(s.pool, &s.jobs[1].job);
    gate_await(&s.gate, 2);
    for (int i = 0; i < 3; i++) {
        must_submit(s.pool, &s.urgent[i].job);
    }
    gate_await(&s.urgent_gate, 3);
    gate_let_go(&s.urgent_gate, 3);
    await_stats(s.pool, 5, 2, 0);
    for (unsigned i = 2; i < 40; i++) {
        must_submit(s.pool, &s.jobs[i].job);
        gate_let_go(&s.gate, 1);
        gate_await(&s.gate, i + 1);
        assert_stats(s.pool, 5, 2, 0);
    }
    end(&s);
}

/* One thread, so there is an order. */
Test(pool_priority, goes_first)
{
    struct setting s;

    begin(&s, &(struct mwi_pool_limits){ .threads_max = 1,
                  .queue_max = 10,
                  .idle_ms = POOL_IDLE_LONG,
                  .priority_threads = 0,
                  .priority_queue_max = 10 });
    must_submit(s.pool, &s.jobs[0].job);
    gate_await(&s.gate, 1);
    must_submit(s.pool, &s.jobs[1].job);
    must_submit(s.pool, &s.urgent[0].job);
    gate_let_go(&s.gate, 1);
    gate_await(&s.urgent_gate, 1);
    cr_assert_eq(gate_inside(&s.gate), 1);
    gate_let_go(&s.urgent_gate, 1);
    gate_await(&s.gate, 2);
    end(&s);
}

/* While those with a priority hold all threads, ordinary ones get some. */
Test(pool_priority, does_not_take_all_threads)
{
    struct setting s;

    begin(&s, &(struct mwi_pool_limits){ .threads_max = 2,
                  .queue_max = 10,
                  .idle_ms = 1,
                  .priority_threads = 2,
                  .priority_queue_max = 10 });
    must_submit(s.pool, &s.urgent[0].job);
    must_submit(s.pool, &s.urgent[1].job);
    gate_await(&s.urgent_gate, 2);
    must_submit(s.pool, &s.jobs[0].job);
    must_submit(s.pool, &s.jobs[1].job);
    gate_await(&s.gate, 2);
    assert_stats(s.pool, 4, 2, 0);
    gate_let_go(&s.urgent_gate, 2);
    gate_let_go(&s.gate, 2);
    await_stats(s.pool, 0, 0, 0);
    end(&s);
}

Test(pool_priority, expired_jobs_make_room)
{
    struct setting s;
    struct mwi_list expired;
    int64_t past = mwi_now() - 1;
    int64_t later = mwi_deadline_in(3600 * 1000);

    begin(
        &s, &(struct mwi_pool_limits){
                .threads_max = 1, .queue_max = 3, .idle_ms = POOL_IDLE_LONG });
    must_submit(s.pool, &s.jobs[0].job);
    gate_await(&s.gate, 1);
    for (int i = 1; i <= 3; i++) {
        s.jobs[i].job.deadline = i == 2 ? past : later;
        must_submit(s.pool, &s.jobs[i].job);
    }
    cr_assert_eq(mwi_pool_submit(s.pool, &s.jobs[4].job), MW_EEXHAUSTED);
    mwi_list_init(&expired);
    mwi_pool_take_expired(s.pool, false, &expired);
    cr_assert_eq(mwi_list_pop(&expired), &s.jobs[2].job.link);
    cr_assert(mwi_list_is_empty(&expired));
    must_submit(s.pool, &s.jobs[4].job);
    gate_let_go(&s.gate, 4);
    gate_await(&s.gate, 4);
    end(&s);
}
