/* SPDX-License-Identifier: MIT */
#include "rpc/backoff.h"

#include "base/random.h"

enum { NS_PER_MS = 1000 * 1000, DOUBLINGS_MAX = 31 };

int64_t
mwi_backoff_ns(const struct mwi_backoff *backoff, uint32_t n_failed)
{
    uint32_t doublings = n_failed > 0 ? n_failed - 1 : 0;
    uint64_t bound_ms;

    if (doublings > DOUBLINGS_MAX) {
        doublings = DOUBLINGS_MAX;
    }
    bound_ms = (uint64_t) backoff->min_ms << doublings;
    if (bound_ms > backoff->max_ms) {
        bound_ms = backoff->max_ms;
    }
    return (int64_t) mwi_random_below(bound_ms * NS_PER_MS + 1);
}
