/* SPDX-License-Identifier: MIT */
/*
 * Messages through a channel, whole and in order; the limits on what is
 * received and on what waits to be sent; when buffers are there; when the
 * owner is told to poll for writing.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "unit/wire/sides.h"

enum {
    MESSAGE_MAX = 1 << 20,
    OUT_MAX = 1 << 20,
    SMALL_IN = 32 << 10, /* bytes that a channel may hold for a short message */
};

/* ---- messages ---- */

Test(wire_channel, messages_of_every_length)
{
    static const size_t lens[] = { 0, 1, 22, 23, 24, 25, 255, 256, 257, 5000,
        16383, 16384, 16385, 50000, 65535, 65536, 65537, 100000 };
    struct sides sides;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        side_send(&sides.a, i, lens[i]);
        side_send(&sides.b, i + 1000, lens[i] / 2);
        side_expect(&sides.b, i, lens[i]);
        side_expect(&sides.a, i + 1000, lens[i] / 2);
    }
    side_expect_nothing(&sides.a);
    side_expect_nothing(&sides.b);
    sides_close(&sides);
}

/* Many messages that arrive with one read, and one that arrives in parts. */
Test(wire_channel, many_messages_at_once)
{
    enum { N = 1000 };
    struct sides sides;
    mw_error error;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    sides.a.valve->n_writable = 0;
    for (unsigned i = 0; i < N; i++) {
        side_send(&sides.a, i, i % 60);
    }
    sides.a.valve->n_writable = SIZE_MAX;
    cr_assert_eq(mwi_channel_flush(&sides.a.channel, &error), MWI_IO_DONE);
    for (unsigned i = 0; i < N; i++) {
        side_expect(&sides.b, i, i % 60);
    }
    side_expect_nothing(&sides.b);
    sides_close(&sides);
}

Test(wire_channel, a_message_byte_by_byte)
{
    enum { LEN = 300 };
    uint8_t frame[3 + LEN] = { 0x59, LEN >> 8, LEN & 0xff };
    struct sides sides;

    message_fill(frame + 3, LEN, 1);
    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    for (size_t i = 0; i < sizeof(frame); i++) {
        side_expect_nothing(&sides.b);
        side_write_raw(&sides.a, frame + i, 1);
    }
    side_expect(&sides.b, 1, LEN);
    side_expect_nothing(&sides.b);
    sides_close(&sides);
}

/* Receive what is there; messages are numbered, and as long as that. */
static unsigned
drain(struct side *side, unsigned next)
{
    const uint8_t *bytes;
    mw_error error;
    size_t len;

    while (side_receive(side, &bytes, &len, &error) == MWI_IO_DONE) {
        cr_assert_eq(len, next);
        cr_assert(message_is(bytes, len, next));
        next++;
    }
    return next;
}

/* Frames go out in the order of the calls, also those that had to wait. */
Test(wire_channel, what_waits_stays_in_order)
{
    enum { N = 200, STEPS_MAX = 100000 };
    struct sides sides;
    mw_error error = { 0 };
    unsigned n_got = 0;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    for (unsigned i = 0; i < N; i++) {
        /* The valve opens a little now and then, within and between frames. */
        sides.a.valve->n_writable = i % 3 == 0 ? i % 40 : 0;
        side_send(&sides.a, i, i);
    }
    for (size_t step = 0; n_got < N && step < STEPS_MAX; step++) {
        sides.a.valve->n_writable = step % 50;
        (void) mwi_channel_flush(&sides.a.channel, &error);
        n_got = drain(&sides.b, n_got);
    }
    cr_assert_eq(n_got, (unsigned) N);
    sides_close(&sides);
}

/* A message stays where it is until the next call. */
Test(wire_channel, the_view)
{
    const uint8_t *bytes;
    struct sides sides;
    mw_error error;
    size_t len;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    side_send(&sides.a, 1, 10);
    side_send(&sides.a, 2, 20);
    cr_assert_eq(mwi_channel_fill(&sides.b.channel, &error), MWI_IO_DONE);
    cr_assert_eq(
        mwi_channel_next(&sides.b.channel, &bytes, &len, &error), MWI_IO_DONE);
    side_send(&sides.b, 9, 90); /* others may send meanwhile */
    cr_assert(len == 10 && message_is(bytes, len, 1));
    cr_assert_eq(
        mwi_channel_next(&sides.b.channel, &bytes, &len, &error), MWI_IO_DONE);
    cr_assert(len == 20 && message_is(bytes, len, 2));
    cr_assert_eq(mwi_channel_next(&sides.b.channel, &bytes, &len, &error),
        MWI_IO_WANT_READ);
    sides_close(&sides);
}

