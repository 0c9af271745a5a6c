/* SPDX-License-Identifier: MIT */
/*
 * Names in C.
 */
#include "names.h"

#include <string.h>

/* Who has a C name. */
typedef struct c_owner {
    const char *what; /* "the struct 'orders::Line'" */
    place at;
} c_owner;

/* Keywords of C and C++, and what the included headers may define as macros
 * or types.  A name that stands alone in C gets a '_' if it is one of these. */
static const char *const reserved[] = { "NULL", "EOF", "alignas", "alignof",
    "and", "and_eq", "asm", "assert", "atomic_cancel", "atomic_commit",
    "atomic_noexcept", "auto", "bitand", "bitor", "bool", "break", "case",
    "catch", "char", "char16_t", "char32_t", "char8_t", "class", "co_await",
    "co_return", "co_yield", "compl", "concept", "const", "const_cast",
    "consteval", "constexpr", "constinit", "continue", "decltype", "default",
    "delete", "do", "double", "dynamic_cast", "else", "enum", "errno",
    "explicit", "export", "extern", "false", "float", "for", "friend", "goto",
    "i386", "if", "inline", "int", "int16_t", "int32_t", "int64_t", "int8_t",
    "intmax_t", "intptr_t", "linux", "long", "main", "max_align_t", "mutable",
    "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "nullptr_t",
    "offsetof", "operator", "or", "or_eq", "private", "protected", "ptrdiff_t",
    "public", "reflexpr", "register", "reinterpret_cast", "requires",
    "restrict", "return", "short", "signed", "size_t", "sizeof", "static",
    "static_assert", "static_cast", "stderr", "stdin", "stdout", "struct",
    "switch", "synchronized", "template", "this", "thread_local", "throw",
    "true", "try", "typedef", "typeid", "typename", "typeof", "uint16_t",
    "uint32_t", "uint64_t", "uint8_t", "uintmax_t", "uintptr_t", "union",
    "unix", "unsigned", "using", "virtual", "void", "volatile", "wchar_t",
    "while", "xor", "xor_eq" };

/* What the generated functions call their own parameters and variables. */
static const char *const taken_params[] = { "client", "ctx", "call",
    "ret_value", "ret_pending", "args", "err" };

