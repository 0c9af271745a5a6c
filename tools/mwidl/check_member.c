/* SPDX-License-Identifier: MIT */
/*
 * Checks of members, and of structs by their members.
 */
#include "check.h"

static int
compare_ids(const void *a, const void *b)
{
    const decl *const *x = a;
    const decl *const *y = b;

    return (*x)->id != (*y)->id ? ((*x)->id > (*y)->id ? 1 : -1)
                                : ((*x)->at.offset > (*y)->at.offset) -
                                      ((*x)->at.offset < (*y)->at.offset);
}

static void
check_range(unit *u, decl *m)
{
    annotations *notes = &m->notes;
    const type *t = m->type.type;
    place at = notes->at[NOTE_RANGE].file != NULL ? notes->at[NOTE_RANGE]
               : notes->at[NOTE_MIN].file != NULL ? notes->at[NOTE_MIN]
                                                  : notes->at[NOTE_MAX];

    if (at.file == NULL || t == NULL) {
        return;
    }
    if (notes->at[NOTE_RANGE].file != NULL &&
        (notes->at[NOTE_MIN].file != NULL ||
            notes->at[NOTE_MAX].file != NULL)) {
        error_at(&u->diag, at, "@range and @min or @max say the same");
        return;
    }
    if (t->kind == TYPE_BOX) {
        error_at(&u->diag, at, "an @external member has no range");
        return;
    }
    if (!type_is_integer(t) && !type_is_float(t)) {
        error_at(&u->diag, at, "a range needs a number, '%s' is %s", m->name,
            t->idl);
        return;
    }
    bool has_min =
        notes->min.kind != VALUE_NONE && value_convert(u, &notes->min, t);
    bool has_max =
        notes->max.kind != VALUE_NONE && value_convert(u, &notes->max, t);

    if (has_min && has_max && value_compare(&notes->min, &notes->max) > 0) {
        error_at(&u->diag, notes->max.at,
            "the range is empty: its end is below its start");
        return;
    }
    const value *initial = &notes->initial;

    if (initial->kind != VALUE_NONE &&
        ((has_min && value_compare(initial, &notes->min) < 0) ||
            (has_max && value_compare(initial, &notes->max) > 0))) {
        error_at(&u->diag, initial->at, "the default is out of the range");
    }
}

static void
check_default(unit *u, decl *m)
{
    place at = m->notes.at[NOTE_DEFAULT];
    const type *t = m->type.type;

    if (at.file == NULL || t == NULL) {
        return;
    }
    if (t->kind > TYPE_STRING_N) {
        error_at(&u->diag, at,
            "@default is for numbers, booleans, strings, enums and bitmasks, "
            "'%s' is %s%s",
            m->name, t->kind == TYPE_BOX ? "an @external " : "", t->idl);
        m->notes.initial.kind = VALUE_NONE;
        return;
    }
    if (m->notes.optional) {
        error_at(&u->diag, at,
            "an @optional member is absent at first and has no @default");
    }
    if (m->notes.initial.kind != VALUE_NONE) {
        value_convert(u, &m->notes.initial, t);
    }
}

static void
check_key(unit *u, const decl *m)
{
    place at = m->notes.at[NOTE_KEY];
    const type *t = m->type.type;

    if (!m->notes.key || t == NULL) {
        return;
    }
    if (m->scope->kind != DECL_STRUCT) {
        error_at(&u->diag, at, "@key is for members of structs");
    } else if (m->notes.optional) {
        error_at(&u->diag, at, "an @optional member cannot be the @key");
    } else if (t->kind > TYPE_STRING_N || t->kind == TYPE_BITMASK) {
        error_at(&u->diag, at,
            "a @key is a number, boolean, string or enum, '%s' is %s%s",
            m->name, t->kind == TYPE_BOX ? "an @external " : "", t->idl);
    }
}

static void
check_optional(unit *u, const decl *m)
{
    const type *t = m->type.type;

    if (m->notes.optional && t != NULL && t->kind == TYPE_REF) {
        error_at(&u->diag, m->notes.at[NOTE_OPTIONAL],
            "'%s' is of the valuetype %s, which may be NULL anyway and is "
            "never @optional",
            m->name, t->idl);
    }
}

void
check_arm(unit *u, decl *arm)
{
    check_range(u, arm);
}

/* Not two of @final, @appendable and @mutable. */
static void
check_evolution(unit *u, const decl *d)
{
    const annotations *n = &d->notes;

    if (n->final && n->appendable) {
        error_at(&u->diag, n->at[NOTE_FINAL],
            "@final and @appendable exclude each other");
    }
    if (n->mutable && (n->final || n->appendable)) {
        error_at(&u->diag, n->at[NOTE_MUTABLE],
            "@mutable and @%s exclude each other",
            n->final ? "final" : "appendable");
    }
}

/* Not two keys, nor two ids that are the same. */
static void
check_members_together(unit *u, decl *d)
{
    const decl *key = NULL;
    uint32_t position = 0;

    for (decl *m = d->first; m != NULL; m = m->next, position++) {
        m->id = m->notes.has_id ? m->notes.id : position;
        if (m->notes.key && key != NULL) {
            error_at(&u->diag, m->at,
                "'%s' is a second @key, '%s' is one already", m->name,
                key->name);
        }
        key = m->notes.key ? m : key;
    }
    const decl **sorted = check_sorted(u, d, compare_ids);

    for (size_t i = 1; i < d->n_children; i++) {
        if (sorted[i]->id == sorted[i - 1]->id) {
            error_at(&u->diag, sorted[i]->at,
                "'%s' and '%s' both have the id %u; members without @id have "
                "their position, counted from 0",
                sorted[i - 1]->name, sorted[i]->name, sorted[i]->id);
        }
    }
}

void
check_struct(unit *u, decl *d)
{
    if (d->n_children > MEMBERS_MAX) {
        error_at(&u->diag, d->at, "'%s' has more than %d members", d->name,
            MEMBERS_MAX);
        return;
    }
    check_evolution(u, d);
    for (decl *m = d->first; m != NULL; m = m->next) {
        check_default(u, m);
        check_range(u, m);
        check_key(u, m);
        check_optional(u, m);
    }
    check_members_together(u, d);
}
