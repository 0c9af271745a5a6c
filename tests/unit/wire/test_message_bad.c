/* SPDX-License-Identifier: MIT */
/*
 * Reading messages that are cut, damaged, of wrong types, too deep or too
 * long: each is refused with a text that says what and where, and none does
 * harm.
 */
#include <inttypes.h>

#include "lib/prng.h"
#include "unit/wire/message_samples.h"

/* ---- exact texts ---- */

struct bad {
    const char *hex;
    const char *text;
    uint64_t kind; /* 255: not known */
    uint64_t id;
};

static void
assert_bad(const struct bad *bad)
{
    struct reading x;

    reading_open(&x, bad->hex);
    cr_assert_eq(x.r.error.status, MW_EPROTO, "%s: %s", bad->hex,
        mw_status_name(x.r.error.status));
    cr_assert_str_eq(x.r.error.text, bad->text, "%s", x.r.error.text);
    cr_assert_eq(x.m.kind, bad->kind, "%s: %" PRIu64, bad->hex, x.m.kind);
    cr_assert_eq(x.m.id, bad->id, "%s: %" PRIu64, bad->hex, x.m.id);
    cr_assert_eq(mwi_message_finish(&x.r, &x.m), MW_EPROTO);
    cr_assert_str_eq(x.r.error.text, bad->text);
    reading_close(&x);
}

Test(wire_message, no_message_at_all)
{
    static const struct bad bads[] = {
        { "", "expected array, found the end at byte 0", 255, 0 },
        { "00", "expected array, found unsigned integer at byte 0", 255, 0 },
        { "a0", "expected array, found map at byte 0", 255, 0 },
        { "420207", "expected array, found byte string at byte 0", 255, 0 },
        { "c1820207", "expected array, found tag at byte 0", 255, 0 },
        { "9f0207ff", "indefinite length at byte 0", 255, 0 },
        { "ff", "break outside of an indefinite length at byte 0", 255, 0 },
        { "80", "expected unsigned integer, found the end at byte 1", 255, 0 },
        { "9c", "reserved additional information at byte 0", 255, 0 },
        { "9affffffff0207", "array of 4294967295 items is truncated at byte 0",
            255, 0 },
        { "9bffffffffffffffff0207",
            "array of 18446744073709551615 items is truncated at byte 0", 255,
            0 },
        { "8102", "expected unsigned integer, found the end at byte 2", 2, 0 },
        { "822007",
            "expected unsigned integer, found negative integer at "
            "byte 1",
            255, 0 },
    };

    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        assert_bad(&bads[i]);
    }
}

/* The kind and the id of what breaks later are known. */
Test(wire_message, broken_calls_keep_their_id)
{
    static const struct bad bads[] = {
        { "8501", "array of 5 items is truncated at byte 0", 255, 0 },
        { "8201fa00000000",
            "expected unsigned integer, found floating-point "
            "number at byte 2",
            1, 0 },
        { "850107f6a080",
            "expected text or unsigned integer, found null at "
            "byte 3",
            1, 7 },
        { "85010762c328a080", "text is not UTF-8 at byte 4", 1, 7 },
        { "8501076178a180", "map of 1 pairs is truncated at byte 5", 1, 7 },
        { "8501076178a161610080",
            "expected unsigned integer, found text at "
            "byte 6",
            1, 7 },
        { "8501076178a1002080",
            "expected unsigned integer, found negative "
            "integer at byte 7",
            1, 7 },
        { "8501076178a1010180",
            "expected boolean, found unsigned integer at "
            "byte 7",
            1, 7 },
        { "8501076178a103f580",
            "expected unsigned integer, found boolean at "
            "byte 7",
            1, 7 },
        { "8501076178bf0000ff80", "indefinite length at byte 5", 1, 7 },
        { "8501076178a1049f", "indefinite length at byte 7", 1, 7 },
        { "8401076178a0",
            "message of kind 1 has 4 elements, needs 5 at "
            "byte 6",
            1, 7 },
        { "8301076178a080",
            "message of kind 1 has 3 elements, needs 5 at "
            "byte 6",
            1, 7 },
        { "82011bffffffffffffffff",
            "expected text or unsigned integer, found "
            "the end at byte 11",
            1, UINT64_MAX },
    };

    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        assert_bad(&bads[i]);
    }
}

