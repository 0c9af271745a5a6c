/* SPDX-License-Identifier: MIT */
/*
 * Peers that are there and say nothing: which of them are asked, and what
 * becomes of them.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "integration/fixture.h"
#include "integration/hostile.h"
#include "lib/pki.h"
#include "rpc/server.h"
#include "wire/frame.h"

enum { PATIENCE_MS = 60000 };

/* ---- at the client ---- */

static void
answer_nothing(struct mwt_hostile *h, struct mwt_raw *peer)
{
    (void) h;
    (void) peer;
}

static mw_client *
open_with(struct mwt_hostile *h, mwt_answer_fn answer,
    const mw_client_options *options)
{
    mw_client *client;
    mw_error error;
    mw_status status;

    mw_client_close(mwt_hostile_begin(h, answer));
    do {
        status = mw_client_open(
            &client, mwi_listener_address(h->listener), options, &error);
        /* A busy machine may keep even the HELLO waiting for too long. */
    } while (status == MW_EUNAVAILABLE);
    cr_assert_eq(status, MW_OK, "%s", error.text);
    return client;
}

/* As a host that has vanished, or a process that has been stopped. */
Test(keepalive, a_server_that_no_longer_answers)
{
    struct mwt_hostile h = { .n_calls = 0 };
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_client *client = open_with(&h, answer_nothing,
        MW_CLIENT(.keepalive_ms = 20, .keepalive_timeout_ms = 30));

    cr_assert_eq(probe_Probe_wait(client, &ctx), MW_EUNAVAILABLE);
    cr_assert_str_eq(mw_ctx_error(&ctx),
        "probe.Probe.wait: the server no longer answers: nothing came for 50 "
        "ms");
    cr_assert_not(ctx.not_run);
    cr_assert_eq(ctx.attempts, 1);
    mwt_hostile_end(&h, client);
    cr_assert_geq(h.n_pings, 1);
}

/* However short the deadlines are of those who wait for it. */
Test(keepalive, short_deadlines)
{
    struct mwt_hostile h = { .n_calls = 0 };
    mw_ctx ctx = MW_CTX(.timeout_ms = 5);
    mw_status status;
    mw_client *client = open_with(&h, answer_nothing,
        MW_CLIENT(.keepalive_ms = 40, .keepalive_timeout_ms = 40));

    do {
        status = probe_Probe_wait(client, &ctx);
    } while (status == MW_ETIMEDOUT);
    cr_assert_eq(status, MW_EUNAVAILABLE, "%s", mw_ctx_error(&ctx));
    mwt_hostile_end(&h, client);
    cr_assert_geq(h.n_pings, 1);
}

enum { PINGS = 4 };

static void
send_small(struct mwt_raw *peer, void (*write)(struct mwi_writer *, uint64_t),
    uint64_t id)
{
    struct mwi_buf frame;
    struct mwi_writer w;
    mw_error ignored;

    mwi_buf_init(&frame, 256);
    cr_assert_eq(mwi_frame_begin(&frame), MW_OK);
    mwi_writer_init(&w, &frame);
    write(&w, id);
    mwi_frame_end(&frame);
    (void) !mwi_channel_send(&peer->channel, &frame, &ignored);
    mwi_buf_fini(&frame);
}

static void
write_empty_reply(struct mwi_writer *w, uint64_t id)
{
    mwi_reply_begin(w, id);
    mwi_write_array(w, 0);
}

/* Answers PINGs, and after some of them the call. */
static void
answer_ping(struct mwt_hostile *h, struct mwt_raw *peer)
{
    send_small(peer, mwi_pong_write, peer->message.id);
    if (h->n_pings == PINGS) {
        send_small(peer, write_empty_reply, 1);
    }
}

/* A handler may take as long as it likes. */
Test(keepalive, a_server_that_takes_its_time)
{
    struct mwt_hostile h = { .on_ping = answer_ping };
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    mw_client *client = open_with(&h, answer_nothing,
        MW_CLIENT(.keepalive_ms = 5, .keepalive_timeout_ms = PATIENCE_MS));

    cr_assert_eq(
        probe_Probe_wait(client, &ctx), MW_OK, "%s", mw_ctx_error(&ctx));
    mwt_hostile_end(&h, client);
    cr_assert_geq(h.n_pings, PINGS);
}

