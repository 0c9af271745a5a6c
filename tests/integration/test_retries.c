/* SPDX-License-Identifier: MIT */
/*
 * What is sent again, how often, and what is not.
 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/reluctant.h"

static void
expect(struct mwt_reluctant *c, mw_ctx *ctx, size_t n_calls, bool not_run)
{
    cr_assert_eq(c->h.n_calls, n_calls, "%zu", c->h.n_calls);
    cr_assert_eq(ctx->attempts, n_calls, "%u", ctx->attempts);
    cr_assert_eq(ctx->not_run, not_run, "%s", mw_ctx_error(ctx));
}

/* ---- not run ---- */

Test(retries, a_full_server)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(), FULL, FULL, ACCEPT);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
    expect(&c, &ctx, 3, false);
    mwt_reluctant_end(&c);
}

Test(retries, a_server_that_stays_full)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(), FULL);
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EEXHAUSTED);
    cr_assert_str_eq(
        mw_ctx_error(&ctx), "probe.Probe.wait: not today (sent 4 times)");
    expect(&c, &ctx, 4, true);
    mwt_reluctant_end(&c);
}

Test(retries, how_often)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(.retries_max = 5, .retry_max_ms = 1), FULL);
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EEXHAUSTED);
    expect(&c, &ctx, 6, true);
    mwt_reluctant_end(&c);
}

Test(retries, none_for_this_call)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .no_retry = true);

    MWT_RELUCTANT(&c, MW_CLIENT(), FULL);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, MW_METHOD_IDEMPOTENT), MW_EEXHAUSTED);
    cr_assert_str_eq(mw_ctx_error(&ctx), "probe.Probe.wait: not today");
    expect(&c, &ctx, 1, true);
    mwt_reluctant_end(&c);
}

Test(retries, none_for_this_client)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(.no_retry = true), LEAVING);
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EUNAVAILABLE);
    expect(&c, &ctx, 1, true);
    mwt_reluctant_end(&c);
}

/* It will not be better before the deadline: why wait for that? */
Test(retries, later_than_the_deadline)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(), FULL);
    c.script.retry_after_ms = 2 * MWT_PATIENCE_MS;
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EEXHAUSTED);
    cr_assert_eq(ctx.retry_after_ms, 2 * MWT_PATIENCE_MS);
    expect(&c, &ctx, 1, true);
    mwt_reluctant_end(&c);
}

Test(retries, as_late_as_the_server_asks)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);
    int64_t began;

    MWT_RELUCTANT(&c, MW_CLIENT(.retry_max_ms = 1), FULL, ACCEPT);
    c.script.retry_after_ms = 50;
    began = mwi_now();
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_assert_geq(mwi_now() - began, INT64_C(50000000));
    cr_assert_eq(ctx.retry_after_ms, 0);
    expect(&c, &ctx, 2, false);
    mwt_reluctant_end(&c);
}

/* A call that another server is to have at once. */
Test(retries, a_server_that_leaves)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(
        &c, MW_CLIENT(.retry_min_ms = MWT_PATIENCE_MS), FAREWELL, ACCEPT);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
    expect(&c, &ctx, 2, false);
    mwt_reluctant_end(&c);
}

/* ---- perhaps run ---- */

/* What the handler has said is an answer like any other. */
Test(retries, what_a_handler_says)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .keyed = true);

    MWT_RELUCTANT(&c, MW_CLIENT(), FAILED);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, MW_METHOD_IDEMPOTENT | MW_METHOD_KEYED),
        MW_EUNAVAILABLE);
    expect(&c, &ctx, 1, false);
    mwt_reluctant_end(&c);
}

Test(retries, a_lost_connection)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(), CUT, ACCEPT);
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EUNAVAILABLE);
    expect(&c, &ctx, 1, false);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
    mwt_reluctant_end(&c);
}

Test(retries, idempotent)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(), CUT, CUT, ACCEPT);
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, MW_METHOD_IDEMPOTENT), MW_OK,
        "%s", mw_ctx_error(&ctx));
    expect(&c, &ctx, 3, false);
    cr_assert_eq(c.script.seen[2].key_len, 0);
    mwt_reluctant_end(&c);
}

/* The last try was refused; but the one before it may have been run. */
Test(retries, one_of_several_may_have_run)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(), CUT, FULL);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, MW_METHOD_IDEMPOTENT), MW_EEXHAUSTED);
    expect(&c, &ctx, 4, false);
    cr_assert_eq(ctx.error.origin, MW_ORIGIN_LOCAL);
    cr_assert_eq(ctx.state, MW_CALL_UNKNOWN);
    mwt_reluctant_end(&c);
}

/* ---- no storm ---- */

/* However many calls fail, no more than a tenth of those that succeed are sent
 * again, and ten. */
Test(retries, budget)
{
    enum { N = 400 };
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(.retry_max_ms = 1), FULL);
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EEXHAUSTED);
    }
    cr_assert_eq(c.h.n_calls, N + 10, "%zu", c.h.n_calls);
    mwt_reluctant_end(&c);
}

Test(retries, budget_of_successes)
{
    static const enum mwt_act acts[] = { FULL, FULL, FULL, FULL, FULL, FULL,
        FULL, FULL, FULL, FULL, FULL, FULL, FULL, FULL, FULL, FULL, FULL, FULL,
        FULL, FULL, ACCEPT };
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);
    size_t before;

    mwt_reluctant_begin(&c, acts, 21, "", MW_CLIENT(.retry_max_ms = 1));
    /* Ten calls are sent 20 times. */
    while (c.h.n_calls < 20) {
        cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EEXHAUSTED);
    }
    before = c.h.n_calls;
    for (size_t i = 0; i < 25; i++) {
        cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_OK);
    }
    cr_assert_eq(c.h.n_calls, before + 25);
    c.script.n_acts = 1; /* full, again: of 25 there are two and a half */
    for (size_t i = 0; i < 20; i++) {
        cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EEXHAUSTED);
    }
    cr_assert_eq(c.h.n_calls, before + 25 + 20 + 2, "%zu", c.h.n_calls);
    mwt_reluctant_end(&c);
}

Test(retries, options)
{
    mw_client *client;
    mw_error error;

    cr_assert_eq(
        mw_client_open(&client, "unix:/x",
            MW_CLIENT(.lazy = true, .retry_min_ms = 2000, .retry_max_ms = 1999),
            &error),
        MW_EINVAL);
    cr_assert_str_eq(
        error.text, "retry_max_ms is 1999, may be 2000 to 86400000");
    cr_assert_eq(mw_client_open(&client, "unix:/x",
                     MW_CLIENT(.lazy = true, .retry_min_ms = 2000), &error),
        MW_OK);
    mw_client_close(client);
}
