/* SPDX-License-Identifier: MIT */
/*
 * What all parts of the generator use: lists and comments that are wrapped as
 * clang-format would, literals, and the walk over operations.
 */
#include "emit.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

void
emitter_init(emitter *e, unit *u)
{
    *e = (emitter){ .u = u };
    e->anonymous_end = &e->anonymous;
    e->open_maps_end = &e->open_maps;
    e->statics_end = &e->statics;
}

void
emitter_free(emitter *e)
{
    map_free(&e->declared);
    map_free(&e->described);
}

const char *
output_name(unit *u, output_kind kind)
{
    static const char *const suffixes[N_OUTPUTS] = { ".mw.h", ".mw.c",
        "_client.mw.h", "_client.mw.c", "_server.mw.h", "_server.mw.c" };

    return arena_format(&u->mem, "%s%s", u->main->stem, suffixes[kind]);
}

void
emit_output(emitter *e, output_kind kind, text *out)
{
    static void (*const parts[N_OUTPUTS])(emitter *) = { emit_types_h,
        emit_types_c, emit_client_h, emit_client_c, emit_server_h,
        emit_server_c };

    e->out = out;
    parts[kind](e);
}

void
put(emitter *e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_vprintf(e->out, format, args);
    va_end(args);
}

const char *
fmt(emitter *e, const char *format, ...)
{
    text t = { 0 };
    va_list args;

    va_start(args, format);
    text_vprintf(&t, format, args);
    va_end(args);
    const char *copy = arena_copy(&e->u->mem, t.data, t.len);

    text_free(&t);
    return copy;
}

void
put_banner(emitter *e)
{
    put(e, "/* Made by mwidl from %s; do not edit. */\n", e->u->main->base);
}

void
put_section(emitter *e, const char *title)
{
    put(e, "\n/* %s */\n", title);
}

void
put_version_check(emitter *e)
{
    put(e, "\n#if MW_DESC_VERSION != 2\n"
           "#error \"made for MW_DESC_VERSION 2: run mwidl of this libmw\"\n"
           "#endif\n");
}

/* Bytes of a text that stands on one line, as columns: wide characters count
 * two, to be on the safe side. */
static size_t
columns(const char *s, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        uint32_t point;
        size_t step = utf8_decode(s + i, len - i, &point);

        n += step > 0 && point >= 0x1100 ? 2 : 1;
        i += step > 0 ? step : 1;
    }
    return n;
}

/* Of "a, b, c". */
static size_t
list_width(const char *const *items, size_t n)
{
    size_t width = 0;

    for (size_t i = 0; i < n; i++) {
        width += strlen(items[i]) + (i + 1 < n ? 2 : 0);
    }
    return width;
}

void
put_list(emitter *e, unsigned indent, unsigned cont, const char *head,
    const char *const *items, size_t n, const char *tail)
{
    size_t column = indent + strlen(head);
    size_t all = list_width(items, n) + strcspn(tail, "\n");

    put(e, "%*s%s", (int) indent, "", head);
    bool is_call = head[strlen(head) - 1] == '(';

    if (is_call && n > 0 && column + all > LINE_WIDTH &&
        cont + all <= LINE_WIDTH) {
        put(e, "\n%*s", (int) cont, "");
        column = cont;
    }
    for (size_t i = 0; i < n; i++) {
        const char *end = i + 1 < n ? "," : tail;
        size_t len = strlen(items[i]) + strcspn(end, "\n");

        if (column + (i > 0) + len > LINE_WIDTH) {
            put(e, "\n%*s%s%s", (int) cont, "", items[i], end);
            column = cont + len;
        } else {
            put(e, "%s%s%s", i > 0 ? " " : "", items[i], end);
            column += (i > 0) + len;
        }
    }
    if (n == 0) {
        put(e, "%s", tail);
    }
}

