/* SPDX-License-Identifier: MIT */
/*
 * V(type) byte by byte: each kind, defaults, optional members, versions of a
 * struct that are shorter or longer, bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "mw/object.h"

#include "codec/value.h"
#include "fixture.h"
#include "object_assert.h"

Test(value, scalars)
{
    scalars zero = { 0 };
    scalars most = { true, UINT8_MAX, INT8_MIN, UINT16_MAX, INT16_MIN,
        UINT32_MAX, INT32_MIN, UINT64_MAX, INT64_MIN, 1.5F, -0.0, COLOUR_BLUE };
    scalars back;

    assert_encodes(&scalars_type, &zero,
        "8cf40000000000000000fa00000000fb000000000000000000");
    assert_encodes(&scalars_type, &most,
        "8cf518ff387f19ffff397fff1affffffff3a7fffffff1bffffffffffffffff"
        "3b7ffffffffffffffffa3fc00000fb80000000000000001a00011170");
    decode(&scalars_type,
        "8cf518ff387f19ffff397fff1affffffff3a7fffffff1bffffffffffffffff"
        "3b7ffffffffffffffffa3fc00000fb80000000000000001a00011170",
        &back);
    cr_assert(mw_object_equal(&scalars_type, &most, &back));
    cr_assert_not(mw_object_equal(&scalars_type, &zero, &back));
}

Test(value, any_byte_but_zero_is_true)
{
    bool storage;
    unsigned char byte = 2;

    memcpy(&storage, &byte, 1);
    assert_encodes(&mw_type_bool, &storage, "f5");
}

Test(value, texts)
{
    char *null = NULL;
    char text[] = "\xc3\xbc!";
    char *pointer = text;
    char *back;
    char inline_text[9] = "12345678";
    char inline_back[9];

    assert_encodes(&mw_type_string, &null, "60");
    assert_encodes(&mw_type_string, &pointer, "63c3bc21");
    assert_encodes(&string_8_type, inline_text, "683132333435363738");
    decode(&mw_type_string, "63c3bc21", &back);
    cr_assert_str_eq(back, text);
    free(back);
    decode(&mw_type_string, "60", &back);
    cr_assert_str_eq(back, "");
    cr_assert(mw_object_equal(&mw_type_string, &null, &back));
    free(back);
    decode(&string_8_type, "683132333435363738", inline_back);
    cr_assert_str_eq(inline_back, inline_text);
}

Test(value, struct_with_optional_members)
{
    line absent = { .sku = NULL, .count = 7 };
    line present = { .count = 24, .has_where = true };
    line back;

    assert_encodes(&line_type, &absent, "846007f6f6");
    present.note = strdup("");
    present.sku = strdup("A");
    assert_encodes(
        &line_type, &present, "84614118186083fb0000000000000000fa00000000f6");
    cr_assert_not(mw_object_equal(&line_type, &absent, &present));
    decode(&line_type, "84614118186083fb0000000000000000fa00000000f6", &back);
    cr_assert(mw_object_equal(&line_type, &present, &back));
    cr_assert_not_null(back.note);
    mw_object_clear(&line_type, &back);
    decode(&line_type, "846007f6f6", &back);
    cr_assert_null(back.note);
    cr_assert_not(back.has_where);
    mw_object_clear(&line_type, &back);
    mw_object_clear(&line_type, &present);
}

Test(value, clear_frees_what_was_declared_absent)
{
    order object;
    char **name;

    cr_assert_eq(mw_object_init(&order_type, &object), MW_OK);
    object.extra.items = calloc(1, sizeof(*name));
    object.extra.items[0] = strdup("leaks unless freed");
    object.extra.len = object.extra.cap = 1;
    object.has_extra = false;
    mw_object_clear(&order_type, &object);
    cr_assert_null(object.extra.items);
}

Test(value, an_older_peer_leaves_defaults)
{
    line back;
    order object;

    decode(&line_type, "80", &back);
    cr_assert_str_eq(back.sku, "none");
    cr_assert_eq(back.count, 1);
    cr_assert_null(back.note);
    mw_object_clear(&line_type, &back);
    decode(&line_type, "816178", &back);
    cr_assert_str_eq(back.sku, "x");
    cr_assert_eq(back.count, 1);
    mw_object_clear(&line_type, &back);
    decode(&order_type, "81182a", &object);
    cr_assert_eq(object.id, 42);
    cr_assert_str_eq(object.tag, "new");
    cr_assert_str_eq(object.both[1].sku, "none");
    cr_assert_not(object.has_limit);
    mw_object_clear(&order_type, &object);
}

Test(value, a_newer_peer_has_members_to_skip)
{
    line back;

    decode(&line_type, "87617802f6f6 a1616182f5f4 c6f0 4403040506", &back);
    cr_assert_str_eq(back.sku, "x");
    cr_assert_eq(back.count, 2);
    mw_object_clear(&line_type, &back);
}

Test(value, final_is_exact)
{
    pair back;
    mw_error error;
    static const uint8_t shorter[] = { 0x81, 0x01 };
    static const uint8_t longer[] = { 0x83, 0x01, 0x02, 0x03 };

    decode(&pair_type, "822b1903e8", &back);
    cr_assert_eq(back.first, -12);
    cr_assert_eq(back.second, 1000);
    cr_assert_eq(
        mw_object_decode(&pair_type, shorter, sizeof(shorter), &back, &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text, "1 members, test::Pair has 2 at byte 0");
    cr_assert_eq(
        mw_object_decode(&pair_type, longer, sizeof(longer), &back, &error),
        MW_EINVAL);
    cr_assert_str_eq(error.text, "3 members, test::Pair has 2 at byte 0");
}

Test(value, defaults)
{
    order object;
    line one;

    cr_assert_eq(mw_object_init(&order_type, &object), MW_OK);
    cr_assert_str_eq(object.tag, "new");
    cr_assert_str_eq(object.both[0].sku, "none");
    cr_assert_eq(object.both[1].count, 1);
    cr_assert_null(object.customer);
    cr_assert_eq(object.lines.len, 0);
    mw_object_clear(&order_type, &object);
    cr_assert_eq(mw_object_init(&line_type, &one), MW_OK);
    cr_assert_null(one.note);
    cr_assert_not(one.has_where);
    mw_object_clear(&line_type, &one);
    mw_object_clear(&line_type, NULL);
}

/* A handler may walk any text it is given; a peer cannot make one NULL by
 * leaving it out. */
