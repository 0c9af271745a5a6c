/* SPDX-License-Identifier: MIT */
/*
 * Random values of every type: what is encoded is as long as was said, comes
 * back equal, and mutations do the same wherever the value lives.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "codec/value.h"
#include "fixture.h"
#include "lib/random_value.h"

enum { ROUNDS = 40, DEPTH = 64 };

static const mw_type *const types[] = { &order_type, &order_type, &line_type,
    &scalars_type, &seq_line_type, &seq_line_3_type, &array_line_2_type,
    &seq_point_type, &seq_colour_type, &seq_seq_i16_type, &seq_u8_5_type,
    &grid_type, &mw_type_string, &string_8_type, &mw_type_seq_u8,
    &mw_type_seq_f64, &mw_type_seq_string, &mw_type_seq_bool, &mw_type_u64,
    &mw_type_i16, &mw_type_f32 };

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

/* Storage for one value of any of the types. */
union any {
    order order;
    max_align_t align;
};

static void
encode_into(struct mwi_buf *buf, const mw_type *type, const void *value)
{
    struct mwi_writer w;

    mwi_writer_init(&w, buf);
    mwi_encode(&w, type, value);
    cr_assert(mwi_writer_ok(&w), "%s: %s", type->name, w.error.text);
}

static void
decode_from(const struct mwi_buf *buf, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    struct mwi_reader r;

    memset(ret_value, 0, type->size);
    mwi_reader_init(&r, mwi_buf_bytes(buf), mwi_buf_len(buf), DEPTH);
    mwi_decode(&r, place, type, ret_value);
    cr_assert_eq(
        mwi_reader_finish(&r), MW_OK, "%s: %s", type->name, r.error.text);
}

static void
check_round_trip(const mw_type *type, const void *value)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    struct mwi_buf buf;
    struct mwi_reader r;
    union any back;
    union any copy;
    size_t len;

    mwi_buf_init(&buf, SIZE_MAX / 2);
    encode_into(&buf, type, value);
    len = mwi_buf_len(&buf);
    cr_assert_eq(mwi_encoded_size(NULL, type, value, SIZE_MAX), len);
    cr_assert_eq(mwi_encoded_size(NULL, type, value, len), len);
    cr_assert_gt(mwi_encoded_size(NULL, type, value, len - 1), len - 1);
    mwi_reader_init(&r, mwi_buf_bytes(&buf), len, DEPTH);
    mwi_skip(&r);
    cr_assert_eq(mwi_reader_finish(&r), MW_OK, "%s", r.error.text);
    decode_from(&buf, &heap, type, &back);
    cr_assert(mwi_equal(type, value, &back), "%s", type->name);
    cr_assert_eq(mw_object_copy(type, &copy, value), MW_OK);
    cr_assert(mwi_equal(type, value, &copy), "%s", type->name);
    mw_object_clear(type, &copy);
    mw_object_clear(type, &back);
    mwi_buf_fini(&buf);
}

Test(random, round_trip)
{
    struct mwt_prng prng = mwt_prng_seeded("random/round_trip");

    for (size_t i = 0; i < ROUNDS * N_TYPES; i++) {
        const mw_type *type = types[i % N_TYPES];
        union any value;
        char *text;

        mwt_random_object(&prng, type, &value);
        check_round_trip(type, &value);
        text = mw_object_text(type, &value);
        cr_assert_not_null(text);
        cr_assert_eq(mwi_utf8_prefix(text, strlen(text)), strlen(text));
        free(text);
        mw_object_clear(type, &value);
    }
}

/* The same value on the heap and in an arena, mutated alike again and again. */
static void
check_mutations(struct mwt_prng *prng, const mw_type *type)
{
    struct mwi_arena arena;
    struct mwi_place place = { .arena = &arena, .budget = SIZE_MAX };
    struct mwi_buf buf;
    union any here;
    union any there;

    mwi_arena_init(&arena, SIZE_MAX / 2);
    mwi_buf_init(&buf, SIZE_MAX / 2);
    mwt_random_object(prng, type, &here);
    encode_into(&buf, type, &here);
    decode_from(&buf, &place, type, &there);
    for (int i = 0; i < 8; i++) {
        struct mwt_prng same = *prng;

        mwt_mutate_object(prng, type, &here);
        mwt_mutate(&same, &place, type, &there);
        cr_assert_eq(prng->state, same.state, "%s", type->name);
        cr_assert(mwi_equal(type, &here, &there), "%s", type->name);
    }
    check_round_trip(type, &here);
    check_round_trip(type, &there);
    mw_object_clear(type, &here);
    mwi_arena_fini(&arena);
    mwi_buf_fini(&buf);
}

Test(random, mutations_on_heap_and_in_arena)
{
    struct mwt_prng prng = mwt_prng_seeded("random/mutations");

    for (size_t i = 0; i < ROUNDS * N_TYPES; i++) {
        check_mutations(&prng, types[i % N_TYPES]);
    }
}

Test(random, mutations_change_something)
{
    struct mwt_prng prng = mwt_prng_seeded("random/change");
    size_t changed = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        union any value;
        union any before;

        mwt_random_object(&prng, &order_type, &value);
        cr_assert_eq(mw_object_copy(&order_type, &before, &value), MW_OK);
        mwt_mutate_object(&prng, &order_type, &value);
        changed += !mw_object_equal(&order_type, &before, &value);
        mw_object_clear(&order_type, &before);
        mw_object_clear(&order_type, &value);
    }
    cr_assert_gt(changed, ROUNDS / 2);
}

/* Random bytes in place of some of a valid message. */
Test(random, corrupted)
{
    struct mwt_prng prng = mwt_prng_seeded("random/corrupted");

    for (size_t i = 0; i < ROUNDS * N_TYPES; i++) {
        const mw_type *type = types[i % N_TYPES];
        union any value;
        union any back;
        uint8_t *bytes;
        size_t len;
        mw_error error;

        mwt_random_object(&prng, type, &value);
        cr_assert_eq(mw_object_encode(type, &value, &bytes, &len, &error),
            MW_OK, "%s", error.text);
        for (int j = 0; j < 20; j++) {
            size_t at = mwt_below(&prng, len);
            uint8_t old = bytes[at];

            bytes[at] = (uint8_t) mwt_next(&prng);
            if (mw_object_decode(type, bytes, len, &back, &error) == MW_OK) {
                check_round_trip(type, &back);
                mw_object_clear(type, &back);
            } else {
                cr_assert_neq(error.text[0], '\0');
            }
            bytes[at] = old;
        }
        free(bytes);
        mw_object_clear(type, &value);
    }
}