void
put_init(
    emitter *e, unsigned indent, const char *field, const char *format, ...)
{
    text content = { 0 };
    va_list args;

    va_start(args, format);
    text_vprintf(&content, format, args);
    va_end(args);
    size_t width = indent + strlen(field) + content.len + 5;
    size_t comma = strcspn(content.data, ",");

    if (width <= LINE_WIDTH) {
        put(e, "%*s.%s = %s,\n", (int) indent, "", field, content.data);
    } else if (strncmp(content.data, "offsetof(", 9) == 0 &&
               indent + 5 + content.len > LINE_WIDTH) {
        put(e, "%*s.%s = %.*s,\n%*s%s,\n", (int) indent, "", field, (int) comma,
            content.data, (int) indent + 4, "", content.data + comma + 2);
    } else {
        put(e, "%*s.%s =\n%*s%s,\n", (int) indent, "", field, (int) indent + 4,
            "", content.data);
    }
    text_free(&content);
}

const char *
api(const emitter *e)
{
    return e->u->library ? "MW_API " : "";
}

void
put_prototype(emitter *e, const char *name, const char *const *items, size_t n)
{
    const char *linkage = api(e);
    const char *head = fmt(e, "%sMW_MUST_USE mw_status %s(", linkage, name);

    if (strlen(head) > LINE_WIDTH) {
        put(e, "%sMW_MUST_USE mw_status\n", linkage);
        head = fmt(e, "%s(", name);
    }
    put_list(e, 0, 4, head, items, n, ");\n");
}

/* Characters that would end the comment, or turn text around in an editor. */
static void
add_comment_text(text *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t point;
        size_t step = utf8_decode(s + i, len - i, &point);
        char next = '\0';

        if (i + 1 < len) {
            next = s[i + 1];
        }
        bool turns = (point >= 0x202a && point <= 0x202e) ||
                     (point >= 0x2066 && point <= 0x2069) || point == 0x200e ||
                     point == 0x200f || point == 0x061c;

        if (turns) {
            text_puts(out, "?");
        } else {
            text_add(out, s + i, step);
        }
        if ((s[i] == '*' && next == '/') || (s[i] == '/' && next == '*') ||
            (s[i] == '?' && next == '?')) {
            text_puts(out, " ");
        }
        i += step;
    }
}

/* Wraps a line into `out`, each piece ended by '\n'. */
static void
wrap_line(text *out, const char *line, size_t len, size_t width)
{
    size_t lead = strspn(line, " ");
    size_t column = 0;
    bool fresh = true;

    lead = lead > len ? len : lead;
    size_t cont = lead + (lead < len && line[lead] == '@' ? 4 : 0);

    for (size_t i = lead; i < len;) {
        size_t end = i;

        while (end < len && line[end] != ' ') {
            end++;
        }
        /* Keep runs of blanks inside a line: they may be a table. */
        size_t gap = 0;

        while (i > lead && gap < i && line[i - 1 - gap] == ' ') {
            gap++;
        }
        size_t wide = columns(line + i, end - i);

        if (fresh) {
            text_printf(out, "%*s", (int) lead, "");
            column = lead;
        } else if (column + gap + wide > width) {
            text_printf(out, "\n%*s", (int) cont, "");
            column = cont;
        } else {
            text_printf(out, "%*s", (int) gap, "");
            column += gap;
        }
        text_add(out, line + i, end - i);
        column += wide;
        fresh = false;
        i = end;
        while (i < len && line[i] == ' ') {
            i++;
        }
    }
    text_puts(out, "\n");
}

/* The lines of a doc comment, wrapped, without blank ones at the ends. */
static text
wrap_lines(const text *lines, size_t width)
{
    text safe = { 0 };
    text out = { 0 };
    const char *s;

    text_puts(&safe, "");
    text_puts(&out, "");
    add_comment_text(&safe, lines->data, lines->len);
    for (s = safe.data; *s != '\0';) {
        size_t len = strcspn(s, "\n");

        if (len > 0 || out.len > 0) {
            wrap_line(&out, s, len, width);
        }
        s += len + (s[len] == '\n');
    }
    while (out.len > 0 && out.data[out.len - 1] == '\n' &&
           (out.len == 1 || out.data[out.len - 2] == '\n')) {
        out.data[--out.len] = '\0';
    }
    text_free(&safe);
    return out;
}

