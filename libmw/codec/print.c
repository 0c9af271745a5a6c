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
#include "codec/graph.h"
#include "codec/value.h"

struct printer {
    struct mwi_buf *buf;
    struct mwi_nodes *nodes; /* to number nodes by, or NULL */
    uint32_t depth;          /* blocks that were entered */
    mw_status status;        /* after a failure what follows does nothing */
};

static void print(struct printer *p, const mw_type *type, const void *value);

static void
put(struct printer *p, const char *text, size_t len)
{
    if (p->status == MW_OK) {
        p->status = mwi_buf_append(p->buf, text, len);
    }
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
print_bitmask(struct printer *p, const mw_type *type, const void *value)
{
    uint64_t rest = mwi_load_bits(type, value);
    const char *separator = "";

    for (uint32_t i = 0; i < type->n_members; i++) {
        uint64_t bit = UINT64_C(1) << type->enumerators[i].value;

        if ((rest & bit) != 0) {
            puts_at(p, separator);
            puts_at(p, type->enumerators[i].name);
            separator = "|";
            rest &= ~bit;
        }
    }
    if (rest != 0) {
        putf(p, "%s0x%" PRIx64, separator, rest);
    } else if (*separator == '\0') {
        puts_at(p, "0");
    }
}

static void
print_union(struct printer *p, const mw_type *type, const void *value)
{
    const mw_field *arm = mwi_union_arm(type, value);

    puts_at(p, "{\"tag\": ");
    print(p, type->elem, value);
    if (arm != NULL) {
        puts_at(p, ", ");
        put_quoted(p, arm->name, strlen(arm->name));
        puts_at(p, ": ");
        print(p, arm->type, mwi_field_at(arm, value));
    }
    puts_at(p, "}");
}

static void
print_map(struct printer *p, const mw_type *type, const void *value)
{
    struct mwi_items entries = mwi_items_of(type, value);
    const mw_field *fields[2] = { mwi_map_key(type), mwi_map_value(type) };

    puts_at(p, "{");
    for (size_t i = 0; i < entries.len && p->status == MW_OK; i++) {
        const void *entry = entries.at + i * type->elem->size;

        puts_at(p, i > 0 ? ", " : "");
        print(p, fields[0]->type, mwi_field_at(fields[0], entry));
        puts_at(p, ": ");
        print(p, fields[1]->type, mwi_field_at(fields[1], entry));
    }
    puts_at(p, "}");
}

static void
print_ref(struct printer *p, const mw_type *type, const void *value)
{
    const void *node = mwi_load_pointer(value);
    size_t number = 0;

    if (node == NULL) {
        puts_at(p, "null");
    } else if (p->nodes == NULL) {
        puts_at(p, "#?");
    } else if (p->status == MW_OK) {
        p->status = mwi_nodes_number(p->nodes, type, node, &number, NULL);
        if (p->status == MW_OK) {
            p->status = mwi_print_label(p->buf, type->elem, number);
        }
    }
}

static void
print_items(struct printer *p, const mw_type *type, const void *value)
{
    struct mwi_items items = mwi_items_of(type, value);
    const mw_type *elem = type->elem;
    bool is_bytes = elem->kind == MW_KIND_U8;

    puts_at(p, is_bytes ? "h'" : "[");
    for (size_t i = 0; i < items.len && p->status == MW_OK; i++) {
        if (is_bytes) {
            putf(p, "%02x", (unsigned int) items.at[i]);
        } else {
            puts_at(p, i > 0 ? ", " : "");
            print(p, elem, items.at + i * elem->size);
        }
    }
    puts_at(p, is_bytes ? "'" : "]");
}

/* What lies in a block of its own.  It may be nested as deep as a program
 * likes. */
static void
print_block(struct printer *p, const mw_type *type, const void *value)
{
    if (p->depth >= MWI_DEPTH_LIMIT) {
        puts_at(p, "...");
        return;
    }
    p->depth++;
    if (type->kind == MW_KIND_MAP) {
        print_map(p, type, value);
    } else if (type->kind == MW_KIND_SEQ) {
        print_items(p, type, value);
    } else if (mwi_load_pointer(value) != NULL) {
        print(p, type->elem, mwi_load_pointer(value));
    } else {
        puts_at(p, "null");
    }
    p->depth--;
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
    case MW_KIND_UNION:
        print_union(p, type, value);
        break;
    case MW_KIND_BITMASK:
        print_bitmask(p, type, value);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
    case MW_KIND_BOX:
        print_block(p, type, value);
        break;
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        print_items(p, type, value);
        break;
    case MW_KIND_REF:
        print_ref(p, type, value);
        break;
    default:
        print_number(p, type, value);
        break;
    }
}

mw_status
mwi_print_with(struct mwi_nodes *nodes, struct mwi_buf *buf,
    const mw_type *type, const void *value)
{
    struct printer p = { .buf = buf, .nodes = nodes };

    print(&p, type, value);
    return p.status;
}

char *
mwi_print(const mw_type *type, const void *value)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, SIZE_MAX / 2);
    if (mwi_print_with(NULL, &buf, type, value) < 0 ||
        mwi_buf_append(&buf, "", 1) < 0) {
        mwi_buf_fini(&buf);
        return NULL;
    }
    /* Nothing was consumed, so the text starts where the block does. */
    return (char *) buf.data;
}
