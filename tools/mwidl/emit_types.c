/* SPDX-License-Identifier: MIT */
/*
 * The header of types: constants, C types in the order of the IDL, and the
 * declarations of their descriptors.
 */
#include <string.h>

#include "emit.h"
#include "names.h"

/* The one struct or enum that a type is made of, or NULL. */
static const decl *
root_decl(const type *t)
{
    while (t->elem != NULL) {
        t = t->elem;
    }
    return t->decl;
}

/* True if another file's header may declare the type too. */
static bool
is_shared(const emitter *e, const type *t)
{
    const decl *root = root_decl(t);

    return root == NULL || !is_own(e, root);
}

static void
open_guard(emitter *e, const type *t, const char *suffix)
{
    put(e, "#ifndef MW_HAVE_%s%s\n#define MW_HAVE_%s%s\n", t->stem, suffix,
        t->stem, suffix);
}

static void
declare_string(emitter *e, const type *t)
{
    if (map_get(&e->declared, t, "") != NULL) {
        return;
    }
    map_set(&e->declared, t, "", (void *) t);
    if (e->out != NULL) {
        put(e, "\n");
        open_guard(e, t, "");
        put(e, "typedef char %s[%u + 1];\n#endif\n", t->stem, t->bound);
    }
}

static void
declare_seq(emitter *e, const type *t)
{
    bool shared = is_shared(e, t);

    put(e, "\n/* %s */\n", t->idl);
    if (shared) {
        open_guard(e, t, "");
    }
    if (t->kind == TYPE_SEQ) {
        const char *items[] = { t->cname, t->elem_cname };

        put_list(e, 0, 4, "MW_SEQ(", items, 2, ");\n");
    } else {
        type_ref elem = { .type = t->elem };
        const char *items =
            t->elem->kind == TYPE_ARRAY
                ? fmt(e, "%s items[%u]", t->elem_cname, t->bound)
                : NULL;

        if (items == NULL) {
            items = c_member(e, elem, fmt(e, "items[%u]", t->bound));
        }
        put(e,
            "typedef struct %s {\n    /* How many of items are valid. */\n"
            "    size_t len;\n    %s;\n} %s;\n",
            t->cname, items, t->cname);
    }
    if (shared) {
        put(e, "#endif\n");
    }
    type_list *entry = arena_alloc(&e->u->mem, sizeof(*entry));

    entry->type = t;
    *e->seqs_end = entry;
    e->seqs_end = &entry->next;
}

/* Makes C know a type that has no declaration in the IDL.  With e->out NULL
 * only notes that C knows it. */
static void
need_type(emitter *e, const type *t)
{
    if (t == NULL || t->elem == NULL) {
        return;
    }
    need_type(e, t->elem);
    if (t->kind == TYPE_SEQ && t->elem->kind == TYPE_STRING_N) {
        declare_string(e, t->elem);
    }
    if (t->kind == TYPE_ARRAY || t->builtin ||
        map_get(&e->declared, t, "") != NULL) {
        return;
    }
    map_set(&e->declared, t, "", (void *) t);
    if (e->out != NULL) {
        declare_seq(e, t);
    }
}

static void
need_types(emitter *e, const decl *d)
{
    size_t n;

    if (d->kind == DECL_INTERFACE) {
        const decl **ops = flatten_ops(e, d, &n);

        for (size_t i = 0; i < n; i++) {
            need_types(e, ops[i]);
        }
        return;
    }
    if (d->kind != DECL_CONST && d->kind != DECL_ENUMERATOR) {
        need_type(e, d->type.type);
        for (const decl *child = d->first; child != NULL; child = child->next) {
            need_types(e, child);
        }
    }
}

/* Notes what the headers of included files declare. */
static void
note_included(emitter *e)
{
    text *out = e->out;

    e->out = NULL;
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file != e->u->main) {
            need_types(e, it->decl);
        }
    }
    e->out = out;
}

static void
put_plain_doc(emitter *e, unsigned indent, const decl *d)
{
    text doc = { 0 };

    text_puts(&doc, d->doc != NULL ? d->doc : "");
    put_doc(e, indent, &doc);
    text_free(&doc);
}

/* "#define NAME value", in pieces if it is a long text. */
static void
put_macro(emitter *e, const decl *d, size_t width)
{
    const char *literal = c_value(e, &d->value, d->type.type);
    size_t column = strlen("#define ") + width + 1;

    if (d->value.kind != VALUE_STRING ||
        column + strlen(literal) <= LINE_WIDTH) {
        put(e, "#define %-*s %s\n", (int) width, d->cname, literal);
        return;
    }
    size_t n;
    const char **pieces = c_string_pieces(e, d->value.string, &n);

    column = strlen("#define ") + strlen(d->cname);
    for (size_t i = 0; i + 1 < n; i++) {
        column =
            strlen(pieces[i]) + 4 > column ? strlen(pieces[i]) + 4 : column;
    }
    put(e, "#define %-*s \\\n", (int) (column - strlen("#define ")), d->cname);
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;

        put(e, "    %-*s%s\n", last ? 0 : (int) column - 4, pieces[i],
            last ? "" : " \\");
    }
}

