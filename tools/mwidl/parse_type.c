/* SPDX-License-Identifier: MIT */
/*
 * Type specifications.
 */
#include <string.h>

#include "parser.h"

/* What to say about the words that libmw's IDL does not have. */
static const struct {
    word word;
    const char *message;
} rejected[] = {
    { WORD_ANY, "'any' is not part of libmw's IDL: name the type" },
    { WORD_OBJECT,
        "'Object' is not part of libmw's IDL: interfaces cannot be passed, "
        "only data" },
    { WORD_VALUEBASE, "'ValueBase' is not part of libmw's IDL: name the type" },
    { WORD_CHAR, "'char' is not part of libmw's IDL: use octet for a byte, or "
                 "string<4> for a character" },
    { WORD_WCHAR, "'wchar' is not part of libmw's IDL: use uint32 or string" },
    { WORD_WSTRING,
        "'wstring' is not part of libmw's IDL: use string, which is UTF-8" },
    { WORD_FIXED,
        "'fixed' is not part of libmw's IDL: use int64 in the smallest unit, "
        "or double" },
    { WORD_NATIVE,
        "'native' is not part of libmw's IDL: use struct, or sequence<octet> "
        "for opaque bytes" },
    { WORD_ABSTRACT,
        "'abstract' is not part of libmw's IDL: use a plain interface or "
        "valuetype" },
    { WORD_LOCAL, "'local' is not part of libmw's IDL: use a plain interface" },
    { WORD_CUSTOM,
        "'custom' is not part of libmw's IDL: use a plain valuetype" },
    { WORD_TRUNCATABLE, "'truncatable' is not part of libmw's IDL" },
    { WORD_ATTRIBUTE,
        "'attribute' is not part of libmw's IDL: write operations that get "
        "and set it" },
    { WORD_READONLY,
        "'readonly' is not part of libmw's IDL: write an operation that gets "
        "the value" },
    { WORD_CONTEXT,
        "'context' is not part of libmw's IDL: pass it as a parameter" },
    { WORD_COMPONENT, "'component' is not part of libmw's IDL: use interface" },
    { WORD_HOME, "'home' is not part of libmw's IDL: use interface" },
    { WORD_FACTORY, "'factory' is not part of libmw's IDL" },
    { WORD_SUPPORTS, "'supports' is not part of libmw's IDL" },
    { WORD_IMPORT, "'import' is not part of libmw's IDL: use #include" },
    { WORD_TYPEID, "'typeid' is not part of libmw's IDL: names are made from "
                   "the modules" },
    { WORD_TYPEPREFIX, "'typeprefix' is not part of libmw's IDL: names are "
                       "made from the modules" },
    { WORD_TEMPLATE,
        "'template' is not part of libmw's IDL: write the types out" },
    { WORD_TYPENAME,
        "'typename' is not part of libmw's IDL: write the types out" },
    { WORD_BITSET, "'bitset' is not supported yet: use bitmask for flags" },
};

/* Reports the word if it is one of those. */
bool
reject_word(parser *p)
{
    for (size_t i = 0; i < sizeof(rejected) / sizeof(*rejected); i++) {
        if (at_word(p, rejected[i].word)) {
            error_at(&p->u->diag, p->tok.at, "%s", rejected[i].message);
            return true;
        }
    }
    return false;
}

void
require_complete(parser *p, type_ref *ref)
{
    if (ref->type != NULL && !ref->type->complete) {
        error_at(&p->u->diag, ref->at,
            "'%s' is not yet defined here; it can be used in an unbounded "
            "sequence or a map, and by a member that is @external and "
            "@optional",
            ref->type->decl->name);
        ref->type = NULL;
    }
}

void
require_limits(parser *p, type_ref *ref)
{
    if (ref->type == NULL) {
        return;
    }
    if (ref->type->size > VALUE_SIZE_MAX) {
        error_at(&p->u->diag, ref->at,
            "this type takes %llu bytes by value, more than %d; use an "
            "unbounded sequence or string",
            (unsigned long long) ref->type->size, VALUE_SIZE_MAX);
        ref->type = NULL;
    } else if (ref->type->depth > NESTING_MAX) {
        error_at(&p->u->diag, ref->at,
            "this type is nested deeper than %d "
            "levels",
            NESTING_MAX);
        ref->type = NULL;
    }
}

static void
set_basic(parser *p, type_ref *ref, type_kind kind)
{
    ref->type = type_basic(p->u, kind);
    advance(p);
}

