/* SPDX-License-Identifier: MIT */
/*
 * Conversations over bad streams: in tiny pieces, with waits, broken off or
 * damaged at every byte, with each allocation failing.  What arrives is what
 * was sent, whole and in order, up to a failure that says what it is.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/error.h"
#include "base/mem.h"
#include "lib/pki.h"
#include "lib/prng.h"
#include "net/socket.h"
#include "net/tls.h"
#include "unit/wire/sides.h"

enum {
    MESSAGE_MAX = 1 << 20,
    OUT_MAX = 8 << 20,
    STEPS_MAX = 1000000, /* of a conversation that still gets somewhere */
};

/* One direction. */
struct way {
    struct side *from;
    struct side *to;
    const size_t *lens;
    unsigned n;
    unsigned n_sent;
    unsigned n_got;
    bool is_over;   /* nothing more will come */
    enum mwi_io io; /* how it ended */
    mw_error send_error;
    mw_error error;
};

/* Send one more, write what waits, receive what is there. */
static void
step(struct way *way, bool may_damage)
{
    const uint8_t *bytes;
    size_t len;
    enum mwi_io io;

    if (way->n_sent < way->n && way->send_error.status == MW_OK) {
        way->n_sent += side_try_send(way->from, way->n_sent,
                           way->lens[way->n_sent], &way->send_error) == MW_OK;
    }
    (void) mwi_channel_flush(&way->from->channel, &way->send_error);
    if (way->is_over) {
        return;
    }
    io = side_receive(way->to, &bytes, &len, &way->error);
    if (io == MWI_IO_DONE && !may_damage) {
        cr_assert_lt(way->n_got, way->n_sent + 1);
        cr_assert_eq(len, way->lens[way->n_got]);
        cr_assert(message_is(bytes, len, way->n_got));
    }
    way->n_got += io == MWI_IO_DONE;
    if (io == MWI_IO_CLOSED || io == MWI_IO_FAILED) {
        way->is_over = true;
        way->io = io;
    }
    if (io == MWI_IO_CLOSED) {
        (void) mwi_fail(&way->error, MW_EUNAVAILABLE, "the peer has ended");
    }
}

static bool
is_done(const struct way *way)
{
    return way->is_over || way->n_got == way->n;
}

/* Both send all, until all has arrived or it is over.  A side whose reading or
 * writing has failed is closed, as its owner would. */
static void
converse(struct sides *sides, struct way *ab, struct way *ba, bool may_damage)
{
    struct way *ways[2] = { ab, ba };
    unsigned steps = 0;

    ab->from = ba->to = &sides->a;
    ab->to = ba->from = &sides->b;
    while (!is_done(ab) || !is_done(ba)) {
        cr_assert_lt(++steps, (unsigned) STEPS_MAX, "it hangs");
        for (int i = 0; i < 2; i++) {
            step(ways[i], may_damage);
            if (ways[i]->send_error.status != MW_OK) {
                mwi_channel_close(
                    &ways[i]->from->channel, &ways[i]->send_error);
            }
            if (ways[i]->is_over) {
                mwi_channel_close(&ways[i]->to->channel, &ways[i]->error);
            }
        }
    }
}

static const size_t short_lens[] = { 0, 1, 5, 23, 24, 30, 0, 60 };
static const size_t long_lens[] = { 300000, 0, 1, 65536, 255, 256, 16384,
    100000, 23, 24, 40000 };

enum {
    N_SHORT = sizeof(short_lens) / sizeof(short_lens[0]),
    N_LONG = sizeof(long_lens) / sizeof(long_lens[0]),
};

#define SHORT_WAY                        \
    {                                    \
        .lens = short_lens, .n = N_SHORT \
    }
#define LONG_WAY                       \
    {                                  \
        .lens = long_lens, .n = N_LONG \
    }

/* ---- slow, but sound ---- */

static void
converse_slowly(const struct mwt_faults *a, const struct mwt_faults *b,
    const struct way *like)
{
    struct way ab = *like;
    struct way ba = *like;
    struct sides sides;

    sides_open_faulty(&sides, MESSAGE_MAX, OUT_MAX, a, b);
    converse(&sides, &ab, &ba, false);
    cr_assert_eq(ab.n_got, ab.n, "%s", ab.error.text);
    cr_assert_eq(ba.n_got, ba.n, "%s", ba.error.text);
    sides_close(&sides);
}

