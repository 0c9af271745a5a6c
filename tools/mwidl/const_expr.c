/* SPDX-License-Identifier: MIT */
/*
 * Constant expressions, evaluated while they are parsed.
 *
 * Integers are a sign and a magnitude of 64 bits, so that all of int64 and
 * uint64 fit and overflow is noticed.  A value of kind VALUE_NONE stands for
 * an error that was reported; it silences those that would follow from it.
 */
#include <math.h>
#include <string.h>

#include "parser.h"

typedef struct operation {
    int punct;
    unsigned level; /* binds tighter the higher */
} operation;

enum { SHIFT_RIGHT = 258 };

static const operation operators[] = {
    { '|', 1 },
    { '^', 2 },
    { '&', 3 },
    { PUNCT_SHIFT_LEFT, 4 },
    { SHIFT_RIGHT, 4 },
    { '+', 5 },
    { '-', 5 },
    { '*', 6 },
    { '/', 6 },
    { '%', 6 },
};

static bool parse_binary(
    parser *p, const type *target, unsigned level, value *ret);

static value
no_value(place at)
{
    return (value){ .kind = VALUE_NONE, .at = at };
}

static value
overflow(parser *p, place at)
{
    error_at(&p->u->diag, at, "this overflows 64 bits");
    return no_value(at);
}

static value
integer(parser *p, place at, bool negative, uint64_t magnitude)
{
    if (negative && magnitude > UINT64_C(1) << 63) {
        return overflow(p, at);
    }
    return (value){
        .kind = VALUE_INTEGER,
        .at = at,
        .negative = negative && magnitude > 0,
        .magnitude = magnitude,
    };
}

static value
number(parser *p, place at, double x)
{
    if (!isfinite(x)) {
        error_at(&p->u->diag, at, "this overflows a double");
        return no_value(at);
    }
    return (value){ .kind = VALUE_FLOAT, .at = at, .number = x };
}

static double
as_double(const value *v)
{
    double x = (double) v->magnitude;

    return v->kind == VALUE_FLOAT ? v->number : v->negative ? -x : x;
}

/* Two's complement, in which the bit operators work. */
static uint64_t
as_bits(const value *v)
{
    return v->negative ? UINT64_C(0) - v->magnitude : v->magnitude;
}

static value
from_bits(parser *p, place at, uint64_t bits, bool is_signed)
{
    bool negative = is_signed && bits >> 63 != 0;

    return integer(p, at, negative, negative ? UINT64_C(0) - bits : bits);
}

static value
add(parser *p, place at, const value *a, const value *b)
{
    if (a->negative == b->negative) {
        if (a->magnitude > UINT64_MAX - b->magnitude) {
            return overflow(p, at);
        }
        return integer(p, at, a->negative, a->magnitude + b->magnitude);
    }
    if (a->magnitude >= b->magnitude) {
        return integer(p, at, a->negative, a->magnitude - b->magnitude);
    }
    return integer(p, at, b->negative, b->magnitude - a->magnitude);
}

static value
multiply(parser *p, place at, const value *a, const value *b)
{
    if (b->magnitude != 0 && a->magnitude > UINT64_MAX / b->magnitude) {
        return overflow(p, at);
    }
    return integer(
        p, at, a->negative != b->negative, a->magnitude * b->magnitude);
}

static value
divide(parser *p, place at, int punct, const value *a, const value *b)
{
    if (b->magnitude == 0) {
        error_at(&p->u->diag, at, "division by zero");
        return no_value(at);
    }
    if (punct == '/') {
        return integer(
            p, at, a->negative != b->negative, a->magnitude / b->magnitude);
    }
    return integer(p, at, a->negative, a->magnitude % b->magnitude);
}

static value
shift(parser *p, place at, int punct, const value *a, const value *b)
{
    if (a->negative || b->negative || b->magnitude > 63) {
        error_at(&p->u->diag, at,
            "a shift needs a left side of 0 or more and a right side of 0 to "
            "63");
        return no_value(at);
    }
    if (punct == SHIFT_RIGHT) {
        return integer(p, at, false, a->magnitude >> b->magnitude);
    }
    if (a->magnitude > UINT64_MAX >> b->magnitude) {
        return overflow(p, at);
    }
    return integer(p, at, false, a->magnitude << b->magnitude);
}

static value
apply_integers(parser *p, place at, int punct, const value *a, const value *b)
{
    bool is_signed = a->negative || b->negative;
    value minus = *b;

    switch (punct) {
    case '+':
        return add(p, at, a, b);
    case '-':
        minus.negative = !b->negative && b->magnitude > 0;
        return add(p, at, a, &minus);
    case '*':
        return multiply(p, at, a, b);
    case '/':
    case '%':
        return divide(p, at, punct, a, b);
    case '|':
        return from_bits(p, at, as_bits(a) | as_bits(b), is_signed);
    case '^':
        return from_bits(p, at, as_bits(a) ^ as_bits(b), is_signed);
    case '&':
        return from_bits(p, at, as_bits(a) & as_bits(b), is_signed);
    default:
        return shift(p, at, punct, a, b);
    }
}

