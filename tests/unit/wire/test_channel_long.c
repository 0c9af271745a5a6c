/* SPDX-License-Identifier: MIT */
/*
 * Long messages: frames whose pieces are written from where they are, and
 * messages whose payload is received apart.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "codec/cbor.h"
#include "unit/wire/sides.h"

enum {
    MESSAGE_MAX = 1 << 20,
    OUT_MAX = 1 << 20,
    LEN_MAX = 300000,
};

/* ---- pieces ---- */

/* Send message number i with every other part of it as a piece. */
static mw_status
try_send_pieces(struct side *side, unsigned i, size_t len, mw_error *reterr)
{
    static const size_t parts[] = { 7, 70000, 1, 65536, 100, 5 };
    uint8_t *bytes = malloc(len + 1);
    struct mwi_gather gather;
    struct mwi_buf frame;
    mw_status status;
    size_t done = 0;

    cr_assert_not_null(bytes);
    message_fill(bytes, len, i);
    mwi_gather_init(&gather);
    mwi_buf_init(&frame, SIZE_MAX);
    status = mwi_frame_begin(&frame);
    for (size_t p = 0; status == MW_OK && done < len; p++) {
        size_t n = parts[(i + p) % 6];

        n = n < len - done ? n : len - done;
        if (p % 2 == 0 || !mwi_gather_note(&gather, &frame, bytes + done, n)) {
            status = mwi_buf_append(&frame, bytes + done, n);
        }
        done += n;
    }
    if (status == MW_OK) {
        mwi_frame_end_gathered(&frame, &gather);
        status =
            mwi_channel_send_gathered(&side->channel, &frame, &gather, reterr);
    }
    /* Nothing of it is needed any more. */
    memset(bytes, 0xff, len);
    free(bytes);
    mwi_gather_fini(&gather);
    mwi_buf_fini(&frame);
    return status;
}

static void
send_pieces(struct side *side, unsigned i, size_t len)
{
    mw_error error = { 0 };

    cr_assert_eq(
        try_send_pieces(side, i, len, &error), MW_OK, "%s", error.text);
}

static void
deliver(struct sides *sides, unsigned i, size_t len)
{
    mw_error error = { 0 };
    const uint8_t *bytes;
    size_t got;
    enum mwi_io io;

    do {
        io = mwi_channel_flush(&sides->a.channel, &error);
        cr_assert_neq(io, MWI_IO_FAILED, "%s", error.text);
        io = side_receive(&sides->b, &bytes, &got, &error);
    } while (io == MWI_IO_WANT_READ);
    cr_assert_eq(io, MWI_IO_DONE, "%s", error.text);
    cr_assert_eq(got, len);
    cr_assert(message_is(bytes, got, i));
}

/* Through a stream that takes what it likes, and when. */
Test(wire_channel_long, pieces_go_out_in_parts)
{
    static const size_t lens[] = { 1, 7, 8, 70007, 70008, 135600, LEN_MAX };

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct mwt_faults faults = {
            .seed = seed,
            .chunk_max = seed % 2 == 0 ? 1000 : 100000,
            .wait_percent = seed % 3 == 0 ? 0 : 30,
        };
        struct sides sides;

        sides_open_faulty(&sides, MESSAGE_MAX, OUT_MAX, &faults, &faults);
        for (unsigned i = 0; i < 7; i++) {
            send_pieces(&sides.a, i, lens[i]);
            deliver(&sides, i, lens[i]);
        }
        sides_close(&sides);
    }
}

/* Those that wait go first; those that are handed over meanwhile, behind. */
Test(wire_channel_long, pieces_keep_their_place_among_frames)
{
    static const size_t taken[] = { 0, 1, 5, 100, 70000, 70100, SIZE_MAX };
    struct mwi_buf frame;
    mw_error error;

    for (unsigned t = 0; t < 7; t++) {
        struct sides sides;

        sides_open(&sides, MESSAGE_MAX, OUT_MAX);
        mwi_buf_init(&frame, SIZE_MAX);
        cr_assert_eq(mwi_frame_begin(&frame), MW_OK);
        mwi_frame_end(&frame);
        cr_assert_eq(mwi_channel_put(&sides.a.channel, &frame, &error), MW_OK);
        mwi_buf_fini(&frame);
        sides.a.valve->n_writable = taken[t];
        send_pieces(&sides.a, 1, 150000);
        send_pieces(&sides.a, 2, 80000);
        side_send(&sides.a, 3, 10);
        sides.a.valve->n_writable = SIZE_MAX;
        deliver(&sides, 0, 0);
        deliver(&sides, 1, 150000);
        deliver(&sides, 2, 80000);
        deliver(&sides, 3, 10);
        sides_close(&sides);
    }
}

