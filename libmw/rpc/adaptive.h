/* SPDX-License-Identifier: MIT */
/*
 * rpc: how many calls a server should have at once, learned from how long they
 * take.  A pure function of its samples; not thread-safe.
 *
 * A gradient controller as in Envoy's adaptive concurrency filter.  In windows
 * of time it takes the mean latency, from a call's arrival to its answer, and
 * compares it with the latency that calls have when none waits for another:
 *
 *     gradient = base * (1 + TOLERANCE) / latency, between 1/2 and 2
 *     limit    = gradient * limit + sqrt(limit)
 *
 * The root is what the limit may grow by when there is no delay, and how much
 * waits at most when there is.  Base is measured again and again: for a window
 * the limit is halved, so that what waits goes away, as BBR does to find the
 * least round-trip time.  A limit that is not made use of does not grow.
 */
#ifndef MWI_RPC_ADAPTIVE_H
#define MWI_RPC_ADAPTIVE_H

#include "mw/base.h"

enum mwi_adaptive_phase {
    MWI_ADAPTIVE_RUNS,
    MWI_ADAPTIVE_DRAINS,   /* the limit is halved, calls from before end */
    MWI_ADAPTIVE_MEASURES, /* the limit is halved, base is measured */
};

struct mwi_adaptive {
    double min; /* constant */
    double max; /* constant */
    double limit;
    double base; /* ns; 0: not known */
    enum mwi_adaptive_phase phase;
    int64_t measured_at; /* base/clock.h */
    int64_t began_at;    /* the window */
    int64_t length;      /* of it, at least, ns */
    double sum;          /* of latencies in the window, ns */
    uint32_t n;          /* of them */
    uint32_t most;       /* calls at once in the window */
};

void mwi_adaptive_init(struct mwi_adaptive *a, uint32_t min, uint32_t max,
    uint32_t initial, int64_t now);

/** A call has been answered.
 *
 * @param latency  ns since it arrived
 * @param calls    that there were with it
 */
void mwi_adaptive_sample(
    struct mwi_adaptive *a, int64_t now, int64_t latency, uint32_t calls);

/** How many calls there may be. */
uint32_t mwi_adaptive_limit(const struct mwi_adaptive *a);

#endif