void
put_doc(emitter *e, unsigned indent, const text *lines)
{
    if (lines->len == 0) {
        return;
    }
    text wrapped = wrap_lines(lines, LINE_WIDTH - indent - 4);
    size_t first = strcspn(wrapped.data, "\n");

    if (wrapped.len == 0) {
        text_free(&wrapped);
        return;
    }
    if (first + 1 == wrapped.len &&
        indent + columns(wrapped.data, first) + 7 <= LINE_WIDTH) {
        put(e, "%*s/** %.*s */\n", (int) indent, "", (int) first, wrapped.data);
        text_free(&wrapped);
        return;
    }
    const char *lead = "/** ";

    for (const char *s = wrapped.data; *s != '\0';) {
        size_t len = strcspn(s, "\n");

        put(e, "%*s%s%.*s\n", (int) indent, "", len == 0 ? " *" : lead,
            (int) len, s);
        lead = " * ";
        s += len + 1;
    }
    put(e, "%*s */\n", (int) indent, "");
    text_free(&wrapped);
}

void
put_plain_doc(emitter *e, unsigned indent, const decl *d)
{
    text doc = { 0 };

    text_puts(&doc, d->doc != NULL ? d->doc : "");
    put_doc(e, indent, &doc);
    text_free(&doc);
}

/* One character of a string literal. */
static void
add_char(text *out, unsigned char c, unsigned char before)
{
    static const char plain[] = "\n\t\v\b\r\f\a\\\"";
    static const char letter[] = "ntvbrfa\\\"";
    const char *found = c == '\0' ? NULL : strchr(plain, c);

    if (found != NULL) {
        text_printf(out, "\\%c", letter[found - plain]);
    } else if (c == '?' && before == '?') {
        text_puts(out, "\\?"); /* lest it is a trigraph */
    } else if (c < 0x20 || c >= 0x7f) {
        text_printf(out, "\\%03o", c);
    } else {
        text_printf(out, "%c", c);
    }
}

const char *
c_string(emitter *e, const char *s)
{
    text out = { 0 };

    text_puts(&out, "\"");
    for (size_t i = 0; s[i] != '\0'; i++) {
        add_char(
            &out, (unsigned char) s[i], i > 0 ? (unsigned char) s[i - 1] : 0);
    }
    text_puts(&out, "\"");
    const char *copy = arena_copy(&e->u->mem, out.data, out.len);

    text_free(&out);
    return copy;
}

const char **
c_string_pieces(emitter *e, const char *s, size_t *ret_n)
{
    enum { PIECE = 60 };
    const char **pieces = arena_alloc(
        &e->u->mem, (strlen(s) * 4 / (PIECE - 4) + 1) * sizeof(*pieces));
    text out = { 0 };

    *ret_n = 0;
    for (size_t i = 0; s[i] != '\0';) {
        out.len = 0;
        text_puts(&out, "\"");
        for (; s[i] != '\0' && out.len < PIECE; i++) {
            add_char(&out, (unsigned char) s[i],
                i > 0 ? (unsigned char) s[i - 1] : 0);
        }
        text_puts(&out, "\"");
        pieces[(*ret_n)++] = arena_copy(&e->u->mem, out.data, out.len);
    }
    text_free(&out);
    return pieces;
}

static const char *
c_float(emitter *e, double x, bool is_single)
{
    const char *s = "";

    for (int digits = 1; digits <= 17; digits++) {
        s = fmt(e, "%.*g", digits, x);
        double back = strtod(s, NULL);

        if (is_single ? (float) back == (float) x
                      : !(back < x) && !(back > x)) {
            break;
        }
    }
    bool plain = strpbrk(s, ".e") == NULL;

    return fmt(e, "%s%s%s", s, plain ? ".0" : "", is_single ? "f" : "");
}

