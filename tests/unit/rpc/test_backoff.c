/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "rpc/backoff.h"

enum { MS = 1000 * 1000, DRAWS = 2000 };

/* Of many draws the least and the most. */
static void
draw(uint32_t n_failed, int64_t *ret_least, int64_t *ret_most)
{
    const struct mwi_backoff backoff = { .min_ms = 10, .max_ms = 100 };

    *ret_least = INT64_MAX;
    *ret_most = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        int64_t ns = mwi_backoff_ns(&backoff, n_failed);

        *ret_least = ns < *ret_least ? ns : *ret_least;
        *ret_most = ns > *ret_most ? ns : *ret_most;
    }
}

/* Anything up to the bound, and all of it: half of it is not reached by 2000
 * draws once in 2^2000 times. */
Test(rpc_backoff, doubles_up_to_the_most)
{
    static const struct {
        uint32_t n_failed;
        int64_t bound_ms;
    } cases[] = {
        { 1, 10 },
        { 2, 20 },
        { 3, 40 },
        { 4, 80 },
        { 5, 100 },
        { 32, 100 },
        { 33, 100 },
        { 1000, 100 },
        { UINT32_MAX, 100 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t least;
        int64_t most;

        draw(cases[i].n_failed, &least, &most);
        cr_assert_geq(least, 0);
        cr_assert_lt(least, cases[i].bound_ms * MS / 2);
        cr_assert_leq(most, cases[i].bound_ms * MS);
        cr_assert_gt(most, cases[i].bound_ms * MS / 2);
    }
}

Test(rpc_backoff, always_the_same_bound)
{
    const struct mwi_backoff backoff = { .min_ms = 1, .max_ms = 1 };

    for (size_t i = 0; i < DRAWS; i++) {
        cr_assert_leq(mwi_backoff_ns(&backoff, (uint32_t) i), MS);
    }
}
