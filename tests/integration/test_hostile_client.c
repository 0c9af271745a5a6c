/* SPDX-License-Identifier: MIT */
/*
 * A client that sends what it should not.  Each thing gets one clear answer;
 * other calls of the connection, if it lives, and other connections go on.
 *
 * The comments give the messages in diagnostic notation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "integration/raw.h"
#include "lib/prng.h"
#include "rpc/local.h"

#define HELLO "83 00 01 a0" /* [0, 1, {}] */

struct scene {
    struct mwt_server s;
    mw_client *bystander;
    struct mwt_raw raw;
};

static void
enter(struct scene *c)
{
    mw_error error;
    struct mwi_stream *stream;

    cr_assert_eq(mwi_server_connect(c->s.server, &stream, &error), MW_OK);
    mwt_raw_open(&c->raw, stream);
    cr_assert(mwt_raw_receive(&c->raw));
    cr_assert_eq(c->raw.message.kind, MWI_HELLO);
}

static void
begin(struct scene *c, const mw_server_options *options)
{
    mwt_server_start(&c->s, options);
    c->bystander = mwt_local_client(&c->s);
    enter(c);
}

static void
assert_bystander_served(struct scene *c)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    char *text = NULL;

    cr_assert_eq(probe_Probe_echo(c->bystander, &ctx, "still here", &text),
        MW_OK, "%s", mw_ctx_error(&ctx));
    free(text);
}

static void
end(struct scene *c)
{
    assert_bystander_served(c);
    mwt_raw_close(&c->raw);
    mw_client_close(c->bystander);
    mwt_server_close(&c->s);
    cr_assert_eq(c->s.status, MW_OK, "%s", c->s.error.text);
}

static void
assert_fail(struct scene *c, uint64_t id, mw_status status, const char *text)
{
    cr_assert(mwt_raw_receive(&c->raw), "closed, expected: %s", text);
    cr_assert_eq(c->raw.message.kind, MWI_FAIL);
    cr_assert_eq(c->raw.message.id, id);
    cr_assert_str_eq(mwt_raw_text(&c->raw), text);
    cr_assert_eq(
        c->raw.message.status, status, "%s: %d", text, c->raw.message.status);
    cr_assert(c->raw.message.not_run);
}

static void
assert_goaway(struct scene *c, mw_status status, const char *text)
{
    cr_assert(mwt_raw_receive(&c->raw), "closed, expected: %s", text);
    cr_assert_eq(c->raw.message.kind, MWI_GOAWAY);
    cr_assert_str_eq(mwt_raw_text(&c->raw), text);
    cr_assert_eq(c->raw.message.status, status);
    cr_assert_not(mwt_raw_receive(&c->raw), "not closed");
}

/* [1, 9, "probe.Probe.echo", {}, ["ok"]] */
#define CALL_ECHO "85 01 09 70 70726f62652e50726f62652e6563686f a0 81 62 6f6b"

static void
assert_echo_works(struct scene *c)
{
    size_t len;

    mwt_raw_send_message(&c->raw, CALL_ECHO);
    cr_assert(mwt_raw_receive(&c->raw));
    cr_assert_eq(c->raw.message.kind, MWI_REPLY);
    cr_assert_eq(c->raw.message.id, 9);
    cr_assert_eq(mwi_read_array(&c->raw.reader), 1);
    cr_assert_eq(memcmp(mwi_read_text(&c->raw.reader, &len), "ok", 2), 0);
}

/* "probe.Probe.echo", "probe.Probe.add", "probe.Probe.note" */
#define ECHO     "70 70726f62652e50726f62652e6563686f"
#define ADD      "6f 70726f62652e50726f62652e616464"
#define NOTE     "70 70726f62652e50726f62652e6e6f7465"
#define EXCHANGE "74 70726f62652e50726f62652e65786368616e6765"

struct bad_call {
    const char *hex;
    mw_status status;
    const char *text;
};

