/* SPDX-License-Identifier: MIT */
/*
 * Constants, typedefs, enums, structs and exceptions.
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

static bool
parse_enumerator(parser *p, decl *owner)
{
    annotations notes;
    const char *doc = p->tok.doc;
    const char *name;
    place at;

    if (!parse_annotations(p, &notes)) {
        return false;
    }
    doc = p->tok.doc != NULL ? p->tok.doc : doc;
    check_note_targets(p, &notes, DECL_ENUMERATOR);
    if (!parse_new_name(p, "an enumerator's name", &name, &at)) {
        return false;
    }
    const decl *before = owner->last;
    decl *d = decl_new(p->u, owner, DECL_ENUMERATOR, name, at);

    d->doc = doc;
    d->notes = notes;
    decl_enter(p->u, d, owner->scope);
    check_enumerator(p->u, d, before);
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
        ok = expected(p, "'}' or ',' after an enumerator");
    }
    while (!ok && !at_punct(p, '}') && p->tok.kind != TOKEN_END) {
        recover(p);
    }
    return ok;
}

bool
parse_enum(parser *p, const char *doc)
{
    const char *name;
    place at;

    advance(p);
    if (!parse_new_name(p, "the enum's name", &name, &at)) {
        return false;
    }
    decl *d = declare(p, DECL_ENUM, name, at, doc);

    type_declared(p->u, d);
    if (!expect_punct(p, '{', "after the enum's name") ||
        !enter_nested(p, &p->depth, NESTING_MAX)) {
        return false;
    }
    bool ok = parse_enumerators(p, d);

    p->depth--;
    if (ok) {
        check_enum(p->u, d);
    }
    unit_add_item(p->u, d);
    return expect_punct(p, '}', "at the end of the enum");
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
    if (!parse_type(p, &ref)) {
        return false;
    }
    require_complete(p, &ref);
    do {
        type_ref own = ref;
        const char *name;
        place at;

        if (!parse_new_name(p, "the member's name", &name, &at) ||
            !parse_array_bounds(p, &own)) {
            return false;
        }
        decl *d = decl_new(p->u, owner, DECL_MEMBER, name, at);

        d->doc = doc;
        d->type = own;
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

/* The declaration that a forward declaration or a definition makes or
 * completes. */
static decl *
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
    type_declared(p->u, d);
    return d;
}

static bool
reject_inheritance(parser *p)
{
    if (!at_punct(p, ':')) {
        return true;
    }
    error_at(&p->u->diag, p->tok.at,
        "structs and exceptions cannot inherit; make the base a member");
    return false;
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
    bool forward = kind == DECL_STRUCT && at_punct(p, ';');
    decl *d = open_struct(p, kind, name, at, forward);

    if (forward) {
        return true;
    }
    d->notes = *notes;
    d->doc = doc;
    unsigned errors = p->u->diag.errors;
    bool ok = reject_inheritance(p) && parse_members(p, d);

    if (d->first == NULL && kind == DECL_STRUCT &&
        p->u->diag.errors == errors) {
        error_at(&p->u->diag, d->at, "a struct has at least one member");
    }
    check_struct(p->u, d);
    type_complete(d);
    check_struct_limits(p->u, d);
    unit_add_item(p->u, d);
    return ok;
}
