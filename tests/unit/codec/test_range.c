/* SPDX-License-Identifier: MIT */
/*
 * @range, @min and @max: at the border and beyond it, read and written.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "object_assert.h"

/* One member of ranges, alone. */
static mw_type
struct_of(const mw_field *field)
{
    mw_type type = ranges_type;

    type.fields = field;
    type.n_members = 1;
    return type;
}

static const struct border {
    const char *inside; /* V of the struct of one member */
    const char *outside;
    const char *text;
} lows[] = {
    { "810a", "8109", "u8: 9 is below the minimum of 10" },
    { "8129", "812a", "i8: -11 is below the minimum of -10" },
    { "8119012c", "8119012b", "u16: 299 is below the minimum of 300" },
    { "8139012b", "8139012c", "i16: -301 is below the minimum of -300" },
    { "811a00011170", "811a0001116f",
        "u32: 69999 is below the minimum of 70000" },
    { "813a7ffffffe", "813a7fffffff",
        "i32: -2147483648 is below the minimum of -2147483647" },
    { "8101", "8100", "u64: 0 is below the minimum of 1" },
    { "813b7ffffffffffffffe", "813b7fffffffffffffff",
        "i64: -9223372036854775808 is below the minimum of "
        "-9223372036854775807" },
    { "81fabf000000", "81fabf000001",
        "f32: -0.50000006 is below the minimum of -0.5" },
    { "81fb8000000000000000", "81fb8000000000000001",
        "f64: -4.9406564584124654e-324 is below the minimum of 0" },
};

static const struct border highs[] = {
    { "8118c8", "8118c9", "u8: 201 is above the maximum of 200" },
    { "811864", "811865", "i8: 101 is above the maximum of 100" },
    { "8119fffe", "8119ffff", "u16: 65535 is above the maximum of 65534" },
    { "8119012c", "8119012d", "i16: 301 is above the maximum of 300" },
    { "811afffffffe", "811affffffff",
        "u32: 4294967295 is above the maximum of 4294967294" },
    { "8120", "8100", "i32: 0 is above the maximum of -1" },
    { "811bfffffffffffffffe", "811bffffffffffffffff",
        "u64: 18446744073709551615 is above the maximum of "
        "18446744073709551614" },
    { "811b7ffffffffffffffe", "811b7fffffffffffffff",
        "i64: 9223372036854775807 is above the maximum of "
        "9223372036854775806" },
    { "81fa7149f2ca", "81fa7f800000",
        "f32: inf is above the maximum of 1.00000002e+30" },
    { "81fb3ff0000000000000", "81fb3ff0000000000001",
        "f64: 1.0000000000000002 is above the maximum of 1" },
};

/* The same value, read without ranges. */
static void
decode_anything(const mw_type *type, const char *text, ranges *ret_value)
{
    mw_field field = type->fields[0];
    mw_type open = *type;

    field.range = NULL;
    open.fields = &field;
    decode(&open, text, ret_value);
}

static void
check(const mw_field *field, const struct border *border)
{
    mw_type type = struct_of(field);
    char expected[MW_ERROR_TEXT_MAX];
    ranges value;

    decode(&type, border->inside, &value);
    assert_encodes(&type, &value, border->inside);
    mw_object_clear(&type, &value);
    decode_anything(&type, border->outside, &value);
    cr_assert_str_eq(encode_error(&type, &value).text, border->text);
    mw_object_clear(&type, &value);
    (void) snprintf(expected, sizeof(expected), "%s at byte 1", border->text);
    cr_assert_str_eq(decode_error(&type, border->outside).text, expected);
}

Test(range, borders)
{
    for (size_t i = 0; i < sizeof(lows) / sizeof(lows[0]); i++) {
        check(&ranges_type.fields[i], &lows[i]);
    }
    for (size_t i = 0; i < sizeof(highs) / sizeof(highs[0]); i++) {
        check(&ranges_type.fields[i], &highs[i]);
    }
}

Test(range, a_maximum_alone)
{
    mw_field field = ranges_type.fields[3];
    mw_range range = { .max = field.range->max };
    mw_type type = struct_of(&field);
    ranges value;

    field.range = &range;
    decode(&type, "81397fff", &value);
    cr_assert_eq(value.i16, INT16_MIN);
    cr_assert_str_eq(decode_error(&type, "8119012d").text,
        "i16: 301 is above the maximum of 300 at byte 1");
}

Test(range, nan_is_out_of_any)
{
    static const mw_range any = { NULL, NULL };
    mw_type floats = struct_of(&ranges_type.fields[8]);
    mw_field field = ranges_type.fields[9];
    mw_type doubles = struct_of(&field);
    ranges value = { .f32 = NAN, .f64 = NAN };

    field.range = &any;
    cr_assert_str_eq(
        encode_error(&floats, &value).text, "f32: NaN is out of range");
    cr_assert_str_eq(
        encode_error(&doubles, &value).text, "f64: NaN is out of range");
    cr_assert_str_eq(decode_error(&floats, "81f97e00").text,
        "f32: NaN is out of range at byte 1");
    cr_assert_str_eq(decode_error(&doubles, "81fb7ff8000000000000").text,
        "f64: NaN is out of range at byte 1");
}

/* Only what is present is checked, and what was read. */
Test(range, absent_members_are_within)
{
    mw_field field = ranges_type.fields[0];
    mw_type type = struct_of(&field);
    ranges value = { 0 };

    field.flags = MW_FIELD_OPTIONAL;
    field.has_offset = offsetof(ranges, i8);
    assert_encodes(&type, &value, "81f6");
    decode(&type, "81f6", &value);
    decode(&type, "80", &value);
    cr_assert_eq(value.u8, 0);
    cr_assert_str_eq(decode_error(&type, "8160").text,
        "u8: expected unsigned integer, found text at byte 1");
}

Test(range, defaults_are_taken_as_they_are)
{
    ranges value;

    decode(&ranges_type, "80", &value);
    cr_assert_eq(value.u8, 10);
    cr_assert_eq(value.f32, -0.5F);
    cr_assert_eq(value.u64, 1);
}
