/* SPDX-License-Identifier: MIT */
/*
 * Deltas where memory runs out at every possible moment, and deltas with every
 * byte cut off or changed.  Whatever happens, an object is either untouched to
 * the last bit, or a valid object.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/mem.h"
#include "delta/compare.h"
#include "delta/format.h"
#include "fixture.h"
#include "kinds.h"
#include "lib/prng.h"
#include "lib/random_value.h"
#include "shapes.h"
#include "world.h"

static const mw_type *const types[] = { &doc_type, &order_type, &seq_item_type,
    &seq_line_type, &node_type, &mw_type_string, &label_type, &mw_type_seq_f64,
    &seq_item_6_type, &array_line_2_type, &mw_type_seq_u8, &figure_type,
    &price_map_type, &stock_map_type, &side_map_type, &crate_type,
    &profile_type, &depot_type };

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

/* An object, what it became, and the delta between them. */
struct change {
    const mw_type *type;
    void *object;
    void *live;
    struct mwi_buf delta;
};

static bool
is_patch(const mw_type *type, const struct mwi_buf *delta)
{
    int major = mwi_patch_item(type) == MWI_ITEM_ARRAY ? 4 : 5;

    return mwi_buf_bytes(delta)[0] >> 5 == major;
}

/* A random change whose delta is no whole value. */
static void
change_init(struct change *change, struct mwt_prng *prng, const mw_type *type)
{
    change->type = type;
    change->object = calloc(1, type->size);
    change->live = calloc(1, type->size);
    cr_assert(change->object != NULL && change->live != NULL);
    for (;;) {
        mwt_random_object(prng, type, change->object);
        cr_assert_eq(mw_object_copy(type, change->live, change->object), MW_OK);
        for (size_t i = 0; i < 4; i++) {
            mwt_mutate_object(prng, type, change->live);
        }
        change->delta = delta_between(type, change->object, change->live);
        if (mwi_buf_len(&change->delta) > 12 &&
            mwi_buf_len(&change->delta) < 4000 &&
            is_patch(type, &change->delta)) {
            return;
        }
        mwi_buf_fini(&change->delta);
        mw_object_clear(type, change->object);
        mw_object_clear(type, change->live);
    }
}

static void
change_fini(struct change *change)
{
    mwi_buf_fini(&change->delta);
    mw_object_clear(change->type, change->object);
    mw_object_clear(change->type, change->live);
    free(change->object);
    free(change->live);
}

static void
check_stage_faults(const struct change *change)
{
    const mw_type *type = change->type;
    struct mwi_buf before = dump(type, change->object);
    mw_status status;
    uint64_t n = 0;

    do {
        struct mwi_buf after;
        mw_error error;

        mwi_mem_fail_at(++n);
        status = apply(type, change->object, mwi_buf_bytes(&change->delta),
            mwi_buf_len(&change->delta), &error, NULL);
        if (status < 0) {
            cr_assert(mwi_mem_has_failed());
            cr_expect_eq(status, MW_ENOMEM, "%s", error.text);
            cr_expect_not_null(strstr(error.text, "out of memory"));
        }
        mwi_mem_fail_at(0);
        after = dump(type, change->object);
        if (status < 0) {
            cr_assert(same_bytes(&before, &after), "%s: allocation %llu",
                type->name, (unsigned long long) n);
        }
        mwi_buf_fini(&after);
    } while (status < 0);
    cr_expect(mwi_equal(type, change->object, change->live));
    mwi_buf_fini(&before);
}

/* Every second member may change, and the value comes as a whole. */
static void
check_contract_faults(const struct change *change)
{
    const mw_type *type = change->type;
    struct mwi_buf before = dump(type, change->object);
    struct mwi_buf value = value_of(type, change->object);
    mw_mask_field fields[16];
    mw_mask mask = { .fields = fields };
    mw_status status;
    uint64_t n = 0;

    for (uint32_t i = 0; i < type->n_members; i += 2) {
        fields[mask.n++] = (mw_mask_field){ i, &mwi_mask_all };
    }
    do {
        struct mwi_buf after;
        mw_error error;

        mwi_mem_fail_at(++n);
        status = apply_masked(type, &mask, change->object,
            mwi_buf_bytes(&value), mwi_buf_len(&value), &error, NULL);
        mwi_mem_fail_at(0);
        if (status < 0) {
            cr_expect_eq(status, MW_ENOMEM, "%s", error.text);
            after = dump(type, change->object);
            cr_assert(same_bytes(&before, &after), "%s: allocation %llu",
                type->name, (unsigned long long) n);
            mwi_buf_fini(&after);
        }
    } while (status < 0);
    mwi_buf_fini(&before);
    mwi_buf_fini(&value);
}

