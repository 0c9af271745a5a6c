/* SPDX-License-Identifier: MIT */
/*
 * Ranges of members that are numbers: @range, @min, @max.
 */
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

#define LOAD(type, member)              \
    do {                                \
        type as;                        \
        memcpy(&as, value, sizeof(as)); \
        number.member = as;             \
    } while (0)

static struct number
load(uint32_t kind, const void *value)
{
    struct number number = { 0 };

    switch (kind) {
    case MW_KIND_U8:
        LOAD(uint8_t, u64);
        break;
    case MW_KIND_I8:
        LOAD(int8_t, i64);
        break;
    case MW_KIND_U16:
        LOAD(uint16_t, u64);
        break;
    case MW_KIND_I16:
        LOAD(int16_t, i64);
        break;
    case MW_KIND_U32:
        LOAD(uint32_t, u64);
        break;
    case MW_KIND_I32:
        LOAD(int32_t, i64);
        break;
    case MW_KIND_U64:
        LOAD(uint64_t, u64);
        break;
    case MW_KIND_I64:
        LOAD(int64_t, i64);
        break;
    case MW_KIND_F32:
        LOAD(float, f64);
        break;
    case MW_KIND_F64:
        LOAD(double, f64);
        break;
    default:
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
is_within(const mw_range *range, uint32_t kind, const void *value,
    char ret_text[TEXT_LEN])
{
    struct number number = load(kind, value);
    struct number border;

    if (number.f64 != number.f64) {
        (void) snprintf(ret_text, TEXT_LEN, "NaN is out of range");
        return false;
    }
    border = range->min != NULL ? load(kind, range->min) : number;
    if (is_below(number, border)) {
        describe(kind, number, "below the minimum", border, ret_text);
        return false;
    }
    border = range->max != NULL ? load(kind, range->max) : number;
    if (is_below(border, number)) {
        describe(kind, number, "above the maximum", border, ret_text);
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
        !is_within(field->range, field->type->kind, value, text)) {
        mwi_writer_fail(w, MW_EINVAL, "%s", text);
    }
}

void
mwi_read_check_range(struct mwi_reader *r, const uint8_t *at,
    const mw_field *field, const void *value)
{
    char text[TEXT_LEN];

    if (field->range != NULL && mwi_reader_ok(r) &&
        !is_within(field->range, field->type->kind, value, text)) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "%s", text);
    }
}
