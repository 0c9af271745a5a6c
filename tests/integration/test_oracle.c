/* SPDX-License-Identifier: MIT */
/*
 * The promise of the library, tested from end to end: a handler called with
 * deltas, called with whole values, and called as a function leaves equal
 * objects, whatever the object and whatever it does.
 *
 * MW_SEED sets the seed, MW_CASES the number of cases.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "codec/value.h"
#include "integration/fixture.h"
#include "lib/random_value.h"

enum { CASES = 2000 };

static size_t
n_cases(void)
{
    const char *text = getenv("MW_CASES");

    return text != NULL ? strtoull(text, NULL, 10) : CASES;
}

static void
check_case(
    mw_client *client, struct mwt_prng *prng, uint64_t *full, uint64_t *delta)
{
    uint64_t seed = mwt_next(prng);
    probe_Box local = { 0 };
    probe_Box patched;
    probe_Box whole;
    mw_ctx ctx = MW_CTX(.timeout_ms = 60000, .measure = true);
    mw_ctx full_ctx = MW_CTX(.timeout_ms = 60000, .full_values = true);

    mwt_random_object(prng, &probe_Box_type, &local);
    cr_assert_eq(probe_Box_copy(&patched, &local), MW_OK);
    cr_assert_eq(probe_Box_copy(&whole, &local), MW_OK);
    mwt_probe_mutate(NULL, &local, seed);

    cr_assert_eq(probe_Probe_mutate(client, &ctx, &patched, seed), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(probe_Probe_mutate(client, &full_ctx, &whole, seed), MW_OK,
        "%s", mw_ctx_error(&full_ctx));
    cr_assert(probe_Box_equal(&patched, &local), "delta differs");
    cr_assert(probe_Box_equal(&whole, &local), "whole value differs");
    /* But for the call's id, which may have become a byte or two longer. */
    cr_assert_leq(ctx.stats.bytes_full, full_ctx.stats.bytes_received);
    cr_assert_geq(ctx.stats.bytes_full + 2, full_ctx.stats.bytes_received);
    cr_assert_leq(ctx.stats.bytes_received, ctx.stats.bytes_full + 8);
    *full += ctx.stats.bytes_full;
    *delta += ctx.stats.bytes_received;
    probe_Box_clear(&whole);
    probe_Box_clear(&patched);
    probe_Box_clear(&local);
}

Test(oracle, delta_full_and_local_agree)
{
    struct mwt_prng prng = mwt_prng_seeded("oracle");
    struct mwt_server s;
    mw_client *client;
    uint64_t full = 0;
    uint64_t delta = 0;

    mwt_server_start(&s, MW_SERVER(.threads_max = 2));
    client = mwt_local_client(&s);
    for (size_t i = 0; i < n_cases(); i++) {
        check_case(client, &prng, &full, &delta);
    }
    cr_log_info("replies: %llu bytes, whole ones would be %llu",
        (unsigned long long) delta, (unsigned long long) full);
    cr_assert_lt(delta, full);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(oracle, two_objects_come_back_together)
{
    struct mwt_prng prng = mwt_prng_seeded("exchange");
    struct mwt_server s;
    mw_client *client;

    mwt_server_start(&s, MW_SERVER(.threads_max = 2));
    client = mwt_local_client(&s);
    for (size_t i = 0; i < 200; i++) {
        probe_Box a = { 0 };
        probe_Box b = { 0 };
        probe_Box old_a;
        probe_Box old_b;
        char verdict[17];
        uint64_t sum = 0;
        mw_ctx ctx = MW_CTX(.timeout_ms = 60000);

        mwt_random_object(&prng, &probe_Box_type, &a);
        mwt_random_object(&prng, &probe_Box_type, &b);
        cr_assert_eq(probe_Box_copy(&old_a, &a), MW_OK);
        cr_assert_eq(probe_Box_copy(&old_b, &b), MW_OK);
        cr_assert_eq(probe_Probe_exchange(client, &ctx, &a, &b, verdict, &sum),
            MW_OK, "%s", mw_ctx_error(&ctx));
        cr_assert(probe_Box_equal(&a, &old_b));
        cr_assert(probe_Box_equal(&b, &old_a));
        cr_assert_str_eq(verdict, "exchanged");
        cr_assert_eq(sum, a.serial + b.serial);
        probe_Box_clear(&a);
        probe_Box_clear(&b);
        probe_Box_clear(&old_a);
        probe_Box_clear(&old_b);
    }
    mw_client_close(client);
    mwt_server_close(&s);
}
