/* SPDX-License-Identifier: MIT */
/*
 * A server that calls its clients, on the connections that these have made:
 * while they wait for it, while they do not, and when they have gone.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/mw.h"

#include "back_client.mw.h"
#include "back_server.mw.h"
#include "base/clock.h"
#include "base/sync.h"
#include "integration/raw.h"
#include "rpc/local.h"

enum { PATIENCE_MS = 60000, N_THREADS = 8, N_CALLS = 200 };

/* ---- the client's side ---- */

struct watcher {
    mw_client *client;
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    int64_t told;         /* [mutex] the sum of what was told */
    uint32_t n_told;      /* [mutex] */
    bool lingers;         /* [mutex] */
    uint32_t n_cancelled; /* [mutex] */
};

static void
await(struct watcher *w, const uint32_t *counter, uint32_t n)
{
    int64_t deadline = mwi_deadline_in(PATIENCE_MS);
    uint32_t found;

    mwi_lock(&w->mutex);
    while (*counter < n && mwi_cond_wait(&w->changed, &w->mutex, deadline)) {
        continue;
    }
    found = *counter;
    mwi_unlock(&w->mutex);
    cr_assert_geq(found, n);
}

static mw_status
twice(mw_call *call, int32_t number, int32_t *ret)
{
    (void) call;
    *ret = 2 * number;
    return MW_OK;
}

static mw_status
show(mw_call *call, back_Note *note)
{
    uint32_t *mark = mw_seq_add(call, &mw_type_seq_u32, (void *) &note->marks);

    if (mark == NULL) {
        return mw_call_fail(call, MW_ENOMEM, "out of memory");
    }
    *mark = note->seen++;
    return MW_OK;
}

static mw_status
deeper(mw_call *call, uint32_t n, uint32_t *depth)
{
    struct watcher *w = mw_call_user(call);
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    if (n == 0) {
        *depth = 0;
        return MW_OK;
    }
    if (back_Station_depth(w->client, &ctx, n - 1, depth) < 0) {
        return mw_call_fail(call, MW_EINTERNAL, "%s", mw_ctx_error(&ctx));
    }
    ++*depth;
    return MW_OK;
}

static mw_status
fail(mw_call *call)
{
    return mw_call_fail(call, MW_EPRECONDITION, "not today");
}

static mw_status
linger(mw_call *call)
{
    struct watcher *w = mw_call_user(call);
    struct pollfd cancelled = {
        .fd = mw_call_cancel_fd(call),
        .events = POLLIN,
    };

    if (cancelled.fd < 0 || poll(&cancelled, 1, PATIENCE_MS) != 1) {
        return mw_call_fail(call, MW_EINTERNAL, "not cancelled");
    }
    mwi_lock(&w->mutex);
    w->n_cancelled++;
    mwi_cond_broadcast(&w->changed);
    mwi_unlock(&w->mutex);
    return mw_call_fail(call, MW_ECANCELLED, "cancelled");
}

static mw_status
tell(mw_call *call, int32_t number)
{
    struct watcher *w = mw_call_user(call);

    mwi_lock(&w->mutex);
    w->told += number;
    w->n_told++;
    mwi_cond_broadcast(&w->changed);
    mwi_unlock(&w->mutex);
    return MW_OK;
}

static const back_Watcher_ops watcher_ops = {
    .twice = twice,
    .show = show,
    .deeper = deeper,
    .fail = fail,
    .linger = linger,
    .tell = tell,
};

/* ---- the server's side ---- */

static mw_client *enrolled; /* of a test that enrolls */

static mw_status
ask(mw_call *call, int32_t number, int32_t *ret)
{
    mw_client *back;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_status status = mw_call_open_back(call, &back);

    if (status < 0) {
        return status;
    }
    status = back_Watcher_twice(back, &ctx, number, ret);
    mw_client_close(back);
    return status < 0 ? mw_call_fail(call, status, "%s", mw_ctx_error(&ctx))
                      : MW_OK;
}