/* Wrong within their frame: a FAIL for the call alone. */
static const struct bad_call bad_calls[] = {
    /* [1, 5, "probe.Probe.echo", {}, []] */
    { "85 01 05" ECHO "a0 80", MW_EINVAL,
        "probe.Probe.echo takes 1 arguments, found 0 at byte 21" },
    /* ... ["a", "b"]] */
    { "85 01 05" ECHO "a0 82 6161 6162", MW_EINVAL,
        "probe.Probe.echo takes 1 arguments, found 2 at byte 21" },
    /* ... [7]] */
    { "85 01 05" ECHO "a0 81 07", MW_EINVAL,
        "text: expected text, found unsigned integer at byte 22" },
    /* ... ["\xff"]] */
    { "85 01 05" ECHO "a0 81 61 ff", MW_EINVAL,
        "text: text is not UTF-8 at byte 23" },
    /* ... a map in place of the arguments */
    { "85 01 05" ECHO "a0 a0", MW_EINVAL,
        "expected array, found map at byte 21" },
    /* trailing byte behind the message */
    { "85 01 05" ECHO "a0 81 6161 00", MW_EINVAL,
        "1 bytes too many at byte 24" },
    /* cut short */
    { "85 01 05" ECHO "a0 81 63 6161", MW_EINVAL,
        "text: truncated at byte 22" },
    /* indefinite length */
    { "85 01 05" ECHO "a0 9f 6161 ff", MW_EINVAL,
        "indefinite length at byte 21" },
    /* more items than bytes */
    { "85 01 05" ECHO "a0 9a 7fffffff 6161", MW_EINVAL,
        "array of 2147483647 items is truncated at byte 21" },
    /* meta that is no map */
    { "85 01 05" ECHO "80 81 6161", MW_EPROTO,
        "expected map, found array at byte 20" },
    /* no meta */
    { "83 01 05" ECHO, MW_EPROTO, "expected map, found the end at byte 20" },
    /* target that is neither text nor number */
    { "85 01 05 f6 a0 81 6161", MW_EPROTO,
        "expected text or unsigned integer, found null at byte 3" },
    /* unknown odd meta key 11 */
    { "85 01 05" ECHO "a1 0b f5 81 6161", MW_EUNIMPLEMENTED,
        "the server does not know meta key 11" },
    /* number that is not bound */
    { "85 01 05 18 63 a0 81 6161", MW_EUNIMPLEMENTED,
        "no operation is bound to number 99" },
    /* one-way: refused, not acknowledged */
    { "85 01 05" NOTE "a0 81 07", MW_EINVAL,
        "text: expected text, found unsigned integer at byte 22" },
    /* integers are no floats: [1, 5, "probe.Probe.add", {}, [1, 2]] */
    { "85 01 05" ADD "a0 82 01 02", MW_EINVAL,
        "a: expected floating-point number, found unsigned integer at byte "
        "21" },
};

Test(hostile_client, bad_calls)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2));
    mwt_raw_send_message(&c.raw, HELLO);
    for (size_t i = 0; i < sizeof(bad_calls) / sizeof(bad_calls[0]); i++) {
        const struct bad_call *bad = &bad_calls[i];

        mwt_raw_send_message(&c.raw, bad->hex);
        cr_assert(mwt_raw_receive(&c.raw), "closed after %zu", i);
        cr_expect_eq(c.raw.message.kind, MWI_FAIL);
        cr_expect_eq(c.raw.message.id, 5);
        cr_expect_str_eq(mwt_raw_text(&c.raw), bad->text, "%zu: got %s", i,
            mwt_raw_text(&c.raw));
        cr_expect_eq(c.raw.message.status, bad->status, "%zu: %s", i,
            mw_status_name(c.raw.message.status));
        cr_expect(c.raw.message.not_run);
        assert_echo_works(&c);
    }
    end(&c);
}

/* 100 arrays within each other, where a text should be, and where a later
 * version might have something. */
