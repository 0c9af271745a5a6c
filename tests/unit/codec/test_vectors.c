/* SPDX-License-Identifier: MIT */
/*
 * Every example of RFC 8949 appendix A: what our reader makes of it, and
 * whether our writer makes the same bytes from that.  (RFC 7049 also had
 * simple(24) as f818, which RFC 8949 declares malformed: test_malformed.c.)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "codec/cbor.h"
#include "hex.h"

enum use {
    BOTH,    /* reads as the text says, and is written the same */
    READ,    /* reads; we write floats as wide as their type */
    SKIPPED, /* well-formed, so mwi_skip() takes it; no value of ours */
    REFUSED, /* of indefinite length, which this profile does not allow */
};

struct vector {
    const char *hex;
    const char *text; /* see show() */
    enum use use;
};

static const struct vector vectors[] = {
    { "00", "0", BOTH },
    { "01", "1", BOTH },
    { "0a", "10", BOTH },
    { "17", "23", BOTH },
    { "1818", "24", BOTH },
    { "1819", "25", BOTH },
    { "1864", "100", BOTH },
    { "1903e8", "1000", BOTH },
    { "1a000f4240", "1000000", BOTH },
    { "1b000000e8d4a51000", "1000000000000", BOTH },
    { "1bffffffffffffffff", "18446744073709551615", BOTH },
    /* Bignums are tags, which nothing of ours interprets. */
    { "c249010000000000000000", "2(h'010000000000000000')", BOTH },
    /* Below the range of int64, so no integer of ours. */
    { "3bffffffffffffffff", NULL, SKIPPED },
    { "c349010000000000000000", "3(h'010000000000000000')", BOTH },
    { "20", "-1", BOTH },
    { "29", "-10", BOTH },
    { "3863", "-100", BOTH },
    { "3903e7", "-1000", BOTH },
    { "f90000", "0x0p+0", READ },
    { "f98000", "-0x0p+0", READ },
    { "f93c00", "0x1p+0", READ },
    { "fb3ff199999999999a", "0x1.199999999999ap+0", BOTH }, /* 1.1 */
    { "f93e00", "0x1.8p+0", READ },
    { "f97bff", "0x1.ffcp+15", READ },     /* 65504 */
    { "fa47c35000", "0x1.86ap+16", READ }, /* 100000 */
    { "fa7f7fffff", "0x1.fffffep+127", READ },
    { "fb7e37e43c8800759c", "0x1.7e43c8800759cp+996", BOTH }, /* 1e300 */
    { "f90001", "0x1p-24", READ }, /* the smallest half */
    { "f90400", "0x1p-14", READ },
    { "f9c400", "-0x1p+2", READ },
    { "fbc010666666666666", "-0x1.0666666666666p+2", BOTH }, /* -4.1 */
    { "f97c00", "inf", READ },
    { "f97e00", "nan", READ },
    { "f9fc00", "-inf", READ },
    { "fa7f800000", "inf", READ },
    { "fa7fc00000", "nan", READ },
    { "faff800000", "-inf", READ },
    { "fb7ff0000000000000", "inf", BOTH },
    { "fb7ff8000000000000", "nan", BOTH },
    { "fbfff0000000000000", "-inf", BOTH },
    { "f4", "false", BOTH },
    { "f5", "true", BOTH },
    { "f6", "null", BOTH },
    { "f7", NULL, SKIPPED },   /* undefined */
    { "f0", NULL, SKIPPED },   /* simple(16) */
    { "f8ff", NULL, SKIPPED }, /* simple(255) */
    { "c074323031332d30332d32315432303a30343a30305a",
        "0(\"2013-03-21T20:04:00Z\")", BOTH },
    { "c11a514b67b0", "1(1363896240)", BOTH },
    { "c1fb41d452d9ec200000", "1(0x1.452d9ec2p+30)", BOTH },
    { "d74401020304", "23(h'01020304')", BOTH },
    { "d818456449455446", "24(h'6449455446')", BOTH },
    { "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        "32(\"http://www.example.com\")", BOTH },
    { "40", "h''", BOTH },
    { "4401020304", "h'01020304'", BOTH },
    { "60", "\"\"", BOTH },
    { "6161", "\"a\"", BOTH },
    { "6449455446", "\"IETF\"", BOTH },
    { "62225c", "\"\"\\\"", BOTH }, /* show() does not escape */
    { "62c3bc", "\"\xc3\xbc\"", BOTH },
    { "63e6b0b4", "\"\xe6\xb0\xb4\"", BOTH },
    { "64f0908591", "\"\xf0\x90\x85\x91\"", BOTH },
    { "80", "[]", BOTH },
    { "83010203", "[1, 2, 3]", BOTH },
    { "8301820203820405", "[1, [2, 3], [4, 5]]", BOTH },
    { "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, "
        "20, 21, 22, 23, 24, 25]",
        BOTH },
    { "a0", "{}", BOTH },
    { "a201020304", "{1: 2, 3: 4}", BOTH },
    { "a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}", BOTH },
    { "826161a161626163", "[\"a\", {\"b\": \"c\"}]", BOTH },
    { "a56161614161626142616361436164614461656145",
        "{\"a\": \"A\", \"b\": \"B\", \"c\": \"C\", \"d\": \"D\", "
        "\"e\": \"E\"}",
        BOTH },
    { "5f42010243030405ff", NULL, REFUSED },
    { "7f657374726561646d696e67ff", NULL, REFUSED },
    { "9fff", NULL, REFUSED },
    { "9f018202039f0405ffff", NULL, REFUSED },
    { "9f01820203820405ff", NULL, REFUSED },
    { "83018202039f0405ff", NULL, REFUSED },
    { "83019f0203ff820405", NULL, REFUSED },
    { "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", NULL,
        REFUSED },
    { "bf61610161629f0203ffff", NULL, REFUSED },
    { "826161bf61626163ff", NULL, REFUSED },
    { "bf6346756ef563416d7421ff", NULL, REFUSED },
};

enum { N_VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

/* Where a message is read to: its diagnostic notation, with floats in
 * hexadecimal, and the same message written anew. */
struct output {
    char text[256];
    struct mwi_writer w;
};

static void show(struct mwi_reader *r, struct output *out);

static void say(struct output *out, const char *format, ...) MW_PRINTF(2, 3);

static void
say(struct output *out, const char *format, ...)
{
    size_t len = strlen(out->text);
    va_list args;

    va_start(args, format);
    (void) vsnprintf(out->text + len, sizeof(out->text) - len, format, args);
    va_end(args);
}

static void
show_string(struct mwi_reader *r, struct output *out, bool is_text)
{
    size_t len;

    if (is_text) {
        const char *text = mwi_read_text(r, &len);

        say(out, "\"%.*s\"", (int) len, text);
        mwi_write_text(&out->w, text, len);
    } else {
        const uint8_t *bytes = mwi_read_bytes(r, &len);
        char *hex = to_hex(bytes, len);

        say(out, "h'%s'", hex);
        mwi_write_bytes(&out->w, bytes, len);
        free(hex);
    }
}

static void
show_container(struct mwi_reader *r, struct output *out, bool is_map)
{
    size_t n = is_map ? mwi_read_map(r) : mwi_read_array(r);

    say(out, is_map ? "{" : "[");
    if (is_map) {
        mwi_write_map(&out->w, n);
    } else {
        mwi_write_array(&out->w, n);
    }
    for (size_t i = 0; i < n; i++) {
        say(out, i > 0 ? ", " : "");
        show(r, out);
        if (is_map) {
            say(out, ": ");
            show(r, out);
        }
    }
    say(out, is_map ? "}" : "]");
    mwi_leave(r);
}

static void
show_number(struct mwi_reader *r, struct output *out, enum mwi_item item)
{
    uint64_t u64;
    int64_t i64;
    double f64;

    if (item == MWI_ITEM_UINT) {
        u64 = mwi_read_uint(r);
        say(out, "%" PRIu64, u64);
        mwi_write_uint(&out->w, u64);
    } else if (item == MWI_ITEM_NEGINT) {
        i64 = mwi_read_int(r);
        say(out, "%" PRId64, i64);
        mwi_write_int(&out->w, i64);
    } else {
        f64 = mwi_read_float(r);
        say(out, "%a", f64);
        mwi_write_f64(&out->w, f64);
    }
}

static void
show(struct mwi_reader *r, struct output *out)
{
    enum mwi_item item = mwi_peek(r);
    uint64_t tag;
    bool truth;

    switch (item) {
    case MWI_ITEM_UINT:
    case MWI_ITEM_NEGINT:
    case MWI_ITEM_FLOAT:
        show_number(r, out, item);
        break;
    case MWI_ITEM_BYTES:
    case MWI_ITEM_TEXT:
        show_string(r, out, item == MWI_ITEM_TEXT);
        break;
    case MWI_ITEM_ARRAY:
    case MWI_ITEM_MAP:
        show_container(r, out, item == MWI_ITEM_MAP);
        break;
    case MWI_ITEM_TAG:
        tag = mwi_read_tag(r);
        say(out, "%" PRIu64 "(", tag);
        mwi_write_tag(&out->w, tag);
        show(r, out);
        say(out, ")");
        mwi_leave(r);
        break;
    case MWI_ITEM_BOOL:
        truth = mwi_read_bool(r);
        say(out, truth ? "true" : "false");
        mwi_write_bool(&out->w, truth);
        break;
    default:
        mwi_read_null(r);
        say(out, "null");
        mwi_write_null(&out->w);
        break;
    }
}

static void
check_read(const struct vector *vector, const struct hex *hex)
{
    struct output out = { .text = "" };
    struct mwi_buf buf;
    struct mwi_reader r;

    mwi_buf_init(&buf, 256);
    mwi_writer_init(&out.w, &buf);
    mwi_reader_init(&r, hex->bytes, hex->len, 64);
    show(&r, &out);
    cr_assert_eq(
        mwi_reader_finish(&r), MW_OK, "%s: %s", vector->hex, r.error.text);
    cr_assert_eq(r.depth, 0);
    cr_assert_str_eq(out.text, vector->text);
    cr_assert(mwi_writer_ok(&out.w));
    if (vector->use == BOTH) {
        assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), vector->hex);
    }
    mwi_buf_fini(&buf);
}

Test(vectors, rfc_8949_appendix_a)
{
    for (size_t i = 0; i < N_VECTORS; i++) {
        struct hex hex = unhex(vectors[i].hex);
        struct mwi_reader r;
        mw_status status;

        if (vectors[i].use == BOTH || vectors[i].use == READ) {
            check_read(&vectors[i], &hex);
        }
        mwi_reader_init(&r, hex.bytes, hex.len, 64);
        mwi_skip(&r);
        status = mwi_reader_finish(&r);
        cr_assert_eq(status, vectors[i].use == REFUSED ? MW_EINVAL : MW_OK,
            "%s: %s", vectors[i].hex, r.error.text);
        cr_assert(status == MW_OK ||
                  strstr(r.error.text, "indefinite length") != NULL);
        free(hex.bytes);
    }
}
