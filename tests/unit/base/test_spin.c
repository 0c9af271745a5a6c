/* SPDX-License-Identifier: MIT */
/*
 * When a wait is spent awake: where it has paid lately, not for ever, never
 * where that is off, and not by more threads than may.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/spin.h"

enum {
    LONG_NS = 1000 * 1000, /* a wait that is not worth it */
    MANY = 1000,
};

static bool
is_possible(void)
{
    return !mwi_cpu_is_single();
}

/* Spend a wait in which nothing comes.  Returns whether it spun. */
static bool
wait_in_vain(struct mwi_spin *spin)
{
    bool spun = false;
    int64_t until;

    mwi_spin_begin(spin);
    until = mwi_now() + LONG_NS;
    while (mwi_spin_again(spin)) {
        spun = true;
    }
    while (mwi_now() < until) { /* asleep, for what it knows */
        continue;
    }
    mwi_spin_end(spin);
    return spun;
}

/* Something is there at the first or the second look. */
static bool
wait_briefly(struct mwi_spin *spin)
{
    bool spun;

    mwi_spin_begin(spin);
    spun = mwi_spin_again(spin);
    mwi_spin_end(spin);
    return spun;
}

Test(base_spin, off)
{
    struct mwi_spin spin;

    mwi_spin_init(&spin, true);
    for (int i = 0; i < 100; i++) {
        cr_assert_not(wait_briefly(&spin));
    }
}

/* Waits in vain become none; short ones bring it back. */
Test(base_spin, it_learns)
{
    struct mwi_spin spin;
    unsigned n = 0;

    mwi_spin_init(&spin, false);
    for (int i = 0; i < 50; i++) {
        n += wait_in_vain(&spin);
    }
    cr_assert_leq(n, 10);
    cr_assert_not(wait_in_vain(&spin));
    n = 0;
    for (int i = 0; i < MANY; i++) {
        n += wait_briefly(&spin);
    }
    if (is_possible() && mwi_cpu_count() > 1) {
        cr_assert_gt(n, MANY / 2);
        n = 0;
        for (int i = 0; i < 50; i++) {
            n += wait_in_vain(&spin);
        }
        cr_assert_leq(n, 10);
    }
}

/* A wait ends by itself. */
Test(base_spin, not_for_long)
{
    struct mwi_spin spin;
    int64_t began;

    mwi_spin_init(&spin, false);
    mwi_spin_begin(&spin);
    began = mwi_now();
    while (mwi_spin_again(&spin)) {
        cr_assert_lt(mwi_now() - began, INT64_C(20) * 1000 * 1000 * 1000);
    }
    cr_assert_not(mwi_spin_again(&spin) && mwi_spin_again(&spin));
    mwi_spin_cancel(&spin);
    cr_assert_not(spin.is_spinning);
}

/* Of as many as there are processors, one sleeps; but two may. */
Test(base_spin, places)
{
    struct mwi_spin spins[64];
    unsigned max = mwi_cpu_count() > 3 ? mwi_cpu_count() - 1 : 2;
    unsigned n = 0;

    if (!is_possible() || max >= 64) {
        return;
    }
    for (unsigned i = 0; i <= max; i++) {
        mwi_spin_init(&spins[i], false);
        mwi_spin_begin(&spins[i]);
        n += mwi_spin_again(&spins[i]);
    }
    cr_assert_eq(n, max);
    mwi_spin_pause(&spins[0]); /* goes to sleep */
    cr_assert(wait_briefly(&spins[max]));
    for (unsigned i = 0; i <= max; i++) {
        mwi_spin_cancel(&spins[i]);
    }
    n = 0;
    for (unsigned i = 0; i <= max; i++) {
        mwi_spin_init(&spins[i], false);
        n += wait_briefly(&spins[i]);
    }
    cr_assert_eq(n, max + 1); /* none has kept its place */
}

static _Atomic bool is_over;

static void *
look_on(void *user)
{
    while (!is_over) {
        (void) mwi_spin_again(user);
    }
    return NULL;
}

/* On one processor with a thread of the same process, which is not taken for
 * the peer. */
Test(base_spin, own_threads)
{
    struct mwi_spin spin;
    struct mwi_spin other;
    pthread_t thread;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned) sched_getcpu(), &set);
    cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
    if (!is_possible()) {
        return;
    }
    cr_assert_eq(mwi_cpu_count(), 1);
    for (int i = 0; i < MANY; i++) {
        mwi_spin_init(&spin, false);
        (void) wait_briefly(&spin);
        cr_assert_not(spin.has_own);
    }
    mwi_spin_init(&other, false);
    mwi_spin_begin(&other);
    cr_assert_eq(pthread_create(&thread, NULL, look_on, &other), 0);
    while (!spin.has_own) {
        mwi_spin_init(&spin, false);
        (void) wait_briefly(&spin);
    }
    cr_assert_eq(spin.shared, 0);
    is_over = true;
    cr_assert_eq(pthread_join(thread, NULL), 0);
}
