/* SPDX-License-Identifier: MIT */
/*
 * Declarations and their scopes.
 */
#include "ast.h"

#include <string.h>

#include "names.h"

static void
init_basic_types(unit *u)
{
    static const struct {
        const char *idl;
        const char *stem;
        const char *cname;
        uint32_t size;
    } table[TYPE_STRING + 1] = {
        [TYPE_BOOL] = { "boolean", "bool", "bool", 1 },
        [TYPE_U8] = { "octet", "u8", "uint8_t", 1 },
        [TYPE_I8] = { "int8", "i8", "int8_t", 1 },
        [TYPE_U16] = { "uint16", "u16", "uint16_t", 2 },
        [TYPE_I16] = { "int16", "i16", "int16_t", 2 },
        [TYPE_U32] = { "uint32", "u32", "uint32_t", 4 },
        [TYPE_I32] = { "int32", "i32", "int32_t", 4 },
        [TYPE_U64] = { "uint64", "u64", "uint64_t", 8 },
        [TYPE_I64] = { "int64", "i64", "int64_t", 8 },
        [TYPE_F32] = { "float", "f32", "float", 4 },
        [TYPE_F64] = { "double", "f64", "double", 8 },
        [TYPE_STRING] = { "string", "string", "char *", 8 },
    };

    for (int i = 0; i <= TYPE_STRING; i++) {
        u->basic[i] = (type){
            .kind = (type_kind) i,
            .idl = table[i].idl,
            .stem = arena_format(&u->mem, "mw_%s", table[i].stem),
            .cname = table[i].cname,
            .desc = arena_format(&u->mem, "mw_type_%s", table[i].stem),
            .builtin = true,
            .complete = true,
            .flat = i != TYPE_STRING,
            .size = table[i].size,
            .align = table[i].size,
        };
        u->basic[i].plain = &u->basic[i];
    }
}

void
unit_init(unit *u, const unit_options *options)
{
    *u = (unit){
        .root = { .kind = DECL_ROOT, .name = "", .idl = "", .cname = "" },
        .library = options->library,
    };
    u->sources = (sources){
        .mem = &u->mem,
        .diag = &u->diag,
        .dirs = options->dirs,
        .n_dirs = options->n_dirs,
    };
    init_basic_types(u);
}

void
unit_free(unit *u)
{
    map_free(&u->names);
    map_free(&u->types);
    map_free(&u->cnames);
    text_free(&u->diag.messages);
    arena_free(&u->mem);
}

decl *
decl_new(unit *u, decl *scope, decl_kind kind, const char *name, place at)
{
    decl *d = arena_alloc(&u->mem, sizeof(*d));

    d->kind = kind;
    d->name = name;
    d->at = at;
    d->scope = scope;
    d->idl = name;
    d->cname = name;
    d->complete = true;
    if (scope->last == NULL) {
        scope->first = d;
    } else {
        scope->last->next = d;
    }
    scope->last = d;
    scope->n_children++;
    return d;
}

static const char *
fold(unit *u, const char *name)
{
    char *folded = arena_copy(&u->mem, name, strlen(name));

    for (char *p = folded; *p != '\0'; p++) {
        *p = to_lower(*p);
    }
    return folded;
}

/* Members and parameters are known inside their own scope only and need no
 * scoped name. */
static bool
has_scoped_name(decl_kind kind)
{
    return kind != DECL_MEMBER && kind != DECL_PARAM && kind != DECL_OP;
}

void
decl_enter(unit *u, decl *d, decl *scope)
{
    const char *folded = fold(u, d->name);
    const decl *old = map_get(&u->names, scope, folded);

    if (old != NULL && strcmp(old->name, d->name) == 0) {
        error_at(&u->diag, d->at, "'%s' is already declared as %s at %s",
            d->name, decl_kind_text(old->kind), place_text(&u->mem, old->at));
    } else if (old != NULL) {
        error_at(&u->diag, d->at,
            "'%s' and '%s' at %s differ only in case, which IDL does not "
            "allow",
            d->name, old->name, place_text(&u->mem, old->at));
    } else {
        map_set(&u->names, scope, folded, d);
    }
    if (has_scoped_name(d->kind) && scope->kind != DECL_ROOT) {
        d->idl = arena_format(&u->mem, "%s::%s", scope->idl, d->name);
    }
    names_make(u, d);
}