Test(wire_channel, peer)
{
    const mw_error why = { .status = MW_EABORTED };
    struct sides sides;
    mw_peer peer;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    mwi_channel_peer(&sides.a.channel, &peer);
    cr_assert_str_eq(peer.address, "local:");
    mwi_channel_close(&sides.a.channel, &why);
    mwi_channel_peer(&sides.a.channel, &peer);
    cr_assert_str_empty(peer.address);
    cr_assert_str_empty(peer.name);
    sides_close(&sides);
}

/* ---- what is refused of a peer ---- */

static void
expect_refusal(
    const void *bytes, size_t len, size_t message_max, const char *text)
{
    const uint8_t *message;
    struct sides sides;
    mw_error error = { 0 };
    size_t message_len;

    sides_open(&sides, message_max, OUT_MAX);
    side_send(&sides.a, 1, 5);
    side_write_raw(&sides.a, bytes, len);
    side_expect(&sides.b, 1, 5);  /* what came before is not lost */
    for (int i = 0; i < 2; i++) { /* nor is it another time */
        cr_assert_eq(side_receive(&sides.b, &message, &message_len, &error),
            MWI_IO_FAILED);
        cr_assert_eq(error.status, MW_EPROTO);
        cr_assert_str_eq(error.text, text, "%s", error.text);
    }
    cr_assert_leq(sides.b.channel.in.cap, SMALL_IN);
    sides_close(&sides);
}

Test(wire_channel, what_is_no_frame)
{
    for (unsigned initial = 0; initial <= UINT8_MAX; initial++) {
        uint8_t bytes[2] = { (uint8_t) initial, 0x40 };
        char text[64];

        if (initial >= 0x40 && initial <= 0x5b) {
            continue;
        }
        (void) snprintf(text, sizeof(text),
            "the peer sent 0x%02x where a frame should begin", initial);
        expect_refusal(bytes, sizeof(bytes), MESSAGE_MAX, text);
    }
}

/* By the length announced, before any of it is there. */
Test(wire_channel, too_long)
{
    static const uint8_t len_24[] = { 0x58, 24 };
    static const uint8_t len_1001[] = { 0x59, 0x03, 0xe9 };
    static const uint8_t len_huge[] = { 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff };
    static const uint8_t len_4g[] = { 0x5a, 0xff, 0xff, 0xff, 0xff, 1, 2, 3 };

    expect_refusal(len_24, sizeof(len_24), 23,
        "the peer sent a message of 24 bytes, the limit is 23");
    expect_refusal(len_1001, sizeof(len_1001), 1000,
        "the peer sent a message of 1001 bytes, the limit is 1000");
    expect_refusal(len_4g, sizeof(len_4g), MESSAGE_MAX,
        "the peer sent a message of 4294967295 bytes, the limit is 1048576");
    expect_refusal(len_huge, sizeof(len_huge), MESSAGE_MAX,
        "the peer sent a message of 18446744073709551615 bytes, the limit is "
        "1048576");
}

/* All of it is there already: refused no less. */
Test(wire_channel, one_byte_too_long)
{
    const uint8_t *bytes;
    struct sides sides;
    mw_error error;
    size_t len;

    for (size_t max = 0; max < 1000; max = max * 2 + 1) {
        sides_open(&sides, max, OUT_MAX);
        side_send(&sides.a, 1, max);
        side_send(&sides.a, 2, max + 1);
        side_expect(&sides.b, 1, max);
        cr_assert_eq(
            side_receive(&sides.b, &bytes, &len, &error), MWI_IO_FAILED);
        cr_assert_eq(error.status, MW_EPROTO);
        sides_close(&sides);
    }
}