static bool
is_listed(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* MW_..., and INT32_MAX and the like, are macros of the included headers. */
static bool
is_macro_like(const char *name)
{
    size_t len = strlen(name);
    const char *end = len > 4 ? name + len - 4 : "";

    return strncmp(name, "MW_", 3) == 0 ||
           ((strncmp(name, "INT", 3) == 0 || strncmp(name, "UINT", 4) == 0 ||
                strncmp(name, "PTRDIFF", 7) == 0 ||
                strncmp(name, "SIZE", 4) == 0 ||
                strncmp(name, "WCHAR", 5) == 0 ||
                strncmp(name, "WINT", 4) == 0 ||
                strncmp(name, "SIG_ATOMIC", 10) == 0) &&
               (strcmp(end, "_MAX") == 0 || strcmp(end, "_MIN") == 0 ||
                   (len > 4 && strcmp(end + 2, "_C") == 0)));
}

static const char *
escape(unit *u, const char *name, decl_kind kind)
{
    if (is_listed(name, reserved, sizeof(reserved) / sizeof(*reserved)) ||
        is_macro_like(name) ||
        (kind == DECL_PARAM &&
            is_listed(name, taken_params,
                sizeof(taken_params) / sizeof(*taken_params)))) {
        return arena_format(&u->mem, "%s_", name);
    }
    return name;
}

void
names_make(unit *u, decl *d)
{
    bool alone = d->kind == DECL_MEMBER || d->kind == DECL_PARAM ||
                 d->kind == DECL_OP || d->scope->kind == DECL_ROOT;

    if (d->kind == DECL_MODULE && d->scope->kind == DECL_ROOT) {
        d->cname = d->name;
    } else if (alone) {
        d->cname = escape(u, d->name, d->kind);
    } else {
        d->cname = arena_format(&u->mem, "%s_%s", d->scope->cname, d->name);
    }
}

static const char *
what_text(unit *u, const decl *d)
{
    const char *kind = decl_kind_text(d->kind);
    const char *space = strchr(kind, ' ');

    return arena_format(&u->mem, "the %s '%s'", space + 1, d->idl);
}

/* Enters a name of a scope: NULL for the file, a struct or an operation.
 * False if it cannot have it, which is reported. */
static bool
take(unit *u, const void *scope, const char *cname, const char *what, place at)
{
    const c_owner *old = map_get(&u->cnames, scope, cname);

    if (old != NULL) {
        error_at(&u->diag, at,
            "the C name '%s' of %s is taken by %s at %s; rename one of them",
            cname, what, old->what, place_text(&u->mem, old->at));
        return false;
    }
    c_owner *owner = arena_alloc(&u->mem, sizeof(*owner));

    *owner = (c_owner){ what, at };
    map_set(&u->cnames, scope, cname, owner);
    return true;
}

/* Names of the file that begin with a C name; one error is enough. */
static bool
take_suffixed(unit *u, const char *cname, const char *what, place at,
    const char *const *suffixes)
{
    for (; *suffixes != NULL; suffixes++) {
        if (!take(u, NULL, arena_format(&u->mem, "%s%s", cname, *suffixes),
                what, at)) {
            return false;
        }
    }
    return true;
}

/* Those of a declaration, which must not look like libmw's. */
static bool
take_declared(
    unit *u, const decl *d, const char *what, const char *const *suffixes)
{
    if (!u->library && (strncmp(d->cname, "mw_", 3) == 0 ||
                           strncmp(d->cname, "mwi_", 4) == 0)) {
        error_at(&u->diag, d->at,
            "the C name '%s%s' of %s begins as those of libmw itself", d->cname,
            *suffixes, what);
        return false;
    }
    return take_suffixed(u, d->cname, what, d->at, suffixes);
}

static void
take_members(unit *u, const decl *d, const char *what)
{
    if (d->kind == DECL_UNION) {
        take(u, d, "tag", "the union's tag", d->at);
    }
    for (const decl *m = d->first; m != NULL; m = m->next) {
        const annotations *n = &m->notes;
        const char *own = what_text(u, m);
        const char *base = arena_format(&u->mem, "%s_%s", d->cname, m->name);

        take(u, d, m->cname, own, m->at);
        if (member_has_flag(m)) {
            take(u, d, arena_format(&u->mem, "has_%s", m->name),
                arena_format(&u->mem, "%s being there", own), m->at);
        }
        if (n->initial.kind != VALUE_NONE) {
            take(u, NULL, arena_format(&u->mem, "%s_default", base), what,
                m->at);
        }
        if (n->min.kind != VALUE_NONE) {
            take(u, NULL, arena_format(&u->mem, "%s_min", base), what, m->at);
        }
        if (n->max.kind != VALUE_NONE) {
            take(u, NULL, arena_format(&u->mem, "%s_max", base), what, m->at);
        }
        if (n->min.kind != VALUE_NONE || n->max.kind != VALUE_NONE) {
            take(u, NULL, arena_format(&u->mem, "%s_range", base), what, m->at);
        }
    }
}

static void
take_ops(unit *u, const decl *interface, const decl *from)
{
    static const char *const forms[][2] = { { "", "" }, { "", "_params" },
        { "", "_raises" }, { "", "_writes" }, { "", "_param_masks" },
        { "", "_node_masks" }, { "run_", "" } };

    if (from->base != NULL) {
        take_ops(u, interface, from->base);
    }
    for (const decl *op = from->first; op != NULL; op = op->next) {
        if (op->kind != DECL_OP) {
            continue;
        }
        const char *what = what_text(u, op);
        place at = from == interface ? op->at : interface->at;

        for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
            take(u, NULL,
                arena_format(&u->mem, "%s%s_%s%s", forms[i][0],
                    interface->cname, op->name, forms[i][1]),
                what, at);
        }
        if (!op->oneway) {
            take(u, NULL,
                arena_format(
                    &u->mem, "%s_%s_start", interface->cname, op->name),
                arena_format(&u->mem, "the function that starts '%s'", op->idl),
                at);
        }
        for (const decl *param = op->first; from == interface && param != NULL;
             param = param->next) {
            take(u, op, param->cname, what_text(u, param), param->at);
        }
    }
}

/* Enumerators and bits, which are names of the file too. */
static void
take_values(unit *u, const decl *d)
{
    for (const decl *v = d->first; v != NULL; v = v->next) {
        take(u, NULL, arena_format(&u->mem, "%s_%s", d->cname, v->name),
            what_text(u, v), v->at);
    }
}

/* What a declaration's C names end in. */
static const char *const *
suffixes_of(const decl *d)
{
    static const char *const of_struct[] = { "", "_type", "_init", "_clear",
        "_copy", "_equal", "_text", "_fields", NULL };
    static const char *const of_holder[] = { "", "_type", "_init", "_clear",
        "_copy", "_equal", "_text", "_fields", "_clear_graph", NULL };
    static const char *const of_exception[] = { "", "_type", "_init", "_clear",
        "_copy", "_equal", "_text", "_fields", "_clear_graph", "_caught",
        "_raise", NULL };
    static const char *const of_union[] = { "", "_type", "_init", "_clear",
        "_copy", "_equal", "_text", "_fields", "_cases", "_select",
        "_clear_graph", NULL };
    static const char *const of_valuetype[] = { "", "_type", "_ref_type",
        "_new", "_free", "_free_graph", "_copy_graph", "_equal", "_text",
        "_release", "_fields", NULL };
    static const char *const of_enum[] = { "", "_type", "_name", "_enumerators",
        NULL };
    static const char *const of_bitmask[] = { "", "_type", "_bits", NULL };
    static const char *const of_interface[] = { "_interface", "_ops", "_serve",
        "_serve_back", "_methods", "_skeleton", "_skeleton_methods", NULL };
    static const char *const of_others[] = { "", NULL };

    switch (d->kind) {
    case DECL_STRUCT:
        return d->own->refs ? of_holder : of_struct;
    case DECL_EXCEPTION:
        return of_exception;
    case DECL_UNION:
        return of_union;
    case DECL_VALUETYPE:
        return of_valuetype;
    case DECL_ENUM:
        return of_enum;
    case DECL_BITMASK:
        return of_bitmask;
    case DECL_INTERFACE:
        return of_interface;
    default:
        return of_others;
    }
}

