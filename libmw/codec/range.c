/* SPDX-License-Identifier: MIT */
/*
 * Ranges of members that are numbers: @range, @min, @max.
 */
#include "codec/range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/value.h"

enum { NUMBER_TEXT_LEN = 32, TEXT_LEN = 80 };

/* A number of any kind; the kind says which member holds it. */
struct number {
    uint64_t u64; /* unsigned */
    int64_t i64;  /* signed */
    double f64;   /* float, double */
};

static struct number
load(const mw_type *type, const void *value)
{
    struct number number = { 0 };
    float f32;

    switch (type->kind) {
    case MW_KIND_F32:
        memcpy(&f32, value, sizeof(f32));
        number.f64 = f32;
        break;
    case MW_KIND_F64:
        memcpy(&number.f64, value, sizeof(number.f64));
        break;
    case MW_KIND_U8:
    case MW_KIND_U16:
    case MW_KIND_U32:
    case MW_KIND_U64:
        number.u64 = mwi_load_bits(type, value);
        break;
    default:
        number.i64 = mwi_load_integer(type, value);
        break;
    }
    return number;
}

/* Whether a is below b; both are of one kind, and what it does not hold is 0 in
 * both. */
static bool
is_below(struct number a, struct number b)
{
    return a.u64 < b.u64 || a.i64 < b.i64 || a.f64 < b.f64;
}

static void
number_text(uint32_t kind, struct number number, char text[NUMBER_TEXT_LEN])
{
    switch (kind) {
    case MW_KIND_F32:
        (void) snprintf(text, NUMBER_TEXT_LEN, "%.9g", number.f64);
        break;
    case MW_KIND_F64:
        (void) snprintf(text, NUMBER_TEXT_LEN, "%.17g", number.f64);
        break;
    case MW_KIND_U8:
    case MW_KIND_U16:
    case MW_KIND_U32:
    case MW_KIND_U64:
        (void) snprintf(text, NUMBER_TEXT_LEN, "%" PRIu64, number.u64);
        break;
    default:
        (void) snprintf(text, NUMBER_TEXT_LEN, "%" PRId64, number.i64);
        break;
    }
}

/* "5 is below the minimum of 10" */
static void
describe(uint32_t kind, struct number number, const char *relation,
    struct number border, char ret_text[TEXT_LEN])
{
    char text[NUMBER_TEXT_LEN];
    char border_text[NUMBER_TEXT_LEN];

    number_text(kind, number, text);
    number_text(kind, border, border_text);
    (void) snprintf(
        ret_text, TEXT_LEN, "%s is %s of %s", text, relation, border_text);
}

/* Whether a number is within its range, and if not, why. */
static bool
is_within(const mw_range *range, const mw_type *type, const void *value,
    char ret_text[TEXT_LEN])
{
    struct number number = load(type, value);
    struct number border;

    if (number.f64 != number.f64) {
        (void) snprintf(ret_text, TEXT_LEN, "NaN is out of range");
        return false;
    }
    border = range->min != NULL ? load(type, range->min) : number;
    if (is_below(number, border)) {
        describe(type->kind, number, "below the minimum", border, ret_text);
        return false;
    }
    border = range->max != NULL ? load(type, range->max) : number;
    if (is_below(border, number)) {
        describe(type->kind, number, "above the maximum", border, ret_text);
        return false;
    }
    return true;
}

void
mwi_write_check_range(
    struct mwi_writer *w, const mw_field *field, const void *value)
{
    char text[TEXT_LEN];

    if (field->range != NULL &&
        !is_within(field->range, field->type, value, text)) {
        mwi_writer_fail(w, MW_EINVAL, "%s", text);
    }
}

void
mwi_read_check_range(struct mwi_reader *r, const uint8_t *at,
    const mw_field *field, const void *value)
{
    char text[TEXT_LEN];

    if (field->range != NULL && mwi_reader_ok(r) &&
        !is_within(field->range, field->type, value, text)) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "%s", text);
    }
}
