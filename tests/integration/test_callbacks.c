/* SPDX-License-Identifier: MIT */
/*
 * Callers that are told when their calls are over: in a thread that waits, in
 * mw_client_process(), and in the client's own thread.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/mem.h"
#include "integration/fixture.h"
#include "integration/scripted.h"
#include "integration/told.h"
#include "lib/pki.h"

enum { LONG_MS = 60000, SHORT_MS = 50 };

static const char reply_1[] = "83 03 01 81 62 6f6b"; /* to call 1: "ok" */
static const char reply_2[] = "83 03 02 81 62 6f6b";

static void
start(struct mwt_told *t, struct mwt_scripted *s)
{
    cr_assert_eq(
        mwt_told_start(t, s->client), MW_OK, "%s", mw_ctx_error(&t->ctx));
}

/* Process what comes until a call was told. */
static void
process_until_told(mw_client *client, struct mwt_told *t)
{
    int64_t deadline = mwi_deadline_in(LONG_MS);

    while (mwt_told_count(t) == 0) {
        struct pollfd watched = { .fd = mw_client_fd(client),
            .events = POLLIN };

        cr_assert_geq(watched.fd, 0);
        cr_assert_eq(poll(&watched, 1, mwi_deadline_poll_ms(deadline)), 1);
        cr_assert_eq(mw_client_process(client), MW_OK);
    }
}

static void
check_told(struct mwt_told *t, mw_status status)
{
    cr_expect_eq(mwt_told_count(t), 1);
    cr_expect_eq(t->status, status, "%s", mw_ctx_error(&t->ctx));
    if (status == MW_OK) {
        cr_expect_str_eq(t->text, "ok");
    } else {
        cr_expect_null(t->text);
    }
    free(t->text);
}

/* Without anybody else: who waits for another call tells. */
Test(callbacks, in_a_thread_that_waits)
{
    struct mwt_scripted s;
    struct mwt_told t;
    mw_pending *other;
    char *text = NULL;

    mwt_scripted_begin(&s);
    mwt_told_init(&t, LONG_MS);
    t.then = mwt_told_finish;
    start(&t, &s);
    cr_assert_eq(
        probe_Probe_echo_start(s.client, NULL, "y", &text, &other), MW_OK);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, reply_1);
    cr_expect_eq(mwt_told_count(&t), 0);
    cr_expect_eq(mw_pending_wait(other, SHORT_MS), MW_ETIMEDOUT);
    check_told(&t, MW_OK);
    cr_expect(pthread_equal(t.thread, pthread_self()));
    mw_pending_cancel(other);
    mwt_scripted_end(&s);
}

/* In those that wait for any of several, too. */
Test(callbacks, in_a_thread_that_waits_for_any)
{
    struct mwt_scripted s[2];
    struct mwt_told t;
    mw_pending *others[2];
    char *text[2] = { NULL, NULL };
    size_t at;

    for (int i = 0; i < 2; i++) {
        mwt_scripted_begin(&s[i]);
        cr_assert_eq(probe_Probe_echo_start(
                         s[i].client, NULL, "y", &text[i], &others[i]),
            MW_OK);
    }
    mwt_told_init(&t, LONG_MS);
    t.then = mwt_told_finish;
    start(&t, &s[1]);
    mwt_scripted_await(&s[1], MWI_CALL);
    mwt_raw_send_message(&s[1].raw, reply_2);
    cr_expect_eq(mw_pending_wait_any(others, 2, SHORT_MS, &at), MW_ETIMEDOUT);
    check_told(&t, MW_OK);
    for (int i = 0; i < 2; i++) {
        mw_pending_cancel(others[i]);
        mwt_scripted_end(&s[i]);
    }
}

Test(callbacks, in_the_programs_loop)
{
    struct mwt_scripted s;
    struct mwt_told t;
    struct pollfd watched = { .events = POLLIN };

    mwt_scripted_begin(&s);
    mwt_told_init(&t, LONG_MS);
    t.then = mwt_told_finish;
    watched.fd = mw_client_fd(s.client);
    cr_assert_geq(watched.fd, 0);
    start(&t, &s);
    cr_assert_eq(mw_client_process(s.client), MW_OK);
    mwt_scripted_await(&s, MWI_CALL);
    cr_assert_eq(mw_client_process(s.client), MW_OK); /* reads the HELLO */
    cr_assert_eq(mw_client_process(s.client), MW_OK);
    cr_expect_eq(poll(&watched, 1, 0), 0);
    mwt_raw_send_message(&s.raw, reply_1);
    process_until_told(s.client, &t);
    check_told(&t, MW_OK);
    cr_expect_eq(mw_client_fd(s.client), watched.fd);
    cr_assert_eq(mw_client_process(s.client), MW_OK);
    cr_expect_eq(poll(&watched, 1, 0), 0);
    mwt_scripted_end(&s);
}