static mw_status
pass(mw_call *call, back_Note *note)
{
    mw_client *back;
    back_Note copy;
    uint32_t *mark;
    mw_status status = mw_call_open_back(call, &back);

    if (status < 0) {
        return status;
    }
    /* What a call changes is on the heap, what a handler has is not. */
    if (back_Note_copy(&copy, note) < 0) {
        mw_client_close(back);
        return mw_call_fail(call, MW_ENOMEM, "out of memory");
    }
    status = back_Watcher_show(back, NULL, &copy);
    mw_client_close(back);
    if (status == MW_OK) {
        mark = mw_seq_add(call, &mw_type_seq_u32, (void *) &note->marks);
        note->seen = copy.seen;
        *mark = copy.marks.items[copy.marks.len - 1];
    }
    back_Note_clear(&copy);
    return status;
}

static mw_status
depth(mw_call *call, uint32_t n, uint32_t *ret)
{
    mw_client *back;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_status status = mw_call_open_back(call, &back);

    if (status < 0) {
        return status;
    }
    status = back_Watcher_deeper(back, &ctx, n, ret);
    mw_client_close(back);
    return status < 0 ? mw_call_fail(call, status, "%s", mw_ctx_error(&ctx))
                      : MW_OK;
}

static mw_status
failing(mw_call *call, int32_t *ret)
{
    mw_client *back;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_status status = mw_call_open_back(call, &back);

    if (status == MW_OK) {
        *ret = back_Watcher_fail(back, &ctx);
        mw_client_close(back);
    }
    return status;
}

static mw_status
count(mw_call *call, uint32_t n)
{
    mw_client *back;
    mw_status status = mw_call_open_back(call, &back);

    if (status < 0) {
        return status;
    }
    for (uint32_t i = 0; i < n && status == MW_OK; i++) {
        status = back_Watcher_tell(back, NULL, (int32_t) i);
    }
    mw_client_close(back);
    return status;
}

static mw_status
enroll(mw_call *call)
{
    return mw_call_open_back(call, &enrolled);
}

static mw_status
hurry(mw_call *call, int32_t *ret)
{
    mw_client *back;
    mw_ctx ctx = MW_CTX(.timeout_ms = 50);
    mw_status status = mw_call_open_back(call, &back);

    if (status == MW_OK) {
        *ret = back_Watcher_linger(back, &ctx);
        mw_client_close(back);
    }
    return status;
}

static const back_Station_ops station_ops = {
    .ask = ask,
    .pass = pass,
    .depth = depth,
    .failing = failing,
    .count = count,
    .enroll = enroll,
    .hurry = hurry,
};

/* ---- both ---- */

struct scene {
    mw_server *server;
    pthread_t thread;
    struct watcher watcher;
    mw_client *client;
};

static void *
run_server(void *arg)
{
    (void) !mw_server_run(arg, NULL);
    return NULL;
}