Test(faults, contracts_without_memory)
{
    static const mw_type *const structs[] = { &depot_type, &doc_type,
        &crate_type, &profile_type };
    struct mwt_prng prng = mwt_prng_seeded("faults");

    for (size_t i = 0; i < 12; i++) {
        struct change change;

        change_init(&change, &prng, structs[i % 4]);
        check_contract_faults(&change);
        change_fini(&change);
    }
    cr_expect_not(has_leaks());
}

Test(faults, staging_without_memory)
{
    struct mwt_prng prng = mwt_prng_seeded("faults");

    for (size_t i = 0; i < 6 * N_TYPES; i++) {
        struct change change;

        change_init(&change, &prng, types[i % N_TYPES]);
        check_stage_faults(&change);
        change_fini(&change);
    }
    cr_expect_not(has_leaks());
}

/* Without memory the differ fails for want of a buffer, or writes a delta that
 * is coarser but right. */
static void
check_diff_faults(const struct change *change)
{
    const mw_type *type = change->type;
    struct mwi_snapshot none = { 0 };
    bool failed;
    uint64_t n = 0;

    do {
        void *object = calloc(1, type->size);
        struct mwi_buf buf;
        struct mwi_writer w;
        mw_error error;

        cr_assert_not_null(object);
        cr_assert_eq(mw_object_copy(type, object, change->object), MW_OK);
        mwi_buf_init(&buf, SIZE_MAX);
        mwi_writer_init(&w, &buf);
        mwi_mem_fail_at(++n);
        mwi_diff(&w, type, &mwi_mask_all, &none, change->object, change->live);
        failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        if (mwi_writer_ok(&w)) {
            cr_assert_eq(apply(type, object, mwi_buf_bytes(&buf),
                             mwi_buf_len(&buf), &error, NULL),
                MW_OK, "%s: %s", type->name, error.text);
            cr_expect(mwi_equal(type, object, change->live));
        } else {
            cr_expect(failed);
            cr_expect_eq(w.error.status, MW_ENOMEM);
        }
        mwi_buf_fini(&buf);
        mw_object_clear(type, object);
        free(object);
    } while (failed);
}

Test(faults, diffing_without_memory)
{
    struct mwt_prng prng = mwt_prng_seeded("faults");

    for (size_t i = 0; i < 6 * N_TYPES; i++) {
        struct change change;

        change_init(&change, &prng, types[i % N_TYPES]);
        check_diff_faults(&change);
        change_fini(&change);
    }
    cr_expect_not(has_leaks());
}

/* Every budget from nothing on is either enough or refused. */
Test(faults, staging_within_a_budget)
{
    struct mwt_prng prng = mwt_prng_seeded("faults");

    for (size_t i = 0; i < N_TYPES; i++) {
        struct change change;
        struct mwi_buf before;
        bool done = false;

        change_init(&change, &prng, types[i]);
        before = dump(change.type, change.object);
        for (size_t budget = 0; !done; budget += 1 + budget / 20) {
            struct mwi_patch patch;
            struct mwi_reader r;
            struct mwi_buf after;

            mwi_patch_init(&patch, budget);
            mwi_reader_init(&r, mwi_buf_bytes(&change.delta),
                mwi_buf_len(&change.delta), DELTA_DEPTH);
            mwi_patch_stage(
                &patch, &r, change.type, &mwi_mask_all, change.object);
            done = mwi_reader_ok(&r);
            mwi_patch_abort(&patch);
            if (!done) {
                cr_assert_eq(r.error.status, MW_ERANGE, "%s", r.error.text);
            }
            after = dump(change.type, change.object);
            cr_assert(same_bytes(&before, &after));
            mwi_buf_fini(&after);
        }
        mwi_buf_fini(&before);
        change_fini(&change);
    }
    cr_expect_not(has_leaks());
}

/* Apply a wrong delta to a copy of the object. */
static bool
survives(const struct change *change, const uint8_t *delta, size_t len)
{
    const mw_type *type = change->type;
    void *object = calloc(1, type->size);
    uint8_t *exact = malloc(len + 1);
    struct mwi_buf before;
    struct mwi_buf after;
    mw_status status;
    mw_error error;

    cr_assert(object != NULL && exact != NULL);
    /* To the byte, so that the sanitizer sees reads beyond the end. */
    memcpy(exact + 1, delta, len);
    cr_assert_eq(mw_object_copy(type, object, change->object), MW_OK);
    before = dump(type, object);
    status = apply(type, object, exact + 1, len, &error, NULL);
    if (status < 0) {
        after = dump(type, object);
        cr_assert(
            same_bytes(&before, &after), "%s: %s", type->name, error.text);
        cr_assert(
            status == MW_EINVAL || status == MW_EPROTO || status == MW_ERANGE,
            "%s: %s", type->name, error.text);
    } else {
        after = value_of(type, object);
    }
    mwi_buf_fini(&before);
    mwi_buf_fini(&after);
    mw_object_clear(type, object);
    free(object);
    free(exact);
    return status >= 0;
}