Test(wire_channel_long, pieces_count_for_out_max)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, 200000);
    sides.a.valve->n_writable = 0;
    send_pieces(&sides.a, 1, 100000 - 5);
    send_pieces(&sides.a, 2, 100000 - 5);
    cr_assert_eq(mwi_buf_len(&sides.a.channel.out), 200000);
    cr_assert_eq(try_send_pieces(&sides.a, 3, 80000, &error), MW_EEXHAUSTED);
    cr_assert_null(sides.a.channel.out.data);
    sides_close(&sides);
}

Test(wire_channel_long, every_allocation_of_pieces_may_fail)
{
    bool failed = true;

    for (uint64_t n = 1; failed; n++) {
        struct sides sides;
        mw_error error = { 0 };
        mw_status status;

        sides_open(&sides, MESSAGE_MAX, OUT_MAX);
        sides.a.valve->n_writable = 71000;
        mwi_mem_fail_at(n);
        status = try_send_pieces(&sides.a, 1, 200000, &error);
        failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        if (status == MW_OK) {
            sides.a.valve->n_writable = SIZE_MAX;
            deliver(&sides, 1, 200000);
        } else {
            cr_assert(failed);
            cr_assert_eq(status, MW_ENOMEM);
        }
        sides_close(&sides);
    }
}

/* ---- payloads apart ---- */

/* [1, 2, payload, 3, 4, ...] as bytes of a frame; those behind the payload are
 * many enough to come with reads of their own. */
static struct mwi_buf
long_frame(size_t len, size_t n_behind)
{
    struct mwi_buf frame;
    struct mwi_writer w;
    uint8_t *payload = malloc(len);

    cr_assert_not_null(payload);
    message_fill(payload, len, 9);
    mwi_buf_init(&frame, SIZE_MAX);
    cr_assert_eq(mwi_frame_begin(&frame), MW_OK);
    mwi_writer_init(&w, &frame);
    mwi_write_array(&w, 3 + n_behind);
    mwi_write_uint(&w, 1);
    mwi_write_text(&w, "text", 4);
    mwi_write_bytes(&w, payload, len);
    for (size_t i = 0; i < n_behind; i++) {
        mwi_write_uint(&w, 3);
    }
    cr_assert(mwi_writer_ok(&w));
    mwi_frame_end(&frame);
    free(payload);
    return frame;
}

/* Read such a message with whatever is apart. */
static void
check_message(struct mwi_channel *channel, const uint8_t *bytes, size_t n,
    size_t len, size_t n_behind)
{
    struct mwi_apart *apart = mwi_channel_apart(channel);
    const uint8_t *payload;
    struct mwi_reader r;
    size_t got;

    mwi_reader_init(&r, bytes, n, 4);
    mwi_reader_set_apart(&r, apart);
    cr_assert_eq(mwi_read_array(&r), 3 + n_behind);
    cr_assert_eq(mwi_read_uint(&r), 1);
    mwi_skip(&r);
    payload = mwi_read_bytes(&r, &got);
    cr_assert_eq(got, len);
    cr_assert(message_is(payload, len, 9));
    for (size_t i = 0; i < n_behind; i++) {
        cr_assert_eq(mwi_read_uint(&r), 3);
    }
    mwi_leave(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK, "%s", r.error.text);
}