/* Behind "unsigned" or nothing: short, long or long long. */
static bool
parse_classic_integer(parser *p, type_ref *ref, bool is_unsigned)
{
    if (at_word(p, WORD_SHORT)) {
        set_basic(p, ref, is_unsigned ? TYPE_U16 : TYPE_I16);
        return true;
    }
    if (!at_word(p, WORD_LONG)) {
        return expected(p, "short, long or long long");
    }
    set_basic(p, ref, is_unsigned ? TYPE_U32 : TYPE_I32);
    if (at_word(p, WORD_LONG)) {
        set_basic(p, ref, is_unsigned ? TYPE_U64 : TYPE_I64);
    } else if (at_word(p, WORD_DOUBLE)) {
        error_at(&p->u->diag, p->tok.at,
            "'long double' is not part of libmw's IDL: use double");
        return false;
    }
    return true;
}

static bool
parse_string_type(parser *p, type_ref *ref)
{
    uint32_t bound = 0;

    advance(p);
    ref->type = type_basic(p->u, TYPE_STRING);
    if (!accept_punct(p, '<')) {
        return true;
    }
    if (!parse_bound(p, &bound) ||
        !expect_punct(p, '>', "after the string's bound")) {
        return false;
    }
    ref->type = bound == 0 ? NULL : type_string(p->u, bound);
    require_limits(p, ref);
    return true;
}

static bool
parse_sequence_type(parser *p, type_ref *ref)
{
    type_ref elem;
    uint32_t bound = 0;
    bool failed = false;

    advance(p);
    if (!expect_punct(p, '<', "after 'sequence'") || !parse_type(p, &elem)) {
        return false;
    }
    if (accept_punct(p, ',')) {
        if (!parse_bound(p, &bound)) {
            return false;
        }
        failed = bound == 0;
        require_complete(p, &elem);
    }
    if (!expect_punct(p, '>', "after the sequence's type")) {
        return false;
    }
    ref->type = failed || elem.type == NULL
                    ? NULL
                    : type_seq(p->u, elem.type, elem.alias, bound);
    require_limits(p, ref);
    return true;
}

/* A map is in the order of its keys, which programs in other languages must
 * agree about: hence no floats. */
static bool
check_map_key(parser *p, const type_ref *key)
{
    const type *t = key->type;

    if (t == NULL) {
        return false;
    }
    if (type_is_integer(t) || t->kind == TYPE_BOOL || t->kind == TYPE_ENUM ||
        t->kind == TYPE_STRING || t->kind == TYPE_STRING_N) {
        return true;
    }
    error_at(&p->u->diag, key->at,
        "the key of a map is an integer, boolean, string or enum; this is %s",
        t->idl);
    return false;
}

static bool
parse_map_type(parser *p, type_ref *ref)
{
    type_ref key;
    type_ref elem;

    advance(p);
    if (!expect_punct(p, '<', "after 'map'") || !parse_type(p, &key) ||
        !expect_punct(p, ',', "after the map's key") || !parse_type(p, &elem)) {
        return false;
    }
    if (at_punct(p, ',')) {
        error_at(&p->u->diag, p->tok.at,
            "a map has no bound in libmw's IDL; limit what a call may bring "
            "with the server's memory_max");
        return false;
    }
    if (!expect_punct(p, '>', "after the map's type")) {
        return false;
    }
    if (check_map_key(p, &key) && elem.type != NULL) {
        ref->type = type_map(p->u, key.type, elem.type, elem.alias);
        require_limits(p, ref);
    }
    return true;
}

static bool
parse_named_type(parser *p, type_ref *ref)
{
    decl *d;

    if (!parse_scoped_name(p, &d, &ref->at)) {
        return false;
    }
    if (d == NULL) {
        return true;
    }
    switch (d->kind) {
    case DECL_STRUCT:
    case DECL_UNION:
        d->used_early = d->used_early || !d->complete;
        ref->type = d->own;
        break;
    case DECL_ENUM:
    case DECL_BITMASK:
        ref->type = d->own;
        break;
    case DECL_VALUETYPE:
        ref->type = d->ref;
        break;
    case DECL_TYPEDEF:
        ref->type = d->type.type;
        ref->alias = d;
        break;
    case DECL_INTERFACE:
        error_at(&p->u->diag, ref->at,
            "'%s' is an interface: only data can be passed", d->name);
        break;
    default:
        error_at(&p->u->diag, ref->at, "expected a type, but '%s' is %s",
            d->name, decl_kind_text(d->kind));
        break;
    }
    return true;
}

