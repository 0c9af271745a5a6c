/* SPDX-License-Identifier: MIT */
/*
 * Calls that fail: each says why, and leaves what the caller has as it was.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/fixture.h"
#include "integration/watched.h"

struct pair {
    struct mwt_server s;
    mw_client *client;
};

static void
begin(struct pair *p)
{
    mwt_server_start(&p->s, MW_SERVER(.threads_max = 2));
    p->client = mwt_local_client(&p->s);
}

static void
end(struct pair *p)
{
    mw_client_close(p->client);
    mwt_server_close(&p->s);
}

Test(failures, handler_fails)
{
    struct pair p;
    struct mwt_watched w;
    char *text = strdup("before");
    char *address = text;
    mw_ctx ctx = MW_CTX();

    begin(&p);
    mwt_watch_random(&w, 5);
    cr_assert_eq(
        probe_Probe_spoil(p.client, &ctx, &w.box, &text, MW_EPRECONDITION),
        MW_EPRECONDITION);
    cr_assert_str_eq(mw_ctx_error(&ctx), "probe.Probe.spoil: spoiled, code -9");
    cr_assert_eq(ctx.error.origin, MW_ORIGIN_PEER);
    cr_assert_not(ctx.not_run);
    mwt_assert_untouched(&w);
    cr_assert_eq(text, address);
    cr_assert_str_eq(text, "before");
    mwt_unwatch(&w);
    free(text);
    end(&p);
}

Test(failures, status_that_is_none)
{
    struct pair p;
    struct mwt_watched w;
    char *text = NULL;
    static const int32_t wrong[] = { 0, 5, -31, -1000, MW_EEXCEPTION };

    begin(&p);
    mwt_watch_random(&w, 6);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_eq(probe_Probe_spoil(p.client, NULL, &w.box, &text, wrong[i]),
            MW_EUNKNOWN);
        mwt_assert_untouched(&w);
        cr_assert_null(text);
    }
    mwt_unwatch(&w);
    end(&p);
}

Test(failures, exception)
{
    struct pair p;
    struct mwt_watched w;
    const probe_Refused *refused;
    mw_ctx ctx = MW_CTX();
    char *text = NULL;

    begin(&p);
    mwt_watch_random(&w, 7);
    cr_assert_eq(probe_Probe_refuse(p.client, &ctx, &w.box), MW_EEXCEPTION);
    mwt_assert_untouched(&w);
    refused = probe_Refused_caught(&ctx);
    cr_assert_not_null(refused);
    cr_assert_str_eq(refused->reason, "not today");
    cr_assert_eq(refused->code, 42);
    cr_assert_str_eq(
        mw_ctx_error(&ctx), "probe.Probe.refuse: raised probe::Refused");
    /* The next call forgets it. */
    cr_assert_eq(probe_Probe_echo(p.client, &ctx, "x", &text), MW_OK);
    cr_assert_null(probe_Refused_caught(&ctx));
    free(text);
    /* Without a context it is a status like any other. */
    cr_assert_eq(probe_Probe_refuse(p.client, NULL, &w.box), MW_EEXCEPTION);
    mwt_assert_untouched(&w);
    mw_ctx_clear(&ctx);
    mwt_unwatch(&w);
    end(&p);
}

Test(failures, no_handler)
{
    struct pair p;
    mw_ctx ctx = MW_CTX();

    begin(&p);
    cr_assert_eq(probe_Probe_missing(p.client, &ctx), MW_EUNIMPLEMENTED);
    cr_assert_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.missing: the server has no handler for "
        "probe.Probe.missing");
    cr_assert(ctx.not_run);
    end(&p);
}

static mw_status
call_target(mw_client *client, mw_ctx *ctx, const char *target)
{
    mw_method method = probe_Probe_interface.methods[1];
    double result;
    double a = 1;
    const void *args[] = { &a, &a, &result };

    method = (mw_method){
        .name = "x",
        .target = target,
        .params =
            (const mw_param[]){
                { .name = "a", .type = &mw_type_f64, .dir = MW_DIR_IN },
                { .name = "b", .type = &mw_type_f64, .dir = MW_DIR_IN },
                { .name = "return", .type = &mw_type_f64, .dir = MW_DIR_OUT },
            },
        .n_params = 3,
    };
    return mw_stub_call(client, ctx, &method, args);
}

Test(failures, unknown_target)
{
    struct pair p;
    mw_ctx ctx = MW_CTX();
    static const char *const cases[][2] = {
        { "probe.Probe.subtract",
            "probe.Probe.subtract: interface probe.Probe has no operation "
            "'subtract'" },
        { "other.Probe.add",
            "other.Probe.add: the server offers no interface 'other.Probe'" },
        { "add", "add: 'add' is no interface and operation joined by a dot" },
        { "", ": '' is no interface and operation joined by a dot" },
        { ".", ".: the server offers no interface ''" },
        { "probe.Probe.",
            "probe.Probe.: interface probe.Probe has no operation ''" },
    };

    begin(&p);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(
            call_target(p.client, &ctx, cases[i][0]), MW_EUNIMPLEMENTED);
        cr_assert_str_eq(mw_ctx_error(&ctx), cases[i][1]);
    }
    cr_assert_eq(call_target(p.client, &ctx, "probe.Probe.add"), MW_OK);
    end(&p);
}

