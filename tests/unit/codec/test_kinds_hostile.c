/* SPDX-License-Identifier: MIT */
/*
 * What a peer may send for unions, bitmasks, maps, @external, @mutable and
 * @range, and what a program may have made that cannot be sent.
 */
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "object_assert.h"

static const struct wrong {
    const mw_type *type;
    const char *hex;
    const char *text;
} wrongs[] = {
    /* Unions. */
    { &shape_type, "80", "tag: expected integer, found the end at byte 1" },
    { &shape_type, "01", "expected array, found unsigned integer at byte 0" },
    { &shape_type, "8100", "tag: 0 is not a value of test::Figure at byte 1" },
    { &shape_type, "8101", "1 items, test::Shape has 2 for tag 1 at byte 0" },
    { &shape_type, "822060",
        "2 items, test::Shape has 1 for tag -1 at byte 0" },
    { &shape_type, "83026000",
        "3 items, test::Shape has 2 for tag 2 at byte 0" },
    { &shape_type, "820201",
        "text: expected text, found unsigned integer at byte 2" },
    { &shape_type, "82058101",
        "lines[0]: expected array, found unsigned integer at byte 3" },
    { &number_type, "821980008160", "tag: 32768 does not fit int16 at byte 1" },
    { &number_type, "820809", "byte: 9 is below the minimum of 10 at byte 2" },
    { &number_type, "820815", "byte: 21 is above the maximum of 20 at byte 2" },
    { &maybe_type, "820101",
        "tag: expected boolean, found unsigned integer at byte 1" },
    { &maybe_type, "81f5", "1 items, test::Maybe has 2 for tag 1 at byte 0" },
    /* Bitmasks. */
    { &rights_type, "190100", "0x100 does not fit test::Rights at byte 0" },
    { &rights_type, "20",
        "expected unsigned integer, found negative integer at byte 0" },
    /* Maps. */
    { &prices_type, "80", "expected map, found array at byte 0" },
    { &prices_type, "bb7fffffffffffffff6060",
        "map of 9223372036854775807 pairs is truncated at byte 0" },
    { &prices_type, "a2 6161fa00000000 6161fa00000000",
        "[\"a\"]: is twice in the map at byte 8" },
    { &prices_type, "a2 6162fa00000000 626161fa00000000",
        "[\"aa\"]: is out of order at byte 8" },
    { &prices_type, "a2 626161fa00000000 6161fa00000000",
        "[\"a\"]: is out of order at byte 9" },
    { &prices_type, "a1 01 00",
        "[0]: expected text, found unsigned integer at byte 1" },
    { &prices_type, "a1 6101 00",
        "[\"?\"]: expected floating-point number, found unsigned integer at "
        "byte 3" },
    { &lines_by_i16_type, "a2 00 80 20 80", "[-1]: is out of order at byte 3" },
    { &lines_by_i16_type, "a1 18ff 8101",
        "[255].sku: expected text, found unsigned integer at byte 4" },
    { &labels_type, "a1 6568656c6c6f 60",
        "[0]: text of 5 bytes exceeds the bound of 4 at byte 1" },
    { &labels_type, "a1 616c 01",
        "[\"l\"]: expected text, found unsigned integer at byte 3" },
    /* Boxes. */
    { &chain_type, "82 82 82f6 60 01 01",
        "next.next.value: expected integer, found text at byte 4" },
    { &number_type, "8200 01",
        "others: expected array, found unsigned integer at byte 2" },
    /* Structs with ids. */
    { &settings_type, "85", "expected map, found array at byte 0" },
    { &settings_type, "a20301 0301",
        "member 3 of test::Settings after member 3 at byte 3" },
    { &settings_type, "a20401 0301",
        "member 3 of test::Settings after member 4 at byte 3" },
    { &settings_type, "a209f5 0301",
        "member 3 of test::Settings after member 9 at byte 3" },
    { &settings_type, "a16161 01",
        "expected unsigned integer, found text at byte 1" },
    { &settings_type, "a10300",
        "count: 0 is below the minimum of 1 at byte 2" },
    { &settings_type, "a107f6", "name: expected text, found null at byte 2" },
    { &settings_type, "a1018101",
        "first.sku: expected text, found unsigned integer at byte 3" },
    { &settings_type, "a1189f9fff", "indefinite length at byte 3" },
    { &exact_type, "a0", "a: is missing at byte 1" },
};

