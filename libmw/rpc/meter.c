/* SPDX-License-Identifier: MIT */
/*
 * Reading counters, and counting what is rare.
 */
#include "rpc/meter.h"

#include <string.h>

enum { SIZE_LIMIT = 1 << 16 }; /* no version of a struct is this long, ever */

static void
count_status(struct mwi_meter *meter, mw_status status)
{
    size_t slot = (size_t) - (int64_t) (status < 0 ? status : MW_EUNKNOWN);

    /* A status of a later version, which only a peer can send. */
    slot = slot < MW_STATUS_SLOTS ? slot : (size_t) -MW_EUNKNOWN;
    mwi_count(&meter->by_status[slot], 1);
}

void
mwi_meter_fail(struct mwi_meter *meter, mw_status status)
{
    mwi_count(&meter->failed, 1);
    count_status(meter, status);
}

void
mwi_meter_refuse(struct mwi_meter *meter, mw_status status)
{
    bool gave_up = status == MW_ETIMEDOUT || status == MW_ECANCELLED;

    mwi_count(gave_up ? &meter->expired : &meter->refused, 1);
    count_status(meter, status);
}

void
mwi_meter_sample(struct mwi_meter *meter, uint64_t bytes, uint64_t bytes_full)
{
    mwi_count(&meter->sampled, 1);
    mwi_count(&meter->sampled_bytes, bytes);
    mwi_count(&meter->sampled_bytes_full, bytes_full);
}

void
mwi_meter_latency(const struct mwi_meter *meter, mw_histogram *ret_histogram)
{
    for (size_t i = 0; i < MW_HISTOGRAM_BUCKETS; i++) {
        ret_histogram->buckets[i] = mwi_counted(&meter->buckets[i]);
        ret_histogram->n += ret_histogram->buckets[i];
    }
    ret_histogram->sum_ns = mwi_counted(&meter->ns);
}

void
mwi_meter_statuses(
    const struct mwi_meter *meter, uint64_t ret_by_status[MW_STATUS_SLOTS])
{
    for (size_t i = 0; i < MW_STATUS_SLOTS; i++) {
        ret_by_status[i] = mwi_counted(&meter->by_status[i]);
    }
}

static uint64_t
less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0; /* they were not read at the same moment */
}

void
mwi_meter_take(const struct mwi_meter *meter, const char *target,
    mw_method_counts *ret_counts)
{
    mw_method_counts *c = ret_counts;

    c->target = target;
    c->failed = mwi_counted(&meter->failed);
    c->refused = mwi_counted(&meter->refused);
    c->expired = mwi_counted(&meter->expired);
    c->bytes_in = mwi_counted(&meter->bytes_in);
    c->bytes_out = mwi_counted(&meter->bytes_out);
    c->sampled = mwi_counted(&meter->sampled);
    c->sampled_bytes = mwi_counted(&meter->sampled_bytes);
    c->sampled_bytes_full = mwi_counted(&meter->sampled_bytes_full);
    mwi_meter_statuses(meter, c->by_status);
    mwi_meter_latency(meter, &c->latency);
    c->ok = less(c->latency.n, c->failed);
    c->running = (uint32_t) less(
        mwi_counted(&meter->begun), c->latency.n + mwi_counted(&meter->unrun));
}

mw_status
mwi_counts_give(void *ret_counts, const void *counts, size_t size)
{
    unsigned char *to = ret_counts;
    size_t given;

    memcpy(&given, ret_counts, sizeof(given));
    if (given <= sizeof(given) || given > SIZE_LIMIT) {
        return MW_EINVAL;
    }
    memset(to + sizeof(given), 0, given - sizeof(given));
    memcpy(to + sizeof(given), (const unsigned char *) counts + sizeof(given),
        (given < size ? given : size) - sizeof(given));
    return MW_OK;
}

uint64_t
mw_method_saved(const mw_method_counts *counts)
{
    double saved;

    if (counts->sampled == 0 ||
        counts->sampled_bytes_full <= counts->sampled_bytes) {
        return 0;
    }
    saved = (double) (counts->sampled_bytes_full - counts->sampled_bytes);
    return (uint64_t) (saved * (double) counts->ok / (double) counts->sampled);
}

uint64_t
mw_histogram_bound(size_t bucket)
{
    size_t octave;
    uint64_t part;

    if (bucket == 0 || bucket >= MW_HISTOGRAM_BUCKETS) {
        return bucket == 0 ? 0 : UINT64_MAX;
    }
    octave = MWI_HISTOGRAM_LOW + ((bucket - 1) >> MWI_HISTOGRAM_FINE);
    part = (bucket - 1) & ((1U << MWI_HISTOGRAM_FINE) - 1);
    return ((uint64_t) 1 << octave) + (part << (octave - MWI_HISTOGRAM_FINE));
}

/* Which duration it is, counted from 1 by length, that so many parts of n do
 * not exceed; n is not 0. */
static uint64_t
rank_of(double part, uint64_t n)
{
    double exact = part * (double) n;
    uint64_t rank;

    if (!(part < 1)) {
        return n; /* also for no number */
    }
    rank = exact > 0 ? (uint64_t) exact : 0;
    /* 0.07 of 100 is a little more than 7. */
    return rank == 0 || exact - (double) rank > exact * 1e-12 ? rank + 1 : rank;
}

uint64_t
mw_histogram_quantile(const mw_histogram *histogram, double part)
{
    uint64_t rank = histogram->n > 0 ? rank_of(part, histogram->n) : 0;
    uint64_t low;
    size_t i = 0;

    if (rank == 0) {
        return 0;
    }
    while (i < MW_HISTOGRAM_BUCKETS - 1 && rank > histogram->buckets[i]) {
        rank -= histogram->buckets[i++];
    }
    low = mw_histogram_bound(i);
    if (i == MW_HISTOGRAM_BUCKETS - 1) {
        return low; /* it has no upper bound */
    }
    return low + (uint64_t) ((double) rank / (double) histogram->buckets[i] *
                             (double) (mw_histogram_bound(i + 1) - low));
}