static value
apply_floats(parser *p, place at, int punct, double a, double b)
{
    switch (punct) {
    case '+':
        return number(p, at, a + b);
    case '-':
        return number(p, at, a - b);
    case '*':
        return number(p, at, a * b);
    case '/':
        if (b == 0) {
            error_at(&p->u->diag, at, "division by zero");
            return no_value(at);
        }
        return number(p, at, a / b);
    default:
        error_at(&p->u->diag, at, "this operator needs integers");
        return no_value(at);
    }
}

static value
bits_value(place at, const decl *bitmask, uint64_t magnitude)
{
    return (value){
        .kind = VALUE_BITS,
        .at = at,
        .bitmask = bitmask,
        .magnitude = magnitude,
    };
}

static value
bits_have(parser *p, place at)
{
    error_at(&p->u->diag, at, "bits have the operators |, ^, & and ~");
    return no_value(at);
}

static value
apply_bits(parser *p, place at, int punct, const value *a, const value *b)
{
    if (a->kind != b->kind || a->bitmask != b->bitmask) {
        error_at(&p->u->diag, at,
            "bits go with bits of the same bitmask; these are %s and %s",
            value_text(p->u, a), value_text(p->u, b));
        return no_value(at);
    }
    switch (punct) {
    case '|':
        return bits_value(at, a->bitmask, a->magnitude | b->magnitude);
    case '^':
        return bits_value(at, a->bitmask, a->magnitude ^ b->magnitude);
    case '&':
        return bits_value(at, a->bitmask, a->magnitude & b->magnitude);
    default:
        return bits_have(p, at);
    }
}

/* All that are declared. */
static uint64_t
all_bits(const decl *bitmask)
{
    uint64_t all = 0;

    for (const decl *bit = bitmask->first; bit != NULL; bit = bit->next) {
        all |= UINT64_C(1) << bit->value.magnitude;
    }
    return all;
}

static value
apply(parser *p, place at, int punct, const value *a, const value *b)
{
    const value *const sides[2] = { a, b };

    if (a->kind == VALUE_NONE || b->kind == VALUE_NONE) {
        return no_value(at);
    }
    if (a->kind == VALUE_BITS || b->kind == VALUE_BITS) {
        return apply_bits(p, at, punct, a, b);
    }
    for (int i = 0; i < 2; i++) {
        if (sides[i]->kind != VALUE_INTEGER && sides[i]->kind != VALUE_FLOAT) {
            error_at(&p->u->diag, sides[i]->at,
                "operators need numbers, this is %s",
                value_text(p->u, sides[i]));
            return no_value(at);
        }
    }
    if (a->kind == VALUE_FLOAT || b->kind == VALUE_FLOAT) {
        return apply_floats(p, at, punct, as_double(a), as_double(b));
    }
    return apply_integers(p, at, punct, a, b);
}

static value
apply_unary(parser *p, place at, int punct, const type *target, const value *a)
{
    value zero = { .kind = VALUE_INTEGER, .at = at };

    if (a->kind == VALUE_NONE) {
        return *a;
    }
    if (a->kind == VALUE_BITS && punct != '~') {
        return bits_have(p, at);
    }
    if (a->kind == VALUE_BITS) {
        return bits_value(at, a->bitmask, all_bits(a->bitmask) & ~a->magnitude);
    }
    if (punct != '~') {
        return a->kind == VALUE_FLOAT && punct == '-'
                   ? number(p, at, -a->number)
                   : apply(p, at, punct, &zero, a);
    }
    if (a->kind != VALUE_INTEGER) {
        error_at(&p->u->diag, at, "this operator needs integers");
        return no_value(at);
    }
    uint64_t bits = ~as_bits(a);

    /* In an unsigned type the complement is taken in its width. */
    switch (target == NULL ? TYPE_I64 : target->kind) {
    case TYPE_U8:
        return from_bits(p, at, bits & UINT8_MAX, false);
    case TYPE_U16:
        return from_bits(p, at, bits & UINT16_MAX, false);
    case TYPE_U32:
        return from_bits(p, at, bits & UINT32_MAX, false);
    case TYPE_U64:
        return from_bits(p, at, bits, false);
    default:
        return from_bits(p, at, bits, true);
    }
}

static bool
parse_named_value(parser *p, value *ret)
{
    decl *d;
    place at;

    if (!parse_scoped_name(p, &d, &at)) {
        return false;
    }
    *ret = no_value(at);
    if (d != NULL && d->kind == DECL_CONST) {
        *ret = d->value;
        ret->at = at;
    } else if (d != NULL && d->kind == DECL_ENUMERATOR) {
        *ret = (value){ .kind = VALUE_ENUM, .at = at, .enumerator = d };
    } else if (d != NULL && d->kind == DECL_BIT) {
        if (d->value.kind == VALUE_NONE) {
            return true;
        }
        *ret = bits_value(at, d->scope, UINT64_C(1) << d->value.magnitude);
    } else if (d != NULL) {
        error_at(&p->u->diag, at, "expected a constant, but '%s' is %s",
            d->name, decl_kind_text(d->kind));
    }
    return true;
}

