/* SPDX-License-Identifier: MIT */
/*
 * It checks what it must to be correct: types, ranges, bounds, the order of
 * ids.  It does not check that texts are UTF-8.
 */
#include "straight.h"

#include <cbor.h>
#include <string.h>

enum {
    MEMBERS = 12,
    SAMPLES = sizeof(((bench_Reading *) NULL)->samples) / sizeof(double),
    TAG_DOUBLES = 86, /* RFC 8746: binary64, little-endian */
};

/* What a call of libcbor's decoder has found. */
enum kind { NOTHING, UINT, NEGINT, BYTES, TEXT, ARRAY, MAP, TAG, FLOAT, BOOL };

struct token {
    enum kind kind;
    uint64_t number;
    double real;
    const uint8_t *at;
};

static void
on_uint8(void *token, uint8_t value)
{
    ((struct token *) token)->kind = UINT;
    ((struct token *) token)->number = value;
}

static void
on_uint16(void *token, uint16_t value)
{
    ((struct token *) token)->kind = UINT;
    ((struct token *) token)->number = value;
}

static void
on_uint32(void *token, uint32_t value)
{
    ((struct token *) token)->kind = UINT;
    ((struct token *) token)->number = value;
}

static void
on_uint64(void *token, uint64_t value)
{
    ((struct token *) token)->kind = UINT;
    ((struct token *) token)->number = value;
}

static void
on_negint8(void *token, uint8_t value)
{
    ((struct token *) token)->kind = NEGINT;
    ((struct token *) token)->number = value;
}

static void
on_negint16(void *token, uint16_t value)
{
    ((struct token *) token)->kind = NEGINT;
    ((struct token *) token)->number = value;
}

static void
on_negint32(void *token, uint32_t value)
{
    ((struct token *) token)->kind = NEGINT;
    ((struct token *) token)->number = value;
}

static void
on_negint64(void *token, uint64_t value)
{
    ((struct token *) token)->kind = NEGINT;
    ((struct token *) token)->number = value;
}

/* The type of lengths changed with libcbor 0.9; where size_t has 64 bits, they
 * are the same. */
static void
on_bytes(void *token, cbor_data at, size_t len)
{
    *(struct token *) token =
        (struct token){ .kind = BYTES, .number = len, .at = at };
}

static void
on_text(void *token, cbor_data at, size_t len)
{
    *(struct token *) token =
        (struct token){ .kind = TEXT, .number = len, .at = at };
}

static void
on_array(void *token, size_t n)
{
    ((struct token *) token)->kind = ARRAY;
    ((struct token *) token)->number = n;
}

static void
on_map(void *token, size_t n)
{
    ((struct token *) token)->kind = MAP;
    ((struct token *) token)->number = n;
}

static void
on_tag(void *token, uint64_t number)
{
    ((struct token *) token)->kind = TAG;
    ((struct token *) token)->number = number;
}

static void
on_float(void *token, float value)
{
    ((struct token *) token)->kind = FLOAT;
    ((struct token *) token)->real = (double) value;
}

static void
on_double(void *token, double value)
{
    ((struct token *) token)->kind = FLOAT;
    ((struct token *) token)->real = value;
}

static void
on_bool(void *token, bool value)
{
    ((struct token *) token)->kind = BOOL;
    ((struct token *) token)->number = value;
}

static void
on_nothing(void *token)
{
    ((struct token *) token)->kind = NOTHING;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string = on_bytes,
    .byte_string_start = on_nothing,
    .string = on_text,
    .string_start = on_nothing,
    .array_start = on_array,
    .indef_array_start = on_nothing,
    .map_start = on_map,
    .indef_map_start = on_nothing,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_nothing,
    .null = on_nothing,
    .boolean = on_bool,
    .indef_break = on_nothing,
};

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    struct token token;
};