Test(kinds_hostile, errors_say_where)
{
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        mw_error error = decode_error(wrongs[i].type, wrongs[i].hex);

        cr_assert_str_eq(
            error.text, wrongs[i].text, "%s: %s", wrongs[i].hex, error.text);
        cr_assert_eq(error.status, MW_EINVAL);
    }
}

Test(kinds_hostile, long_keys_are_cut)
{
    char key[200] = "";
    prices_entry entries[2] = { { key, 0 }, { key, 0 } };
    prices value = { entries, 2, 2 };
    mw_error error;

    for (size_t i = 0; i < 99; i++) {
        memcpy(key + 2 * i, "\xc3\xbc", 3);
    }
    error = encode_error(&prices_type, &value);
    cr_assert_not_null(
        strstr(error.text, "\xc3\xbc...\"]: is twice in the map"), "%s",
        error.text);
    cr_assert_lt(strlen(error.text), 80);
    key[39] = 'x'; /* not UTF-8, so that no path shows it */
    error = encode_error(&prices_type, &value);
    cr_assert_str_eq(error.text, "[0]: text is not UTF-8 from its byte 38 on");
}

Test(kinds_hostile, keys_of_all_types_in_paths)
{
    static const struct {
        const mw_type *key;
        uint64_t value;
        const char *text;
    } keys[] = {
        { &mw_type_bool, 1, "[true]: is NULL" },
        { &mw_type_bool, 0, "[false]: is NULL" },
        { &mw_type_u8, 200, "[200]: is NULL" },
        { &mw_type_i8, 200, "[-56]: is NULL" },
        { &mw_type_u64, UINT64_MAX, "[18446744073709551615]: is NULL" },
        { &mw_type_i64, UINT64_MAX, "[-1]: is NULL" },
        { &colour_type, (uint32_t) COLOUR_RED, "[-5]: is NULL" },
    };
    struct {
        uint64_t key;
        chain *box;
    } entry = { 0 };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        mw_field fields[2] = { { .type = keys[i].key },
            { .type = chain_type.fields[0].type, .offset = 8 } };
        mw_type entry_type = { .kind = MW_KIND_STRUCT,
            .size = sizeof(entry),
            .align = 8,
            .n_members = 2,
            .fields = fields };
        mw_type type = { .name = "map",
            .kind = MW_KIND_MAP,
            .size = sizeof(prices),
            .align = 8,
            .elem = &entry_type };
        prices value = { (prices_entry *) (void *) &entry, 1, 1 };

        entry.key = keys[i].value;
        cr_assert_str_eq(encode_error(&type, &value).text, keys[i].text);
    }
}

Test(kinds_hostile, what_a_program_made)
{
    shape none = { .tag = (figure) 0 };
    char b[] = "b";
    char a[] = "a";
    prices_entry entries[] = { { b, 0 }, { a, 0 } };
    prices map = { entries, 2, 2 };
    settings many = { .count = 101 };

    cr_assert_str_eq(encode_error(&shape_type, &none).text,
        "tag: 0 is not a value of test::Figure");
    assert_prints(&shape_type, &none, "{\"tag\": 0}");
    mw_object_clear(&shape_type, &none);
    cr_assert_str_eq(
        encode_error(&prices_type, &map).text, "[\"a\"]: is out of order");
    entries[1].key = b;
    cr_assert_str_eq(
        encode_error(&prices_type, &map).text, "[\"b\"]: is twice in the map");
    map.items = NULL;
    cr_assert_str_eq(
        encode_error(&prices_type, &map).text, "map of 2 entries has no items");
    cr_assert_str_eq(encode_error(&settings_type, &many).text,
        "count: 101 is above the maximum of 100");
}