/* No call has this id, so nobody could be answered. */
Test(wire_message, the_id_0)
{
    static const struct bad bads[] = {
        { "8501006178a080", "the id is 0 at byte 2", 1, 0 },
        { "820200", "the id is 0 at byte 2", 2, 0 },
        { "83030080", "the id is 0 at byte 2", 3, 0 },
        { "8404002260", "the id is 0 at byte 2", 4, 0 },
        { "820600", "the id is 0 at byte 2", 6, 0 },
        { "82071b0000000000000000", "the id is 0 at byte 2", 7, 0 },
    };

    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        assert_bad(&bads[i]);
    }
}

Test(wire_message, other_broken_messages)
{
    static const struct bad bads[] = {
        { "820207 00", "1 bytes too many at byte 3", 2, 7 },
        { "820207 820207", "3 bytes too many at byte 3", 2, 7 },
        { "82020700", "1 bytes too many at byte 3", 2, 7 },
        { "8102 07", "message of kind 2 has 1 elements, needs 2 at byte 3", 2,
            7 },
        { "8306 01", "array of 3 items is truncated at byte 0", 255, 0 },
        { "8206f4", "expected unsigned integer, found boolean at byte 2", 6,
            0 },
        { "8203 07", "message of kind 3 has 2 elements, needs 3 at byte 3", 3,
            7 },
        { "830407 00", "expected text, found the end at byte 4", 4, 7 },
        { "8404071bffffffffffffffff60",
            "18446744073709551615 does not fit int64 at byte 3", 4, 7 },
        { "8404073bffffffffffffffff60",
            "-1-18446744073709551615 does not fit int64 at byte 3", 4, 7 },
        { "850407381f60 a10181f6",
            "an exception is an array of a name and a value at byte 9", 4, 7 },
        { "850407381f60 a10183616100 00",
            "an exception is an array of a name and a value at byte 9", 4, 7 },
        { "850407381f60 a101820000",
            "expected text, found unsigned integer at byte 9", 4, 7 },
        { "850407381f60 a1018261785f", "indefinite length at byte 11", 4, 7 },
        { "850407381f60 a10182617861ff", "text is not UTF-8 at byte 12", 4, 7 },
        { "850407381f60 a10001",
            "expected boolean, found unsigned integer at "
            "byte 8",
            4, 7 },
        { "8308 2d 40", "expected text, found byte string at byte 3", 8, 0 },
        { "8208 2d", "expected text, found the end at byte 3", 8, 0 },
        { "820001", "expected map, found the end at byte 3", 0, 0 },
        { "830001 a100", "map of 1 pairs is truncated at byte 3", 0, 0 },
        { "830001 a1617800",
            "expected unsigned integer, found text at "
            "byte 4",
            0, 0 },
        { "830001 a10020",
            "expected unsigned integer, found negative "
            "integer at byte 5",
            0, 0 },
        { "8309 fc 00", "reserved additional information at byte 2", 9, 0 },
        { "8309 7f00", "indefinite length at byte 2", 9, 0 },
        { "82186361c3", "text is not UTF-8 at byte 4", 99, 0 },
    };

    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        assert_bad(&bads[i]);
    }
}

/* ---- every element of every type ---- */

