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
    CREDIT_FIRST = 3, /* whoever is new may try */
    WINDOW_MIN = 50 * 1000,  /* ns; about twice what waking takes */
    WINDOW_MAX = 200 * 1000, /* ns */
};

/* Threads of this process that spin. */
static _Atomic uint32_t n_spinning;

void
mwi_spin_init(struct mwi_spin *spin, bool is_off)
{
    *spin = (struct mwi_spin){
        .is_off = is_off || mwi_cpu_count() == 1,
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
    if (atomic_fetch_add(&n_spinning, 1) + 1 < mwi_cpu_count()) {
        return true;
    }
    atomic_fetch_sub(&n_spinning, 1);
    return false;
}

static void
leave_place(struct mwi_spin *spin)
{
    if (spin->is_spinning) {
        spin->is_spinning = false;
        atomic_fetch_sub(&n_spinning, 1);
    }
}

bool
mwi_spin_again(struct mwi_spin *spin)
{
    if (spin->is_off || spin->credit <= 0) {
        return false;
    }
    if (!spin->is_spinning) {
        if (!take_place()) {
            return false;
        }
        spin->is_spinning = true;
    }
    if (mwi_now() - spin->began >= spin->window) {
        leave_place(spin);
        spin->credit--;
        return false;
    }
    (void) sched_yield();
    return true;
}

void
mwi_spin_end(struct mwi_spin *spin)
{
    int64_t waited;

    leave_place(spin);
    if (spin->began == 0) {
        return;
    }
    waited = mwi_now() - spin->began;
    spin->began = 0;
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
    leave_place(spin);
    spin->began = 0;
}
