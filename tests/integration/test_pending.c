/* SPDX-License-Identifier: MIT */
/*
 * Calls that are started and finished later: in any order, by any thread, and
 * beside others.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "integration/watched.h"
#include "lib/pki.h"

enum { N = 64, N_THREADS = 4, LONG_MS = 60000 };

/* Calls of one thread, all under way at once. */
struct batch {
    mw_ctx ctx[N];
    mw_pending *pending[N];
    char *text[N];
};

static void
start_echoes(mw_client *client, struct batch *b, bool more)
{
    char text[32];

    for (int i = 0; i < N; i++) {
        b->ctx[i] = MW_CTX(.timeout_ms = LONG_MS, .more = more);
        b->text[i] = NULL;
        (void) snprintf(text, sizeof(text), "echo %d", i);
        cr_assert_eq(probe_Probe_echo_start(
                         client, &b->ctx[i], text, &b->text[i], &b->pending[i]),
            MW_OK, "%s", mw_ctx_error(&b->ctx[i]));
    }
}

static void
finish_echo(struct batch *b, int i)
{
    char text[32];

    cr_assert_null(b->text[i]);
    cr_assert_eq(mw_pending_finish(b->pending[i]), MW_OK, "%s",
        mw_ctx_error(&b->ctx[i]));
    (void) snprintf(text, sizeof(text), "echo %d", i);
    cr_assert_str_eq(b->text[i], text);
    cr_assert_gt(b->ctx[i].stats.bytes_received, 0);
    free(b->text[i]);
}

/* Both with and without more. */
static void
check_orders(struct mwt_pair *p)
{
    static struct batch b;

    for (int more = 0; more <= 1; more++) {
        start_echoes(p->client, &b, more);
        for (int i = 0; i < N; i++) {
            finish_echo(&b, i);
        }
        start_echoes(p->client, &b, more);
        for (int i = N - 1; i >= 0; i--) {
            finish_echo(&b, i);
        }
        start_echoes(p->client, &b, more);
        for (int i = 0; i < N; i++) {
            finish_echo(&b, i * 27 % N);
        }
    }
}

Test(pending, any_order)
{
    struct mwt_pair p;

    mwt_pair_begin(&p, 4);
    check_orders(&p);
    mwt_pair_end(&p);
}

Test(pending, any_order_tls)
{
    struct mwt_pair p;

    mwt_pair_begin_tls(&p, 4);
    check_orders(&p);
    mwt_pair_end(&p);
}

/* Each is done at the server before the first is finished. */
Test(pending, all_at_once)
{
    struct mwt_pair p;
    mw_ctx ctx[N];
    mw_pending *pending[N];

    mwt_pair_begin_tls(&p, N);
    for (int i = 0; i < N; i++) {
        ctx[i] = MW_CTX(.timeout_ms = LONG_MS);
        cr_assert_eq(
            probe_Probe_wait_start(p.client, &ctx[i], &pending[i]), MW_OK);
    }
    mwt_gate_wait_inside(&p.s.gate, N);
    for (int i = 0; i < N; i++) {
        cr_expect_not(mw_pending_is_done(pending[i]));
    }
    mwt_gate_open(&p.s.gate);
    for (int i = 0; i < N; i++) {
        cr_expect_eq(
            mw_pending_finish(pending[i]), MW_OK, "%s", mw_ctx_error(&ctx[i]));
    }
    mwt_pair_end(&p);
}

/* What is read for one is there for all. */
static void
check_is_done(struct mwt_pair *p)
{
    static struct batch b;

    start_echoes(p->client, &b, false);
    for (int i = N - 1; i >= 0; i--) {
        while (!mw_pending_is_done(b.pending[i])) {
            continue;
        }
        cr_expect(mw_pending_is_done(b.pending[i]));
    }
    for (int i = 0; i < N; i++) {
        finish_echo(&b, i);
    }
}

Test(pending, is_done)
{
    struct mwt_pair p;

    mwt_pair_begin(&p, 2);
    check_is_done(&p);
    cr_expect(mw_pending_is_done(NULL));
    mwt_pair_end(&p);
}

Test(pending, is_done_tls)
{
    struct mwt_pair p;

    mwt_pair_begin_tls(&p, 2);
    check_is_done(&p);
    mwt_pair_end(&p);
}

struct finisher {
    pthread_t thread;
    struct batch *batch;
    int first;
};

