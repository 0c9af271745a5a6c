/* SPDX-License-Identifier: MIT */
/*
 * Frames: every form of head, whole and cut, and that what is made can be read
 * by us and by libcbor.
 */
#include <cbor.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "wire/frame.h"

/* Where the head changes its form, RFC 8949 section 3. */
static const struct {
    uint64_t len;
    size_t head;
} bounds[] = { { 0, 1 }, { 1, 1 }, { 22, 1 }, { 23, 1 }, { 24, 2 }, { 25, 2 },
    { 254, 2 }, { 255, 2 }, { 256, 3 }, { 257, 3 }, { 65534, 3 }, { 65535, 3 },
    { 65536, 5 }, { 65537, 5 }, { UINT32_MAX - 1, 5 }, { UINT32_MAX, 5 },
    { (uint64_t) UINT32_MAX + 1, 9 }, { (uint64_t) INT64_MAX, 9 },
    { (uint64_t) INT64_MAX + 1, 9 }, { UINT64_MAX - 9, 9 }, { UINT64_MAX, 9 } };

enum {
    N_BOUNDS = sizeof(bounds) / sizeof(bounds[0]),
    LEN_MAX = 65537, /* of messages that are really made */
};

/* Parse a copy that ends where the memory ends. */
static enum mwi_frame_state
parse(const uint8_t *bytes, size_t n, struct mwi_frame *ret_frame)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    enum mwi_frame_state state;

    cr_assert_not_null(copy);
    memcpy(copy, bytes, n);
    memset(ret_frame, 0xaa, sizeof(*ret_frame));
    state = mwi_frame_parse(copy, n, ret_frame);
    free(copy);
    return state;
}

static void
fill_pattern(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t) (i * 7 + i / 256);
    }
}

/* ---- reading ---- */

Test(wire_frame, heads_of_every_length)
{
    for (size_t i = 0; i < N_BOUNDS; i++) {
        uint8_t head[MWI_FRAME_HEAD_MAX];
        struct mwi_frame frame;
        size_t n = cbor_encode_bytestring_start(
            (size_t) bounds[i].len, head, sizeof(head));

        cr_assert_eq(n, bounds[i].head);
        for (size_t cut = 0; cut < n; cut++) {
            cr_assert_eq(parse(head, cut, &frame), MWI_FRAME_PARTIAL);
            cr_assert_eq(frame.head, 0);
            cr_assert_eq(frame.len, 0);
        }
        cr_assert_eq(parse(head, n, &frame),
            bounds[i].len == 0 ? MWI_FRAME_WHOLE : MWI_FRAME_PARTIAL);
        cr_assert_eq(frame.head, n);
        cr_assert_eq(frame.len, bounds[i].len);
    }
}

/* With some of the message there, and all of it, and more. */
Test(wire_frame, messages_of_every_length)
{
    uint8_t *bytes = malloc(MWI_FRAME_HEAD_MAX + LEN_MAX + 1);
    struct mwi_frame frame;

    cr_assert_not_null(bytes);
    for (size_t i = 0; bounds[i].len <= LEN_MAX; i++) {
        size_t len = (size_t) bounds[i].len;
        size_t head =
            cbor_encode_bytestring_start(len, bytes, MWI_FRAME_HEAD_MAX);

        memset(bytes + head, 0xff, len + 1);
        for (size_t n = head; n < head + len; n += 1 + n / 8) {
            cr_assert_eq(parse(bytes, n, &frame), MWI_FRAME_PARTIAL);
            cr_assert_eq(frame.len, len);
        }
        if (len > 0) {
            cr_assert_eq(
                parse(bytes, head + len - 1, &frame), MWI_FRAME_PARTIAL);
        }
        cr_assert_eq(parse(bytes, head + len, &frame), MWI_FRAME_WHOLE);
        cr_assert_eq(frame.head, head);
        cr_assert_eq(frame.len, len);
        cr_assert_eq(parse(bytes, head + len + 1, &frame), MWI_FRAME_WHOLE);
        cr_assert_eq(frame.len, len);
    }
    free(bytes);
}

/* RFC 8949 section 4.1 leaves it to the protocol, and ours takes them. */
Test(wire_frame, heads_longer_than_needed)
{
    static const struct {
        uint8_t bytes[MWI_FRAME_HEAD_MAX + 1];
        size_t head;
    } heads[] = {
        { { 0x58, 1, 0xff }, 2 },
        { { 0x59, 0, 1, 0xff }, 3 },
        { { 0x5a, 0, 0, 0, 1, 0xff }, 5 },
        { { 0x5b, 0, 0, 0, 0, 0, 0, 0, 1, 0xff }, 9 },
    };
    struct mwi_frame frame;

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        cr_assert_eq(
            parse(heads[i].bytes, heads[i].head, &frame), MWI_FRAME_PARTIAL);
        cr_assert_eq(
            parse(heads[i].bytes, heads[i].head + 1, &frame), MWI_FRAME_WHOLE);
        cr_assert_eq(frame.head, heads[i].head);
        cr_assert_eq(frame.len, 1);
    }
}

/* The first byte decides, whatever follows. */
Test(wire_frame, what_is_no_byte_string)
{
    uint8_t bytes[MWI_FRAME_HEAD_MAX + 16] = { 0 };
    struct mwi_frame frame;
    unsigned n_good = 0;

    for (unsigned initial = 0; initial <= 0xff; initial++) {
        bool is_good = initial >= 0x40 && initial <= 0x5b;

        bytes[0] = (uint8_t) initial;
        n_good += is_good;
        cr_assert_eq(parse(bytes, 1, &frame) == MWI_FRAME_BAD, !is_good,
            "0x%02x", initial);
        cr_assert_eq(parse(bytes, sizeof(bytes), &frame) == MWI_FRAME_BAD,
            !is_good, "0x%02x", initial);
        if (!is_good) {
            cr_assert_eq(frame.head, 0);
            cr_assert_eq(frame.len, 0);
        }
    }
    cr_assert_eq(n_good, 28);
}

