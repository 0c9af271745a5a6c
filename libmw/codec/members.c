/* SPDX-License-Identifier: MIT */
/*
 * What is not well makes each of these functions stop, never fail: the codec
 * goes on from there by libcbor and says what is wrong.
 */
#include "codec/members.h"

#include "base/utf8.h"
#include "codec/access.h"
#include "codec/numbers.h"
#include "codec/value.h"

/* Room for two of the longest heads: an id and a value, a tag and a length. */
enum { ROOM_MIN = 2 * MWI_HEAD_MAX };

/* Whether a member is always there, and may have any value. */
static inline bool
is_plain(const mw_field *field)
{
    return (field->flags & MW_FIELD_OPTIONAL) == 0 && field->range == NULL;
}

static inline const uint8_t *
read_integer(const uint8_t *at, const uint8_t *end, bool is_signed,
    uint64_t max, size_t size, void *ret_value)
{
    uint64_t value;

    at = mwi_quick_integer(at, end, is_signed, max, &value);
    if (at != NULL) {
        mwi_store_low(ret_value, value, size);
    }
    return at;
}

static inline const uint8_t *
read_float(const uint8_t *at, const uint8_t *end, uint8_t initial, size_t size,
    void *ret_value)
{
    uint64_t bits;

    at = mwi_quick_float(at, end, initial, &bits);
    if (at != NULL) {
        mwi_store_low(ret_value, bits, size);
    }
    return at;
}

static inline const uint8_t *
read_bool(const uint8_t *at, const uint8_t *end, void *ret_value)
{
    bool truth;

    at = mwi_quick_bool(at, end, &truth);
    if (at != NULL) {
        memcpy(ret_value, &truth, sizeof(truth));
    }
    return at;
}

/* Texts that are ASCII. */
static inline const uint8_t *
read_text(const uint8_t *at, const uint8_t *end, size_t bound, void *ret_value)
{
    size_t len;

    at = mwi_quick_string(at, end, MWI_INITIAL_TEXT, &len);
    if (at == NULL || len > bound ||
        !mwi_utf8_copy_plain(ret_value, (const char *) at, len)) {
        return NULL;
    }
    return at + len;
}

/* The same, on the heap or in an arena. */
static inline const uint8_t *
read_string(const uint8_t *at, const uint8_t *end, struct mwi_place *place,
    void *ret_value)
{
    size_t len;
    char *text;

    at = place != NULL && place->mask == NULL
             ? mwi_quick_string(at, end, MWI_INITIAL_TEXT, &len)
             : NULL;
    if (at == NULL || !mwi_utf8_is_plain((const char *) at, len)) {
        return NULL;
    }
    text = mwi_place_strndup(place, (const char *) at, len);
    if (text == NULL) {
        return NULL;
    }
    mwi_store_string(ret_value, text);
    return at + len;
}

/* An array of numbers in this machine's byte order. */
static inline const uint8_t *
read_numbers(
    const uint8_t *at, const uint8_t *end, const mw_type *type, void *ret_value)
{
    size_t len;

    if (!mwi_kind_is_number(type->elem->kind)) {
        return NULL;
    }
    at = mwi_quick_numbers(at, end, type->elem->kind, &len);
    if (at == NULL || len != type->size) {
        return NULL;
    }
    memcpy(ret_value, at, len);
    return at + len;
}

/* Returns the place behind it, or NULL. */
static inline const uint8_t *
read_value(const uint8_t *at, const uint8_t *end, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    uint32_t kind = type->kind;

    switch (kind) {
    case MW_KIND_BOOL:
        return read_bool(at, end, ret_value);
    case MW_KIND_U8:
        return read_integer(at, end, false, UINT8_MAX, 1, ret_value);
    case MW_KIND_I8:
        return read_integer(at, end, true, INT8_MAX, 1, ret_value);
    case MW_KIND_U16:
        return read_integer(at, end, false, UINT16_MAX, 2, ret_value);
    case MW_KIND_I16:
        return read_integer(at, end, true, INT16_MAX, 2, ret_value);
    case MW_KIND_U32:
        return read_integer(at, end, false, UINT32_MAX, 4, ret_value);
    case MW_KIND_I32:
        return read_integer(at, end, true, INT32_MAX, 4, ret_value);
    case MW_KIND_U64:
        return read_integer(at, end, false, UINT64_MAX, 8, ret_value);
    case MW_KIND_I64:
        return read_integer(at, end, true, INT64_MAX, 8, ret_value);
    case MW_KIND_F32:
        return read_float(at, end, MWI_INITIAL_SINGLE, 4, ret_value);
    case MW_KIND_F64:
        return read_float(at, end, MWI_INITIAL_DOUBLE, 8, ret_value);
    case MW_KIND_STRING:
        return read_string(at, end, place, ret_value);
    case MW_KIND_STRING_N:
        return read_text(at, end, type->bound, ret_value);
    case MW_KIND_ARRAY:
        return read_numbers(at, end, type, ret_value);
    default:
        return NULL;
    }
}

/* A member's id. */
static inline const uint8_t *
read_id(const uint8_t *at, const uint8_t *end, uint64_t id)
{
    uint64_t found;

    at = mwi_quick_take(at, end, MWI_INITIAL_UINT, &found);
    return at != NULL && found == id ? at : NULL;
}

