/* SPDX-License-Identifier: MIT */
/*
 * Unions, bitmasks, maps, @external and @mutable: byte by byte, their defaults,
 * texts, equality, and what a peer of another version leaves out or adds.
 */
#include <stdlib.h>
#include <string.h>

#include "mw/map.h"
#include "mw/union.h"

#include "kinds.h"
#include "object_assert.h"

Test(kinds, union_arms)
{
    shape value = { .tag = FIGURE_NOTHING };
    shape back;
    line lines[1] = { { .count = 3 } };

    assert_encodes(&shape_type, &value, "8120");
    assert_prints(&shape_type, &value, "{\"tag\": \"NOTHING\"}");
    value.tag = FIGURE_DOT;
    value.dot = (point){ .x = 0.5 };
    assert_encodes(&shape_type, &value, "820183fb3fe0000000000000fa00000000f6");
    assert_prints(&shape_type, &value,
        "{\"tag\": \"DOT\", \"dot\": {\"x\": 0.5, \"y\": 0}}");
    decode(&shape_type, "820183fb3fe0000000000000fa00000000f6", &back);
    cr_assert(mw_object_equal(&shape_type, &value, &back));
    value.tag = FIGURE_LINES;
    value.lines = (seq_line){ lines, 1, 1 };
    assert_encodes(&shape_type, &value, "820581846003f6f6");
    cr_assert_not(mw_object_equal(&shape_type, &value, &back));
    decode(&shape_type, "820581846003f6f6", &back);
    cr_assert_eq(back.tag, FIGURE_LINES);
    cr_assert_eq(back.lines.items[0].count, 3);
    cr_assert(mw_object_equal(&shape_type, &value, &back));
    back.lines.items[0].count = 4;
    cr_assert_not(mw_object_equal(&shape_type, &value, &back));
    mw_object_clear(&shape_type, &back);
    cr_assert_eq(back.tag, 0);
    cr_assert_null(back.lines.items);
}

Test(kinds, union_tags_of_other_types)
{
    number value = { .tag = -3, .real = 1.0 };
    chain others = { .value = 9 };
    maybe some = { .tag = true, .some = 24 };
    wide both = { .tag = UINT64_MAX, .high = -1 };

    assert_encodes(&number_type, &value, "8222fb3ff0000000000000");
    value.tag = 7;
    assert_encodes(&number_type, &value, "8207fb3ff0000000000000");
    value = (number){ .tag = 8, .byte = 20 };
    assert_encodes(&number_type, &value, "820814");
    value = (number){ .tag = 9, .others = &others };
    assert_encodes(&number_type, &value, "820982f609");
    assert_encodes(&maybe_type, &some, "82f51818");
    some.tag = false;
    assert_encodes(&maybe_type, &some, "81f4");
    assert_encodes(&wide_type, &both, "821bffffffffffffffff20");
    both = (wide){ .tag = 1, .low = 5 };
    assert_encodes(&wide_type, &both, "820105");
    both = (wide){ .tag = (uint64_t) INT64_MAX + 1, .default_ = true };
    assert_encodes(&wide_type, &both, "821b8000000000000000f5");
    assert_prints(
        &wide_type, &both, "{\"tag\": 9223372036854775808, \"default\": true}");
    decode(&wide_type, "821b8000000000000000f5", &both);
    cr_assert_eq(both.tag, (uint64_t) INT64_MAX + 1);
    cr_assert(both.default_);
}

Test(kinds, union_defaults)
{
    shape figure_one;
    number other;
    maybe none;

    cr_assert_eq(mw_object_init(&shape_type, &figure_one), MW_OK);
    cr_assert_eq(figure_one.tag, FIGURE_DOT); /* there is no 0 */
    cr_assert_eq(mw_object_init(&number_type, &other), MW_OK);
    cr_assert_eq(other.tag, 0);
    cr_assert_not_null(other.others);
    mw_object_clear(&number_type, &other);
    cr_assert_eq(mw_object_init(&maybe_type, &none), MW_OK);
    cr_assert_not(none.tag);
}

