/* SPDX-License-Identifier: MIT */
/*
 * Closing a client at any time: while other threads are in calls of it, while
 * calls are pending, and from within on_done.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/fixture.h"
#include "integration/scripted.h"
#include "integration/told.h"
#include "lib/pki.h"
#include "net/poller.h"

enum { LONG_MS = 60000, N = 4 };

static const char reply_1[] = "83 03 01 81 62 6f6b"; /* to call 1: "ok" */

/* A thread in a call. */
struct caller {
    pthread_t thread;
    mw_client *client;
    mw_pending *pending;
    mw_ctx ctx;
    mw_status status;
    char *text;
};

static void *
call(void *arg)
{
    struct caller *c = arg;

    c->status = probe_Probe_echo(c->client, &c->ctx, "x", &c->text);
    return NULL;
}

static void *
finish(void *arg)
{
    struct caller *c = arg;

    c->status = mw_pending_finish(c->pending);
    return NULL;
}

static void *
wait_any(void *arg)
{
    struct caller *c = arg;
    size_t at;

    c->status = mw_pending_wait_any(&c->pending, 1, LONG_MS, &at);
    cr_assert_eq(c->status, MW_OK);
    return finish(arg);
}

Test(closing, while_others_are_in_calls)
{
    static void *(*const ways[N])(void *) = { call, finish, wait_any, call };

    for (int background = 0; background <= 1; background++) {
        struct mwt_scripted s;
        struct caller c[N];

        mwt_scripted_begin_with(
            &s, MW_CLIENT(.lazy = true, .background = background != 0));
        for (int i = 0; i < N; i++) {
            c[i] = (struct caller){ .client = s.client,
                .ctx = MW_CTX(.timeout_ms = LONG_MS) };
            if (ways[i] != call) {
                cr_assert_eq(probe_Probe_echo_start(s.client, &c[i].ctx, "x",
                                 &c[i].text, &c[i].pending),
                    MW_OK);
            }
            cr_assert_eq(pthread_create(&c[i].thread, NULL, ways[i], &c[i]), 0);
        }
        for (int i = 0; i < N; i++) {
            mwt_scripted_await(&s, MWI_CALL);
        }
        mw_client_close(s.client);
        s.client = NULL;
        for (int i = 0; i < N; i++) {
            cr_assert_eq(pthread_join(c[i].thread, NULL), 0);
            cr_expect_eq(c[i].status, MW_ECANCELLED);
            cr_expect_eq(c[i].ctx.state, MW_CALL_UNKNOWN);
            cr_expect_not(c[i].ctx.not_run);
            cr_expect_null(c[i].text);
        }
        cr_expect_not(mwt_scripted_next(&s)); /* an end in good order */
        mwt_scripted_end(&s);
    }
}

/* Pending calls outlive the client. */
Test(closing, with_pending_calls)
{
    for (int background = 0; background <= 1; background++) {
        struct mwt_scripted s;
        mw_ctx ctx[3];
        mw_pending *pending[3];
        char *text[3] = { NULL };

        mwt_scripted_begin_with(
            &s, MW_CLIENT(.lazy = true, .background = background != 0));
        for (int i = 0; i < 3; i++) {
            ctx[i] = MW_CTX(.timeout_ms = LONG_MS);
            cr_assert_eq(probe_Probe_echo_start(
                             s.client, &ctx[i], "x", &text[i], &pending[i]),
                MW_OK);
        }
        mwt_scripted_await(&s, MWI_CALL);
        mwt_raw_send_message(&s.raw, reply_1);
        while (!mw_pending_is_done(pending[0])) {
            continue;
        }
        mw_client_close(s.client);
        s.client = NULL;
        cr_expect_eq(mw_pending_state(pending[0]), MW_CALL_DONE);
        cr_expect_eq(mw_pending_state(pending[1]), MW_CALL_UNKNOWN);
        cr_expect_eq(mw_pending_wait(pending[1], LONG_MS), MW_OK);
        cr_expect_eq(mw_pending_finish(pending[0]), MW_OK);
        cr_expect_str_eq(text[0], "ok");
        free(text[0]);
        cr_expect_eq(mw_pending_finish(pending[1]), MW_ECANCELLED);
        cr_expect_str_eq(
            mw_ctx_error(&ctx[1]), "probe.Probe.echo: the client was closed");
        mw_pending_cancel(pending[2]);
        mwt_scripted_end(&s);
    }
}

/* Those who are to be told, are, before it returns. */
Test(closing, tells)
{
    for (int background = 0; background <= 1; background++) {
        struct mwt_scripted s;
        struct mwt_told t[3];

        mwt_scripted_begin_with(
            &s, MW_CLIENT(.lazy = true, .background = background != 0));
        for (int i = 0; i < 3; i++) {
            mwt_told_init(&t[i], LONG_MS);
            t[i].then = mwt_told_finish;
            cr_assert_eq(mwt_told_start(&t[i], s.client), MW_OK);
        }
        mw_client_close(s.client);
        s.client = NULL;
        for (int i = 0; i < 3; i++) {
            cr_expect_eq(mwt_told_count(&t[i]), 1);
            cr_expect_eq(t[i].status, MW_ECANCELLED);
        }
        mwt_scripted_end(&s);
    }
}

