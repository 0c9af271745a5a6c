/* SPDX-License-Identifier: MIT */
#include "unit/pool/fixture.h"

#include <poll.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/clock.h"

void
gate_init(struct gate *gate)
{
    mwi_mutex_init(&gate->mutex);
    mwi_cond_init(&gate->changed);
    gate->inside = 0;
    gate->tickets = 0;
}

void
gate_fini(struct gate *gate)
{
    mwi_cond_fini(&gate->changed);
    mwi_mutex_fini(&gate->mutex);
}

void
gate_await(struct gate *gate, unsigned n)
{
    int64_t deadline = mwi_deadline_in(POOL_WAIT_MS);
    unsigned inside;

    mwi_lock(&gate->mutex);
    while (gate->inside < n &&
           mwi_cond_wait(&gate->changed, &gate->mutex, deadline)) {
        continue;
    }
    inside = gate->inside;
    mwi_unlock(&gate->mutex);
    cr_assert_geq(inside, n, "%u of %u jobs have begun", inside, n);
}

unsigned
gate_inside(struct gate *gate)
{
    unsigned inside;

    mwi_lock(&gate->mutex);
    inside = gate->inside;
    mwi_unlock(&gate->mutex);
    return inside;
}

void
gate_let_go(struct gate *gate, unsigned n)
{
    mwi_lock(&gate->mutex);
    gate->tickets += n;
    mwi_cond_broadcast(&gate->changed);
    mwi_unlock(&gate->mutex);
}

void
gate_pass(struct gate *gate)
{
    mwi_lock(&gate->mutex);
    gate->inside++;
    mwi_cond_broadcast(&gate->changed);
    while (gate->tickets == 0) {
        (void) mwi_cond_wait(&gate->changed, &gate->mutex, MWI_FOREVER);
    }
    gate->tickets--;
    mwi_unlock(&gate->mutex);
}

static void
block(struct mwi_job *job)
{
    gate_pass(MWI_CONTAINER(job, struct blocker, job)->gate);
}

struct blocker *
blockers_new(struct gate *gate, unsigned n)
{
    struct blocker *blockers = calloc(n, sizeof(*blockers));

    cr_assert_not_null(blockers);
    for (unsigned i = 0; i < n; i++) {
        blockers[i].job.run = block;
        blockers[i].gate = gate;
    }
    return blockers;
}

struct mwi_pool *
open_pool(uint32_t threads_min, uint32_t threads_max, uint32_t queue_max,
    uint32_t idle_ms)
{
    const struct mwi_pool_limits limits = {
        .threads_min = threads_min,
        .threads_max = threads_max,
        .queue_max = queue_max,
        .idle_ms = idle_ms,
    };
    struct mwi_pool *pool = NULL;
    mw_error error = { 0 };

    cr_assert_eq(
        mwi_pool_open(&pool, &limits, &error), MW_OK, "%s", error.text);
    cr_assert_not_null(pool);
    return pool;
}

void
must_submit(struct mwi_pool *pool, struct mwi_job *job)
{
    cr_assert_eq(mwi_pool_submit(pool, job), MW_OK);
}

static bool
fits(uint32_t number, uint32_t expected)
{
    return expected == POOL_ANY || number == expected;
}

static bool
fit(const struct mwi_pool_stats *stats, uint32_t threads, uint32_t running,
    uint32_t queued)
{
    return fits(stats->threads, threads) && fits(stats->running, running) &&
           fits(stats->queued, queued);
}

void
assert_stats(
    struct mwi_pool *pool, uint32_t threads, uint32_t running, uint32_t queued)
{
    struct mwi_pool_stats stats;

    mwi_pool_stats(pool, &stats);
    cr_assert(fit(&stats, threads, running, queued),
        "%u threads, %u running, %u queued", stats.threads, stats.running,
        stats.queued);
}

void
await_stats(
    struct mwi_pool *pool, uint32_t threads, uint32_t running, uint32_t queued)
{
    int64_t deadline = mwi_deadline_in(POOL_WAIT_MS);
    struct mwi_pool_stats stats;

    mwi_pool_stats(pool, &stats);
    while (!fit(&stats, threads, running, queued) && mwi_now() < deadline) {
        (void) poll(NULL, 0, 1);
        mwi_pool_stats(pool, &stats);
    }
    assert_stats(pool, threads, running, queued);
}
