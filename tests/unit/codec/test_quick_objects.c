/* SPDX-License-Identifier: MIT */
/*
 * The same of whole values (test_quick.c): what one build of the codec makes of
 * an object, or of a message that is an object or was damaged, the other does.
 */
#include "mw/client.h"

#include "engines.h"
#include "kinds.h"
#include "lib/random_type.h"
#include "lib/random_value.h"

enum {
    FAMILIES = 60,
    MUTANTS = 10000, /* bytes of them of each object: many of a small one */
    DEPTH = 64,
};

/* Decode with both, and hold what comes of it against each other. */
static void
check_decoding(
    const mw_type *type, const uint8_t *bytes, size_t len, uint32_t depth)
{
    void *back[ENGINES];
    struct mwi_reader r[ENGINES];

    for (size_t e = 0; e < ENGINES; e++) {
        struct mwi_place heap = { .budget = 1 << 24 };

        back[e] = calloc(1, type->size);
        cr_assert_not_null(back[e]);
        engines[e]->reader_init(&r[e], bytes, len, depth);
        engines[e]->decode(&r[e], &heap, type, back[e]);
        (void) engines[e]->reader_finish(&r[e]);
    }
    assert_same_reader(&r[0], &r[1], bytes, len);
    if (r[0].error.status == MW_OK) {
        cr_assert(mwi_equal(type, back[0], back[1]), "%s", type->name);
    }
    for (size_t e = 0; e < ENGINES; e++) {
        mwi_clear(type, back[e]);
        free(back[e]);
    }
}

/* The message, cut, with bytes replaced, and not as deep as it has to be. */
static void
check_mutants(
    struct mwt_prng *prng, const mw_type *type, uint8_t *bytes, size_t len)
{
    check_decoding(type, bytes, len, DEPTH);
    for (size_t i = 0; i < 2 + MUTANTS / len; i++) {
        size_t at = mwt_below(prng, len);
        uint8_t old = bytes[at];

        bytes[at] ^= (uint8_t) (mwt_chance(prng, 50) ? 1u << mwt_below(prng, 8)
                                                     : mwt_next(prng));
        check_decoding(type, bytes, len, DEPTH);
        bytes[at] = old;
        check_decoding(type, bytes, len, (uint32_t) mwt_below(prng, 6));
        check_decoding(type, bytes, mwt_below(prng, len), DEPTH);
    }
}

/* Encode with both, with as much room as there is, inside of depth containers.
 */
static mw_status
check_encoding(const mw_type *type, const void *value, size_t max,
    uint32_t depth, struct mwi_buf buf[ENGINES])
{
    struct mwi_writer w[ENGINES];

    for (size_t e = 0; e < ENGINES; e++) {
        mwi_buf_init(&buf[e], max);
        engines[e]->writer_init(&w[e], &buf[e]);
        w[e].depth = depth;
        engines[e]->encode(&w[e], type, value);
    }
    assert_same_writer(&w[0], &w[1]);
    return w[0].error.status;
}

static void
check_object(struct mwt_prng *prng, const mw_type *type)
{
    struct mwi_buf buf[ENGINES];
    void *value = calloc(1, type->size);
    size_t len;

    cr_assert_not_null(value);
    mwt_random_object(prng, type, value);
    cr_assert_eq(check_encoding(type, value, SIZE_MAX / 2, 0, buf), MW_OK);
    len = mwi_buf_len(&buf[0]);
    check_mutants(prng, type, buf[0].data, len);
    mwi_buf_fini(&buf[0]);
    mwi_buf_fini(&buf[1]);
    cr_assert_eq(
        check_encoding(type, value, mwt_below(prng, len), 0, buf), MW_ERANGE);
    mwi_buf_fini(&buf[0]);
    mwi_buf_fini(&buf[1]);
    (void) check_encoding(type, value, SIZE_MAX / 2,
        MW_DEFAULT_DEPTH_MAX - (uint32_t) mwt_below(prng, 6), buf);
    mwi_buf_fini(&buf[0]);
    mwi_buf_fini(&buf[1]);
    mwi_clear(type, value);
    free(value);
}

Test(quick, objects_of_random_types)
{
    struct mwt_prng prng = mwt_prng_seeded("quick/objects");

    for (size_t i = 0; i < FAMILIES; i++) {
        struct mwt_types types;
        const mw_type *type;

        mwt_types_init(&types, &prng, MWT_ALL & ~(1u << MW_KIND_REF));
        type = mwt_types_struct(&types);
        for (size_t j = 0; j < 4; j++) {
            check_object(&prng, type);
        }
        mwt_types_fini(&types);
    }
}

Test(quick, objects_of_the_fixture)
{
    const mw_type *const types[] = { &scalars_type, &order_type, &line_type,
        &grid_type, &settings_type, &exact_type, &branch_type, &shape_type,
        &number_type, &ranges_type, &seq_line_type };
    size_t n = sizeof(types) / sizeof(types[0]);
    struct mwt_prng prng = mwt_prng_seeded("quick/fixture");

    for (size_t i = 0; i < 8 * n; i++) {
        check_object(&prng, types[i % n]);
    }
}

