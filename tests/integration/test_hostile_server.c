/* SPDX-License-Identifier: MIT */
/*
 * A server that answers what it should not.  The call fails with a text that
 * says why, the caller's object is as it was, and the client goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "integration/hostile.h"
#include "integration/raw.h"
#include "integration/watched.h"
#include "lib/pki.h"
#include "rpc/local.h"

/* What answer_corrupted() does, the user of a hostile server. */
struct corruption {
    struct mwt_server real;   /* whose replies are corrupted */
    struct mwt_raw real_peer; /* a connection to it */
    size_t reply_len;         /* bytes, of its reply */
    size_t at;                /* byte of the reply to change ... */
    uint8_t change;           /* ... by these bits; 0: cut there instead */
};

struct answer {
    const char *hex;
    mw_status status;
    const char *text;
};

/* Answers to probe.Probe.edit(inout Box), call 1 of its connection, with a box
 * of no items and the text "abc". */
static const struct answer answers[] = {
    /* [3, 99, [{}]]: an id never used */
    { "83 03 18 63 81 a0", MW_EPROTO,
        "probe.Probe.edit: an answer to 99, which was never asked" },
    { "83 03 00 81 a0", MW_EPROTO,
        "probe.Probe.edit: malformed message: the id is 0 at byte 2" },
    /* an ACK alone, a PONG */
    { "82 02 01", MW_EPROTO,
        "probe.Probe.edit: the server answered probe.Probe.edit with an ACK "
        "alone" },
    { "82 07 01", MW_EPROTO,
        "probe.Probe.edit: the server answered probe.Probe.edit with a PONG" },
    /* too few, too many results, none at all */
    { "83 03 01 80", MW_EPROTO,
        "probe.Probe.edit: in the reply: probe.Probe.edit returns 1 results, "
        "found 0 at byte 4" },
    { "83 03 01 82 a0 a0", MW_EPROTO,
        "probe.Probe.edit: in the reply: probe.Probe.edit returns 1 results, "
        "found 2 at byte 4" },
    { "82 03 01", MW_EPROTO,
        "probe.Probe.edit: malformed message: message of kind 3 has 2 "
        "elements, needs 3 at byte 3" },
    /* trailing bytes */
    { "83 03 01 81 a0 00", MW_EPROTO,
        "probe.Probe.edit: in the reply: 1 bytes too many at byte 5" },
    /* [3, 1, [7]]: no box */
    { "83 03 01 81 07", MW_EPROTO,
        "probe.Probe.edit: in the reply: box: expected array, found unsigned "
        "integer at byte 4" },
    /* [3, 1, [{99: 0}]]: a member that a later version may have */
    { "83 03 01 81 a1 18 63 00", MW_OK, "success" },
    /* {1: {0: [[1000, 1, "x"]]}}: a splice of text behind its end */
    { "83 03 01 81 a1 01 a1 00 81 83 19 03e8 01 61 78", MW_EPROTO,
        "probe.Probe.edit: in the reply: box.text: splice at 1000 removes 1 of "
        "3 at byte 9" },
    /* {1: {0: [[2, 1, "x"], [1, 1, "x"]]}}: out of order */
    { "83 03 01 81 a1 01 a1 00 82 83 02 01 61 78 83 01 01 61 78", MW_EPROTO,
        "probe.Probe.edit: in the reply: box.text: splice at 1 begins before 3 "
        "at byte 14" },
    /* {2: {1: {0: {1: "x"}}}}: a change to item 0 of none */
    { "83 03 01 81 a1 02 a1 01 a1 00 a1 01 61 78", MW_EPROTO,
        "probe.Probe.edit: in the reply: box.items: element 0 of 0 at byte 9" },
    /* {2: {0: [[0, 4294967295, []]]}}: to remove what is not there */
    { "83 03 01 81 a1 02 a1 00 81 83 00 1a ffffffff 80", MW_EPROTO,
        "probe.Probe.edit: in the reply: box.items: splice at 0 removes "
        "4294967295 of 0 at byte 9" },
    /* {1: "ab\xff"} */
    { "83 03 01 81 a1 01 63 6162ff", MW_EPROTO,
        "probe.Probe.edit: in the reply: box.text: text is not UTF-8 at byte "
        "9" },
    /* {10: "yes"}: no boolean */
    { "83 03 01 81 a1 0a 63 796573", MW_EPROTO,
        "probe.Probe.edit: in the reply: box.sealed: expected boolean, found "
        "text at byte 6" },
    /* {10: true, 10: false}: twice */
    { "83 03 01 81 a2 0a f5 0a f4", MW_EPROTO,
        "probe.Probe.edit: in the reply: box: member 10 after member 10 at "
        "byte 7" },
    /* FAIL with a status that is none, and with success */
    { "84 04 01 39 03e7 62 6869", MW_EUNKNOWN, "probe.Probe.edit: hi" },
    { "84 04 01 00 62 6869", MW_EUNKNOWN, "probe.Probe.edit: hi" },
    /* an exception that the operation does not raise */
    { "85 04 01 38 1f 60 a1 01 82 61 78 80", MW_EEXCEPTION,
        "probe.Probe.edit: raised x" },
    /* malformed message */
    { "83 03 01", MW_EPROTO,
        "probe.Probe.edit: malformed message: array of 3 items is truncated at "
        "byte 0" },
};

