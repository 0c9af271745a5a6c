/* SPDX-License-Identifier: MIT */
/*
 * The cursors: what they accept beyond the RFC's examples, how errors stick,
 * and the limits.
 */
#include <math.h>
#include <string.h>

#include "codec/cbor.h"
#include "hex.h"

static struct mwi_reader
reader_of(const struct hex *hex)
{
    struct mwi_reader r;

    mwi_reader_init(&r, hex->bytes, hex->len, 64);
    return r;
}

Test(cbor_read, peek_names_every_item)
{
    static const struct {
        const char *hex;
        enum mwi_item item;
    } cases[] = {
        { "00", MWI_ITEM_UINT },
        { "1bffffffffffffffff", MWI_ITEM_UINT },
        { "20", MWI_ITEM_NEGINT },
        { "40", MWI_ITEM_BYTES },
        { "60", MWI_ITEM_TEXT },
        { "80", MWI_ITEM_ARRAY },
        { "a0", MWI_ITEM_MAP },
        { "c600", MWI_ITEM_TAG },
        { "d8ff00", MWI_ITEM_TAG },
        { "f4", MWI_ITEM_BOOL },
        { "f5", MWI_ITEM_BOOL },
        { "f6", MWI_ITEM_NULL },
        { "f7", MWI_ITEM_SIMPLE },
        { "e0", MWI_ITEM_SIMPLE },
        { "f820", MWI_ITEM_SIMPLE },
        { "f90000", MWI_ITEM_FLOAT },
        { "fa00000000", MWI_ITEM_FLOAT },
        { "fb0000000000000000", MWI_ITEM_FLOAT },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hex hex = unhex(cases[i].hex);
        struct mwi_reader r = reader_of(&hex);

        cr_assert_eq(mwi_peek(&r), cases[i].item, "%s", cases[i].hex);
        cr_assert_eq(mwi_reader_left(&r), hex.len);
        free(hex.bytes);
    }
}

/* libcbor 0.8 refuses these, though they are well-formed. */
Test(cbor_read, tags_and_simple_values_that_libcbor_refuses)
{
    for (unsigned int i = 0; i < 24; i++) {
        uint8_t tag[] = { (uint8_t) (0xc0 + i), 0x05 };
        uint8_t simple = (uint8_t) (0xe0 + i);
        struct mwi_reader r;

        mwi_reader_init(&r, tag, sizeof(tag), 64);
        cr_assert_eq(mwi_read_tag(&r), i);
        cr_assert_eq(mwi_read_uint(&r), 5);
        mwi_leave(&r);
        cr_assert_eq(mwi_reader_finish(&r), MW_OK);
        mwi_reader_init(&r, &simple, 1, 64);
        mwi_skip(&r);
        cr_assert_eq(mwi_reader_finish(&r), MW_OK);
    }
    for (unsigned int i = 0; i < 256; i++) {
        uint8_t simple[] = { 0xf8, (uint8_t) i };
        struct mwi_reader r;

        mwi_reader_init(&r, simple, sizeof(simple), 64);
        mwi_skip(&r);
        cr_assert_eq(mwi_reader_finish(&r), i < 32 ? MW_EINVAL : MW_OK);
    }
}

Test(cbor_read, heads_longer_than_needed)
{
    struct hex hex = unhex(
        "9b0000000000000004 1b0000000000000001 3a00000000 590001ff 780161");
    struct mwi_reader r = reader_of(&hex);
    size_t len;

    cr_assert_eq(mwi_read_array(&r), 4);
    cr_assert_eq(mwi_read_uint(&r), 1);
    cr_assert_eq(mwi_read_int(&r), -1);
    cr_assert_eq(*mwi_read_bytes(&r, &len), 0xff);
    cr_assert_eq(len, 1);
    cr_assert_eq(*mwi_read_text(&r, &len), 'a');
    cr_assert_eq(len, 1);
    mwi_leave(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK);
    free(hex.bytes);
}

