/* SPDX-License-Identifier: MIT */
/*
 * The queue by itself, with a clock that the test sets: what comes first, what
 * has expired, how long the next would wait.
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "pool/queue.h"

static struct mwi_job
with_priority(uint32_t priority)
{
    return (struct mwi_job){ .priority = priority };
}

static struct mwi_job
with_deadline(int64_t deadline)
{
    return (struct mwi_job){ .deadline = deadline };
}

Test(queue, urgent_first_then_in_order)
{
    struct mwi_queue q;
    struct mwi_job jobs[] = { with_priority(0), with_priority(1),
        with_priority(0), with_priority(255), with_priority(1),
        with_priority(7) };
    static const int order[] = { 3, 5, 1, 4, 0, 2 };

    mwi_queue_init(&q);
    cr_assert_null(mwi_queue_take(&q, true, 0));
    for (size_t i = 0; i < 6; i++) {
        mwi_queue_put(&q, &jobs[i], 0);
        cr_assert_eq(mwi_queue_len(&q), i + 1);
    }
    cr_assert_eq(q.n_urgent, 4);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(mwi_queue_take(&q, true, 0), &jobs[order[i]]);
        cr_assert_eq(mwi_queue_len(&q), 5 - i);
    }
    cr_assert_null(mwi_queue_take(&q, true, 0));
}

Test(queue, none_but_urgent)
{
    struct mwi_queue q;
    struct mwi_job ordinary = with_priority(0);
    struct mwi_job urgent = with_priority(1);

    mwi_queue_init(&q);
    mwi_queue_put(&q, &ordinary, 0);
    mwi_queue_put(&q, &urgent, 0);
    cr_assert_eq(mwi_queue_take(&q, false, 0), &urgent);
    cr_assert_null(mwi_queue_take(&q, false, 0));
    cr_assert_eq(mwi_queue_len(&q), 1);
    cr_assert_eq(mwi_queue_take(&q, true, 0), &ordinary);
}

Test(queue, withdrawn)
{
    struct mwi_queue q;
    struct mwi_job ordinary = with_priority(0);
    struct mwi_job urgent = with_priority(1);

    mwi_queue_init(&q);
    mwi_queue_put(&q, &ordinary, 0);
    mwi_queue_put(&q, &urgent, 0);
    mwi_queue_withdraw(&q, &urgent);
    mwi_queue_withdraw(&q, &ordinary);
    cr_assert_eq(q.n_ordinary + q.n_urgent + mwi_queue_len(&q), 0);
    cr_assert_null(mwi_queue_take(&q, true, 0));
}

static void
assert_expired(
    struct mwi_queue *q, int64_t now, struct mwi_job *const *jobs, size_t n)
{
    struct mwi_list expired;

    mwi_list_init(&expired);
    mwi_queue_take_expired(q, now, &expired);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(mwi_list_pop(&expired), &jobs[i]->link);
    }
    cr_assert(mwi_list_is_empty(&expired));
}

Test(queue, expired)
{
    struct mwi_queue q;
    struct mwi_job never = with_deadline(0);
    struct mwi_job a = with_deadline(100);
    struct mwi_job b = with_deadline(50);
    struct mwi_job c = with_deadline(100);
    struct mwi_job urgent = { .priority = 1, .deadline = 70 };

    mwi_queue_init(&q);
    assert_expired(&q, 1000, NULL, 0);
    mwi_queue_put(&q, &never, 0);
    assert_expired(&q, 1000, NULL, 0);
    mwi_queue_put(&q, &a, 0);
    mwi_queue_put(&q, &b, 0);
    mwi_queue_put(&q, &c, 0);
    mwi_queue_put(&q, &urgent, 0);
    assert_expired(&q, 49, NULL, 0);
    assert_expired(&q, 50, (struct mwi_job *[]){ &b }, 1);
    cr_assert_eq(q.next_expiry, 70);
    assert_expired(&q, 99, (struct mwi_job *[]){ &urgent }, 1);
    assert_expired(&q, 99, NULL, 0);
    assert_expired(&q, 100, (struct mwi_job *[]){ &a, &c }, 2);
    cr_assert_eq(mwi_queue_len(&q), 1);
    cr_assert_eq(q.next_expiry, MWI_FOREVER);
    cr_assert_eq(mwi_queue_take(&q, true, 100), &never);
}

/* One job a millisecond comes out of a queue of n. */
static int64_t
run_down(struct mwi_queue *q, int64_t *now, unsigned n, int64_t step)
{
    struct mwi_job jobs[64] = { 0 };
    int64_t most = 0;

    for (unsigned i = 0; i < n; i++) {
        mwi_queue_put(q, &jobs[i], *now);
    }
    for (unsigned i = 0; i < n; i++) {
        int64_t wait = mwi_queue_wait(q);

        most = wait > most ? wait : most;
        *now += step;
        cr_assert_not_null(mwi_queue_take(q, true, *now));
    }
    cr_assert_eq(mwi_queue_wait(q), 0, "nothing waits");
    return most;
}

Test(queue, knows_how_long_the_next_would_wait)
{
    const int64_t ms = 1000 * 1000;
    struct mwi_queue q;
    int64_t now = 12345;
    int64_t wait;

    mwi_queue_init(&q);
    cr_assert_eq(run_down(&q, &now, 1, ms), 0, "nothing is known yet");
    for (int i = 0; i < 10; i++) {
        (void) run_down(&q, &now, 20, ms);
    }
    wait = run_down(&q, &now, 40, ms);
    cr_assert_geq(wait, 38 * ms);
    cr_assert_leq(wait, 41 * ms);
    /* A job that has waited for long does not count for ever. */
    (void) run_down(&q, &now, 1, 30000 * ms);
    for (int i = 0; i < 20; i++) {
        (void) run_down(&q, &now, 20, ms / 10);
    }
    cr_assert_leq(run_down(&q, &now, 10, ms / 10), 2 * ms);
}
