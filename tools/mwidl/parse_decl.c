/* SPDX-License-Identifier: MIT */
/*
 * Constants, typedefs, enums, bitmasks, structs, valuetypes and exceptions.
 */
#include <string.h>

#include "check.h"
#include "parser.h"

/* A new declaration of the current scope, entered under its name. */
static decl *
declare(parser *p, decl_kind kind, const char *name, place at, const char *doc)
{
    decl *d = decl_new(p->u, p->scope, kind, name, at);

    d->doc = doc;
    decl_enter(p->u, d, p->scope);
    return d;
}

bool
parse_const_decl(parser *p, const char *doc)
{
    type_ref ref;
    const char *name;
    place at;
    value v;

    advance(p);
    if (!parse_type(p, &ref) ||
        !parse_new_name(p, "the constant's name", &name, &at) ||
        !expect_punct(p, '=', "after the constant's name") ||
        !parse_const(p, ref.type, &v)) {
        return false;
    }
    value_convert(p->u, &v, ref.type);
    decl *d = declare(p, DECL_CONST, name, at, doc);

    d->type = ref;
    d->value = v;
    check_const(p->u, d);
    unit_add_item(p->u, d);
    return true;
}

bool
parse_typedef(parser *p, const char *doc)
{
    type_ref ref;

    advance(p);
    if (!parse_type(p, &ref)) {
        return false;
    }
    require_complete(p, &ref);
    do {
        type_ref own = ref;
        const char *name;
        place at;

        if (!parse_new_name(p, "the new type's name", &name, &at) ||
            !parse_array_bounds(p, &own)) {
            return false;
        }
        decl *d = declare(p, DECL_TYPEDEF, name, at, doc);

        d->type = own;
        unit_add_item(p->u, d);
    } while (accept_punct(p, ','));
    return true;
}

/* An enumerator, or a bit of a bitmask. */
static bool
parse_enumerator(parser *p, decl *owner)
{
    annotations notes;
    bool is_bit = owner->kind == DECL_BITMASK;
    decl_kind kind = is_bit ? DECL_BIT : DECL_ENUMERATOR;
    const char *doc = p->tok.doc;
    const char *name;
    place at;

    if (!parse_annotations(p, &notes)) {
        return false;
    }
    doc = p->tok.doc != NULL ? p->tok.doc : doc;
    check_note_targets(p, &notes, kind);
    if (!parse_new_name(
            p, is_bit ? "a bit's name" : "an enumerator's name", &name, &at)) {
        return false;
    }
    const decl *before = owner->last;
    decl *d = decl_new(p->u, owner, kind, name, at);

    d->doc = doc;
    d->notes = notes;
    decl_enter(p->u, d, owner->scope);
    if (is_bit) {
        check_bit(p->u, d, before);
    } else {
        check_enumerator(p->u, d, before);
    }
    return true;
}

/* Up to the '}'.  False after an error. */
static bool
parse_enumerators(parser *p, decl *d)
{
    bool ok = true;
    bool more = true;

    while (ok && more && !at_punct(p, '}')) {
        ok = parse_enumerator(p, d);
        if (ok) {
            more = accept_punct(p, ',');
            take_doc_after(p, d->last);
        }
    }
    if (ok && !at_punct(p, '}')) {
        ok = expected(p, arena_format(&p->u->mem, "'}' or ',' after %s",
                             decl_kind_text(d->last->kind)));
    }
    while (!ok && !at_punct(p, '}') && p->tok.kind != TOKEN_END) {
        recover(p);
    }
    return ok;
}

bool
parse_enum(parser *p, const annotations *notes, const char *doc, decl_kind kind)
{
    bool is_enum = kind == DECL_ENUM;
    const char *name;
    place at;

    advance(p);
    if (!parse_new_name(p, is_enum ? "the enum's name" : "the bitmask's name",
            &name, &at)) {
        return false;
    }
    decl *d = declare(p, kind, name, at, doc);

    d->notes = *notes;
    if (!is_enum && d->notes.bit_bound == 0) {
        d->notes.bit_bound = 32;
    }
    type_declared(p->u, d);
    if (!expect_punct(p, '{', "after the name") ||
        !enter_nested(p, &p->depth, NESTING_MAX)) {
        return false;
    }
    bool ok = parse_enumerators(p, d);

    p->depth--;
    if (ok && is_enum) {
        check_enum(p->u, d);
    } else if (ok) {
        check_bitmask(p->u, d);
    }
    if (!is_enum) {
        type_complete(d);
    }
    unit_add_item(p->u, d);
    return expect_punct(p, '}',
        is_enum ? "at the end of the enum" : "at the end of the bitmask");
}