Test(value, missing_texts_are_empty)
{
    order object;

    decode(&order_type, "80", &object);
    cr_assert_str_eq(object.customer, "");
    cr_assert_str_eq(object.both[0].sku, "none");
    cr_assert_null(object.both[0].note); /* optional */
    mw_object_clear(&order_type, &object);
}

Test(value, bounds)
{
    seq_u8_5 five = { 5, { 1, 2, 3, 4, 5 } };
    seq_u8_5 back;
    seq_line_3 lines = { .len = 4 };
    mw_seq_u8 nothing = { .len = 3 };
    char no_nul[9];

    assert_encodes(&seq_u8_5_type, &five, "450102030405");
    decode(&seq_u8_5_type, "450102030405", &back);
    cr_assert(mw_object_equal(&seq_u8_5_type, &five, &back));
    five.len = 6;
    cr_assert_str_eq(encode_error(&seq_u8_5_type, &five).text,
        "sequence of 6 elements exceeds the bound of 5");
    cr_assert_str_eq(encode_error(&seq_line_3_type, &lines).text,
        "sequence of 4 elements exceeds the bound of 3");
    cr_assert_str_eq(encode_error(&mw_type_seq_u8, &nothing).text,
        "sequence of 3 elements has no items");
    memset(no_nul, 'x', sizeof(no_nul));
    cr_assert_str_eq(encode_error(&string_8_type, no_nul).text,
        "text without a NUL exceeds the bound of 8");
}

Test(value, enums)
{
    static const int32_t wrong[] = { -6, -4, 1, 69999, INT32_MAX, INT32_MIN };
    colour all[] = { COLOUR_RED, COLOUR_GREEN, COLOUR_BLUE };
    seq_colour sequence = { all, 3, 3 };
    seq_colour back;

    assert_encodes(&seq_colour_type, &sequence, "8324001a00011170");
    decode(&seq_colour_type, "8324001a00011170", &back);
    cr_assert(mw_object_equal(&seq_colour_type, &sequence, &back));
    mw_object_clear(&seq_colour_type, &back);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        mw_error error = encode_error(&colour_type, &wrong[i]);

        cr_assert_eq(error.status, MW_EINVAL);
        cr_assert_not_null(strstr(error.text, "is not a value of test::Colour"),
            "%s", error.text);
    }
}

Test(value, encode_errors_name_the_member)
{
    order object = { .id = 1 };
    char wrong[] = "\xff";
    line lines[3] = { { .count = 1 }, { .count = 2 }, { .sku = wrong } };
    mw_error error;

    object.lines = (seq_line){ lines, 3, 3 };
    error = encode_error(&order_type, &object);
    cr_assert_eq(error.status, MW_EINVAL);
    cr_assert_str_eq(
        error.text, "lines[2].sku: text is not UTF-8 from its byte 0 on");
    object.values.c = (colour) 3;
    error = encode_error(&order_type, &object);
    cr_assert_str_eq(error.text, "values.c: 3 is not a value of test::Colour");
}

Test(value, depth_of_encoding_is_bounded)
{
    mw_type nested[65];
    int32_t value = 5;
    mw_error error;

    nested[0] = mw_type_bool;
    for (size_t i = 1; i < 65; i++) {
        nested[i] = (mw_type){ .name = "nested",
            .kind = MW_KIND_ARRAY,
            .flags = MW_TYPE_FLAT,
            .size = 1,
            .align = 1,
            .bound = 1,
            .elem = &nested[i - 1] };
    }
    {
        uint8_t *bytes;
        size_t len;
        bool back;

        cr_assert_eq(
            mw_object_encode(&nested[64], &value, &bytes, &len, NULL), MW_OK);
        cr_assert_eq(len, 65);
        cr_assert_eq(
            mw_object_decode(&nested[64], bytes, len, &back, &error), MW_OK);
        free(bytes);
    }
    {
        mw_type outer = nested[64];

        outer.elem = &nested[64];
        error = encode_error(&outer, &value);
        cr_assert_eq(error.status, MW_ERANGE);
        cr_assert_not_null(strstr(error.text, "nested deeper than 64 levels"));
    }
}