/* A peer that announces much and sends little gets little memory. */
Test(wire_channel, an_announcement_costs_no_memory)
{
    static const uint8_t head[] = { 0x5a, 0x40, 0, 0, 0 }; /* 2^30 */
    static const uint8_t some[1000];
    struct sides sides;
    size_t n_sent = sizeof(head);

    sides_open(&sides, 1 << 30, OUT_MAX);
    side_write_raw(&sides.a, head, sizeof(head));
    for (unsigned i = 0; i < 500; i++) {
        side_expect_nothing(&sides.b);
        /* Room for one read, and doubling. */
        cr_assert_leq(sides.b.channel.in.cap, 2 * n_sent + (512 << 10));
        side_write_raw(&sides.a, some, sizeof(some));
        n_sent += sizeof(some);
    }
    sides_close(&sides);
}

/* ---- what waits to be sent ---- */

Test(wire_channel, out_max_is_exact)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, 100);
    sides.a.valve->n_writable = 0;
    side_send(&sides.a, 1, 50 - 2);
    side_send(&sides.a, 2, 50 - 2);
    cr_assert_eq(mwi_buf_len(&sides.a.channel.out), 100);
    cr_assert_eq(side_try_send(&sides.a, 3, 0, &error), MW_EEXHAUSTED);
    cr_assert_eq(error.status, MW_EEXHAUSTED);
    cr_assert_str_eq(
        error.text, "the peer does not read: 100 bytes wait to be written");
    /* It is closed, and its memory free. */
    cr_assert_null(sides.a.channel.out.data);
    memset(&error, 0, sizeof(error));
    cr_assert_eq(side_try_send(&sides.a, 4, 0, &error), MW_EEXHAUSTED);
    cr_assert_str_eq(
        error.text, "the peer does not read: 100 bytes wait to be written");
    cr_assert_eq(mwi_channel_fill(&sides.a.channel, &error), MWI_IO_FAILED);
    cr_assert_eq(error.status, MW_EEXHAUSTED);
    sides_close(&sides);
}

/* With the buffers of the system between. */
Test(wire_channel, a_peer_that_does_not_read)
{
    enum { LEN = 1000, LIMIT = 10000 };
    const uint8_t *bytes;
    struct sides sides;
    mw_error error = { 0 };
    unsigned n_sent = 0;
    unsigned n_got = 0;
    size_t len;
    enum mwi_io io;

    sides_open(&sides, MESSAGE_MAX, LIMIT);
    while (side_try_send(&sides.a, n_sent, LEN, &error) == MW_OK) {
        cr_assert_leq(mwi_buf_len(&sides.a.channel.out), LIMIT);
        n_sent++;
    }
    cr_assert_eq(error.status, MW_EEXHAUSTED);
    /* What the system had taken arrives; then it ends, most likely within a
     * message. */
    while (
        (io = side_receive(&sides.b, &bytes, &len, &error)) != MWI_IO_FAILED) {
        if (io == MWI_IO_CLOSED) {
            break;
        }
        if (io == MWI_IO_DONE) {
            cr_assert(len == LEN && message_is(bytes, len, n_got));
            n_got++;
        }
    }
    cr_assert_leq(n_got, n_sent);
    if (io == MWI_IO_FAILED) {
        cr_assert_eq(error.status, MW_EUNAVAILABLE);
        cr_assert_str_eq(
            error.text, "the peer closed the connection within a message");
    }
    sides_close(&sides);
}

/* ---- want_write ---- */

static void
assert_told(const struct side *side, unsigned n_wanted, unsigned n_unwanted)
{
    cr_assert_eq(side->n_wanted, n_wanted);
    cr_assert_eq(side->n_unwanted, n_unwanted);
    cr_assert_not(side->is_told_twice);
}

Test(wire_channel, told_when_something_waits)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    for (unsigned i = 0; i < 10; i++) {
        sides.a.valve->n_writable = 1000;
        side_send(&sides.a, 3 * i, 100);
        assert_told(&sides.a, i, i);
        sides.a.valve->n_writable = i; /* within the head, or behind it */
        side_send(&sides.a, 3 * i + 1, 100);
        assert_told(&sides.a, i + 1, i);
        side_send(&sides.a, 3 * i + 2, 100);
        assert_told(&sides.a, i + 1, i);
        cr_assert_eq(
            mwi_channel_flush(&sides.a.channel, &error), MWI_IO_WANT_WRITE);
        sides.a.valve->n_writable = 150;
        cr_assert_eq(
            mwi_channel_flush(&sides.a.channel, &error), MWI_IO_WANT_WRITE);
        assert_told(&sides.a, i + 1, i);
        sides.a.valve->n_writable = SIZE_MAX;
        cr_assert_eq(mwi_channel_flush(&sides.a.channel, &error), MWI_IO_DONE);
        assert_told(&sides.a, i + 1, i + 1);
        cr_assert_eq(mwi_channel_flush(&sides.a.channel, &error), MWI_IO_DONE);
        assert_told(&sides.a, i + 1, i + 1);
    }
    for (unsigned i = 0; i < 30; i++) {
        side_expect(&sides.b, i, 100);
    }
    sides_close(&sides);
}

