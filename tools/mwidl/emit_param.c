/* SPDX-License-Identifier: MIT */
/*
 * How C spells types: as members, as parameters, and in the arrays of
 * arguments between the generated functions and the library.
 */
#include <string.h>

#include "emit.h"

/* "int32_t x", "char *x", "int32_t[4]" */
static const char *
join(emitter *e, const char *base, const char *declarator)
{
    bool star = base[strlen(base) - 1] == '*';
    bool tight = *declarator == '\0' || *declarator == '[';

    return fmt(e, "%s%s%s", base, star || tight ? "" : " ", declarator);
}

/* What is left of a type behind its arrays, whose bounds are added to dims. */
static const type *
strip_arrays(text *dims, const type *t)
{
    text_puts(dims, "");
    while (t->kind == TYPE_ARRAY) {
        text_printf(dims, "[%u]", t->bound);
        t = t->elem;
    }
    if (t->kind == TYPE_STRING_N) {
        text_printf(dims, "[%u + 1]", t->bound);
    }
    return t;
}

static bool
is_pointer(const type *t)
{
    return t->kind == TYPE_STRING || t->kind == TYPE_REF;
}

static const char *
base_name(const type *t)
{
    return t->kind == TYPE_STRING_N ? "char" : t->cname;
}

const char *
c_member(emitter *e, type_ref ref, const char *name)
{
    const type *stop = ref.alias == NULL ? NULL : ref.alias->type.type;
    const type *t = ref.type;

    /* From the name outward.  Nothing has arrays in boxes. */
    for (; t != stop && (t->kind == TYPE_ARRAY || t->kind == TYPE_BOX);
         t = t->elem) {
        name = t->kind == TYPE_ARRAY ? fmt(e, "%s[%u]", name, t->bound)
                                     : fmt(e, "*%s", name);
    }
    if (t == stop) {
        return join(e, ref.alias->cname, name);
    }
    if (t->kind == TYPE_STRING_N) {
        name = fmt(e, "%s[%u + 1]", name, t->bound);
    }
    return join(e, base_name(t), name);
}

/* The type's own name, or that of its typedef. */
static const char *
plain_name(type_ref ref)
{
    return ref.alias != NULL ? ref.alias->cname : ref.type->cname;
}

/* An array's elements can be const only if they are not arrays: C does not
 * convert T (*)[4] to const T (*)[4]. */
static bool
has_const_elements(const type *array)
{
    return array->elem->kind != TYPE_ARRAY &&
           array->elem->kind != TYPE_STRING_N;
}

static const char *
array_param(emitter *e, const type *t, direction dir, const char *name)
{
    text dims = { 0 };
    bool is_const = dir == DIR_IN && has_const_elements(t);
    const type *inner = strip_arrays(&dims, t);
    const char *base = base_name(inner);

    if (is_const) {
        base = is_pointer(inner) ? fmt(e, "%sconst", base)
                                 : fmt(e, "const %s", base);
    }
    const char *s = fmt(e, "%s%s", join(e, base, name), dims.data);

    text_free(&dims);
    return s;
}

const char *
c_param(emitter *e, type_ref ref, direction dir, const char *name)
{
    const type *t = ref.type;
    bool in = dir == DIR_IN;

    if (t->kind == TYPE_ARRAY) {
        return array_param(e, t, dir, name);
    }
    if (is_pointer(t)) {
        return fmt(e, in ? "const %s%s" : "%s*%s", t->cname, name);
    }
    if (t->kind == TYPE_STRING_N) {
        return in ? fmt(e, "const char *%s", name)
                  : fmt(e, "char %s[%u + 1]", name, t->bound);
    }
    if (type_is_scalar(t)) {
        return fmt(e, in ? "%s %s" : "%s *%s", plain_name(ref), name);
    }
    return fmt(e, in ? "const %s *%s" : "%s *%s", plain_name(ref), name);
}

const char *
c_argument(emitter *e, type_ref ref, direction dir, const char *name)
{
    bool by_value =
        dir == DIR_IN && (type_is_scalar(ref.type) || is_pointer(ref.type));

    return fmt(e, "%s%s", by_value ? "&" : "", name);
}

/* The type that an array parameter really has: a pointer to an element. */
static const char *
array_pointer(emitter *e, const type *t, direction dir)
{
    text dims = { 0 };
    bool is_const = dir == DIR_IN && has_const_elements(t);
    const type *inner = strip_arrays(&dims, t->elem);
    const char *base = base_name(inner);
    const char *s;

    if (is_const && is_pointer(inner)) {
        s = fmt(e, "%sconst *", base);
    } else if (dims.len == 0) {
        s = join(e, is_const ? fmt(e, "const %s", base) : base, "*");
    } else {
        s = fmt(e, "%s(*)%s", base, dims.data);
    }
    text_free(&dims);
    return s;
}

const char *
c_from_args(emitter *e, type_ref ref, direction dir, size_t i)
{
    const type *t = ref.type;
    bool in = dir == DIR_IN;

    if (t->kind == TYPE_ARRAY) {
        return fmt(e, "(%s) args[%zu]", array_pointer(e, t, dir), i);
    }
    if (is_pointer(t)) {
        return fmt(e, in ? "*(const %sconst *) args[%zu]" : "(%s*) args[%zu]",
            t->cname, i);
    }
    if (t->kind == TYPE_STRING_N) {
        return fmt(
            e, in ? "(const char *) args[%zu]" : "(char *) args[%zu]", i);
    }
    if (type_is_scalar(t) && in) {
        return fmt(e, "*(const %s *) args[%zu]", plain_name(ref), i);
    }
    return fmt(e, in ? "(const %s *) args[%zu]" : "(%s *) args[%zu]",
        plain_name(ref), i);
}