Test(value, depth_of_encoding_includes_the_message)
{
    line value = { 0 };
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, 100);
    mwi_writer_init(&w, &buf);
    w.depth = 63;
    mwi_encode(&w, &line_type, &value);
    cr_assert(mwi_writer_ok(&w));
    w.depth = 64;
    mwi_encode(&w, &line_type, &value);
    cr_assert_eq(w.error.status, MW_ERANGE);
    mwi_buf_fini(&buf);
}

/* MW_TYPE_FLAT allows shortcuts; without it all is done the long way. */
Test(value, flat_is_only_a_hint)
{
    mw_field fields[12];
    mw_type basic[12];
    mw_type type = scalars_type;
    scalars values = { true, 1, -2, 3, -4, 5, -6, 7, -8, 9.5F, -0.0,
        COLOUR_RED };
    scalars copy;

    for (size_t i = 0; i < 12; i++) {
        basic[i] = *scalars_type.fields[i].type;
        basic[i].flags = 0;
        fields[i] = scalars_type.fields[i];
        fields[i].type = &basic[i];
    }
    type.fields = fields;
    type.flags = 0;
    cr_assert_eq(mw_object_copy(&type, &copy, &values), MW_OK);
    cr_assert(mw_object_equal(&type, &copy, &values));
    mw_object_clear(&type, &copy);
    cr_assert_not(copy.b);
}

Test(value, what_this_version_does_not_know)
{
    mw_type future = mw_type_u32;
    mw_seq_u64 impossible = { (uint64_t *) &future, SIZE_MAX, SIZE_MAX };
    uint8_t byte = 1;
    uint32_t value = 1;
    mw_error error;

    future.kind = 31;
    error = encode_error(&future, &value);
    cr_assert_eq(error.status, MW_EINTERNAL);
    cr_assert_str_eq(error.text, "uint32 is of unknown kind 31");
    cr_assert_eq(
        mw_object_decode(&future, &byte, 1, &value, &error), MW_EINTERNAL);
    error = encode_error(&mw_type_seq_u64, &impossible);
    cr_assert_eq(error.status, MW_EINVAL);
}

Test(value, members_by_id)
{
    mw_field fields[] = { line_type.fields[0], line_type.fields[1] };
    mw_type type = line_type;

    cr_assert_eq(mwi_field_by_id(&line_type, 2), &line_type.fields[2]);
    cr_assert_null(mwi_field_by_id(&line_type, 4));
    cr_assert_null(mwi_field_by_id(&line_type, UINT64_MAX));
    fields[0].id = 1;
    fields[1].id = 70;
    type.fields = fields;
    type.n_members = 2;
    cr_assert_null(mwi_field_by_id(&type, 0));
    cr_assert_eq(mwi_field_by_id(&type, 1), &fields[0]);
    cr_assert_eq(mwi_field_by_id(&type, 70), &fields[1]);
}

Test(value, equality)
{
    point a = { .x = 1,
        .has_label = true,
        .label = "ab\0"
                 "xyz" };
    point b = { .x = 1,
        .has_label = true,
        .label = "ab\0"
                 "123" };
    uint64_t nan1 = UINT64_C(0x7ff8000000000001);
    uint64_t nan2 = UINT64_C(0x7ff8000000000002);
    double zero = 0.0;
    double minus_zero = -0.0;
    char empty[] = "";
    line with = { .note = empty };
    line without = { .note = NULL };

    cr_assert(mw_object_equal(&point_type, &a, &b));
    b.has_label = false;
    cr_assert_not(mw_object_equal(&point_type, &a, &b));
    a.has_label = false;
    a.label[0] = 'z'; /* absent, so it means nothing */
    cr_assert(mw_object_equal(&point_type, &a, &b));
    cr_assert(mw_object_equal(&mw_type_f64, &nan1, &nan1));
    cr_assert_not(mw_object_equal(&mw_type_f64, &nan1, &nan2));
    cr_assert_not(mw_object_equal(&mw_type_f64, &zero, &minus_zero));
    cr_assert_not(mw_object_equal(&line_type, &with, &without));
}

Test(value, size_stops_at_the_limit)
{
    line lines[100] = { { 0 } };
    seq_line sequence = { lines, 100, 100 };
    size_t whole = mwi_encoded_size(NULL, &seq_line_type, &sequence, SIZE_MAX);

    cr_assert_eq(whole, 2 + 100 * 5);
    lines[50].sku = (char *) 1; /* would crash if it were looked at */
    cr_assert_gt(mwi_encoded_size(NULL, &seq_line_type, &sequence, 100), 100);
    lines[50].sku = NULL;
    cr_assert_eq(
        mwi_encoded_size(NULL, &seq_line_type, &sequence, whole), whole);
}