/* One item of each type, by enum mwi_item. */
static const struct {
    enum mwi_item item;
    const char *hex;
    const char *name;
} items[] = {
    { MWI_ITEM_UINT, "05", "unsigned integer" },
    { MWI_ITEM_NEGINT, "22", "negative integer" },
    { MWI_ITEM_BYTES, "4178", "byte string" },
    { MWI_ITEM_TEXT, "6178", "text" },
    { MWI_ITEM_ARRAY, "80", "array" },
    { MWI_ITEM_MAP, "a0", "map" },
    { MWI_ITEM_TAG, "c000", "tag" },
    { MWI_ITEM_BOOL, "f5", "boolean" },
    { MWI_ITEM_NULL, "f6", "null" },
    { MWI_ITEM_FLOAT, "f93c00", "floating-point number" },
    { MWI_ITEM_SIMPLE, "f7", "simple value" },
};

enum { N_ITEMS = sizeof(items) / sizeof(items[0]), N_ELEMENTS = 6 };

#define IS(name) (1u << MWI_ITEM_##name)

struct element {
    unsigned types; /* bits of enum mwi_item; 0: all, it is the body's */
    const char *hex;
    const char *expected;
};

static const struct element templates[][N_ELEMENTS] = {
    { { IS(UINT), "00", "unsigned integer" },
        { IS(UINT), "01", "unsigned integer" }, { IS(MAP), "a0", "map" } },
    { { IS(UINT), "01", "unsigned integer" },
        { IS(UINT), "07", "unsigned integer" },
        { IS(TEXT) | IS(UINT), "6178", "text or unsigned integer" },
        { IS(MAP), "a0", "map" }, { 0, "80", NULL } },
    { { IS(UINT), "02", "unsigned integer" },
        { IS(UINT), "07", "unsigned integer" } },
    { { IS(UINT), "03", "unsigned integer" },
        { IS(UINT), "07", "unsigned integer" }, { 0, "80", NULL } },
    { { IS(UINT), "04", "unsigned integer" },
        { IS(UINT), "07", "unsigned integer" },
        { IS(UINT) | IS(NEGINT), "22", "integer" },
        { IS(TEXT), "6178", "text" }, { IS(MAP), "a0", "map" } },
    { { IS(UINT), "06", "unsigned integer" },
        { IS(UINT), "07", "unsigned integer" } },
    { { IS(UINT), "07", "unsigned integer" },
        { IS(UINT), "07", "unsigned integer" } },
    { { IS(UINT), "08", "unsigned integer" },
        { IS(UINT) | IS(NEGINT), "22", "integer" },
        { IS(TEXT), "6178", "text" } },
};

/* A template with one element replaced; returns the byte where that is. */
static size_t
replace(
    char *ret_hex, const struct element *elements, size_t which, const char *by)
{
    size_t at = 0;
    size_t n = 0;

    while (n < N_ELEMENTS && elements[n].hex != NULL) {
        n++;
    }
    (void) sprintf(ret_hex, "8%zu", n);
    for (size_t i = 0; i < n; i++) {
        at = i == which ? strlen(ret_hex) / 2 : at;
        (void) strcat(ret_hex, i == which ? by : elements[i].hex);
    }
    return at;
}

static void
try_type(const struct element *elements, size_t which, size_t item)
{
    const struct element *element = &elements[which];
    char hex[64];
    char text[128];
    struct reading x;
    size_t at = replace(hex, elements, which, items[item].hex);
    bool is_good =
        element->types == 0 || (element->types & 1u << items[item].item) != 0;

    reading_open(&x, hex);
    if (which == 0 && is_good) {
        cr_assert_eq(x.m.kind, MWI_CANCEL); /* what 5 means there */
    } else if (is_good) {
        cr_assert_eq(reading_finish(&x), MW_OK, "%s: %s", hex, x.r.error.text);
    } else {
        (void) snprintf(text, sizeof(text), "expected %s, found %s at byte %zu",
            element->expected, items[item].name, at);
        cr_assert_eq(x.r.error.status, MW_EPROTO);
        cr_assert_str_eq(x.r.error.text, text, "%s: %s", hex, x.r.error.text);
    }
    reading_close(&x);
}

