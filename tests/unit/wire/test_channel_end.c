/* SPDX-License-Identifier: MIT */
/*
 * How channels end: closed by us, by the peer, within a message or behind it,
 * or broken.
 */
#include <pthread.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "net/poller.h"
#include "unit/wire/sides.h"

enum {
    MESSAGE_MAX = 1 << 20,
    OUT_MAX = 1 << 20,
    WAIT_MS = 20000, /* a test that waits longer has failed */
};

/* Nothing can be sent, for this reason. */
static void
assert_mute(struct side *side, mw_status status, const char *text)
{
    mw_error error;

    memset(&error, 0, sizeof(error));
    cr_assert_eq(side_try_send(side, 1, 10, &error), status);
    cr_assert_eq(error.status, status);
    cr_assert_str_eq(error.text, text);
    memset(&error, 0, sizeof(error));
    cr_assert_eq(mwi_channel_flush(&side->channel, &error), MWI_IO_FAILED);
    cr_assert_eq(error.status, status);
    cr_assert_str_eq(error.text, text);
    cr_assert_null(side->channel.out.data);
}

/* Nothing can be sent or received, for this reason. */
static void
assert_closed(struct side *side, mw_status status, const char *text)
{
    const uint8_t *bytes;
    mw_error error;
    size_t len;

    assert_mute(side, status, text);
    memset(&error, 0, sizeof(error));
    cr_assert_eq(mwi_channel_handshake(&side->channel, &error), MWI_IO_FAILED);
    cr_assert_eq(error.status, status);
    cr_assert_str_eq(error.text, text);
    memset(&error, 0, sizeof(error));
    cr_assert_eq(mwi_channel_fill(&side->channel, &error), MWI_IO_FAILED);
    cr_assert_eq(error.status, status);
    cr_assert_str_eq(error.text, text);
    cr_assert_eq(mwi_channel_next(&side->channel, &bytes, &len, &error),
        MWI_IO_WANT_READ);
    cr_assert_null(side->channel.in.data);
}

static void
expect_end(struct side *side, enum mwi_io expected, const char *text)
{
    const uint8_t *bytes;
    mw_error error = { 0 };
    size_t len;
    enum mwi_io io = MWI_IO_WANT_READ;

    for (int i = 0; i < 3 && io == MWI_IO_WANT_READ; i++) {
        io = side_receive(side, &bytes, &len, &error);
    }
    cr_assert_eq(io, expected, "%d: %s", (int) io, error.text);
    if (io == MWI_IO_FAILED) {
        cr_assert_eq(error.status, MW_EUNAVAILABLE);
        cr_assert_str_eq(error.text, text, "%s", error.text);
    }
}

/* ---- by us ---- */

Test(wire_channel_end, closed_with_a_reason)
{
    const mw_error why = { .status = MW_ETIMEDOUT, .text = "too slow" };
    const mw_error later = { .status = MW_EABORTED, .text = "too late" };
    struct sides sides;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    side_send(&sides.a, 1, 10);
    mwi_channel_close(&sides.a.channel, &why);
    assert_closed(&sides.a, MW_ETIMEDOUT, "too slow");
    mwi_channel_close(&sides.a.channel, &later); /* the first one stays */
    assert_closed(&sides.a, MW_ETIMEDOUT, "too slow");
    side_expect(&sides.b, 1, 10);
    expect_end(&sides.b, MWI_IO_CLOSED, "");
    sides_close(&sides);
}

/* The end in good order is no success for who sends later. */
Test(wire_channel_end, closed_without_a_fault)
{
    const mw_error why = { .status = MW_OK, .text = "the peer said goodbye" };
    struct sides sides;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    mwi_channel_close(&sides.a.channel, &why);
    assert_closed(&sides.a, MW_EUNAVAILABLE, "the peer said goodbye");
    sides_close(&sides);
}

/* What was read before stays to be had; what waits to be sent goes. */
Test(wire_channel_end, closed_with_messages_at_hand)
{
    const mw_error why = { .status = MW_EABORTED, .text = "enough" };
    struct sides sides;
    mw_error error;

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    side_send(&sides.b, 1, 10);
    side_send(&sides.b, 2, 20);
    cr_assert_eq(mwi_channel_fill(&sides.a.channel, &error), MWI_IO_DONE);
    sides.a.valve->n_writable = 0;
    side_send(&sides.a, 3, 30);
    mwi_channel_close(&sides.a.channel, &why);
    cr_assert_null(sides.a.channel.out.data);
    side_expect(&sides.a, 1, 10);
    side_expect(&sides.a, 2, 20);
    assert_closed(&sides.a, MW_EABORTED, "enough");
    expect_end(&sides.b, MWI_IO_CLOSED, "");
    sides_close(&sides);
}

/* ---- by the peer ---- */

Test(wire_channel_end, closed_behind_a_message)
{
    const mw_error why = { .status = MW_EABORTED };
    struct sides sides;

    for (unsigned n = 0; n < 3; n++) {
        sides_open(&sides, MESSAGE_MAX, OUT_MAX);
        for (unsigned i = 0; i < n; i++) {
            side_send(&sides.a, i, 10);
        }
        mwi_channel_close(&sides.a.channel, &why);
        for (unsigned i = 0; i < n; i++) {
            side_expect(&sides.b, i, 10);
        }
        expect_end(&sides.b, MWI_IO_CLOSED, "");
        expect_end(&sides.b, MWI_IO_CLOSED, ""); /* and stays so */
        sides_close(&sides);
    }
}

