/* SPDX-License-Identifier: MIT */
/*
 * A wait that would have been short enough gives credit, one that was spent
 * awake for nothing takes some; without credit there is no spinning, but how
 * long a wait lasts is known from sleeping, too.
 */
#include "base/spin.h"

#include <sched.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/cpu.h"

enum {
    CREDIT_MAX = 8,
    CREDIT_FIRST = 3,        /* whoever is new may try */
    WINDOW_MIN = 50 * 1000,  /* ns; about twice what waking takes */
    WINDOW_MAX = 200 * 1000, /* ns */
    SHARED_NS = 2000,        /* of a yield, in which another thread ran */
    SHARED_MAX = 4,          /* waits that tell it */
    SHARED_PAUSE = 64,       /* waits that take the consequence */
};

/* Threads of this process that spin. */
static _Atomic uint32_t n_spinning;
/* Looks of all of them, if the process is bound to one processor. */
static _Atomic uint32_t n_looks;

void
mwi_spin_init(struct mwi_spin *spin, bool is_off)
{
    *spin = (struct mwi_spin){
        .is_off = is_off || mwi_cpu_is_single(),
        .credit = CREDIT_FIRST,
        .window = WINDOW_MIN,
    };
}

void
mwi_spin_begin(struct mwi_spin *spin)
{
    if (!spin->is_off && spin->began == 0) {
        spin->began = mwi_now();
    }
}

static bool
take_place(void)
{
    uint32_t n = mwi_cpu_count();
    uint32_t max = n > 3 ? n - 1 : 2;

    if (atomic_fetch_add(&n_spinning, 1) < max) {
        return true;
    }
    atomic_fetch_sub(&n_spinning, 1);
    return false;
}

void
mwi_spin_pause(struct mwi_spin *spin)
{
    if (spin->is_spinning) {
        spin->is_spinning = false;
        atomic_fetch_sub(&n_spinning, 1);
    }
}

/* Let others have the processor. */
static void
yield(struct mwi_spin *spin, int64_t now)
{
    uint32_t looks = atomic_load(&n_looks);

    (void) sched_yield();
    spin->yielded = mwi_now() - now;
    spin->has_own = atomic_load(&n_looks) != looks;
}

bool
mwi_spin_again(struct mwi_spin *spin)
{
    int64_t now;

    if (mwi_cpu_count() == 1) {
        atomic_fetch_add(&n_looks, 1);
    }
    if (spin->is_off || spin->credit <= 0 || spin->pause > 0) {
        return false;
    }
    now = mwi_now();
    if (!spin->is_spinning) {
        if (!take_place()) {
            return false;
        }
        spin->is_spinning = true;
    }
    if (now - spin->began >= spin->window) {
        mwi_spin_pause(spin);
        spin->credit--;
        return false;
    }
    yield(spin, now);
    return true;
}

/* Bound to one processor: what was waited for has come when a yield let another
 * process run, time and again.  It seems to come from there, and would have
 * come as soon to one that sleeps.  Threads of our own tell nothing. */
static void
learn_shared(struct mwi_spin *spin)
{
    if (mwi_cpu_count() > 1 || !spin->is_spinning || spin->has_own) {
        return;
    }
    if (spin->yielded <= SHARED_NS) {
        spin->shared = 0;
    } else if (++spin->shared == SHARED_MAX) {
        spin->shared = 0;
        spin->pause = SHARED_PAUSE;
    }
}

void
mwi_spin_end(struct mwi_spin *spin)
{
    int64_t waited;

    learn_shared(spin);
    mwi_spin_pause(spin);
    if (spin->began == 0) {
        return;
    }
    waited = mwi_now() - spin->began;
    spin->began = 0;
    spin->pause -= spin->pause > 0;
    if (waited > WINDOW_MAX) {
        return;
    }
    spin->credit += spin->credit < CREDIT_MAX;
    /* Room for a wait half as long again; slowly back when they get shorter. */
    waited += waited / 2;
    waited = waited < WINDOW_MIN ? WINDOW_MIN : waited;
    waited = waited > WINDOW_MAX ? WINDOW_MAX : waited;
    spin->window = waited > spin->window
                       ? waited
                       : spin->window - (spin->window - waited) / 8;
}

void
mwi_spin_cancel(struct mwi_spin *spin)
{
    mwi_spin_pause(spin);
    spin->began = 0;
}