Test(wire_message, wrong_types)
{
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        for (size_t j = 0; templates[i][j].hex != NULL; j++) {
            for (size_t k = 0; k < N_ITEMS; k++) {
                try_type(templates[i], j, k);
            }
        }
    }
}

/* ---- cut and damaged ---- */

Test(wire_message, every_cut)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        struct hex hex = unhex(message_samples[i].hex);

        for (size_t len = 0; len < hex.len; len++) {
            struct reading x;

            reading_open_bytes(&x, hex.bytes, len, SAMPLE_DEPTH_MAX);
            cr_assert_lt(reading_finish(&x), 0, "%s cut to %zu",
                message_samples[i].hex, len);
            reading_close(&x);
        }
        free(hex.bytes);
    }
}

Test(wire_message, every_sample_with_a_byte_behind)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        struct hex hex = unhex(message_samples[i].hex);
        uint8_t *longer = malloc(hex.len + 1);
        char text[64];
        struct reading x;

        cr_assert_not_null(longer);
        memcpy(longer, hex.bytes, hex.len);
        longer[hex.len] = 0;
        reading_open_bytes(&x, longer, hex.len + 1, SAMPLE_DEPTH_MAX);
        cr_assert_lt(reading_finish(&x), 0);
        (void) snprintf(
            text, sizeof(text), "1 bytes too many at byte %zu", hex.len);
        cr_assert_str_eq(x.r.error.text, text);
        reading_close(&x);
        free(longer);
        free(hex.bytes);
    }
}

static void
assert_is_within(const struct reading *x, const void *at, size_t len)
{
    const uint8_t *bytes = at;

    if (bytes != NULL) {
        cr_assert(bytes >= x->hex.bytes && len <= x->hex.len &&
                  bytes + len <= x->hex.bytes + x->hex.len);
    }
}

/* Whatever it is: an error that says so, or a message all of which is there. */
static void
assert_harmless(const uint8_t *bytes, size_t len, uint32_t depth_max)
{
    struct reading x;
    mw_status status;

    reading_open_bytes(&x, bytes, len, depth_max);
    if (!mwi_reader_ok(&x.r)) {
        cr_assert_eq(x.r.error.status, MW_EPROTO);
        cr_assert_str_not_empty(x.r.error.text);
    }
    status = reading_finish(&x);
    cr_assert_eq(status, x.r.error.status);
    if (status == MW_OK) {
        cr_assert_eq(mwi_reader_left(&x.r), 0);
        cr_assert_eq(x.r.depth, 0);
        cr_assert(x.m.kind != MWI_FAIL || x.m.status < 0);
    }
    cr_assert_str_neq(mw_status_name(x.m.status), "MW_?");
    assert_is_within(&x, x.m.text.at, x.m.text.len);
    assert_is_within(&x, x.m.exception.at, x.m.exception.len);
    assert_is_within(&x, x.m.call.target.at, x.m.call.target.len);
    assert_is_within(&x, x.m.value, x.m.value_len);
    reading_close(&x);
}

Test(wire_message, every_byte_replaced)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        struct hex hex = unhex(message_samples[i].hex);

        for (size_t at = 0; at < hex.len; at++) {
            uint8_t before = hex.bytes[at];

            for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
                hex.bytes[at] = (uint8_t) byte;
                assert_harmless(hex.bytes, hex.len, SAMPLE_DEPTH_MAX);
            }
            hex.bytes[at] = before;
        }
        free(hex.bytes);
    }
}

Test(wire_message, random_damage)
{
    struct mwt_prng prng = mwt_prng_seeded("random_damage");

    for (unsigned i = 0; i < 20000; i++) {
        const struct message_sample *sample =
            &message_samples[mwt_below(&prng, n_message_samples)];
        struct hex hex = unhex(sample->hex);
        size_t n = 1 + mwt_below(&prng, 4);

        while (n-- > 0) {
            hex.bytes[mwt_below(&prng, hex.len)] = (uint8_t) mwt_next(&prng);
        }
        assert_harmless(hex.bytes, hex.len - mwt_below(&prng, 3),
            (uint32_t) mwt_below(&prng, SAMPLE_DEPTH_MAX));
        free(hex.bytes);
    }
}

