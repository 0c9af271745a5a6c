/* SPDX-License-Identifier: MIT */
/*
 * rpc: whether a call that has failed is sent again, and when.
 *
 * It is if the server certainly has not run it, if to run it twice does no
 * harm, or if it has a key and the server is asked for its outcome.  That is
 * paid for from a budget that successes fill, so that servers in trouble get
 * little more than without it; moving a call that never reached its server
 * costs nothing.
 */
#ifndef MWI_RPC_RETRY_H
#define MWI_RPC_RETRY_H

#include <stdatomic.h>

#include "mw/status.h"

enum {
    MWI_BUDGET_MAX = 100,  /* tenths of a retry */
    MWI_BUDGET_PRICE = 10, /* of one; a success is worth 1 */
};

/* A client's. */
struct mwi_budget {
    _Atomic int32_t spent; /* in tenths, of MWI_BUDGET_MAX */
};

/** A call has succeeded. */
static inline void
mwi_budget_earn(struct mwi_budget *budget)
{
    /* Nothing is written while nothing was spent. */
    if (atomic_load_explicit(&budget->spent, memory_order_relaxed) > 0) {
        /* Of two threads at once both may find the last tenth. */
        atomic_fetch_sub_explicit(&budget->spent, 1, memory_order_relaxed);
    }
}

/** Pay for a retry.  False: it cannot be afforded. */
bool mwi_budget_spend(struct mwi_budget *budget);

/* What is known of the last try. */
enum mwi_fate {
    MWI_NOT_TRIED, /* there was nothing to send, or nowhere to */
    MWI_NOT_SENT,  /* the server cannot have got all of it */
    MWI_NO_ANSWER, /* it was sent */
    MWI_ANSWERED,
};

/* Of one call.  Zeroed: it was not tried yet. */
struct mwi_tries {
    enum mwi_fate fate;
    uint32_t n_again;        /* times that it was sent again for a price, and */
    uint32_t n_moved;        /* that it was moved */
    uint32_t retry_after_ms; /* as the server has asked; 0: it has not */
    uint64_t endpoint;       /* that it was sent to last */
    uint64_t only;     /* the one that may be asked for its outcome, or 0 */
    uint64_t avoid;    /* one that has refused it, or 0 */
    bool is_moved;     /* refused, for the server is about to go */
    bool may_have_run; /* a try before the last one may have */
};

struct mwi_request;

/** Whether a request whose last try has failed is to be tried again.  If so it
 * waits until then.  @thread any; blocks, but not up to the deadline */
bool mwi_retry(struct mwi_request *q, mw_status status);

#endif