/* With TLS, reading and shaking hands may need to write. */
Test(wire_channel, told_when_reading_must_write)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    sides.a.valve->handshake_stop = MWI_IO_WANT_WRITE;
    cr_assert_eq(
        mwi_channel_handshake(&sides.a.channel, &error), MWI_IO_WANT_WRITE);
    assert_told(&sides.a, 1, 0);
    cr_assert_eq(
        mwi_channel_handshake(&sides.a.channel, &error), MWI_IO_WANT_WRITE);
    assert_told(&sides.a, 1, 0);
    sides.a.valve->handshake_stop = MWI_IO_WANT_READ;
    cr_assert_eq(
        mwi_channel_handshake(&sides.a.channel, &error), MWI_IO_WANT_READ);
    assert_told(&sides.a, 1, 1);
    sides.a.valve->handshake_stop = MWI_IO_DONE;
    cr_assert_eq(mwi_channel_handshake(&sides.a.channel, &error), MWI_IO_DONE);

    sides.a.valve->read_stop = MWI_IO_WANT_WRITE;
    cr_assert_eq(mwi_channel_fill(&sides.a.channel, &error), MWI_IO_WANT_WRITE);
    assert_told(&sides.a, 2, 1);
    sides.a.valve->read_stop = MWI_IO_DONE;
    cr_assert_eq(mwi_channel_flush(&sides.a.channel, &error), MWI_IO_DONE);
    assert_told(&sides.a, 2, 2);
    sides_close(&sides);
}

/* Nobody is told anything once the channel is closed: its descriptor may no
 * longer be polled. */
Test(wire_channel, not_told_once_closed)
{
    const mw_error why = { .status = MW_EABORTED };
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    sides.a.valve->n_writable = 0;
    side_send(&sides.a, 1, 10);
    assert_told(&sides.a, 1, 0);
    mwi_channel_close(&sides.a.channel, &why);
    (void) mwi_channel_flush(&sides.a.channel, &error);
    (void) mwi_channel_handshake(&sides.a.channel, &error);
    (void) mwi_channel_fill(&sides.a.channel, &error);
    cr_assert_lt(side_try_send(&sides.a, 2, 10, &error), 0);
    assert_told(&sides.a, 1, 0);
    sides_close(&sides);
}

/* A client does without. */
Test(wire_channel, nobody_to_tell)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    sides.a.channel.want_write = NULL;
    sides.a.valve->n_writable = 3;
    side_send(&sides.a, 1, 10);
    sides.a.valve->n_writable = SIZE_MAX;
    cr_assert_eq(mwi_channel_flush(&sides.a.channel, &error), MWI_IO_DONE);
    side_expect(&sides.b, 1, 10);
    sides_close(&sides);
}

/* ---- memory ---- */

Test(wire_channel, an_idle_channel_holds_no_buffers)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    cr_assert_null(sides.a.channel.in.data);
    for (unsigned i = 0; i < 3; i++) {
        sides.a.valve->n_writable = 10;
        side_send(&sides.a, i, 60000);
        cr_assert_not_null(sides.a.channel.out.data);
        sides.a.valve->n_writable = SIZE_MAX;
        cr_assert_eq(mwi_channel_flush(&sides.a.channel, &error), MWI_IO_DONE);
        cr_assert_null(sides.a.channel.out.data);
        side_expect(&sides.b, i, 60000);
        side_expect_nothing(&sides.b);
        cr_assert_null(sides.b.channel.in.data);
        cr_assert_null(sides.b.channel.out.data);
    }
    sides_close(&sides);
}
