/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a pending call without finishing it, and for any of several.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/fixture.h"
#include "integration/scripted.h"

enum { LONG_MS = 60000, SHORT_MS = 20, N = 8 };

static const char reply[] = "83 03 01 81 62 6f6b"; /* to call 1: "ok" */

/* Calls to as many servers, none of which has answered. */
struct crowd {
    struct mwt_scripted s[N];
    mw_ctx ctx[N];
    mw_pending *pending[N];
    char *text[N];
};

static void
begin(struct crowd *c)
{
    for (int i = 0; i < N; i++) {
        mwt_scripted_begin(&c->s[i]);
        c->ctx[i] = MW_CTX(.timeout_ms = LONG_MS);
        c->text[i] = NULL;
        cr_assert_eq(probe_Probe_echo_start(c->s[i].client, &c->ctx[i], "x",
                         &c->text[i], &c->pending[i]),
            MW_OK);
        mwt_scripted_await(&c->s[i], MWI_CALL);
    }
}

static void
end(struct crowd *c)
{
    for (int i = 0; i < N; i++) {
        mw_pending_cancel(c->pending[i]);
        free(c->text[i]);
        mwt_scripted_end(&c->s[i]);
    }
}

static void
finish(struct crowd *c, size_t at)
{
    cr_assert_eq(mw_pending_finish(c->pending[at]), MW_OK);
    cr_expect_str_eq(c->text[at], "ok");
    c->pending[at] = NULL;
}

Test(wait_any, of_several_clients)
{
    static struct crowd c;
    static const size_t order[N] = { 3, 0, 7, 5, 1, 2, 6, 4 };
    size_t at = N;

    begin(&c);
    cr_expect_eq(mw_pending_wait_any(c.pending, N, 0, &at), MW_ETIMEDOUT);
    cr_expect_eq(
        mw_pending_wait_any(c.pending, N, SHORT_MS, &at), MW_ETIMEDOUT);
    cr_expect_eq(at, (size_t) N);
    for (int i = 0; i < N; i++) {
        mwt_raw_send_message(&c.s[order[i]].raw, reply);
        cr_assert_eq(mw_pending_wait_any(c.pending, N, LONG_MS, &at), MW_OK);
        cr_assert_eq(at, order[i]);
        cr_assert_null(c.text[at]);
        cr_assert_eq(mw_pending_wait_any(c.pending, N, 0, &at), MW_OK);
        cr_assert_eq(at, order[i]);
        finish(&c, at);
    }
    cr_expect_eq(mw_pending_wait_any(c.pending, N, LONG_MS, &at), MW_EINVAL);
    cr_expect_eq(mw_pending_wait_any(c.pending, 0, LONG_MS, &at), MW_EINVAL);
    end(&c);
}

Test(wait_any, lost_connection)
{
    static struct crowd c;
    size_t at = N;

    begin(&c);
    mwt_scripted_hang_up(&c.s[4]);
    cr_assert_eq(mw_pending_wait_any(c.pending, N, LONG_MS, &at), MW_OK);
    cr_assert_eq(at, 4);
    cr_expect_eq(mw_pending_finish(c.pending[at]), MW_EUNAVAILABLE);
    c.pending[at] = NULL;
    end(&c);
}

/* The earliest deadline of the calls ends the wait. */
Test(wait_any, deadline)
{
    static struct crowd c;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    mw_pending *both[2];
    char *text = NULL;
    size_t at = N;

    begin(&c);
    both[0] = c.pending[0];
    cr_assert_eq(
        probe_Probe_echo_start(c.s[1].client, &ctx, "x", &text, &both[1]),
        MW_OK);
    cr_assert_eq(mw_pending_wait_any(both, 2, LONG_MS, &at), MW_OK);
    cr_expect_eq(at, 1);
    cr_expect_eq(mw_pending_finish(both[1]), MW_ETIMEDOUT);
    end(&c);
}

/* Somebody who reads a connection, and others' answers with his own. */
struct reader {
    pthread_t thread;
    struct mwt_scripted *s;
    mw_ctx ctx;
    mw_status status;
    char *text;
};

