/* SPDX-License-Identifier: MIT */
/*
 * Calls that are started and do not go well, or are dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/mem.h"
#include "integration/fixture.h"
#include "integration/hostile.h"
#include "integration/watched.h"
#include "lib/pki.h"
#include "net/poller.h"

enum { LONG_MS = 60000 };

Test(pending_failures, deadline)
{
    struct mwt_pair p;
    struct mwt_watched w;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_ctx short_ctx = MW_CTX(.timeout_ms = 20);
    mw_pending *waiting;
    mw_pending *pending;
    double sum;

    mwt_pair_begin(&p, 1);
    mwt_watch_random(&w, 3);
    cr_assert_eq(probe_Probe_wait_start(p.client, &ctx, &waiting), MW_OK);
    mwt_gate_wait_inside(&p.s.gate, 1);
    cr_assert_eq(
        probe_Probe_edit_start(p.client, &short_ctx, &w.box, &pending), MW_OK);
    cr_expect_eq(mw_pending_finish(pending), MW_ETIMEDOUT);
    cr_expect_str_eq(
        mw_ctx_error(&short_ctx), "probe.Probe.edit: no answer in time");
    cr_expect_not(short_ctx.not_run);
    mwt_assert_untouched(&w);
    /* It counts from the start. */
    cr_assert_eq(
        probe_Probe_edit_start(p.client, &short_ctx, &w.box, &pending), MW_OK);
    while (!mw_pending_is_done(pending)) {
        continue;
    }
    cr_expect_eq(mw_pending_finish(pending), MW_ETIMEDOUT);
    mwt_gate_open(&p.s.gate);
    cr_expect_eq(mw_pending_finish(waiting), MW_OK);
    cr_expect_eq(probe_Probe_add(p.client, NULL, 1, 2, &sum), MW_OK);
    mwt_assert_untouched(&w);
    mwt_unwatch(&w);
    mwt_pair_end(&p);
}

/* Answers at once, and says so. */
static void
answer_and_tell(struct mwt_hostile *h, struct mwt_raw *peer)
{
    struct mwt_gate *gate = h->user;

    mwt_answer_hex(h, peer);
    mwi_lock(&gate->mutex);
    gate->n_notes++;
    mwi_cond_broadcast(&gate->changed);
    mwi_unlock(&gate->mutex);
}

/* A caller that was busy beyond the deadline gets what came before. */
Test(pending_failures, reply_that_came_before_the_deadline)
{
    struct mwt_gate gate = { .n_notes = 0 };
    struct mwt_hostile h = { .user = &gate,
        .reply = "83 03 01 81 62 6f6b" }; /* to the first call: "ok" */
    mw_ctx ctx = MW_CTX(.timeout_ms = 500);
    mw_client *client;
    mw_pending *pending;
    char *text = NULL;
    int64_t deadline;

    mwi_mutex_init(&gate.mutex);
    mwi_cond_init(&gate.changed);
    client = mwt_hostile_begin(&h, answer_and_tell);
    cr_assert_eq(
        probe_Probe_echo_start(client, &ctx, "x", &text, &pending), MW_OK);
    deadline = mwi_deadline_in(ctx.timeout_ms);
    mwt_gate_wait_notes(&gate, 1);
    (void) mwi_poll_one(-1, 0, deadline); /* no descriptor: until it passes */
    cr_assert_eq(mw_pending_finish(pending), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_assert_str_eq(text, "ok");
    free(text);
    mwt_hostile_end(&h, client);
    mwi_cond_fini(&gate.changed);
    mwi_mutex_fini(&gate.mutex);
}

Test(pending_failures, exceptions)
{
    struct mwt_pair p;
    struct mwt_watched w[2];
    mw_ctx ctx[2] = { MW_CTX(), MW_CTX() };
    mw_pending *pending[2];

    mwt_pair_begin(&p, 2);
    for (int i = 0; i < 2; i++) {
        mwt_watch_random(&w[i], 9);
        cr_assert_eq(
            probe_Probe_refuse_start(p.client, &ctx[i], &w[i].box, &pending[i]),
            MW_OK);
        cr_expect_null(probe_Refused_caught(&ctx[i]));
    }
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(mw_pending_finish(pending[i]), MW_EEXCEPTION);
        cr_assert_not_null(probe_Refused_caught(&ctx[i]));
        cr_expect_eq(probe_Refused_caught(&ctx[i])->code, 42);
        mwt_assert_untouched(&w[i]);
        mwt_unwatch(&w[i]);
        mw_ctx_clear(&ctx[i]);
    }
    mwt_pair_end(&p);
}

