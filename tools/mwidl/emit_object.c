/* SPDX-License-Identifier: MIT */
/*
 * The functions in the header of types: typed wrappers of the library's.
 */
#include <string.h>

#include "emit.h"

enum { ITEMS_MAX = 8 };

/* A wrapper.  In result, params, head and args the letter after a '%' stands
 * for a part of the type: see part(). */
typedef struct function {
    const char *suffix; /* of the name */
    const char *result; /* type */
    const char *params;
    const char *head; /* of the call that is its body, up to the '(' */
    const char *args;
    const char *doc;
    bool may_ignore; /* the result */
} function;

/* What there is for structs, exceptions and unions. */
static const function of_object[] = {
    { "init", "mw_status", "%t *ret_obj", "return mw_object_init(",
        "&%d, ret_obj",
        "Give an object its default values; ret_obj must hold none: see "
        "mw_object_init().\n",
        false },
    { "clear", "void", "%t *obj", "mw_object_clear(", "&%d, obj",
        "Free all that an object on the heap owns: see mw_object_clear().\n",
        true },
    { "copy", "mw_status", "%t *ret_obj, const %t *src",
        "return mw_object_copy(", "&%d, ret_obj, src",
        "Make a deep copy on the heap; ret_obj must hold no object: see "
        "mw_object_copy().\n",
        false },
    { "equal", "bool", "const %t *a, const %t *b", "return mw_object_equal(",
        "&%d, a, b", "Compare two objects deeply: see mw_object_equal().\n",
        false },
    { "text", "char *", "const %t *obj", "return mw_object_text(", "&%d, obj",
        "Write an object as text, for people; free() it: see "
        "mw_object_text().\n",
        false },
};

static const function of_union[] = {
    { "select", "mw_status", "mw_call *call, %t *obj, %k tag",
        "return mw_union_select(", "call, &%d, obj, (int64_t) tag",
        "Set the tag, and give the arm that it selects its default value: see "
        "mw_union_select().\n",
        false },
};

/* What there is for all that holds nodes, but arrays. */
static const function of_refs[] = {
    { "clear_graph", "mw_status", "%t *obj", "return mw_graph_clear(",
        "&%d, obj",
        "Free all that an object on the heap owns and every node that it leads "
        "to: see mw_graph_clear().\n",
        false },
};

static const function of_valuetype[] = {
    { "new", "%t *", "mw_call *call", "return (%t *) mw_node_new(", "call, &%d",
        "Make a node with its default values; NULL if it cannot: see "
        "mw_node_new().\n",
        false },
    { "free", "void", "%t *node", "mw_node_free(", "&%d, node",
        "Free one node on the heap, not those it refers to: see "
        "mw_node_free().\n",
        true },
    { "free_graph", "mw_status", "%t *root", "return mw_graph_clear(",
        "&%r, &root",
        "Free a node on the heap and every node that it leads to: see "
        "mw_graph_clear().\n",
        false },
    { "copy_graph", "mw_status", "%t **ret_root, const %t *src",
        "return mw_object_copy(", "&%r, ret_root, &src",
        "Copy a node and every node that it leads to onto the heap; free the "
        "copy with %t_free_graph() or node by node: see mw_object_copy().\n",
        false },
    { "equal", "bool", "const %t *a, const %t *b", "return mw_object_equal(",
        "&%r, &a, &b",
        "Compare two graphs, content and shape: see mw_object_equal().\n",
        false },
    { "text", "char *", "const %t *root", "return mw_object_text(",
        "&%r, &root",
        "Write a graph as text, for people; free() it: see "
        "mw_object_text().\n",
        false },
    { "release", "void", "mw_call *call, %t *node", "mw_release(", "call, node",
        "Say in a handler that a node of the caller's is dead: see "
        "mw_release().\n",
        true },
};

static const function of_elements[] = {
    { "add", "%e *", "mw_call *call, %t *seq", "return (%e *) mw_seq_add(",
        "call, &%d, seq",
        "Append an element with its default values; NULL if it cannot: see "
        "mw_seq_add().\n",
        false },
    { "insert", "%e *", "mw_call *call, %t *seq, size_t at, size_t n",
        "return (%e *) mw_seq_insert(", "call, &%d, seq, at, n",
        "Make room for n elements at position at; NULL if it cannot: see "
        "mw_seq_insert().\n",
        false },
    { "remove", "void", "mw_call *call, %t *seq, size_t at, size_t n",
        "mw_seq_remove(", "call, &%d, seq, at, n",
        "Remove n elements from position at on: see mw_seq_remove().\n", true },
};

static const function of_seq[] = {
    { "clear", "void", "%t *seq", "mw_object_clear(", "&%d, seq",
        "Free the elements of a sequence on the heap and all they own.\n",
        true },
};

static const function of_map[] = {
    { "put", "%e *", "mw_call *call, %t *map, %k", "return (%e *) mw_map_put(",
        "call, &%d, map, %a",
        "The value of a key, which is added if it is not there; NULL if it "
        "cannot: see mw_map_put().\n",
        false },
    { "get", "%e *", "const %t *map, %k", "return (%e *) mw_map_get(",
        "&%d, map, %a",
        "The value of a key, valid until the map changes; NULL if there is "
        "none: see mw_map_get().\n",
        false },
    { "remove", "bool", "mw_call *call, %t *map, %k", "return mw_map_remove(",
        "call, &%d, map, %a",
        "Remove a key and its value; true if it was there: see "
        "mw_map_remove().\n",
        true },
    { "sort", "mw_status", "%t *map", "return mw_map_sort(", "&%d, map",
        "Bring entries that were filled in by hand into order: see "
        "mw_map_sort().\n",
        false },
    { "clear", "void", "%t *map", "mw_object_clear(", "&%d, map",
        "Free the entries of a map on the heap and all they own.\n", true },
};