Test(wire_channel_faults, no_fault)
{
    const struct way short_way = SHORT_WAY;
    const struct way long_way = LONG_WAY;

    converse_slowly(NULL, NULL, &short_way);
    converse_slowly(NULL, NULL, &long_way);
}

Test(wire_channel_faults, one_byte_at_a_time)
{
    const struct mwt_faults faults = { .chunk_max = 1 };
    const struct mwt_faults waits = { .chunk_max = 1, .wait_percent = 50 };
    const struct way way = SHORT_WAY;

    converse_slowly(&faults, NULL, &way);
    converse_slowly(NULL, &faults, &way);
    converse_slowly(&faults, &faults, &way);
    converse_slowly(&waits, &waits, &way);
}

Test(wire_channel_faults, random_pieces_and_waits)
{
    struct mwt_prng prng = mwt_prng_seeded("random_pieces_and_waits");

    for (unsigned i = 0; i < 100; i++) {
        static const size_t chunks[] = { 0, 2, 7, 100, 5000, 70000 };
        const struct mwt_faults a = {
            .seed = mwt_next(&prng),
            .chunk_max = chunks[mwt_below(&prng, 6)],
            .wait_percent = (unsigned) mwt_below(&prng, 90),
        };
        const struct mwt_faults b = {
            .seed = mwt_next(&prng),
            .chunk_max = chunks[2 + mwt_below(&prng, 4)],
            .wait_percent = (unsigned) mwt_below(&prng, 60),
        };
        const bool is_long =
            (a.chunk_max == 0 || a.chunk_max > 50) && b.chunk_max > 50;
        const struct way short_way = SHORT_WAY;
        const struct way long_way = LONG_WAY;

        converse_slowly(&a, &b, is_long ? &long_way : &short_way);
    }
}

/* ---- broken off ---- */

static uint64_t
total(const size_t *lens, unsigned n)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < n; i++) {
        bytes += lens[i] + (lens[i] < 24 ? 1 : 2);
    }
    return bytes;
}

/* How a way may end: the fault itself, or what it looks like from the other
 * side. */
static void
assert_clear_end(const struct way *way)
{
    if (way->is_over && way->io == MWI_IO_FAILED) {
        cr_assert(way->error.status == MW_EUNAVAILABLE ||
                      way->error.status == MW_EPROTO,
            "%d", (int) way->error.status);
        cr_assert_str_not_empty(way->error.text);
    }
    if (way->send_error.status != MW_OK) {
        cr_assert_eq(way->send_error.status, MW_EUNAVAILABLE, "%s",
            way->send_error.text);
        cr_assert_str_not_empty(way->send_error.text);
    }
}

static void
converse_broken(const struct mwt_faults *faults)
{
    const uint64_t all = total(short_lens, N_SHORT);
    const uint64_t first =
        faults->break_read_after == 0 ||
                (faults->break_write_after != 0 &&
                    faults->break_write_after < faults->break_read_after)
            ? faults->break_write_after
            : faults->break_read_after;
    struct way ab = SHORT_WAY;
    struct way ba = SHORT_WAY;
    struct sides sides;

    sides_open_faulty(&sides, MESSAGE_MAX, OUT_MAX, faults, NULL);
    converse(&sides, &ab, &ba, false);
    assert_clear_end(&ab);
    assert_clear_end(&ba);
    if (first < all) {
        cr_assert(ab.is_over || ba.is_over);
        cr_assert(ab.n_got < ab.n || ba.n_got < ba.n);
    } else if (first > all) {
        cr_assert_eq(ab.n_got, ab.n);
        cr_assert_eq(ba.n_got, ba.n);
    } /* else it breaks behind the last byte, in time or not */
    sides_close(&sides);
}