/* The descriptor that is watched through another poller. */
Test(callbacks, in_a_loop_of_epoll)
{
    struct mwt_pair p;
    struct mwt_told t;
    struct epoll_event event = { .events = EPOLLIN };
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    mwt_pair_begin_tls(&p, 2);
    cr_assert_eq(
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, mw_client_fd(p.client), &event), 0);
    for (int i = 0; i < 100; i++) {
        mwt_told_init(&t, LONG_MS);
        t.then = mwt_told_finish;
        cr_assert_eq(mwt_told_start(&t, p.client), MW_OK);
        while (mwt_told_count(&t) == 0) {
            cr_assert_eq(epoll_wait(epoll_fd, &event, 1, LONG_MS), 1);
            cr_assert_eq(mw_client_process(p.client), MW_OK);
        }
        cr_assert_eq(t.status, MW_OK);
        free(t.text);
    }
    (void) close(epoll_fd);
    mwt_pair_end(&p);
}

/* The descriptor was not yet there when the answer was read. */
Test(callbacks, of_what_was_over_before)
{
    struct mwt_scripted s;
    struct mwt_told t;

    mwt_scripted_begin(&s);
    mwt_told_init(&t, LONG_MS);
    start(&t, &s);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, reply_1);
    while (!mw_pending_is_done(t.pending)) {
        continue;
    }
    cr_expect_eq(mwt_told_count(&t), 0);
    process_until_told(s.client, &t);
    mwt_told_finish(&t);
    check_told(&t, MW_OK);
    mwt_scripted_end(&s);
}

Test(callbacks, at_the_deadline)
{
    for (int background = 0; background <= 1; background++) {
        struct mwt_scripted s;
        struct mwt_told t[3];

        mwt_scripted_begin_with(
            &s, MW_CLIENT(.lazy = true, .background = background != 0));
        for (int i = 0; i < 3; i++) {
            mwt_told_init(&t[i], (uint32_t) (3 - i) * SHORT_MS);
            t[i].then = mwt_told_finish;
            start(&t[i], &s);
        }
        for (int i = 0; i < 3; i++) {
            if (background) {
                mwt_told_wait(&t[i], 1);
            } else {
                process_until_told(s.client, &t[i]);
            }
            check_told(&t[i], MW_ETIMEDOUT);
        }
        mwt_scripted_end(&s);
    }
}

/* Nothing comes, not even to PINGs. */
Test(callbacks, a_server_that_no_longer_answers)
{
    for (int background = 0; background <= 1; background++) {
        struct mwt_scripted s;
        struct mwt_told t;

        mwt_scripted_begin_with(&s,
            MW_CLIENT(.lazy = true, .background = background != 0,
                .keepalive_ms = SHORT_MS, .keepalive_timeout_ms = SHORT_MS));
        mwt_told_init(&t, LONG_MS);
        t.then = mwt_told_finish;
        start(&t, &s);
        if (background) {
            mwt_told_wait(&t, 1);
        } else {
            process_until_told(s.client, &t);
        }
        check_told(&t, MW_EUNAVAILABLE);
        mwt_scripted_await(&s, MWI_PING);
        mwt_scripted_end(&s);
    }
}

Test(callbacks, lost_connection_and_the_next_one)
{
    for (int background = 0; background <= 1; background++) {
        struct mwt_scripted s;

        mwt_scripted_begin_with(
            &s, MW_CLIENT(.lazy = true, .background = background != 0));
        for (int i = 0; i < 3; i++) {
            struct mwt_told t[2];

            for (int j = 0; j < 2; j++) {
                mwt_told_init(&t[j], LONG_MS);
                t[j].then = mwt_told_finish;
                start(&t[j], &s);
            }
            mwt_scripted_await(&s, MWI_CALL);
            mwt_scripted_await(&s, MWI_CALL);
            mwt_raw_send_message(&s.raw, reply_1);
            mwt_scripted_hang_up(&s);
            for (int j = 0; j < 2; j++) {
                if (background) {
                    mwt_told_wait(&t[j], 1);
                } else {
                    process_until_told(s.client, &t[j]);
                }
                check_told(&t[j], j == 0 ? MW_OK : MW_EUNAVAILABLE);
            }
        }
        mwt_scripted_end(&s);
    }
}