/* ---- writing ---- */

/* A frame around len bytes. */
static void
make_frame(struct mwi_buf *buf, size_t len)
{
    uint8_t *room;

    mwi_buf_init(buf, MWI_FRAME_HEAD_MAX + len);
    cr_assert_eq(mwi_frame_begin(buf), MW_OK);
    if (len > 0) {
        room = mwi_buf_reserve(buf, len);
        cr_assert_not_null(room);
        fill_pattern(room, len);
        mwi_buf_commit(buf, len);
    }
    mwi_frame_end(buf);
}

static void
assert_is_ours(const struct mwi_buf *buf, const uint8_t *message, size_t len)
{
    struct mwi_frame frame;

    cr_assert_eq(
        parse(mwi_buf_bytes(buf), mwi_buf_len(buf), &frame), MWI_FRAME_WHOLE);
    cr_assert_eq(frame.len, len);
    cr_assert_eq(frame.head + frame.len, mwi_buf_len(buf));
    cr_assert_eq(memcmp(mwi_buf_bytes(buf) + frame.head, message, len), 0);
}

static void
assert_is_cbor(const struct mwi_buf *buf, const uint8_t *message, size_t len)
{
    struct cbor_load_result result;
    cbor_item_t *item =
        cbor_load(mwi_buf_bytes(buf), mwi_buf_len(buf), &result);

    cr_assert_not_null(item);
    cr_assert_eq(result.read, mwi_buf_len(buf));
    cr_assert(cbor_isa_bytestring(item));
    cr_assert(cbor_bytestring_is_definite(item));
    cr_assert_eq(cbor_bytestring_length(item), len);
    cr_assert_eq(memcmp(cbor_bytestring_handle(item), message, len), 0);
    cbor_decref(&item);
}

Test(wire_frame, made_and_read)
{
    uint8_t *message = malloc(LEN_MAX);

    cr_assert_not_null(message);
    fill_pattern(message, LEN_MAX);
    for (size_t i = 0; bounds[i].len <= LEN_MAX; i++) {
        size_t len = (size_t) bounds[i].len;
        struct mwi_buf buf;

        make_frame(&buf, len);
        cr_assert_eq(mwi_buf_len(&buf), bounds[i].head + len);
        assert_is_ours(&buf, message, len);
        assert_is_cbor(&buf, message, len);
        mwi_buf_fini(&buf);
    }
    free(message);
}

/* The buffer moves while the message is written, a byte at a time. */
Test(wire_frame, made_bit_by_bit)
{
    enum { LEN = 5000 };
    uint8_t message[LEN];
    struct mwi_buf buf;

    fill_pattern(message, LEN);
    mwi_buf_init(&buf, MWI_FRAME_HEAD_MAX + LEN);
    cr_assert_eq(mwi_frame_begin(&buf), MW_OK);
    for (size_t i = 0; i < LEN; i++) {
        cr_assert_eq(mwi_buf_append(&buf, message + i, 1), MW_OK);
    }
    cr_assert_eq(mwi_buf_append(&buf, message, 1), MW_ERANGE);
    mwi_frame_end(&buf);
    assert_is_ours(&buf, message, LEN);
    mwi_buf_fini(&buf);
}

/* A stream of frames is a sequence of items, RFC 8742. */
Test(wire_frame, a_sequence)
{
    struct mwi_buf sequence;
    struct mwi_frame frame;
    struct cbor_load_result result;
    size_t at = 0;

    mwi_buf_init(&sequence, 1 << 20);
    for (size_t len = 0; len < 600; len += 7) {
        struct mwi_buf buf;

        make_frame(&buf, len);
        cr_assert_eq(
            mwi_buf_append(&sequence, mwi_buf_bytes(&buf), mwi_buf_len(&buf)),
            MW_OK);
        mwi_buf_fini(&buf);
    }
    for (size_t len = 0; len < 600; len += 7) {
        const uint8_t *bytes = mwi_buf_bytes(&sequence) + at;
        cbor_item_t *item =
            cbor_load(bytes, mwi_buf_len(&sequence) - at, &result);

        cr_assert_not_null(item);
        cbor_decref(&item);
        cr_assert_eq(
            parse(bytes, mwi_buf_len(&sequence) - at, &frame), MWI_FRAME_WHOLE);
        cr_assert_eq(frame.len, len);
        cr_assert_eq(result.read, frame.head + frame.len);
        at += result.read;
    }
    cr_assert_eq(at, mwi_buf_len(&sequence));
    mwi_buf_fini(&sequence);
}

Test(wire_frame, no_room)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, MWI_FRAME_HEAD_MAX - 1);
    cr_assert_eq(mwi_frame_begin(&buf), MW_ERANGE);
    cr_assert_eq(mwi_buf_len(&buf), 0);
    mwi_buf_fini(&buf);

    mwi_buf_init(&buf, MWI_FRAME_HEAD_MAX);
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_frame_begin(&buf), MW_ENOMEM);
    mwi_mem_fail_at(0);
    cr_assert_eq(mwi_buf_len(&buf), 0);
    cr_assert_eq(mwi_frame_begin(&buf), MW_OK);
    mwi_frame_end(&buf);
    cr_assert_eq(mwi_buf_len(&buf), 1);
    mwi_buf_fini(&buf);
}