static void
receive_long(struct sides *sides, size_t len, size_t n_behind, bool *ret_apart)
{
    mw_error error = { 0 };
    const uint8_t *bytes;
    size_t n;
    enum mwi_io io;

    do {
        io = mwi_channel_flush(&sides->a.channel, &error);
        cr_assert_neq(io, MWI_IO_FAILED, "%s", error.text);
        io = side_receive(&sides->b, &bytes, &n, &error);
    } while (io == MWI_IO_WANT_READ);
    cr_assert_eq(io, MWI_IO_DONE, "%s", error.text);
    *ret_apart = mwi_channel_apart(&sides->b.channel)->bytes != NULL;
    check_message(&sides->b.channel, bytes, n, len, n_behind);
}

Test(wire_channel_long, payloads_come_apart)
{
    static const size_t lens[] = { 65535, 65536, 131072, 500000, 3000000 };
    static const size_t behinds[] = { 0, 1, 40000, 200000 };

    for (uint64_t i = 0; i < 40; i++) {
        struct mwt_faults faults = {
            .seed = i,
            .chunk_max = i % 2 == 0 ? 0 : 20000,
            .wait_percent = i < 20 ? 0 : 20,
        };
        size_t len = lens[i % 5];
        size_t n_behind = behinds[i / 5 % 4];
        struct sides sides;
        mw_error error;

        sides_open_faulty(&sides, 4 << 20, 16 << 20, &faults, &faults);
        sides.b.channel.splits = true;
        for (int k = 0; k < 3; k++) {
            struct mwi_buf frame = long_frame(len, n_behind);
            bool is_apart;

            cr_assert_eq(
                mwi_channel_put(&sides.a.channel, &frame, &error), MW_OK);
            mwi_buf_fini(&frame);
            receive_long(&sides, len, n_behind, &is_apart);
            if (i < 20 && len >= 131072) {
                cr_assert(is_apart);
            }
            if (len < 65536) {
                cr_assert_not(is_apart);
            }
        }
        side_expect_nothing(&sides.b);
        sides_close(&sides);
    }
}

/* The block, and the bytes, may be kept; the next message is not touched. */
Test(wire_channel_long, payloads_can_be_taken)
{
    struct mwi_apart apart;
    struct mwi_buf kept;
    struct sides sides;
    bool is_apart;

    sides_open(&sides, 4 << 20, 16 << 20);
    sides.b.channel.splits = true;
    for (int k = 0; k < 3; k++) {
        struct mwi_buf frame = long_frame(200000, k == 1 ? 100000 : 3);
        mw_error error;

        cr_assert_eq(mwi_channel_send(&sides.a.channel, &frame, &error), MW_OK);
        mwi_buf_fini(&frame);
        receive_long(&sides, 200000, k == 1 ? 100000 : 3, &is_apart);
        mwi_channel_take_apart(&sides.b.channel, &apart);
        cr_assert(!is_apart || message_is(apart.bytes, apart.len, 9));
        mwi_buf_init(&kept, SIZE_MAX);
        (void) mwi_channel_take(&sides.b.channel, &kept);
        mwi_buf_fini(&kept);
        mwi_apart_fini(&apart);
    }
    side_send(&sides.a, 5, 100);
    side_expect(&sides.b, 5, 100);
    sides_close(&sides);
}

/* What is said of lengths costs nothing, whatever it is; the rest never
 * comes. */
Test(wire_channel_long, an_announced_payload_costs_no_memory)
{
    static const uint8_t head[] = { 0x5a, 0x40, 0, 0, 0, 0x5a, 0x30, 0, 0, 0 };
    static const uint8_t some[1000];
    struct sides sides;
    size_t n_sent = sizeof(head);

    sides_open(&sides, 1 << 30, OUT_MAX);
    sides.b.channel.splits = true;
    side_write_raw(&sides.a, head, sizeof(head));
    for (unsigned i = 0; i < 3000; i++) {
        side_expect_nothing(&sides.b);
        cr_assert_leq(sides.b.channel.apart_cap, 16 * n_sent + (1 << 20));
        side_write_raw(&sides.a, some, sizeof(some));
        n_sent += sizeof(some);
    }
    cr_assert_not_null(sides.b.channel.apart.bytes);
    sides_close(&sides);
}

/* A string that is said to be longer than its frame is left to the reader, as
 * is one that is all there. */