/* The simple types that are one word. */
static bool
find_basic(word w, type_kind *ret_kind)
{
    static const struct {
        word word;
        type_kind kind;
    } table[] = {
        { WORD_BOOLEAN, TYPE_BOOL },
        { WORD_OCTET, TYPE_U8 },
        { WORD_UINT8, TYPE_U8 },
        { WORD_INT8, TYPE_I8 },
        { WORD_UINT16, TYPE_U16 },
        { WORD_INT16, TYPE_I16 },
        { WORD_UINT32, TYPE_U32 },
        { WORD_INT32, TYPE_I32 },
        { WORD_UINT64, TYPE_U64 },
        { WORD_INT64, TYPE_I64 },
        { WORD_FLOAT, TYPE_F32 },
        { WORD_DOUBLE, TYPE_F64 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        if (table[i].word == w) {
            *ret_kind = table[i].kind;
            return true;
        }
    }
    return false;
}

static bool
parse_type_inner(parser *p, type_ref *ref)
{
    type_kind kind;

    if (p->tok.kind == TOKEN_NAME && find_basic(p->tok.word, &kind)) {
        set_basic(p, ref, kind);
        return true;
    }
    if (at_word(p, WORD_UNSIGNED)) {
        advance(p);
        return parse_classic_integer(p, ref, true);
    }
    if (at_word(p, WORD_SHORT) || at_word(p, WORD_LONG)) {
        return parse_classic_integer(p, ref, false);
    }
    if (at_word(p, WORD_STRING)) {
        return parse_string_type(p, ref);
    }
    if (at_word(p, WORD_SEQUENCE)) {
        return parse_sequence_type(p, ref);
    }
    if (at_word(p, WORD_MAP)) {
        return parse_map_type(p, ref);
    }
    if (at_word(p, WORD_VOID)) {
        error_at(&p->u->diag, p->tok.at,
            "'void' is only the result of an operation");
        return false;
    }
    if (p->tok.kind == TOKEN_NAME && reject_word(p)) {
        return false;
    }
    if ((p->tok.kind == TOKEN_NAME && p->tok.word == WORD_NONE) ||
        at_punct(p, PUNCT_SCOPE)) {
        return parse_named_type(p, ref);
    }
    if (at_type_declaration(p) && !at_word(p, WORD_CONST) &&
        !at_word(p, WORD_TYPEDEF)) {
        error_at(&p->u->diag, p->tok.at,
            "expected a type; declare the %s before, and use its name here",
            p->tok.name);
        return false;
    }
    return expected(p, "a type");
}

bool
parse_type(parser *p, type_ref *ret_type)
{
    *ret_type = (type_ref){ .at = p->tok.at };
    if (at_punct(p, '@')) {
        error_at(&p->u->diag, p->tok.at,
            "annotations belong before the declaration, not before a type");
        return false;
    }
    /* One more than types may have levels: the innermost has none. */
    if (!enter_nested(p, &p->type_depth, NESTING_MAX + 1)) {
        return false;
    }
    bool ok = parse_type_inner(p, ret_type);

    p->type_depth--;
    return ok;
}

bool
parse_array_bounds(parser *p, type_ref *ref)
{
    enum { DIMENSIONS_MAX = 8 };
    uint32_t bounds[DIMENSIONS_MAX];
    size_t n = 0;

    while (at_punct(p, '[')) {
        if (n == DIMENSIONS_MAX) {
            error_at(&p->u->diag, p->tok.at,
                "arrays have at most %d dimensions", DIMENSIONS_MAX);
            return false;
        }
        advance(p);
        if (!parse_bound(p, &bounds[n]) ||
            !expect_punct(p, ']', "after the array's bound")) {
            return false;
        }
        if (bounds[n++] == 0) {
            ref->type = NULL; /* reported */
        }
    }
    if (n > 0) {
        require_complete(p, ref);
    }
    while (n-- > 0 && ref->type != NULL) {
        ref->type = type_array(p->u, ref->type, bounds[n]);
        require_limits(p, ref);
    }
    return true;
}

static void
make_external(parser *p, type_ref *ref, const annotations *notes)
{
    const type *t = ref->type;

    if (t->kind == TYPE_STRING || t->kind == TYPE_REF) {
        error_at(&p->u->diag, notes->at[NOTE_EXTERNAL],
            "%s is a pointer already and needs no @external", t->idl);
        return;
    }
    if (t->kind == TYPE_STRING_N || t->kind == TYPE_ARRAY) {
        error_at(&p->u->diag, notes->at[NOTE_EXTERNAL],
            "%s cannot be @external; put it in a struct that is", t->idl);
        return;
    }
    if (notes->optional || t->complete) {
        ref->type = type_box(p->u, t);
        ref->alias = NULL;
    }
}

void
apply_type_notes(parser *p, type_ref *ref, const annotations *notes)
{
    if (ref->type != NULL && notes->unique) {
        const type *twin = type_unique(p->u, ref->type);

        if (twin == NULL) {
            error_at(&p->u->diag, notes->at[NOTE_UNIQUE],
                "@mw::unique is for a valuetype, or a sequence, array or map "
                "of one, not for %s",
                ref->type->idl);
        } else {
            ref->type = twin;
            ref->alias = NULL;
        }
    }
    if (ref->type != NULL && notes->external) {
        make_external(p, ref, notes);
    }
    require_complete(p, ref);
}
