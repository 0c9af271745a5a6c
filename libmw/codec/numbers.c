/* SPDX-License-Identifier: MIT */
/*
 * Single numbers, and sequences of them as RFC 8746 typed arrays.
 *
 * A tag of RFC 8746 section 2.1 is 0b010 and then the bits f (float), s
 * (signed), e (little-endian) and ll (the size).
 */
#include "codec/numbers.h"

#include <inttypes.h>
#include <string.h>

#include "codec/access.h"
#include "codec/ieee754.h"
#include "codec/value.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_IS_LITTLE true
#else
#define HOST_IS_LITTLE false
#endif

enum { TAG_LITTLE = 1 << 2 };

#define KIND(name, size, tag, bits, is_signed)                             \
    {                                                                      \
        name, size, tag,                                                   \
            (tag) | ((size) > 1 && HOST_IS_LITTLE ? TAG_LITTLE : 0), bits, \
            is_signed                                                      \
    }

const struct mwi_number_kind mwi_number_kinds[] = {
    [MW_KIND_U8] = KIND("uint8", 1, 64, 8, false),
    [MW_KIND_I8] = KIND("int8", 1, 72, 7, true),
    [MW_KIND_U16] = KIND("uint16", 2, 65, 16, false),
    [MW_KIND_I16] = KIND("int16", 2, 73, 15, true),
    [MW_KIND_U32] = KIND("uint32", 4, 66, 32, false),
    [MW_KIND_I32] = KIND("int32", 4, 74, 31, true),
    [MW_KIND_U64] = KIND("uint64", 8, 67, 64, false),
    [MW_KIND_I64] = KIND("int64", 8, 75, 63, true),
    [MW_KIND_F32] = KIND("float", 4, 81, 0, true),
    [MW_KIND_F64] = KIND("double", 8, 82, 0, true),
};

static bool
is_float(uint32_t kind)
{
    return kind == MW_KIND_F32 || kind == MW_KIND_F64;
}

/* The tag of a kind's typed arrays in a byte order.  One byte has no order. */
static uint8_t
typed_array_tag(uint32_t kind, bool little)
{
    return (
        uint8_t) (mwi_number_kinds[kind].tag |
                  (little && mwi_number_kinds[kind].size > 1 ? TAG_LITTLE : 0));
}

size_t
mwi_numbers_size(uint32_t kind, size_t n)
{
    size_t payload = n * mwi_number_kinds[kind].size;

    /* All tags take two bytes. */
    return (kind == MW_KIND_U8 ? 0 : 2) + mwi_head_size(payload) + payload;
}

void
mwi_write_numbers(
    struct mwi_writer *w, uint32_t kind, const void *items, size_t n)
{
    size_t payload;

    if (__builtin_mul_overflow(
            n, (size_t) mwi_number_kinds[kind].size, &payload)) {
        mwi_writer_fail(w, MW_EINVAL, "impossible length %zu", n);
        return;
    }
    if (kind != MW_KIND_U8) {
        mwi_write_tag(w, mwi_number_kinds[kind].host_tag);
    }
    mwi_write_bytes(w, items, payload);
}

static void
read_float(struct mwi_reader *r, uint32_t kind, void *ret_value)
{
    const uint8_t *at = r->at;
    uint64_t bits = 0;
    uint32_t width = mwi_read_float_bits(r, &bits);

    if (kind == MW_KIND_F64) {
        bits = width == sizeof(float) ? mwi_float_widen((uint32_t) bits) : bits;
        mwi_store_low(ret_value, bits, sizeof(double));
        return;
    }
    if (width == sizeof(double)) {
        uint32_t narrow = 0;

        if (!mwi_float_narrow(bits, &narrow)) {
            double value;

            memcpy(&value, &bits, sizeof(value));
            r->at = at;
            mwi_reader_fail(r, MW_EINVAL, "%.17g does not fit float", value);
            return;
        }
        bits = narrow;
    }
    mwi_store_low(ret_value, bits, sizeof(float));
}

static void
read_unsigned(struct mwi_reader *r, uint32_t kind, void *ret_value)
{
    const uint8_t *at = r->at;
    uint64_t value = mwi_read_uint(r);

    if (value > UINT64_MAX >> (64 - mwi_number_kinds[kind].bits)) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "%" PRIu64 " does not fit %s", value,
            mwi_number_kinds[kind].name);
        return;
    }
    mwi_store_low(ret_value, value, mwi_number_kinds[kind].size);
}

static void
read_signed(struct mwi_reader *r, uint32_t kind, void *ret_value)
{
    const uint8_t *at = r->at;
    int64_t value = mwi_read_int(r);
    int64_t max = (int64_t) (UINT64_MAX >> (64 - mwi_number_kinds[kind].bits));

    if (value > max || value < -1 - max) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "%" PRId64 " does not fit %s", value,
            mwi_number_kinds[kind].name);
        return;
    }
    mwi_store_low(ret_value, (uint64_t) value, mwi_number_kinds[kind].size);
}

void
mwi_read_number(struct mwi_reader *r, uint32_t kind, void *ret_value)
{
    if (is_float(kind)) {
        read_float(r, kind, ret_value);
    } else if (mwi_number_kinds[kind].is_signed) {
        read_signed(r, kind, ret_value);
    } else {
        read_unsigned(r, kind, ret_value);
    }
}

/* An array with an item per number.  All are checked here, so that copying
 * them out cannot fail. */
static struct mwi_numbers
read_plain(struct mwi_reader *r, uint32_t kind)
{
    struct mwi_numbers numbers = { .plain = true };
    struct mwi_path step = { .up = r->path };
    size_t n = mwi_read_array(r);

    numbers.bytes = r->at;
    r->path = &step;
    for (; step.index < n && mwi_reader_ok(r); step.index++) {
        uint64_t scratch;

        mwi_read_number(r, kind, &scratch);
    }
    r->path = step.up;
    mwi_leave(r);
    numbers.n = n;
    numbers.size = (size_t) (r->at - numbers.bytes);
    return numbers;
}

