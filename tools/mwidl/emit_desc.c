/* SPDX-License-Identifier: MIT */
/*
 * The descriptors in the .c of types.  Arrays, bounded strings and boxes have
 * static ones, since C has no names for them; all others are declared in the
 * header, so that their order does not matter.
 */
#include <string.h>

#include "emit.h"

static const char *
kind_name(type_kind kind)
{
    static const char *const names[N_TYPE_KINDS] = {
        [TYPE_ENUM] = "MW_KIND_ENUM",
        [TYPE_BITMASK] = "MW_KIND_BITMASK",
        [TYPE_STRING_N] = "MW_KIND_STRING_N",
        [TYPE_STRUCT] = "MW_KIND_STRUCT",
        [TYPE_UNION] = "MW_KIND_UNION",
        [TYPE_SEQ] = "MW_KIND_SEQ",
        [TYPE_SEQ_N] = "MW_KIND_SEQ_N",
        [TYPE_ARRAY] = "MW_KIND_ARRAY",
        [TYPE_MAP] = "MW_KIND_MAP",
        [TYPE_BOX] = "MW_KIND_BOX",
        [TYPE_REF] = "MW_KIND_REF",
    };

    return names[kind];
}

/* Adds " | flag" to the flags if it is set. */
static void
add_flag(text *flags, bool is_set, const char *flag)
{
    if (is_set) {
        text_printf(flags, "%s%s", flags->len > 0 ? " | " : "", flag);
    }
}

static void
put_flags(emitter *e, const text *flags)
{
    if (flags->len > 0) {
        put_init(e, 4, "flags", "%s", flags->data);
    }
}

static void
put_type_flags(emitter *e, const type *t)
{
    const decl *d = t->kind == TYPE_REF ? NULL : t->decl;
    text flags = { 0 };

    add_flag(&flags, t->flat, "MW_TYPE_FLAT");
    add_flag(&flags, d != NULL && d->notes.final, "MW_TYPE_FINAL");
    add_flag(
        &flags, d != NULL && d->kind == DECL_EXCEPTION, "MW_TYPE_EXCEPTION");
    add_flag(&flags, d != NULL && d->notes.mutable, "MW_TYPE_MUTABLE");
    add_flag(&flags, t->refs, "MW_TYPE_REFS");
    add_flag(&flags, d != NULL && d->kind == DECL_VALUETYPE, "MW_TYPE_NODE");
    add_flag(&flags, t->unique, "MW_TYPE_UNIQUE");
    put_flags(e, &flags);
    text_free(&flags);
}

/* What sizeof takes: "char[32 + 1]", "int32_t[4][3]", "int32_t(*)[4]". */
static const char *
type_spelling(emitter *e, const type *t)
{
    return c_member(e, (type_ref){ .type = t }, "");
}

static const char *
align_spelling(emitter *e, const type *t)
{
    while (t->kind == TYPE_ARRAY) {
        t = t->elem;
    }
    return t->kind == TYPE_STRING_N ? "char" : type_spelling(e, t);
}

/* What a type is made of. */
static void
put_parts(emitter *e, const type *t)
{
    const decl *d = t->kind == TYPE_REF ? NULL : t->decl;

    if (t->bound > 0) {
        put_init(e, 4, "bound", "%u", t->bound);
    }
    if (d != NULL && d->n_children > 0) {
        bool is_bits = t->kind == TYPE_BITMASK;
        const char *what = has_members(d) ? "fields" : "enumerators";

        put_init(e, 4, "n_members", "%u", d->n_children);
        if (t->kind == TYPE_UNION) {
            put_init(e, 4, "elem", "&%s", d->tag.type->desc);
        }
        put_init(e, 4, what, "%s_%s", t->cname, is_bits ? "bits" : what);
    }
    if (t->elem != NULL) {
        put_init(e, 4, "elem", "&%s", t->elem->desc);
    }
    if (t->kind == TYPE_UNION) {
        put_init(e, 4, "cases", "%s_cases", t->cname);
        put_init(e, 4, "n_cases", "%u", d->n_cases);
        put_init(e, 4, "default_arm", "%s",
            d->default_arm != NULL ? fmt(e, "%u", d->default_arm->id)
                                   : "MW_NO_ARM");
    }
}

static void
put_descriptor(emitter *e, const type *t, const char *linkage)
{
    put(e, "\n%sconst mw_type %s = {\n", linkage, t->desc);
    put_init(e, 4, "name", "\"%s\"", t->idl);
    put_init(e, 4, "kind", "%s", kind_name(t->kind));
    put_type_flags(e, t);
    put_init(e, 4, "size", "sizeof(%s)", type_spelling(e, t));
    put_init(e, 4, "align", "alignof(%s)", align_spelling(e, t));
    put_parts(e, t);
    put(e, "};\n");
}

/* The name of a map's descriptor without "_type". */
static const char *
map_base(emitter *e, const type *t)
{
    size_t len = strlen(t->desc) - strlen("_type");

    return arena_copy(&e->u->mem, t->desc, len);
}