Test(hostile_client, deep_calls)
{
    static const char *const starts[] = { "85 01 05" ECHO "a0 81",
        "86 01 05" ECHO "a0 81 6161" };
    static const char *const texts[] = {
        "text: expected text, found array at byte 22",
        "nested deeper than 64 levels at byte 87"
    };
    static const mw_status statuses[] = { MW_EINVAL, MW_ERANGE };
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2));
    mwt_raw_send_message(&c.raw, HELLO);
    for (size_t i = 0; i < 2; i++) {
        char hex[512];
        size_t len = (size_t) snprintf(hex, sizeof(hex), "%s", starts[i]);

        for (size_t depth = 0; depth < 100; depth++) {
            len += (size_t) snprintf(hex + len, sizeof(hex) - len, "81");
        }
        (void) snprintf(hex + len, sizeof(hex) - len, "00");
        mwt_raw_send_message(&c.raw, hex);
        assert_fail(&c, 5, statuses[i], texts[i]);
        assert_echo_works(&c);
    }
    end(&c);
}

struct bad_message {
    const char *hex;
    mw_status status;
    const char *text;
};

/* What breaks the protocol itself: GOAWAY and the end. */
static const struct bad_message bad_messages[] = {
    /* [3, 4, []]: an answer to nothing */
    { "83 03 04 80", MW_EPROTO, "an answer to 4, which was never asked" },
    { "82 02 04", MW_EPROTO, "an answer to 4, which was never asked" },
    { "82 07 04", MW_EPROTO, "an answer to 4, which was never asked" },
    /* no array, an empty one, no kind */
    { "00", MW_EPROTO,
        "malformed message: expected array, found unsigned integer at byte "
        "0" },
    { "80", MW_EPROTO,
        "malformed message: expected unsigned integer, found the end at byte "
        "1" },
    { "81 61 61", MW_EPROTO,
        "malformed message: expected unsigned integer, found text at byte 1" },
    { "", MW_EPROTO,
        "malformed message: expected array, found the end at byte 0" },
    /* PING without a number, with a text, with trailing bytes */
    { "81 06", MW_EPROTO,
        "malformed message: expected unsigned integer, found the end at byte "
        "2" },
    { "82 06 61 61", MW_EPROTO,
        "malformed message: expected unsigned integer, found text at byte 2" },
    { "82 06 01 00", MW_EPROTO,
        "malformed message: 1 bytes too many at byte 3" },
    /* CALL and PING number 0 */
    { "85 01 00" ECHO "a0 81 6161", MW_EPROTO,
        "malformed message: the id is 0 at byte 2" },
    { "82 06 00", MW_EPROTO, "malformed message: the id is 0 at byte 2" },
    /* CALL without an id */
    { "81 01", MW_EPROTO,
        "malformed message: expected unsigned integer, found the end at byte "
        "2" },
    /* unknown kind that is not well-formed */
    { "82 18 63 1c", MW_EPROTO,
        "malformed message: reserved additional information at byte 3" },
    /* HELLO of another version */
    { "83 00 02 a0", MW_EUNIMPLEMENTED,
        "the peer speaks version 2, this server version 1" },
};

Test(hostile_client, bad_messages)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2));
    for (size_t i = 0; i < sizeof(bad_messages) / sizeof(bad_messages[0]);
         i++) {
        const struct bad_message *bad = &bad_messages[i];

        mwt_raw_send_message(&c.raw, HELLO);
        assert_echo_works(&c);
        mwt_raw_send_message(&c.raw, bad->hex);
        cr_assert(mwt_raw_receive(&c.raw), "closed after %zu", i);
        cr_expect_eq(c.raw.message.kind, MWI_GOAWAY);
        cr_expect_str_eq(mwt_raw_text(&c.raw), bad->text, "%zu: got %s", i,
            mwt_raw_text(&c.raw));
        cr_expect_eq(c.raw.message.status, bad->status);
        cr_assert_not(mwt_raw_receive(&c.raw), "%zu: not closed", i);
        mwt_raw_close(&c.raw);
        assert_bystander_served(&c);
        enter(&c);
    }
    end(&c);
}

Test(hostile_client, no_hello)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2));
    mwt_raw_send_message(&c.raw, CALL_ECHO);
    assert_goaway(&c, MW_EPROTO, "the first message is no HELLO");
    end(&c);
}

