/* SPDX-License-Identifier: MIT */
/*
 * What a constant is worth in a given type.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ast.h"

/* The range of an integer type: -low to high. */
static void
integer_range(type_kind kind, uint64_t *ret_low, uint64_t *ret_high)
{
    static const struct {
        uint64_t low;
        uint64_t high;
    } table[] = {
        [TYPE_U8] = { 0, UINT8_MAX },
        [TYPE_I8] = { INT8_MAX + UINT64_C(1), INT8_MAX },
        [TYPE_U16] = { 0, UINT16_MAX },
        [TYPE_I16] = { INT16_MAX + UINT64_C(1), INT16_MAX },
        [TYPE_U32] = { 0, UINT32_MAX },
        [TYPE_I32] = { INT32_MAX + UINT64_C(1), INT32_MAX },
        [TYPE_U64] = { 0, UINT64_MAX },
        [TYPE_I64] = { INT64_MAX + UINT64_C(1), INT64_MAX },
    };

    *ret_low = table[kind].low;
    *ret_high = table[kind].high;
}

/* "READ | WRITE" */
static const char *
bits_text(unit *u, const value *v)
{
    const char *s = "";

    for (const decl *bit = v->bitmask->first; bit != NULL; bit = bit->next) {
        if ((v->magnitude & UINT64_C(1) << bit->value.magnitude) != 0) {
            s = arena_format(
                &u->mem, "%s%s%s", s, *s == '\0' ? "" : " | ", bit->name);
        }
    }
    return *s != '\0' ? s : "no bit";
}

/* "300", "a string", "TRUE" ... for messages. */
const char *
value_text(unit *u, const value *v)
{
    switch (v->kind) {
    case VALUE_INTEGER:
        return arena_format(&u->mem, "%s%llu", v->negative ? "-" : "",
            (unsigned long long) v->magnitude);
    case VALUE_FLOAT:
        return arena_format(&u->mem, "%g", v->number);
    case VALUE_BOOL:
        return v->magnitude != 0 ? "TRUE" : "FALSE";
    case VALUE_STRING:
        return "a string";
    case VALUE_ENUM:
        return arena_format(
            &u->mem, "the enumerator '%s'", v->enumerator->name);
    case VALUE_BITS:
        return arena_format(&u->mem, "%s of the bitmask '%s'", bits_text(u, v),
            v->bitmask->name);
    default:
        return "nothing";
    }
}

static bool
fail(value *v)
{
    v->kind = VALUE_NONE;
    return false;
}

static bool
mismatch(unit *u, value *v, const char *what)
{
    error_at(&u->diag, v->at, "expected %s, found %s", what, value_text(u, v));
    return fail(v);
}

static bool
to_integer(unit *u, value *v, const type *t)
{
    uint64_t low;
    uint64_t high;

    if (v->kind != VALUE_INTEGER) {
        return mismatch(u, v, "an integer");
    }
    integer_range(t->kind, &low, &high);
    if (v->magnitude > (v->negative ? low : high)) {
        error_at(&u->diag, v->at, "%s does not fit %s (%s%llu to %llu)",
            value_text(u, v), t->idl, low > 0 ? "-" : "",
            (unsigned long long) low, (unsigned long long) high);
        return fail(v);
    }
    return true;
}

static bool
to_float(unit *u, value *v, const type *t)
{
    if (v->kind == VALUE_INTEGER) {
        double x = (double) v->magnitude;

        v->number = v->negative ? -x : x;
        v->kind = VALUE_FLOAT;
    }
    if (v->kind != VALUE_FLOAT) {
        return mismatch(u, v, "a number");
    }
    if (t->kind == TYPE_F32) {
        if (fabs(v->number) > (double) FLT_MAX) {
            error_at(&u->diag, v->at, "%g does not fit float", v->number);
            return fail(v);
        }
        v->number = (double) (float) v->number;
    }
    return true;
}

static bool
to_string(unit *u, value *v, const type *t)
{
    if (v->kind != VALUE_STRING) {
        return mismatch(u, v, "a string");
    }
    if (t->kind == TYPE_STRING_N && strlen(v->string) > t->bound) {
        error_at(&u->diag, v->at, "this string of %zu bytes does not fit %s",
            strlen(v->string), t->idl);
        return fail(v);
    }
    return true;
}

static bool
to_bits(unit *u, value *v, const type *t)
{
    if (v->kind == VALUE_INTEGER && v->magnitude == 0) {
        v->kind = VALUE_BITS;
        v->bitmask = t->decl;
    }
    return (v->kind == VALUE_BITS && v->bitmask == t->decl) ||
           mismatch(u, v, arena_format(&u->mem, "bits of '%s' or 0", t->idl));
}

bool
value_convert(unit *u, value *v, const type *t)
{
    if (v->kind == VALUE_NONE || t == NULL) {
        return fail(v);
    }
    if (type_is_integer(t)) {
        return to_integer(u, v, t);
    }
    switch (t->kind) {
    case TYPE_F32:
    case TYPE_F64:
        return to_float(u, v, t);
    case TYPE_BOOL:
        return v->kind == VALUE_BOOL || mismatch(u, v, "TRUE or FALSE");
    case TYPE_STRING:
    case TYPE_STRING_N:
        return to_string(u, v, t);
    case TYPE_ENUM:
        return (v->kind == VALUE_ENUM && v->enumerator->scope == t->decl) ||
               mismatch(u, v,
                   arena_format(&u->mem, "an enumerator of '%s'", t->idl));
    case TYPE_BITMASK:
        return to_bits(u, v, t);
    default:
        error_at(&u->diag, v->at, "%s cannot have a constant value", t->idl);
        return fail(v);
    }
}

/* Of two numbers of one kind: less than 0, 0 or more, as they compare. */
int
value_compare(const value *a, const value *b)
{
    if (a->kind == VALUE_FLOAT) {
        return (a->number > b->number) - (a->number < b->number);
    }
    if (a->negative != b->negative) {
        return a->negative ? -1 : 1;
    }
    int order = (a->magnitude > b->magnitude) - (a->magnitude < b->magnitude);

    return a->negative ? -order : order;
}