/* Of an enum without 0 and without cases the first enumerator is taken. */
Test(kinds, union_of_a_default_alone)
{
    mw_type type = shape_type;
    shape value;

    type.n_cases = 0;
    type.default_arm = 1;
    cr_assert_eq(mw_object_init(&type, &value), MW_OK);
    cr_assert_eq(value.tag, FIGURE_NOTHING);
    value.text = strdup("x");
    cr_assert_not_null(value.text);
    assert_encodes(&type, &value, "82206178");
    mw_object_clear(&type, &value);
}

/* A member that is left out has a value of its type. */
Test(kinds, enums_without_zero)
{
    mw_field field = { .name = "f", .type = &figure_type };
    mw_type type = { .name = "test::Figures",
        .kind = MW_KIND_STRUCT,
        .flags = MW_TYPE_FLAT,
        .size = sizeof(figure),
        .align = _Alignof(figure),
        .n_members = 1,
        .fields = &field };
    figure value;

    cr_assert_eq(mw_object_init(&type, &value), MW_OK);
    cr_assert_eq(value, FIGURE_NOTHING);
    decode(&type, "80", &value);
    cr_assert_eq(value, FIGURE_NOTHING);
    field.type = &colour_type;
    decode(&type, "80", &value);
    cr_assert_eq((int) value, COLOUR_GREEN); /* is 0 */
}

Test(kinds, union_select)
{
    shape value = { .tag = FIGURE_TEXT, .text = strdup("leaks unless freed") };
    number other = { 0 };
    wide far = { 0 };
    maybe some = { 0 };

    cr_assert_eq(
        mw_union_select(NULL, &shape_type, &value, FIGURE_LINES), MW_OK);
    cr_assert_eq(value.tag, FIGURE_LINES);
    cr_assert_null(value.lines.items);
    cr_assert_eq(
        mw_union_select(NULL, &shape_type, &value, FIGURE_NOTHING), MW_OK);
    cr_assert_eq(mw_union_select(NULL, &shape_type, &value, 3), MW_EINVAL);
    cr_assert_eq(value.tag, FIGURE_NOTHING);
    cr_assert_eq(mw_union_select(NULL, &number_type, &other, 8), MW_OK);
    cr_assert_eq(other.byte, 11);
    cr_assert_eq(mw_union_select(NULL, &number_type, &other, -9), MW_OK);
    cr_assert_not_null(other.others);
    other.others->value = 5;
    cr_assert_eq(mw_union_select(NULL, &number_type, &other, -9), MW_OK);
    cr_assert_eq(other.others->value, 0);
    cr_assert_eq(mw_union_select(NULL, &number_type, &other, 32768), MW_EINVAL);
    mw_object_clear(&number_type, &other);
    cr_assert_eq(mw_union_select(NULL, &wide_type, &far, -1), MW_OK);
    cr_assert_eq(far.tag, UINT64_MAX);
    cr_assert_eq(mw_union_select(NULL, &maybe_type, &some, 2), MW_EINVAL);
    cr_assert_eq(mw_union_select(NULL, &maybe_type, &some, 1), MW_OK);
    cr_assert(some.tag);
}

Test(kinds, tags_are_held_to_their_type)
{
    static const struct {
        const mw_type *tag;
        int64_t least;
        int64_t most;
    } tags[] = {
        { &mw_type_bool, 0, 1 },
        { &mw_type_u8, 0, UINT8_MAX },
        { &mw_type_i8, INT8_MIN, INT8_MAX },
        { &mw_type_u16, 0, UINT16_MAX },
        { &mw_type_i16, INT16_MIN, INT16_MAX },
        { &mw_type_u32, 0, UINT32_MAX },
        { &mw_type_i32, INT32_MIN, INT32_MAX },
        { &mw_type_u64, INT64_MIN, INT64_MAX },
        { &mw_type_i64, INT64_MIN, INT64_MAX },
    };

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        mw_type type = wide_type;
        wide value = { 0 };
        bool is_wide = tags[i].tag->size == sizeof(int64_t);
        int64_t both[2] = { tags[i].least, tags[i].most };

        type.elem = tags[i].tag;
        for (size_t j = 0; j < 2; j++) {
            cr_assert_eq(mw_union_select(NULL, &type, &value, both[j]), MW_OK);
            cr_assert_eq(
                mwi_union_tag(&type, &value), both[j], "%s", tags[i].tag->name);
        }
        cr_assert(is_wide || mw_union_select(NULL, &type, &value,
                                 tags[i].least - 1) == MW_EINVAL);
        cr_assert(is_wide || mw_union_select(NULL, &type, &value,
                                 tags[i].most + 1) == MW_EINVAL);
    }
}

