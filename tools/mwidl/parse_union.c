/* SPDX-License-Identifier: MIT */
/*
 * Unions.
 */
#include "check.h"
#include "parser.h"

static bool
parse_tag(parser *p, decl *d)
{
    if (!accept_word(p, WORD_SWITCH)) {
        return expected(p, "'switch' after the union's name");
    }
    if (!expect_punct(p, '(', "after 'switch'") || !parse_type(p, &d->tag) ||
        !expect_punct(p, ')', "after the type of the tag")) {
        return false;
    }
    check_tag(p->u, d);
    return true;
}

/* "case A: case B: default:", at least one of them. */
static bool
parse_labels(parser *p, const decl *d, case_label **ret_labels)
{
    case_label **end = ret_labels;
    bool found = false;

    while (at_word(p, WORD_CASE) || at_word(p, WORD_DEFAULT)) {
        case_label *l = arena_alloc(&p->u->mem, sizeof(*l));

        found = true;
        l->is_default = at_word(p, WORD_DEFAULT);
        l->value.at = p->tok.at;
        advance(p);
        if (!l->is_default && !parse_const(p, d->tag.type, &l->value)) {
            return false;
        }
        if (!expect_punct(p, ':', "after the label")) {
            return false;
        }
        if (l->is_default || (d->tag.type != NULL &&
                                 value_convert(p->u, &l->value, d->tag.type))) {
            *end = l;
            end = &l->next;
        }
    }
    return found || expected(p, "'case', 'default' or '}'");
}

static bool
parse_declarator(parser *p, decl *d, const case_label *labels,
    const annotations *notes, const char *doc)
{
    type_ref ref;
    const char *name;
    place at;

    if (!parse_type(p, &ref) ||
        !parse_new_name(p, "the arm's name", &name, &at) ||
        !parse_array_bounds(p, &ref)) {
        return false;
    }
    if (at_punct(p, ',')) {
        error_at(&p->u->diag, p->tok.at,
            "an arm has one name; for several values of one kind use an array "
            "or a struct");
        return false;
    }
    decl *arm = decl_new(p->u, d, DECL_MEMBER, name, at);

    arm->doc = doc;
    arm->notes = *notes;
    arm->type = ref;
    arm->labels = labels;
    apply_type_notes(p, &arm->type, notes);
    decl_enter(p->u, arm, d);
    if (!expect_punct(p, ';', "after the arm")) {
        return false;
    }
    take_doc_after(p, arm);
    return true;
}

static bool
parse_arm(parser *p, decl *d)
{
    annotations notes;
    const char *doc = p->tok.doc;
    case_label *labels = NULL;

    if (at_punct(p, '@')) {
        error_at(&p->u->diag, p->tok.at,
            "the annotations of an arm belong behind its labels");
        return false;
    }
    if (!parse_labels(p, d, &labels)) {
        return false;
    }
    doc = p->tok.doc != NULL ? p->tok.doc : doc;
    if (!parse_annotations(p, &notes)) {
        return false;
    }
    doc = p->tok.doc != NULL ? p->tok.doc : doc;
    check_arm_notes(p, &notes);
    return parse_declarator(p, d, labels, &notes, doc);
}

static bool
parse_arms(parser *p, decl *d)
{
    if (!expect_punct(p, '{', "after the type of the tag") ||
        !enter_nested(p, &p->depth, NESTING_MAX)) {
        return false;
    }
    while (!at_punct(p, '}') && p->tok.kind != TOKEN_END) {
        if (!parse_arm(p, d)) {
            recover(p);
        }
    }
    p->depth--;
    return expect_punct(p, '}', "at the end of the union");
}

bool
parse_union(parser *p, const char *doc)
{
    const char *name;
    place at;

    advance(p);
    if (!parse_new_name(p, "the union's name", &name, &at)) {
        return false;
    }
    bool forward = at_punct(p, ';');
    decl *d = open_struct(p, DECL_UNION, name, at, forward);

    if (forward) {
        return true;
    }
    d->doc = doc;
    unsigned errors = p->u->diag.errors;
    bool ok = parse_tag(p, d) && parse_arms(p, d);

    if (d->first == NULL && p->u->diag.errors == errors) {
        error_at(&p->u->diag, d->at, "a union has at least one arm");
    }
    /* Labels that are wrong leave gaps that are no mistakes. */
    check_union(p->u, d, p->u->diag.errors == errors);
    type_complete(d);
    check_struct_limits(p->u, d);
    unit_add_item(p->u, d);
    return ok;
}
