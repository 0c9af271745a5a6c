/* SPDX-License-Identifier: MIT */
/*
 * The canonical form: one way to write each thing.  Constants are folded,
 * every member and typedef stands alone, doc comments become lines of three
 * slashes, other comments are lost.  Formatting its result changes nothing.
 */
#include "format.h"

#include <string.h>

#include "check.h"
#include "emit.h"
#include "lexer.h"

enum { SCOPES_MAX = NESTING_MAX + 1 };

typedef struct formatter {
    emitter e;                    /* for its literals; .out is the text */
    const decl *open[SCOPES_MAX]; /* modules, from the outermost */
    unsigned depth;               /* of open, and of indentation */
    bool fresh;                   /* nothing in the current scope yet */
    map printed;                  /* (struct, "") */
} formatter;

static void
indent(formatter *f)
{
    put(&f->e, "%*s", (int) f->depth * 4, "");
}

/* A name as a word of IDL. */
static const char *
plain(formatter *f, const char *name)
{
    return word_find(name) == WORD_NONE ? name : fmt(&f->e, "_%s", name);
}

/* Does a name alone, looked up from a scope, find this declaration? */
static bool
is_found(formatter *f, const decl *d, const decl *from)
{
    for (; from != NULL; from = from->scope) {
        const decl *found = scope_find(f->e.u, from, d->name);

        if (found != NULL) {
            return found == d;
        }
    }
    return false;
}

/* How a declaration is named from a scope: by its own name if that finds it,
 * else from the root. */
static const char *
path(formatter *f, const decl *d, const decl *from)
{
    const decl *scope = d->kind == DECL_ENUMERATOR || d->kind == DECL_BIT
                            ? d->scope->scope
                            : d->scope;
    const char *name = plain(f, d->name);

    if (is_found(f, d, from)) {
        return name;
    }
    for (; scope->kind != DECL_ROOT; scope = scope->scope) {
        name = fmt(&f->e, "%s::%s", plain(f, scope->name), name);
    }
    return fmt(&f->e, "::%s", name);
}

static const char *
type_text(formatter *f, const type *t, const decl *from)
{
    if (t->decl != NULL) {
        return path(f, t->decl, from);
    }
    if (t->kind == TYPE_BOX) {
        return type_text(f, t->elem, from);
    }
    if (t->kind != TYPE_SEQ && t->kind != TYPE_SEQ_N && t->kind != TYPE_MAP) {
        return t->idl;
    }
    const char *elem = t->elem_alias != NULL ? path(f, t->elem_alias, from)
                                             : type_text(f, t->elem, from);

    if (t->kind == TYPE_MAP) {
        return fmt(&f->e, "map<%s, %s>", type_text(f, t->key, from), elem);
    }
    return t->bound == 0 ? fmt(&f->e, "sequence<%s>", elem)
                         : fmt(&f->e, "sequence<%s, %u>", elem, t->bound);
}

/* "int32 x[3]" */
static void
put_declarator(formatter *f, type_ref ref, const char *name, const decl *from)
{
    const type *stop = ref.alias != NULL ? ref.alias->type.type : NULL;
    const type *t = ref.type;

    while (t != stop && t->kind == TYPE_ARRAY) {
        t = t->elem;
    }
    put(&f->e, "%s %s",
        t == stop ? path(f, ref.alias, from) : type_text(f, t, from),
        plain(f, name));
    for (t = ref.type; t != stop && t->kind == TYPE_ARRAY; t = t->elem) {
        put(&f->e, "[%u]", t->bound);
    }
}

/* "READ | WRITE" */
static const char *
bits_literal(formatter *f, const value *v, const decl *from)
{
    const char *s = "";

    for (const decl *bit = v->bitmask->first; bit != NULL; bit = bit->next) {
        if ((v->magnitude & UINT64_C(1) << bit->value.magnitude) != 0) {
            s = fmt(&f->e, "%s%s%s", s, *s == '\0' ? "" : " | ",
                path(f, bit, from));
        }
    }
    return *s != '\0' ? s : "0";
}

