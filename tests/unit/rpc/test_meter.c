/* SPDX-License-Identifier: MIT */
/*
 * Counters and histograms: bounds, quantiles, structs of other sizes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "lib/prng.h"
#include "rpc/meter.h"

Test(meter, buckets_follow_their_bounds)
{
    cr_assert_eq(mw_histogram_bound(0), 0);
    cr_assert_eq(mw_histogram_bound(1), 1024);
    cr_assert_eq(mw_histogram_bound(2), 1280);
    cr_assert_eq(mw_histogram_bound(5), 2048);
    cr_assert_eq(
        mw_histogram_bound(MW_HISTOGRAM_BUCKETS - 1), UINT64_C(1) << 36);
    cr_assert_eq(mw_histogram_bound(MW_HISTOGRAM_BUCKETS), UINT64_MAX);
    for (size_t i = 1; i < MW_HISTOGRAM_BUCKETS; i++) {
        uint64_t low = mw_histogram_bound(i);

        cr_assert_gt(low, mw_histogram_bound(i - 1));
        cr_assert_eq(mwi_histogram_bucket((int64_t) low), i);
        cr_assert_eq(mwi_histogram_bucket((int64_t) low - 1), i - 1);
        /* As documented: at most a quarter apart. */
        cr_assert(i == 1 || low - mw_histogram_bound(i - 1) <=
                                mw_histogram_bound(i - 1) / 4);
    }
}

Test(meter, extreme_durations_have_a_bucket)
{
    cr_assert_eq(mwi_histogram_bucket(INT64_MIN), 0);
    cr_assert_eq(mwi_histogram_bucket(-1), 0);
    cr_assert_eq(mwi_histogram_bucket(0), 0);
    cr_assert_eq(mwi_histogram_bucket(INT64_MAX), MW_HISTOGRAM_BUCKETS - 1);
}

static int
compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a;
    int64_t y = *(const int64_t *) b;

    return x < y ? -1 : x > y;
}

/* Against the sorted durations themselves. */
Test(meter, quantiles_are_off_by_less_than_a_bucket)
{
    struct mwt_prng prng = mwt_prng_seeded("quantiles");

    for (size_t round = 0; round < 200; round++) {
        static struct mwi_meter meter;
        int64_t ns[500];
        size_t n = 1 + mwt_below(&prng, 500);
        mw_histogram h = { 0 };

        memset(&meter, 0, sizeof(meter));
        for (size_t i = 0; i < n; i++) {
            ns[i] = (int64_t) (mwt_next(&prng) >> (28 + mwt_below(&prng, 36)));
            mwi_meter_end(&meter, ns[i], 0, 0);
        }
        qsort(ns, n, sizeof(ns[0]), compare);
        mwi_meter_latency(&meter, &h);
        cr_assert_eq(h.n, n);
        for (size_t rank = 1; rank <= n; rank++) {
            uint64_t found =
                mw_histogram_quantile(&h, (double) rank / (double) n);
            size_t bucket = mwi_histogram_bucket(ns[rank - 1]);

            cr_assert_geq(found, mw_histogram_bound(bucket), "rank %zu", rank);
            cr_assert_leq(found, mw_histogram_bound(bucket + 1));
        }
    }
}

Test(meter, quantiles_of_little)
{
    mw_histogram h = { .n = 0 };

    cr_assert_eq(mw_histogram_quantile(&h, 0.5), 0);
    h.n = h.buckets[MW_HISTOGRAM_BUCKETS - 1] = 1;
    cr_assert_eq(mw_histogram_quantile(&h, 0.5), UINT64_C(1) << 36);
    h = (mw_histogram){ .n = 2 };
    h.buckets[1] = h.buckets[9] = 1;
    cr_assert_eq(mw_histogram_quantile(&h, 0), mw_histogram_bound(2));
    cr_assert_eq(mw_histogram_quantile(&h, -1), mw_histogram_bound(2));
    cr_assert_eq(mw_histogram_quantile(&h, 0.5), mw_histogram_bound(2));
    cr_assert_eq(mw_histogram_quantile(&h, 0.51), mw_histogram_bound(10));
    cr_assert_eq(mw_histogram_quantile(&h, 1), mw_histogram_bound(10));
    cr_assert_eq(mw_histogram_quantile(&h, 7), mw_histogram_bound(10));
    cr_assert_eq(
        mw_histogram_quantile(&h, (double) NAN), mw_histogram_bound(10));
}

Test(meter, statuses_that_are_none_are_unknown)
{
    static struct mwi_meter meter;
    mw_method_counts c = { 0 };

    mwi_meter_fail(&meter, MW_EINVAL);
    mwi_meter_fail(&meter, MW_ESTALE);
    mwi_meter_fail(&meter, (mw_status) -1000000);
    mwi_meter_fail(&meter, (mw_status) INT32_MIN);
    mwi_meter_refuse(&meter, MW_ETIMEDOUT);
    mwi_meter_refuse(&meter, MW_EEXHAUSTED);
    mwi_meter_take(&meter, "a.b", &c);
    cr_assert_eq(c.failed, 4);
    cr_assert_eq(c.expired, 1);
    cr_assert_eq(c.refused, 1);
    cr_assert_eq(c.by_status[-MW_EINVAL], 1);
    cr_assert_eq(c.by_status[-MW_ESTALE], 1);
    cr_assert_eq(c.by_status[-MW_EUNKNOWN], 2);
    cr_assert_eq(c.by_status[-MW_ETIMEDOUT], 1);
    cr_assert_eq(c.by_status[-MW_EEXHAUSTED], 1);
}

Test(meter, savings_are_extended_to_all_replies)
{
    mw_method_counts c = { .ok = 640 };

    cr_assert_eq(mw_method_saved(&c), 0);
    c.sampled = 10;
    c.sampled_bytes = 1000;
    c.sampled_bytes_full = 3000;
    cr_assert_eq(mw_method_saved(&c), 128000);
    c.sampled_bytes_full = 900; /* deltas that were longer */
    cr_assert_eq(mw_method_saved(&c), 0);
}

/* Structs of programs that were made for an older or a later version. */
Test(meter, gives_as_much_as_the_caller_knows)
{
    struct {
        size_t size;
        uint64_t a, b, c;
    } own = { .a = 1, .b = 2, .c = 3 }, given;

    memset(&given, 0xee, sizeof(given));
    given.size = offsetof(mw_histogram, buckets);
    cr_assert_eq(mwi_counts_give(&given, &own, sizeof(own)), MW_OK);
    cr_assert_eq(given.size, offsetof(mw_histogram, buckets));
    cr_assert_eq(given.a, 1);
    cr_assert_eq(given.b, UINT64_C(0xeeeeeeeeeeeeeeee));
    given.size = sizeof(given);
    cr_assert_eq(
        mwi_counts_give(&given, &own, sizeof(size_t) + sizeof(uint64_t)),
        MW_OK);
    cr_assert_eq(given.a, 1);
    cr_assert_eq(given.b, 0);
    cr_assert_eq(given.c, 0);
    given.size = 0;
    cr_assert_eq(mwi_counts_give(&given, &own, sizeof(own)), MW_EINVAL);
    given.size = SIZE_MAX;
    cr_assert_eq(mwi_counts_give(&given, &own, sizeof(own)), MW_EINVAL);
}
