/* SPDX-License-Identifier: MIT */
/*
 * C types for what has no declaration in the IDL: sequences, maps, bounded
 * strings.  Each is declared before the first declaration that uses it, in a
 * file that does not include one which does; hence the guards.
 */
#include "emit.h"

static void
open_guard(emitter *e, const type *t)
{
    put(e, "#ifndef MW_HAVE_%s\n#define MW_HAVE_%s\n", t->stem, t->stem);
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
        open_guard(e, t);
        put(e, "typedef char %s[%u + 1];\n#endif\n", t->stem, t->bound);
    }
}

static void
put_seq(emitter *e, const type *t)
{
    if (t->kind == TYPE_SEQ) {
        const char *items[] = { t->cname, t->elem_cname };

        put_list(e, 0, 4, "MW_SEQ(", items, 2, ");\n");
        return;
    }
    type_ref elem = { .type = t->elem, .alias = t->elem_alias };

    put(e,
        "typedef struct %s {\n    /* How many of items are valid. */\n"
        "    size_t len;\n    %s;\n} %s;\n",
        t->cname, c_member(e, elem, fmt(e, "items[%u]", t->bound)), t->cname);
}

/* False while C knows no more of a type than its name. */
static bool
is_defined(const emitter *e, const type *t)
{
    while (t->kind == TYPE_ARRAY || t->kind == TYPE_SEQ_N) {
        t = t->elem;
    }
    return (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION) ||
           !is_own(e, t->decl) ||
           map_get(&e->declared, t->decl, "defined") != NULL;
}

static void
put_entry(emitter *e, const type *t, bool named)
{
    type_ref key = { .type = t->key };
    type_ref content = { .type = t->elem, .alias = t->elem_alias };

    put(e, "%sstruct %s_entry {\n", named ? "" : "typedef ", t->cname);
    put(e, "    %s;\n", c_member(e, key, "key"));
    put(e, "    %s;\n", c_member(e, content, "value"));
    if (named) {
        put(e, "};\n");
    } else {
        put(e, "} %s_entry;\n", t->cname);
    }
}

/* An entry holds the value itself.  Where that is a struct that has the map as
 * a member, the entry is defined behind it. */
static void
put_map(emitter *e, const type *t)
{
    const char *items[] = { t->cname, fmt(e, "%s_entry", t->cname) };

    if (is_defined(e, t->elem)) {
        put_entry(e, t, false);
        put(e, "\n");
    } else {
        put(e, "typedef struct %s_entry %s_entry;\n", t->cname, t->cname);
        list_type(e, &e->open_maps_end, t);
    }
    put_list(e, 0, 4, "MW_SEQ(", items, 2, ");\n");
}

void
put_open_entries(emitter *e)
{
    type_list **link = &e->open_maps;

    while (*link != NULL) {
        const type *t = (*link)->type;

        if (!is_defined(e, t->elem)) {
            link = &(*link)->next;
            continue;
        }
        *link = (*link)->next;
        put(e, "\n");
        put_entry(e, t, true);
    }
    e->open_maps_end = link;
}

static void
declare(emitter *e, const type *t)
{
    bool shared = is_shared(e, t);

    list_type(e, &e->anonymous_end, t);
    if (t->plain != t) {
        return; /* C has its twin */
    }
    put(e, "\n/* %s */\n", t->idl);
    if (shared) {
        open_guard(e, t);
    }
    if (t->kind == TYPE_MAP) {
        put_map(e, t);
    } else {
        put_seq(e, t);
    }
    if (shared) {
        put(e, "#endif\n");
    }
}

/* Makes C know a type that has no declaration in the IDL.  With e->out NULL
 * only notes that C knows it. */
static void
need_type(emitter *e, const type *t)
{
    if (t == NULL || t->elem == NULL) {
        return;
    }
    if (t->kind != TYPE_REF) {
        need_type(e, t->elem);
    }
    if (t->plain != t) {
        need_type(e, t->plain);
    }
    if ((t->kind == TYPE_SEQ || t->kind == TYPE_MAP) &&
        t->elem->kind == TYPE_STRING_N) {
        declare_string(e, t->elem);
    }
    bool has_no_name = t->kind == TYPE_ARRAY || t->kind == TYPE_BOX ||
                       (t->kind == TYPE_REF && !t->unique);

    if (has_no_name || t->builtin || map_get(&e->declared, t, "") != NULL) {
        return;
    }
    map_set(&e->declared, t, "", (void *) t);
    if (e->out != NULL) {
        declare(e, t);
    }
}

void
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

void
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
