/* SPDX-License-Identifier: MIT */
/*
 * The oracle: whatever a handler did, delta and full value leave the client
 * with the same object, the one that the handler left.  MW_SEED repeats a run,
 * MW_CASES says how many cases there are.
 */
#include <criterion/criterion.h>

#include "mw/object.h"

#include "fixture.h"
#include "lib/prng.h"
#include "lib/random_value.h"
#include "shapes.h"
#include "world.h"

enum { SLACK = 8 }; /* bytes that a delta may be longer than the value */

static const mw_type *const types[] = { &order_type, &doc_type, &seq_item_type,
    &seq_line_type, &mw_type_string, &mw_type_seq_u8, &mw_type_seq_i32,
    &mw_type_seq_string, &seq_cell_type, &seq_node_type, &seq_line_3_type,
    &seq_item_6_type, &array_line_2_type, &grid_type, &string_8_type,
    &label_type, &scalars_type, &seq_seq_i16_type, &seq_colour_type,
    &mw_type_seq_bool, &seq_u8_5_type, &seq_u16_8_type, &mw_type_u32,
    &point_type };

struct totals {
    uint64_t deltas; /* bytes */
    uint64_t values; /* bytes */
};

static void
check(const mw_type *type, const struct server *server, void *object,
    const struct mwi_buf *message, uint64_t seed, const char *mode)
{
    mw_error error;
    mw_status status = apply(type, object, mwi_buf_bytes(message),
        mwi_buf_len(message), &error, NULL);

    cr_assert_eq(status, MW_OK, "%s, %s, case seed %llu: %s", type->name, mode,
        (unsigned long long) seed, error.text);
    cr_assert(mwi_equal(type, object, server->object),
        "%s, %s, case seed %llu: differs", type->name, mode,
        (unsigned long long) seed);
}

static void
run_case(const mw_type *type, uint64_t seed, struct totals *totals)
{
    struct mwt_prng prng = { seed };
    struct server server;
    struct mwi_buf delta;
    struct mwi_buf value;
    void *object = calloc(1, type->size);
    void *second = calloc(1, type->size);
    size_t times = mwt_below(&prng, 4);

    cr_assert(object != NULL && second != NULL);
    mwt_random_object(&prng, type, object);
    cr_assert_eq(mw_object_copy(type, second, object), MW_OK);
    server_open(&server, type, object);
    for (size_t i = 0; i < times; i++) {
        mwt_mutate(&prng, &server.place, type, server.object);
    }
    delta = server_delta(&server);
    value = value_of(type, server.object);
    cr_assert_leq(mwi_buf_len(&delta), mwi_buf_len(&value) + SLACK,
        "%s, case seed %llu: delta of %zu bytes for a value of %zu", type->name,
        (unsigned long long) seed, mwi_buf_len(&delta), mwi_buf_len(&value));
    if (mwi_equal(type, object, server.object)) {
        cr_assert_eq(mwi_buf_len(&delta), 1, "%s, case seed %llu: %s",
            type->name, (unsigned long long) seed, "nothing has changed");
    }
    check(type, &server, object, &delta, seed, "delta");
    check(type, &server, second, &value, seed, "full value");
    totals->deltas += mwi_buf_len(&delta);
    totals->values += mwi_buf_len(&value);
    mwi_buf_fini(&delta);
    mwi_buf_fini(&value);
    server_close(&server);
    mwi_clear(type, object);
    mwi_clear(type, second);
    free(object);
    free(second);
}

Test(oracle, delta_and_value_leave_the_same)
{
    struct mwt_prng prng = mwt_prng_seeded("oracle");
    size_t n = env_number("MW_CASES", 6000);
    struct totals totals = { 0 };

    for (size_t i = 0; i < n; i++) {
        run_case(types[i % (sizeof(types) / sizeof(types[0]))], mwt_next(&prng),
            &totals);
    }
    (void) fprintf(stderr, "oracle: %zu cases, deltas %llu, values %llu\n", n,
        (unsigned long long) totals.deltas, (unsigned long long) totals.values);
}