Test(kinds, bitmasks)
{
    rights all[] = { 0, 1, 0x42, 0xff };
    mw_seq_u8 sequence = { all, 4, 4 };
    mw_seq_u8 back;
    modes last = UINT64_C(1) << 63;

    assert_encodes(&seq_rights_type, &sequence, "840001184218ff");
    decode(&seq_rights_type, "840001184218ff", &back);
    cr_assert(mw_object_equal(&seq_rights_type, &sequence, &back));
    back.items[3] = 0xfe;
    cr_assert_not(mw_object_equal(&seq_rights_type, &sequence, &back));
    mw_object_clear(&seq_rights_type, &back);
    assert_prints(&seq_rights_type, &sequence,
        "[0, READ, WRITE|EXECUTE, READ|WRITE|EXECUTE|0xbc]");
    assert_encodes(&modes_type, &last, "1b8000000000000000");
    assert_prints(&modes_type, &last, "LAST");
    last = 1;
    assert_prints(&modes_type, &last, "0x1");
}

Test(kinds, bitmasks_of_all_sizes)
{
    static const mw_type *const sizes[] = { &mw_type_u8, &mw_type_u16,
        &mw_type_u32, &mw_type_u64 };
    static const char *const most[] = { "18ff", "19ffff", "1affffffff",
        "1bffffffffffffffff" };
    static const char *const too_much[] = { "190100", "1a00010000",
        "1b0000000100000000" };

    for (size_t i = 0; i < 4; i++) {
        mw_type type = modes_type;
        uint64_t value = 0;

        type.size = sizes[i]->size;
        decode(&type, most[i], &value);
        assert_encodes(&type, &value, most[i]);
        cr_assert(i == 3 || value >> 8 * type.size == 0);
        if (i < 3) {
            cr_assert_not_null(strstr(decode_error(&type, too_much[i]).text,
                "does not fit test::Modes"));
        }
    }
}

Test(kinds, maps)
{
    prices value = { 0 };
    prices back;
    char empty[] = "";
    char bolt[] = "bolt";
    prices_entry entries[] = { { NULL, 1.0 }, { bolt, -1.0 } };

    assert_encodes(&prices_type, &value, "a0");
    assert_prints(&prices_type, &value, "{}");
    value = (prices){ entries, 2, 2 };
    assert_encodes(&prices_type, &value,
        "a260fb3ff000000000000064626f6c74fbbff0000000000000");
    assert_prints(&prices_type, &value, "{\"\": 1, \"bolt\": -1}");
    decode(&prices_type, "a260fb3ff000000000000064626f6c74fbbff0000000000000",
        &back);
    cr_assert_str_eq(back.items[0].key, "");
    cr_assert(mw_object_equal(&prices_type, &value, &back));
    entries[0].key = empty;
    cr_assert(mw_object_equal(&prices_type, &value, &back));
    back.items[1].value = 1.0;
    cr_assert_not(mw_object_equal(&prices_type, &value, &back));
    mw_object_clear(&prices_type, &back);
}

