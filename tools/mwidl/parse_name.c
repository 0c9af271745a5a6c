/* SPDX-License-Identifier: MIT */
/*
 * Scoped names and what they mean.
 */
#include <string.h>

#include "parser.h"

static bool
is_scope(const decl *d)
{
    return d->kind == DECL_MODULE || d->kind == DECL_INTERFACE ||
           d->kind == DECL_ROOT;
}

/* A name that does not exist, as far as this scope is concerned. */
static void
report_unknown(parser *p, place at, const decl *scope, const char *name)
{
    unit *u = p->u;
    const decl *other = scope_find(u, scope, name);
    const char *like = other != NULL ? other->name : scope_suggest(scope, name);
    const char *in = scope == p->scope || scope->kind == DECL_ROOT
                         ? ""
                         : arena_format(&u->mem, " in '%s'", scope->idl);

    if (like != NULL) {
        error_at(&u->diag, at, "unknown name '%s'%s; did you mean '%s'?", name,
            in, like);
    } else {
        error_at(&u->diag, at, "unknown name '%s'%s", name, in);
    }
}

/* Operations are in their interface's scope but cannot be referred to. */
static decl *
find_exact(unit *u, const decl *scope, const char *name)
{
    decl *d = scope_find(u, scope, name);

    return d != NULL && strcmp(d->name, name) == 0 ? d : NULL;
}

static decl *
find_outward(unit *u, const decl *scope, const char *name)
{
    for (; scope != NULL; scope = scope->scope) {
        decl *d = find_exact(u, scope, name);

        if (d != NULL) {
            return d;
        }
    }
    return NULL;
}

/* The part of a scoped name behind a "::". */
static decl *
find_inside(parser *p, place at, const decl *scope, const char *name)
{
    if (scope->kind == DECL_ENUM) {
        error_at(&p->u->diag, at,
            "an enumerator is named in the scope around its enum: write '%s' "
            "without '%s::'",
            name, scope->name);
        return NULL;
    }
    if (scope->kind == DECL_BITMASK) {
        error_at(&p->u->diag, at,
            "a bit is named in the scope around its bitmask: write '%s' "
            "without '%s::'",
            name, scope->name);
        return NULL;
    }
    if (!is_scope(scope)) {
        error_at(&p->u->diag, at, "'%s' is %s and has no names inside",
            scope->name, decl_kind_text(scope->kind));
        return NULL;
    }
    decl *d = find_exact(p->u, scope, name);

    if (d == NULL) {
        report_unknown(p, at, scope, name);
    }
    return d;
}

bool
parse_scoped_name(parser *p, decl **ret_decl, place *ret_at)
{
    const char *name;
    place at = p->tok.at;
    bool from_root = accept_punct(p, PUNCT_SCOPE);
    decl *found = NULL;
    bool failed = false;

    *ret_at = at;
    for (bool first = true; first || accept_punct(p, PUNCT_SCOPE);
         first = false) {
        if (!parse_new_name(p, "a name", &name, &at)) {
            return false;
        }
        if (failed) {
            continue;
        }
        if (first && !from_root) {
            found = find_outward(p->u, p->scope, name);
            if (found == NULL) {
                report_unknown(p, at, p->scope, name);
            }
        } else {
            found = find_inside(p, at, first ? &p->u->root : found, name);
        }
        failed = found == NULL;
        *ret_at = at;
    }
    *ret_decl = found;
    return true;
}