/* Cut at every byte of its head and message. */
Test(wire_channel_end, closed_within_a_message)
{
    enum { LEN = 300, HEAD = 3 };
    const mw_error why = { .status = MW_EABORTED };

    for (size_t cut = 1; cut < HEAD + LEN; cut++) {
        struct sides sides;

        sides_open(&sides, MESSAGE_MAX, OUT_MAX);
        side_send(&sides.a, 1, 10);
        sides.a.valve->n_writable = cut;
        side_send(&sides.a, 2, LEN);
        mwi_channel_close(&sides.a.channel, &why);
        side_expect(&sides.b, 1, 10);
        expect_end(&sides.b, MWI_IO_FAILED,
            "the peer closed the connection within a message");
        sides_close(&sides);
    }
}

/* ---- broken ---- */

/* A write that fails, at once or when it is flushed, ends the writing.  What
 * the peer has sent can still be read, and then comes the end. */
Test(wire_channel_end, a_write_fails)
{
    static const struct {
        enum mwi_io how;
        const char *text;
    } cases[] = {
        { MWI_IO_FAILED, "the valve has failed" },
        { MWI_IO_CLOSED, "the peer closed the connection" },
    };
    const mw_error why = { .status = MW_EABORTED, .text = "over" };

    for (unsigned i = 0; i < 4; i++) {
        bool is_flushed = i / 2 != 0;
        struct sides sides;
        mw_error error = { 0 };

        sides_open(&sides, MESSAGE_MAX, OUT_MAX);
        side_send(&sides.b, 7, 70);
        sides.a.valve->n_writable = 5;
        if (is_flushed) {
            side_send(&sides.a, 1, 10);
        }
        sides.a.valve->write_stop = cases[i % 2].how;
        if (is_flushed) {
            cr_assert_eq(
                mwi_channel_flush(&sides.a.channel, &error), MWI_IO_FAILED);
        } else {
            cr_assert_eq(
                side_try_send(&sides.a, 1, 10, &error), MW_EUNAVAILABLE);
        }
        cr_assert_eq(error.status, MW_EUNAVAILABLE);
        cr_assert_str_eq(error.text, cases[i % 2].text);
        assert_mute(&sides.a, MW_EUNAVAILABLE, cases[i % 2].text);
        side_expect(&sides.a, 7, 70);
        expect_end(&sides.a, MWI_IO_CLOSED, "");
        mwi_channel_close(&sides.a.channel, &why);
        assert_closed(&sides.a, MW_EABORTED, "over");
        sides_close(&sides);
    }
}

/* Behind what waits nothing is written, so only the flush finds out. */
Test(wire_channel_end, a_broken_stream_is_found_by_the_flush)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    sides.a.valve->n_writable = 0;
    side_send(&sides.a, 1, 10);
    sides.a.valve->write_stop = MWI_IO_FAILED;
    side_send(&sides.a, 2, 10);
    cr_assert_eq(mwi_channel_flush(&sides.a.channel, &error), MWI_IO_FAILED);
    assert_mute(&sides.a, MW_EUNAVAILABLE, "the valve has failed");
    sides_close(&sides);
}

/* A read that fails says so; the channel can still be written to. */
Test(wire_channel_end, a_read_fails)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    sides.a.valve->read_stop = MWI_IO_FAILED;
    cr_assert_eq(mwi_channel_fill(&sides.a.channel, &error), MWI_IO_FAILED);
    cr_assert_eq(error.status, MW_EUNAVAILABLE);
    cr_assert_str_eq(error.text, "the valve has failed");
    side_send(&sides.a, 1, 10);
    side_expect(&sides.b, 1, 10);
    sides_close(&sides);
}

/* A peer that is gone altogether is an error, and no SIGPIPE. */
Test(wire_channel_end, the_peer_is_gone)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    mwi_stream_close(sides.b.channel.stream);
    cr_assert_eq(side_try_send(&sides.a, 1, 10, &error), MW_EUNAVAILABLE);
    cr_assert_str_eq(error.text, "writing failed: Broken pipe");
    assert_mute(&sides.a, MW_EUNAVAILABLE, "writing failed: Broken pipe");
    expect_end(&sides.a, MWI_IO_CLOSED, "");
    mwi_channel_fini(&sides.a.channel);
}

/* ---- whoever polls is woken ---- */

struct poll_job {
    struct side *side;
    bool is_woken;
    enum mwi_io io;
    mw_error error;
};

static void *
poll_and_fill(void *arg)
{
    struct poll_job *job = arg;

    job->is_woken = mwi_poll_one(
        job->side->channel.fd, MWI_POLL_READ, mwi_deadline_in(WAIT_MS));
    job->io = mwi_channel_fill(&job->side->channel, &job->error);
    return NULL;
}

Test(wire_channel_end, close_wakes_a_poll_in_another_thread)
{
    const mw_error why = { .status = MW_ECANCELLED, .text = "stopped" };

    for (unsigned i = 0; i < 100; i++) {
        struct sides sides;
        struct poll_job job = { .side = &sides.a };
        pthread_t thread;

        sides_open(&sides, MESSAGE_MAX, OUT_MAX);
        cr_assert_eq(pthread_create(&thread, NULL, poll_and_fill, &job), 0);
        mwi_channel_close(&sides.a.channel, &why);
        cr_assert_eq(pthread_join(thread, NULL), 0);
        cr_assert(job.is_woken);
        cr_assert_eq(job.io, MWI_IO_FAILED);
        cr_assert_eq(job.error.status, MW_ECANCELLED);
        cr_assert_str_eq(job.error.text, "stopped");
        sides_close(&sides);
    }
}
