/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "rpc/retry.h"

static size_t
spend_all(struct mwi_budget *budget)
{
    size_t n = 0;

    while (mwi_budget_spend(budget)) {
        n++;
    }
    return n;
}

/* Ten at once, and a tenth of a retry for each success, but never more. */
Test(rpc_retry, budget)
{
    struct mwi_budget budget = { 0 };

    cr_assert_eq(spend_all(&budget), 10);
    for (size_t i = 0; i < 9; i++) {
        mwi_budget_earn(&budget);
    }
    cr_assert_eq(spend_all(&budget), 0);
    mwi_budget_earn(&budget);
    cr_assert_eq(spend_all(&budget), 1);
    for (size_t i = 0; i < 55; i++) {
        mwi_budget_earn(&budget);
    }
    cr_assert_eq(spend_all(&budget), 5);
    for (size_t i = 0; i < 1000; i++) {
        mwi_budget_earn(&budget);
    }
    cr_assert_eq(spend_all(&budget), 10);
}