Test(failures, wrong_arguments)
{
    struct pair p;
    mw_ctx ctx = MW_CTX();

    begin(&p);
    cr_assert_eq(call_target(p.client, &ctx, "probe.Probe.echo"), MW_EINVAL);
    cr_assert_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.echo: probe.Probe.echo takes 1 arguments, found 2 at "
        "byte 27");
    cr_assert(ctx.not_run);
    end(&p);
}

Test(failures, argument_that_cannot_be_sent)
{
    struct pair p;
    mw_ctx ctx = MW_CTX();
    char *text = NULL;
    probe_Box box = { .text = (char[]){ "\xc3(" } };

    begin(&p);
    cr_assert_eq(probe_Probe_echo(p.client, &ctx, "a\xff", &text), MW_EINVAL);
    cr_log_info("%s", mw_ctx_error(&ctx));
    cr_assert_eq(ctx.error.origin, MW_ORIGIN_LOCAL);
    cr_assert(ctx.not_run);
    cr_assert_eq(probe_Probe_mutate(p.client, &ctx, &box, 1), MW_EINVAL);
    cr_assert_not_null(strstr(mw_ctx_error(&ctx), "box.text"));
    cr_assert_eq(probe_Probe_echo(p.client, &ctx, "fine", &text), MW_OK);
    free(text);
    end(&p);
}

Test(failures, result_that_cannot_be_sent)
{
    struct pair p;
    mw_ctx ctx = MW_CTX();
    char *text = NULL;

    begin(&p);
    cr_assert_eq(probe_Probe_garble(p.client, &ctx, &text), MW_EINTERNAL);
    cr_assert_not_null(strstr(mw_ctx_error(&ctx), "in the results: return"));
    cr_assert_null(text);
    end(&p);
}

Test(failures, arguments_that_share_memory)
{
    struct pair p;
    struct mwt_watched w;
    char verdict[17];
    uint64_t sum;
    mw_ctx ctx = MW_CTX();

    begin(&p);
    mwt_watch_random(&w, 8);
    cr_assert_eq(
        probe_Probe_exchange(p.client, &ctx, &w.box, &w.box, verdict, &sum),
        MW_EINVAL);
    cr_assert_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.exchange: arguments a and b share memory");
    cr_assert(ctx.not_run);
    mwt_assert_untouched(&w);
    cr_assert_eq(probe_Probe_exchange(
                     p.client, &ctx, &w.box, &w.copy, verdict, &w.box.serial),
        MW_EINVAL);
    mwt_unwatch(&w);
    end(&p);
}

Test(failures, context_without_size)
{
    struct pair p;
    mw_ctx ctx = { 0 };
    char *text = NULL;

    begin(&p);
    cr_assert_eq(probe_Probe_echo(p.client, &ctx, "x", &text), MW_EINVAL);
    end(&p);
}

Test(failures, derived_interface_serves_its_base)
{
    struct pair p;
    uint32_t version = 0;

    begin(&p);
    cr_assert_eq(probe_Base_version(p.client, NULL, &version), MW_OK);
    cr_assert_eq(version, 7);
    version = 0;
    cr_assert_eq(probe_Probe_version(p.client, NULL, &version), MW_OK);
    cr_assert_eq(version, 7);
    end(&p);
}

/* Make the call with each of its allocations, at client and server, failing in
 * turn: either it succeeds, or it fails and nothing has changed.  Returns how
 * often it failed. */
static size_t
fail_each_allocation(struct pair *p, uint64_t seed)
{
    size_t n_errors = 0;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        struct mwt_watched w;
        probe_Box local;
        mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
        mw_status status;

        mwt_watch_random(&w, seed);
        cr_assert_eq(probe_Box_copy(&local, &w.box), MW_OK);
        cr_assert_eq(mwt_probe_edit(NULL, &local), MW_OK);
        mwi_mem_fail_at(n);
        status = probe_Probe_edit(p->client, &ctx, &w.box);
        /* A call may also fail for what the one before left of the
         * connection. */
        done = !mwi_mem_has_failed() && status == MW_OK;
        mwi_mem_fail_at(0);
        if (status == MW_OK) {
            cr_assert(probe_Box_equal(&w.box, &local));
        } else {
            n_errors++;
            cr_assert(status == MW_ENOMEM || status == MW_EUNAVAILABLE,
                "allocation %llu: %s", (unsigned long long) n,
                mw_ctx_error(&ctx));
            mwt_assert_untouched(&w);
        }
        mw_ctx_clear(&ctx);
        probe_Box_clear(&local);
        mwt_unwatch(&w);
        cr_assert_lt(n, 100000);
    }
    return n_errors;
}

Test(failures, out_of_memory)
{
    struct pair p;
    size_t n_errors = 0;
    double sum;

    begin(&p);
    /* So that the server runs, and it is calls that fail, not its start. */
    cr_assert_eq(probe_Probe_add(p.client, NULL, 1, 2, &sum), MW_OK);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        n_errors += fail_each_allocation(&p, seed);
    }
    cr_log_info("%zu failures", n_errors);
    cr_assert_gt(n_errors, 200);
    end(&p);
}
