/* SPDX-License-Identifier: MIT */
/*
 * base: waiting awake for a moment before going to sleep.
 *
 * To sleep and to be woken takes two to five times as long as a short call. So
 * who expects something soon looks for it again and again, letting others have
 * the processor between, and only then sleeps.  Whether that pays is learned
 * from how long the waits before have been; where it does not, it is not done.
 *
 *     mwi_spin_begin(&spin);
 *     while (!(found = look()) && mwi_spin_again(&spin)) {}
 *     if (!found) { sleep until there is something }
 *     mwi_spin_end(&spin);
 *
 * Of a process's threads two spin, or more if it has more than three
 * processors.  On a single processor none does; nor, mostly, in a process that
 * is bound to one which others use, too: there the peer may be waiting for it.
 * Not thread-safe: one owner at a time.
 */
#ifndef MWI_BASE_SPIN_H
#define MWI_BASE_SPIN_H

#include "mw/base.h"

struct mwi_spin {
    bool is_off;      /* constant */
    bool is_spinning; /* counted among those that do */
    bool has_own;     /* the last yield let threads of this process run */
    int32_t credit;   /* waits that may still be spent awake for nothing */
    int32_t shared;   /* waits that ended when another thread had run here */
    int32_t pause;    /* waits to go before the next that may be spent awake */
    int64_t yielded;  /* ns that the last yield has taken */
    int64_t window;   /* ns that a wait is spent awake */
    int64_t began;    /* of this wait, base/clock.h; 0: there is none */
};

/** is_off: never spin. */
void mwi_spin_init(struct mwi_spin *spin, bool is_off);

/** A wait begins, unless it has. */
void mwi_spin_begin(struct mwi_spin *spin);

/** Whether to look once more, after other threads had the processor.  False:
 * sleep now. */
bool mwi_spin_again(struct mwi_spin *spin);

/** The thread turns to something else, or sleeps; the wait goes on. */
void mwi_spin_pause(struct mwi_spin *spin);

/** The wait is over, and what was expected has come. */
void mwi_spin_end(struct mwi_spin *spin);

/** The wait is over, and nothing can be learned from it. */
void mwi_spin_cancel(struct mwi_spin *spin);

#endif