static void *
call_echo(void *arg)
{
    struct reader *r = arg;

    r->status = probe_Probe_echo(r->s->client, &r->ctx, "y", &r->text);
    return NULL;
}

static void
begin_reader(struct reader *r, struct mwt_scripted *s)
{
    *r = (struct reader){ .s = s, .ctx = MW_CTX(.timeout_ms = LONG_MS) };
    cr_assert_eq(pthread_create(&r->thread, NULL, call_echo, r), 0);
    mwt_scripted_await(s, MWI_CALL);
}

static void
end_reader(struct reader *r)
{
    mwt_raw_send_message(&r->s->raw, "83 03 02 81 62 6f6b");
    cr_assert_eq(pthread_join(r->thread, NULL), 0);
    cr_expect_eq(r->status, MW_OK, "%s", mw_ctx_error(&r->ctx));
    free(r->text);
}

/* Another thread reads; it goes on, or leaves before. */
Test(wait_any, while_others_read)
{
    for (int leaves = 0; leaves <= 1; leaves++) {
        static struct crowd c;
        struct reader r[2];
        size_t at = N;

        begin(&c);
        begin_reader(&r[0], &c.s[2]);
        begin_reader(&r[1], &c.s[6]);
        cr_expect_eq(
            mw_pending_wait_any(c.pending, N, SHORT_MS, &at), MW_ETIMEDOUT);
        if (leaves) {
            end_reader(&r[0]);
            end_reader(&r[1]);
        }
        mwt_raw_send_message(&c.s[6].raw, reply);
        cr_assert_eq(mw_pending_wait_any(c.pending, N, LONG_MS, &at), MW_OK);
        cr_expect_eq(at, 6);
        finish(&c, at);
        if (!leaves) {
            end_reader(&r[0]);
            end_reader(&r[1]);
        }
        end(&c);
    }
}

/* One who waits for any in a thread of his own. */
struct any_waiter {
    pthread_t thread;
    struct crowd *c;
    mw_status status;
    size_t at;
};

static void *
wait_for_any(void *arg)
{
    struct any_waiter *w = arg;

    w->status = mw_pending_wait_any(w->c->pending, N, LONG_MS, &w->at);
    return NULL;
}

/* He has the reader's role everywhere when others come; or they have, and he
 * takes over while he sleeps. */
Test(wait_any, while_others_come_and_go)
{
    for (int first = 0; first <= 1; first++) {
        static struct crowd c;
        struct any_waiter w = { .c = &c };
        struct reader r[2];

        begin(&c);
        if (first) {
            cr_assert_eq(pthread_create(&w.thread, NULL, wait_for_any, &w), 0);
        }
        begin_reader(&r[0], &c.s[2]);
        begin_reader(&r[1], &c.s[6]);
        if (!first) {
            cr_assert_eq(pthread_create(&w.thread, NULL, wait_for_any, &w), 0);
        }
        end_reader(&r[0]);
        end_reader(&r[1]);
        mwt_raw_send_message(&c.s[2].raw, reply);
        cr_assert_eq(pthread_join(w.thread, NULL), 0);
        cr_assert_eq(w.status, MW_OK);
        cr_expect_eq(w.at, 2);
        finish(&c, w.at);
        end(&c);
    }
}

/* He leaves, and one of them has to read. */
Test(wait_any, leaves_the_role_to_others)
{
    static struct crowd c;
    struct any_waiter w = { .c = &c };
    struct reader r;

    begin(&c);
    cr_assert_eq(pthread_create(&w.thread, NULL, wait_for_any, &w), 0);
    begin_reader(&r, &c.s[2]);
    mwt_raw_send_message(&c.s[5].raw, reply);
    cr_assert_eq(pthread_join(w.thread, NULL), 0);
    cr_expect_eq(w.at, 5);
    finish(&c, w.at);
    end_reader(&r);
    end(&c);
}