/* What a letter stands for. */
static const char *
part(emitter *e, const type *t, char letter)
{
    type_ref key = { .type = t->key };

    switch (letter) {
    case 't': /* the C type */
        return t->cname;
    case 'd': /* its descriptor */
        return t->desc;
    case 'r': /* the descriptor of references to a node */
        return t->decl->ref->desc;
    case 'e': /* the C type of an element or value, for "%e *" */
        return t->elem_cname;
    case 'k': /* a union's tag; a key as a parameter */
        return t->kind == TYPE_UNION ? c_member(e, t->decl->tag, "")
                                     : c_param(e, key, DIR_IN, "key");
    default: /* 'a': the key as an argument */
        return c_argument(e, key, DIR_IN, "key");
    }
}

/* The text with its letters replaced. */
static const char *
fill(emitter *e, const char *format, const type *t)
{
    text out = { 0 };

    text_puts(&out, "");
    for (const char *s = format; *s != '\0'; s++) {
        if (*s != '%') {
            text_add(&out, s, 1);
            continue;
        }
        const char *with = part(e, t, *++s);
        bool star = with[strlen(with) - 1] == '*';

        text_puts(&out, with);
        s += star && s[1] == ' ' && s[2] == '*'; /* "char **" */
    }
    const char *copy = arena_copy(&e->u->mem, out.data, out.len);

    text_free(&out);
    return copy;
}

/* Splits "a, b" at its commas into at most ITEMS_MAX items. */
static size_t
split(emitter *e, const char *params, const char *items[ITEMS_MAX])
{
    size_t n = 0;

    while (n < ITEMS_MAX && *params != '\0') {
        size_t len = strcspn(params, ",");

        items[n++] = arena_copy(&e->u->mem, params, len);
        params += len;
        params += strspn(params, ", ");
    }
    return n;
}

static void
put_functions(emitter *e, const type *t, const function *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const function *f = &list[i];
        const char *items[ITEMS_MAX];
        text doc = { 0 };

        text_puts(&doc, fill(e, f->doc, t));
        put(e, "\n");
        put_doc(e, 0, &doc);
        text_free(&doc);
        put(e, "static inline %s%s\n", f->may_ignore ? "" : "MW_MUST_USE ",
            fill(e, f->result, t));
        size_t n_items = split(e, fill(e, f->params, t), items);

        put_list(e, 0, 4, fmt(e, "%s_%s(", t->cname, f->suffix), items, n_items,
            ")\n{\n");
        n_items = split(e, fill(e, f->args, t), items);
        put_list(e, 4, 8, fill(e, f->head, t), items, n_items, ");\n}\n");
    }
}

#define PUT(e, t, list) \
    put_functions((e), (t), (list), sizeof(list) / sizeof(*(list)))

static void
put_enum_function(emitter *e, const decl *d)
{
    text doc = { 0 };
    const char *items[] = { fmt(e, "%s value", d->cname) };

    text_puts(&doc,
        "The name of a value as in the IDL; \"?\" for a number that is "
        "none.\n");
    put(e, "\n");
    put_doc(e, 0, &doc);
    text_free(&doc);
    put_list(e, 0, 4, fmt(e, "%sconst char *%s_name(", api(e), d->cname), items,
        1, ");\n");
}

static void
put_declared_functions(emitter *e, const decl *d)
{
    if (d->kind == DECL_ENUM) {
        put_enum_function(e, d);
    } else if (d->kind == DECL_VALUETYPE) {
        PUT(e, d->own, of_valuetype);
    } else if (has_members(d)) {
        PUT(e, d->own, of_object);
        if (d->kind == DECL_UNION) {
            PUT(e, d->own, of_union);
        }
        if (d->own->refs) {
            PUT(e, d->own, of_refs);
        }
    }
}

static void
put_anonymous_functions(emitter *e, const type *t)
{
    type_kind elem = t->elem->kind;

    if (t->kind == TYPE_MAP) {
        PUT(e, t, of_map);
    } else {
        if (elem == TYPE_STRUCT || elem == TYPE_UNION || elem == TYPE_SEQ ||
            elem == TYPE_SEQ_N || elem == TYPE_MAP || elem == TYPE_REF) {
            PUT(e, t, of_elements);
        }
        if (!t->flat) {
            PUT(e, t, of_seq);
        }
    }
    if (t->refs) {
        PUT(e, t, of_refs);
    }
}

static void
emit_of_anonymous(emitter *e)
{
    for (const type_list *l = e->anonymous; l != NULL; l = l->next) {
        const type *t = l->type;

        if (t->plain != t) {
            continue; /* its twin has them */
        }
        bool shared = is_shared(e, t);

        if (shared) {
            put(e,
                "\n#ifndef MW_HAVE_%s_functions\n"
                "#define MW_HAVE_%s_functions\n",
                t->cname, t->cname);
        }
        put_anonymous_functions(e, t);
        if (shared) {
            put(e, "\n#endif\n");
        }
    }
}

void
emit_object_functions(emitter *e)
{
    bool any = false;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;

        if (it->file != e->u->main || d->own == NULL ||
            d->kind == DECL_BITMASK) {
            continue;
        }
        if (!any) {
            put_section(e,
                "Functions on objects.  An object on the heap owns all that "
                "its members\n * point to, nodes excepted; in a handler pass "
                "the call, and free nothing.");
            any = true;
        }
        put_declared_functions(e, d);
    }
    emit_of_anonymous(e);
}
