/* SPDX-License-Identifier: MIT */
/*
 * Objects as text for people.
 */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "fixture.h"

static void
assert_text(const mw_type *type, const void *obj, const char *expected)
{
    char *text = mw_object_text(type, obj);

    cr_assert_not_null(text);
    cr_assert_str_eq(text, expected);
    free(text);
}

Test(text, scalars)
{
    scalars values = { true, 255, -128, 65535, -32768, UINT32_MAX, INT32_MIN,
        UINT64_MAX, INT64_MIN, 0.1F, 0.1, COLOUR_BLUE };

    assert_text(&scalars_type, &values,
        "{\"b\": true, \"u8\": 255, \"i8\": -128, \"u16\": 65535, "
        "\"i16\": -32768, \"u32\": 4294967295, \"i32\": -2147483648, "
        "\"u64\": 18446744073709551615, \"i64\": -9223372036854775808, "
        "\"f32\": 0.1, \"f64\": 0.1, \"c\": \"BLUE\"}");
}

Test(text, floats)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        { 0.0, "0" },
        { -0.0, "-0" },
        { 100.0, "100" },
        { 1.1, "1.1" },
        { 1e300, "1e+300" },
        { 5e-324, "4.94065645841247e-324" },
        { 1.0 / 3.0, "0.3333333333333333" },
        { 123456789.125, "123456789.125" },
        { INFINITY, "Infinity" },
        { -INFINITY, "-Infinity" },
        { NAN, "NaN" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_text(&mw_type_f64, &cases[i].value, cases[i].text);
    }
}

Test(text, strings_are_escaped)
{
    char text[] = "a\"b\\c\n\r\t\b\f\x01\x1f\x7f\xc3\xa9/";
    char bad[] = "x\xffy\xc3";
    char *pointer = text;
    char *wrong = bad;
    char *null = NULL;

    assert_text(&mw_type_string, &pointer,
        "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f\\u007f\xc3\xa9/\"");
    assert_text(&mw_type_string, &wrong, "\"x\xef\xbf\xbdy\xef\xbf\xbd\"");
    assert_text(&mw_type_string, &null, "\"\"");
}

Test(text, sequences)
{
    uint8_t bytes[] = { 0x0a, 0x0b };
    mw_seq_u8 octets = { bytes, 2, 2 };
    mw_seq_u8 none = { 0 };
    int32_t grid[2][3] = { { 1, 2, 3 }, { -4, 5, 6 } };
    seq_u8_5 five = { 1, { 0xff } };
    int32_t odd = 77;

    assert_text(&mw_type_seq_u8, &octets, "h'0a0b'");
    assert_text(&mw_type_seq_u8, &none, "h''");
    assert_text(&mw_type_seq_f64, &none, "[]");
    assert_text(&seq_u8_5_type, &five, "h'ff'");
    assert_text(&grid_type, grid, "[[1, 2, 3], [-4, 5, 6]]");
    assert_text(&colour_type, &odd, "77");
}

Test(text, absent_members_are_left_out)
{
    char note[] = "n";
    line one = { .count = 3 };

    assert_text(&line_type, &one, "{\"sku\": \"\", \"count\": 3}");
    one.note = note;
    one.has_where = true;
    assert_text(&line_type, &one,
        "{\"sku\": \"\", \"count\": 3, \"note\": \"n\", "
        "\"where\": {\"x\": 0, \"y\": 0}}");
}

Test(text, the_locale_does_not_matter)
{
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8",
        "C.UTF-8" };
    double value = 0.5;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (setlocale(LC_ALL, names[i]) != NULL) {
            break;
        }
    }
    assert_text(&mw_type_f64, &value, "0.5");
}
