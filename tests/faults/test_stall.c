/* SPDX-License-Identifier: MIT */
/*
 * Connections that hang: nothing moves, in one direction or in both, and
 * nothing tells that it never will.  Calls end at their deadlines, and say
 * whether they may have run; memory stays bounded.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "faults/daemon.h"
#include "faults/scene.h"

enum {
    SHORT_MS = 200,
    LONG_MS = 60000,
    BOUND_MS = 30000, /* for SHORT_MS, on a machine with much else to do */
};

struct stalled {
    struct mwt_scene scene;
    mw_client *client;
    int64_t began;
};

static void
begin(struct stalled *s, enum mwt_scheme scheme, struct mwt_plan plan)
{
    mwt_scene_begin(&s->scene, scheme, NULL);
    mwt_proxy_plan(s->scene.proxy, &plan);
    s->client = mwt_scene_client(&s->scene, LONG_MS);
    s->began = mwi_now();
}

static void
end(struct stalled *s)
{
    mw_client_close(s->client);
    mwt_scene_end(&s->scene);
}

/* It has lasted until the deadline, not less and not much more. */
static void
assert_timed_out(struct stalled *s, mw_status status, const mw_ctx *ctx)
{
    int64_t lasted = (mwi_now() - s->began) / 1000000;

    cr_assert_eq(status, MW_ETIMEDOUT, "%s", mw_ctx_error(ctx));
    cr_assert_geq(lasted, SHORT_MS);
    cr_assert_lt(lasted, BOUND_MS);
}

