/* SPDX-License-Identifier: MIT */
#include "unit/wire/sides.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/list.h"
#include "net/socket.h"

static void
on_want_write(struct mwi_channel *channel, bool wanted)
{
    struct side *side = MWI_CONTAINER(channel, struct side, channel);

    side->is_told_twice |= wanted == (side->n_wanted > side->n_unwanted);
    *(wanted ? &side->n_wanted : &side->n_unwanted) += 1;
}

void
sides_open_over(struct sides *sides, struct mwi_stream *a, struct mwi_stream *b,
    size_t message_max, size_t out_max)
{
    memset(sides, 0, sizeof(*sides));
    mwi_channel_init(&sides->a.channel, a, message_max, out_max, on_want_write);
    mwi_channel_init(&sides->b.channel, b, message_max, out_max, on_want_write);
}

void
sides_open(struct sides *sides, size_t message_max, size_t out_max)
{
    struct mwi_stream *pair[2];
    struct valve *valve;

    cr_assert_eq(mwi_stream_pair(pair, NULL), MW_OK);
    valve = valve_new(pair[0]);
    sides_open_over(sides, &valve->stream, pair[1], message_max, out_max);
    sides->a.valve = valve;
}

void
sides_open_faulty(struct sides *sides, size_t message_max, size_t out_max,
    const struct mwt_faults *a, const struct mwt_faults *b)
{
    const struct mwt_faults *faults[2] = { a, b };
    struct mwi_stream *pair[2];

    cr_assert_eq(mwi_stream_pair(pair, NULL), MW_OK);
    for (int i = 0; i < 2; i++) {
        if (faults[i] != NULL) {
            cr_assert_eq(mwt_fault_stream(&pair[i], pair[i], faults[i]), MW_OK);
        }
    }
    sides_open_over(sides, pair[0], pair[1], message_max, out_max);
}

void
sides_close(struct sides *sides)
{
    cr_assert_not(sides->a.is_told_twice);
    cr_assert_not(sides->b.is_told_twice);
    mwi_channel_fini(&sides->a.channel);
    mwi_channel_fini(&sides->b.channel);
}

/* Never a byte that begins a long frame, so that garbage ends soon. */
static uint8_t
message_byte(unsigned i, size_t at)
{
    return (uint8_t) ((i * 31 + at * 7 + at / 251) % 0x50);
}

void
message_fill(uint8_t *bytes, size_t len, unsigned i)
{
    for (size_t at = 0; at < len; at++) {
        bytes[at] = message_byte(i, at);
    }
}

bool
message_is(const uint8_t *bytes, size_t len, unsigned i)
{
    for (size_t at = 0; at < len; at++) {
        if (bytes[at] != message_byte(i, at)) {
            return false;
        }
    }
    return true;
}

mw_status
side_try_send(struct side *side, unsigned i, size_t len, mw_error *reterr)
{
    struct mwi_buf frame;
    mw_status status;
    uint8_t *room;

    mwi_buf_init(&frame, MWI_FRAME_HEAD_MAX + len);
    status = mwi_frame_begin(&frame);
    if (status == MW_OK && len > 0) {
        room = mwi_buf_reserve(&frame, len);
        if (room != NULL) {
            message_fill(room, len, i);
            mwi_buf_commit(&frame, len);
        }
        status = room != NULL ? MW_OK : MW_ENOMEM;
    }
    if (status == MW_OK) {
        mwi_frame_end(&frame);
        status = mwi_channel_send(&side->channel, &frame, reterr);
    }
    mwi_buf_fini(&frame);
    return status;
}

void
side_send(struct side *side, unsigned i, size_t len)
{
    mw_error error = { 0 };

    cr_assert_eq(side_try_send(side, i, len, &error), MW_OK, "%s", error.text);
}

enum mwi_io
side_receive(struct side *side, const uint8_t **ret_bytes, size_t *ret_len,
    mw_error *reterr)
{
    enum mwi_io io;

    for (;;) {
        io = mwi_channel_next(&side->channel, ret_bytes, ret_len, reterr);
        if (io != MWI_IO_WANT_READ) {
            return io;
        }
        io = mwi_channel_fill(&side->channel, reterr);
        if (io != MWI_IO_DONE) {
            return io;
        }
    }
}

void
side_expect(struct side *side, unsigned i, size_t len)
{
    const uint8_t *bytes = NULL;
    mw_error error = { 0 };
    size_t got = 0;
    enum mwi_io io = MWI_IO_FAILED;

    /* A short read is followed by one that says there is nothing. */
    for (int n = 0; n < 3; n++) {
        io = side_receive(side, &bytes, &got, &error);
        if (io != MWI_IO_WANT_READ) {
            break;
        }
    }
    cr_assert_eq(io, MWI_IO_DONE, "%d: %s", (int) io, error.text);
    cr_assert_eq(got, len);
    cr_assert(message_is(bytes, len, i));
}

void
side_expect_nothing(struct side *side)
{
    const uint8_t *bytes;
    mw_error error = { 0 };
    size_t len;

    for (int i = 0; i < 2; i++) { /* see side_expect() */
        cr_assert_eq(side_receive(side, &bytes, &len, &error), MWI_IO_WANT_READ,
            "%s", error.text);
    }
}

void
side_write_raw(struct side *side, const void *bytes, size_t len)
{
    mw_error error = { 0 };
    size_t n = 0;

    cr_assert_eq(mwi_stream_write(side->channel.stream, bytes, len, &n, &error),
        MWI_IO_DONE, "%s", error.text);
    cr_assert_eq(n, len);
}