/* @mutable, declared in another order than that of the ids. */
struct shuffled {
    uint8_t a;
    uint8_t b;
    uint8_t c;
    char text[5];
};

static const uint8_t seven = 7;

static const mw_field shuffled_fields[] = {
    { .name = "a", .type = &mw_type_u8, .offset = 0, .id = 0 },
    { .name = "b", .type = &mw_type_u8, .offset = 1, .id = 5 },
    { .name = "c",
        .type = &mw_type_u8,
        .offset = 2,
        .id = 3,
        .initial = &seven },
    { .name = "text", .type = &string_4_type, .offset = 3, .id = 6 },
};

static const mw_type shuffled_type = {
    .name = "shuffled",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_FLAT | MW_TYPE_MUTABLE,
    .size = sizeof(struct shuffled),
    .align = _Alignof(struct shuffled),
    .n_members = 4,
    .fields = shuffled_fields,
};

/* Members left out, unknown ones, and ids that do not ascend. */
Test(quick, ids)
{
    static const char *const messages[] = { "a0", "a10001", "a2000105 02",
        "a20001 0302", "a30001 0302 0503", "a30001 0502 0303", "a20005 0006",
        "a30101 0302 0504", "a3000102020503", "a3000105021803 01",
        "a4000103020503 0664616263 64", "a4000103020503 0665616263 6465",
        "a4000103020503 0662c3a9", "a40001 0302 0503 0663c3a900", "a10718 18",
        "a1186418 18" };

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct hex hex = unhex(messages[i]);

        check_decoding(&shuffled_type, hex.bytes, hex.len, DEPTH);
        check_decoding(&shuffled_type, hex.bytes, hex.len, 1);
        free(hex.bytes);
    }
}

/* The same as an array. */
static const mw_type plain_type = {
    .name = "plain",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_FLAT,
    .size = sizeof(struct shuffled),
    .align = _Alignof(struct shuffled),
    .n_members = 4,
    .fields = shuffled_fields,
};

/* Texts that cannot go, and those that go the long way. */
Test(quick, texts_in_memory)
{
    static const struct shuffled values[] = { { .text = "abcd" },
        { .text = { 'a', 'b', 'c', 'd', 'e' } }, { .text = "\xff" },
        { .text = "\xc3\xa9" }, { .text = { 'a', '\0', '\xff' } } };
    static const mw_status expected[] = { MW_OK, MW_EINVAL, MW_EINVAL, MW_OK,
        MW_OK };
    static const mw_type *const types[] = { &plain_type, &shuffled_type };

    for (size_t i = 0; i < 2 * sizeof(values) / sizeof(values[0]); i++) {
        struct mwi_buf buf[ENGINES];

        cr_assert_eq(check_encoding(types[i % 2], &values[i / 2], 100, 0, buf),
            expected[i / 2]);
        mwi_buf_fini(&buf[0]);
        mwi_buf_fini(&buf[1]);
    }
}

/* And in messages: too long, with a NUL, not UTF-8. */
Test(quick, texts_in_messages)
{
    static const char *const messages[] = { "84010203 6461626364",
        "84010203 656162636465", "84010203 626100", "84010203 61ff",
        "84010203 63c3a961", "84010203 60", "84010203 7804 61626364",
        "84010203 7b0000000000000004 61626364", "84010203 44 61626364" };

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct hex hex = unhex(messages[i]);

        check_decoding(&plain_type, hex.bytes, hex.len, DEPTH);
        free(hex.bytes);
    }
}

/* A member of each kind of number, and integers around all powers of two. */
Test(quick, numbers_at_their_limits)
{
    static const mw_type *const types[] = { &mw_type_u8, &mw_type_i8,
        &mw_type_u16, &mw_type_i16, &mw_type_u32, &mw_type_i32, &mw_type_u64,
        &mw_type_i64, &mw_type_f32, &mw_type_f64, &mw_type_bool };

    for (size_t i = 0; i < 64 * 6 * sizeof(types) / sizeof(types[0]); i++) {
        const mw_field field = { .name = "n", .type = types[i / (64 * 6)] };
        mw_type type = plain_type;
        uint64_t n = (UINT64_C(1) << i / 6 % 64) + i % 3 - 1;
        struct mwi_buf buf;
        struct mwi_writer w;

        type.n_members = 1;
        type.fields = &field;
        mwi_buf_init(&buf, 100);
        mwi_writer_init(&w, &buf);
        mwi_write_array(&w, 1);
        if (i % 6 < 3) {
            mwi_write_uint(&w, n);
        } else {
            mwi_write_int(&w, (int64_t) ~n);
        }
        check_decoding(&type, buf.data, mwi_buf_len(&buf), DEPTH);
        mwi_buf_fini(&buf);
    }
}