Test(hostile_client, silent)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2, .handshake_ms = 20));
    cr_assert_not(mwt_raw_receive(&c.raw), "not closed");
    end(&c);
}

Test(hostile_client, no_frames)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2));
    mwt_raw_send_message(&c.raw, HELLO);
    mwt_raw_send(&c.raw, "\x16\x03\x01", 3); /* TLS, in plaintext */
    assert_goaway(
        &c, MW_EPROTO, "the peer sent 0x16 where a frame should begin");
    end(&c);
}

Test(hostile_client, frame_over_the_limit)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2, .message_max = 100000));
    mwt_raw_send_message(&c.raw, HELLO);
    mwt_raw_send_hex(&c.raw, "5a 000186a1"); /* 100,001 bytes follow, it says */
    assert_goaway(&c, MW_EPROTO,
        "the peer sent a message of 100001 bytes, the limit is 100000");
    mwt_raw_close(&c.raw);
    enter(&c);
    mwt_raw_send_message(&c.raw, HELLO);
    mwt_raw_send_hex(&c.raw, "5b ffffffffffffffff");
    assert_goaway(&c, MW_EPROTO,
        "the peer sent a message of 18446744073709551615 bytes, the limit is "
        "100000");
    end(&c);
}

Test(hostile_client, what_may_be_sent)
{
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2));
    /* [0, 1, {0: 70000, 9: "x"}, "more"] */
    mwt_raw_send_message(
        &c.raw, "84 00 01 a2 00 1a00011170 09 6178 646d6f7265");
    assert_echo_works(&c);
    /* Unknown kinds, CANCEL, GOAWAY: ignored. */
    mwt_raw_send_message(&c.raw, "82 18 63 81 f6");
    mwt_raw_send_message(&c.raw, "82 05 01");
    mwt_raw_send_message(&c.raw, "83 08 00 60");
    assert_echo_works(&c);
    /* Unknown even meta key, extra elements. */
    mwt_raw_send_message(
        &c.raw, "86 01 03" ECHO "a2 08 f6 00 19ffff 81 6161 80");
    cr_assert(mwt_raw_receive(&c.raw));
    cr_assert_eq(c.raw.message.kind, MWI_REPLY);
    cr_assert_eq(c.raw.message.id, 3);
    /* PING */
    mwt_raw_send_message(&c.raw, "82 06 18 2a");
    cr_assert(mwt_raw_receive(&c.raw));
    cr_assert_eq(c.raw.message.kind, MWI_PONG);
    cr_assert_eq(c.raw.message.id, 42);
    /* Binding, again, and to something else: [1, 3, echo, {3: 7}, ["a"]] */
    mwt_raw_send_message(&c.raw, "85 01 03" ECHO "a1 03 07 81 6161");
    cr_assert(mwt_raw_receive(&c.raw));
    cr_assert_eq(c.raw.message.kind, MWI_REPLY);
    mwt_raw_send_message(&c.raw, "85 01 03 07 a1 03 07 81 6161");
    cr_assert(mwt_raw_receive(&c.raw));
    cr_assert_eq(c.raw.message.kind, MWI_REPLY);
    mwt_raw_send_message(&c.raw, "85 01 03" NOTE "a1 03 07 81 6161");
    assert_fail(
        &c, 3, MW_EINVAL, "number 7 is bound to probe.Probe.echo already");
    end(&c);
}

