/* SPDX-License-Identifier: MIT */
/*
 * The exact bytes of each message, held against their diagnostic notation by
 * libcbor, and what happens to texts that are too long and to buffers that are
 * too small.
 */
#include <cbor.h>
#include <stdarg.h>

#include "base/mem.h"
#include "unit/wire/message_samples.h"
#include "wire/frame.h"

enum { MESSAGE_MAX = 4096 };

Test(wire_message, exact_bytes)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        const struct message_sample *sample = &message_samples[i];
        struct mwi_buf buf;
        struct mwi_writer w;

        mwi_buf_init(&buf, MESSAGE_MAX);
        mwi_writer_init(&w, &buf);
        sample->write(&w);
        cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
        assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), sample->hex);
        mwi_buf_fini(&buf);
    }
}

static void
assert_frame(void (*write)(struct mwi_writer *w), const char *hex)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, MESSAGE_MAX);
    cr_assert_eq(mwi_frame_begin(&buf), MW_OK);
    mwi_writer_init(&w, &buf);
    write(&w);
    cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
    mwi_frame_end(&buf);
    assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), hex);
    mwi_buf_fini(&buf);
}

static void
write_ping_42(struct mwi_writer *w)
{
    mwi_ping_write(w, 42);
}

static void
write_hello_16m(struct mwi_writer *w)
{
    mwi_hello_write(w, 16777216, false, 0);
}

/* The bytes that docs/wire.md shows, in sections 2 and 4. */
Test(wire_message, examples_of_the_document)
{
    assert_frame(write_ping_42, "448206182a");
    assert_frame(write_hello_16m, "4a830001a1001a01000000");
}

/* ---- diagnostic notation ---- */

struct out {
    char text[256];
    size_t len;
};

static void put(struct out *out, const char *format, ...) MW_PRINTF(2, 3);

static void
put(struct out *out, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(
        out->text + out->len, sizeof(out->text) - out->len, format, args);
    va_end(args);
    cr_assert(n >= 0 && (size_t) n < sizeof(out->text) - out->len);
    out->len += (size_t) n;
}

/* What messages are made of; recursion ends with the sample. */
static void
put_item(struct out *out, const cbor_item_t *item)
{
    switch (cbor_typeof(item)) {
    case CBOR_TYPE_UINT:
        put(out, "%llu", (unsigned long long) cbor_get_int(item));
        break;
    case CBOR_TYPE_NEGINT:
        put(out, "-%llu", (unsigned long long) cbor_get_int(item) + 1);
        break;
    case CBOR_TYPE_STRING:
        put(out, "\"%.*s\"", (int) cbor_string_length(item),
            (const char *) cbor_string_handle(item));
        break;
    case CBOR_TYPE_BYTESTRING:
        put(out, "h'");
        for (size_t i = 0; i < cbor_bytestring_length(item); i++) {
            put(out, "%02x", cbor_bytestring_handle(item)[i]);
        }
        put(out, "'");
        break;
    case CBOR_TYPE_ARRAY:
        put(out, "[");
        for (size_t i = 0; i < cbor_array_size(item); i++) {
            put(out, i > 0 ? ", " : "");
            put_item(out, cbor_array_handle(item)[i]);
        }
        put(out, "]");
        break;
    case CBOR_TYPE_MAP:
        put(out, "{");
        for (size_t i = 0; i < cbor_map_size(item); i++) {
            put(out, i > 0 ? ", " : "");
            put_item(out, cbor_map_handle(item)[i].key);
            put(out, ": ");
            put_item(out, cbor_map_handle(item)[i].value);
        }
        put(out, "}");
        break;
    default:
        put(out, cbor_is_null(item) ? "null"
                                    : (cbor_get_bool(item) ? "true" : "false"));
        break;
    }
}

Test(wire_message, libcbor_reads_the_same)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        struct hex hex = unhex(message_samples[i].hex);
        struct cbor_load_result result;
        cbor_item_t *item = cbor_load(hex.bytes, hex.len, &result);
        struct out out = { .len = 0 };

        cr_assert_not_null(item);
        cr_assert_eq(result.read, hex.len);
        put_item(&out, item);
        cr_assert_str_eq(out.text, message_samples[i].diagnostic);
        cbor_decref(&item);
        free(hex.bytes);
    }
}

/* ---- long texts ---- */

/* A text of so many two-byte characters behind a prefix of one-byte ones. */
static char *
long_text(size_t n_single, size_t n_double)
{
    char *text = malloc(n_single + 2 * n_double + 1);

    cr_assert_not_null(text);
    memset(text, 'x', n_single);
    for (size_t i = 0; i < n_double; i++) {
        memcpy(text + n_single + 2 * i, "\xc3\xa9", 2);
    }
    text[n_single + 2 * n_double] = '\0';
    return text;
}

