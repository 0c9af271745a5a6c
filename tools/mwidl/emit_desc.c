/* SPDX-License-Identifier: MIT */
/*
 * The descriptors in the .c of types.
 */
#include <stdlib.h>
#include <string.h>

#include "emit.h"

static const char *
kind_name(type_kind kind)
{
    static const char *const names[N_TYPE_KINDS] = {
        [TYPE_ENUM] = "MW_KIND_ENUM",
        [TYPE_STRING_N] = "MW_KIND_STRING_N",
        [TYPE_STRUCT] = "MW_KIND_STRUCT",
        [TYPE_SEQ] = "MW_KIND_SEQ",
        [TYPE_SEQ_N] = "MW_KIND_SEQ_N",
        [TYPE_ARRAY] = "MW_KIND_ARRAY",
    };

    return names[kind];
}

static const char *
type_flags(emitter *e, const type *t)
{
    const decl *d = t->decl;
    const char *flags = t->flat ? "MW_TYPE_FLAT" : "";

    if (d != NULL && d->notes.final) {
        flags = fmt(e, "%s%sMW_TYPE_FINAL", flags, *flags ? " | " : "");
    }
    if (d != NULL && d->kind == DECL_EXCEPTION) {
        flags = fmt(e, "%s%sMW_TYPE_EXCEPTION", flags, *flags ? " | " : "");
    }
    return flags;
}

/* "char[32 + 1]", "int32_t[4][3]": what sizeof takes. */
static const char *
type_spelling(emitter *e, const type *t)
{
    return t->cname != NULL ? t->cname
                            : c_member(e, (type_ref){ .type = t }, "");
}

static const char *
align_spelling(emitter *e, const type *t)
{
    while (t->kind == TYPE_ARRAY) {
        t = t->elem;
    }
    return t->kind == TYPE_STRING_N ? "char" : type_spelling(e, t);
}

void
put_type_descriptor(emitter *e, const type *t, const char *linkage)
{
    const char *flags = type_flags(e, t);

    put(e, "\n%sconst mw_type %s = {\n", linkage, t->desc);
    put_init(e, 4, "name", "\"%s\"", t->idl);
    put_init(e, 4, "kind", "%s", kind_name(t->kind));
    if (*flags != '\0') {
        put_init(e, 4, "flags", "%s", flags);
    }
    put_init(e, 4, "size", "sizeof(%s)", type_spelling(e, t));
    put_init(e, 4, "align", "alignof(%s)", align_spelling(e, t));
    if (t->bound > 0) {
        put_init(e, 4, "bound", "%u", t->bound);
    }
    if (t->decl != NULL && t->decl->n_children > 0) {
        const char *what = t->kind == TYPE_ENUM ? "enumerators" : "fields";

        put_init(e, 4, "n_members", "%u", t->decl->n_children);
        put_init(e, 4, what, "%s_%s", t->cname, what);
    }
    if (t->elem != NULL) {
        put_init(e, 4, "elem", "&%s", t->elem->desc);
    }
    put(e, "};\n");
}

/* Lists the static descriptors that one of this type refers to, the innermost
 * first. */
void
need_descriptor(emitter *e, const type *t)
{
    if (t == NULL || (t->kind != TYPE_ARRAY && t->kind != TYPE_STRING_N) ||
        map_get(&e->described, t, "") != NULL) {
        return;
    }
    map_set(&e->described, t, "", (void *) t);
    need_descriptor(e, t->elem);
    type_list *entry = arena_alloc(&e->u->mem, sizeof(*entry));

    entry->type = t;
    *e->statics_end = entry;
    e->statics_end = &entry->next;
}

static void
list_statics(emitter *e)
{
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;
        size_t n;

        if (it->file != e->u->main || d->kind == DECL_ENUM) {
            continue;
        }
        if (d->kind == DECL_STRUCT || d->kind == DECL_EXCEPTION) {
            for (const decl *m = d->first; m != NULL; m = m->next) {
                need_descriptor(e, m->type.type);
            }
        } else if (d->kind == DECL_INTERFACE) {
            const decl **ops = flatten_ops(e, d, &n);

            for (size_t i = 0; i < n; i++) {
                need_descriptor(e, ops[i]->type.type);
                for (const decl *param = ops[i]->first; param != NULL;
                     param = param->next) {
                    need_descriptor(e, param->type.type);
                }
            }
        }
    }
    for (const type_list *s = e->seqs; s != NULL; s = s->next) {
        need_descriptor(e, s->type->elem);
    }
}

static int
compare_enumerators(const void *a, const void *b)
{
    const decl *const *x = a;
    const decl *const *y = b;
    int64_t left = (int64_t) (*x)->value.magnitude;
    int64_t right = (int64_t) (*y)->value.magnitude;

    left = (*x)->value.negative ? -left : left;
    right = (*y)->value.negative ? -right : right;
    return (left > right) - (left < right);
}

