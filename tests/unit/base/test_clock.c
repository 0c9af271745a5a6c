/* SPDX-License-Identifier: MIT */
#include <limits.h>

#include <criterion/criterion.h>

#include "base/clock.h"

enum { NS_PER_MS = 1000000 };

Test(clock, goes_on)
{
    int64_t before = mwi_now();

    cr_assert_gt(before, 0);
    cr_assert_geq(mwi_now(), before);
}

Test(clock, deadlines)
{
    int64_t deadline = mwi_deadline_in(1000000);

    cr_assert_gt(deadline, mwi_now());
    cr_assert_leq(mwi_deadline_left_ms(deadline), 1000000);
    cr_assert_gt(mwi_deadline_left_ms(deadline), 900000);
    cr_assert_gt(mwi_deadline_poll_ms(deadline), 900000);
    cr_assert_eq(mwi_deadline_left_ms(mwi_now() - 1), 0);
    cr_assert_eq(mwi_deadline_poll_ms(0), 0);
    cr_assert_eq(mwi_deadline_poll_ms(INT64_MIN), 0);
    /* Rounded up: what is left is never waited for too short. */
    cr_assert_eq(mwi_deadline_left_ms(mwi_now() + 50 * NS_PER_MS + 900000), 51);
}

Test(clock, forever_and_far)
{
    cr_assert_eq(mwi_deadline_poll_ms(MWI_FOREVER), -1);
    cr_assert_eq(mwi_deadline_left_ms(MWI_FOREVER), UINT32_MAX);
    cr_assert_eq(mwi_deadline_poll_ms(MWI_FOREVER - 1), INT_MAX);
    cr_assert_eq(mwi_deadline_left_ms(MWI_FOREVER - 1), UINT32_MAX - 1);
    cr_assert_gt(
        mwi_deadline_left_ms(mwi_deadline_in(UINT32_MAX)), UINT32_MAX - 1000);
}