/* Of one client, with one connection and with several. */
static void
check_client(uint32_t connections)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_pending *pending[N + 1];
    char *text[N] = { NULL };
    bool seen[N] = { false };
    size_t at;

    mwt_server_start(&s, MW_SERVER(.threads_max = 2));
    cr_assert_eq(mw_client_open_local(&client, s.server,
                     MW_CLIENT(.connections = connections), &error),
        MW_OK);
    cr_assert_eq(probe_Probe_wait_start(client, NULL, &pending[N]), MW_OK);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(
            probe_Probe_echo_start(client, NULL, "x", &text[i], &pending[i]),
            MW_OK);
    }
    for (int i = 0; i < N; i++) {
        cr_assert_eq(mw_pending_wait_any(pending, N + 1, LONG_MS, &at), MW_OK);
        cr_assert_lt(at, (size_t) N);
        cr_assert_not(seen[at]);
        seen[at] = true;
        cr_assert_eq(mw_pending_finish(pending[at]), MW_OK);
        cr_expect_str_eq(text[at], "x");
        free(text[at]);
        pending[at] = NULL;
    }
    mwt_gate_open(&s.gate);
    cr_assert_eq(mw_pending_wait_any(pending, N + 1, LONG_MS, &at), MW_OK);
    cr_expect_eq(at, (size_t) N);
    cr_expect_eq(mw_pending_finish(pending[N]), MW_OK);
    mw_client_close(client);
    mwt_server_close(&s);
}

Test(wait_any, of_one_client)
{
    check_client(1);
    check_client(3);
}

Test(wait_any, out_of_memory)
{
    static struct crowd c;
    size_t n_failed = 0;
    size_t at = N;

    begin(&c);
    mwt_raw_send_message(&c.s[1].raw, reply);
    /* What it takes to read is there after the first time. */
    cr_assert_eq(
        mw_pending_wait_any(&c.pending[2], N - 2, 0, &at), MW_ETIMEDOUT);
    for (uint64_t n = 1;; n++) {
        mw_status status;

        mwi_mem_fail_at(n);
        status = mw_pending_wait_any(&c.pending[2], N - 2, 0, &at);
        if (!mwi_mem_has_failed()) {
            cr_assert_eq(status, MW_ETIMEDOUT);
            break;
        }
        n_failed += status == MW_ENOMEM;
    }
    mwi_mem_fail_at(0);
    cr_expect_gt(n_failed, 1);
    cr_assert_eq(mw_pending_wait_any(c.pending, N, LONG_MS, &at), MW_OK);
    cr_expect_eq(at, 1);
    end(&c);
}

/* One alone. */
Test(wait_any, of_a_single_call)
{
    struct mwt_scripted s;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_ctx quick = MW_CTX(.timeout_ms = SHORT_MS);
    mw_pending *pending[2];
    char *text = NULL;

    mwt_scripted_begin(&s);
    cr_assert_eq(
        probe_Probe_echo_start(s.client, &ctx, "x", &text, &pending[0]), MW_OK);
    cr_expect_eq(mw_pending_wait(pending[0], 0), MW_ETIMEDOUT);
    cr_expect_eq(mw_pending_wait(pending[0], SHORT_MS), MW_ETIMEDOUT);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, reply);
    cr_expect_eq(mw_pending_wait(pending[0], LONG_MS), MW_OK);
    cr_expect_eq(mw_pending_wait(pending[0], 0), MW_OK);
    cr_expect_null(text);
    cr_expect_eq(mw_pending_finish(pending[0]), MW_OK);
    cr_expect_str_eq(text, "ok");
    free(text);
    cr_assert_eq(
        probe_Probe_echo_start(s.client, &quick, "x", &text, &pending[1]),
        MW_OK);
    cr_expect_eq(mw_pending_wait(pending[1], LONG_MS), MW_OK);
    cr_expect_eq(mw_pending_finish(pending[1]), MW_ETIMEDOUT);
    cr_expect_eq(mw_pending_wait(NULL, 0), MW_EINVAL);
    mwt_scripted_end(&s);
}
