/* SPDX-License-Identifier: MIT */
/*
 * rpc: how long to wait before the next try: exponential backoff with full
 * jitter.  Any time up to a bound that doubles with each failure, so that those
 * who failed together do not come back together.
 */
#ifndef MWI_RPC_BACKOFF_H
#define MWI_RPC_BACKOFF_H

#include "mw/base.h"

struct mwi_backoff {
    uint32_t min_ms; /* the first bound */
    uint32_t max_ms; /* the last one */
};

/** How long, in nanoseconds, after so many failures in a row, at least one. */
int64_t mwi_backoff_ns(const struct mwi_backoff *backoff, uint32_t n_failed);

#endif