/* The server gives up: calls that run, and calls that wait in its queue. */
Test(pending_failures, server_ends)
{
    enum { N_BOXES = 4 };
    struct mwt_pair p;
    struct mwt_watched w[N_BOXES];
    mw_ctx ctx[N_BOXES + 1];
    mw_pending *pending[N_BOXES + 1];

    mwt_server_start(&p.s, MW_SERVER(.threads_max = 1, .drain_ms = 20));
    p.client = mwt_local_client(&p.s);
    ctx[N_BOXES] = MW_CTX(.timeout_ms = LONG_MS);
    cr_assert_eq(
        probe_Probe_wait_start(p.client, &ctx[N_BOXES], &pending[N_BOXES]),
        MW_OK);
    mwt_gate_wait_inside(&p.s.gate, 1);
    for (int i = 0; i < N_BOXES; i++) {
        mwt_watch_random(&w[i], (uint64_t) i);
        ctx[i] = MW_CTX(.timeout_ms = LONG_MS);
        cr_assert_eq(
            probe_Probe_edit_start(p.client, &ctx[i], &w[i].box, &pending[i]),
            MW_OK);
    }
    mwt_server_stop(&p.s);
    while (!mw_pending_is_done(pending[0])) {
        continue;
    }
    mw_pending_cancel(pending[0]);
    for (int i = 1; i <= N_BOXES; i++) {
        cr_expect(mw_pending_is_done(pending[i]));
        cr_expect_eq(mw_pending_finish(pending[i]), MW_EUNAVAILABLE, "%s",
            mw_ctx_error(&ctx[i]));
    }
    for (int i = 0; i < N_BOXES; i++) {
        mwt_assert_untouched(&w[i]);
        mwt_unwatch(&w[i]);
    }
    mwt_gate_open(&p.s.gate);
    mwt_pair_end(&p);
}

/* What it had accepted when it was stopped is done. */
Test(pending_failures, server_drains)
{
    struct mwt_pair p;
    mw_ctx ctx[2] = { MW_CTX(.timeout_ms = LONG_MS),
        MW_CTX(.timeout_ms = LONG_MS) };
    mw_pending *pending[2];

    mwt_server_start(&p.s, MW_SERVER(.threads_max = 2, .drain_ms = LONG_MS));
    p.client = mwt_local_client(&p.s);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(
            probe_Probe_wait_start(p.client, &ctx[i], &pending[i]), MW_OK);
    }
    mwt_gate_wait_inside(&p.s.gate, 2);
    mw_server_stop(p.s.server);
    mwt_gate_open(&p.s.gate);
    mwt_server_stop(&p.s);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(
            mw_pending_finish(pending[i]), MW_OK, "%s", mw_ctx_error(&ctx[i]));
    }
    mwt_pair_end(&p);
}

/* If it cannot be started, all is as after the synchronous call. */
Test(pending_failures, cannot_be_started)
{
    struct mwt_pair p;
    struct mwt_watched w;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_ctx unsized = { 0 };
    mw_pending *pending = (mw_pending *) &p;
    char verdict[17];
    uint64_t sum;
    char *text = NULL;

    mwt_pair_begin_tls(&p, 1);
    mwt_watch_random(&w, 8);
    cr_expect_eq(probe_Probe_exchange_start(
                     p.client, &ctx, &w.box, &w.box, verdict, &sum, &pending),
        MW_EINVAL);
    cr_expect_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.exchange: arguments a and b share memory");
    cr_expect(ctx.not_run);
    cr_expect_null(pending);
    cr_expect_eq(mw_pending_finish(pending), MW_EINVAL);
    mw_pending_cancel(pending);
    cr_expect_eq(
        probe_Probe_echo_start(p.client, &ctx, "\xff", &text, &pending),
        MW_EINVAL);
    cr_expect_not_null(strstr(mw_ctx_error(&ctx), "probe.Probe.echo: text"),
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(
        probe_Probe_echo_start(p.client, &unsized, "x", &text, &pending),
        MW_EINVAL);
    cr_expect_null(pending);
    mwt_server_close(&p.s);
    ctx.timeout_ms = 100; /* that it waits for the server to come back */
    cr_expect_eq(probe_Probe_edit_start(p.client, &ctx, &w.box, &pending),
        MW_EUNAVAILABLE);
    cr_expect(ctx.not_run);
    cr_expect_null(pending);
    mwt_assert_untouched(&w);
    mwt_unwatch(&w);
    mw_client_close(p.client);
}

Test(pending_failures, one_way_cannot_be_started)
{
    struct mwt_pair p;
    mw_ctx ctx = MW_CTX();
    mw_pending *pending;
    const char *text = "x";
    const void *const args[] = { &text };
    const mw_method *note = NULL;

    for (size_t i = 0; i < probe_Probe_interface.n_methods; i++) {
        if (strcmp(probe_Probe_interface.methods[i].name, "note") == 0) {
            note = &probe_Probe_interface.methods[i];
        }
    }
    cr_assert_not_null(note);
    mwt_pair_begin(&p, 1);
    cr_expect_eq(
        mw_stub_start(p.client, &ctx, note, args, &pending), MW_EINVAL);
    cr_expect_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.note: a one-way operation has no results to finish with");
    cr_expect_null(pending);
    mwt_pair_end(&p);
}

/* A connection that was lost meanwhile is replaced. */
Test(pending_failures, started_on_a_new_connection)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_pending *pending;
    char listen[128];
    double sum = 0;

    (void) snprintf(
        listen, sizeof(listen), "unix:%s/pending", mwt_pki_get()->dir);
    mwt_server_start(&s, MW_SERVER(.listen = listen));
    cr_assert_eq(
        mw_client_open(&client, listen, NULL, &error), MW_OK, "%s", error.text);
    mwt_server_close(&s);
    mwt_server_start(&s, MW_SERVER(.listen = listen));
    cr_assert_eq(
        probe_Probe_add_start(client, NULL, 1, 2, &sum, &pending), MW_OK);
    cr_expect_eq(mw_pending_finish(pending), MW_OK);
    cr_expect_eq(sum, 3);
    mw_client_close(client);
    mwt_server_close(&s);
}

