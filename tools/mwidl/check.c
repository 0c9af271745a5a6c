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

const decl **
check_sorted(unit *u, const decl *d, int (*compare)(const void *, const void *))
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
    const decl **sorted = check_sorted(u, d, compare_values);

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
        types_find_refs(u);
        check_writes(u);
        names_register(u);
    }
}