uint32_t
mwi_read_members(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, uint32_t n, void *ret_record, bool has_ids)
{
    const uint8_t *at = r->at;
    const uint8_t *end = r->end;
    uint32_t left = n;

    /* Typed arrays are one level deeper. */
    if (!MWI_QUICK || !mwi_reader_ok(r) || r->depth >= r->depth_max) {
        return 0;
    }
    for (; left > 0 && is_plain(field); left--, field++) {
        const uint8_t *next = at;

        if (has_ids && (next = read_id(at, end, field->id)) == NULL) {
            break;
        }
        next = read_value(
            next, end, place, field->type, mwi_field_at(field, ret_record));
        if (next == NULL) {
            break;
        }
        at = next;
    }
    r->at = at;
    return n - left;
}

/* Read a scalar of a C type from where it may not be known to be one. */
#define LOAD(type, name, from) \
    type name;                 \
    memcpy(&name, from, sizeof(name))

static inline uint8_t *
put_unsigned(uint8_t *at, uint64_t value)
{
    return at + mwi_quick_put(at, MWI_INITIAL_UINT, value);
}

static inline uint8_t *
put_signed(uint8_t *at, int64_t value)
{
    uint64_t sign = value < 0 ? UINT64_MAX : 0;

    return at + mwi_quick_put(at, (uint8_t) (sign & MWI_INITIAL_NEGINT),
                    (uint64_t) value ^ sign);
}

static inline uint8_t *
put_float(uint8_t *at, const void *value)
{
    LOAD(uint32_t, bits, value);

    return at + mwi_quick_put_simple(at, MWI_INITIAL_SINGLE,
                    (uint64_t) bits << 32, sizeof(bits));
}

static inline uint8_t *
put_double(uint8_t *at, const void *value)
{
    LOAD(uint64_t, bits, value);

    return at +
           mwi_quick_put_simple(at, MWI_INITIAL_DOUBLE, bits, sizeof(bits));
}

static inline uint8_t *
put_bool(uint8_t *at, const void *value)
{
    *at = mwi_load_bool(value) ? MWI_INITIAL_TRUE : MWI_INITIAL_FALSE;
    return at + 1;
}

/* Texts that are ASCII; the rest of a text that is longer than its bound is
 * looked at by who says so. */
static inline uint8_t *
put_text(
    uint8_t *at, const uint8_t *end, const mw_type *type, const void *value)
{
    const char *text = value;
    size_t len;

    if (type->kind == MW_KIND_STRING_N) {
        len = strnlen(text, (size_t) type->bound + 1);
    } else {
        text = mwi_load_string(value);
        text = text != NULL ? text : "";
        len = strlen(text);
    }
    if ((type->kind == MW_KIND_STRING_N && len > type->bound) ||
        len > (size_t) (end - at) - MWI_HEAD_MAX) {
        return NULL;
    }
    at += mwi_quick_put(at, MWI_INITIAL_TEXT, len);
    return mwi_utf8_copy_plain((char *) at, text, len) ? at + len : NULL;
}

static inline uint8_t *
put_numbers(
    uint8_t *at, const uint8_t *end, const mw_type *type, const void *value)
{
    size_t room = (size_t) (end - at);

    if (!mwi_kind_is_number(type->elem->kind) || room < ROOM_MIN ||
        type->size > room - ROOM_MIN) {
        return NULL;
    }
    return mwi_quick_put_numbers(at, type->elem->kind, value, type->size);
}

/* Returns the place behind it, or NULL.  The longest head fits before end. */
static inline uint8_t *
put_value(
    uint8_t *at, const uint8_t *end, const mw_type *type, const void *value)
{
    uint32_t kind = type->kind;

    switch (kind) {
    case MW_KIND_BOOL:
        return put_bool(at, value);
    case MW_KIND_U8: {
        LOAD(uint8_t, u8, value);
        return put_unsigned(at, u8);
    }
    case MW_KIND_I8: {
        LOAD(int8_t, i8, value);
        return put_signed(at, i8);
    }
    case MW_KIND_U16: {
        LOAD(uint16_t, u16, value);
        return put_unsigned(at, u16);
    }
    case MW_KIND_I16: {
        LOAD(int16_t, i16, value);
        return put_signed(at, i16);
    }
    case MW_KIND_U32: {
        LOAD(uint32_t, u32, value);
        return put_unsigned(at, u32);
    }
    case MW_KIND_I32: {
        LOAD(int32_t, i32, value);
        return put_signed(at, i32);
    }
    case MW_KIND_U64: {
        LOAD(uint64_t, u64, value);
        return put_unsigned(at, u64);
    }
    case MW_KIND_I64: {
        LOAD(int64_t, i64, value);
        return put_signed(at, i64);
    }
    case MW_KIND_F32:
        return put_float(at, value);
    case MW_KIND_F64:
        return put_double(at, value);
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        return put_text(at, end, type, value);
    case MW_KIND_ARRAY:
        return put_numbers(at, end, type, value);
    default:
        return NULL;
    }
}

uint32_t
mwi_write_members(struct mwi_writer *w, const mw_field *field, uint32_t n,
    const void *record, bool has_ids)
{
    size_t room = mwi_buf_room(w->buf);
    uint8_t *at = w->buf->data;
    uint32_t left = n;
    const uint8_t *end;
    const uint8_t *last; /* place from which ROOM_MIN is left */

    if (!MWI_QUICK || room < ROOM_MIN || !mwi_writer_ok(w)) {
        return 0;
    }
    at += w->buf->end;
    end = at + room;
    last = end - ROOM_MIN;
    for (; left > 0 && at <= last && is_plain(field); left--, field++) {
        uint8_t *next = has_ids ? put_unsigned(at, field->id) : at;

        next = put_value(next, end, field->type, mwi_field_at(field, record));
        if (next == NULL) {
            break;
        }
        at = next;
    }
    w->buf->end = (size_t) (at - w->buf->data);
    return n - left;
}