static void
put_entry_fields(emitter *e, const type *t)
{
    static const char *const names[] = { "key", "value" };
    const type *const types[] = { t->key, t->elem };

    put(e, "\nstatic const mw_field %s_entry_fields[] = {\n", map_base(e, t));
    for (unsigned i = 0; i < 2; i++) {
        put(e, "    {\n");
        put_init(e, 8, "name", "\"%s\"", names[i]);
        put_init(e, 8, "type", "&%s", types[i]->desc);
        put_init(e, 8, "id", "%u", i);
        put_init(e, 8, "offset", "offsetof(%s_entry, %s)", t->cname, names[i]);
        if (i == 0) {
            put_init(e, 8, "flags", "MW_FIELD_KEY");
        }
        put(e, "    },\n");
    }
    put(e, "};\n");
}

static void
put_map(emitter *e, const type *t, const char *linkage)
{
    const char *base = map_base(e, t);
    text flags = { 0 };

    put_entry_fields(e, t);
    put(e, "\nstatic const mw_type %s_entry_type = {\n", base);
    put_init(e, 4, "name", "\"%s\"", t->idl);
    put_init(e, 4, "kind", "MW_KIND_STRUCT");
    add_flag(&flags, t->key->flat && t->elem->flat, "MW_TYPE_FLAT");
    add_flag(&flags, t->refs, "MW_TYPE_REFS");
    put_flags(e, &flags);
    text_free(&flags);
    put_init(e, 4, "size", "sizeof(%s_entry)", t->cname);
    put_init(e, 4, "align", "alignof(%s_entry)", t->cname);
    put_init(e, 4, "n_members", "2");
    put_init(e, 4, "fields", "%s_entry_fields", base);
    put(e, "};\n\n%sconst mw_type %s = {\n", linkage, t->desc);
    put_init(e, 4, "name", "\"%s\"", t->idl);
    put_init(e, 4, "kind", "MW_KIND_MAP");
    put_type_flags(e, t);
    put_init(e, 4, "size", "sizeof(%s)", t->cname);
    put_init(e, 4, "align", "alignof(%s)", t->cname);
    put_init(e, 4, "elem", "&%s_entry_type", base);
    put(e, "};\n");
}

/* Lists the static descriptors that one of this type refers to, the innermost
 * first. */
static void
need_descriptor(emitter *e, const type *t)
{
    bool is_static =
        t != NULL && (t->kind == TYPE_ARRAY || t->kind == TYPE_STRING_N ||
                         t->kind == TYPE_BOX);

    if (!is_static || map_get(&e->described, t, "") != NULL) {
        return;
    }
    map_set(&e->described, t, "", (void *) t);
    need_descriptor(e, t->elem);
    list_type(e, &e->statics_end, t);
}

static void
list_statics(emitter *e)
{
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;
        size_t n;

        if (it->file != e->u->main) {
            continue;
        }
        if (has_members(d)) {
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
    for (const type_list *l = e->anonymous; l != NULL; l = l->next) {
        need_descriptor(e, l->type->key);
        need_descriptor(e, l->type->elem);
    }
}

static void
emit_enum(emitter *e, const decl *d)
{
    const char *assertion[] = { fmt(e, "sizeof(%s) == 4", d->cname),
        "\"enums have 4 bytes\"" };
    const char *param[] = { fmt(e, "%s value", d->cname) };

    put(e, "\n");
    put_list(e, 0, 4, "static_assert(", assertion, 2, ");\n");
    put_enumerators(e, d);
    put_descriptor(e, d->own, "");
    put(e, "\nconst char *\n");
    put_list(e, 0, 4, fmt(e, "%s_name(", d->cname), param, 1, ")\n{\n");
    put(e, "    switch (value) {\n");
    for (const decl *v = d->first; v != NULL; v = v->next) {
        put(e, "    case %s_%s:\n        return \"%s\";\n", d->cname, v->name,
            v->name);
    }
    put(e, "    }\n    return \"?\";\n}\n");
}

static void
emit_declared(emitter *e, const decl *d)
{
    if (d->own == NULL && d->kind != DECL_INTERFACE) {
        return;
    }
    put(e, "\n/* %s */\n", d->idl);
    if (d->kind == DECL_INTERFACE) {
        emit_methods(e, d);
    } else if (d->kind == DECL_ENUM) {
        emit_enum(e, d);
    } else if (d->kind == DECL_BITMASK) {
        put_enumerators(e, d);
        put_descriptor(e, d->own, "");
    } else {
        put_fields(e, d);
        if (d->kind == DECL_UNION) {
            put_cases(e, d);
        }
        put_descriptor(e, d->own, "");
        if (d->ref != NULL) {
            put_descriptor(e, d->ref, "");
        }
    }
}

static void
emit_anonymous(emitter *e)
{
    if (e->statics != NULL) {
        put_section(e, "Arrays, bounded strings and boxes.");
    }
    for (const type_list *l = e->statics; l != NULL; l = l->next) {
        put_descriptor(e, l->type, "static ");
    }
    if (e->anonymous != NULL) {
        put_section(e, "Sequences and maps.");
    }
    for (const type_list *l = e->anonymous; l != NULL; l = l->next) {
        const char *linkage = is_shared(e, l->type) ? "MW_SHARED " : "";

        if (l->type->kind == TYPE_MAP) {
            put_map(e, l->type, linkage);
        } else {
            put_descriptor(e, l->type, linkage);
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
    emit_anonymous(e);
    for (const item *it = e->u->items; it != NULL; it = it->next) {
        if (it->file == e->u->main) {
            emit_declared(e, it->decl);
        }
    }
    put(e, "\nMW_END_DECLS\n");
}