/* Take the next item, which must be of a kind. */
static bool
next(struct cursor *c, enum kind kind)
{
    struct cbor_decoder_result result = cbor_stream_decode(
        c->at, (size_t) (c->end - c->at), &callbacks, &c->token);

    c->at += result.read;
    return result.status == CBOR_DECODER_FINISHED && c->token.kind == kind;
}

static bool
next_uint(struct cursor *c, uint64_t max)
{
    return next(c, UINT) && c->token.number <= max;
}

static bool
next_int(struct cursor *c, int64_t max, int64_t *ret_value)
{
    if (!next(c, UINT) && c->token.kind != NEGINT) {
        return false;
    }
    if (c->token.number > (uint64_t) max) {
        return false;
    }
    *ret_value = c->token.kind == UINT ? (int64_t) c->token.number
                                       : -1 - (int64_t) c->token.number;
    return true;
}

static bool
next_double(struct cursor *c, double *ret_value)
{
    bool ok = next(c, FLOAT);

    *ret_value = c->token.real;
    return ok;
}

static bool
next_text(struct cursor *c, char *ret_text, size_t size)
{
    if (!next(c, TEXT) || c->token.number >= size ||
        memchr(c->token.at, '\0', c->token.number) != NULL) {
        return false;
    }
    memcpy(ret_text, c->token.at, c->token.number);
    ret_text[c->token.number] = '\0';
    return true;
}

/* In a map, the id that comes before a member. */
static bool
next_id(struct cursor *c, bool has_ids, uint64_t id)
{
    return !has_ids || (next(c, UINT) && c->token.number == id);
}

static bool
decode_samples(struct cursor *c, bool plain, bench_Reading *ret_reading)
{
    if (!plain) {
        if (!next(c, TAG) || c->token.number != TAG_DOUBLES ||
            !next(c, BYTES) || c->token.number != SAMPLES * sizeof(double)) {
            return false;
        }
        memcpy(ret_reading->samples, c->token.at, SAMPLES * sizeof(double));
        return true;
    }
    if (!next(c, ARRAY) || c->token.number != SAMPLES) {
        return false;
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        if (!next_double(c, &ret_reading->samples[i])) {
            return false;
        }
    }
    return true;
}

/* Compiled once for each form. */
static inline bool
decode(const uint8_t *bytes, size_t len, bool is_map, bench_Reading *out)
{
    struct cursor c = { bytes, bytes + len, { NOTHING, 0, 0, NULL } };
    int64_t number;

#define MUST(condition)   \
    do {                  \
        if (!(condition)) \
            return false; \
    } while (0)
    MUST(next(&c, is_map ? MAP : ARRAY) && c.token.number == MEMBERS);
    MUST(next_id(&c, is_map, 0) && next_uint(&c, UINT32_MAX));
    out->id = (uint32_t) c.token.number;
    MUST(next_id(&c, is_map, 1) && next_int(&c, INT64_MAX, &out->stamp));
    MUST(next_id(&c, is_map, 2) && next_uint(&c, UINT8_MAX));
    out->level = (uint8_t) c.token.number;
    MUST(next_id(&c, is_map, 3) && next(&c, BOOL));
    out->valid = c.token.number != 0;
    MUST(next_id(&c, is_map, 4) && next_uint(&c, UINT64_MAX));
    out->serial = c.token.number;
    MUST(next_id(&c, is_map, 5) && next_double(&c, &out->x));
    MUST(next_id(&c, is_map, 6) && next_double(&c, &out->y));
    MUST(next_id(&c, is_map, 7) && next_double(&c, &out->z));
    MUST(next_id(&c, is_map, 8) && next_text(&c, out->name, sizeof(out->name)));
    MUST(next_id(&c, is_map, 9) && next_text(&c, out->note, sizeof(out->note)));
    MUST(next_id(&c, is_map, 10) && next_int(&c, INT32_MAX, &number));
    out->offset = (int32_t) number;
    MUST(next_id(&c, is_map, 11) && decode_samples(&c, is_map, out));
#undef MUST
    return c.at == c.end;
}

