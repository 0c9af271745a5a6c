/* SPDX-License-Identifier: MIT */
/*
 * Messages that mean ill: an error or a valid value, never more memory than
 * the budget, never a read beyond the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "mw/object.h"

#include "codec/seq.h"
#include "codec/value.h"
#include "fixture.h"
#include "hex.h"
#include "lib/random_value.h"

/* Decode into the heap with a budget; the value is cleared. */
static mw_error
decode_within(
    const mw_type *type, const uint8_t *bytes, size_t len, size_t budget)
{
    struct mwi_place heap = { .budget = budget };
    struct mwi_reader r;
    order storage = { 0 };

    mwi_reader_init(&r, bytes, len, 64);
    mwi_decode(&r, &heap, type, &storage);
    cr_assert_leq(heap.budget, budget);
    (void) mwi_reader_finish(&r);
    mwi_clear(type, &storage);
    return r.error;
}

static const struct wrong {
    const mw_type *type;
    const char *hex;
    const char *text;
} wrongs[] = {
    { &order_type, "8161 31",
        "id: expected unsigned integer, found text at byte 1" },
    { &order_type, "820105",
        "customer: expected text, found unsigned integer at byte 2" },
    { &order_type, "83016001",
        "tag: expected text, found unsigned integer at byte 3" },
    { &order_type, "830160656162636465",
        "tag: text of 5 bytes exceeds the bound of 4 at byte 3" },
    { &order_type, "84016060 81 01",
        "values.b: expected boolean, found unsigned integer at byte 5" },
    { &order_type, "84016060 82f4 19012c",
        "values.u8: 300 does not fit uint8 at byte 6" },
    { &order_type, "85016060 80 83 80 80 81 08",
        "lines[2].sku: expected text, found unsigned integer at byte 9" },
    { &order_type, "85016060 80 81 84 60 01 f6 81 f6",
        "lines[0].where.x: expected floating-point number, found null at byte "
        "11" },
    { &order_type, "86016060 80 80 84 80 80 80 80",
        "few: sequence of 4 elements exceeds the bound of 3 at byte 6" },
    { &order_type, "87016060 80 80 80 81 80",
        "both: 1 elements, must be 2 at byte 7" },
    { &order_type, "88016060 80 80 80 828080 81 01",
        "ends: 1 members, test::Pair has 2 at byte 10" },
    { &line_type, "81 63 610062", "sku: text contains a NUL at byte 1" },
    { &line_type, "81 6161", "" },
    { &line_type, "8361", "array of 3 items is truncated at byte 0" },
    { &line_type, "8161", "sku: truncated at byte 1" },
    { &line_type, "82 6161 9f ff", "count: indefinite length at byte 3" },
    { &line_type, "85 60 01 f6 f6 61", "truncated at byte 5" },
    { &line_type, "85 60 01 f6 f6 5f", "indefinite length at byte 5" },
    { &seq_seq_i16_type, "82 80 82 00 1a00010000",
        "[1][1]: 65536 does not fit int16 at byte 4" },
    { &mw_type_seq_string, "82 6161 82",
        "[1]: expected text, found array at "
        "byte 3" },
    { &mw_type_string, "c06161", "expected text, found tag at byte 0" },
    { &mw_type_string, "7a7fffffff", "truncated at byte 0" },
    { &mw_type_string, "", "expected text, found the end at byte 0" },
    { &mw_type_string, "6100", "text contains a NUL at byte 0" },
    { &mw_type_string, "6060", "1 bytes too many at byte 1" },
};

Test(hostile, errors_say_where)
{
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        struct hex hex = unhex(wrongs[i].hex);
        mw_error error =
            decode_within(wrongs[i].type, hex.bytes, hex.len, 1 << 20);

        cr_assert_str_eq(
            error.text, wrongs[i].text, "%s: %s", wrongs[i].hex, error.text);
        cr_assert(
            error.status == (wrongs[i].text[0] == '\0' ? MW_OK : MW_EINVAL));
        free(hex.bytes);
    }
}

/* A struct of 56 bytes is encoded in one, so only the budget protects. */
Test(hostile, many_small_elements)
{
    enum { N = 60000 };
    uint8_t *bytes = malloc(3 + N);
    mw_error error;

    bytes[0] = 0x99;
    bytes[1] = N >> 8;
    bytes[2] = N & 0xff;
    memset(bytes + 3, 0x80, N);
    error = decode_within(&seq_line_type, bytes, 3 + N, 1 << 20);
    cr_assert_eq(error.status, MW_ERANGE);
    cr_assert_str_eq(error.text, "memory limit exceeded at byte 0");
    error = decode_within(&seq_line_type, bytes, 3 + N, N * sizeof(line));
    cr_assert_eq(error.status, MW_ERANGE);
    error = decode_within(
        &seq_line_type, bytes, 3 + N, N * (sizeof(line) + 32) + 32);
    cr_assert_eq(error.status, MW_OK, "%s", error.text);
    /* Empty texts cost more than the byte that encodes them. */
    memset(bytes + 3, 0x60, N);
    error = decode_within(
        &mw_type_seq_string, bytes, 3 + N, N * (sizeof(char *) + 1));
    cr_assert_eq(error.status, MW_ERANGE);
    free(bytes);
}

