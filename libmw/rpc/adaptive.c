/* SPDX-License-Identifier: MIT */
/*
 * After Envoy's adaptive concurrency filter (its documentation, "Adaptive
 * Concurrency", section "Concurrency Controllers") with the mean in place of a
 * percentile, and half the limit, in place of three, while base is measured: a
 * server that works well is hardly disturbed.
 */
#include "rpc/adaptive.h"

#define TOLERANCE 0.25 /* of base, by which latency may exceed it */

enum {
    WINDOW_NS = 100 * 1000 * 1000, /* at least, and twice the latency: what the
                                      last one has changed must show */
    SAMPLES_MIN = 10,              /* in a window */
    MEASURE_S = 10,                /* between measurements of base */
};

static void
begin_window(struct mwi_adaptive *a, int64_t now, double latency)
{
    int64_t twice = latency < 1e18 ? (int64_t) (2 * latency) : INT64_MAX / 2;

    a->began_at = now;
    a->length = twice > WINDOW_NS ? twice : WINDOW_NS;
    a->sum = 0;
    a->n = a->most = 0;
}

void
mwi_adaptive_init(struct mwi_adaptive *a, uint32_t min, uint32_t max,
    uint32_t initial, int64_t now)
{
    *a = (struct mwi_adaptive){
        .min = min,
        .max = max,
        .limit = initial,
        .phase = MWI_ADAPTIVE_RUNS,
        .measured_at = now,
    };
    begin_window(a, now, 0);
}

/* Rounded up; limits are small. */
static double
root(double x)
{
    double r = 1;

    while (r * r < x) {
        r++;
    }
    return r;
}

static double
within(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static void
adjust(struct mwi_adaptive *a, double latency)
{
    double gradient = within(a->base * (1 + TOLERANCE) / latency, 0.5, 2);
    double limit = gradient * a->limit + root(a->limit);

    if (limit > a->limit && a->most < a->limit / 2) {
        return; /* nothing shows that so many would do well */
    }
    a->limit = within(limit, a->min, a->max);
}

static void
end_window(struct mwi_adaptive *a, int64_t now)
{
    double latency = a->sum / a->n;

    switch (a->phase) {
    case MWI_ADAPTIVE_DRAINS:
        a->phase = MWI_ADAPTIVE_MEASURES;
        break;
    case MWI_ADAPTIVE_MEASURES:
        a->base = latency;
        a->measured_at = now;
        a->phase = MWI_ADAPTIVE_RUNS;
        break;
    case MWI_ADAPTIVE_RUNS:
        if (a->base == 0 || latency < a->base) {
            a->base = latency;
        }
        adjust(a, latency);
        if (now - a->measured_at >= MEASURE_S * INT64_C(1000000000)) {
            a->phase = MWI_ADAPTIVE_DRAINS;
        }
        break;
    }
    begin_window(a, now, latency);
}

void
mwi_adaptive_sample(
    struct mwi_adaptive *a, int64_t now, int64_t latency, uint32_t calls)
{
    a->sum += latency > 0 ? (double) latency : 1;
    a->n++;
    a->most = calls > a->most ? calls : a->most;
    if (a->n >= SAMPLES_MIN && now - a->began_at >= a->length) {
        end_window(a, now);
    }
}

uint32_t
mwi_adaptive_limit(const struct mwi_adaptive *a)
{
    double limit = a->phase == MWI_ADAPTIVE_RUNS ? a->limit : a->limit / 2;

    return (uint32_t) within(limit, a->min, a->max);
}