static size_t
written_text_len(void (*write)(struct mwi_writer *w, const char *text),
    const char *text, const char **ret_exception)
{
    struct mwi_buf buf;
    struct mwi_writer w;
    struct reading x;
    size_t len;

    mwi_buf_init(&buf, MESSAGE_MAX);
    mwi_writer_init(&w, &buf);
    write(&w, text);
    cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
    reading_open_bytes(
        &x, mwi_buf_bytes(&buf), mwi_buf_len(&buf), SAMPLE_DEPTH_MAX);
    cr_assert(mwi_reader_ok(&x.r), "%s", x.r.error.text);
    len = x.m.text.len;
    cr_assert_eq(memcmp(x.m.text.at, text, len), 0);
    if (ret_exception != NULL) {
        *ret_exception = mwi_strndup(x.m.exception.at, x.m.exception.len);
    }
    reading_close(&x);
    mwi_buf_fini(&buf);
    return len;
}

static void
write_fail_text(struct mwi_writer *w, const char *text)
{
    mwi_fail_write(w, 1, MW_EINVAL, text, false, 0);
}

static void
write_goaway_text(struct mwi_writer *w, const char *text)
{
    mwi_goaway_write(w, MW_EPROTO, text);
}

static void
write_exception_name(struct mwi_writer *w, const char *text)
{
    mwi_exception_begin(w, 1, text);
    mwi_write_null(w);
}

/* No longer than what the error at the other end holds, and whole
 * characters. */
Test(wire_message, long_texts_are_cut)
{
    static const struct {
        size_t n_single;
        size_t n_double;
        size_t cut;
    } cases[] = { { 0, 0, 0 }, { 10, 0, 10 }, { 254, 0, 254 }, { 255, 0, 255 },
        { 256, 0, 255 }, { 3000, 0, 255 }, { 0, 127, 254 }, { 0, 128, 254 },
        { 1, 127, 255 }, { 1, 128, 255 }, { 254, 1, 254 }, { 253, 2, 255 } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = long_text(cases[i].n_single, cases[i].n_double);

        cr_assert_eq(
            written_text_len(write_fail_text, text, NULL), cases[i].cut);
        cr_assert_eq(
            written_text_len(write_goaway_text, text, NULL), cases[i].cut);
        free(text);
    }
}

/* What is not UTF-8 would make the whole message invalid. */
Test(wire_message, a_bad_text_ends_where_it_is_bad)
{
    cr_assert_eq(written_text_len(write_fail_text,
                     "ab\xff"
                     "cd",
                     NULL),
        2);
    cr_assert_eq(written_text_len(write_fail_text, "ab\xc3", NULL), 2);
    cr_assert_eq(written_text_len(write_goaway_text, "\x80", NULL), 0);
}

/* The name is what the caller compares: it is never cut. */
Test(wire_message, the_name_of_an_exception_is_whole)
{
    char *name = long_text(300, 0);
    const char *exception;

    cr_assert_eq(written_text_len(write_exception_name, name, &exception), 255);
    cr_assert_str_eq(exception, name);
    free((char *) exception);
    free(name);
}

/* ---- full buffers ---- */

/* One byte less than needed, at any size, is an error that stays. */
Test(wire_message, the_limit_of_the_buffer)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        size_t len = strlen(message_samples[i].hex) / 2;

        for (size_t max = 0; max <= len; max++) {
            struct mwi_buf buf;
            struct mwi_writer w;

            mwi_buf_init(&buf, max);
            mwi_writer_init(&w, &buf);
            message_samples[i].write(&w);
            cr_assert_eq(
                w.error.status, max < len ? MW_ERANGE : MW_OK, "%zu", max);
            cr_assert_leq(mwi_buf_len(&buf), max);
            mwi_buf_fini(&buf);
        }
    }
}

Test(wire_message, out_of_memory)
{
    for (size_t i = 0; i < n_message_samples; i++) {
        struct mwi_buf buf;
        struct mwi_writer w;

        mwi_buf_init(&buf, MESSAGE_MAX);
        mwi_writer_init(&w, &buf);
        mwi_mem_fail_at(1);
        message_samples[i].write(&w);
        mwi_mem_fail_at(0);
        cr_assert_eq(w.error.status, MW_ENOMEM);
        cr_assert_str_eq(w.error.text, "out of memory");
        cr_assert_eq(mwi_buf_len(&buf), 0);
        mwi_buf_fini(&buf);
    }
}
