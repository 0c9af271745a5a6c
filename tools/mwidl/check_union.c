/* SPDX-License-Identifier: MIT */
/*
 * Checks of unions and bitmasks.
 */
#include <stdlib.h>

#include "check.h"

void
check_bit(unit *u, decl *d, const decl *before)
{
    uint64_t position = 0;

    if (d->notes.has_position) {
        position = d->notes.position;
    } else if (before != NULL) {
        position = before->value.magnitude + 1;
    }
    uint32_t bound = d->scope->notes.bit_bound;

    d->value = (value){ .kind = VALUE_INTEGER, .at = d->at };
    if (position >= bound) {
        error_at(&u->diag, d->at,
            "'%s' is at position %llu, but '%s' has %u bits, counted from 0; "
            "@bit_bound gives it up to %d",
            d->name, (unsigned long long) position, d->scope->name, bound,
            BITS_MAX);
        d->value.kind = VALUE_NONE;
        return;
    }
    d->value.magnitude = position;
}

void
check_bitmask(unit *u, const decl *d)
{
    const decl *at[BITS_MAX] = { NULL };

    if (d->n_children == 0) {
        error_at(&u->diag, d->at, "a bitmask has at least one bit");
    }
    for (const decl *bit = d->first; bit != NULL; bit = bit->next) {
        const decl **old = &at[bit->value.magnitude];

        if (bit->value.kind == VALUE_INTEGER && *old != NULL) {
            error_at(&u->diag, bit->at, "'%s' has the position %llu of '%s'",
                bit->name, (unsigned long long) bit->value.magnitude,
                (*old)->name);
        }
        if (bit->value.kind == VALUE_INTEGER) {
            *old = bit;
        }
    }
}

void
check_tag(unit *u, decl *d)
{
    const type *t = d->tag.type;

    if (t != NULL && !type_is_integer(t) && t->kind != TYPE_BOOL &&
        t->kind != TYPE_ENUM) {
        error_at(&u->diag, d->tag.at,
            "the tag of a union is an integer, boolean or enum; this is %s",
            t->idl);
        d->tag.type = NULL;
    }
}

/* The tag of a label. */
static int64_t
tag_of(const value *label)
{
    const value *v =
        label->kind == VALUE_ENUM ? &label->enumerator->value : label;

    return (int64_t) (v->negative ? UINT64_C(0) - v->magnitude : v->magnitude);
}

static const char *
label_text(unit *u, const value *label)
{
    return label->kind == VALUE_ENUM ? label->enumerator->name
                                     : value_text(u, label);
}

static int
compare_cases(const void *a, const void *b)
{
    const union_case *x = a;
    const union_case *y = b;

    /* In the order of declaration, for the message. */
    return x->tag != y->tag ? (x->tag > y->tag ? 1 : -1)
                            : (x->label->at.offset > y->label->at.offset) -
                                  (x->label->at.offset < y->label->at.offset);
}

/* Counts the arms and their cases, and finds the one for all other tags. */
static void
number_arms(unit *u, decl *d, place *ret_default_at)
{
    uint32_t position = 0;

    for (decl *arm = d->first; arm != NULL; arm = arm->next) {
        arm->id = position++;
        for (const case_label *l = arm->labels; l != NULL; l = l->next) {
            if (l->is_default && d->default_arm != NULL) {
                error_at(&u->diag, l->value.at,
                    "a second 'default'; the first selects '%s'",
                    d->default_arm->name);
            } else if (l->is_default) {
                d->default_arm = arm;
                *ret_default_at = l->value.at;
            } else {
                d->n_cases++;
            }
        }
    }
}

static void
sort_cases(unit *u, decl *d)
{
    size_t n = 0;

    d->cases = arena_alloc(&u->mem, (d->n_cases + 1) * sizeof(*d->cases));
    for (const decl *arm = d->first; arm != NULL; arm = arm->next) {
        for (const case_label *l = arm->labels; l != NULL; l = l->next) {
            if (!l->is_default) {
                d->cases[n++] =
                    (union_case){ tag_of(&l->value), &l->value, arm };
            }
        }
    }
    qsort(d->cases, n, sizeof(*d->cases), compare_cases);
    for (size_t i = 1; i < n; i++) {
        if (d->cases[i].tag == d->cases[i - 1].tag) {
            error_at(&u->diag, d->cases[i].label->at,
                "the label '%s' selects '%s' already",
                label_text(u, d->cases[i].label), d->cases[i - 1].arm->name);
        }
    }
}

/* How many values a tag can have, up to 16 bits; 0: more. */
static uint64_t
count_tags(const type *t)
{
    switch (t->kind) {
    case TYPE_BOOL:
        return 2;
    case TYPE_ENUM:
        return t->decl->n_children;
    default:
        return t->size <= 2 ? UINT64_C(1) << (8 * t->size) : 0;
    }
}

void
check_union(unit *u, decl *d, bool whole)
{
    place default_at = { 0 };
    unsigned errors = u->diag.errors;

    if (d->n_children > MEMBERS_MAX) {
        error_at(&u->diag, d->at, "'%s' has more than %d arms", d->name,
            MEMBERS_MAX);
        return;
    }
    number_arms(u, d, &default_at);
    if (d->n_cases > ENUMERATORS_MAX) {
        error_at(&u->diag, d->at, "'%s' has more than %d labels", d->name,
            ENUMERATORS_MAX);
        return;
    }
    sort_cases(u, d);
    for (decl *arm = d->first; arm != NULL; arm = arm->next) {
        check_arm(u, arm);
    }
    if (whole && u->diag.errors == errors && d->tag.type != NULL &&
        d->default_arm != NULL && d->n_cases == count_tags(d->tag.type)) {
        error_at(&u->diag, default_at,
            "'default' selects nothing: every %s has a label",
            d->tag.type->idl);
    }
}