static bool
parse_literal(parser *p, value *ret)
{
    const token *tok = &p->tok;

    *ret = no_value(tok->at);
    switch (tok->kind) {
    case TOKEN_INTEGER:
        *ret = integer(p, tok->at, false, tok->integer);
        break;
    case TOKEN_FLOAT:
        *ret = number(p, tok->at, tok->number);
        break;
    case TOKEN_STRING:
        ret->kind = VALUE_STRING;
        ret->string = tok->string;
        break;
    case TOKEN_CHAR:
        error_at(&p->u->diag, tok->at,
            "character literals are not part of libmw's IDL: use a number or "
            "a string");
        break;
    default:
        if (!at_word(p, WORD_TRUE) && !at_word(p, WORD_FALSE)) {
            return expected(p, "a constant");
        }
        ret->kind = VALUE_BOOL;
        ret->magnitude = at_word(p, WORD_TRUE);
        break;
    }
    advance(p);
    return true;
}

static bool
parse_parenthesised(parser *p, const type *target, value *ret)
{
    bool in_angles = p->in_angles;

    advance(p);
    p->in_angles = false;
    bool ok = parse_binary(p, target, 1, ret);

    p->in_angles = in_angles;
    return ok && expect_punct(p, ')', "after the expression");
}

static bool
parse_unary_inner(parser *p, const type *target, value *ret)
{
    static const int signs[] = { '-', '+', '~' };
    place at = p->tok.at;

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        if (accept_punct(p, signs[i])) {
            if (!enter_nested(p, &p->expr_depth, NESTING_MAX)) {
                return false;
            }
            bool ok = parse_unary_inner(p, target, ret);

            p->expr_depth--;
            *ret =
                ok ? apply_unary(p, at, signs[i], target, ret) : no_value(at);
            return ok;
        }
    }
    if (at_punct(p, '(')) {
        return parse_parenthesised(p, target, ret);
    }
    if (at_punct(p, PUNCT_SCOPE) ||
        (p->tok.kind == TOKEN_NAME && p->tok.word == WORD_NONE)) {
        return parse_named_value(p, ret);
    }
    return parse_literal(p, ret);
}

/* The operator at the next token, which for ">>" is two of them. */
static const operation *
find_operator(const parser *p)
{
    int punct = p->tok.punct;

    if (p->tok.kind != TOKEN_PUNCT) {
        return NULL;
    }
    if (punct == '>') {
        bool doubled = p->lex.pos < p->lex.file->len &&
                       p->lex.file->data[p->lex.pos] == '>';

        if (p->in_angles || !doubled) {
            return NULL;
        }
        punct = SHIFT_RIGHT;
    }
    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
        if (operators[i].punct == punct) {
            return &operators[i];
        }
    }
    return NULL;
}

/* Precedence climbing: operators of at least this level. */
static bool
parse_binary(parser *p, const type *target, unsigned level, value *ret)
{
    if (!enter_nested(p, &p->expr_depth, NESTING_MAX)) {
        return false;
    }
    bool ok = parse_unary_inner(p, target, ret);
    const operation *op;

    while (ok && (op = find_operator(p)) != NULL && op->level >= level) {
        place at = p->tok.at;
        value right;

        advance(p);
        if (op->punct == SHIFT_RIGHT) {
            advance(p);
        }
        ok = parse_binary(p, target, op->level + 1, &right);
        if (ok) {
            *ret = apply(p, at, op->punct, ret, &right);
        }
    }
    p->expr_depth--;
    return ok;
}

bool
parse_const(parser *p, const type *target, value *ret_value)
{
    return parse_binary(p, target, 1, ret_value);
}

/* A bound from 1 on; 0 after an error that was reported. */
bool
parse_bound(parser *p, uint32_t *ret_bound)
{
    bool outer = p->in_angles;
    place at = p->tok.at;
    value v;

    *ret_bound = 0;
    p->in_angles = true;
    bool ok = parse_const(p, type_basic(p->u, TYPE_U64), &v);

    p->in_angles = outer;
    if (!ok || v.kind == VALUE_NONE) {
        return ok;
    }
    if (v.kind != VALUE_INTEGER) {
        error_at(&p->u->diag, at, "a bound is an integer, this is %s",
            value_text(p->u, &v));
    } else if (v.negative || v.magnitude == 0) {
        error_at(&p->u->diag, at, "a bound is at least 1");
    } else if (v.magnitude > VALUE_SIZE_MAX) {
        error_at(&p->u->diag, at, "a bound is at most %d", VALUE_SIZE_MAX);
    } else {
        *ret_bound = (uint32_t) v.magnitude;
    }
    return true;
}