/* ---- at the server ---- */

/* A peer over a unix socket that says what it is told. */
static void
connect_raw(struct mwt_raw *raw, const char *listen, const char *hello)
{
    struct mwi_address address;
    struct mwi_stream *stream;
    mw_error error;

    cr_assert_eq(
        mwi_address_parse(&address, listen, strlen(listen), &error), MW_OK);
    cr_assert_eq(
        mwi_dial(&stream, &address, NULL, mwi_deadline_in(PATIENCE_MS), &error),
        MW_OK, "%s", error.text);
    mwt_raw_open(raw, stream);
    if (hello != NULL) {
        mwt_raw_send_message(raw, hello);
    }
}

#define HELLO         "83 00 01 a0"
#define HELLO_ATTENDS "83 00 01 a1 01 f5"
/* Probe.version() */

#define CALL_VERSION "73 70726f62652e50726f62652e76657273696f6e a0 80"

static void
expect(struct mwt_raw *raw, enum mwi_message_kind kind)
{
    cr_assert(mwt_raw_receive(raw));
    cr_assert_eq(raw->message.kind, kind, "%u: %s",
        (unsigned) raw->message.kind, mwt_raw_text(raw));
}

static void
start(struct mwt_server *s, char listen[160], const mw_server_options *options)
{
    mw_server_options o = *options;

    (void) snprintf(listen, 160, "unix:%s/keepalive", mwt_pki_get()->dir);
    o.listen = listen;
    mwt_server_start(s, &o);
}

static size_t
n_sessions(struct mwt_server *s)
{
    return mwi_roster_count(&s->server->host.roster);
}

static void
await_sessions(struct mwt_server *s, size_t n)
{
    while (n_sessions(s) != n) {
        (void) sched_yield();
    }
}

/* Who says that it answers is asked; others are not. */
Test(keepalive, clients_that_attend)
{
    struct mwt_server s;
    struct mwt_raw attending;
    struct mwt_raw silent;
    struct pollfd fd;
    char listen[160];

    start(&s, listen,
        MW_SERVER(.keepalive_ms = 10, .keepalive_timeout_ms = PATIENCE_MS));
    connect_raw(&silent, listen, HELLO);
    expect(&silent, MWI_HELLO);
    connect_raw(&attending, listen, HELLO_ATTENDS);
    expect(&attending, MWI_HELLO);
    for (int i = 0; i < 5; i++) {
        expect(&attending, MWI_PING);
        send_small(&attending, mwi_pong_write, attending.message.id);
    }
    fd = (struct pollfd){ .fd = silent.channel.fd, .events = POLLIN };
    cr_assert_eq(poll(&fd, 1, 0), 0);
    cr_assert_eq(n_sessions(&s), 2);
    mwt_raw_close(&silent);
    mwt_raw_close(&attending);
    mwt_server_close(&s);
}

Test(keepalive, a_client_that_no_longer_attends)
{
    struct mwt_server s;
    struct mwt_raw raw;
    char listen[160];

    start(
        &s, listen, MW_SERVER(.keepalive_ms = 20, .keepalive_timeout_ms = 30));
    connect_raw(&raw, listen, HELLO_ATTENDS);
    expect(&raw, MWI_HELLO);
    expect(&raw, MWI_PING);
    cr_assert_not(mwt_raw_receive(&raw));
    await_sessions(&s, 0);
    mwt_raw_close(&raw);
    mwt_server_close(&s);
}

/* ---- idle connections ---- */

