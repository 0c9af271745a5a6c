/* SPDX-License-Identifier: MIT */
/*
 * Values as text for people: JSON, but for byte strings, NaN and infinities.
 * What cannot be encoded prints all the same, since this is what one looks at
 * to see why: bad UTF-8 as U+FFFD, an undeclared enum value as its number.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "codec/access.h"
#include "codec/value.h"

struct printer {
    struct mwi_buf buf;
    bool failed; /* out of memory; what follows does nothing */
};

static void print(struct printer *p, const mw_type *type, const void *value);

static void
put(struct printer *p, const char *text, size_t len)
{
    p->failed = p->failed || mwi_buf_append(&p->buf, text, len) < 0;
}

static void
puts_at(struct printer *p, const char *text)
{
    put(p, text, strlen(text));
}

/* At most 63 characters. */
static void putf(struct printer *p, const char *format, ...) MW_PRINTF(2, 3);

static void
putf(struct printer *p, const char *format, ...)
{
    char text[64];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put(p, text, n > 0 ? (size_t) n : 0);
}

/* The escape of a character that JSON does not allow in a string. */
static void
put_escape(struct printer *p, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *found = memchr(from, c, sizeof(from) - 1);

    if (found != NULL) {
        putf(p, "\\%c", to[found - from]);
    } else {
        putf(p, "\\u%04x", (unsigned int) c);
    }
}

static bool
must_escape(char c)
{
    return (unsigned char) c < 0x20 || c == 0x7f || c == '"' || c == '\\';
}

/* Text that is valid UTF-8. */
static void
put_valid(struct printer *p, const char *text, size_t len)
{
    size_t plain = 0; /* where the run starts that needs no escape */

    for (size_t i = 0; i < len; i++) {
        if (must_escape(text[i])) {
            put(p, text + plain, i - plain);
            put_escape(p, (unsigned char) text[i]);
            plain = i + 1;
        }
    }
    put(p, text + plain, len - plain);
}

static void
put_quoted(struct printer *p, const char *text, size_t len)
{
    puts_at(p, "\"");
    while (len > 0) {
        size_t valid = mwi_utf8_prefix(text, len);

        put_valid(p, text, valid);
        text += valid;
        len -= valid;
        if (len > 0) {
            puts_at(p, "\xef\xbf\xbd");
            text++;
            len--;
        }
    }
    puts_at(p, "\"");
}

/* A finite number with a point, whatever the locale has for one. */
static void
put_decimal(struct printer *p, const char *text)
{
    bool in_number = true;

    for (; *text != '\0'; text++) {
        bool belongs = strchr("0123456789+-e", *text) != NULL;

        if (belongs) {
            put(p, text, 1);
        } else if (in_number) {
            puts_at(p, ".");
        }
        in_number = belongs;
    }
}

/* The shortest decimal that reads back as the same number. */
static void
put_float(struct printer *p, double value, bool is_double)
{
    char text[40];
    int digits = is_double ? 15 : 6;
    int digits_max = is_double ? 17 : 9;

    if (value != value) {
        puts_at(p, "NaN");
        return;
    }
    if (value - value != 0) {
        puts_at(p, value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (; digits <= digits_max; digits++) {
        (void) snprintf(text, sizeof(text), "%.*g", digits, value);
        if (is_double ? strtod(text, NULL) == value
                      : (double) strtof(text, NULL) == value) {
            break;
        }
    }
    put_decimal(p, text);
}

static void
print_number(struct printer *p, const mw_type *type, const void *value)
{
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
        float f32;
        double f64;
    } as = { 0 };

    memcpy(&as, value, type->size < sizeof(as) ? type->size : sizeof(as));
    switch (type->kind) {
    case MW_KIND_U8:
        putf(p, "%" PRIu8, as.u8);
        break;
    case MW_KIND_I8:
        putf(p, "%" PRId8, as.i8);
        break;
    case MW_KIND_U16:
        putf(p, "%" PRIu16, as.u16);
        break;
    case MW_KIND_I16:
        putf(p, "%" PRId16, as.i16);
        break;
    case MW_KIND_U32:
        putf(p, "%" PRIu32, as.u32);
        break;
    case MW_KIND_I32:
        putf(p, "%" PRId32, as.i32);
        break;
    case MW_KIND_U64:
        putf(p, "%" PRIu64, as.u64);
        break;
    case MW_KIND_I64:
        putf(p, "%" PRId64, as.i64);
        break;
    case MW_KIND_F32:
        put_float(p, (double) as.f32, false);
        break;
    case MW_KIND_F64:
        put_float(p, as.f64, true);
        break;
    default:
        puts_at(p, "?");
        break;
    }
}

static void
print_enum(struct printer *p, const mw_type *type, const void *value)
{
    int32_t number = mwi_load_enum(value);
    const char *name = mwi_enum_name(type, number);

    if (name != NULL) {
        put_quoted(p, name, strlen(name));
    } else {
        putf(p, "%" PRId32, number);
    }
}

static void
print_struct(struct printer *p, const mw_type *type, const void *value)
{
    const char *separator = "";

    puts_at(p, "{");
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];

        if (mwi_field_is_present(field, value)) {
            puts_at(p, separator);
            put_quoted(p, field->name, strlen(field->name));
            puts_at(p, ": ");
            print(p, field->type, mwi_field_at(field, value));
            separator = ", ";
        }
    }
    puts_at(p, "}");
}

static void
print_items(struct printer *p, const mw_type *type, const void *value)
{
    struct mwi_items items = mwi_items_of(type, value);
    const mw_type *elem = type->elem;
    bool is_bytes = elem->kind == MW_KIND_U8;

    puts_at(p, is_bytes ? "h'" : "[");
    for (size_t i = 0; i < items.len && !p->failed; i++) {
        if (is_bytes) {
            putf(p, "%02x", (unsigned int) items.at[i]);
        } else {
            puts_at(p, i > 0 ? ", " : "");
            print(p, elem, items.at + i * elem->size);
        }
    }
    puts_at(p, is_bytes ? "'" : "]");
}

static void
print(struct printer *p, const mw_type *type, const void *value)
{
    const char *text;
    size_t len;

    switch (type->kind) {
    case MW_KIND_BOOL:
        puts_at(p, mwi_load_bool(value) ? "true" : "false");
        break;
    case MW_KIND_ENUM:
        print_enum(p, type, value);
        break;
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        text = mwi_text_of(type, value, &len);
        put_quoted(p, text, len);
        break;
    case MW_KIND_STRUCT:
        print_struct(p, type, value);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        print_items(p, type, value);
        break;
    default:
        print_number(p, type, value);
        break;
    }
}

char *
mwi_print(const mw_type *type, const void *value)
{
    struct printer p = { .failed = false };

    mwi_buf_init(&p.buf, SIZE_MAX / 2);
    print(&p, type, value);
    put(&p, "", 1); /* the NUL */
    if (p.failed) {
        mwi_buf_fini(&p.buf);
        return NULL;
    }
    /* Nothing was consumed, so the text starts where the block does. */
    return (char *) p.buf.data;
}