Test(hostile_server, answers)
{
    struct mwt_hostile h = { .reply = NULL };
    mw_client *client = mwt_hostile_begin(&h, mwt_answer_hex);

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct mwt_watched w;
        mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
        mw_error error;

        h.reply = answers[i].hex;
        memset(&w, 0, sizeof(w));
        w.box.text = strdup("abc");
        mwt_watch(&w);
        cr_expect_eq(probe_Probe_edit(client, &ctx, &w.box), answers[i].status,
            "%zu: %s", i, mw_status_name(ctx.error.status));
        cr_expect_str_eq(mw_ctx_error(&ctx), answers[i].text, "%zu: got %s", i,
            mw_ctx_error(&ctx));
        mwt_assert_untouched(&w);
        cr_expect_null(ctx.exception);
        cr_expect(ctx.stats.bytes_received == 0 || answers[i].status == MW_OK);
        mw_ctx_clear(&ctx);
        mwt_unwatch(&w);
        /* A connection of its own for each: its calls begin at 1. */
        mw_client_close(client);
        cr_assert_eq(mw_client_open(&client, mwi_listener_address(h.listener),
                         MW_CLIENT(.lazy = true), &error),
            MW_OK);
    }
    cr_assert_eq(h.n_calls, sizeof(answers) / sizeof(answers[0]));
    mwt_hostile_end(&h, client);
}

/* Send a message, whatever it is. */
static void
send_message(struct mwt_raw *raw, const uint8_t *bytes, size_t len,
    size_t change_at, uint8_t change)
{
    struct mwi_buf frame;

    mwi_buf_init(&frame, 1 << 24);
    cr_assert_eq(mwi_frame_begin(&frame), MW_OK);
    cr_assert_eq(mwi_buf_append(&frame, bytes, len), MW_OK);
    if (change_at < len) {
        frame.data[MWI_FRAME_HEAD_MAX + change_at] ^= change;
    }
    mwi_frame_end(&frame);
    mwt_raw_send(raw, mwi_buf_bytes(&frame), mwi_buf_len(&frame));
    mwi_buf_fini(&frame);
}

/* A real server's REPLY, with one byte changed or cut short.  The frame around
 * it is good, so the connection lives. */
static void
answer_corrupted(struct mwt_hostile *h, struct mwt_raw *peer)
{
    struct corruption *c = h->user;
    struct mwt_raw *real = &c->real_peer;
    size_t len;

    send_message(real, peer->bytes, peer->len, SIZE_MAX, 0);
    cr_assert(mwt_raw_receive(real));
    cr_assert_eq(real->message.kind, MWI_REPLY);
    c->reply_len = real->len;
    len = c->change == 0 && c->at < real->len ? c->at : real->len;
    send_message(peer, real->bytes, len, c->at, c->change);
}

static void
open_real(struct corruption *c)
{
    struct mwi_stream *stream;
    mw_error error;

    mwt_server_start(&c->real, MW_SERVER(.threads_max = 2));
    cr_assert_eq(mwi_server_connect(c->real.server, &stream, &error), MW_OK);
    mwt_raw_open(&c->real_peer, stream);
    mwt_raw_send_message(&c->real_peer, "83 00 01 a1 00 1a 00ffffff");
    cr_assert(mwt_raw_receive(&c->real_peer));
    cr_assert_eq(c->real_peer.message.kind, MWI_HELLO);
}

/* One call with a corrupted answer.  Returns whether it failed. */
static bool
call_corrupted(mw_client *client, uint64_t seed)
{
    struct mwt_watched w;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    mw_status status;

    mwt_watch_random(&w, seed);
    status = probe_Probe_edit(client, &ctx, &w.box);
    if (status < 0) {
        mwt_assert_untouched(&w);
    } else {
        char *text = probe_Box_text(&w.box); /* walks all of it */

        cr_assert_not_null(text);
        free(text);
    }
    mw_ctx_clear(&ctx);
    mwt_unwatch(&w);
    return status < 0;
}

Test(hostile_server, reply_corrupted_at_each_byte)
{
    static const uint8_t changes[] = { 0, 0x01, 0x20, 0x80, 0xff };
    struct corruption c = { .at = SIZE_MAX };
    struct mwt_hostile h = { .user = &c };
    mw_client *client = mwt_hostile_begin(&h, answer_corrupted);
    size_t n_failed = 0;
    size_t n = 0;

    open_real(&c);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        c.at = SIZE_MAX;
        cr_assert_not(call_corrupted(client, seed), "not even whole");
        for (c.at = 0; c.at < c.reply_len; c.at++) {
            for (size_t i = 0; i < sizeof(changes); i++) {
                c.change = changes[i];
                n_failed += call_corrupted(client, seed);
                n++;
            }
        }
    }
    cr_log_info("%zu of %zu corrupted replies refused", n_failed, n);
    cr_assert_gt(n, 1000);
    cr_assert_gt(n_failed, n / 4);
    mwt_hostile_end(&h, client);
    mwt_raw_close(&c.real_peer);
    mwt_server_close(&c.real);
}