/* A box costs a byte of the message and as much memory as its type takes. */
Test(kinds_hostile, boxes_are_charged)
{
    struct mwi_place heap = { .budget = 10 * (sizeof(chain) + 16) };
    struct mwi_reader r;
    chain value = { 0 };
    uint8_t bytes[61];

    memset(bytes, 0x81, sizeof(bytes));
    bytes[sizeof(bytes) - 1] = 0x80;
    mwi_reader_init(&r, bytes, sizeof(bytes), 64);
    mwi_decode(&r, &heap, &chain_type, &value);
    cr_assert_eq(r.error.status, MW_ERANGE);
    cr_assert_not_null(strstr(r.error.text, "memory limit exceeded"));
    mwi_clear(&chain_type, &value);
    heap.budget = 60 * (sizeof(chain) + 16);
    mwi_reader_init(&r, bytes, sizeof(bytes), 64);
    mwi_decode(&r, &heap, &chain_type, &value);
    cr_assert(mwi_reader_ok(&r), "%s", r.error.text);
    cr_assert_eq(heap.budget, 0);
    mwi_clear(&chain_type, &value);
}

/* An entry of 56 bytes comes in two. */
Test(kinds_hostile, maps_are_charged)
{
    enum { N = 1000 };
    struct mwi_place heap = { .budget = N * sizeof(lines_by_i16_entry) };
    struct mwi_reader r;
    lines_by_i16 value = { 0 };
    uint8_t bytes[3 + 2 * N];

    memset(bytes, 0x80, sizeof(bytes));
    memcpy(bytes, "\xb9\x03\xe8", 3);
    mwi_reader_init(&r, bytes, sizeof(bytes), 64);
    mwi_decode(&r, &heap, &lines_by_i16_type, &value);
    cr_assert_eq(r.error.status, MW_ERANGE);
    cr_assert_str_eq(r.error.text, "memory limit exceeded at byte 0");
    mwi_clear(&lines_by_i16_type, &value);
}

Test(kinds_hostile, depth)
{
    char digits[2 * 200 + 1];
    mw_error error;
    chain value;

    for (size_t depth = 1; depth < 100; depth++) {
        for (size_t i = 0; i < depth; i++) {
            memcpy(digits + 2 * i, i + 1 < depth ? "81" : "80", 3);
        }
        if (depth <= 64) {
            decode(&chain_type, digits, &value);
            mw_object_clear(&chain_type, &value);
        } else {
            error = decode_error(&chain_type, digits);
            cr_assert_eq(error.status, MW_ERANGE);
            cr_assert_not_null(strstr(error.text, "deeper than 64 levels"));
        }
    }
}

/* some_branch() in bytes. */
static struct hex
everything(void)
{
    branch value = some_branch();
    struct hex hex;
    mw_error error;

    cr_assert_eq(
        mw_object_encode(&branch_type, &value, &hex.bytes, &hex.len, &error),
        MW_OK, "%s", error.text);
    mw_object_clear(&branch_type, &value);
    return hex;
}

Test(kinds_hostile, every_truncation)
{
    struct hex hex = everything();
    branch back;
    static const branch zeros;

    for (size_t i = 0; i < hex.len; i++) {
        /* A block of its own, so that reading beyond it is noticed. */
        uint8_t *cut = malloc(i > 0 ? i : 1);

        memcpy(cut, hex.bytes, i);
        cr_assert_eq(
            mw_object_decode(&branch_type, cut, i, &back, NULL), MW_EINVAL);
        cr_assert_eq(memcmp(&back, &zeros, sizeof(back)), 0);
        free(cut);
    }
    free(hex.bytes);
}

Test(kinds_hostile, every_byte_flipped)
{
    struct hex hex = everything();
    branch back;

    for (size_t i = 0; i < 8 * hex.len; i++) {
        uint8_t *byte = &hex.bytes[i / 8];
        mw_error error;

        *byte = (uint8_t) (*byte ^ 1u << i % 8);
        if (mw_object_decode(&branch_type, hex.bytes, hex.len, &back, &error) ==
            MW_OK) {
            uint8_t *again;
            size_t n;

            /* What was accepted can be sent. */
            cr_assert_eq(
                mw_object_encode(&branch_type, &back, &again, &n, &error),
                MW_OK, "%s", error.text);
            free(again);
            mw_object_clear(&branch_type, &back);
        }
        *byte = (uint8_t) (*byte ^ 1u << i % 8);
    }
    free(hex.bytes);
}
