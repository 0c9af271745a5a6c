/* SPDX-License-Identifier: MIT */
/*
 * Numbers: what fits where, floats that lose nothing, and RFC 8746 typed
 * arrays in both byte orders and in plain arrays.
 */
#include <stdlib.h>
#include <string.h>

#include "mw/object.h"

#include "codec/ieee754.h"
#include "codec/numbers.h"
#include "codec/value.h"
#include "fixture.h"
#include "hex.h"

union number {
    uint8_t u8;
    int8_t i8;
    uint16_t u16;
    int16_t i16;
    uint32_t u32;
    int32_t i32;
    uint64_t u64;
    int64_t i64;
    float f32;
    double f64;
};

/* Decode a number; "" or the error's text. */
static const char *
decode_number(const mw_type *type, const char *text, union number *ret_number)
{
    static mw_error error;
    struct hex hex = unhex(text);

    if (mw_object_decode(type, hex.bytes, hex.len, ret_number, &error) ==
        MW_OK) {
        error.text[0] = '\0';
    }
    free(hex.bytes);
    return error.text;
}

Test(numbers, ranges)
{
    static const struct {
        const mw_type *type;
        const char *hex;
        const char *error;
    } cases[] = {
        { &mw_type_u8, "18ff", "" },
        { &mw_type_u8, "190100", "256 does not fit uint8 at byte 0" },
        { &mw_type_u8, "19012c", "300 does not fit uint8 at byte 0" },
        { &mw_type_u8, "20",
            "expected unsigned integer, found negative integer at byte 0" },
        { &mw_type_i8, "187f", "" },
        { &mw_type_i8, "1880", "128 does not fit int8 at byte 0" },
        { &mw_type_i8, "387f", "" },
        { &mw_type_i8, "3880", "-129 does not fit int8 at byte 0" },
        { &mw_type_u16, "19ffff", "" },
        { &mw_type_u16, "1a00010000", "65536 does not fit uint16 at byte 0" },
        { &mw_type_i16, "197fff", "" },
        { &mw_type_i16, "198000", "32768 does not fit int16 at byte 0" },
        { &mw_type_i16, "397fff", "" },
        { &mw_type_i16, "398000", "-32769 does not fit int16 at byte 0" },
        { &mw_type_u32, "1affffffff", "" },
        { &mw_type_u32, "1b0000000100000000",
            "4294967296 does not fit uint32 at byte 0" },
        { &mw_type_i32, "1a7fffffff", "" },
        { &mw_type_i32, "1a80000000",
            "2147483648 does not fit int32 at byte 0" },
        { &mw_type_i32, "3a7fffffff", "" },
        { &mw_type_i32, "3a80000000",
            "-2147483649 does not fit int32 at byte 0" },
        { &mw_type_u64, "1bffffffffffffffff", "" },
        { &mw_type_u64, "3bffffffffffffffff",
            "expected unsigned integer, found negative integer at byte 0" },
        { &mw_type_i64, "1b7fffffffffffffff", "" },
        { &mw_type_i64, "1b8000000000000000",
            "9223372036854775808 does not fit int64 at byte 0" },
        { &mw_type_i64, "3b7fffffffffffffff", "" },
        { &mw_type_i64, "f93c00",
            "expected integer, found floating-point number at byte 0" },
        { &mw_type_f64, "01",
            "expected floating-point number, found unsigned integer at byte "
            "0" },
        { &mw_type_u8, "f5",
            "expected unsigned integer, found boolean at byte 0" },
        { &mw_type_bool, "01",
            "expected boolean, found unsigned integer at byte 0" },
        { &colour_type, "01", "1 is not a value of test::Colour at byte 0" },
        { &colour_type, "1b000000010000 0000",
            "4294967296 is not a value of test::Colour at byte 0" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        union number number;

        cr_assert_str_eq(decode_number(cases[i].type, cases[i].hex, &number),
            cases[i].error);
    }
}

Test(numbers, floats_lose_nothing)
{
    static const struct {
        const char *hex;
        const char *f32; /* bits, or NULL when refused */
        const char *f64;
    } cases[] = {
        { "f93c00", "3f800000", "3ff0000000000000" },
        { "f90001", "33800000", "3e70000000000000" },
        { "f98000", "80000000", "8000000000000000" },
        { "f97c00", "7f800000", "7ff0000000000000" },
        { "f97e00", "7fc00000", "7ff8000000000000" },
        { "fa3fc00000", "3fc00000", "3ff8000000000000" },
        { "fa00000001", "00000001", "36a0000000000000" },
        { "fa7fa0abcd", "7fa0abcd", "7ff41579a0000000" },
        { "fb3ff8000000000000", "3fc00000", "3ff8000000000000" },
        { "fb3ff199999999999a", NULL, "3ff199999999999a" },
        { "fb47efffffe0000000", "7f7fffff", "47efffffe0000000" },
        { "fb47effffff0000000", NULL, "47effffff0000000" },
        { "fb7e37e43c8800759c", NULL, "7e37e43c8800759c" },
        { "fbffefffffffffffff", NULL, "ffefffffffffffff" },
        { "fbfff0000000000000", "ff800000", "fff0000000000000" },
        { "fb36a0000000000000", "00000001", "36a0000000000000" },
        { "fb3690000000000000", NULL, "3690000000000000" },
        { "fb8000000000000000", "80000000", "8000000000000000" },
        { "fb7ff41579a0000000", "7fa0abcd", "7ff41579a0000000" },
        { "fb7ff8000000000001", NULL, "7ff8000000000001" },
        { "fb7ff0000000000001", NULL, "7ff0000000000001" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        union number number;
        const char *error = decode_number(&mw_type_f32, cases[i].hex, &number);
        char bits[17];

        if (cases[i].f32 == NULL) {
            cr_assert_not_null(strstr(error, "does not fit float"), "%s: %s",
                cases[i].hex, error);
        } else {
            cr_assert_str_eq(error, "");
            (void) snprintf(bits, sizeof(bits), "%08x", number.u32);
            cr_assert_str_eq(bits, cases[i].f32);
        }
        cr_assert_str_eq(
            decode_number(&mw_type_f64, cases[i].hex, &number), "");
        (void) snprintf(
            bits, sizeof(bits), "%016llx", (unsigned long long) number.u64);
        cr_assert_str_eq(bits, cases[i].f64);
    }
}

/* The sequence types by kind, a value of one number 1 and its encodings. */
static const struct {
    const mw_type *type;
    const char *little;
    const char *big;
    const char *plain;
} arrays[] = {
    { &mw_type_seq_u8, "4101", "d8404101", "8101" },
    { &mw_type_seq_i8, "d8484101", "d8484101", "8101" },
    { &mw_type_seq_u16, "d845420100", "d841420001", "8101" },
    { &mw_type_seq_i16, "d84d420100", "d849420001", "8101" },
    { &mw_type_seq_u32, "d8464401000000", "d8424400000001", "8101" },
    { &mw_type_seq_i32, "d84e4401000000", "d84a4400000001", "8101" },
    { &mw_type_seq_u64, "d847480100000000000000", "d843480000000000000001",
        "8101" },
    { &mw_type_seq_i64, "d84f480100000000000000", "d84b480000000000000001",
        "8101" },
    { &mw_type_seq_f32, "d855440000803f", "d851443f800000", "81f93c00" },
    { &mw_type_seq_f64, "d85648000000000000f03f", "d852483ff0000000000000",
        "81fa3f800000" },
};

enum { N_ARRAYS = sizeof(arrays) / sizeof(arrays[0]) };

Test(numbers, typed_arrays_in_every_form)
{
    for (size_t i = 0; i < N_ARRAYS; i++) {
        const mw_type *type = arrays[i].type;
        const char *forms[] = { arrays[i].little, arrays[i].big,
            arrays[i].plain };
        mw_seq_u8 first = { 0 };

        for (size_t j = 0; j < 3; j++) {
            struct hex hex = unhex(forms[j]);
            mw_seq_u8 back;
            mw_error error;
            uint8_t *bytes;
            size_t len;

            cr_assert_eq(
                mw_object_decode(type, hex.bytes, hex.len, &back, &error),
                MW_OK, "%s: %s", forms[j], error.text);
            cr_assert_eq(back.len, 1);
            cr_assert_eq(
                mw_object_encode(type, &back, &bytes, &len, &error), MW_OK);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            assert_hex(bytes, len, arrays[i].little);
#else
            assert_hex(bytes, len,
                type == &mw_type_seq_u8 ? arrays[i].little : arrays[i].big);
#endif
            free(bytes);
            if (j == 0) {
                first = back;
            } else {
                cr_assert(mw_object_equal(type, &first, &back), "%s", forms[j]);
                mw_object_clear(type, &back);
            }
            free(hex.bytes);
        }
        mw_object_clear(type, &first);
    }
}

/* A typed array is read where it stands, at any alignment. */
Test(numbers, unaligned_payload)
{
    for (size_t shift = 0; shift < 8; shift++) {
        uint8_t bytes[8 + 19] = { 0 };
        uint8_t *at = bytes + shift;
        mw_seq_f64 back;
        static const uint8_t message[] = { 0xd8, 0x52, 0x50, 0x3f, 0xf8, 0, 0,
            0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0 };

        memcpy(at, message, sizeof(message));
        cr_assert_eq(mw_object_decode(
                         &mw_type_seq_f64, at, sizeof(message), &back, NULL),
            MW_OK);
        cr_assert_eq(back.len, 2);
        cr_assert_eq(back.items[0], 1.5);
        cr_assert_eq(back.items[1], -2.0);
        mw_object_clear(&mw_type_seq_f64, &back);
    }
}

Test(numbers, refused_arrays)
{
    static const struct {
        const mw_type *type;
        const char *hex;
        const char *error;
    } cases[] = {
        { &mw_type_seq_u16, "d8454101",
            "typed array of 1 bytes is no multiple of 2 at byte 0" },
        { &mw_type_seq_f64, "d8554400000000",
            "expected typed array of double (tag 86), found tag 85 at byte "
            "0" },
        { &mw_type_seq_u16, "4101",
            "expected typed array, found byte string at byte 0" },
        { &mw_type_seq_u16, "d84501",
            "expected byte string, found unsigned integer at byte 2" },
        { &mw_type_seq_u8, "f6", "expected byte string, found null at byte 0" },
        { &mw_type_seq_u8, "820119012c",
            "[1]: 300 does not fit uint8 at byte 2" },
        { &mw_type_seq_i32, "830102",
            "array of 3 items is truncated at byte 0" },
        { &mw_type_seq_i32, "8301026161",
            "[2]: expected integer, found text at byte 3" },
        { &mw_type_seq_u8, "d8444101",
            "expected typed array of uint8 (tag 64), found tag 68 at byte 0" },
        { &array_i32_3_type, "820102", "2 elements, must be 3 at byte 0" },
        { &array_i32_3_type, "d84e4401000000",
            "1 elements, must be 3 at byte 0" },
        { &seq_u8_5_type, "46000000000000",
            "sequence of 6 elements exceeds the bound of 5 at byte 0" },
        { &seq_u8_5_type, "86000000000000",
            "sequence of 6 elements exceeds the bound of 5 at byte 0" },
    };
    order storage;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hex hex = unhex(cases[i].hex);
        mw_error error = { 0 };

        cr_assert_eq(mw_object_decode(
                         cases[i].type, hex.bytes, hex.len, &storage, &error),
            MW_EINVAL, "%s", cases[i].hex);
        cr_assert_str_eq(error.text, cases[i].error);
        free(hex.bytes);
    }
}

Test(numbers, fixed_and_bounded_in_every_form)
{
    int32_t three[3];
    seq_u8_5 some;
    struct hex hex = unhex("d84a4c00000001fffffffe00000003");

    cr_assert_eq(
        mw_object_decode(&array_i32_3_type, hex.bytes, hex.len, three, NULL),
        MW_OK);
    cr_assert(three[0] == 1 && three[1] == -2 && three[2] == 3);
    free(hex.bytes);
    hex = unhex("83012103");
    cr_assert_eq(
        mw_object_decode(&array_i32_3_type, hex.bytes, hex.len, three, NULL),
        MW_OK);
    cr_assert(three[0] == 1 && three[1] == -2 && three[2] == 3);
    free(hex.bytes);
    hex = unhex("80");
    cr_assert_eq(
        mw_object_decode(&seq_u8_5_type, hex.bytes, hex.len, &some, NULL),
        MW_OK);
    cr_assert_eq(some.len, 0);
    free(hex.bytes);
}

Test(numbers, view_says_what_it_is)
{
    struct hex hex = unhex("83 d855440000803f d851443f800000 81f93c00");
    struct mwi_reader r;
    struct mwi_numbers numbers;
    float out[1];

    mwi_reader_init(&r, hex.bytes, hex.len, 8);
    cr_assert_eq(mwi_read_array(&r), 3);
    for (int i = 0; i < 3; i++) {
        numbers = mwi_read_numbers(&r, MW_KIND_F32);
        cr_assert(mwi_reader_ok(&r), "%s", r.error.text);
        cr_assert_eq(numbers.n, 1);
        cr_assert_eq(numbers.plain, i == 2);
        mwi_numbers_copy(&numbers, MW_KIND_F32, out);
        cr_assert_eq(out[0], 1.0F);
    }
    mwi_leave(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK);
    cr_assert_eq(r.depth, 0);
    free(hex.bytes);
}

Test(numbers, widening_and_narrowing_agree)
{
    for (uint64_t i = 0; i < UINT64_C(1) << 32; i += 65521) {
        uint32_t bits = (uint32_t) i;
        uint32_t back = ~bits;

        cr_assert(mwi_float_narrow(mwi_float_widen(bits), &back));
        cr_assert_eq(bits, back);
    }
}