static mw_client *
open_client(struct scene *c, struct watcher *w)
{
    mw_error error;

    *w = (struct watcher){ .client = NULL };
    mwi_mutex_init(&w->mutex);
    mwi_cond_init(&w->changed);
    cr_assert_eq(mw_client_open_local(&w->client, c->server,
                     MW_CLIENT(.background = true, .lazy = true,
                         .timeout_ms = PATIENCE_MS),
                     &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(back_Watcher_serve_back(w->client, &watcher_ops, w), MW_OK);
    return w->client;
}

static void
begin(struct scene *c, uint32_t threads_max)
{
    mw_error error;

    cr_assert_eq(mw_server_open(
                     &c->server, MW_SERVER(.threads_max = threads_max), &error),
        MW_OK);
    cr_assert_eq(back_Station_serve(c->server, &station_ops, c), MW_OK);
    cr_assert_eq(pthread_create(&c->thread, NULL, run_server, c->server), 0);
    c->client = open_client(c, &c->watcher);
}

static void
end(struct scene *c)
{
    mw_client_close(c->client);
    mw_server_stop(c->server);
    cr_assert_eq(pthread_join(c->thread, NULL), 0);
    mw_client_close(enrolled);
    mw_server_close(c->server);
}

Test(back, while_the_caller_waits)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t answer = 0;

    begin(&c, 4);
    for (int32_t i = 0; i < 100; i++) {
        cr_assert_eq(back_Station_ask(c.client, &ctx, i, &answer), MW_OK, "%s",
            mw_ctx_error(&ctx));
        cr_assert_eq(answer, 2 * i);
    }
    end(&c);
}

/* The station has but one thread, which waits for the watcher. */
Test(back, of_a_server_with_one_thread)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t answer = 0;

    begin(&c, 1);
    for (int32_t i = 0; i < 20; i++) {
        cr_assert_eq(back_Station_ask(c.client, &ctx, i, &answer), MW_OK, "%s",
            mw_ctx_error(&ctx));
        cr_assert_eq(answer, 2 * i);
    }
    end(&c);
}

/* Deltas go both ways. */
Test(back, objects)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    back_Note note;

    begin(&c, 4);
    cr_assert_eq(back_Note_init(&note), MW_OK);
    cr_assert_eq(mw_set_string(NULL, &note.text, "hear, hear"), MW_OK);
    for (uint32_t i = 1; i <= 10; i++) {
        cr_assert_eq(back_Station_pass(c.client, &ctx, &note), MW_OK, "%s",
            mw_ctx_error(&ctx));
        cr_assert_eq(note.seen, i);
        cr_assert_eq(note.marks.len, i);
        cr_assert_eq(note.marks.items[i - 1], i - 1);
        cr_assert_str_eq(note.text, "hear, hear");
    }
    back_Note_clear(&note);
    end(&c);
}

/* Handlers in handlers, as deep as there are threads for. */
Test(back, nested)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    uint32_t n = 0;

    begin(&c, 8);
    cr_assert_eq(back_Station_depth(c.client, &ctx, 3, &n), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(n, 3);
    end(&c);
}

Test(back, failures)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t status = 0;

    begin(&c, 4);
    cr_assert_eq(back_Station_failing(c.client, &ctx, &status), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(status, MW_EPRECONDITION);
    end(&c);
}

Test(back, one_way)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    begin(&c, 4);
    cr_assert_eq(back_Station_count(c.client, &ctx, 50), MW_OK, "%s",
        mw_ctx_error(&ctx));
    await(&c.watcher, &c.watcher.n_told, 50);
    cr_assert_eq(c.watcher.told, 49 * 50 / 2);
    end(&c);
}

/* Nobody at the client waits for anything. */
Test(back, whenever_the_server_likes)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t answer = 0;

    begin(&c, 4);
    cr_assert_eq(back_Station_enroll(c.client, &ctx), MW_OK);
    for (int32_t i = 0; i < 20; i++) {
        cr_assert_eq(back_Watcher_twice(enrolled, &ctx, i, &answer), MW_OK,
            "%s", mw_ctx_error(&ctx));
        cr_assert_eq(answer, 2 * i);
    }
    end(&c);
}

Test(back, cancelled_at_the_deadline)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t status = 0;

    begin(&c, 4);
    cr_assert_eq(back_Station_hurry(c.client, &ctx, &status), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_lt(status, 0);
    await(&c.watcher, &c.watcher.n_cancelled, 1);
    end(&c);
}

Test(back, after_the_client_has_gone)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t answer;
    mw_status status;

    begin(&c, 4);
    cr_assert_eq(back_Station_enroll(c.client, &ctx), MW_OK);
    mw_client_close(c.client);
    c.client = NULL;
    status = back_Watcher_twice(enrolled, &ctx, 1, &answer);
    cr_assert_eq(status, MW_EUNAVAILABLE, "%s", mw_ctx_error(&ctx));
    end(&c);
}