Test(kinds, maps_with_numbers)
{
    lines_by_i16_entry entries[] = { { .key = -300, .value = { .count = 1 } },
        { .key = -1, .value = { .count = 2 } },
        { .key = 256, .value = { .count = 3 } } };
    lines_by_i16 value = { entries, 3, 3 };
    lines_by_i16 back;

    assert_encodes(&lines_by_i16_type, &value,
        "a339012b846001f6f620846002f6f6190100846003f6f6");
    decode(&lines_by_i16_type, "a339012b846001f6f620846002f6f6190100846003f6f6",
        &back);
    cr_assert_eq(back.len, 3);
    cr_assert(mw_object_equal(&lines_by_i16_type, &value, &back));
    mw_object_clear(&lines_by_i16_type, &back);
    /* Defaults of what an older peer leaves out. */
    decode(&lines_by_i16_type, "a10580", &back);
    cr_assert_str_eq(back.items[0].value.sku, "none");
    mw_object_clear(&lines_by_i16_type, &back);
}

Test(kinds, boxes)
{
    chain last = { .value = 3 };
    chain first = { &last, 2 };
    chain back;

    assert_encodes(&chain_type, &first, "8282f60302");
    assert_prints(
        &chain_type, &first, "{\"next\": {\"value\": 3}, \"value\": 2}");
    decode(&chain_type, "8282f60302", &back);
    cr_assert(mw_object_equal(&chain_type, &first, &back));
    back.next->value = 4;
    cr_assert_not(mw_object_equal(&chain_type, &first, &back));
    cr_assert_not(mw_object_equal(&chain_type, &last, &back));
    cr_assert_not(mw_object_equal(&chain_type, &back, &last));
    mw_object_clear(&chain_type, &back);
    cr_assert_null(back.next);
    decode(&chain_type, "82f602", &back);
    cr_assert_null(back.next);
    decode(&chain_type, "80", &back);
    cr_assert_null(back.next);
}

Test(kinds, boxes_that_must_be_there)
{
    number value = { .tag = 9 };
    branch back;

    cr_assert_str_eq(
        encode_error(&number_type, &value).text, "others: is NULL");
    assert_prints(&number_type, &value, "{\"tag\": 9, \"others\": null}");
    cr_assert_str_eq(decode_error(&number_type, "8209f6").text,
        "others: expected array, found null at byte 2");
    decode(&branch_type, "80", &back);
    cr_assert_str_eq(back.name, "");
    cr_assert_null(back.left);
    cr_assert_str_eq(back.first->sku, "none");
    cr_assert_eq(back.shape.tag, FIGURE_DOT);
    cr_assert_not_null(back.number.others);
    cr_assert_str_eq(back.settings.name, "none");
    cr_assert_eq(back.settings.count, 4);
    mw_object_clear(&branch_type, &back);
}

/* Texts behind boxes and in the arms of unions are filled, too. */
Test(kinds, missing_texts_are_empty)
{
    mw_type text_first = shape_type;
    mw_case cases[] = { { FIGURE_DOT, 1 } };
    mw_field field = { .name = "shape", .type = &text_first };
    mw_type box = chain_type.fields[0].type[0];
    mw_field fields[2] = { field, { .name = "box", .type = &box } };
    mw_type type = { .name = "test::Both",
        .kind = MW_KIND_STRUCT,
        .size = sizeof(shape) + sizeof(void *),
        .align = _Alignof(shape),
        .n_members = 2,
        .fields = fields };
    struct {
        shape shape;
        char **box;
    } back;

    text_first.cases = cases;
    text_first.n_cases = 1;
    box.elem = &mw_type_string;
    fields[1].offset = sizeof(shape);
    decode(&type, "80", &back);
    cr_assert_eq(back.shape.tag, FIGURE_DOT);
    cr_assert_str_eq(back.shape.text, "");
    cr_assert_str_eq(*back.box, "");
    mw_object_clear(&type, &back);
}

Test(kinds, mutable_structs)
{
    char text[] = "n";
    line first = { .count = 1 };
    settings value = { .name = text, .count = 100, .may = 2 };
    settings back;

    assert_encodes(&settings_type, &value,
        "a501f60318640402"
        "07616e"
        "18c8f6");
    value.first = &first;
    value.has_ratio = true;
    assert_encodes(&settings_type, &value,
        "a501846001f6f60318640402"
        "07616e"
        "18c8fb0000000000000000");
    decode(&settings_type,
        "a501846001f6f60318640402"
        "07616e"
        "18c8fb0000000000000000",
        &back);
    cr_assert(mw_object_equal(&settings_type, &value, &back));
    mw_object_clear(&settings_type, &back);
}