void
unit_add_item(unit *u, decl *d)
{
    item *it = arena_alloc(&u->mem, sizeof(*it));

    it->decl = d;
    it->file = d->at.file;
    if (u->last_item == NULL) {
        u->items = it;
    } else {
        u->last_item->next = it;
    }
    u->last_item = it;
}

decl *
scope_find(unit *u, const decl *scope, const char *name)
{
    const char *folded = fold(u, name);

    for (; scope != NULL; scope = scope->base) {
        decl *found = map_get(&u->names, scope, folded);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* Levenshtein distance of two names, case ignored; more than `limit` is as
 * good as infinite. */
static unsigned
distance(const char *a, const char *b, unsigned limit)
{
    enum { LONGEST = 64 };
    unsigned row[LONGEST + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);

    if (a_len > LONGEST || b_len > LONGEST || a_len > b_len + limit ||
        b_len > a_len + limit) {
        return limit + 1;
    }
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = (unsigned) j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned) i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned change =
                diagonal + (to_lower(a[i - 1]) != to_lower(b[j - 1]));
            unsigned step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[b_len];
}

suggestion
suggest(const char *name)
{
    size_t len = strlen(name);

    return (suggestion){
        .name = name,
        .best = len < 3   ? 1
                : len < 4 ? 2
                          : 3,
    };
}

void
suggest_add(suggestion *s, const char *candidate)
{
    unsigned far = distance(s->name, candidate, s->best - 1);

    if (far < s->best) {
        s->best = far;
        s->found = candidate;
    }
}

/* What people write who know other languages. */
static const char *
foreign_type(const char *name)
{
    static const char *const pairs[][2] = { { "bool", "boolean" },
        { "byte", "octet" }, { "int", "int32" }, { "uint", "uint32" },
        { "int8_t", "int8" }, { "int16_t", "int16" }, { "int32_t", "int32" },
        { "int64_t", "int64" }, { "uint8_t", "uint8" },
        { "uint16_t", "uint16" }, { "uint32_t", "uint32" },
        { "uint64_t", "uint64" }, { "size_t", "uint64" },
        { "float32", "float" }, { "float64", "double" },
        { "vector", "sequence" }, { "list", "sequence" } };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        if (strcmp(name, pairs[i][0]) == 0) {
            return pairs[i][1];
        }
    }
    return NULL;
}

const char *
scope_suggest(const decl *scope, const char *name)
{
    static const char *const types[] = { "boolean", "double", "float", "int16",
        "int32", "int64", "int8", "long", "map", "octet", "sequence", "short",
        "string", "uint16", "uint32", "uint64", "uint8", "unsigned" };
    const char *foreign = foreign_type(name);
    suggestion like = suggest(name);

    if (foreign != NULL) {
        return foreign;
    }
    for (; scope != NULL; scope = scope->scope) {
        const decl *const heads[2] = { scope, scope->base };

        for (int i = 0; i < 2 && heads[i] != NULL; i++) {
            for (const decl *d = heads[i]->first; d != NULL; d = d->next) {
                if (has_scoped_name(d->kind)) {
                    suggest_add(&like, d->name);
                }
            }
        }
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        suggest_add(&like, types[i]);
    }
    return like.found;
}

const char *
decl_kind_text(decl_kind kind)
{
    static const char *const texts[] = {
        [DECL_ROOT] = "the global scope",
        [DECL_MODULE] = "a module",
        [DECL_CONST] = "a constant",
        [DECL_TYPEDEF] = "a typedef",
        [DECL_ENUM] = "an enum",
        [DECL_ENUMERATOR] = "an enumerator",
        [DECL_BITMASK] = "a bitmask",
        [DECL_BIT] = "a bit",
        [DECL_STRUCT] = "a struct",
        [DECL_UNION] = "a union",
        [DECL_VALUETYPE] = "a valuetype",
        [DECL_EXCEPTION] = "an exception",
        [DECL_INTERFACE] = "an interface",
        [DECL_MEMBER] = "a member",
        [DECL_OP] = "an operation",
        [DECL_PARAM] = "a parameter",
    };

    return texts[kind];
}