/* Answers to the call before, which has timed out, and then to this one. */
static void
answer_late(struct mwt_hostile *h, struct mwt_raw *peer)
{
    static const char *const hex[] = { "", "83 03 01 81 63 6f6c64",
        "83 03 02 81 63 6e6577" }; /* "old", "new" */

    if (h->n_calls == 2) {
        mwt_raw_send_message(peer, hex[1]);
        mwt_raw_send_message(peer, hex[2]);
    }
}

Test(hostile_server, late_reply_is_dropped)
{
    struct mwt_hostile h = { .reply = NULL };
    mw_client *client = mwt_hostile_begin(&h, answer_late);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20);
    char *text = NULL;

    do {
        cr_assert_eq(
            probe_Probe_echo(client, &ctx, "old", &text), MW_ETIMEDOUT);
    } while (ctx.attempts == 0); /* to connect took too long */
    ctx.timeout_ms = 20000;
    cr_assert_eq(probe_Probe_echo(client, &ctx, "new", &text), MW_OK);
    cr_assert_str_eq(text, "new");
    free(text);
    mwt_hostile_end(&h, client);
}

/* PING, an unknown kind, a CALL to the client, and then the answer. */
static void
answer_chatty(struct mwt_hostile *h, struct mwt_raw *peer)
{
    uint64_t id = peer->message.id;

    (void) h;
    mwt_raw_send_message(peer, "82 06 07");
    cr_assert(mwt_raw_receive(peer));
    cr_assert_eq(peer->message.kind, MWI_PONG);
    cr_assert_eq(peer->message.id, 7);
    mwt_raw_send_message(peer, "82 18 63 80");
    mwt_raw_send_message(peer, "85 01 05 61 78 a0 80");
    cr_assert(mwt_raw_receive(peer));
    cr_assert_eq(peer->message.kind, MWI_FAIL);
    cr_assert_eq(peer->message.status, MW_EUNIMPLEMENTED);
    cr_assert_eq(id, 1);
    mwt_raw_send_message(peer, "84 03 01 81 62 6f6b 00");
}

Test(hostile_server, client_answers_what_it_must)
{
    struct mwt_hostile h = { .reply = NULL };
    mw_client *client = mwt_hostile_begin(&h, answer_chatty);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    char *text = NULL;

    cr_assert_eq(probe_Probe_echo(client, &ctx, "x", &text), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_str_eq(text, "ok");
    free(text);
    mwt_hostile_end(&h, client);
}

static void
answer_goaway(struct mwt_hostile *h, struct mwt_raw *peer)
{
    static const mw_error gone = { .status = MW_EUNAVAILABLE };

    mwt_raw_send_message(peer, h->reply);
    mwi_channel_close(&peer->channel, &gone);
}

static void
answer_garbage(struct mwt_hostile *h, struct mwt_raw *peer)
{
    mwt_raw_send_hex(peer, h->reply);
}

struct end {
    mwt_answer_fn answer;
    const char *hello;
    const char *reply;
    mw_status status;
    const char *text;
};

/* What ends the connection. */
static const struct end ends[] = {
    { answer_goaway, NULL, "83 08 38 21 63 627965", MW_EPROTO,
        "probe.Probe.echo: the server closed the connection: bye" },
    { answer_goaway, NULL, "82 18 63 80", MW_EUNAVAILABLE,
        "probe.Probe.echo: the server closed the connection" },
    { answer_garbage, NULL, "16 03 01", MW_EPROTO,
        "probe.Probe.echo: the peer sent 0x16 where a frame should begin" },
    { answer_garbage, NULL, "5b 0000000100000000", MW_EPROTO,
        "probe.Probe.echo: the peer sent a message of 4294967296 bytes, the "
        "limit is 16777216" },
    { mwt_answer_hex, NULL, "81 61 61", MW_EPROTO,
        "probe.Probe.echo: malformed message: expected unsigned integer, "
        "found text at byte 1" },
    { mwt_answer_hex, "83 00 02 a0", "80", MW_EPROTO,
        "probe.Probe.echo: the server speaks version 2, this client version "
        "1" },
};

Test(hostile_server, ends)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct mwt_hostile h = { .reply = ends[i].reply,
            .hello = ends[i].hello };
        mw_client *client = mwt_hostile_begin(&h, ends[i].answer);
        mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
        char *text = NULL;

        for (size_t again = 0; again < 2; again++) {
            cr_expect_eq(probe_Probe_echo(client, &ctx, "x", &text),
                ends[i].status, "%zu: %s", i, mw_status_name(ctx.error.status));
            cr_expect_str_eq(mw_ctx_error(&ctx), ends[i].text, "%zu: got %s", i,
                mw_ctx_error(&ctx));
            cr_expect_null(text);
        }
        mwt_hostile_end(&h, client);
    }
}