/* Consume the tag of a typed array of a kind, and say in which order it is. */
static bool
read_typed_array_tag(struct mwi_reader *r, uint32_t kind)
{
    const uint8_t *at = r->at;
    uint8_t little = typed_array_tag(kind, true);
    uint8_t big = typed_array_tag(kind, false);
    uint64_t tag = mwi_read_tag(r);

    if (tag != little && tag != big) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL,
            "expected typed array of %s (tag %d), found tag %" PRIu64,
            mwi_number_kinds[kind].name, little, tag);
    }
    return tag == little;
}

/* What mwi_read_numbers() does, if nothing is swapped and all is well. */
static bool
read_quickly(struct mwi_reader *r, uint32_t kind, struct mwi_numbers *ret)
{
    size_t size = mwi_number_kinds[kind].size; /* a power of two */
    size_t len;
    const uint8_t *at = mwi_quick_numbers(r->at, r->end, kind, &len);

    if (at == NULL || (len & (size - 1)) != 0 || r->depth >= r->depth_max ||
        !mwi_reader_ok(r)) {
        return false;
    }
    *ret = (struct mwi_numbers){
        .bytes = at,
        .n = len >> __builtin_ctzll(size), /* a division takes its time */
        .size = len,
    };
    r->at = at + len;
    return true;
}

struct mwi_numbers
mwi_read_numbers(struct mwi_reader *r, uint32_t kind)
{
    struct mwi_numbers numbers = { 0 };
    const uint8_t *at = r->at;
    size_t size = mwi_number_kinds[kind].size;
    enum mwi_item item;
    bool tagged;

    if (read_quickly(r, kind, &numbers)) {
        return numbers;
    }
    item = mwi_peek(r);
    tagged = item == MWI_ITEM_TAG;
    if (item == MWI_ITEM_ARRAY) {
        numbers = read_plain(r, kind);
    } else if (tagged || (item == MWI_ITEM_BYTES && kind == MW_KIND_U8)) {
        bool little = !tagged || read_typed_array_tag(r, kind);

        numbers.bytes = mwi_read_bytes(r, &numbers.size);
        numbers.swapped = size > 1 && little != HOST_IS_LITTLE;
        numbers.n = numbers.size / size;
        if (tagged) {
            mwi_leave(r);
        }
        if (numbers.size % size != 0) {
            r->at = at;
            mwi_reader_fail(r, MW_EINVAL,
                "typed array of %zu bytes is no multiple of %zu", numbers.size,
                size);
        }
    } else {
        mwi_reader_mismatch(
            r, kind == MW_KIND_U8 ? "byte string" : "typed array");
    }
    return mwi_reader_ok(r) ? numbers : (struct mwi_numbers){ 0 };
}

static void
copy_plain(const struct mwi_numbers *numbers, uint32_t kind, char *ret_items)
{
    struct mwi_reader r;

    mwi_reader_init(&r, numbers->bytes, numbers->size, 1);
    for (size_t i = 0; i < numbers->n; i++) {
        mwi_read_number(&r, kind, ret_items + i * mwi_number_kinds[kind].size);
    }
}

static void
copy_swapped(const struct mwi_numbers *numbers, size_t size, char *ret_items)
{
    for (size_t i = 0; i < numbers->n; i++) {
        const uint8_t *from = numbers->bytes + i * size;
        char *to = ret_items + i * size;
        uint16_t as16;
        uint32_t as32;
        uint64_t as64;

        switch (size) {
        case sizeof(as16):
            memcpy(&as16, from, sizeof(as16));
            mwi_store_low(to, __builtin_bswap16(as16), sizeof(as16));
            break;
        case sizeof(as32):
            memcpy(&as32, from, sizeof(as32));
            mwi_store_low(to, __builtin_bswap32(as32), sizeof(as32));
            break;
        default:
            memcpy(&as64, from, sizeof(as64));
            mwi_store_low(to, __builtin_bswap64(as64), sizeof(as64));
            break;
        }
    }
}

void
mwi_numbers_copy(
    const struct mwi_numbers *numbers, uint32_t kind, void *ret_items)
{
    if (numbers->n == 0) {
        return;
    }
    if (numbers->plain) {
        copy_plain(numbers, kind, ret_items);
    } else if (numbers->swapped) {
        copy_swapped(numbers, mwi_number_kinds[kind].size, ret_items);
    } else {
        memcpy(ret_items, numbers->bytes,
            numbers->n * mwi_number_kinds[kind].size);
    }
}

bool
mwi_numbers_adopt(const struct mwi_numbers *numbers, struct mwi_reader *r,
    struct mwi_place *place, const mw_type *type, void *ret_value)
{
    struct mwi_seq seq = { NULL, numbers->n, numbers->n };
    size_t budget = place->budget;

    if (!place->adopts || r->apart == NULL || numbers->n == 0 ||
        numbers->bytes != r->apart->bytes || numbers->swapped ||
        type->kind != MW_KIND_SEQ ||
        (place->arena != NULL && place->arena != place->rest) ||
        !mwi_place_charge(place, numbers->n, type->elem->size)) {
        return false;
    }
    if (place->arena != NULL &&
        !mwi_arena_adopt(place->arena, r->apart->bytes, numbers->size)) {
        place->budget = budget;
        return false;
    }
    seq.items = r->apart->bytes;
    r->apart->bytes = NULL;
    mwi_store_seq(ret_value, seq);
    return true;
}
