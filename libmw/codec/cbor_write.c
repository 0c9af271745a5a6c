/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <cbor.h>
#include <string.h>

#include "base/error.h"
#include "codec/cbor.h"
#include "codec/ieee754.h"
#include "codec/quick_write.h"

void
mwi_writer_init(struct mwi_writer *w, struct mwi_buf *buf)
{
    w->buf = buf;
    w->depth = 0;
    w->path = NULL;
    w->nodes = NULL;
    w->gather = NULL;
    mwi_error_clear(&w->error); /* all of its text need not be zero */
}

size_t
mwi_head_size(uint64_t argument)
{
    if (argument < 24) {
        return 1;
    }
    if (argument <= UINT8_MAX) {
        return 2;
    }
    if (argument <= UINT16_MAX) {
        return 3;
    }
    return argument <= UINT32_MAX ? 5 : 9;
}

/* Room for n bytes, all of which will be used; NULL after an error. */
static uint8_t *
room_for(struct mwi_writer *w, size_t n)
{
    uint8_t *room;

    if (!mwi_writer_ok(w)) {
        return NULL;
    }
    room = mwi_buf_reserve(w->buf, n);
    if (room == NULL) {
        if (mwi_buf_fits(w->buf, n)) {
            mwi_writer_fail(w, MW_ENOMEM, "out of memory");
        } else {
            mwi_writer_fail(w, MW_ERANGE, "the limit of %zu bytes is exceeded",
                w->buf->max);
        }
        return NULL;
    }
    mwi_buf_commit(w->buf, n);
    return room;
}

/* One of libcbor's encoders of heads, or what makes such a one of another. */
typedef size_t encode_head(uint64_t argument, unsigned char *room, size_t n);

/* Append a head of a major type, or have libcbor's encoder do it. */
static void
write_head(struct mwi_writer *w, uint8_t initial, encode_head *encode,
    uint64_t argument)
{
    size_t n = mwi_head_size(argument);
    uint8_t *room;

    if (mwi_quick_write(w, initial, argument)) {
        return;
    }
    room = room_for(w, n);
    if (room != NULL) {
        (void) encode(argument, room, n);
    }
}

/* Append a string, for which the buffer grows once. */
static void
write_string(struct mwi_writer *w, uint8_t initial, encode_head *encode,
    const void *bytes, size_t len)
{
    size_t n = mwi_head_size(len);
    uint8_t *room;

    if (mwi_quick_write_string(w, initial, bytes, len)) {
        return;
    }
    room = room_for(w, len <= SIZE_MAX - n ? n + len : len);
    if (room == NULL) {
        return;
    }
    (void) encode(len, room, n);
    if (len > 0) {
        memcpy(room + n, bytes, len);
    }
}

/* libcbor's encoders of lengths take size_t, the others uint64_t. */
static size_t
encode_bytes_start(uint64_t len, unsigned char *room, size_t n)
{
    return cbor_encode_bytestring_start((size_t) len, room, n);
}

static size_t
encode_text_start(uint64_t len, unsigned char *room, size_t n)
{
    return cbor_encode_string_start((size_t) len, room, n);
}

static size_t
encode_array_start(uint64_t len, unsigned char *room, size_t n)
{
    return cbor_encode_array_start((size_t) len, room, n);
}

static size_t
encode_map_start(uint64_t len, unsigned char *room, size_t n)
{
    return cbor_encode_map_start((size_t) len, room, n);
}

void
mwi_write_uint(struct mwi_writer *w, uint64_t value)
{
    write_head(w, MWI_INITIAL_UINT, cbor_encode_uint, value);
}

void
mwi_write_int(struct mwi_writer *w, int64_t value)
{
    if (value >= 0) {
        write_head(w, MWI_INITIAL_UINT, cbor_encode_uint, (uint64_t) value);
    } else {
        write_head(
            w, MWI_INITIAL_NEGINT, cbor_encode_negint, ~(uint64_t) value);
    }
}

void
mwi_write_bool(struct mwi_writer *w, bool value)
{
    uint8_t initial = value ? MWI_INITIAL_TRUE : MWI_INITIAL_FALSE;
    uint8_t *room;

    if (mwi_quick_write_simple(w, initial, 0, 0)) {
        return;
    }
    room = room_for(w, 1);
    if (room != NULL) {
        (void) cbor_encode_bool(value, room, 1);
    }
}

