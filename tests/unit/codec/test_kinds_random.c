/* SPDX-License-Identifier: MIT */
/*
 * Random types of all kinds and random values of them: what is encoded is as
 * long as was said and comes back equal; without memory nothing is lost; what
 * was damaged is refused, or is a value.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "codec/value.h"
#include "kinds.h"
#include "lib/random_type.h"
#include "lib/random_value.h"

/* All kinds but references, which test_graph has. */
#define KINDS (MWT_ALL & ~(1u << MW_KIND_REF))

enum { FAMILIES = 150, VALUES = 4, DAMAGES = 20 };

/* An object and its encoding. */
struct sample {
    const mw_type *type;
    void *value;
    uint8_t *bytes;
    size_t len;
};

static void *
new_object(const mw_type *type)
{
    void *object = calloc(1, type->size);

    cr_assert_not_null(object);
    return object;
}

static void
free_object(const mw_type *type, void *object)
{
    mw_object_clear(type, object);
    free(object);
}

static struct sample
sample_new(struct mwt_prng *prng, const mw_type *type)
{
    struct sample sample = { .type = type, .value = new_object(type) };
    mw_error error;

    mwt_random_object(prng, type, sample.value);
    cr_assert_eq(mw_object_encode(
                     type, sample.value, &sample.bytes, &sample.len, &error),
        MW_OK, "%s", error.text);
    return sample;
}

static void
sample_free(struct sample *sample)
{
    free(sample->bytes);
    free_object(sample->type, sample->value);
}

static void
check_round_trip(const struct sample *sample)
{
    const mw_type *type = sample->type;
    void *back = new_object(type);
    void *copy = new_object(type);
    size_t len = sample->len;
    mw_error error;
    char *text;

    cr_assert_eq(mwi_encoded_size(NULL, type, sample->value, SIZE_MAX), len);
    cr_assert_gt(mwi_encoded_size(NULL, type, sample->value, len - 1), len - 1);
    cr_assert_eq(mw_object_decode(type, sample->bytes, len, back, &error),
        MW_OK, "%s", error.text);
    cr_assert(mw_object_equal(type, sample->value, back));
    cr_assert_eq(mw_object_copy(type, copy, back), MW_OK);
    cr_assert(mw_object_equal(type, sample->value, copy));
    text = mw_object_text(type, back);
    cr_assert_not_null(text);
    cr_assert_eq(mwi_utf8_prefix(text, strlen(text)), strlen(text));
    free(text);
    free_object(type, back);
    free_object(type, copy);
}

/* Bytes replaced at random. */
static void
check_damage(struct mwt_prng *prng, struct sample *sample)
{
    const mw_type *type = sample->type;
    void *back = new_object(type);

    for (size_t i = 0; i < DAMAGES; i++) {
        size_t at = mwt_below(prng, sample->len);
        uint8_t old = sample->bytes[at];
        mw_error error;

        sample->bytes[at] = (uint8_t) mwt_next(prng);
        if (mw_object_decode(type, sample->bytes, sample->len, back, &error) ==
            MW_OK) {
            uint8_t *again;
            size_t len;

            cr_assert_eq(mw_object_encode(type, back, &again, &len, &error),
                MW_OK, "%s", error.text);
            free(again);
            mw_object_clear(type, back);
        } else {
            cr_assert_neq(error.text[0], '\0');
        }
        sample->bytes[at] = old;
    }
    free_object(type, back);
}

/* Whether the allocation that was to fail did not come, and so all are done. */
static bool
is_done(mw_status status)
{
    bool failed = mwi_mem_has_failed();

    mwi_mem_fail_at(0);
    cr_assert_eq(status, failed ? MW_ENOMEM : MW_OK);
    return !failed;
}

static void
check_memory(const struct sample *sample)
{
    const mw_type *type = sample->type;
    void *back = new_object(type);
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        mwi_mem_fail_at(n);
        done = is_done(
            mw_object_decode(type, sample->bytes, sample->len, back, NULL));
        mw_object_clear(type, back);
    }
    done = false;
    for (uint64_t n = 1; !done; n++) {
        mwi_mem_fail_at(n);
        done = is_done(mw_object_copy(type, back, sample->value));
        mw_object_clear(type, back);
    }
    done = false;
    for (uint64_t n = 1; !done; n++) {
        mwi_mem_fail_at(n);
        done = is_done(mw_object_init(type, back));
        mw_object_clear(type, back);
    }
    free_object(type, back);
}

/* Something of each kind occurs in the run. */
static void
note_kinds(const mw_type *type, uint32_t *kinds)
{
    for (uint32_t kind = MW_KIND_BOOL; kind <= MW_KIND_BOX; kind++) {
        *kinds |= mwt_type_has(type, kind) ? 1u << kind : 0;
    }
}

Test(kinds_random, round_trip_and_damage)
{
    struct mwt_prng prng = mwt_prng_seeded("kinds_random/round_trip");
    uint32_t kinds = 0;

    for (size_t i = 0; i < FAMILIES; i++) {
        struct mwt_types types;
        const mw_type *type;

        mwt_types_init(&types, &prng, KINDS);
        type = mwt_types_struct(&types);
        note_kinds(type, &kinds);
        for (size_t j = 0; j < VALUES; j++) {
            struct sample sample = sample_new(&prng, type);

            check_round_trip(&sample);
            check_damage(&prng, &sample);
            sample_free(&sample);
        }
        mwt_types_fini(&types);
    }
    cr_assert_eq(kinds, (2u << MW_KIND_BOX) - 2);
}

Test(kinds_random, without_memory)
{
    struct mwt_prng prng = mwt_prng_seeded("kinds_random/without_memory");

    for (size_t i = 0; i < FAMILIES / 3; i++) {
        struct mwt_types types;
        struct sample sample;

        mwt_types_init(&types, &prng, KINDS);
        sample = sample_new(&prng, mwt_types_struct(&types));
        /* The work grows with the square of the size. */
        if (sample.len < 3000) {
            check_memory(&sample);
        }
        sample_free(&sample);
        mwt_types_fini(&types);
    }
}

/* The fixture's types, which contain themselves. */
Test(kinds_random, fixture)
{
    struct mwt_prng prng = mwt_prng_seeded("kinds_random/fixture");
    const mw_type *const types[] = { &branch_type, &chain_type, &shape_type,
        &number_type, &settings_type, &prices_type, &lines_by_i16_type,
        &labels_type, &wide_type, &maybe_type };
    size_t n = sizeof(types) / sizeof(types[0]);

    for (size_t i = 0; i < 10 * n; i++) {
        struct sample sample = sample_new(&prng, types[i % n]);

        check_round_trip(&sample);
        check_damage(&prng, &sample);
        sample_free(&sample);
    }
}