static void
take_decl(unit *u, const decl *d)
{
    const char *what = what_text(u, d);

    take_declared(u, d, what, suffixes_of(d));
    switch (d->kind) {
    case DECL_VALUETYPE:
        if (d->unique != NULL) {
            take(u, NULL, d->unique->desc, what, d->at);
        }
        take_members(u, d, what);
        break;
    case DECL_EXCEPTION:
    case DECL_STRUCT:
    case DECL_UNION:
        take_members(u, d, what);
        break;
    case DECL_ENUM:
    case DECL_BITMASK:
        take_values(u, d);
        break;
    case DECL_INTERFACE:
        take_ops(u, d, d);
        break;
    default:
        break;
    }
}

/* A type without a declaration, where it is first used. */
static void
take_type(unit *u, const type *t, place at)
{
    static const char *const of_seq[] = { "", "_type", "_add", "_insert",
        "_remove", "_clear", "_clear_graph", NULL };
    static const char *const of_map[] = { "", "_type", "_entry", "_entry_type",
        "_entry_fields", "_put", "_get", "_remove", "_sort", "_clear",
        "_clear_graph", NULL };
    static const char *const of_twin[] = { "_type", "_entry_type",
        "_entry_fields", NULL };
    static const char *const of_others[] = { "_type", NULL };

    for (; t != NULL && t->decl == NULL && !t->builtin; t = t->elem) {
        bool is_seq = t->kind == TYPE_SEQ || t->kind == TYPE_SEQ_N;

        if (map_get(&u->cnames, t, "") != NULL) {
            continue;
        }
        const char *what = arena_format(&u->mem, "the type '%s'", t->idl);
        const char *const *suffixes = t->plain != t         ? of_twin
                                      : is_seq              ? of_seq
                                      : t->kind == TYPE_MAP ? of_map
                                                            : of_others;

        map_set(&u->cnames, t, "", (void *) t);
        take_suffixed(u, t->stem, what, at, suffixes);
        if (t->plain != t) {
            take_type(u, t->plain, at);
        }
    }
}

static void
take_types(unit *u, const decl *d)
{
    if (d->type.type != NULL) {
        take_type(u, d->type.type, d->at);
    }
    for (const decl *child = d->first; child != NULL; child = child->next) {
        if (child->kind == DECL_MEMBER || child->kind == DECL_PARAM ||
            child->kind == DECL_OP) {
            take_types(u, child);
        }
    }
}

/* A constant is a macro, which would replace members and parameters too. */
static void
check_macro(unit *u, const decl *d)
{
    for (const decl *child = d->first; child != NULL; child = child->next) {
        const c_owner *owner = map_get(&u->cnames, NULL, child->cname);

        if ((child->kind == DECL_MEMBER || child->kind == DECL_PARAM ||
                child->kind == DECL_OP) &&
            owner != NULL) {
            error_at(&u->diag, child->at,
                "the C name '%s' of %s is taken by %s at %s; rename one of "
                "them",
                child->cname, what_text(u, child), owner->what,
                place_text(&u->mem, owner->at));
        }
        if (child->kind == DECL_OP) {
            check_macro(u, child);
        }
    }
}

void
names_register(unit *u)
{
    for (const item *it = u->items; it != NULL; it = it->next) {
        take_decl(u, it->decl);
    }
    for (const item *it = u->items; it != NULL; it = it->next) {
        take_types(u, it->decl);
    }
    for (const item *it = u->items; it != NULL; it = it->next) {
        check_macro(u, it->decl);
    }
}

const char *
names_guard(arena *mem, const char *base)
{
    char *guard =
        arena_format(mem, "%s%s", is_digit(*base) ? "IDL_" : "", base);

    for (char *p = guard; *p != '\0'; p++) {
        if (*p >= 'a' && *p <= 'z') {
            *p = (char) (*p - 'a' + 'A');
        } else if (!is_alpha(*p) && !is_digit(*p)) {
            *p = '_';
        }
    }
    return guard;
}
