/* SPDX-License-Identifier: MIT */
/*
 * The controller against a server that is a formula: so many calls at once are
 * done in the time that one takes, all others wait.  Time is a number.
 */
#include <criterion/criterion.h>

#include "rpc/adaptive.h"

#define MS INT64_C(1000000)

struct model {
    struct mwi_adaptive a;
    int64_t now;
    uint32_t workers;
    int64_t service; /* of a call, ns */
    uint32_t wanted; /* calls that there would be without a limit */
    double done;     /* calls, since it was reset */
};

static void
begin(struct model *m, uint32_t workers, int64_t service)
{
    *m = (struct model){ .now = 1000 * MS,
        .workers = workers,
        .service = service,
        .wanted = 100000 };
    mwi_adaptive_init(&m->a, 4, 2000, workers, m->now);
}

static uint32_t
calls_at_once(const struct model *m)
{
    uint32_t limit = mwi_adaptive_limit(&m->a);

    return limit < m->wanted ? limit : m->wanted;
}

static void
run_for(struct model *m, int64_t ns)
{
    int64_t end = m->now + ns;

    while (m->now < end) {
        uint32_t n = calls_at_once(m);
        uint32_t busy = n < m->workers ? n : m->workers;
        int64_t latency =
            n > m->workers ? m->service * n / m->workers : m->service;

        m->now += m->service / busy;
        m->done++;
        mwi_adaptive_sample(&m->a, m->now, latency, n);
    }
}

static void
assert_limit(const struct model *m, uint32_t low, uint32_t high)
{
    uint32_t limit = mwi_adaptive_limit(&m->a);

    cr_assert_geq(limit, low, "%u", limit);
    cr_assert_leq(limit, high, "%u", limit);
}

Test(adaptive, finds_what_the_server_does)
{
    static const uint32_t workers[] = { 4, 16, 100, 1000 };

    for (size_t i = 0; i < 4; i++) {
        struct model m;

        begin(&m, workers[i], 5 * MS);
        m.a.limit = 10; /* far from it */
        run_for(&m, 60000 * MS);
        m.done = 0;
        run_for(&m, 60000 * MS);
        cr_assert_geq(m.done, 0.9 * 60000 / 5 * workers[i], "%u workers: %g",
            workers[i], m.done);
        cr_assert_leq(m.a.limit, 2 * workers[i] + 10, "%u workers: %g",
            workers[i], m.a.limit);
    }
}

/* A long queue from the start is no measure of what is normal: with each
 * measurement it gets shorter. */
Test(adaptive, forgets_a_bad_beginning)
{
    struct model m;

    begin(&m, 10, 5 * MS);
    m.a.limit = 2000;
    run_for(&m, 180000 * MS);
    assert_limit(&m, 5, 30);
}

Test(adaptive, follows_the_server)
{
    struct model m;

    begin(&m, 40, 5 * MS);
    run_for(&m, 60000 * MS);
    assert_limit(&m, 20, 90);
    m.workers = 8;
    run_for(&m, 60000 * MS);
    assert_limit(&m, 4, 30);
    m.service = 50 * MS; /* slower, but no worse for being many */
    run_for(&m, 120000 * MS);
    assert_limit(&m, 4, 30);
    m.workers = 40;
    run_for(&m, 120000 * MS);
    assert_limit(&m, 20, 90);
}

/* A limit that nothing comes near says nothing. */
Test(adaptive, does_not_grow_without_need)
{
    struct model m;

    begin(&m, 50, 5 * MS);
    m.wanted = 10;
    run_for(&m, 60000 * MS);
    assert_limit(&m, 25, 50);
}

Test(adaptive, stays_within_its_bounds)
{
    struct model m;

    begin(&m, 1, MS);
    run_for(&m, 60000 * MS);
    assert_limit(&m, 4, 8);
    begin(&m, 100000, MS);
    m.now += 1;
    run_for(&m, 20000 * MS);
    assert_limit(&m, 1000, 2000);
}

/* What a clock and a division may give. */
Test(adaptive, strange_samples)
{
    struct mwi_adaptive a;
    int64_t now = 0;

    mwi_adaptive_init(&a, 4, 100, 10, now);
    for (int i = 0; i < 1000; i++) {
        now += 50 * MS;
        mwi_adaptive_sample(&a, now,
            i % 3 == 0   ? 0
            : i % 3 == 1 ? -5
                         : INT64_MAX,
            UINT32_MAX);
        cr_assert_geq(mwi_adaptive_limit(&a), 4);
        cr_assert_leq(mwi_adaptive_limit(&a), 100);
    }
}