/* A client that offers nothing. */
Test(back, nothing_is_offered)
{
    struct scene c;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_client *plain;
    int32_t answer;

    begin(&c, 4);
    cr_assert_eq(mw_client_open_local(&plain, c.server, NULL, NULL), MW_OK);
    cr_assert_eq(back_Station_ask(plain, &ctx, 1, &answer), MW_EUNIMPLEMENTED,
        "%s", mw_ctx_error(&ctx));
    mw_client_close(plain);
    end(&c);
}

Test(back, offering_too_late)
{
    struct scene c;
    struct watcher w;
    mw_client *plain;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    int32_t answer;

    begin(&c, 4);
    cr_assert_eq(mw_client_open_local(&plain, c.server, NULL, NULL), MW_OK);
    cr_assert_eq(back_Watcher_serve_back(plain, &watcher_ops, &w), MW_EINVAL,
        "without a background thread");
    mw_client_close(plain);
    cr_assert_eq(
        back_Watcher_serve_back(c.client, &watcher_ops, &w), MW_EEXIST);
    cr_assert_eq(back_Station_ask(c.client, &ctx, 1, &answer), MW_OK);
    cr_assert_eq(back_Watcher_serve_back(c.client, &watcher_ops, &w), MW_EINVAL,
        "has connected");
    end(&c);
}

/* Calls both ways at once, of many threads. */

static void *
ask_many(void *arg)
{
    struct scene *c = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    for (int32_t i = 0; i < N_CALLS; i++) {
        int32_t answer = 0;

        cr_assert_eq(back_Station_ask(c->client, &ctx, i, &answer), MW_OK, "%s",
            mw_ctx_error(&ctx));
        cr_assert_eq(answer, 2 * i);
    }
    return NULL;
}

Test(back, many_at_once)
{
    struct scene c;
    pthread_t threads[N_THREADS];

    begin(&c, 16);
    for (size_t i = 0; i < N_THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_many, &c), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    end(&c);
}

/* Two clients: each call goes to its own caller. */
Test(back, two_clients)
{
    struct scene c;
    struct watcher other;
    mw_client *second;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    begin(&c, 4);
    second = open_client(&c, &other);
    cr_assert_eq(back_Station_count(second, &ctx, 5), MW_OK);
    await(&other, &other.n_told, 5);
    cr_assert_eq(back_Station_count(c.client, &ctx, 3), MW_OK);
    await(&c.watcher, &c.watcher.n_told, 3);
    cr_assert_eq(other.n_told, 5);
    mw_client_close(second);
    end(&c);
}

/* A client that answers what it was never asked. */
Test(back, hostile_answers)
{
    struct scene c;
    struct mwt_raw raw;
    struct mwi_stream *stream;
    mw_error error;

    begin(&c, 4);
    cr_assert_eq(mwi_server_connect(c.server, &stream, &error), MW_OK);
    mwt_raw_open(&raw, stream);
    cr_assert(mwt_raw_receive(&raw));
    mwt_raw_send_message(&raw, "83 00 01 a0");
    /* [1, 1, "back.Station.enroll", {}, []] */
    mwt_raw_send_message(
        &raw, "85 01 01 73 6261636b2e53746174696f6e2e656e726f6c6c a0 80");
    cr_assert(mwt_raw_receive(&raw));
    cr_assert_eq(raw.message.kind, MWI_REPLY);
    mwt_raw_send_message(&raw, "83 03 18 63 80"); /* [3, 99, []] */
    cr_assert(mwt_raw_receive(&raw));
    cr_assert_eq(raw.message.kind, MWI_GOAWAY);
    cr_assert_not(mwt_raw_receive(&raw));
    mwt_raw_close(&raw);
    end(&c);
}