static const char *
c_integer(emitter *e, const value *v, const type *t)
{
    unsigned long long n = v->magnitude;
    const char *suffix = t->kind == TYPE_U32   ? "UINT32_C"
                         : t->kind == TYPE_U64 ? "UINT64_C"
                         : t->kind == TYPE_I64 ? "INT64_C"
                                               : NULL;

    if (!v->negative) {
        return suffix != NULL ? fmt(e, "%s(%llu)", suffix, n)
                              : fmt(e, "%llu", n);
    }
    /* The smallest number has no literal: its magnitude does not fit. */
    if (t->kind == TYPE_I64 && n > INT64_MAX) {
        return fmt(e, "(-INT64_C(%llu) - 1)", n - 1);
    }
    if (t->kind == TYPE_I32 && n > INT32_MAX) {
        return fmt(e, "(-%llu - 1)", n - 1);
    }
    return suffix != NULL ? fmt(e, "(-%s(%llu))", suffix, n)
                          : fmt(e, "(-%llu)", n);
}

/* Of a bitmask. */
static const char *
c_bits(emitter *e, const value *v, const type *t)
{
    return fmt(e, "UINT%u_C(0x%llx)", (unsigned) t->size * 8,
        (unsigned long long) v->magnitude);
}

const char *
c_double(emitter *e, double x)
{
    return c_float(e, x, false);
}

const char *
c_value(emitter *e, const value *v, const type *t)
{
    switch (v->kind) {
    case VALUE_INTEGER:
        return c_integer(e, v, t);
    case VALUE_FLOAT: {
        const char *s = c_float(e, v->number, t->kind == TYPE_F32);

        return s[0] == '-' ? fmt(e, "(%s)", s) : s;
    }
    case VALUE_BOOL:
        return v->magnitude != 0 ? "true" : "false";
    case VALUE_STRING:
        return c_string(e, v->string);
    case VALUE_ENUM:
        return fmt(
            e, "%s_%s", v->enumerator->scope->cname, v->enumerator->name);
    case VALUE_BITS:
        return c_bits(e, v, t);
    default:
        return "0";
    }
}

bool
is_own(const emitter *e, const decl *d)
{
    return d->at.file == e->u->main;
}

bool
is_shared(const emitter *e, const type *t)
{
    for (; t != NULL && t->decl == NULL; t = t->elem) {
        const decl *key = t->kind == TYPE_MAP ? t->key->decl : NULL;

        if (key != NULL && is_own(e, key)) {
            return false;
        }
    }
    return t == NULL || !is_own(e, t->decl);
}

bool
has_members(const decl *d)
{
    return d->kind == DECL_STRUCT || d->kind == DECL_EXCEPTION ||
           d->kind == DECL_UNION || d->kind == DECL_VALUETYPE;
}

void
list_type(emitter *e, type_list ***end, const type *t)
{
    type_list *entry = arena_alloc(&e->u->mem, sizeof(*entry));

    entry->type = t;
    **end = entry;
    *end = &entry->next;
}

bool
has_interfaces(const unit *u)
{
    for (const item *it = u->items; it != NULL; it = it->next) {
        if (it->file == u->main && it->decl->kind == DECL_INTERFACE) {
            return true;
        }
    }
    return false;
}

static void
collect_ops(const decl *interface, const decl **ops, size_t *n)
{
    if (interface->base != NULL) {
        collect_ops(interface->base, ops, n);
    }
    for (const decl *d = interface->first; d != NULL; d = d->next) {
        if (d->kind == DECL_OP) {
            ops[(*n)++] = d;
        }
    }
}

const decl **
flatten_ops(emitter *e, const decl *interface, size_t *ret_n)
{
    const decl **ops = arena_alloc(
        &e->u->mem, (count_ops(interface) + 1) * sizeof(const decl *));

    *ret_n = 0;
    collect_ops(interface, ops, ret_n);
    return ops;
}