/* Constants that follow each other without comments are aligned. */
static void
emit_constants(emitter *e)
{
    bool any = false;
    size_t width = 0;
    unsigned left = 0;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file != e->u->main || it->decl->kind != DECL_CONST) {
            continue;
        }
        if (!any) {
            put_section(e, "Constants.");
            any = true;
            put(e, "\n");
        }
        if (it->decl->doc != NULL) {
            put_plain_doc(e, 0, it->decl);
            left = 0;
        }
        if (left == 0) {
            width = 0;
            const item *other = it;

            do {
                if (other->file == e->u->main &&
                    other->decl->kind == DECL_CONST) {
                    size_t len = strlen(other->decl->cname);

                    width = len > width ? len : width;
                    left++;
                }
                other = other->next;
            } while (other != NULL && (other->file != e->u->main ||
                                          other->decl->kind != DECL_CONST ||
                                          other->decl->doc == NULL));
        }
        left--;
        put_macro(e, it->decl, width);
    }
}

static void
emit_enum(emitter *e, const decl *d)
{
    put(e, "\n");
    put_plain_doc(e, 0, d);
    put(e, "typedef enum %s {\n", d->cname);
    for (const decl *v = d->first; v != NULL; v = v->next) {
        put_plain_doc(e, 4, v);
        put(e, "    %s_%s = %s,\n", d->cname, v->name,
            c_value(e, &v->value, type_basic(e->u, TYPE_I32)));
    }
    put(e, "} %s;\n", d->cname);
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

static void
emit_member(emitter *e, const decl *m)
{
    text doc = { 0 };
    text notes = { 0 };
    bool has = m->notes.optional && m->type.type->kind != TYPE_STRING;

    text_puts(&doc, m->doc != NULL ? m->doc : "");
    if (m->notes.unit != NULL) {
        text_printf(&notes, "Unit: %s.\n", m->notes.unit);
    }
    add_range(e, &notes, m);
    if (m->notes.key) {
        text_puts(&notes, "Key: identifies the element of a sequence.\n");
    }
    if (has) {
        text_printf(
            &notes, "Optional: absent while has_%s is false.\n", m->name);
    } else if (m->notes.optional) {
        text_puts(&notes, "Optional: absent while NULL.\n");
    }
    if (notes.len > 0) {
        text_printf(&doc, "%s%s", doc.len > 0 ? "\n" : "", notes.data);
    }
    put_doc(e, 4, &doc);
    if (has) {
        put(e, "    bool has_%s;\n", m->name);
    }
    put(e, "    %s;\n", c_member(e, m->type, m->cname));
    text_free(&doc);
    text_free(&notes);
}

static void
emit_struct(emitter *e, const decl *d)
{
    bool named = d->used_early;

    put(e, "\n");
    put_plain_doc(e, 0, d);
    put(e, "%sstruct %s {\n", named ? "" : "typedef ", d->cname);
    for (const decl *m = d->first; m != NULL; m = m->next) {
        emit_member(e, m);
    }
    if (d->first == NULL) {
        put(e, "    /* C wants a member. */\n    char unused_;\n");
    }
    put(e, "}%s%s;\n", named ? "" : " ", named ? "" : d->cname);
}

static void
emit_typedef(emitter *e, const decl *d)
{
    put(e, "\n");
    put_plain_doc(e, 0, d);
    put(e, "typedef %s;\n", c_member(e, d->type, d->cname));
}

/* Structs that contain themselves need their names first. */
static void
emit_forward(emitter *e)
{
    bool any = false;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file == e->u->main && it->decl->kind == DECL_STRUCT &&
            it->decl->used_early) {
            put(e, "%stypedef struct %s %s;\n", any ? "" : "\n",
                it->decl->cname, it->decl->cname);
            any = true;
        }
    }
}

static void
emit_types(emitter *e)
{
    put_section(e, "Types.");
    emit_forward(e);
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;

        if (it->file != e->u->main) {
            continue;
        }
        need_types(e, d);
        if (d->kind == DECL_ENUM) {
            emit_enum(e, d);
        } else if (d->kind == DECL_STRUCT || d->kind == DECL_EXCEPTION) {
            emit_struct(e, d);
        } else if (d->kind == DECL_TYPEDEF) {
            emit_typedef(e, d);
        }
    }
}

static void
emit_descriptors(emitter *e)
{
    bool any = false;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;
        bool is_interface = d->kind == DECL_INTERFACE;

        if (it->file != e->u->main || (d->own == NULL && !is_interface)) {
            continue;
        }
        if (!any) {
            put_section(e, "Descriptors, for the functions of mw/object.h.");
            put(e, "\n");
        }
        any = true;
        put(e, "extern const %s %s%s;\n",
            is_interface ? "mw_interface" : "mw_type", d->cname,
            is_interface ? "_interface" : "_type");
    }
    for (const type_list *s = e->seqs; s != NULL; s = s->next) {
        put(e, "%sextern const mw_type %s;\n", any ? "" : "\n", s->type->desc);
        any = true;
    }
}

static void
emit_includes(emitter *e)
{
    static const char *const own[] = { "base", "desc", "memory", "object",
        "seq", "status" };

    put(e, "\n");
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
        put(e, "#include \"mw/%s.h\"\n", own[i]);
    }
    const char *gap = "\n";

    for (const include *inc = e->u->main->includes; inc != NULL;
         inc = inc->next) {
        put(e, "%s#include \"%s.mw.h\"\n", gap, inc->file->stem);
        gap = "";
    }
}

void
emit_types_h(emitter *e)
{
    const char *guard = names_guard(&e->u->mem, e->u->main->stem);

    note_included(e);
    put_banner(e);
    put(e, "#ifndef %s_MW_H\n#define %s_MW_H\n", guard, guard);
    emit_includes(e);
    put_version_check(e);
    put(e, "\nMW_BEGIN_DECLS\n");
    emit_constants(e);
    emit_types(e);
    emit_descriptors(e);
    emit_object_functions(e);
    put(e, "\nMW_END_DECLS\n\n#endif\n");
}