Test(callbacks, in_the_clients_own_thread)
{
    struct mwt_scripted s;
    struct mwt_told t;

    mwt_scripted_begin_with(&s, MW_CLIENT(.lazy = true, .background = true));
    mwt_told_init(&t, LONG_MS);
    t.then = mwt_told_finish;
    start(&t, &s);
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, reply_1);
    mwt_told_wait(&t, 1);
    check_told(&t, MW_OK);
    cr_expect_not(pthread_equal(t.thread, pthread_self()));
    /* And a PING is answered while nobody makes a call. */
    mwt_raw_send_message(&s.raw, "82 06 18 2a");
    mwt_scripted_await(&s, MWI_PONG);
    cr_expect_eq(s.raw.message.id, 42);
    mwt_scripted_end(&s);
}

Test(callbacks, hello_says_who_attends)
{
    for (int background = 0; background <= 1; background++) {
        struct mwt_scripted s;
        struct mwt_told t;

        mwt_scripted_begin_with(
            &s, MW_CLIENT(.lazy = true, .background = background != 0));
        mwt_told_init(&t, LONG_MS);
        start(&t, &s);
        mwt_scripted_await(&s, MWI_CALL);
        cr_expect_eq(s.attends, background != 0);
        mw_pending_cancel(t.pending);
        mwt_scripted_end(&s);
    }
}

/* If starting fails, nothing is ever told. */
Test(callbacks, not_started)
{
    struct mwt_server s;
    mw_client *clients[2];
    struct mwt_told t;
    mw_error error;
    char *text;

    mwt_server_start(
        &s, MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS));
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(mw_client_open(&clients[i], mw_server_address(s.server, 0),
                         MW_CLIENT(.tls = MWT_CLIENT_TLS, .background = true,
                             .fail_fast = true, .lazy = i == 1),
                         &error),
            MW_OK);
    }
    mwt_told_init(&t, LONG_MS);
    cr_expect_eq(
        probe_Probe_echo_start(clients[0], &t.ctx, "\xff", &text, &t.pending),
        MW_EINVAL);
    mwt_server_close(&s);
    cr_expect_eq(mwt_told_start(&t, clients[1]), MW_EUNAVAILABLE);
    mw_client_close(clients[0]);
    mw_client_close(clients[1]);
    cr_expect_eq(mwt_told_count(&t), 0);
}

/* Finished or cancelled before it could be told. */
Test(callbacks, forestalled)
{
    struct mwt_scripted s;
    struct mwt_told t[2];

    mwt_scripted_begin(&s);
    for (int i = 0; i < 2; i++) {
        mwt_told_init(&t[i], LONG_MS);
        start(&t[i], &s);
    }
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, reply_1);
    mwt_raw_send_message(&s.raw, reply_2);
    while (!mw_pending_is_done(t[0].pending) ||
           !mw_pending_is_done(t[1].pending)) {
        continue;
    }
    mw_pending_cancel(t[0].pending);
    cr_expect_eq(mw_pending_finish(t[1].pending), MW_OK);
    cr_assert_eq(mw_client_process(s.client), MW_OK);
    free(t[1].text);
    mwt_scripted_end(&s);
    cr_expect_eq(mwt_told_count(&t[0]), 0);
    cr_expect_eq(mwt_told_count(&t[1]), 0);
}

/* What functions may do: start the next call, */
struct chain {
    mw_client *client;
    struct mwt_told t[200];
    size_t n;
};

static void
start_next(struct mwt_told *t)
{
    struct chain *chain = t->user;
    struct mwt_told *next = &chain->t[++chain->n];

    mwt_told_finish(t);
    cr_assert_eq(t->status, MW_OK);
    free(t->text);
    if (chain->n + 1 < sizeof(chain->t) / sizeof(chain->t[0])) {
        mwt_told_init(next, LONG_MS);
        next->user = chain;
        next->then = start_next;
        cr_assert_eq(mwt_told_start(next, chain->client), MW_OK);
    }
}