static const char *
literal(formatter *f, const value *v, const decl *from)
{
    switch (v->kind) {
    case VALUE_FLOAT:
        return c_double(&f->e, v->number);
    case VALUE_STRING:
        return c_string(&f->e, v->string);
    case VALUE_ENUM:
        return path(f, v->enumerator, from);
    case VALUE_BITS:
        return bits_literal(f, v, from);
    default:
        return value_text(f->e.u, v);
    }
}

static void
put_docs(formatter *f, const char *doc)
{
    for (const char *s = doc == NULL ? "" : doc; *s != '\0';) {
        size_t len = strcspn(s, "\n");

        indent(f);
        put(&f->e, "///%s%.*s\n", len > 0 ? " " : "", (int) len, s);
        s += len + (s[len] == '\n');
    }
}

/* Of operations and interfaces: how calls are made and run. */
static void
put_call_notes(formatter *f, const annotations *n)
{
    put(&f->e, "%s%s", n->idempotent ? "@mw::idempotent " : "",
        n->keyed ? "@mw::keyed " : "");
    if (n->has_priority) {
        put(&f->e, "@mw::priority(%u) ", n->priority);
    }
    if (n->max_concurrency > 0) {
        put(&f->e, "@mw::max_concurrency(%u) ", n->max_concurrency);
    }
}

static void
put_notes(formatter *f, const annotations *n, const decl *from)
{
    bool both = n->min.kind != VALUE_NONE && n->max.kind != VALUE_NONE;

    if (n->has_id) {
        put(&f->e, "@id(%u) ", n->id);
    }
    put(&f->e, "%s%s%s%s", n->key ? "@key " : "",
        n->external ? "@external " : "", n->optional ? "@optional " : "",
        n->unique ? "@mw::unique " : "");
    if (n->initial.kind != VALUE_NONE) {
        put(&f->e, "@default(%s) ", literal(f, &n->initial, from));
    }
    if (n->unit != NULL) {
        put(&f->e, "@unit(%s) ", c_string(&f->e, n->unit));
    }
    if (both) {
        put(&f->e, "@range(min = %s, max = %s) ", literal(f, &n->min, from),
            literal(f, &n->max, from));
    } else if (n->min.kind != VALUE_NONE) {
        put(&f->e, "@min(%s) ", literal(f, &n->min, from));
    } else if (n->max.kind != VALUE_NONE) {
        put(&f->e, "@max(%s) ", literal(f, &n->max, from));
    }
    put(&f->e, "%s%s%s", n->final ? "@final " : "",
        n->appendable ? "@appendable " : "", n->mutable ? "@mutable " : "");
    if (n->has_deadline) {
        put(&f->e, "@mw::deadline_ms(%u) ", n->deadline_ms);
    }
    if (n->writes.kind == VALUE_STRING) {
        put(&f->e, "@mw::writes(%s) ", c_string(&f->e, n->writes.string));
    }
    put_call_notes(f, n);
}

static void
format_enum(formatter *f, const decl *d)
{
    int64_t next = 0;

    put(&f->e, "enum %s {\n", plain(f, d->name));
    f->depth++;
    for (const decl *v = d->first; v != NULL; v = v->next) {
        int64_t number = (int64_t) v->value.magnitude;

        number = v->value.negative ? -number : number;
        put_docs(f, v->doc);
        indent(f);
        if (number != next) {
            put(&f->e, "@value(%lld) ", (long long) number);
        }
        put(&f->e, "%s%s\n", plain(f, v->name), v->next != NULL ? "," : "");
        next = number + 1;
    }
    f->depth--;
    indent(f);
    put(&f->e, "};\n");
}

static void
format_bitmask(formatter *f, const decl *d)
{
    uint64_t next = 0;

    if (d->notes.bit_bound != 32) {
        put(&f->e, "@bit_bound(%u) ", d->notes.bit_bound);
    }
    put(&f->e, "bitmask %s {\n", plain(f, d->name));
    f->depth++;
    for (const decl *bit = d->first; bit != NULL; bit = bit->next) {
        put_docs(f, bit->doc);
        indent(f);
        if (bit->value.magnitude != next) {
            put(&f->e, "@position(%u) ", (unsigned) bit->value.magnitude);
        }
        put(&f->e, "%s%s\n", plain(f, bit->name), bit->next != NULL ? "," : "");
        next = bit->value.magnitude + 1;
    }
    f->depth--;
    indent(f);
    put(&f->e, "};\n");
}

