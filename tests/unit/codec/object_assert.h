/* SPDX-License-Identifier: MIT */
/*
 * Objects and their encoding in hexadecimal digits.
 */
#ifndef OBJECT_ASSERT_H
#define OBJECT_ASSERT_H

#include "mw/object.h"

#include "codec/value.h"
#include "hex.h"

/* What it encodes to, and how long that is. */
static inline void
assert_encodes(const mw_type *type, const void *value, const char *expected)
{
    uint8_t *bytes;
    size_t len;
    mw_error error;

    cr_assert_eq(mw_object_encode(type, value, &bytes, &len, &error), MW_OK,
        "%s", error.text);
    assert_hex(bytes, len, expected);
    cr_assert_eq(mwi_encoded_size(NULL, type, value, SIZE_MAX), len);
    free(bytes);
}

/* Why it cannot be encoded. */
static inline mw_error
encode_error(const mw_type *type, const void *value)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    mw_error error = { 0 };

    cr_assert_lt(mw_object_encode(type, value, &bytes, &len, &error), 0);
    cr_assert_null(bytes);
    return error;
}

/* Decode hexadecimal digits onto the heap. */
static inline void
decode(const mw_type *type, const char *text, void *ret_obj)
{
    struct hex hex = unhex(text);
    mw_error error;

    cr_assert_eq(mw_object_decode(type, hex.bytes, hex.len, ret_obj, &error),
        MW_OK, "%s: %s", text, error.text);
    free(hex.bytes);
}

/* Why hexadecimal digits cannot be decoded. */
static inline mw_error
decode_error(const mw_type *type, const char *text)
{
    struct hex hex = unhex(text);
    unsigned char *storage = malloc(type->size);
    mw_error error = { 0 };

    cr_assert_lt(mw_object_decode(type, hex.bytes, hex.len, storage, &error), 0,
        "%s", text);
    for (size_t i = 0; i < type->size; i++) {
        cr_assert_eq(storage[i], 0, "%s", text);
    }
    free(storage);
    free(hex.bytes);
    return error;
}

static inline void
assert_prints(const mw_type *type, const void *value, const char *expected)
{
    char *text = mw_object_text(type, value);

    cr_assert_str_eq(text, expected);
    free(text);
}

#endif