const char *
c_release(emitter *e, const type *t)
{
    if (t->kind == TYPE_REF) {
        return fmt(e, "%s_free_graph(), or %s_free() for each node",
            t->decl->cname, t->decl->cname);
    }
    if (t->kind == TYPE_ARRAY) {
        const char *inner = c_release(e, t->elem);

        return inner == NULL ? NULL : fmt(e, "%s of each element", inner);
    }
    if (t->refs) {
        return fmt(e, "%s_clear_graph()", t->cname);
    }
    if (t->flat) {
        return NULL;
    }
    if (t->kind == TYPE_STRING) {
        return "free()";
    }
    return t->builtin ? fmt(e, "mw_object_clear() with &%s", t->desc)
                      : fmt(e, "%s_clear()", t->cname);
}

const char **
c_params(emitter *e, const decl *op, size_t n_before, size_t *ret_n)
{
    const char **items = arena_alloc(
        &e->u->mem, (n_before + op->n_children + 2) * sizeof(*items));
    size_t n = n_before;

    for (const decl *param = op->first; param != NULL; param = param->next) {
        items[n++] = c_param(e, param->type, param->dir, param->cname);
    }
    if (op->type.type != NULL) {
        items[n++] = c_param(e, op->type, DIR_OUT, "ret_value");
    }
    *ret_n = n;
    return items;
}

/* What the handler or the caller has to know of one parameter. */
static const char *
param_text(emitter *e, type_ref ref, direction dir, bool at_client)
{
    const type *t = ref.type;
    const char *release = c_release(e, t);

    if (dir == DIR_IN && type_is_scalar(t)) {
        return "";
    }
    if (dir == DIR_IN) {
        bool not_const = t->kind == TYPE_ARRAY && !has_const_elements(t);

        return fmt(e, "%s%s%s", at_client ? "[copy]" : "[view]",
            t->kind == TYPE_STRING_N
                ? fmt(e, " at most %u bytes and a NUL;", t->bound)
                : "",
            not_const ? " not written to;" : "");
    }
    if (dir == DIR_INOUT) {
        return !t->refs    ? "[inout]"
               : at_client ? "[inout] nodes that the call adds are the caller's"
                           : "[inout] unlinked nodes stay the caller's: see "
                             "mw_release()";
    }
    if (!at_client) {
        return "[out] has its default value at first";
    }
    return release == NULL
               ? "[out]"
               : fmt(e, "[own: %s] [out] must hold no object", release);
}

/* Does the line say "@param name", or "@return" for "return"?  Then the bytes
 * up to what it says. */
static size_t
match_param(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (strcmp(name, "return") == 0 && strncmp(line, "@return ", 8) == 0) {
        return 8 + strspn(line + 8, " ");
    }
    if (strncmp(line, "@param ", 7) != 0 || strncmp(line + 7, name, len) != 0 ||
        (line[7 + len] != ' ' && line[7 + len] != '\n')) {
        return 0;
    }
    return 7 + len + strspn(line + 7 + len, " ");
}

static size_t
match_any_param(const char *line, const decl *op)
{
    for (const decl *param = op->first; param != NULL; param = param->next) {
        size_t skip = match_param(line, param->name);

        if (skip > 0) {
            return skip;
        }
    }
    return match_param(line, "return");
}

/* What the IDL's doc comment says of a parameter, its continuation lines,
 * which are indented, included; or "". */
static const char *
idl_param_text(emitter *e, const decl *op, const char *name)
{
    const char *found = "";
    bool inside = false;

    for (const char *s = op->doc == NULL ? "" : op->doc; *s != '\0';) {
        size_t len = strcspn(s, "\n");
        size_t skip = match_param(s, name);

        inside = skip > 0 || (inside && *s == ' ');
        if (inside) {
            skip = skip > 0 ? skip : strspn(s, " ");
            found = fmt(e, "%s %.*s", found, (int) (len - skip), s + skip);
        }
        s += len + (s[len] == '\n');
    }
    return found;
}

void
doc_op(text *doc, const decl *op)
{
    bool inside = false;

    text_puts(doc, "");
    for (const char *s = op->doc == NULL ? "" : op->doc; *s != '\0';) {
        size_t len = strcspn(s, "\n");

        inside = match_any_param(s, op) > 0 || (inside && *s == ' ');
        if (!inside) {
            text_add(doc, s, len);
            text_puts(doc, "\n");
        }
        s += len + (s[len] == '\n');
    }
}

static void
doc_param(emitter *e, text *doc, const decl *op, const decl *param,
    type_ref ref, bool at_client)
{
    bool is_result = param == NULL;
    const char *ours =
        param_text(e, ref, is_result ? DIR_OUT : param->dir, at_client);
    const char *idl = idl_param_text(e, op, is_result ? "return" : param->name);
    size_t len = strlen(ours);
    bool ends = len == 0 || ours[len - 1] == ']' || ours[len - 1] == ';';

    text_printf(doc, "@param %s  %s%s%s\n",
        is_result ? "ret_value" : param->cname, ours,
        ends || *idl == '\0' ? "" : ";", idl);
}

void
doc_params(emitter *e, text *doc, const decl *op, bool at_client)
{
    for (const decl *param = op->first; param != NULL; param = param->next) {
        doc_param(e, doc, op, param, param->type, at_client);
    }
    if (op->type.type != NULL) {
        doc_param(e, doc, op, NULL, op->type, at_client);
    }
}

void
doc_writes(text *doc, const decl *op, bool at_client)
{
    if (op->writes != NULL) {
        text_printf(doc, "\n%s: %s.\n",
            at_client ? "May change only"
                      : "Nothing but changes of these reaches the caller",
            op->notes.writes.string);
    }
}
