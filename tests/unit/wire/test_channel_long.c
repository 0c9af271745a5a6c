/* SPDX-License-Identifier: MIT */
/*
 * Long messages: frames whose pieces are written from where they are.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
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
    for (uint64_t n = 1, failed = true; failed; n++) {
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