void
mwi_write_null(struct mwi_writer *w)
{
    uint8_t *room;

    if (mwi_quick_write_simple(w, MWI_INITIAL_NULL, 0, 0)) {
        return;
    }
    room = room_for(w, 1);
    if (room != NULL) {
        (void) cbor_encode_null(room, 1);
    }
}

/* A NaN's bits, which some versions of libcbor replace by the usual ones. */
static void
write_nan(uint8_t *room, uint8_t initial, uint64_t bits, size_t width)
{
    room[0] = initial;
    for (size_t i = 0; i < width; i++) {
        room[1 + i] = (uint8_t) (bits >> 8 * (width - 1 - i));
    }
}

void
mwi_write_f32(struct mwi_writer *w, float value)
{
    uint8_t *room;
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    if (mwi_quick_write_simple(
            w, MWI_INITIAL_SINGLE, (uint64_t) bits << 32, sizeof(bits))) {
        return;
    }
    room = room_for(w, 1 + sizeof(value));
    if (room == NULL) {
        return;
    }
    if (mwi_float_is_nan32(bits)) {
        write_nan(room, MWI_INITIAL_SINGLE, bits, sizeof(bits));
    } else {
        (void) cbor_encode_single(value, room, 1 + sizeof(value));
    }
}

void
mwi_write_f64(struct mwi_writer *w, double value)
{
    uint8_t *room;
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    if (mwi_quick_write_simple(w, MWI_INITIAL_DOUBLE, bits, sizeof(bits))) {
        return;
    }
    room = room_for(w, 1 + sizeof(value));
    if (room == NULL) {
        return;
    }
    if (mwi_float_is_nan64(bits)) {
        write_nan(room, MWI_INITIAL_DOUBLE, bits, sizeof(bits));
    } else {
        (void) cbor_encode_double(value, room, 1 + sizeof(value));
    }
}

void
mwi_write_raw(struct mwi_writer *w, const void *bytes, size_t len)
{
    uint8_t *room;

    if (len == 0) {
        return;
    }
    room = room_for(w, len);
    if (room != NULL) {
        memcpy(room, bytes, len);
    }
}

void
mwi_write_bytes_head(struct mwi_writer *w, size_t len)
{
    write_head(w, MWI_INITIAL_BYTES, encode_bytes_start, len);
}

/* Note a byte string's payload instead of copying it. */
static bool
note_piece(struct mwi_writer *w, const void *bytes, size_t len)
{
    size_t before = mwi_gather_len(w->gather, w->buf);

    return mwi_writer_ok(w) && before <= w->buf->max &&
           len <= w->buf->max - before &&
           mwi_gather_note(w->gather, w->buf, bytes, len);
}

void
mwi_write_bytes(struct mwi_writer *w, const void *bytes, size_t len)
{
    if (w->gather == NULL || len < MWI_PIECE_MIN) {
        write_string(w, MWI_INITIAL_BYTES, encode_bytes_start, bytes, len);
        return;
    }
    mwi_write_bytes_head(w, len);
    if (!note_piece(w, bytes, len)) {
        mwi_write_raw(w, bytes, len); /* which knows what is wrong */
    }
}

void
mwi_write_text(struct mwi_writer *w, const char *text, size_t len)
{
    write_string(w, MWI_INITIAL_TEXT, encode_text_start, text, len);
}

void
mwi_write_array(struct mwi_writer *w, size_t n)
{
    write_head(w, MWI_INITIAL_ARRAY, encode_array_start, n);
}

void
mwi_write_map(struct mwi_writer *w, size_t n)
{
    write_head(w, MWI_INITIAL_MAP, encode_map_start, n);
}

void
mwi_write_tag(struct mwi_writer *w, uint64_t tag)
{
    write_head(w, MWI_INITIAL_TAG, cbor_encode_tag, tag);
}

size_t
mwi_writer_mark(const struct mwi_writer *w)
{
    return mwi_buf_len(w->buf);
}

void
mwi_writer_rewind(struct mwi_writer *w, size_t mark)
{
    assert(w->gather == NULL);
    w->buf->end = w->buf->start + mark;
}