/* Arguments of few bytes that would fill the memory. */
Test(hostile_client, memory_bomb)
{
    struct scene c;
    struct mwi_buf buf;
    struct mwi_writer w;

    begin(&c, MW_SERVER(.threads_max = 2, .memory_max = 1 << 20));
    mwt_raw_send_message(&c.raw, HELLO);
    mwi_buf_init(&buf, 1 << 20);
    cr_assert_eq(mwi_frame_begin(&buf), MW_OK);
    mwi_writer_init(&w, &buf);
    mwi_call_begin(&w, 5,
        &(struct mwi_call_head){
            .target = { "probe.Probe.edit", 16 }, .timeout_ms = UINT64_MAX });
    mwi_write_array(&w, 1);
    mwi_write_array(&w, 3); /* label, text, items */
    mwi_write_text(&w, "", 0);
    mwi_write_text(&w, "", 0);
    mwi_write_array(&w, 50000);
    for (size_t i = 0; i < 50000; i++) {
        mwi_write_array(&w, 0); /* an Item of nothing but defaults */
    }
    cr_assert(mwi_writer_ok(&w));
    mwi_frame_end(&buf);
    mwt_raw_send(&c.raw, mwi_buf_bytes(&buf), mwi_buf_len(&buf));
    mwi_buf_fini(&buf);
    cr_assert(mwt_raw_receive(&c.raw));
    cr_assert_eq(c.raw.message.kind, MWI_FAIL);
    cr_log_info("%s", mwt_raw_text(&c.raw));
    cr_assert_eq(c.raw.message.status, MW_ERANGE);
    assert_echo_works(&c);
    end(&c);
}

/* A valid call with each byte changed: an answer or the end, and nobody else
 * notices. */
Test(hostile_client, each_byte_changed)
{
    struct scene c;
    struct mwt_prng prng = mwt_prng_seeded("each_byte_changed");
    static const uint8_t call[] = { 0x58, 0x1d, 0x85, 0x01, 0x09, 0x70, 'p',
        'r', 'o', 'b', 'e', '.', 'P', 'r', 'o', 'b', 'e', '.', 'e', 'c', 'h',
        'o', 0xa1, 0x00, 0x19, 0xff, 0xff, 0x81, 0x62, 'o', 'k' };

    begin(&c, MW_SERVER(.threads_max = 2));
    for (size_t at = 0; at < sizeof(call); at++) {
        for (size_t i = 0; i < 8; i++) {
            uint8_t bytes[sizeof(call)];

            mwt_raw_send_message(&c.raw, HELLO);
            memcpy(bytes, call, sizeof(call));
            bytes[at] = (uint8_t) mwt_next(&prng);
            mwt_raw_send(&c.raw, bytes, sizeof(bytes));
            /* No CALL may be left unanswered; a frame grown longer swallows
             * what follows, so end the conversation with something that
             * breaks it either way. */
            mwt_raw_send(&c.raw, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
            mwi_stream_shutdown(c.raw.channel.stream);
            while (mwt_raw_receive(&c.raw)) {
                continue;
            }
            mwt_raw_close(&c.raw);
            enter(&c);
        }
    }
    end(&c);
}

/* A client that sends calls and never reads: the server stops reading its
 * calls, and serves the others. */
Test(hostile_client, does_not_read)
{
    struct scene c;
    struct mwi_buf buf;
    mw_error error;
    enum { CALLS = 300, SIZE = 65536 };

    begin(&c, MW_SERVER(.threads_max = 2));
    mwt_raw_send_message(&c.raw, HELLO);
    for (size_t i = 0; i < CALLS; i++) {
        struct mwi_writer w;

        mwi_buf_init(&buf, SIZE);
        cr_assert_eq(mwi_frame_begin(&buf), MW_OK);
        mwi_writer_init(&w, &buf);
        mwi_call_begin(&w, i + 1,
            &(struct mwi_call_head){ .target = { "probe.Probe.fill", 16 },
                .timeout_ms = UINT64_MAX });
        mwi_write_array(&w, 1);
        mwi_write_uint(&w, SIZE - 100);
        mwi_frame_end(&buf);
        cr_assert_eq(mwi_channel_send(&c.raw.channel, &buf, &error), MW_OK);
        mwi_buf_fini(&buf);
    }
    for (size_t i = 0; i < 100; i++) {
        assert_bystander_served(&c);
    }
    /* Once it reads, all is there. */
    for (size_t i = 0; i < CALLS; i++) {
        (void) mwi_channel_flush(&c.raw.channel, &error);
        cr_assert(mwt_raw_receive(&c.raw), "only %zu answers", i);
        cr_assert_eq(c.raw.message.kind, MWI_REPLY);
    }
    end(&c);
}