Test(wire_channel_faults, broken_at_every_byte)
{
    const uint64_t all = total(short_lens, N_SHORT);

    for (uint64_t at = 1; at <= all + 5; at++) {
        struct mwt_faults faults = { .seed = at, .chunk_max = at % 9 };

        faults.break_how = MWI_IO_FAILED;
        faults.break_read_after = at;
        converse_broken(&faults);
        faults.break_how = MWI_IO_CLOSED;
        converse_broken(&faults);
        faults.break_read_after = 0;
        faults.break_how = MWI_IO_FAILED;
        faults.break_write_after = at;
        converse_broken(&faults);
        faults.break_read_after = 1 + at * 7 % all;
        converse_broken(&faults);
    }
}

/* ---- damaged ---- */

/* A bit of a message arrives as it is; one of a head makes the rest garbage.
 * Either way it ends, for the sender closes behind its last message. */
static void
converse_damaged(const struct mwt_faults *faults)
{
    const mw_error why = { .status = MW_EABORTED, .text = "all sent" };
    struct way ab = SHORT_WAY;
    struct sides sides;
    unsigned steps = 0;
    mw_error ignored;

    sides_open_faulty(&sides, 100, OUT_MAX, faults, NULL);
    ab.from = &sides.a;
    ab.to = &sides.b;
    while (ab.n_sent < ab.n ||
           mwi_channel_flush(&sides.a.channel, &ignored) != MWI_IO_DONE) {
        step(&ab, true);
        cr_assert_lt(++steps, (unsigned) STEPS_MAX);
    }
    mwi_channel_close(&sides.a.channel, &why);
    while (!ab.is_over) {
        step(&ab, true);
        cr_assert_lt(++steps, (unsigned) STEPS_MAX);
    }
    if (ab.io == MWI_IO_FAILED) {
        cr_assert_str_not_empty(ab.error.text);
    }
    sides_close(&sides);
}

Test(wire_channel_faults, damaged_at_every_byte)
{
    const uint64_t all = total(short_lens, N_SHORT);

    for (uint64_t at = 1; at <= all; at++) {
        const struct mwt_faults faults = {
            .seed = at,
            .chunk_max = at % 9,
            .corrupt_write_at = at,
        };

        converse_damaged(&faults);
    }
}

/* ---- TLS between ---- */

static struct mwi_stream *
tls_over(struct mwi_stream *lower, bool is_client)
{
    const struct mwt_pki *pki = mwt_pki_get();
    const struct mwt_identity *me = is_client ? &pki->client : &pki->server;
    const mw_tls_options options = {
        .size = sizeof(options), .cert = me->cert, .key = me->key, .ca = pki->ca
    };
    struct mwi_tls_config *config;
    struct mwi_stream *stream;
    mw_error error;

    if (is_client) {
        cr_assert_eq(mwi_tls_client_config(&config, &options, &error), MW_OK);
        cr_assert_eq(
            mwi_tls_client_stream(&stream, lower, config, "localhost", &error),
            MW_OK);
    } else {
        cr_assert_eq(mwi_tls_server_config(&config, &options, &error), MW_OK);
        cr_assert_eq(
            mwi_tls_server_stream(&stream, lower, config, &error), MW_OK);
    }
    mwi_tls_config_free(config);
    return stream;
}

static enum mwi_io
shake_hand(struct mwi_channel *channel)
{
    mw_error error = { 0 };
    enum mwi_io io = mwi_channel_handshake(channel, &error);

    if (io == MWI_IO_DONE) {
        io = mwi_channel_flush(channel, &error);
    }
    cr_assert_neq(io, MWI_IO_FAILED, "%s", error.text);
    return io;
}

static void
shake_hands(struct sides *sides)
{
    enum mwi_io a = MWI_IO_WANT_READ;
    enum mwi_io b = MWI_IO_WANT_READ;
    unsigned steps = 0;

    while (a != MWI_IO_DONE || b != MWI_IO_DONE) {
        a = shake_hand(&sides->a.channel);
        b = shake_hand(&sides->b.channel);
        cr_assert_lt(++steps, (unsigned) STEPS_MAX);
    }
    cr_assert_eq(sides->a.n_wanted, sides->a.n_unwanted);
    cr_assert_eq(sides->b.n_wanted, sides->b.n_unwanted);
}

