/* SPDX-License-Identifier: MIT */
/*
 * C types for declarations of the IDL, with their comments.
 */
#include <string.h>

#include "emit.h"

static void
emit_enum(emitter *e, const decl *d)
{
    put_plain_doc(e, 0, d);
    put(e, "typedef enum %s {\n", d->cname);
    for (const decl *v = d->first; v != NULL; v = v->next) {
        put_plain_doc(e, 4, v);
        put(e, "    %s_%s = %s,\n", d->cname, v->name,
            c_value(e, &v->value, type_basic(e->u, TYPE_I32)));
    }
    put(e, "} %s;\n", d->cname);
}

/* The width of macros that follow each other without a comment. */
static size_t
bits_width(const decl *bit)
{
    size_t width = 0;

    do {
        size_t len = strlen(bit->name);

        width = len > width ? len : width;
        bit = bit->next;
    } while (bit != NULL && bit->doc == NULL);
    return width;
}

static void
emit_bitmask(emitter *e, const decl *d)
{
    unsigned bits = (unsigned) d->own->size * 8;
    size_t width = 0;

    put_plain_doc(e, 0, d);
    put(e, "typedef uint%u_t %s;\n", bits, d->cname);
    for (const decl *bit = d->first; bit != NULL; bit = bit->next) {
        if (bit == d->first || bit->doc != NULL) {
            width = strlen(d->cname) + 1 + bits_width(bit);
            put_plain_doc(e, 0, bit);
        }
        value v = { .kind = VALUE_BITS,
            .magnitude = UINT64_C(1) << bit->value.magnitude };

        put(e, "#define %-*s %s\n", (int) width,
            fmt(e, "%s_%s", d->cname, bit->name), c_value(e, &v, d->own));
    }
}

static void
add_range(emitter *e, text *doc, const decl *m)
{
    const annotations *n = &m->notes;

    if (n->min.kind != VALUE_NONE && n->max.kind != VALUE_NONE) {
        text_printf(doc, "Range: %s to %s.\n", value_text(e->u, &n->min),
            value_text(e->u, &n->max));
    } else if (n->min.kind != VALUE_NONE) {
        text_printf(doc, "Range: from %s.\n", value_text(e->u, &n->min));
    } else if (n->max.kind != VALUE_NONE) {
        text_printf(doc, "Range: to %s.\n", value_text(e->u, &n->max));
    }
}

/* "Selected by RED, GREEN." */
static void
add_labels(emitter *e, text *doc, const decl *m)
{
    for (const case_label *l = m->labels; l != NULL; l = l->next) {
        text_puts(doc, l == m->labels ? "Selected by " : ", ");
        if (l->value.kind == VALUE_NONE) {
            text_puts(doc, m->labels->next == NULL ? "all other tags"
                                                   : "and all other tags");
        } else if (l->value.kind == VALUE_ENUM) {
            text_puts(doc, l->value.enumerator->name);
        } else {
            text_puts(doc, value_text(e->u, &l->value));
        }
    }
    text_puts(doc, m->labels != NULL ? ".\n" : "");
}

/* What the annotations of a member say to who uses it. */
static void
add_notes(emitter *e, text *doc, const decl *m)
{
    const annotations *n = &m->notes;

    add_labels(e, doc, m);
    if (n->unit != NULL) {
        text_printf(doc, "Unit: %s.\n", n->unit);
    }
    add_range(e, doc, m);
    if (n->key) {
        text_puts(doc, "Key: identifies the element of a sequence.\n");
    }
    if (n->unique) {
        text_puts(doc, "Unique: nothing else refers to its nodes.\n");
    }
    if (member_has_flag(m)) {
        text_printf(doc, "Optional: absent while has_%s is false.\n", m->name);
    } else if (n->optional) {
        text_puts(doc, "Optional: absent while NULL.\n");
    } else if (m->type.type->kind == TYPE_BOX) {
        text_puts(doc, "External: a block of its own; never NULL.\n");
    }
}

static void
emit_member(emitter *e, unsigned indent, const decl *m)
{
    text doc = { 0 };
    text notes = { 0 };

    text_puts(&doc, m->doc != NULL ? m->doc : "");
    add_notes(e, &notes, m);
    if (notes.len > 0) {
        text_printf(&doc, "%s%s", doc.len > 0 ? "\n" : "", notes.data);
    }
    put_doc(e, indent, &doc);
    if (member_has_flag(m)) {
        put(e, "%*sbool has_%s;\n", (int) indent, "", m->name);
    }
    put(e, "%*s%s;\n", (int) indent, "", c_member(e, m->type, m->cname));
    text_free(&doc);
    text_free(&notes);
}

static void
emit_struct(emitter *e, const decl *d)
{
    bool named = d->used_early;
    unsigned indent = d->kind == DECL_UNION ? 8 : 4;

    put_plain_doc(e, 0, d);
    put(e, "%sstruct %s {\n", named ? "" : "typedef ", d->cname);
    if (d->kind == DECL_UNION) {
        put(e, "    %s;\n    union {\n", c_member(e, d->tag, "tag"));
    }
    for (const decl *m = d->first; m != NULL; m = m->next) {
        emit_member(e, indent, m);
    }
    if (d->kind == DECL_UNION) {
        put(e, "    };\n");
    }
    if (d->first == NULL) {
        put(e, "    /* C wants a member. */\n    char unused_;\n");
    }
    put(e, "}%s%s;\n", named ? "" : " ", named ? "" : d->cname);
    map_set(&e->declared, d, "defined", (void *) d);
    put_open_entries(e);
}

void
emit_decl(emitter *e, const decl *d)
{
    if (d->kind == DECL_CONST || d->kind == DECL_INTERFACE) {
        return;
    }
    put(e, "\n");
    if (d->kind == DECL_ENUM) {
        emit_enum(e, d);
    } else if (d->kind == DECL_BITMASK) {
        emit_bitmask(e, d);
    } else if (d->kind == DECL_TYPEDEF) {
        put_plain_doc(e, 0, d);
        put(e, "typedef %s;\n", c_member(e, d->type, d->cname));
    } else {
        emit_struct(e, d);
    }
}