Test(kinds, mutable_structs_of_other_versions)
{
    settings back;
    exact two;

    decode(&settings_type, "a0", &back);
    cr_assert_str_eq(back.name, "none");
    cr_assert_eq(back.count, 4);
    cr_assert_not(back.has_ratio);
    mw_object_clear(&settings_type, &back);
    /* Unknown ids before, between and behind those that are known. */
    decode(&settings_type,
        "a6 00f5 0305 0582f6f5 07616e 08a10101 1bffffffffffffffff80", &back);
    cr_assert_eq(back.count, 5);
    cr_assert_str_eq(back.name, "n");
    cr_assert_null(back.first);
    mw_object_clear(&settings_type, &back);
    decode(&exact_type, "a201020203", &two);
    cr_assert_eq(two.a, 2);
    cr_assert_eq(two.b, 3);
    cr_assert_str_eq(
        decode_error(&exact_type, "a10102").text, "b: is missing at byte 3");
    cr_assert_str_eq(
        decode_error(&exact_type, "a10202").text, "a: is missing at byte 2");
    cr_assert_str_eq(decode_error(&exact_type, "a3010202030401").text,
        "test::Exact has no member 4 at byte 5");
}

Test(kinds, all_together)
{
    branch value = some_branch();
    branch copy;
    branch back;
    uint8_t *bytes;
    size_t len;
    mw_error error;
    char *text;

    cr_assert_eq(mw_object_encode(&branch_type, &value, &bytes, &len, &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(mwi_encoded_size(NULL, &branch_type, &value, SIZE_MAX), len);
    cr_assert_eq(mw_object_decode(&branch_type, bytes, len, &back, &error),
        MW_OK, "%s", error.text);
    free(bytes);
    cr_assert(mw_object_equal(&branch_type, &value, &back));
    cr_assert_eq(mw_object_copy(&branch_type, &copy, &value), MW_OK);
    cr_assert(mw_object_equal(&branch_type, &copy, &back));
    free(copy.by_colour.items[0].value->name);
    copy.by_colour.items[0].value->name = NULL;
    cr_assert_not(mw_object_equal(&branch_type, &copy, &back));
    text = mw_object_text(&branch_type, &value);
    cr_assert_not_null(
        strstr(text, "\"prices\": {\"axle\": 2.5, \"bolt\": 1.5}"), "%s", text);
    cr_assert_not_null(
        strstr(text, "\"by_colour\": {\"RED\": {\"name\": "), "%s", text);
    free(text);
    mw_object_clear(&branch_type, &copy);
    mw_object_clear(&branch_type, &back);
    mw_object_clear(&branch_type, &value);
}

Test(kinds, which_values_are_maps)
{
    cr_assert(mwi_is_map_value(&prices_type));
    cr_assert(mwi_is_map_value(&settings_type));
    cr_assert(mwi_is_map_value(settings_type.fields[3].type) ==
              mwi_is_map_value(&line_type));
    cr_assert_not(mwi_is_map_value(&line_type));
    cr_assert_not(mwi_is_map_value(&shape_type));
    {
        mw_type box = *chain_type.fields[0].type;

        box.elem = &settings_type;
        cr_assert(mwi_is_map_value(&box));
    }
}

/* A type that contains itself by necessity, which mwidl refuses. */
Test(kinds, a_default_without_end_is_refused)
{
    mw_field fields[2] = { chain_type.fields[0], chain_type.fields[1] };
    mw_type box = *chain_type.fields[0].type;
    mw_type type = chain_type;
    chain value;

    fields[0].flags = 0;
    fields[0].type = &box;
    box.elem = &type;
    type.fields = fields;
    cr_assert_eq(mw_object_init(&type, &value), MW_EINTERNAL);
    cr_assert_null(value.next);
    cr_assert_str_eq(
        decode_error(&type, "80").text, "next: has no default at byte 1");
}