Test(callbacks, chain)
{
    static struct chain chain;
    struct mwt_pair p;
    mw_error error;

    mwt_server_start(&p.s, MW_SERVER(.threads_max = 2));
    cr_assert_eq(mw_client_open_local(&p.client, p.s.server,
                     MW_CLIENT(.background = true, .connections = 2), &error),
        MW_OK);
    chain.client = p.client;
    mwt_told_init(&chain.t[0], LONG_MS);
    chain.t[0].user = &chain;
    chain.t[0].then = start_next;
    cr_assert_eq(mwt_told_start(&chain.t[0], p.client), MW_OK);
    for (size_t i = 0; i + 1 < sizeof(chain.t) / sizeof(chain.t[0]); i++) {
        while (mwt_told_count(&chain.t[i]) == 0) {
            (void) poll(NULL, 0, 1);
        }
    }
    mwt_pair_end(&p);
}

/* make a synchronous one, during which nothing else is told in this thread, */
static void
call(struct mwt_told *t)
{
    mw_client *client = t->user;
    double sum;

    mwt_told_finish(t);
    cr_assert_eq(probe_Probe_add(client, NULL, 1, 2, &sum), MW_OK);
    cr_expect_eq(sum, 3);
}

Test(callbacks, calls_within)
{
    for (int background = 0; background <= 1; background++) {
        struct mwt_pair p;
        struct mwt_told t[4];
        mw_error error;

        mwt_server_start(&p.s, MW_SERVER(.threads_max = 2));
        cr_assert_eq(mw_client_open_local(&p.client, p.s.server,
                         MW_CLIENT(.background = background != 0), &error),
            MW_OK);
        for (int i = 0; i < 4; i++) {
            mwt_told_init(&t[i], LONG_MS);
            t[i].user = p.client;
            t[i].then = call;
            cr_assert_eq(mwt_told_start(&t[i], p.client), MW_OK);
        }
        for (int i = 0; i < 4; i++) {
            if (background) {
                mwt_told_wait(&t[i], 1);
            } else {
                process_until_told(p.client, &t[i]);
            }
            cr_expect_eq(t[i].status, MW_OK);
            free(t[i].text);
        }
        mwt_pair_end(&p);
    }
}

/* or cancel another that is over, too. */
static void
cancel_other(struct mwt_told *t)
{
    struct mwt_told *other = t->user;

    mwt_told_finish(t);
    if (other->pending != NULL && mwt_told_count(other) == 0) {
        mw_pending_cancel(other->pending);
        other->pending = NULL;
    }
}

Test(callbacks, cancels_the_next)
{
    struct mwt_scripted s;
    struct mwt_told t[2];

    mwt_scripted_begin(&s);
    for (int i = 0; i < 2; i++) {
        mwt_told_init(&t[i], LONG_MS);
        t[i].user = &t[1 - i];
        start(&t[i], &s);
        t[i].then = cancel_other;
    }
    mwt_scripted_await(&s, MWI_CALL);
    mwt_raw_send_message(&s.raw, reply_1);
    mwt_raw_send_message(&s.raw, reply_2);
    while (!mw_pending_is_done(t[1].pending)) {
        continue;
    }
    process_until_told(s.client, &t[0]);
    cr_assert_eq(mw_client_process(s.client), MW_OK);
    check_told(&t[0], MW_OK);
    cr_expect_eq(mwt_told_count(&t[1]), 0);
    cr_expect_null(t[1].text);
    mwt_scripted_end(&s);
}

/* Starting with each allocation failing in turn: either it is told once, or
 * never. */
Test(callbacks, out_of_memory)
{
    struct mwt_pair p;
    size_t n_failed = 0;
    bool done = false;

    mwt_pair_begin(&p, 1);
    cr_assert_geq(mw_client_fd(p.client), 0);
    for (uint64_t n = 1; !done; n++) {
        struct mwt_told t;
        mw_status status;

        mwt_told_init(&t, LONG_MS);
        t.then = mwt_told_finish;
        mwi_mem_fail_at(n);
        status = mwt_told_start(&t, p.client);
        done = status == MW_OK && !mwi_mem_has_failed();
        if (status == MW_OK) {
            process_until_told(p.client, &t);
        } else {
            n_failed++;
            cr_assert_eq(mw_client_process(p.client), MW_OK);
        }
        mwi_mem_fail_at(0);
        cr_expect_eq(mwt_told_count(&t), status == MW_OK);
        free(t.text);
        cr_assert_lt(n, 10000);
    }
    cr_expect_gt(n_failed, 0);
    mwt_pair_end(&p);
}
