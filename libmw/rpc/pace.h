/* SPDX-License-Identifier: MIT */
/*
 * rpc: whether an operation's handlers are quick, which is learned from how
 * long they run.
 *
 * A quick one runs in the thread that has read the request; to hand it over
 * would take longer than it does.  An operation is taken for quick until it has
 * been slow, and again after it has been quick many times in a row.
 */
#ifndef MWI_RPC_PACE_H
#define MWI_RPC_PACE_H

#include <stdatomic.h>

#include "mw/base.h"

enum {
    MWI_QUICK_NS = 100 * 1000, /* some ten times what handing over takes */
    MWI_QUICK_RUNS = 64,       /* in a row, to be taken for quick again */
};

/* Thread-safe.  Zeroed: quick. */
struct mwi_pace {
    _Atomic int32_t owed; /* quick runs to go */
};

static inline bool
mwi_pace_is_quick(const struct mwi_pace *pace)
{
    return atomic_load_explicit(&pace->owed, memory_order_relaxed) <= 0;
}

static inline void
mwi_pace_note(struct mwi_pace *pace, int64_t ns)
{
    int32_t owed = atomic_load_explicit(&pace->owed, memory_order_relaxed);

    /* Of two threads at once one may not be counted, which does no harm. */
    if (ns > MWI_QUICK_NS) {
        atomic_store_explicit(
            &pace->owed, MWI_QUICK_RUNS, memory_order_relaxed);
    } else if (owed > 0) {
        atomic_store_explicit(&pace->owed, owed - 1, memory_order_relaxed);
    }
}

#endif
