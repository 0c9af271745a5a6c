/* SPDX-License-Identifier: MIT */
/*
 * Interfaces and their operations.
 */
#include <string.h>

#include "check.h"
#include "parser.h"

static bool
parse_direction(parser *p, direction *ret_dir)
{
    if (accept_word(p, WORD_IN)) {
        *ret_dir = DIR_IN;
    } else if (accept_word(p, WORD_OUT)) {
        *ret_dir = DIR_OUT;
    } else if (accept_word(p, WORD_INOUT)) {
        *ret_dir = DIR_INOUT;
    } else {
        return expected(p, "in, out or inout");
    }
    return true;
}

static bool
parse_param(parser *p, decl *op)
{
    annotations notes;
    direction dir = DIR_IN;
    type_ref ref;
    const char *name;
    place at;

    if (!parse_annotations(p, &notes)) {
        return false;
    }
    check_note_targets(p, &notes, DECL_PARAM);
    if (!parse_direction(p, &dir) || !parse_type(p, &ref)) {
        return false;
    }
    apply_type_notes(p, &ref, &notes);
    if (!parse_new_name(p, "the parameter's name", &name, &at)) {
        return false;
    }
    if (at_punct(p, '[')) {
        error_at(&p->u->diag, p->tok.at,
            "a parameter cannot have array bounds; make a typedef of the "
            "array");
        return false;
    }
    decl *d = decl_new(p->u, op, DECL_PARAM, name, at);

    d->dir = dir;
    d->type = ref;
    d->notes = notes;
    decl_enter(p->u, d, op);
    return true;
}

static bool
parse_params(parser *p, decl *op)
{
    if (!expect_punct(p, '(', "after the operation's name")) {
        return false;
    }
    if (accept_punct(p, ')')) {
        return true;
    }
    do {
        if (!parse_param(p, op)) {
            return false;
        }
    } while (accept_punct(p, ','));
    return expect_punct(p, ')', "or ',' after a parameter");
}

static bool
parse_raises(parser *p, decl *op)
{
    decl_list **end = &op->raises;

    if (!expect_punct(p, '(', "after 'raises'")) {
        return false;
    }
    do {
        decl_list entry = { 0 };

        if (!parse_scoped_name(p, &entry.decl, &entry.at)) {
            return false;
        }
        if (entry.decl != NULL && check_raised(p->u, op, &entry)) {
            *end = arena_alloc(&p->u->mem, sizeof(entry));
            **end = entry;
            end = &(*end)->next;
        }
    } while (accept_punct(p, ','));
    return expect_punct(p, ')', "or ',' after an exception");
}

static bool
parse_op_tail(parser *p, decl *op)
{
    if (accept_word(p, WORD_RAISES) && !parse_raises(p, op)) {
        return false;
    }
    if (at_word(p, WORD_CONTEXT)) {
        reject_word(p);
        return false;
    }
    return true;
}

static bool
parse_op(parser *p, const annotations *notes, const char *doc)
{
    place oneway_at = p->tok.at;
    bool oneway = accept_word(p, WORD_ONEWAY);
    type_ref result = { .at = p->tok.at };
    bool is_void = accept_word(p, WORD_VOID);
    const char *name;
    place at;

    if (!is_void) {
        if (!parse_type(p, &result)) {
            return false;
        }
        require_complete(p, &result);
    }
    if (!parse_new_name(p, "the operation's name", &name, &at)) {
        return false;
    }
    check_note_targets(p, notes, DECL_OP);
    check_inherited_name(p->u, p->scope, name, at);
    decl *op = decl_new(p->u, p->scope, DECL_OP, name, at);

    op->doc = doc;
    op->notes = *notes;
    op->type = result;
    op->oneway = oneway;
    decl_enter(p->u, op, p->scope);
    bool ok = parse_params(p, op) && parse_op_tail(p, op);

    check_op(p->u, op, oneway_at, is_void);
    return ok;
}

static bool
parse_export(parser *p)
{
    annotations notes;
    const char *doc = p->tok.doc;

    if (at_word(p, WORD_MODULE) || at_word(p, WORD_INTERFACE)) {
        error_at(&p->u->diag, p->tok.at,
            "modules and interfaces cannot be inside an interface");
        return false;
    }
    if (!parse_annotations(p, &notes)) {
        return false;
    }
    doc = p->tok.doc != NULL ? p->tok.doc : doc;
    if (at_type_declaration(p)) {
        return parse_declaration(p, &notes, doc);
    }
    return parse_op(p, &notes, doc) &&
           expect_punct(p, ';', "after the operation");
}

static bool
parse_base(parser *p, decl *d)
{
    decl *base;
    place at;

    if (!accept_punct(p, ':')) {
        return true;
    }
    if (!parse_scoped_name(p, &base, &at)) {
        return false;
    }
    if (base != NULL) {
        check_base(p->u, d, base, at);
    }
    if (at_punct(p, ',')) {
        error_at(&p->u->diag, p->tok.at, "an interface has at most one base");
        return false;
    }
    return true;
}

static decl *
open_interface(parser *p, const char *name, place at, bool forward)
{
    decl *d = scope_find(p->u, p->scope, name);

    if (d != NULL && d->kind == DECL_INTERFACE && strcmp(d->name, name) == 0 &&
        (forward || !d->complete)) {
        if (!forward) {
            d->at = at;
        }
        return d;
    }
    d = decl_new(p->u, p->scope, DECL_INTERFACE, name, at);
    decl_enter(p->u, d, p->scope);
    d->complete = false;
    return d;
}

bool
parse_interface(parser *p, const annotations *notes, const char *doc)
{
    const char *name;
    place at;

    advance(p);
    if (!parse_new_name(p, "the interface's name", &name, &at)) {
        return false;
    }
    bool forward = at_punct(p, ';');
    decl *d = open_interface(p, name, at, forward);

    if (forward) {
        return true;
    }
    d->notes = *notes;
    d->doc = doc;
    bool ok = parse_base(p, d) &&
              expect_punct(p, '{', "after the interface's name") &&
              enter_nested(p, &p->depth, NESTING_MAX);

    if (ok) {
        decl *outer = p->scope;

        p->scope = d;
        while (!at_punct(p, '}') && p->tok.kind != TOKEN_END) {
            if (!parse_export(p)) {
                recover(p);
            } else if (d->last != NULL) {
                take_doc_after(p, d->last);
            }
        }
        p->scope = outer;
        p->depth--;
        ok = expect_punct(p, '}', "at the end of the interface");
    }
    d->complete = true;
    check_interface(p->u, d);
    unit_add_item(p->u, d);
    return ok;
}
