/* SPDX-License-Identifier: MIT */
/*
 * The functions in the header of types: typed wrappers of the library's.
 */
#include <string.h>

#include "emit.h"

enum { ITEMS_MAX = 8 };

typedef struct function {
    const char *suffix; /* of the name */
    const char *result; /* type, with its '*' */
    bool must_use;
    const char *params; /* %s stands for the C type */
    const char *body;   /* %s stands for the descriptor */
    const char *doc;
} function;

static const function object_functions[] = {
    { "init", "mw_status", true, "%s *ret_obj",
        "return mw_object_init(&%s, ret_obj);",
        "Give an object its default values; ret_obj must hold none: see "
        "mw_object_init().\n" },
    { "clear", "void", false, "%s *obj", "mw_object_clear(&%s, obj);",
        "Free all that an object on the heap owns: see mw_object_clear().\n" },
    { "copy", "mw_status", true, "%s *ret_obj, const %s *src",
        "return mw_object_copy(&%s, ret_obj, src);",
        "Make a deep copy on the heap; ret_obj must hold no object: see "
        "mw_object_copy().\n" },
    { "equal", "bool", true, "const %s *a, const %s *b",
        "return mw_object_equal(&%s, a, b);",
        "Compare two objects deeply: see mw_object_equal().\n" },
    { "text", "char *", true, "const %s *obj",
        "return mw_object_text(&%s, obj);",
        "Write an object as text, for people; free() it: see "
        "mw_object_text().\n" },
};

static const function seq_clear = { "clear", "void", false, "%s *seq",
    "mw_object_clear(&%s, seq);",
    "Free the elements of a sequence on the heap and all they own.\n" };

/* The text with every %s replaced. */
static const char *
fill(emitter *e, const char *format, const char *with)
{
    text out = { 0 };

    text_puts(&out, "");
    for (const char *s = format; *s != '\0'; s++) {
        if (s[0] == '%' && s[1] == 's') {
            text_puts(&out, with);
            s++;
        } else {
            text_add(&out, s, 1);
        }
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
put_static_function(
    emitter *e, const function *f, const char *cname, const char *desc)
{
    text doc = { 0 };
    const char *items[ITEMS_MAX];
    const char *params = fill(e, f->params, cname);
    size_t n = split(e, params, items);

    text_puts(&doc, f->doc);
    put(e, "\n");
    put_doc(e, 0, &doc);
    text_free(&doc);
    put(e, "static inline %s%s\n", f->must_use ? "MW_MUST_USE " : "",
        f->result);
    put_list(e, 0, 4, fmt(e, "%s_%s(", cname, f->suffix), items, n, ")\n{\n");
    const char *body = fill(e, f->body, desc);
    size_t open = strcspn(body, "(") + 1;

    n = split(e, body + open, items);
    put_list(
        e, 4, 8, fmt(e, "    %.*s", (int) open, body) + 4, items, n, "\n}\n");
}

/* mw_seq_add() and the like, which return the element. */
static void
put_seq_function(emitter *e, const type *t, const char *name,
    const char *extra_params, const char *extra_args, const char *doc_text)
{
    text doc = { 0 };
    const char *items[ITEMS_MAX];
    bool removes = strcmp(name, "remove") == 0;
    bool star = t->elem_cname[strlen(t->elem_cname) - 1] == '*';
    size_t n = split(
        e, fmt(e, "mw_call *call, %s *seq%s", t->cname, extra_params), items);

    text_puts(&doc, doc_text);
    put(e, "\n");
    put_doc(e, 0, &doc);
    text_free(&doc);
    if (removes) {
        put(e, "static inline void\n");
    } else {
        put(e, "static inline MW_MUST_USE %s%s*\n", t->elem_cname,
            star ? "" : " ");
    }
    put_list(e, 0, 4, fmt(e, "%s_%s(", t->cname, name), items, n, ")\n{\n");
    n = split(e, fmt(e, "call, &%s, seq%s", t->desc, extra_args), items);
    const char *head = removes ? fmt(e, "mw_seq_%s(", name)
                               : fmt(e, "return (%s%s*) mw_seq_%s(",
                                     t->elem_cname, star ? "" : " ", name);

    put_list(e, 4, 8, head, items, n, ");\n}\n");
}

static void
put_seq_functions(emitter *e, const type *t)
{
    bool has_elements = t->elem->kind == TYPE_STRUCT ||
                        t->elem->kind == TYPE_SEQ ||
                        t->elem->kind == TYPE_SEQ_N;

    if (has_elements) {
        put_seq_function(e, t, "add", "", "",
            "Append an element with its default values; NULL if it cannot: "
            "see mw_seq_add().\n");
        put_seq_function(e, t, "insert", ", size_t at, size_t n", ", at, n",
            "Make room for n elements at position at; NULL if it cannot: see "
            "mw_seq_insert().\n");
        put_seq_function(e, t, "remove", ", size_t at, size_t n", ", at, n",
            "Remove n elements from position at on: see mw_seq_remove().\n");
    }
    if (!t->flat) {
        put_static_function(e, &seq_clear, t->cname, t->desc);
    }
}

static void
put_enum_function(emitter *e, const decl *d)
{
    text doc = { 0 };

    text_puts(&doc,
        "The name of a value as in the IDL; \"?\" for a number that is "
        "none.\n");
    put(e, "\n");
    put_doc(e, 0, &doc);
    text_free(&doc);
    const char *items[] = { fmt(e, "%s value", d->cname) };

    put_list(
        e, 0, 4, fmt(e, "const char *%s_name(", d->cname), items, 1, ");\n");
}

void
emit_object_functions(emitter *e)
{
    bool any = false;

    for (const item *it = e->u->items; it != NULL; it = it->next) {
        const decl *d = it->decl;

        if (it->file != e->u->main || d->own == NULL) {
            continue;
        }
        if (!any) {
            put_section(e,
                "Functions on objects.  An object on the heap owns all that "
                "its members\n * point to; in a handler pass the call, and "
                "free nothing.");
            any = true;
        }
        if (d->kind == DECL_ENUM) {
            put_enum_function(e, d);
            continue;
        }
        for (size_t i = 0;
             i < sizeof(object_functions) / sizeof(*object_functions); i++) {
            put_static_function(
                e, &object_functions[i], d->cname, d->own->desc);
        }
    }
    for (const type_list *s = e->seqs; s != NULL; s = s->next) {
        const decl *root = NULL;

        for (const type *t = s->type; t != NULL; t = t->elem) {
            root = t->decl;
        }
        bool shared = root == NULL || !is_own(e, root);

        if (shared) {
            put(e,
                "\n#ifndef MW_HAVE_%s_functions\n"
                "#define MW_HAVE_%s_functions\n",
                s->type->cname, s->type->cname);
        }
        put_seq_functions(e, s->type);
        if (shared) {
            put(e, "\n#endif\n");
        }
    }
}