bool
straight_decode_map(
    const uint8_t *bytes, size_t len, bench_Reading *ret_reading)
{
    return decode(bytes, len, true, ret_reading);
}

bool
straight_decode_array(
    const uint8_t *bytes, size_t len, bench_Reading *ret_reading)
{
    return decode(bytes, len, false, ret_reading);
}

struct output {
    uint8_t *at;
    uint8_t *end;
    bool full;
};

/* n bytes were written, or did not fit. */
static void
wrote(struct output *out, size_t n)
{
    out->at += n;
    out->full = out->full || n == 0;
}

#define WRITE(out, encoder, value) \
    wrote(out, encoder(value, (out)->at, (size_t) ((out)->end - (out)->at)))

static void
write_int(struct output *out, int64_t value)
{
    if (value >= 0) {
        WRITE(out, cbor_encode_uint, (uint64_t) value);
    } else {
        WRITE(out, cbor_encode_negint, ~(uint64_t) value);
    }
}

static void
write_payload(struct output *out, const void *bytes, size_t n)
{
    if (n > (size_t) (out->end - out->at)) {
        out->full = true;
        return;
    }
    memcpy(out->at, bytes, n);
    out->at += n;
}

static void
write_text(struct output *out, const char *text)
{
    size_t len = strlen(text);

    WRITE(out, cbor_encode_string_start, len);
    write_payload(out, text, len);
}

static void
write_samples(struct output *out, bool plain, const bench_Reading *reading)
{
    if (!plain) {
        WRITE(out, cbor_encode_tag, TAG_DOUBLES);
        WRITE(out, cbor_encode_bytestring_start, SAMPLES * sizeof(double));
        write_payload(out, reading->samples, SAMPLES * sizeof(double));
        return;
    }
    WRITE(out, cbor_encode_array_start, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) {
        WRITE(out, cbor_encode_double, reading->samples[i]);
    }
}

static void
write_id(struct output *out, bool has_ids, uint64_t id)
{
    if (has_ids) {
        WRITE(out, cbor_encode_uint, id);
    }
}

static inline size_t
encode(const bench_Reading *in, bool is_map, uint8_t *ret_bytes, size_t cap)
{
    struct output o = { ret_bytes, ret_bytes + cap, false };

    if (is_map) {
        WRITE(&o, cbor_encode_map_start, MEMBERS);
    } else {
        WRITE(&o, cbor_encode_array_start, MEMBERS);
    }
    write_id(&o, is_map, 0);
    WRITE(&o, cbor_encode_uint, in->id);
    write_id(&o, is_map, 1);
    write_int(&o, in->stamp);
    write_id(&o, is_map, 2);
    WRITE(&o, cbor_encode_uint, in->level);
    write_id(&o, is_map, 3);
    WRITE(&o, cbor_encode_bool, in->valid);
    write_id(&o, is_map, 4);
    WRITE(&o, cbor_encode_uint, in->serial);
    write_id(&o, is_map, 5);
    WRITE(&o, cbor_encode_double, in->x);
    write_id(&o, is_map, 6);
    WRITE(&o, cbor_encode_double, in->y);
    write_id(&o, is_map, 7);
    WRITE(&o, cbor_encode_double, in->z);
    write_id(&o, is_map, 8);
    write_text(&o, in->name);
    write_id(&o, is_map, 9);
    write_text(&o, in->note);
    write_id(&o, is_map, 10);
    write_int(&o, in->offset);
    write_id(&o, is_map, 11);
    write_samples(&o, is_map, in);
    return o.full ? 0 : (size_t) (o.at - ret_bytes);
}

size_t
straight_encode_map(
    const bench_Reading *reading, uint8_t *ret_bytes, size_t cap)
{
    return encode(reading, true, ret_bytes, cap);
}

size_t
straight_encode_array(
    const bench_Reading *reading, uint8_t *ret_bytes, size_t cap)
{
    return encode(reading, false, ret_bytes, cap);
}