Test(cbor_read, integers_at_the_borders_of_int64)
{
    struct hex hex = unhex("841b7fffffffffffffff 3b7fffffffffffffff "
                           "1b8000000000000000 3b8000000000000000");
    struct mwi_reader r = reader_of(&hex);

    (void) mwi_read_array(&r);
    cr_assert_eq(mwi_read_int(&r), INT64_MAX);
    cr_assert_eq(mwi_read_int(&r), INT64_MIN);
    cr_assert_eq(mwi_read_int(&r), 0);
    cr_assert_str_eq(
        r.error.text, "9223372036854775808 does not fit int64 at byte 19");
    free(hex.bytes);

    hex = unhex("3b8000000000000000");
    r = reader_of(&hex);
    cr_assert_eq(mwi_read_int(&r), 0);
    cr_assert_str_eq(
        r.error.text, "-1-9223372036854775808 does not fit int64 at byte 0");
    free(hex.bytes);
}

Test(cbor_read, floats_of_all_widths)
{
    struct hex hex = unhex("85f93555fa3f99999afb3ff199999999999af90001f9fbff");
    struct mwi_reader r = reader_of(&hex);

    (void) mwi_read_array(&r);
    cr_assert_eq(mwi_read_float(&r), 0x1.554p-2);
    cr_assert_eq(mwi_read_float(&r), (double) 1.2F);
    cr_assert_eq(mwi_read_float(&r), 1.1);
    cr_assert_eq(mwi_read_float(&r), 0x1p-24);
    cr_assert_eq(mwi_read_float(&r), -65504.0);
    free(hex.bytes);
}

Test(cbor_read, the_first_error_stays)
{
    struct hex hex = unhex("8301f502");
    struct mwi_reader r = reader_of(&hex);
    size_t len = 7;

    cr_assert_eq(mwi_read_array(&r), 3);
    (void) mwi_read_text(&r, &len);
    cr_assert_eq(len, 0);
    cr_assert_eq(mwi_reader_fail(&r, MW_EPROTO, "another"), MW_EINVAL);
    cr_assert_eq(mwi_peek(&r), MWI_ITEM_NONE);
    cr_assert_eq(mwi_read_uint(&r), 0);
    cr_assert_eq(mwi_read_int(&r), 0);
    cr_assert_eq(mwi_read_bool(&r), false);
    cr_assert_eq(mwi_read_float(&r), 0.0);
    cr_assert_eq(mwi_read_array(&r), 0);
    cr_assert_eq(mwi_read_map(&r), 0);
    cr_assert_eq(mwi_read_tag(&r), 0);
    cr_assert_null(mwi_read_bytes(&r, &len));
    mwi_read_null(&r);
    mwi_skip(&r);
    mwi_leave(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_EINVAL);
    cr_assert_str_eq(
        r.error.text, "expected text, found unsigned integer at byte 1");
    free(hex.bytes);
}

Test(cbor_read, bytes_left_over)
{
    struct hex hex = unhex("0102 03");
    struct mwi_reader r = reader_of(&hex);

    (void) mwi_read_uint(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_EINVAL);
    cr_assert_str_eq(r.error.text, "2 bytes too many at byte 1");
    free(hex.bytes);
}

Test(cbor_read, nothing_at_all)
{
    struct mwi_reader r;

    mwi_reader_init(&r, NULL, 0, 64);
    cr_assert_eq(mwi_peek(&r), MWI_ITEM_NONE);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK);
    cr_assert_eq(mwi_read_uint(&r), 0);
    cr_assert_str_eq(
        r.error.text, "expected unsigned integer, found the end at byte 0");
    mwi_reader_init(&r, NULL, 0, 64);
    mwi_skip(&r);
    cr_assert_str_eq(r.error.text, "truncated at byte 0");
}