Test(faults, deltas_cut_short)
{
    struct mwt_prng prng = mwt_prng_seeded("faults");

    for (size_t i = 0; i < 2 * N_TYPES; i++) {
        struct change change;

        change_init(&change, &prng, types[i % N_TYPES]);
        for (size_t len = 0; len < mwi_buf_len(&change.delta);
             len += 1 + len / 100) {
            cr_expect_not(survives(&change, mwi_buf_bytes(&change.delta), len));
        }
        change_fini(&change);
    }
    cr_expect_not(has_leaks());
}

Test(faults, deltas_with_a_byte_changed)
{
    struct mwt_prng prng = mwt_prng_seeded("faults");
    size_t applied = 0;
    size_t refused = 0;

    for (size_t i = 0; i < 2 * N_TYPES; i++) {
        struct change change;
        uint8_t *delta;
        size_t len;

        change_init(&change, &prng, types[i % N_TYPES]);
        len = mwi_buf_len(&change.delta);
        delta = malloc(len);
        cr_assert_not_null(delta);
        memcpy(delta, mwi_buf_bytes(&change.delta), len);
        for (size_t at = 0; at < len; at += 1 + len / 250) {
            uint8_t old = delta[at];
            const uint8_t values[] = { (uint8_t) (old + 1), (uint8_t) (old - 1),
                (uint8_t) (old ^ 0x20), (uint8_t) (old ^ 0x80), 0x00, 0xff,
                (uint8_t) mwt_next(&prng) };

            for (size_t k = 0; k < sizeof(values); k++) {
                delta[at] = values[k];
                if (survives(&change, delta, len)) {
                    applied++;
                } else {
                    refused++;
                }
            }
            delta[at] = old;
        }
        free(delta);
        change_fini(&change);
    }
    (void) fprintf(
        stderr, "faults: %zu refused, %zu applied\n", refused, applied);
    cr_expect(applied > 0 && refused > 0);
    cr_expect_not(has_leaks());
}

/* Apply a wrong delta under a contract: what is outside of it never changes. */
static void
check_outside(const struct change *change, const mw_mask *mask,
    const uint8_t *delta, size_t len)
{
    const mw_type *type = change->type;
    void *object = calloc(1, type->size);
    mw_error error;

    cr_assert_not_null(object);
    cr_assert_eq(mw_object_copy(type, object, change->object), MW_OK);
    (void) apply_masked(type, mask, object, delta, len, &error, NULL);
    for (uint32_t i = 0, at = 0; i < type->n_members; i++) {
        if (at < mask->n && mask->fields[at].field == i) {
            at++;
            continue;
        }
        cr_assert(mwi_same_field(
                      &type->fields[i], NULL, object, NULL, change->object),
            "%s.%s", type->name, type->fields[i].name);
    }
    mw_object_clear(type, object);
    free(object);
}

Test(faults, contracts_with_a_byte_changed)
{
    static const mw_type *const structs[] = { &depot_type, &doc_type,
        &crate_type, &profile_type };
    struct mwt_prng prng = mwt_prng_seeded("faults");

    for (size_t i = 0; i < 12; i++) {
        mw_mask_field fields[16];
        mw_mask mask = { .fields = fields };
        struct change change;
        uint8_t *delta;
        size_t len;

        change_init(&change, &prng, structs[i % 4]);
        for (uint32_t f = i % 2; f < change.type->n_members; f += 2) {
            fields[mask.n++] = (mw_mask_field){ f, &mwi_mask_all };
        }
        /* Of all, so that many a byte is right but outside. */
        len = mwi_buf_len(&change.delta);
        delta = malloc(len);
        cr_assert_not_null(delta);
        memcpy(delta, mwi_buf_bytes(&change.delta), len);
        for (size_t at = 0; at < len; at += 1 + len / 400) {
            uint8_t old = delta[at];

            delta[at] = (uint8_t) mwt_next(&prng);
            check_outside(&change, &mask, delta, len);
            delta[at] = old;
        }
        free(delta);
        change_fini(&change);
    }
    cr_expect_not(has_leaks());
}