/* Context and object are gone when the reply comes. */
Test(pending_failures, cancelled_before_the_reply)
{
    struct mwt_pair p;
    struct mwt_watched *w = malloc(sizeof(*w));
    struct mwt_watched kept;
    mw_ctx *ctx = malloc(sizeof(*ctx));
    mw_pending *waiting;
    mw_pending *pending[2];
    double sum = 0;

    mwt_pair_begin(&p, 1);
    mwt_watch_random(w, 5);
    mwt_watch_random(&kept, 6);
    *ctx = MW_CTX(.timeout_ms = LONG_MS, .conflict = MW_CONFLICT_SERVER);
    cr_assert_eq(probe_Probe_wait_start(p.client, NULL, &waiting), MW_OK);
    mwt_gate_wait_inside(&p.s.gate, 1);
    cr_assert_eq(
        probe_Probe_edit_start(p.client, ctx, &w->box, &pending[0]), MW_OK);
    cr_assert_eq(
        probe_Probe_edit_start(p.client, NULL, &kept.box, &pending[1]), MW_OK);
    mwt_assert_untouched(w);
    mwt_unwatch(w);
    free(w);
    free(ctx);
    mw_pending_cancel(pending[0]);
    mw_pending_cancel(pending[1]);
    mwt_gate_open(&p.s.gate);
    cr_expect_eq(mw_pending_finish(waiting), MW_OK);
    /* With one worker its reply comes after those. */
    cr_expect_eq(probe_Probe_add(p.client, NULL, 1, 2, &sum), MW_OK);
    cr_expect_eq(sum, 3);
    mwt_assert_untouched(&kept);
    mwt_unwatch(&kept);
    mwt_pair_end(&p);
}

Test(pending_failures, cancelled_after_the_reply)
{
    struct mwt_pair p;
    struct mwt_watched w;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_pending *pending;
    double sum = 0;

    mwt_pair_begin_tls(&p, 1);
    mwt_watch_random(&w, 5);
    cr_assert_eq(
        probe_Probe_edit_start(p.client, &ctx, &w.box, &pending), MW_OK);
    while (!mw_pending_is_done(pending)) {
        continue;
    }
    mwt_assert_untouched(&w);
    mw_pending_cancel(pending);
    mwt_assert_untouched(&w);
    cr_expect_eq(ctx.stats.bytes_received, 0);
    cr_expect_eq(probe_Probe_add(p.client, &ctx, 1, 2, &sum), MW_OK);
    mwt_unwatch(&w);
    mwt_pair_end(&p);
}

/* Start and finish with each of their allocations failing in turn: either all
 * goes well, or nothing has changed. */
static size_t
fail_each_allocation(struct mwt_pair *p, uint64_t seed)
{
    size_t n_errors = 0;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        struct mwt_watched w;
        probe_Box local;
        mw_ctx ctx =
            MW_CTX(.timeout_ms = LONG_MS, .conflict = MW_CONFLICT_FAIL);
        mw_pending *pending;
        mw_status status;

        mwt_watch_random(&w, seed);
        cr_assert_eq(probe_Box_copy(&local, &w.box), MW_OK);
        cr_assert_eq(mwt_probe_edit(NULL, &local), MW_OK);
        mwi_mem_fail_at(n);
        status = probe_Probe_edit_start(p->client, &ctx, &w.box, &pending);
        cr_assert_eq(pending == NULL, status < 0);
        if (status == MW_OK) {
            status = mw_pending_finish(pending);
        }
        done = !mwi_mem_has_failed() && status == MW_OK;
        mwi_mem_fail_at(0);
        if (status == MW_OK) {
            cr_assert(probe_Box_equal(&w.box, &local));
        } else {
            n_errors++;
            cr_assert(status == MW_ENOMEM || status == MW_EUNAVAILABLE,
                "allocation %llu: %s", (unsigned long long) n,
                mw_ctx_error(&ctx));
            cr_assert_eq(ctx.error.status, status);
            mwt_assert_untouched(&w);
        }
        probe_Box_clear(&local);
        mwt_unwatch(&w);
        cr_assert_lt(n, 100000);
    }
    return n_errors;
}

Test(pending_failures, out_of_memory)
{
    struct mwt_pair p;
    size_t n_errors = 0;
    double sum;

    mwt_pair_begin(&p, 2);
    cr_assert_eq(probe_Probe_add(p.client, NULL, 1, 2, &sum), MW_OK);
    for (uint64_t seed = 1; seed <= 10; seed++) {
        n_errors += fail_each_allocation(&p, seed);
    }
    cr_assert_gt(n_errors, 50);
    mwt_pair_end(&p);
}