Test(wire_channel_faults, over_tls)
{
    struct mwt_prng prng = mwt_prng_seeded("over_tls");

    for (unsigned i = 0; i < 20; i++) {
        const struct mwt_faults faults = {
            .seed = mwt_next(&prng),
            .chunk_max = i % 2 == 0 ? 50 : 5000,
            .wait_percent = 30,
        };
        struct way ab = SHORT_WAY;
        struct way ba = LONG_WAY;
        struct mwi_stream *pair[2];
        struct sides sides;

        cr_assert_eq(mwi_stream_pair(pair, NULL), MW_OK);
        cr_assert_eq(mwt_fault_stream(&pair[0], pair[0], &faults), MW_OK);
        sides_open_over(&sides, tls_over(pair[0], true),
            tls_over(pair[1], false), MESSAGE_MAX, OUT_MAX);
        shake_hands(&sides);
        converse(&sides, &ab, &ba, false);
        cr_assert_eq(ab.n_got, ab.n, "%s", ab.error.text);
        cr_assert_eq(ba.n_got, ba.n, "%s", ba.error.text);
        sides_close(&sides);
    }
}

/* ---- out of memory ---- */

/* Frames are made by the fixture, whose memory can run out as well. */
static void
converse_with_failure(uint64_t n, bool *ret_has_failed)
{
    const struct mwt_faults faults = {
        .seed = 3, .chunk_max = 50, .wait_percent = 50
    };
    struct way ab = SHORT_WAY;
    struct way ba = SHORT_WAY;
    struct sides sides;

    sides_open_faulty(&sides, MESSAGE_MAX, OUT_MAX, &faults, &faults);
    mwi_mem_fail_at(n);
    converse(&sides, &ab, &ba, false);
    *ret_has_failed = mwi_mem_has_failed();
    mwi_mem_fail_at(0);
    if (!*ret_has_failed) {
        cr_assert_eq(ab.n_got, ab.n);
        cr_assert_eq(ba.n_got, ba.n);
    }
    sides_close(&sides);
}

Test(wire_channel_faults, each_allocation_fails)
{
    bool has_failed = true;
    uint64_t n;

    for (n = 1; has_failed; n++) {
        converse_with_failure(n, &has_failed);
    }
    cr_assert_gt(n, 20); /* there was something to fail */
}

/* What could not be kept closes the channel: its frame may have begun. */
Test(wire_channel_faults, no_memory_for_what_waits)
{
    struct sides sides;
    mw_error error = { 0 };
    struct mwi_buf frame;

    for (unsigned n_written = 0; n_written < 10; n_written++) {
        sides_open(&sides, MESSAGE_MAX, OUT_MAX);
        sides.a.valve->n_writable = n_written;
        mwi_buf_init(&frame, 100);
        cr_assert_eq(mwi_frame_begin(&frame), MW_OK);
        cr_assert_eq(mwi_buf_append(&frame, "123456789", 9), MW_OK);
        mwi_frame_end(&frame);
        mwi_mem_fail_at(1);
        cr_assert_eq(
            mwi_channel_send(&sides.a.channel, &frame, &error), MW_ENOMEM);
        cr_assert(mwi_mem_has_failed());
        mwi_mem_fail_at(0);
        cr_assert_eq(error.status, MW_ENOMEM);
        cr_assert_str_eq(error.text, "out of memory");
        cr_assert_eq(side_try_send(&sides.a, 1, 1, &error), MW_ENOMEM);
        mwi_buf_fini(&frame);
        sides_close(&sides);
    }
}

/* Reading can be tried again. */
Test(wire_channel_faults, no_memory_for_what_is_read)
{
    struct sides sides;
    mw_error error = { 0 };

    sides_open(&sides, MESSAGE_MAX, OUT_MAX);
    side_send(&sides.a, 1, 1000);
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_channel_fill(&sides.b.channel, &error), MWI_IO_FAILED);
    mwi_mem_fail_at(0);
    cr_assert_eq(error.status, MW_ENOMEM);
    cr_assert_str_eq(error.text, "out of memory");
    side_expect(&sides.b, 1, 1000);
    sides_close(&sides);
}