Test(cbor_read, counts_are_not_believed)
{
    static const char *const giants[] = { "9a7fffffff00", "9bffffffffffffffff",
        "bbffffffffffffffff", "bb8000000000000000", "bb7fffffffffffffff00",
        "830000", "a20000 00" };

    for (size_t i = 0; i < sizeof(giants) / sizeof(giants[0]); i++) {
        struct hex hex = unhex(giants[i]);
        struct mwi_reader r = reader_of(&hex);

        if (mwi_peek(&r) == MWI_ITEM_MAP) {
            cr_assert_eq(mwi_read_map(&r), 0);
        } else {
            cr_assert_eq(mwi_read_array(&r), 0);
        }
        cr_assert_eq(r.error.status, MW_EINVAL);
        cr_assert_not_null(
            strstr(r.error.text, "is truncated at byte 0"), "%s", r.error.text);
        r = reader_of(&hex);
        mwi_skip(&r);
        cr_assert_eq(r.error.status, MW_EINVAL);
        free(hex.bytes);
    }
}

/* n containers in each other around a null. */
static void
fill_nested(uint8_t *bytes, size_t n, uint8_t initial)
{
    memset(bytes, initial, n);
    bytes[n] = 0xf6;
}

Test(cbor_read, depth_is_bounded)
{
    static const uint8_t initials[] = { 0x81, 0xc6 };
    uint8_t bytes[MWI_DEPTH_LIMIT + 2];
    struct mwi_reader r;

    for (size_t i = 0; i < sizeof(initials); i++) {
        fill_nested(bytes, 64, initials[i]);
        mwi_reader_init(&r, bytes, 65, 64);
        mwi_skip(&r);
        cr_assert_eq(mwi_reader_finish(&r), MW_OK);
        cr_assert_eq(r.depth, 0);
        mwi_reader_init(&r, bytes, 65, 63);
        mwi_skip(&r);
        cr_assert_eq(mwi_reader_finish(&r), MW_ERANGE);
        cr_assert_str_eq(
            r.error.text, "nested deeper than 63 levels at byte 63");
    }
    fill_nested(bytes, MWI_DEPTH_LIMIT + 1, 0x81);
    mwi_reader_init(&r, bytes, sizeof(bytes), UINT32_MAX);
    mwi_skip(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_ERANGE);
    fill_nested(bytes, MWI_DEPTH_LIMIT, 0x81);
    mwi_reader_init(&r, bytes, MWI_DEPTH_LIMIT + 1, UINT32_MAX);
    mwi_skip(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK);
}

Test(cbor_read, depth_counts_what_was_entered)
{
    struct hex hex = unhex("8281c600 8100");
    struct mwi_reader r;

    mwi_reader_init(&r, hex.bytes, hex.len, 3);
    (void) mwi_read_array(&r);
    (void) mwi_read_array(&r);
    (void) mwi_read_tag(&r);
    cr_assert_eq(r.depth, 3);
    (void) mwi_read_uint(&r);
    mwi_leave(&r);
    mwi_leave(&r);
    mwi_skip(&r);
    mwi_leave(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK);
    cr_assert_eq(r.depth, 0);
    mwi_reader_init(&r, hex.bytes, hex.len, 2);
    (void) mwi_read_array(&r);
    mwi_skip(&r);
    cr_assert_eq(r.error.status, MW_ERANGE);
    free(hex.bytes);
}

Test(cbor_read, path_of_an_error)
{
    struct mwi_path order = { .name = "order" };
    struct mwi_path lines = { .up = &order, .name = "lines" };
    struct mwi_path index = { .up = &lines, .index = 3 };
    struct mwi_path sku = { .up = &index, .name = "sku" };
    struct mwi_path deep[60];
    struct hex hex = unhex("05");
    struct mwi_reader r = reader_of(&hex);
    size_t len;

    r.path = &sku;
    (void) mwi_read_text(&r, &len);
    cr_assert_str_eq(r.error.text,
        "order.lines[3].sku: expected text, found unsigned integer at byte 0");

    /* What does not fit is left out at the front. */
    for (size_t i = 0; i < 60; i++) {
        deep[i] = (struct mwi_path){ .up = i > 0 ? &deep[i - 1] : NULL,
            .name = "member" };
    }
    r = reader_of(&hex);
    r.path = &deep[59];
    (void) mwi_read_text(&r, &len);
    cr_assert_eq(
        strncmp(r.error.text, "....member.member", 17), 0, "%s", r.error.text);
    cr_assert_not_null(strstr(r.error.text,
        ".member: expected text, found unsigned integer at byte 0"));
    free(hex.bytes);
}