static void *
finish_some(void *arg)
{
    const struct finisher *f = arg;

    for (int i = f->first; i < N; i += N_THREADS) {
        finish_echo(f->batch, N - 1 - i);
    }
    return NULL;
}

static void
check_threads(struct mwt_pair *p)
{
    static struct batch b;
    struct finisher f[N_THREADS];

    for (int round = 0; round < 20; round++) {
        start_echoes(p->client, &b, false);
        for (int i = 0; i < N_THREADS; i++) {
            f[i] = (struct finisher){ .batch = &b, .first = i };
            cr_assert_eq(
                pthread_create(&f[i].thread, NULL, finish_some, &f[i]), 0);
        }
        for (int i = 0; i < N_THREADS; i++) {
            cr_assert_eq(pthread_join(f[i].thread, NULL), 0);
        }
    }
}

Test(pending, several_threads)
{
    struct mwt_pair p;

    mwt_pair_begin(&p, 4);
    check_threads(&p);
    mwt_pair_end(&p);
}

Test(pending, several_threads_tls)
{
    struct mwt_pair p;

    mwt_pair_begin_tls(&p, 4);
    check_threads(&p);
    mwt_pair_end(&p);
}

/* Objects that change in place, with synchronous calls in between. */
Test(pending, mixed_with_synchronous_calls)
{
    enum { N_BOXES = 8 };
    struct mwt_pair p;
    struct mwt_watched w[N_BOXES];
    mw_ctx ctx[N_BOXES];
    mw_pending *pending[N_BOXES];
    probe_Box local;
    double sum;

    mwt_pair_begin_tls(&p, 3);
    for (int i = 0; i < N_BOXES; i++) {
        mwt_watch_random(&w[i], (uint64_t) i + 1);
        ctx[i] = MW_CTX(.timeout_ms = LONG_MS, .measure = true,
            .show_changes = true, .conflict = MW_CONFLICT_FAIL);
        cr_assert_eq(
            probe_Probe_edit_start(p.client, &ctx[i], &w[i].box, &pending[i]),
            MW_OK);
        cr_assert_eq(probe_Probe_add(p.client, NULL, 1, i, &sum), MW_OK);
        cr_expect_eq(sum, 1 + i);
    }
    for (int i = 0; i < N_BOXES; i++) {
        mwt_assert_untouched(&w[i]);
        cr_assert_eq(probe_Box_copy(&local, &w[i].box), MW_OK);
        cr_assert_eq(mwt_probe_edit(NULL, &local), MW_OK);
        cr_assert_eq(
            mw_pending_finish(pending[i]), MW_OK, "%s", mw_ctx_error(&ctx[i]));
        cr_expect(probe_Box_equal(&w[i].box, &local));
        cr_expect_not_null(ctx[i].changes);
        cr_expect_gt(ctx[i].stats.bytes_full, 0);
        cr_assert_eq(probe_Probe_add(p.client, NULL, 1, i, &sum), MW_OK);
        mw_ctx_clear(&ctx[i]);
        probe_Box_clear(&local);
        mwt_unwatch(&w[i]);
    }
    mwt_pair_end(&p);
}

/* More than the sockets hold, in both directions. */
Test(pending, large_ones)
{
    enum { N_BOXES = 8, SIZE = 1 << 20 };
    struct mwt_pair p;
    probe_Box box[N_BOXES] = { 0 };
    mw_seq_u8 filled[N_BOXES] = { 0 };
    mw_pending *pending[2 * N_BOXES];

    mwt_pair_begin_tls(&p, 2);
    for (int i = 0; i < N_BOXES; i++) {
        box[i].blob.items = calloc(1, SIZE);
        cr_assert_not_null(box[i].blob.items);
        box[i].blob.len = SIZE;
        cr_assert_eq(probe_Probe_fill_start(p.client, NULL, SIZE, &filled[i],
                         &pending[N_BOXES + i]),
            MW_OK);
        cr_assert_eq(
            probe_Probe_edit_start(p.client, NULL, &box[i], &pending[i]),
            MW_OK);
    }
    for (int i = 2 * N_BOXES - 1; i >= 0; i--) {
        cr_assert_eq(mw_pending_finish(pending[i]), MW_OK);
    }
    for (int i = 0; i < N_BOXES; i++) {
        cr_expect_eq(filled[i].len, (size_t) SIZE);
        cr_expect_eq(box[i].serial, 1);
        mw_object_clear(&mw_type_seq_u8, &filled[i]);
        probe_Box_clear(&box[i]);
    }
    mwt_pair_end(&p);
}