Test(hostile, arena_limit)
{
    struct mwi_arena arena;
    struct mwi_place place = { .arena = &arena, .budget = SIZE_MAX };
    struct mwi_reader r;
    seq_line storage = { 0 };
    uint8_t bytes[1003];

    memset(bytes, 0x80, sizeof(bytes));
    bytes[0] = 0x99;
    bytes[1] = 1000 >> 8;
    bytes[2] = 1000 & 0xff;
    mwi_arena_init(&arena, 10000);
    mwi_reader_init(&r, bytes, sizeof(bytes), 64);
    mwi_decode(&r, &place, &seq_line_type, &storage);
    cr_assert_eq(r.error.status, MW_ERANGE);
    cr_assert_leq(arena.total, 10000);
    mwi_arena_fini(&arena);
}

Test(hostile, giant_counts)
{
    static const char *const giants[] = { "9b00000fffffffffff", "9affffffff",
        "9bffffffffffffffff", "5bffffffffffffffff", "7affffffff",
        "d8565bfffffffffffffff8", "d8565b0000100000000000" };
    static const mw_type *const types[] = { &seq_line_type, &mw_type_seq_u8,
        &mw_type_seq_f64, &mw_type_seq_string, &mw_type_string, &line_type,
        &seq_seq_i16_type, &array_line_2_type, &grid_type };

    for (size_t i = 0; i < sizeof(giants) / sizeof(giants[0]); i++) {
        for (size_t j = 0; j < sizeof(types) / sizeof(types[0]); j++) {
            struct hex hex = unhex(giants[i]);
            mw_error error =
                decode_within(types[j], hex.bytes, hex.len, SIZE_MAX);

            cr_assert_eq(error.status, MW_EINVAL);
            free(hex.bytes);
        }
    }
}

Test(hostile, deep_nesting_in_what_is_skipped)
{
    uint8_t bytes[3000];
    mw_error error;

    memset(bytes, 0x81, sizeof(bytes));
    memcpy(bytes, "\x85\x60\x01\xf6\xf6", 5);
    error = decode_within(&line_type, bytes, sizeof(bytes), 1 << 20);
    cr_assert_eq(error.status, MW_ERANGE);
    cr_assert_str_eq(error.text, "nested deeper than 64 levels at byte 68");
}

/* Leave at most two elements in every sequence of an order. */
static void
shorten(order *object)
{
    for (uint32_t i = 0; i < order_type.n_members; i++) {
        const mw_field *field = &order_type.fields[i];

        mwi_seq_remove(
            true, field->type, mwi_field_at(field, object), 2, SIZE_MAX);
    }
}

/* A message with everything in it: the shortest of some random ones. */
static void
everything(uint8_t **ret_bytes, size_t *ret_len)
{
    *ret_bytes = NULL;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct mwt_prng prng = { seed };
        order object;
        uint8_t *bytes;
        size_t len;

        mwt_random_object(&prng, &order_type, &object);
        shorten(&object);
        cr_assert_eq(
            mw_object_encode(&order_type, &object, &bytes, &len, NULL), MW_OK);
        if (*ret_bytes == NULL ||
            (object.has_extra && object.lines.len > 0 && len < *ret_len)) {
            free(*ret_bytes);
            *ret_bytes = bytes;
            *ret_len = len;
        } else {
            free(bytes);
        }
        mw_object_clear(&order_type, &object);
    }
}

Test(hostile, every_truncation)
{
    uint8_t *bytes;
    size_t len;

    everything(&bytes, &len);
    for (size_t i = 0; i < len; i++) {
        /* A block of its own, so that reading beyond it is noticed. */
        uint8_t *cut = malloc(i > 0 ? i : 1);
        mw_error error;

        memcpy(cut, bytes, i);
        error = decode_within(&order_type, cut, i, SIZE_MAX);
        cr_assert_eq(error.status, MW_EINVAL);
        free(cut);
    }
    free(bytes);
}

Test(hostile, every_byte_flipped)
{
    uint8_t *bytes;
    size_t len;

    everything(&bytes, &len);
    for (size_t i = 0; i < len; i++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            order back;
            mw_error error;

            bytes[i] = (uint8_t) (bytes[i] ^ 1u << bit);
            if (mw_object_decode(&order_type, bytes, len, &back, &error) ==
                MW_OK) {
                uint8_t *again = NULL;
                size_t n;

                /* What was accepted can be sent. */
                cr_assert_eq(
                    mw_object_encode(&order_type, &back, &again, &n, &error),
                    MW_OK, "%s", error.text);
                free(again);
                mw_object_clear(&order_type, &back);
            } else {
                static const order zero;

                cr_assert_eq(memcmp(&back, &zero, sizeof(back)), 0);
            }
            bytes[i] = (uint8_t) (bytes[i] ^ 1u << bit);
        }
    }
    free(bytes);
}
