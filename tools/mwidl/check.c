/* SPDX-License-Identifier: MIT */
/*
 * Checks of declarations.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "names.h"

void
check_const(unit *u, const decl *d)
{
    if (d->scope->kind == DECL_ROOT) {
        error_at(&u->diag, d->at,
            "a constant must be inside a module: in C it becomes a macro, and "
            "'%s' could be anything",
            d->name);
    }
}

void
check_enumerator(unit *u, decl *d, const decl *before)
{
    const type *int32 = type_basic(u, TYPE_I32);

    d->value = (value){ .kind = VALUE_INTEGER, .at = d->at };
    if (d->notes.number.kind != VALUE_NONE) {
        d->value = d->notes.number;
    } else if (before != NULL && before->value.kind == VALUE_INTEGER) {
        d->value = before->value;
        d->value.at = d->at;
        d->value.magnitude += before->value.negative ? UINT64_MAX : 1;
        d->value.negative = d->value.negative && d->value.magnitude > 0;
    }
    value_convert(u, &d->value, int32);
}

static int
compare_values(const void *a, const void *b)
{
    const decl *const *x = a;
    const decl *const *y = b;
    int order = value_compare(&(*x)->value, &(*y)->value);

    /* In the order of declaration, for the message. */
    return order != 0 ? order
                      : ((*x)->at.offset > (*y)->at.offset) -
                            ((*x)->at.offset < (*y)->at.offset);
}

static int
compare_ids(const void *a, const void *b)
{
    const decl *const *x = a;
    const decl *const *y = b;

    return (*x)->id != (*y)->id ? ((*x)->id > (*y)->id ? 1 : -1)
                                : ((*x)->at.offset > (*y)->at.offset) -
                                      ((*x)->at.offset < (*y)->at.offset);
}

/* The children of d that have a value or type, sorted. */
static const decl **
sorted_children(
    unit *u, const decl *d, int (*compare)(const void *, const void *))
{
    const decl **sorted =
        arena_alloc(&u->mem, (d->n_children + 1) * sizeof(const decl *));
    size_t n = 0;

    for (const decl *child = d->first; child != NULL; child = child->next) {
        sorted[n++] = child;
    }
    qsort(sorted, n, sizeof(const decl *), compare);
    return sorted;
}

void
check_enum(unit *u, decl *d)
{
    if (d->n_children == 0) {
        error_at(&u->diag, d->at, "an enum has at least one enumerator");
        return;
    }
    if (d->n_children > ENUMERATORS_MAX) {
        error_at(&u->diag, d->at, "an enum has at most %d enumerators",
            ENUMERATORS_MAX);
        return;
    }
    const decl **sorted = sorted_children(u, d, compare_values);

    for (size_t i = 1; i < d->n_children; i++) {
        if (sorted[i]->value.kind == VALUE_INTEGER &&
            sorted[i - 1]->value.kind == VALUE_INTEGER &&
            value_compare(&sorted[i]->value, &sorted[i - 1]->value) == 0) {
            error_at(&u->diag, sorted[i]->at, "'%s' has the value %s of '%s'",
                sorted[i]->name, value_text(u, &sorted[i]->value),
                sorted[i - 1]->name);
        }
    }
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
            "@default is for numbers, booleans, strings and enums, '%s' is %s",
            m->name, t->idl);
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
    if (m->scope->kind == DECL_EXCEPTION) {
        error_at(&u->diag, at, "@key is for members of structs");
    } else if (m->notes.optional) {
        error_at(&u->diag, at, "an @optional member cannot be the @key");
    } else if (t->kind > TYPE_STRING_N) {
        error_at(&u->diag, at,
            "a @key is a number, boolean, string or enum, '%s' is %s", m->name,
            t->idl);
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
    const decl **sorted = sorted_children(u, d, compare_ids);

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
    if (d->notes.final && d->notes.appendable) {
        error_at(&u->diag, d->notes.at[NOTE_FINAL],
            "@final and @appendable exclude each other");
    }
    for (decl *m = d->first; m != NULL; m = m->next) {
        check_default(u, m);
        check_range(u, m);
        check_key(u, m);
    }
    check_members_together(u, d);
}