Test(cbor_write, shortest_heads)
{
    static const struct {
        uint64_t value;
        const char *hex;
        const char *negative; /* of -1 - value */
    } cases[] = {
        { 0, "00", "20" },
        { 23, "17", "37" },
        { 24, "1818", "3818" },
        { 255, "18ff", "38ff" },
        { 256, "190100", "390100" },
        { 65535, "19ffff", "39ffff" },
        { 65536, "1a00010000", "3a00010000" },
        { UINT32_MAX, "1affffffff", "3affffffff" },
        { (uint64_t) UINT32_MAX + 1, "1b0000000100000000",
            "3b0000000100000000" },
        { INT64_MAX, "1b7fffffffffffffff", "3b7fffffffffffffff" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mwi_buf buf;
        struct mwi_writer w;
        size_t n = strlen(cases[i].hex) / 2;

        mwi_buf_init(&buf, 64);
        mwi_writer_init(&w, &buf);
        cr_assert_eq(mwi_head_size(cases[i].value), n);
        mwi_write_uint(&w, cases[i].value);
        assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), cases[i].hex);
        mwi_writer_rewind(&w, 0);
        mwi_write_int(&w, (int64_t) cases[i].value);
        assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), cases[i].hex);
        mwi_writer_rewind(&w, 0);
        mwi_write_int(&w, -1 - (int64_t) cases[i].value);
        assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), cases[i].negative);
        mwi_buf_fini(&buf);
    }
}

Test(cbor_write, nan_payloads_and_negative_zero)
{
    struct mwi_buf buf;
    struct mwi_writer w;
    uint64_t bits64 = UINT64_C(0xfff4000000abcdef); /* signalling */
    uint32_t bits32 = UINT32_C(0xffa0abcd);
    double f64;
    float f32;

    memcpy(&f64, &bits64, sizeof(f64));
    memcpy(&f32, &bits32, sizeof(f32));
    mwi_buf_init(&buf, 64);
    mwi_writer_init(&w, &buf);
    mwi_write_f64(&w, f64);
    mwi_write_f32(&w, f32);
    mwi_write_f64(&w, -0.0);
    mwi_write_f32(&w, -0.0F);
    assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf),
        "fbfff4000000abcdeffaffa0abcdfb8000000000000000fa80000000");
    mwi_buf_fini(&buf);
}

Test(cbor_write, limit_is_exact_and_rewind_forgets)
{
    struct mwi_buf buf;
    struct mwi_writer w;
    size_t mark;

    mwi_buf_init(&buf, 10);
    mwi_writer_init(&w, &buf);
    mwi_write_array(&w, 2);
    mark = mwi_writer_mark(&w);
    mwi_write_f64(&w, 1.5); /* up to the limit */
    cr_assert(mwi_writer_ok(&w));
    mwi_writer_rewind(&w, mark);
    mwi_write_text(&w, "abcdefgh", 8);
    cr_assert(mwi_writer_ok(&w));
    mwi_write_null(&w);
    cr_assert_eq(w.error.status, MW_ERANGE);
    cr_assert_str_eq(w.error.text, "the limit of 10 bytes is exceeded");
    mwi_writer_rewind(&w, mark);
    cr_assert_not(mwi_writer_ok(&w));
    mwi_write_null(&w);
    assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), "82");
    mwi_buf_fini(&buf);
}

Test(cbor_write, everything_else)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, 1000);
    mwi_writer_init(&w, &buf);
    mwi_write_map(&w, 24);
    mwi_write_tag(&w, 55799);
    mwi_write_bool(&w, true);
    mwi_write_bytes(&w, NULL, 0);
    mwi_write_bytes_head(&w, 2);
    mwi_write_raw(&w, "\x01\x02", 2);
    assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), "b818d9d9f7f540420102");
    mwi_buf_fini(&buf);
}