Test(wire_channel_long, a_payload_beyond_its_frame_is_none)
{
    static const uint8_t head[] = { 0x5a, 0, 0x02, 0, 0, 0x5a, 0, 0x01, 0xff,
        0xfc };
    static uint8_t rest[0x20000];
    struct sides sides;
    mw_error error;
    const uint8_t *bytes;
    size_t len;

    sides_open(&sides, 1 << 20, OUT_MAX);
    sides.b.channel.splits = true;
    side_write_raw(&sides.a, head, sizeof(head));
    side_expect_nothing(&sides.b);
    cr_assert_null(sides.b.channel.apart.bytes);
    side_write_raw(&sides.a, rest, sizeof(rest) - 5);
    cr_assert_eq(side_receive(&sides.b, &bytes, &len, &error), MWI_IO_DONE);
    cr_assert_eq(len, sizeof(rest));
    sides_close(&sides);
}

Test(wire_channel_long, an_end_within_a_payload)
{
    struct mwi_buf frame = long_frame(200000, 0);
    struct sides sides;
    mw_error error;
    const uint8_t *bytes;
    size_t len;

    sides_open(&sides, 1 << 20, OUT_MAX);
    sides.b.channel.splits = true;
    side_write_raw(&sides.a, mwi_buf_bytes(&frame), 100000);
    side_expect_nothing(&sides.b);
    mwi_channel_close(&sides.a.channel, &(mw_error){ .status = MW_OK });
    cr_assert_eq(side_receive(&sides.b, &bytes, &len, &error), MWI_IO_FAILED);
    cr_assert_str_eq(
        error.text, "the peer closed the connection within a message");
    mwi_buf_fini(&frame);
    sides_close(&sides);
}

Test(wire_channel_long, every_allocation_of_a_payload_may_fail)
{
    bool failed = true;

    for (uint64_t n = 1; failed; n++) {
        struct mwi_buf frame = long_frame(3000000, 2);
        struct sides sides;
        mw_error error = { 0 };
        const uint8_t *bytes;
        size_t len;
        enum mwi_io io;

        sides_open(&sides, 4 << 20, 16 << 20);
        sides.b.channel.splits = true;
        cr_assert_eq(mwi_channel_send(&sides.a.channel, &frame, &error), MW_OK);
        mwi_mem_fail_at(n);
        do {
            (void) mwi_channel_flush(&sides.a.channel, &error);
            io = side_receive(&sides.b, &bytes, &len, &error);
        } while (io == MWI_IO_WANT_READ);
        failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        if (io == MWI_IO_DONE) {
            check_message(&sides.b.channel, bytes, len, 3000000, 2);
        } else {
            cr_assert(failed);
            cr_assert_eq(error.status, MW_ENOMEM);
        }
        mwi_buf_fini(&frame);
        sides_close(&sides);
    }
}

/* Whatever the heads say, the rest is read as what it then is, or refused. */
Test(wire_channel_long, any_bit_of_the_heads_may_be_wrong)
{
    enum { HEADS = 5 + 1 + 1 + 5 + 5 };

    for (unsigned bit = 0; bit < 8 * HEADS; bit++) {
        struct mwi_buf frame = long_frame(150000, 3);
        struct sides sides;
        mw_error error;
        const uint8_t *bytes;
        size_t len;

        frame.data[frame.start + bit / 8] ^= (uint8_t) (1 << bit % 8);
        sides_open(&sides, 1 << 20, 1 << 20);
        sides.b.channel.splits = true;
        side_write_raw(&sides.a, mwi_buf_bytes(&frame), 50000);
        side_write_raw(&sides.a, mwi_buf_bytes(&frame) + 50000,
            mwi_buf_len(&frame) - 50000);
        mwi_channel_close(&sides.a.channel, &(mw_error){ .status = MW_OK });
        while (side_receive(&sides.b, &bytes, &len, &error) == MWI_IO_DONE) {
            struct mwi_reader r;

            mwi_reader_init(&r, bytes, len, 4);
            mwi_reader_set_apart(&r, mwi_channel_apart(&sides.b.channel));
            mwi_skip(&r);
            (void) mwi_reader_finish(&r);
        }
        mwi_buf_fini(&frame);
        sides_close(&sides);
    }
}
