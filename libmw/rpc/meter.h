/* SPDX-License-Identifier: MIT */
/*
 * rpc: counters of calls, on the path of each: no lock, no order between them,
 * and no clock but the one that is read anyway.
 */
#ifndef MWI_RPC_METER_H
#define MWI_RPC_METER_H

#include <stdatomic.h>

#include "mw/stats.h"

enum {
    MWI_HISTOGRAM_LOW = 10, /* bucket 0 is below 2 to this, in ns ... */
    MWI_HISTOGRAM_FINE = 2, /* ... each power of two has 2 to this of them */
    MWI_SAMPLE_EVERY = 64,  /* replies, of which one is measured */
};

/* Of an operation, or of a client.  Thread-safe; zeroed: nothing counted.  What
 * is counted at each call is between what is not, apart from the counters of
 * others. */
struct mwi_meter {
    _Atomic uint64_t by_status[MW_STATUS_SLOTS];
    _Atomic uint64_t refused;
    _Atomic uint64_t expired;
    _Atomic uint64_t begun;
    _Atomic uint64_t unrun; /* begun, and found not to be run */
    _Atomic uint64_t bytes_in;
    _Atomic uint64_t bytes_out;
    _Atomic uint64_t ns;
    _Atomic uint64_t buckets[MW_HISTOGRAM_BUCKETS]; /* of those that ended */
    _Atomic uint64_t failed;
    _Atomic uint64_t retried; /* client */
    _Atomic uint64_t sampled; /* server, like the following */
    _Atomic uint64_t sampled_bytes;
    _Atomic uint64_t sampled_bytes_full;
};

/* Of a server.  Thread-safe. */
struct mwi_host_meter {
    int64_t opened_at; /* constant; base/clock.h */
    _Atomic uint64_t accepted;
    _Atomic uint64_t refused; /* connections */
    _Atomic uint64_t handshakes_failed;
    _Atomic uint64_t strange; /* calls */
};

static inline void
mwi_count(_Atomic uint64_t *counter, uint64_t n)
{
    (void) atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline uint64_t
mwi_counted(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/** The bucket that a duration belongs to. */
static inline size_t
mwi_histogram_bucket(int64_t ns)
{
    uint64_t n = ns > 0 ? (uint64_t) ns : 0;
    unsigned octave;
    size_t bucket;

    if (n < (uint64_t) 1 << MWI_HISTOGRAM_LOW) {
        return 0;
    }
    octave = 63 - (unsigned) __builtin_clzll(n);
    bucket = (size_t) (octave - MWI_HISTOGRAM_LOW) << MWI_HISTOGRAM_FINE;
    bucket +=
        (n >> (octave - MWI_HISTOGRAM_FINE)) & ((1U << MWI_HISTOGRAM_FINE) - 1);
    return bucket + 1 < MW_HISTOGRAM_BUCKETS ? bucket + 1
                                             : MW_HISTOGRAM_BUCKETS - 1;
}

/** A call begins.  Returns how many have before. */
static inline uint64_t
mwi_meter_begin(struct mwi_meter *meter)
{
    return atomic_fetch_add_explicit(&meter->begun, 1, memory_order_relaxed);
}

/** One that has run ends. */
static inline void
mwi_meter_end(
    struct mwi_meter *meter, int64_t ns, uint64_t bytes_in, uint64_t bytes_out)
{
    mwi_count(&meter->bytes_in, bytes_in);
    mwi_count(&meter->bytes_out, bytes_out);
    mwi_count(&meter->ns, ns > 0 ? (uint64_t) ns : 0);
    mwi_count(&meter->buckets[mwi_histogram_bucket(ns)], 1);
}

/** And has failed. */
void mwi_meter_fail(struct mwi_meter *meter, mw_status status);

/** One is not run, which may have begun. */
void mwi_meter_refuse(struct mwi_meter *meter, mw_status status);

/** A reply was measured. */
void mwi_meter_sample(
    struct mwi_meter *meter, uint64_t bytes, uint64_t bytes_full);

/** The calls that have ended, in a histogram that is zeroed. */
void mwi_meter_latency(
    const struct mwi_meter *meter, mw_histogram *ret_histogram);

/** Its counts with each status, zeroed before. */
void mwi_meter_statuses(
    const struct mwi_meter *meter, uint64_t ret_by_status[MW_STATUS_SLOTS]);

/** All of an operation's but the size. */
void mwi_meter_take(const struct mwi_meter *meter, const char *target,
    mw_method_counts *ret_counts);

/** Copy a struct whose first member is its size to one of a caller's, which may
 * be shorter or longer.  MW_EINVAL: its size is not set. */
MW_MUST_USE mw_status mwi_counts_give(
    void *ret_counts, const void *counts, size_t size);

#endif