/* The state of a valuetype is public; there is nothing else in it. */
static bool
parse_public(parser *p)
{
    if (at_word(p, WORD_PRIVATE)) {
        error_at(&p->u->diag, p->tok.at,
            "members of a valuetype are public: what travels is seen at both "
            "ends");
        return false;
    }
    if (at_word(p, WORD_FACTORY)) {
        error_at(&p->u->diag, p->tok.at,
            "a valuetype has no factories: in C, ..._new() makes a node");
        return false;
    }
    if (at_word(p, WORD_VOID) || at_word(p, WORD_ONEWAY)) {
        error_at(&p->u->diag, p->tok.at,
            "a valuetype has no operations; an interface has");
        return false;
    }
    if (p->tok.kind == TOKEN_NAME && reject_word(p)) {
        return false;
    }
    return accept_word(p, WORD_PUBLIC) ||
           expected(p, "'public' before a member of a valuetype");
}

/* "int32 a, b[3];" */
static bool
parse_member(parser *p, decl *owner)
{
    annotations notes;
    const char *doc = p->tok.doc;
    type_ref ref;
    decl *before = owner->last;

    if (!parse_annotations(p, &notes)) {
        return false;
    }
    doc = p->tok.doc != NULL ? p->tok.doc : doc;
    check_note_targets(p, &notes, DECL_MEMBER);
    if ((owner->kind == DECL_VALUETYPE && !parse_public(p)) ||
        !parse_type(p, &ref)) {
        return false;
    }
    do {
        type_ref own = ref;
        const char *name;
        place at;

        if (!parse_new_name(p, "the member's name", &name, &at) ||
            !parse_array_bounds(p, &own)) {
            return false;
        }
        if (at_punct(p, '(')) {
            error_at(&p->u->diag, at,
                "'%s' would be an operation, which only an interface has",
                name);
            return false;
        }
        decl *d = decl_new(p->u, owner, DECL_MEMBER, name, at);

        d->doc = doc;
        d->type = own;
        apply_type_notes(p, &d->type, &notes);
        d->notes = notes;
        decl_enter(p->u, d, owner);
    } while (accept_punct(p, ','));
    if (!expect_punct(p, ';', "after the member")) {
        return false;
    }
    for (decl *d = before == NULL ? owner->first : before->next; d != NULL;
         d = d->next) {
        take_doc_after(p, d);
    }
    return true;
}

static bool
parse_members(parser *p, decl *d)
{
    if (!expect_punct(p, '{', "after the name") ||
        !enter_nested(p, &p->depth, NESTING_MAX)) {
        return false;
    }
    while (!at_punct(p, '}') && p->tok.kind != TOKEN_END) {
        if (!parse_member(p, d)) {
            recover(p);
        }
    }
    p->depth--;
    return expect_punct(p, '}', "after the members");
}

decl *
open_struct(parser *p, decl_kind kind, const char *name, place at, bool forward)
{
    decl *d = scope_find(p->u, p->scope, name);

    if (d != NULL && d->kind == kind && strcmp(d->name, name) == 0 &&
        d->scope == p->scope && (forward || !d->complete)) {
        if (!forward) {
            d->at = at;
        }
        return d;
    }
    d = declare(p, kind, name, at, NULL);
    d->complete = false;
    d->used_early = kind == DECL_VALUETYPE;
    type_declared(p->u, d);
    return d;
}

/* What may stand between the name of a struct and its '{' elsewhere. */
static bool
reject_heading(parser *p, decl_kind kind)
{
    bool is_node = kind == DECL_VALUETYPE;

    if (at_punct(p, ':')) {
        error_at(&p->u->diag, p->tok.at,
            is_node ? "valuetypes cannot inherit; make the base a member"
                    : "structs and exceptions cannot inherit; make the base a "
                      "member");
        return true;
    }
    if (is_node && !at_word(p, WORD_SUPPORTS) &&
        (p->tok.kind == TOKEN_NAME || at_punct(p, PUNCT_SCOPE))) {
        error_at(&p->u->diag, p->tok.at,
            "a boxed valuetype is not part of libmw's IDL: give it members, or "
            "use @external @optional where it is used");
        return true;
    }
    return at_word(p, WORD_SUPPORTS) && reject_word(p);
}

/* The members are there; without any it is an error only if there was none
 * before. */
static void
complete_struct(parser *p, decl *d, unsigned errors)
{
    if (d->first == NULL && d->kind != DECL_EXCEPTION &&
        p->u->diag.errors == errors) {
        error_at(&p->u->diag, d->at, "%s has at least one member",
            decl_kind_text(d->kind));
    }
    check_struct(p->u, d);
    type_complete(d);
    check_struct_limits(p->u, d);
    unit_add_item(p->u, d);
}

bool
parse_struct(
    parser *p, const annotations *notes, const char *doc, decl_kind kind)
{
    const char *name;
    place at;

    advance(p);
    if (!parse_new_name(p, "the name of the type", &name, &at)) {
        return false;
    }
    bool forward = kind != DECL_EXCEPTION && at_punct(p, ';');
    decl *d = open_struct(p, kind, name, at, forward);

    if (forward) {
        return true;
    }
    d->notes = *notes;
    d->doc = doc;
    unsigned errors = p->u->diag.errors;
    bool ok = !reject_heading(p, kind) && parse_members(p, d);

    complete_struct(p, d, errors);
    return ok;
}
