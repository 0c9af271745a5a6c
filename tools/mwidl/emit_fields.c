/* SPDX-License-Identifier: MIT */
/*
 * The tables behind the descriptor of a type: enumerators, defaults, ranges,
 * fields, and the cases of a union.
 */
#include <stdlib.h>
#include <string.h>

#include "emit.h"

static int
compare_values(const void *a, const void *b)
{
    const decl *const *x = a;
    const decl *const *y = b;

    return value_compare(&(*x)->value, &(*y)->value);
}

void
put_enumerators(emitter *e, const decl *d)
{
    const decl **sorted =
        arena_alloc(&e->u->mem, d->n_children * sizeof(const decl *));
    size_t n = 0;

    for (const decl *child = d->first; child != NULL; child = child->next) {
        sorted[n++] = child;
    }
    qsort(sorted, n, sizeof(const decl *), compare_values);
    put(e, "\nstatic const mw_enumerator %s_%s[] = {\n", d->cname,
        d->kind == DECL_ENUM ? "enumerators" : "bits");
    for (size_t i = 0; i < n; i++) {
        const char *name = sorted[i]->name;
        const char *position = d->kind == DECL_ENUM
                                   ? fmt(e, "%s_%s", d->cname, name)
                                   : value_text(e->u, &sorted[i]->value);
        const char *pair[] = { fmt(e, ".name = \"%s\"", name),
            fmt(e, ".value = %s", position) };

        put_list(e, 4, 8, "{ ", pair, 2, " },\n");
    }
    put(e, "};\n");
}

/* "static const uint32_t m_S_x_default = 5;" */
static void
put_value(emitter *e, const decl *d, const decl *m, const char *suffix,
    const value *v)
{
    const type *t = m->type.type;
    const char *left = fmt(
        e, "static const %s %s_%s%s =", t->cname, d->cname, m->name, suffix);
    const char *right = c_value(e, v, t);
    bool wide = strlen(left) + strlen(right) + 2 > LINE_WIDTH;

    put(e, "%s%s%s;\n", left, wide ? "\n    " : " ", right);
}

/* The defaults that a field's descriptor points to. */
static void
put_defaults(emitter *e, const decl *d)
{
    const char *gap = "\n";

    for (const decl *m = d->first; m != NULL; m = m->next) {
        const value *initial = &m->notes.initial;

        if (initial->kind != VALUE_NONE && initial->kind != VALUE_STRING) {
            put(e, "%s", gap);
            put_value(e, d, m, "_default", initial);
            gap = "";
        }
    }
}

static bool
has_range(const decl *m)
{
    return m->notes.min.kind != VALUE_NONE || m->notes.max.kind != VALUE_NONE;
}

static void
put_ranges(emitter *e, const decl *d)
{
    for (const decl *m = d->first; m != NULL; m = m->next) {
        const annotations *notes = &m->notes;

        if (!has_range(m)) {
            continue;
        }
        put(e, "\n");
        if (notes->min.kind != VALUE_NONE) {
            put_value(e, d, m, "_min", &notes->min);
        }
        if (notes->max.kind != VALUE_NONE) {
            put_value(e, d, m, "_max", &notes->max);
        }
        put(e, "static const mw_range %s_%s_range = {\n", d->cname, m->name);
        if (notes->min.kind != VALUE_NONE) {
            put_init(e, 4, "min", "&%s_%s_min", d->cname, m->name);
        }
        if (notes->max.kind != VALUE_NONE) {
            put_init(e, 4, "max", "&%s_%s_max", d->cname, m->name);
        }
        put(e, "};\n");
    }
}

static void
put_initial(emitter *e, const decl *d, const decl *m)
{
    const value *initial = &m->notes.initial;

    if (initial->kind == VALUE_NONE) {
        return;
    }
    if (initial->kind != VALUE_STRING) {
        put_init(e, 8, "initial", "&%s_%s_default", d->cname, m->name);
        return;
    }
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
}

static void
put_field(emitter *e, const decl *d, const decl *m)
{
    put(e, "    {\n");
    put_init(e, 8, "name", "\"%s\"", m->name);
    put_init(e, 8, "type", "&%s", m->type.type->desc);
    put_init(e, 8, "id", "%u", m->id);
    put_init(e, 8, "offset", "offsetof(%s, %s)", d->cname, m->cname);
    if (member_has_flag(m)) {
        put_init(e, 8, "has_offset", "offsetof(%s, has_%s)", d->cname, m->name);
    }
    if (m->notes.optional || m->notes.key) {
        put_init(e, 8, "flags", "%s",
            m->notes.optional ? "MW_FIELD_OPTIONAL" : "MW_FIELD_KEY");
    }
    put_initial(e, d, m);
    if (has_range(m)) {
        put_init(e, 8, "range", "&%s_%s_range", d->cname, m->name);
    }
    put(e, "    },\n");
}

void
put_fields(emitter *e, const decl *d)
{
    put_defaults(e, d);
    put_ranges(e, d);
    if (d->first != NULL) {
        put(e, "\nstatic const mw_field %s_fields[] = {\n", d->cname);
        for (const decl *m = d->first; m != NULL; m = m->next) {
            put_field(e, d, m);
        }
        put(e, "};\n");
    }
}

void
put_cases(emitter *e, const decl *d)
{
    put(e, "\nstatic const mw_case %s_cases[] = {\n", d->cname);
    for (unsigned i = 0; i < d->n_cases; i++) {
        const union_case *c = &d->cases[i];
        const char *tag = c_value(e, c->label, d->tag.type);
        bool is_u64 = d->tag.type->kind == TYPE_U64;
        const char *pair[] = { fmt(e, ".tag = %s%s", is_u64 ? "(int64_t) " : "",
                                   tag),
            fmt(e, ".arm = %u", c->arm->id) };

        put_list(e, 4, 8, "{ ", pair, 2, " },\n");
    }
    put(e, "};\n");
}