Test(keepalive, idle)
{
    struct mwt_server s;
    struct mwt_raw raw;
    char listen[160];

    start(&s, listen, MW_SERVER(.idle_ms = 50, .keepalive_timeout_ms = 500));
    connect_raw(&raw, listen, HELLO);
    expect(&raw, MWI_HELLO);
    mwt_raw_send_message(&raw, "85 01 01 " CALL_VERSION);
    expect(&raw, MWI_REPLY);
    expect(&raw, MWI_GOAWAY);
    cr_assert_eq(raw.message.status, MW_EUNAVAILABLE);
    /* One that was under way is refused, in time or without a word. */
    mwt_raw_send_message(&raw, "85 01 02 " CALL_VERSION);
    cr_assert(mwt_raw_receive(&raw));
    if (raw.message.kind == MWI_FAIL) {
        cr_assert_eq(raw.message.status, MW_EUNAVAILABLE);
        cr_assert(raw.message.not_run);
        cr_assert(mwt_raw_receive(&raw));
    }
    cr_assert_eq(raw.message.kind, MWI_GOAWAY);
    cr_assert_eq(raw.message.status, MW_OK);
    cr_assert_not(mwt_raw_receive(&raw));
    await_sessions(&s, 0);
    mwt_raw_close(&raw);
    mwt_server_close(&s);
}

struct caller {
    pthread_t thread;
    mw_client *client;
    mw_status status;
};

static void *
call_wait(void *arg)
{
    struct caller *caller = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);

    caller->status = probe_Probe_wait(caller->client, &ctx);
    return NULL;
}

/* One with a call that runs is not idle, and its client never notices. */
Test(keepalive, not_idle)
{
    struct mwt_server s;
    struct mwt_raw raw;
    struct caller caller;
    mw_error error;
    char listen[160];

    start(&s, listen, MW_SERVER(.idle_ms = 20, .keepalive_timeout_ms = 20));
    cr_assert_eq(mw_client_open(&caller.client, listen, NULL, &error), MW_OK);
    cr_assert_eq(pthread_create(&caller.thread, NULL, call_wait, &caller), 0);
    mwt_gate_wait_inside(&s.gate, 1);
    for (int i = 0; i < 3; i++) {
        connect_raw(&raw, listen, HELLO);
        expect(&raw, MWI_HELLO);
        expect(&raw, MWI_GOAWAY);
        expect(&raw, MWI_GOAWAY);
        cr_assert_not(mwt_raw_receive(&raw));
        mwt_raw_close(&raw);
    }
    mwt_gate_open(&s.gate);
    cr_assert_eq(pthread_join(caller.thread, NULL), 0);
    cr_assert_eq(caller.status, MW_OK);
    await_sessions(&s, 0);
    cr_assert_eq(probe_Probe_wait(caller.client, NULL), MW_OK);
    mw_client_close(caller.client);
    mwt_server_close(&s);
}

/* Calls all the while connections are being closed for being idle. */
Test(keepalive, calls_between_idle_times)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    char listen[160];

    start(&s, listen, MW_SERVER(.idle_ms = 1, .keepalive_timeout_ms = 1));
    cr_assert_eq(mw_client_open(&client, listen, NULL, &error), MW_OK);
    for (int i = 0; i < 200; i++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
        double sum;

        cr_assert_eq(probe_Probe_add(client, &ctx, 1, i, &sum), MW_OK, "%s",
            mw_ctx_error(&ctx));
        if (i % 8 == 0) {
            (void) poll(NULL, 0, i % 5);
        }
    }
    mw_client_close(client);
    mwt_server_close(&s);
}

/* ---- handshakes ---- */

static void *
call_add(void *arg)
{
    struct caller *caller = arg;
    mw_ctx ctx = MW_CTX(.timeout_ms = PATIENCE_MS);
    double sum;

    caller->status = probe_Probe_add(caller->client, &ctx, 1, 2, &sum);
    return NULL;
}

/* Two that say nothing keep others waiting, but no longer than they are there.
 */