static void
format_struct(formatter *f, const decl *d)
{
    bool is_node = d->kind == DECL_VALUETYPE;

    put_notes(f, &d->notes, d->scope);
    put(&f->e, "%s %s {\n",
        d->kind == DECL_STRUCT ? "struct"
        : is_node              ? "valuetype"
                               : "exception",
        plain(f, d->name));
    f->depth++;
    for (const decl *m = d->first; m != NULL; m = m->next) {
        put_docs(f, m->doc);
        indent(f);
        put_notes(f, &m->notes, d->scope);
        put(&f->e, "%s", is_node ? "public " : "");
        put_declarator(f, m->type, m->name, d->scope);
        put(&f->e, ";\n");
    }
    f->depth--;
    indent(f);
    put(&f->e, "};\n");
}

static void
format_union(formatter *f, const decl *d)
{
    put(&f->e, "union %s switch (%s) {\n", plain(f, d->name),
        d->tag.alias != NULL ? path(f, d->tag.alias, d->scope)
                             : type_text(f, d->tag.type, d->scope));
    f->depth++;
    for (const decl *arm = d->first; arm != NULL; arm = arm->next) {
        put_docs(f, arm->doc);
        for (const case_label *l = arm->labels; l != NULL; l = l->next) {
            indent(f);
            if (l->is_default) {
                put(&f->e, "default:\n");
            } else {
                put(&f->e, "case %s:\n", literal(f, &l->value, d->scope));
            }
        }
        f->depth++;
        indent(f);
        put_notes(f, &arm->notes, d->scope);
        put_declarator(f, arm->type, arm->name, d->scope);
        put(&f->e, ";\n");
        f->depth--;
    }
    f->depth--;
    indent(f);
    put(&f->e, "};\n");
}

static void
format_op(formatter *f, const decl *op)
{
    static const char *const words[] = { "", "in", "out", "inout" };

    put_notes(f, &op->notes, op->scope);
    put(&f->e, "%s", op->oneway ? "oneway " : "");
    if (op->type.type == NULL) {
        put(&f->e, "void %s", plain(f, op->name));
    } else {
        put_declarator(f, op->type, op->name, op->scope);
    }
    put(&f->e, "(");
    for (const decl *param = op->first; param != NULL; param = param->next) {
        put_notes(f, &param->notes, op->scope);
        put(&f->e, "%s ", words[param->dir]);
        put_declarator(f, param->type, param->name, op->scope);
        put(&f->e, "%s", param->next != NULL ? ", " : "");
    }
    put(&f->e, ")");
    for (const decl_list *r = op->raises; r != NULL; r = r->next) {
        put(&f->e, "%s%s", r == op->raises ? " raises (" : ", ",
            path(f, r->decl, op->scope));
    }
    put(&f->e, "%s;\n", op->raises != NULL ? ")" : "");
}

static void format_decl(formatter *f, const decl *d);

static int
compare_places(const void *a, const void *b)
{
    const decl *const *x = a;
    const decl *const *y = b;

    return ((*x)->at.offset > (*y)->at.offset) -
           ((*x)->at.offset < (*y)->at.offset);
}

/* What it has inside is printed where it was defined, which may be behind
 * where it was declared. */
static void
format_interface(formatter *f, const decl *d)
{
    const decl **children = check_sorted(f->e.u, d, compare_places);

    put_notes(f, &d->notes, d->scope);
    put(&f->e, "interface %s", plain(f, d->name));
    if (d->base != NULL) {
        put(&f->e, " : %s", path(f, d->base, d->scope));
    }
    put(&f->e, " {\n");
    f->depth++;
    for (size_t i = 0; i < d->n_children; i++) {
        format_decl(f, children[i]);
    }
    f->depth--;
    indent(f);
    put(&f->e, "};\n");
}

