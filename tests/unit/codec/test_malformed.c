/* SPDX-License-Identifier: MIT */
/*
 * Every example of RFC 8949 appendix F of what is not well-formed is refused,
 * and so are texts that are not UTF-8.
 */
#include "codec/cbor.h"
#include "hex.h"

static const char *const malformed[] = {
    /* End of input in a head. */
    "18",
    "19",
    "1a",
    "1b",
    "1901",
    "1a0102",
    "1b01020304050607",
    "38",
    "58",
    "78",
    "98",
    "9a01ff00",
    "b8",
    "d8",
    "f8",
    "f900",
    "fa0000",
    "fb000000",
    /* Definite-length strings with short data. */
    "41",
    "61",
    "5affffffff00",
    "5bffffffffffffffff010203",
    "7affffffff00",
    "7b7fffffffffffffff010203",
    /* Definite-length maps and arrays not closed with enough items. */
    "81",
    "818181818181818181",
    "8200",
    "a1",
    "a20102",
    "a100",
    "a2000000",
    /* Tag number not followed by tag content. */
    "c0",
    /* Indefinite-length strings not closed by a break. */
    "5f4100",
    "7f6100",
    /* Indefinite-length maps and arrays not closed by a break. */
    "9f",
    "9f0102",
    "bf",
    "bf01020102",
    "819f",
    "9f8000",
    "9f9f9f9f9fffffffff",
    "9f819f819f9fffffff",
    /* Reserved additional information values. */
    "1c",
    "1d",
    "1e",
    "3c",
    "3d",
    "3e",
    "5c",
    "5d",
    "5e",
    "7c",
    "7d",
    "7e",
    "9c",
    "9d",
    "9e",
    "bc",
    "bd",
    "be",
    "dc",
    "dd",
    "de",
    "fc",
    "fd",
    "fe",
    /* Reserved two-byte encodings of simple values. */
    "f800",
    "f801",
    "f818",
    "f81f",
    /* Indefinite-length string chunks not of the correct type. */
    "5f00ff",
    "5f21ff",
    "5f6100ff",
    "5f80ff",
    "5fa0ff",
    "5fc000ff",
    "5fe0ff",
    "7f4100ff",
    /* Indefinite-length string chunks not definite length. */
    "5f5f4100ffff",
    "7f7f6100ffff",
    /* Break occurring on its own outside of an indefinite-length item. */
    "ff",
    /* Break in a definite-length array or map, or a tag. */
    "81ff",
    "8200ff",
    "a1ff",
    "a1ff00",
    "a100ff",
    "a20000ff",
    "9f81ff",
    "9f829f819f9fffffffff",
    /* Break in an indefinite-length map that would lead to an odd number of
     * items. */
    "bf00ff",
    "bf000000ff",
    /* Major type 0, 1, 6 with additional information 31. */
    "1f",
    "3f",
    "df",
};

Test(malformed, rfc_8949_appendix_f)
{
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        struct hex hex = unhex(malformed[i]);
        struct mwi_reader r;

        mwi_reader_init(&r, hex.bytes, hex.len, 64);
        mwi_skip(&r);
        cr_assert_eq(mwi_reader_finish(&r), MW_EINVAL, "%s", malformed[i]);
        cr_assert_neq(r.error.text[0], '\0');
        free(hex.bytes);
    }
}

/* All that can follow an initial byte's claim. */
Test(malformed, each_initial_byte_alone)
{
    for (unsigned int initial = 0; initial < 256; initial++) {
        uint8_t byte = (uint8_t) initial;
        unsigned int major = initial >> 5;
        unsigned int info = initial & 0x1f;
        bool whole = info < 24 && (major == 0 || major == 1 || major == 7 ||
                                      (major != 6 && info == 0));
        struct mwi_reader r;

        mwi_reader_init(&r, &byte, 1, 64);
        mwi_skip(&r);
        cr_assert_eq(mwi_reader_finish(&r), whole ? MW_OK : MW_EINVAL,
            "%02x: %s", initial, r.error.text);
    }
}

/* RFC 3629: what UTF-8 is not. */
Test(malformed, texts)
{
    static const char *const texts[] = { "61ff", "62c0af", "61c3", "63eda080",
        "64f4908080", "64f5808080", "63e08080", "64f0808080", "6180",
        "6461c3a9ff" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct hex hex = unhex(texts[i]);
        struct mwi_reader r;
        size_t len;

        mwi_reader_init(&r, hex.bytes, hex.len, 64);
        mwi_skip(&r);
        cr_assert_eq(r.error.status, MW_EINVAL, "%s", texts[i]);
        mwi_reader_init(&r, hex.bytes, hex.len, 64);
        cr_assert_null(mwi_read_text(&r, &len));
        cr_assert_eq(r.error.status, MW_EINVAL, "%s", texts[i]);
        cr_assert_eq(len, 0);
        free(hex.bytes);
    }
    /* It says where the text ceases to be UTF-8. */
    {
        static const uint8_t bytes[] = { 0x64, 'a', 0xc3, 0xa9, 0xff };
        struct mwi_reader r;
        size_t len;

        mwi_reader_init(&r, bytes, sizeof(bytes), 64);
        (void) mwi_read_text(&r, &len);
        cr_assert_str_eq(r.error.text, "text is not UTF-8 at byte 4");
    }
}