Test(keepalive, handshakes)
{
    struct mwt_server s;
    struct mwt_raw silent[2];
    struct caller caller;
    mw_error error;
    char listen[160];

    start(&s, listen,
        MW_SERVER(.handshakes_max = 2, .handshake_ms = PATIENCE_MS));
    for (size_t i = 0; i < 2; i++) {
        connect_raw(&silent[i], listen, NULL);
    }
    cr_assert_eq(
        mw_client_open(&caller.client, listen, MW_CLIENT(.lazy = true), &error),
        MW_OK);
    cr_assert_eq(pthread_create(&caller.thread, NULL, call_add, &caller), 0);
    while (!atomic_load(&s.server->host.wants_room)) {
        (void) sched_yield();
    }
    cr_assert_eq(n_sessions(&s), 2);
    mwt_raw_close(&silent[1]);
    cr_assert_eq(pthread_join(caller.thread, NULL), 0);
    cr_assert_eq(caller.status, MW_OK);
    /* Or one finishes. */
    connect_raw(&silent[1], listen, NULL);
    cr_assert_eq(pthread_create(&caller.thread, NULL, call_add, &caller), 0);
    cr_assert_eq(pthread_join(caller.thread, NULL), 0);
    cr_assert_eq(caller.status, MW_OK);
    mwt_raw_send_message(&silent[0], HELLO);
    expect(&silent[0], MWI_HELLO);
    mw_client_close(caller.client);
    for (size_t i = 0; i < 2; i++) {
        mwt_raw_close(&silent[i]);
    }
    mwt_server_close(&s);
}

/* ---- peers that do not read ---- */

Test(keepalive, a_client_that_does_not_read)
{
    struct mwt_server s;
    struct mwt_raw raw;
    char listen[160];

    start(&s, listen, MW_SERVER(.read_stall_ms = 60));
    /* It takes messages of 16 MiB. */
    connect_raw(&raw, listen, "83 00 01 a1 00 1a 01000000");
    expect(&raw, MWI_HELLO);
    /* fill(8000000) */
    mwt_raw_send_message(
        &raw, "85 01 01 70 70726f62652e50726f62652e66696c6c a0 81 1a 007a1200");
    await_sessions(&s, 0);
    mwt_raw_close(&raw);
    mwt_server_close(&s);
}

/* Bit by bit is all right, however long it takes. */
Test(keepalive, a_client_that_reads_slowly)
{
    struct mwt_server s;
    struct mwt_raw raw;
    char listen[160];
    char bytes[65536];
    size_t total = 0;
    int64_t began = mwi_now();

    start(&s, listen, MW_SERVER(.read_stall_ms = 2000));
    connect_raw(&raw, listen, "83 00 01 a1 00 1a 01000000");
    expect(&raw, MWI_HELLO);
    mwt_raw_send_message(
        &raw, "85 01 01 70 70726f62652e50726f62652e66696c6c a0 81 1a 007a1200");
    while (total < 8000000) {
        size_t n = 0;
        mw_error error;
        enum mwi_io io = mwi_stream_read(
            raw.channel.stream, bytes, sizeof(bytes), &n, &error);

        cr_assert(io == MWI_IO_DONE || io == MWI_IO_WANT_READ);
        total += n;
        if (io == MWI_IO_WANT_READ) {
            cr_assert(mwi_poll_one(
                raw.channel.fd, MWI_POLL_READ, mwi_deadline_in(PATIENCE_MS)));
        } else if (mwi_now() - began < INT64_C(4000000000)) {
            (void) poll(NULL, 0, 50);
        }
    }
    cr_assert_eq(n_sessions(&s), 1);
    mwt_raw_close(&raw);
    mwt_server_close(&s);
}

Test(keepalive, options)
{
    mw_server *server;
    mw_client *client;
    mw_error error;

    cr_assert_eq(
        mw_server_open(&server, MW_SERVER(.keepalive_ms = 86400001), &error),
        MW_EINVAL);
    cr_assert_str_eq(
        error.text, "keepalive_ms is 86400001, may be 1 to 86400000");
    cr_assert_eq(
        mw_client_open(&client, "unix:/x",
            MW_CLIENT(.lazy = true, .keepalive_timeout_ms = UINT32_MAX),
            &error),
        MW_EINVAL);
    cr_assert_str_eq(
        error.text, "keepalive_timeout_ms is 4294967295, may be 1 to 86400000");
}