static void
emit_enum(emitter *e, const decl *d)
{
    const decl **sorted =
        arena_alloc(&e->u->mem, d->n_children * sizeof(const decl *));
    size_t n = 0;

    for (const decl *v = d->first; v != NULL; v = v->next) {
        sorted[n++] = v;
    }
    qsort(sorted, n, sizeof(const decl *), compare_enumerators);
    put(e, "\n/* %s */\n\n", d->idl);
    const char *assertion[] = { fmt(e, "sizeof(%s) == 4", d->cname),
        "\"enums have 4 bytes\"" };

    put_list(e, 0, 4, "static_assert(", assertion, 2, ");\n");
    put(e, "\nstatic const mw_enumerator %s_enumerators[] = {\n", d->cname);
    for (size_t i = 0; i < n; i++) {
        const char *pair[] = { fmt(e, ".name = \"%s\"", sorted[i]->name),
            fmt(e, ".value = %s_%s", d->cname, sorted[i]->name) };

        put_list(e, 4, 8, "{ ", pair, 2, " },\n");
    }
    put(e, "};\n");
    put_type_descriptor(e, d->own, "");
    const char *param[] = { fmt(e, "%s value", d->cname) };

    put(e, "\nconst char *\n");
    put_list(e, 0, 4, fmt(e, "%s_name(", d->cname), param, 1, ")\n{\n");
    put(e, "    switch (value) {\n");
    for (const decl *v = d->first; v != NULL; v = v->next) {
        put(e, "    case %s_%s:\n        return \"%s\";\n", d->cname, v->name,
            v->name);
    }
    put(e, "    }\n    return \"?\";\n}\n");
}

/* The defaults that a field's descriptor points to. */
static void
emit_defaults(emitter *e, const decl *d)
{
    const char *gap = "\n";

    for (const decl *m = d->first; m != NULL; m = m->next) {
        const type *t = m->type.type;

        if (m->notes.initial.kind == VALUE_NONE ||
            m->notes.initial.kind == VALUE_STRING) {
            continue;
        }
        const char *left = fmt(
            e, "static const %s %s_%s_default =", t->cname, d->cname, m->name);
        const char *right = c_value(e, &m->notes.initial, t);
        bool wide = strlen(left) + strlen(right) + 2 > LINE_WIDTH;

        put(e, "%s%s%s%s;\n", gap, left, wide ? "\n    " : " ", right);
        gap = "";
    }
}

static void
emit_field(emitter *e, const decl *d, const decl *m)
{
    const value *initial = &m->notes.initial;
    bool has = m->notes.optional && m->type.type->kind != TYPE_STRING;

    put(e, "    {\n");
    put_init(e, 8, "name", "\"%s\"", m->name);
    put_init(e, 8, "type", "&%s", m->type.type->desc);
    put_init(e, 8, "id", "%u", m->id);
    put_init(e, 8, "offset", "offsetof(%s, %s)", d->cname, m->cname);
    if (has) {
        put_init(e, 8, "has_offset", "offsetof(%s, has_%s)", d->cname, m->name);
    }
    if (m->notes.optional || m->notes.key) {
        put_init(e, 8, "flags", "%s",
            m->notes.optional ? "MW_FIELD_OPTIONAL" : "MW_FIELD_KEY");
    }
    if (initial->kind == VALUE_STRING) {
        const char *s = c_string(e, initial->string);
        size_t n = 1;
        const char **pieces = &s;

        if (strlen(s) + strlen("        .initial = ,") > LINE_WIDTH) {
            pieces = c_string_pieces(e, initial->string, &n);
        }
        put(e, "        .initial = %s", pieces[0]);
        for (size_t i = 1; i < n; i++) {
            put(e, "\n                   %s", pieces[i]);
        }
        put(e, ",\n");
    } else if (initial->kind != VALUE_NONE) {
        put_init(e, 8, "initial", "&%s_%s_default", d->cname, m->name);
    }
    put(e, "    },\n");
}

static void
emit_struct(emitter *e, const decl *d)
{
    put(e, "\n/* %s */\n", d->idl);
    emit_defaults(e, d);
    if (d->first != NULL) {
        put(e, "\nstatic const mw_field %s_fields[] = {\n", d->cname);
        for (const decl *m = d->first; m != NULL; m = m->next) {
            emit_field(e, d, m);
        }
        put(e, "};\n");
    }
    put_type_descriptor(e, d->own, "");
}

static void
emit_declared(emitter *e)
{
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file != e->u->main) {
            continue;
        }
        switch (it->decl->kind) {
        case DECL_ENUM:
            emit_enum(e, it->decl);
            break;
        case DECL_STRUCT:
        case DECL_EXCEPTION:
            emit_struct(e, it->decl);
            break;
        case DECL_INTERFACE:
            emit_methods(e, it->decl);
            break;
        default:
            break;
        }
    }
}

void
emit_types_c(emitter *e)
{
    put_banner(e);
    put(e,
        "#include \"%s.mw.h\"\n\n#include <assert.h>\n"
        "#include <stdalign.h>\n#include <stddef.h>\n",
        e->u->main->stem);
    put(e, "\n#if defined(__cplusplus) && defined(__GNUC__)\n"
           "#pragma GCC diagnostic ignored \"-Wmissing-field-initializers\"\n"
           "#endif\n");
    put(e, "\nMW_BEGIN_DECLS\n");
    list_statics(e);
    if (e->statics != NULL) {
        put_section(e, "Arrays and bounded strings.");
    }
    for (const type_list *s = e->statics; s != NULL; s = s->next) {
        put_type_descriptor(e, s->type, "static ");
    }
    if (e->seqs != NULL) {
        put_section(e, "Sequences.");
    }
    for (const type_list *s = e->seqs; s != NULL; s = s->next) {
        const decl *root = NULL;

        for (const type *t = s->type; t != NULL; t = t->elem) {
            root = t->decl;
        }
        put_type_descriptor(
            e, s->type, root == NULL || !is_own(e, root) ? "MW_SHARED " : "");
    }
    emit_declared(e);
    put(e, "\nMW_END_DECLS\n");
}