/* The connection is gone, and the next call makes another one. */
static void
assert_recovers(struct stalled *s)
{
    mw_ctx ctx = MW_CTX();
    uint64_t answer;

    mwt_proxy_cut_all(s->scene.proxy);
    mwt_proxy_settle(s->scene.proxy);
    cr_assert_eq(faults_Ledger_post(s->client, &ctx, 99, &answer), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(answer, 99);
}

static void
await_run(const struct mwt_ledger *ledger, uint64_t id)
{
    while (mwt_ledger_runs(ledger, id) == 0) {
        (void) poll(NULL, 0, 1);
    }
}

/* The request does not arrive. */
Test(faults_stall, request)
{
    struct stalled s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    uint64_t answer = 7;

    begin(&s, MWT_UNIX,
        (struct mwt_plan){
            .fault = MWT_STALL, .flow = MWT_TO_SERVER, .messages = 1 });
    assert_timed_out(&s, faults_Ledger_post(s.client, &ctx, 1, &answer), &ctx);
    cr_expect_not(ctx.not_run);
    cr_expect_eq(answer, 7);
    assert_recovers(&s);
    cr_expect_eq(mwt_ledger_runs(&s.scene.ledger, 1), 0);
    end(&s);
}

/* The answer does not arrive: it has run. */
Test(faults_stall, answer)
{
    struct stalled s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    faults_Account account;
    faults_Account shallow;

    begin(&s, MWT_TLS,
        (struct mwt_plan){ .fault = MWT_NO_FAULT, .flow = MWT_TO_CLIENT });
    /* The connection is there, and stalls from here on. */
    cr_assert_eq(mw_client_ping(s.client, NULL), MW_OK);
    mwt_proxy_stall_all(s.scene.proxy, MWT_TO_CLIENT);
    mwt_account_make(&account, 4);
    memcpy(&shallow, &account, sizeof(account));
    s.began = mwi_now();
    assert_timed_out(
        &s, faults_Ledger_change(s.client, &ctx, &account, 2), &ctx);
    cr_expect_not(ctx.not_run);
    cr_expect_arr_eq(&account, &shallow, sizeof(account));
    await_run(&s.scene.ledger, 2);
    assert_recovers(&s);
    cr_expect_eq(mwt_ledger_runs(&s.scene.ledger, 2), 1);
    faults_Account_clear(&account);
    end(&s);
}

/* Nobody shakes hands: nothing was sent. */
Test(faults_stall, black_hole)
{
    struct stalled s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    uint64_t answer;

    begin(&s, MWT_TLS, (struct mwt_plan){ .fault = MWT_SWALLOW });
    assert_timed_out(&s, faults_Ledger_post(s.client, &ctx, 1, &answer), &ctx);
    cr_expect(ctx.not_run);
    assert_recovers(&s);
    cr_expect_eq(mwt_ledger_runs(&s.scene.ledger, 1), 0);
    end(&s);
}

/* Half-open: what is sent goes nowhere, and no end is told. */
Test(faults_stall, half_open)
{
    enum { N = 4 };
    struct stalled s;
    mw_ctx ctx[N];
    mw_pending *pending[N];
    uint64_t answers[N];

    begin(&s, MWT_PLAINTEXT,
        (struct mwt_plan){ .fault = MWT_SWALLOW,
            .flow = MWT_TO_SERVER,
            .messages = 1,
            .bytes = 1 });
    for (uint64_t i = 0; i < N; i++) {
        ctx[i] = MW_CTX(.timeout_ms = SHORT_MS);
        cr_assert_eq(faults_Ledger_post_start(
                         s.client, &ctx[i], i, &answers[i], &pending[i]),
            MW_OK, "%s", mw_ctx_error(&ctx[i]));
    }
    for (size_t i = 0; i < N; i++) {
        assert_timed_out(&s, mw_pending_finish(pending[i]), &ctx[i]);
        cr_expect_not(ctx[i].not_run);
    }
    cr_expect_eq(faults_Ledger_tell(s.client, &ctx[0], N), MW_ETIMEDOUT);
    cr_expect_not(ctx[0].not_run);
    assert_recovers(&s);
    for (uint64_t i = 0; i <= N; i++) {
        cr_expect_eq(mwt_ledger_runs(&s.scene.ledger, i), 0);
    }
    end(&s);
}

/* The answer comes after its caller has left, and is not another's. */
Test(faults_stall, late_answer)
{
    struct stalled s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    uint64_t answer = 7;

    begin(&s, MWT_UNIX,
        (struct mwt_plan){
            .fault = MWT_STALL, .flow = MWT_TO_CLIENT, .messages = 1 });
    assert_timed_out(&s, faults_Ledger_post(s.client, &ctx, 1, &answer), &ctx);
    await_run(&s.scene.ledger, 1);
    mwt_proxy_resume(s.scene.proxy);
    cr_assert_eq(faults_Ledger_post(s.client, NULL, 2, &answer), MW_OK);
    cr_expect_eq(answer, 2);
    cr_expect_eq(mwt_ledger_runs(&s.scene.ledger, 1), 1);
    cr_expect_eq(mwt_proxy_connections(s.scene.proxy), 1);
    end(&s);
}

/* The request arrives after its caller has left, who cannot know whether. */
Test(faults_stall, late_request)
{
    struct stalled s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    uint64_t answer = 7;

    begin(&s, MWT_UNIX,
        (struct mwt_plan){
            .fault = MWT_STALL, .flow = MWT_TO_SERVER, .messages = 1 });
    assert_timed_out(&s, faults_Ledger_post(s.client, &ctx, 1, &answer), &ctx);
    cr_expect_not(ctx.not_run);
    cr_expect_eq(answer, 7);
    mwt_proxy_resume(s.scene.proxy);
    cr_assert_eq(faults_Ledger_post(s.client, NULL, 2, &answer), MW_OK);
    cr_expect_eq(answer, 2);
    mw_client_close(s.client);
    mwt_scene_stop(&s.scene);
    cr_expect_leq(mwt_ledger_runs(&s.scene.ledger, 1), 1);
    cr_expect_eq(mwt_ledger_runs(&s.scene.ledger, 2), 1);
    mwt_scene_end(&s.scene);
}

/* The server does not read: a long request ends at its deadline. */
Test(faults_stall, long_request)
{
    enum { SIZE = 4 << 20 };
    struct stalled s;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    faults_Account account = { .owner = malloc(SIZE + 1) };
    faults_Account shallow;

    cr_assert_not_null(account.owner);
    memset(account.owner, 'x', SIZE);
    account.owner[SIZE] = '\0';
    memcpy(&shallow, &account, sizeof(account));
    begin(&s, MWT_UNIX,
        (struct mwt_plan){
            .fault = MWT_STALL, .flow = MWT_TO_SERVER, .messages = 1 });
    assert_timed_out(
        &s, faults_Ledger_change(s.client, &ctx, &account, 1), &ctx);
    cr_expect_arr_eq(&account, &shallow, sizeof(account));
    assert_recovers(&s);
    cr_expect_eq(mwt_ledger_runs(&s.scene.ledger, 1), 0);
    faults_Account_clear(&account);
    end(&s);
}

/* Clients that stop reading, of a server in a process of its own. */
enum {
    N_FILLS = 512,
    FILL = 1 << 20,
    MEMORY_KIB = (MWT_IS_SANITIZED ? 448 : 128) << 10,
};

struct greedy {
    struct mwt_ledger ledger;
    struct mwt_daemon daemon;
    struct mwt_proxy *proxy;
    mw_client *client;
    mw_client *bystander;
    mw_ctx ctx[N_FILLS];
    mw_pending *pending[N_FILLS];
    mw_seq_u8 bytes[N_FILLS];
};

static void
begin_greedy(struct greedy *g)
{
    char path[128];
    char listen[160];

    mwt_ledger_open(&g->ledger, -1);
    mwt_scene_path(path, "greedy");
    (void) snprintf(listen, sizeof(listen), "unix:%s", path);
    mwt_daemon_start(&g->daemon, &g->ledger, listen);
    g->proxy = mwt_proxy_open(g->daemon.address);
    mwt_proxy_plan(g->proxy,
        &(struct mwt_plan){
            .fault = MWT_STALL, .flow = MWT_TO_CLIENT, .messages = 1 });
    cr_assert_eq(
        mw_client_open(&g->client, mwt_proxy_address(g->proxy), NULL, NULL),
        MW_OK);
    cr_assert_eq(
        mw_client_open(&g->bystander, g->daemon.address, NULL, NULL), MW_OK);
}

static void
end_greedy(struct greedy *g)
{
    mw_client_close(g->client);
    mw_client_close(g->bystander);
    cr_expect(mwt_daemon_stop(&g->daemon));
    mwt_proxy_close(g->proxy);
    mwt_ledger_close(&g->ledger);
}

/* Ask for 512 MiB. */
static void
ask_for_much(struct greedy *g)
{
    for (size_t i = 0; i < N_FILLS; i++) {
        g->ctx[i] = MW_CTX(.timeout_ms = 2 * LONG_MS);
        cr_assert_eq(faults_Ledger_fill_start(g->client, &g->ctx[i], FILL,
                         &g->bytes[i], &g->pending[i]),
            MW_OK);
    }
}

/* What has come is right, and what has not is unknown. */
static size_t
finish_much(struct greedy *g)
{
    size_t n_done = 0;

    for (size_t i = 0; i < N_FILLS; i++) {
        mw_status status = mw_pending_finish(g->pending[i]);

        if (status == MW_OK) {
            cr_assert_eq(g->bytes[i].len, FILL);
            n_done++;
        } else {
            cr_assert_eq(
                status, MW_EUNAVAILABLE, "%s", mw_ctx_error(&g->ctx[i]));
            cr_assert_eq(g->bytes[i].len, 0);
        }
        free(g->bytes[i].items);
    }
    return n_done;
}

/* The server keeps little of what the client does not read, or drops it, and
 * serves others meanwhile. */
Test(faults_stall, client_that_does_not_read)
{
    static struct greedy g;
    long before;
    uint64_t answer;

    begin_greedy(&g);
    cr_assert_eq(faults_Ledger_post(g.bystander, NULL, 1, &answer), MW_OK);
    before = mwt_process_number(g.daemon.pid, "RssAnon");
    ask_for_much(&g);
    for (uint64_t i = 0; i < 300; i++) {
        cr_assert_eq(faults_Ledger_post(g.bystander, NULL, i, &answer), MW_OK);
        cr_assert_lt(
            mwt_process_number(g.daemon.pid, "RssAnon") - before, MEMORY_KIB);
    }
    mwt_proxy_resume(g.proxy);
    cr_log_info("%zu of %d answered", finish_much(&g), N_FILLS);
    cr_expect_eq(faults_Ledger_post(g.client, NULL, 2, &answer), MW_OK);
    end_greedy(&g);
}