Test(wire_message, random_bytes)
{
    struct mwt_prng prng = mwt_prng_seeded("random_bytes");

    for (unsigned i = 0; i < 50000; i++) {
        uint8_t bytes[32];
        size_t len = mwt_below(&prng, sizeof(bytes));

        for (size_t j = 0; j < len; j++) {
            bytes[j] = (uint8_t) mwt_next(&prng);
        }
        if (len > 2 && mwt_chance(&prng, 90)) {
            bytes[0] = (uint8_t) (0x80 | mwt_below(&prng, 8));
            bytes[1] = (uint8_t) mwt_below(&prng, 12);
        }
        assert_harmless(bytes, len, SAMPLE_DEPTH_MAX);
    }
}

/* ---- too deep ---- */

Test(wire_message, too_deep)
{
    static const struct {
        const char *hex;
        uint32_t depth;   /* that it needs, as far as it is read here */
        const char *text; /* with one less */
    } cases[] = {
        { "820207", 1, "nested deeper than 0 levels at byte 0" },
        { "8501076178a080", 2, "nested deeper than 1 levels at byte 5" },
        { "830001a0", 2, "nested deeper than 1 levels at byte 3" },
        /* [1, 7, "x", {8: [[0]]}, []] */
        { "8501076178a10881810080", 4,
            "nested deeper than 3 levels at byte 8" },
        /* [2, 7, 0, [[1(0)]]] */
        { "840207008181c100", 4, "nested deeper than 3 levels at byte 6" },
        /* [4, 7, -32, "", {1: ["x", {0: 0}]}] */
        { "850407381f60a101826178a10000", 4,
            "nested deeper than 3 levels at byte 11" },
        /* [9, [[[0]]]] */
        { "820981818100", 4, "nested deeper than 3 levels at byte 4" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hex hex = unhex(cases[i].hex);
        struct reading x;

        reading_open_bytes(&x, hex.bytes, hex.len, cases[i].depth);
        cr_assert_eq(
            reading_finish(&x), MW_OK, "%s: %s", cases[i].hex, x.r.error.text);
        reading_close(&x);
        reading_open_bytes(&x, hex.bytes, hex.len, cases[i].depth - 1);
        cr_assert_eq(x.r.error.status, MW_EPROTO);
        cr_assert_str_eq(x.r.error.text, cases[i].text, "%s", x.r.error.text);
        reading_close(&x);
        free(hex.bytes);
    }
}

/* A body is the business of who reads it: the error is the codec's. */
Test(wire_message, a_body_too_deep)
{
    struct hex hex = unhex("8303078100"); /* [3, 7, [0]] */
    struct reading x;

    reading_open_bytes(&x, hex.bytes, hex.len, 1);
    cr_assert(mwi_reader_ok(&x.r));
    cr_assert_eq(reading_finish(&x), MW_ERANGE);
    cr_assert_str_eq(x.r.error.text, "nested deeper than 1 levels at byte 3");
    reading_close(&x);
    free(hex.bytes);
}

/* Depth costs no stack, however deep a hostile message is. */
Test(wire_message, very_deep)
{
    enum { LEN = 1 << 20 };
    uint8_t *bytes = malloc(LEN);
    struct reading x;

    cr_assert_not_null(bytes);
    memset(bytes, 0x81, LEN);
    bytes[1] = 9;
    bytes[0] = 0x82;
    reading_open_bytes(&x, bytes, LEN, UINT32_MAX);
    cr_assert_eq(x.r.error.status, MW_EPROTO);
    cr_assert_str_eq(
        x.r.error.text, "nested deeper than 512 levels at byte 513");
    reading_close(&x);
    free(bytes);
}