/* From within on_done, with another call pending. */
struct closer {
    mw_client *client;
};

static void
close_client(struct mwt_told *t)
{
    struct closer *closer = t->user;

    mwt_told_finish(t);
    mw_client_close(closer->client);
}

static void
check_told(struct mwt_told *t)
{
    cr_expect_eq(mwt_told_count(&t[0]), 1);
    cr_expect_eq(t[0].status, MW_OK);
    cr_expect_eq(mwt_told_count(&t[1]), 1);
    cr_expect_eq(t[1].status, MW_ECANCELLED);
    free(t[0].text);
}

static void
begin_two(struct mwt_scripted *s, struct mwt_told *t, struct closer *closer)
{
    closer->client = s->client;
    for (int i = 0; i < 2; i++) {
        mwt_told_init(&t[i], LONG_MS);
        t[i].user = closer;
        t[i].then = i == 0 ? close_client : mwt_told_finish;
        cr_assert_eq(mwt_told_start(&t[i], s->client), MW_OK);
    }
    mwt_scripted_await(s, MWI_CALL);
}

Test(closing, in_the_clients_own_thread)
{
    struct mwt_scripted s;
    struct closer closer;
    struct mwt_told t[2];

    mwt_scripted_begin_with(&s, MW_CLIENT(.lazy = true, .background = true));
    begin_two(&s, t, &closer);
    mwt_raw_send_message(&s.raw, reply_1);
    mwt_told_wait(&t[0], 1);
    mwt_told_wait(&t[1], 1);
    s.client = NULL;
    check_told(t);
    mwt_scripted_end(&s);
}

Test(closing, in_the_programs_loop)
{
    struct mwt_scripted s;
    struct closer closer;
    struct mwt_told t[2];
    struct pollfd watched = { .events = POLLIN };

    mwt_scripted_begin(&s);
    watched.fd = mw_client_fd(s.client);
    begin_two(&s, t, &closer);
    cr_assert_eq(mw_client_process(s.client), MW_OK);
    mwt_raw_send_message(&s.raw, reply_1);
    while (mwt_told_count(&t[0]) == 0) {
        cr_assert_eq(poll(&watched, 1, LONG_MS), 1);
        cr_assert_eq(mw_client_process(s.client), MW_OK);
    }
    s.client = NULL;
    check_told(t); /* the second one as well, in that same process() */
    mwt_scripted_end(&s);
}

/* In a call of the client itself, which that ends, too. */
Test(closing, in_a_thread_that_waits)
{
    struct mwt_scripted s;
    struct closer closer;
    struct mwt_told t[2];
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    char *text = NULL;

    mwt_scripted_begin(&s);
    begin_two(&s, t, &closer);
    mwt_raw_send_message(&s.raw, reply_1);
    cr_expect_eq(probe_Probe_echo(s.client, &ctx, "y", &text), MW_ECANCELLED);
    s.client = NULL;
    check_told(t);
    mwt_scripted_end(&s);
}

/* Who waits for somebody else to connect. */
Test(closing, while_others_connect)
{
    enum { SOON_MS = 2000 };
    struct caller c[N];
    mw_client *client;
    mw_error error;
    struct mwi_listener *listener;
    struct mwi_address address = { .scheme = MWI_SCHEME_PLAINTEXT };
    char text[128];

    (void) snprintf(address.host, sizeof(address.host), "127.0.0.1");
    cr_assert_eq(mwi_listener_open(&listener, &address, NULL, &error), MW_OK);
    /* TLS to a server that says nothing. */
    (void) snprintf(text, sizeof(text), "tls%s",
        strchr(mwi_listener_address(listener), ':'));
    cr_assert_eq(mw_client_open(&client, text,
                     MW_CLIENT(.tls = MWT_CLIENT_TLS, .lazy = true), &error),
        MW_OK, "%s", error.text);
    for (int i = 0; i < N; i++) {
        c[i] = (struct caller){ .client = client,
            .ctx = MW_CTX(.timeout_ms = SOON_MS) };
        cr_assert_eq(pthread_create(&c[i].thread, NULL, call, &c[i]), 0);
    }
    cr_assert(
        mwi_poll_one(mwi_listener_fd(listener), MWI_POLL_READ, MWI_FOREVER));
    mw_client_close(client);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(pthread_join(c[i].thread, NULL), 0);
        cr_expect_eq(c[i].status, MW_ECANCELLED, "%s", mw_ctx_error(&c[i].ctx));
        cr_expect_eq(c[i].ctx.state, MW_CALL_REFUSED);
        cr_expect(c[i].ctx.not_run);
    }
    mwi_listener_close(listener);
}
