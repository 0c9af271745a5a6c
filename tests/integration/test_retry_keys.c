/* SPDX-License-Identifier: MIT */
/*
 * Calls with a key that are sent again, and to whom; several servers.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "integration/reluctant.h"
#include "lib/pki.h"

static void
expect(struct mwt_reluctant *c, mw_ctx *ctx, size_t n_calls, bool not_run)
{
    cr_assert_eq(c->h.n_calls, n_calls, "%zu", c->h.n_calls);
    cr_assert_eq(ctx->attempts, n_calls, "%u", ctx->attempts);
    cr_assert_eq(ctx->not_run, not_run, "%s", mw_ctx_error(ctx));
}

/* ---- keys ---- */

static void
expect_repeat(const struct mwt_seen *first, const struct mwt_seen *second)
{
    cr_assert_eq(first->key_len, 16);
    cr_assert_eq(second->key_len, first->key_len);
    cr_assert_eq(memcmp(first->key, second->key, first->key_len), 0);
    cr_assert_not(first->is_repeat);
    cr_assert(second->is_repeat);
    cr_assert_eq(second->instance, MWT_INSTANCE);
}

Test(retry_keys, keyed)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .keyed = true);

    MWT_RELUCTANT(&c, MW_CLIENT(), CUT, CUT, ACCEPT);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
    expect(&c, &ctx, 3, false);
    expect_repeat(&c.script.seen[0], &c.script.seen[1]);
    expect_repeat(&c.script.seen[0], &c.script.seen[2]);
    cr_assert_geq(c.script.seen[2].lead_ms, c.script.seen[1].lead_ms);
    mwt_reluctant_end(&c);
}

/* What was refused has no record, and is sent as if for the first time. */
Test(retry_keys, keyed_and_refused)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    MWT_RELUCTANT(&c, MW_CLIENT(), FULL, FAREWELL, ACCEPT);
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, MW_METHOD_KEYED), MW_OK, "%s",
        mw_ctx_error(&ctx));
    expect(&c, &ctx, 3, false);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(c.script.seen[i].key_len, 16);
        cr_assert_not(c.script.seen[i].is_repeat);
    }
    mwt_reluctant_end(&c);
}

/* But once it may have run, it stays a repeat, whatever comes then. */
Test(retry_keys, keyed_lost_and_refused)
{
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .keyed = true);

    MWT_RELUCTANT(&c, MW_CLIENT(), CUT, FULL, FAREWELL, NO_TRACE);
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EDATALOSS);
    expect(&c, &ctx, 4, false);
    for (size_t i = 1; i < 4; i++) {
        expect_repeat(&c.script.seen[0], &c.script.seen[i]);
    }
    mwt_reluctant_end(&c);
}

Test(retry_keys, each_call_has_its_key)
{
    struct mwt_reluctant c;

    MWT_RELUCTANT(&c, MW_CLIENT(), ACCEPT);
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(mwt_reluctant_call(&c, NULL, MW_METHOD_KEYED), MW_OK);
        for (size_t j = 0; j < i; j++) {
            cr_assert_neq(
                memcmp(c.script.seen[i].key, c.script.seen[j].key, 16), 0);
        }
    }
    mwt_reluctant_end(&c);
}

Test(retry_keys, keys_of_the_callers)
{
    struct mwt_reluctant c;
    char key[MWI_KEY_MAX + 2];
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .key = "payment 7");

    MWT_RELUCTANT(&c, MW_CLIENT(), ACCEPT);
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_assert_eq(c.script.seen[0].key_len, 9);
    cr_assert_eq(memcmp(c.script.seen[0].key, "payment 7", 9), 0);
    memset(key, 'k', sizeof(key));
    key[MWI_KEY_MAX] = '\0';
    ctx.key = key;
    cr_assert_eq(
        mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_assert_eq(c.script.seen[1].key_len, MWI_KEY_MAX);
    key[MWI_KEY_MAX] = 'k';
    key[MWI_KEY_MAX + 1] = '\0';
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EINVAL);
    cr_assert_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.wait: the key is longer than 64 bytes");
    ctx.key = "";
    cr_assert_eq(mwt_reluctant_call(&c, &ctx, 0), MW_EINVAL);
    cr_assert_str_eq(mw_ctx_error(&ctx), "probe.Probe.wait: the key is empty");
    cr_assert(ctx.not_run);
    cr_assert_eq(ctx.attempts, 0);
    mwt_reluctant_end(&c);
}

/* ---- several servers ---- */

struct another {
    struct mwt_server s;
    char address[200]; /* behind a comma */
};

static void
start_another(struct another *other)
{
    char listen[160];

    (void) snprintf(
        listen, sizeof(listen), "unix:%s/another", mwt_pki_get()->dir);
    (void) snprintf(other->address, sizeof(other->address), ",%s", listen);
    mwt_server_start(&other->s, MW_SERVER(.listen = listen));
    mwt_gate_open(&other->s.gate);
}

/* Only the server that has got it knows what has become of it. */
Test(retry_keys, a_repeat_stays_with_its_server)
{
    static const enum mwt_act acts[] = { CUT, CUT, ACCEPT };
    struct another other;
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .keyed = true);

    start_another(&other);
    mwt_reluctant_begin(&c, acts, 3, other.address, MW_CLIENT());
    do {
        cr_assert_eq(
            mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
        if (c.h.n_calls == 0) {
            /* It went to the other one: let it go where that is not. */
            mwt_server_stop(&other.s);
        }
    } while (c.h.n_calls == 0);
    cr_assert_eq(c.h.n_calls, 3);
    expect_repeat(&c.script.seen[0], &c.script.seen[2]);
    mwt_reluctant_end(&c);
    mwt_server_close(&other.s);
}

/* Should that never tell, the caller must learn that nobody knows. */
Test(retry_keys, a_server_that_never_tells)
{
    static const enum mwt_act acts[] = { CUT };
    struct another other;
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .keyed = true);
    mw_status status;

    start_another(&other);
    mwt_reluctant_begin(&c, acts, 1, other.address, MW_CLIENT());
    do {
        status = mwt_reluctant_call(&c, &ctx, 0);
        if (c.h.n_calls == 0) {
            mwt_server_stop(&other.s);
        }
    } while (c.h.n_calls == 0);
    cr_assert_eq(status, MW_EUNAVAILABLE);
    cr_assert_geq(c.h.n_calls, 2);
    cr_assert_not(ctx.not_run);
    mwt_reluctant_end(&c);
    mwt_server_close(&other.s);
}

/* A call that one server is too full for goes to another. */
Test(retry_keys, another_server_has_room)
{
    static const enum mwt_act acts[] = { FULL };
    struct another other;
    struct mwt_reluctant c;
    mw_ctx ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);

    start_another(&other);
    mwt_reluctant_begin(&c, acts, 1, other.address, MW_CLIENT());
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(
            mwt_reluctant_call(&c, &ctx, 0), MW_OK, "%s", mw_ctx_error(&ctx));
        cr_assert_leq(ctx.attempts, 2);
    }
    mwt_reluctant_end(&c);
    mwt_server_close(&other.s);
}