/* Goes to a scope of modules by closing and opening them. */
static void
go_to(formatter *f, const decl *scope)
{
    const decl *way[SCOPES_MAX];
    unsigned n = 0;
    unsigned same = 0;

    for (const decl *s = scope; s->kind == DECL_MODULE; s = s->scope) {
        n++;
    }
    unsigned i = n;

    for (const decl *s = scope; s->kind == DECL_MODULE; s = s->scope) {
        way[--i] = s;
    }
    while (same < n && same < f->depth && f->open[same] == way[same]) {
        same++;
    }
    while (f->depth > same) {
        f->depth--;
        indent(f);
        put(&f->e, "};\n");
    }
    for (; f->depth < n; f->depth++) {
        if (!f->fresh) {
            put(&f->e, "\n");
        }
        indent(f);
        put(&f->e, "module %s {\n", plain(f, way[f->depth]->name));
        f->open[f->depth] = way[f->depth];
        f->fresh = true;
    }
}

static const char *
struct_word(const decl *d)
{
    switch (d->kind) {
    case DECL_STRUCT:
        return "struct";
    case DECL_UNION:
        return "union";
    case DECL_VALUETYPE:
        return "valuetype";
    default:
        return NULL;
    }
}

/* The struct that a type is made of, if it is used in d before it is
 * defined. */
static void
forward_declare(formatter *f, const type *t, const decl *d)
{
    while (t != NULL && t->elem != NULL) {
        t = t->elem;
    }
    const decl *used = t != NULL ? t->decl : NULL;

    if (used == NULL || struct_word(used) == NULL || used == d ||
        used->scope == d || used->at.file != f->e.u->main ||
        map_get(&f->printed, used, "") != NULL) {
        return;
    }
    map_set(&f->printed, used, "", (void *) used);
    if (used->scope->kind != DECL_INTERFACE) {
        go_to(f, used->scope);
    }
    if (!f->fresh) {
        put(&f->e, "\n");
    }
    indent(f);
    put(&f->e, "%s %s;\n", struct_word(used), plain(f, used->name));
    f->fresh = false;
}

/* For an interface also what is used in what it has inside. */
static void
format_forward(formatter *f, const decl *d, const decl *outer)
{
    forward_declare(f, d->type.type, outer);
    for (const decl *child = d->first; child != NULL; child = child->next) {
        forward_declare(f, child->type.type, outer);
        if (d->kind == DECL_INTERFACE) {
            format_forward(f, child, outer);
        }
    }
}

static void
format_decl(formatter *f, const decl *d)
{
    format_forward(f, d, d);
    map_set(&f->printed, d, "", (void *) d);
    if (d->scope->kind != DECL_INTERFACE) {
        go_to(f, d->scope);
    }
    if (!f->fresh) {
        put(&f->e, "\n");
    }
    f->fresh = false;
    put_docs(f, d->doc);
    indent(f);
    switch (d->kind) {
    case DECL_CONST:
        put(&f->e, "const ");
        put_declarator(f, d->type, d->name, d->scope);
        put(&f->e, " = %s;\n", literal(f, &d->value, d->scope));
        break;
    case DECL_TYPEDEF:
        put(&f->e, "typedef ");
        put_declarator(f, d->type, d->name, d->scope);
        put(&f->e, ";\n");
        break;
    case DECL_ENUM:
        format_enum(f, d);
        break;
    case DECL_BITMASK:
        format_bitmask(f, d);
        break;
    case DECL_UNION:
        format_union(f, d);
        break;
    case DECL_OP:
        format_op(f, d);
        break;
    case DECL_INTERFACE:
        f->fresh = true;
        format_interface(f, d);
        break;
    default:
        format_struct(f, d);
        break;
    }
    f->fresh = false;
}

static void
format_includes(formatter *f)
{
    for (const include *inc = f->e.u->main->includes; inc != NULL;
         inc = inc->next) {
        put(&f->e, inc->system ? "#include <%s>\n" : "#include \"%s\"\n",
            inc->name);
        f->fresh = false;
    }
}

void
format_unit(unit *u, text *out)
{
    formatter f = { .fresh = true };

    emitter_init(&f.e, u);
    f.e.out = out;
    text_puts(out, "");
    format_includes(&f);
    for (const item *it = u->items; it != NULL; it = it->next) {
        if (it->file == u->main && it->decl->scope->kind != DECL_INTERFACE) {
            format_decl(&f, it->decl);
        }
    }
    go_to(&f, &u->root);
    map_free(&f.printed);
    emitter_free(&f.e);
}