void
check_struct_limits(unit *u, decl *d)
{
    if (d->own->size > VALUE_SIZE_MAX) {
        error_at(&u->diag, d->at,
            "'%s' takes %llu bytes by value, more than %d; use unbounded "
            "sequences or strings",
            d->name, (unsigned long long) d->own->size, VALUE_SIZE_MAX);
    } else if (d->own->depth > NESTING_MAX) {
        error_at(&u->diag, d->at, "'%s' is nested deeper than %d levels",
            d->name, NESTING_MAX);
    }
}

bool
check_raised(unit *u, const decl *op, const decl_list *raised)
{
    if (raised->decl->kind != DECL_EXCEPTION) {
        error_at(&u->diag, raised->at, "'%s' is %s; only exceptions are raised",
            raised->decl->name, decl_kind_text(raised->decl->kind));
        return false;
    }
    for (const decl_list *r = op->raises; r != NULL; r = r->next) {
        if (r->decl == raised->decl) {
            error_at(&u->diag, raised->at, "'%s' is listed twice",
                raised->decl->name);
            return false;
        }
    }
    return true;
}

void
check_inherited_name(unit *u, const decl *interface, const char *name, place at)
{
    const decl *other =
        interface->base == NULL ? NULL : scope_find(u, interface->base, name);

    if (other != NULL) {
        error_at(&u->diag, at,
            "'%s' is inherited from '%s' and cannot be declared again", name,
            other->scope->name);
    }
}

void
check_op(unit *u, decl *op, place oneway_at, bool is_void)
{
    if (op->n_children > PARAMS_MAX) {
        error_at(&u->diag, op->at, "an operation has at most %d parameters",
            PARAMS_MAX);
    }
    if (!op->oneway) {
        return;
    }
    if (!is_void) {
        error_at(&u->diag, oneway_at,
            "a oneway operation returns void: nobody waits for a result");
    }
    if (op->raises != NULL) {
        error_at(&u->diag, op->raises->at,
            "a oneway operation cannot raise: nobody waits for it");
    }
    for (const decl *param = op->first; param != NULL; param = param->next) {
        if (param->dir != DIR_IN) {
            error_at(&u->diag, param->at,
                "a oneway operation has only 'in' parameters: nobody waits "
                "for '%s'",
                param->name);
        }
    }
}

unsigned
count_ops(const decl *interface)
{
    unsigned n = 0;

    for (; interface != NULL; interface = interface->base) {
        for (const decl *d = interface->first; d != NULL; d = d->next) {
            n += d->kind == DECL_OP;
        }
    }
    return n;
}

void
check_base(unit *u, decl *d, decl *base, place at)
{
    unsigned levels = 1;

    if (base->kind != DECL_INTERFACE) {
        error_at(&u->diag, at,
            "'%s' is %s; the base of an interface is an "
            "interface",
            base->name, decl_kind_text(base->kind));
        return;
    }
    if (base == d) {
        error_at(&u->diag, at, "'%s' cannot inherit from itself", d->name);
        return;
    }
    if (!base->complete) {
        error_at(&u->diag, at,
            "'%s' must be defined before it can be inherited from", base->name);
        return;
    }
    for (const decl *b = base; b != NULL; b = b->base) {
        levels++;
    }
    if (levels > NESTING_MAX) {
        error_at(
            &u->diag, at, "inheritance is deeper than %d levels", NESTING_MAX);
        return;
    }
    d->base = base;
}

void
check_interface(unit *u, decl *d)
{
    if (count_ops(d) > MEMBERS_MAX) {
        error_at(&u->diag, d->at,
            "'%s' has more than %d operations with the inherited ones", d->name,
            MEMBERS_MAX);
    }
}

static void
check_defined(unit *u, const decl *scope)
{
    for (const decl *d = scope->first; d != NULL; d = d->next) {
        if (!d->complete) {
            error_at(
                &u->diag, d->at, "'%s' is declared but never defined", d->name);
        }
        if (d->kind == DECL_MODULE || d->kind == DECL_INTERFACE) {
            check_defined(u, d);
        }
    }
}

void
check_unit(unit *u)
{
    check_defined(u, &u->root);
    if (u->diag.errors == 0) {
        names_register(u);
    }
}
