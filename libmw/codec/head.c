/* SPDX-License-Identifier: MIT */
/*
 * libcbor's streaming decoder reads one head and calls one of 24 functions
 * with what it found; ours put it into a struct.  The initial byte alone says
 * which kind of item it is, so the functions only note values.
 */
#include "codec/head.h"

#include <cbor.h>
#include <string.h>

#include "codec/quick_read.h"

/* The type of lengths in libcbor's callbacks changed with 0.9. */
#if CBOR_MAJOR_VERSION == 0 && CBOR_MINOR_VERSION < 9
typedef size_t cbor_length;
#else
typedef uint64_t cbor_length;
#endif

enum {
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7,
    INFO_RESERVED = 28, /* to 30 */
    INFO_INDEFINITE = 31,
    SIMPLE_ASSIGNED = 20, /* the first of false, true, null, undefined */
    SIMPLE_IN_BYTE = 0xf8,
    SIMPLE_IN_BYTE_MIN = 32, /* RFC 8949 section 3.3 */
};

static void
on_uint8(void *head, uint8_t value)
{
    ((struct mwi_head *) head)->argument = value;
}

static void
on_uint16(void *head, uint16_t value)
{
    ((struct mwi_head *) head)->argument = value;
}

static void
on_uint32(void *head, uint32_t value)
{
    ((struct mwi_head *) head)->argument = value;
}

static void
on_uint64(void *head, uint64_t value)
{
    ((struct mwi_head *) head)->argument = value;
}

static void
on_string(void *ctx, cbor_data bytes, cbor_length len)
{
    struct mwi_head *head = ctx;

    head->bytes = bytes;
    head->argument = len;
}

static void
on_container(void *head, cbor_length n)
{
    ((struct mwi_head *) head)->argument = n;
}

static void
on_float(void *ctx, float value)
{
    struct mwi_head *head = ctx;
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    head->argument = bits;
    head->width = sizeof(value);
}

static void
on_double(void *ctx, double value)
{
    struct mwi_head *head = ctx;

    memcpy(&head->argument, &value, sizeof(value));
    head->width = sizeof(value);
}

static void
on_bool(void *head, bool value)
{
    ((struct mwi_head *) head)->argument = value;
}

static void
on_undefined(void *head)
{
    ((struct mwi_head *) head)->argument = 23;
}

/* null, and what is refused before libcbor sees it. */
static void
on_nothing(void *head)
{
    (void) head;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_uint8,
    .negint16 = on_uint16,
    .negint32 = on_uint32,
    .negint64 = on_uint64,
    .byte_string = on_string,
    .byte_string_start = on_nothing,
    .string = on_string,
    .string_start = on_nothing,
    .array_start = on_container,
    .indef_array_start = on_nothing,
    .map_start = on_container,
    .indef_map_start = on_nothing,
    .tag = on_uint64,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_nothing,
    .boolean = on_bool,
    .indef_break = on_nothing,
};

enum mwi_item
mwi_head_item(uint8_t initial)
{
    static const enum mwi_item majors[] = { MWI_ITEM_UINT, MWI_ITEM_NEGINT,
        MWI_ITEM_BYTES, MWI_ITEM_TEXT, MWI_ITEM_ARRAY, MWI_ITEM_MAP,
        MWI_ITEM_TAG };

    if ((initial & MWI_INFO_MASK) >= INFO_RESERVED) {
        return MWI_ITEM_NONE;
    }
    if (initial >> 5 != MAJOR_SIMPLE) {
        return majors[initial >> 5];
    }
    switch (initial) {
    case 0xf4:
    case 0xf5:
        return MWI_ITEM_BOOL;
    case 0xf6:
        return MWI_ITEM_NULL;
    case 0xf9:
    case 0xfa:
    case 0xfb:
        return MWI_ITEM_FLOAT;
    default:
        return MWI_ITEM_SIMPLE;
    }
}

static const char *
why_none(uint8_t initial)
{
    unsigned int major = initial >> 5;

    if ((initial & MWI_INFO_MASK) < INFO_INDEFINITE || major < 2 ||
        major == MAJOR_TAG) {
        return "reserved additional information";
    }
    return major == MAJOR_SIMPLE ? "break outside of an indefinite length"
                                 : "indefinite length";
}

/* Well-formed items that libcbor up to 0.10 or to this day refuses: tags 6 to
 * 20 in the initial byte, and simple values that are not assigned.  NULL and
 * size 0: not one of them. */
static const char *
read_unusual(const uint8_t *at, size_t left, struct mwi_head *head)
{
    unsigned int info = at[0] & MWI_INFO_MASK;

    if (at[0] >> 5 == MAJOR_TAG && info >= 6 && info <= 20) {
        head->argument = info;
        head->size = 1;
    } else if (at[0] == SIMPLE_IN_BYTE) {
        if (left < 2) {
            return "truncated";
        }
        if (at[1] < SIMPLE_IN_BYTE_MIN) {
            return "reserved encoding of a simple value";
        }
        head->argument = at[1];
        head->size = 2;
    } else if (at[0] >> 5 == MAJOR_SIMPLE && info < SIMPLE_ASSIGNED) {
        head->argument = info;
        head->size = 1;
    }
    return NULL;
}

/* Where size_t has 32 bits, libcbor cuts a longer length to it. */
static bool
is_cut_by_libcbor(enum mwi_item item, const uint8_t *at, size_t left)
{
    return sizeof(size_t) < sizeof(uint64_t) && item >= MWI_ITEM_BYTES &&
           item <= MWI_ITEM_MAP &&
           (at[0] & MWI_INFO_MASK) == MWI_INFO_EIGHT_BYTES && left > 4 &&
           (at[1] | at[2] | at[3] | at[4]) != 0;
}

uint64_t
mwi_quick_last_argument(const uint8_t *at, size_t width)
{
    uint64_t argument = 0;

    for (size_t i = 1; i <= width; i++) {
        argument = argument << 8 | at[i];
    }
    return argument;
}

const char *
mwi_head_read(const uint8_t *at, size_t left, struct mwi_head *ret_head)
{
    struct mwi_head head = { .item = mwi_head_item(at[0]) };
    struct cbor_decoder_result result;
    const char *why;

    if (head.item == MWI_ITEM_NONE) {
        return why_none(at[0]);
    }
    why = read_unusual(at, left, &head);
    if (why != NULL) {
        return why;
    }
    if (is_cut_by_libcbor(head.item, at, left)) {
        return "truncated"; /* no message is that long */
    }
    if (head.size == 0) {
        result = cbor_stream_decode(at, left, &callbacks, &head);
        if (result.status != CBOR_DECODER_FINISHED) {
            return result.status == CBOR_DECODER_NEDATA ? "truncated"
                                                        : "malformed";
        }
        head.size = result.read;
    }
    *ret_head = head;
    return NULL;
}
