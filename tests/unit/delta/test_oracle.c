/* SPDX-License-Identifier: MIT */
/*
 * The oracle: whatever a handler did, delta and full value leave the client
 * with the same object, the one that the handler left.  MW_SEED repeats a run,
 * MW_CASES says how many cases there are.
 */
#include <criterion/criterion.h>

#include "mw/object.h"

#include "fixture.h"
#include "kinds.h"
#include "lib/prng.h"
#include "lib/random_type.h"
#include "lib/random_value.h"
#include "shapes.h"
#include "world.h"

enum { SLACK = 8 }; /* bytes that a delta may be longer than the value */

static const mw_type *const types[] = { &order_type, &doc_type, &seq_item_type,
    &seq_line_type, &mw_type_string, &mw_type_seq_u8, &mw_type_seq_i32,
    &mw_type_seq_string, &seq_cell_type, &seq_node_type, &seq_line_3_type,
    &seq_item_6_type, &array_line_2_type, &grid_type, &string_8_type,
    &label_type, &scalars_type, &seq_seq_i16_type, &seq_colour_type,
    &seq_slot_type, &mw_type_seq_bool, &seq_u8_5_type, &seq_u16_8_type,
    &mw_type_u32, &point_type, &figure_type, &seq_figure_type,
    &access_bits_type, &price_map_type, &title_map_type, &stock_map_type,
    &side_map_type, &crate_type, &profile_type, &badge_type, &gauge_type,
    &depot_type, &depot_type };

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

/* Random keys are often the same; matching by key needs others. */
static void
make_keys_unique(const mw_type *type, void *object)
{
    seq_item *items = NULL;

    if (type == &seq_item_type) {
        items = object;
    } else if (type == &doc_type) {
        doc *one = object;

        items = &one->items;
        for (size_t i = 0; i < one->cells.len; i++) {
            one->cells.items[i].column = (int16_t) i;
        }
    }
    for (size_t i = 0; items != NULL && i < items->len; i++) {
        items->items[i].id = (uint32_t) (1000 + i);
    }
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
    if (mwt_chance(&prng, 60)) {
        make_keys_unique(type, object);
    }
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

/* Types that nobody has thought of. */
Test(oracle, random_types)
{
    struct mwt_prng prng = mwt_prng_seeded("oracle");
    size_t n = env_number("MW_CASES", 2000);
    struct totals totals = { 0 };

    for (size_t i = 0; i < n / 10; i++) {
        struct mwt_types family;

        mwt_types_init(&family, &prng, MWT_ALL & ~(1u << MW_KIND_REF));
        for (size_t j = 0; j < 10; j++) {
            run_case(mwt_types_any(&family), mwt_next(&prng), &totals);
        }
        mwt_types_fini(&family);
    }
    (void) fprintf(stderr, "oracle: %zu cases, deltas %llu, values %llu\n", n,
        (unsigned long long) totals.deltas, (unsigned long long) totals.values);
    cr_expect_not(has_leaks());
}

/* What handlers do that leaves no trace in the values' own bytes, or only
 * there. */
static void
act_as_handler(struct mwt_prng *prng, order *live, size_t what)
{
    static char sku[] = "static";
    static char customer[] = "who lives in static memory";
    static line lines[2] = { { .sku = sku, .count = 7 } };
    order before = *live;

    switch (what) {
    case 0: /* members exchange their memory */
        live->names = live->extra;
        live->extra = before.names;
        live->has_extra = true;
        break;
    case 1:
        if (live->lines.len > 1) {
            live->customer = live->lines.items[0].sku;
            live->lines.items[0].sku = before.customer;
        }
        break;
    case 2: /* memory that is in no arena */
        live->customer = customer;
        live->lines = (seq_line){ lines, 2, 2 };
        break;
    case 3:
        live->customer = NULL;
        live->names = (mw_seq_string){ 0 };
        break;
    case 4: /* two members share what they have */
        live->lines.len = live->lines.len / 2;
        live->u64.len = 0;
        live->i64 = (mw_seq_i64){ (int64_t *) (void *) live->u64.items,
            before.u64.len, before.u64.cap };
        break;
    case 5: /* in place */
        for (size_t i = 0; i < live->bytes.len; i += 3) {
            live->bytes.items[i] = (uint8_t) mwt_next(prng);
        }
        break;
    default: /* there and back */
        live->id++;
        live->id--;
        break;
    }
}

Test(oracle, handlers_that_move_pointers)
{
    struct mwt_prng prng = mwt_prng_seeded("oracle");

    for (size_t i = 0; i < 700; i++) {
        uint64_t seed = mwt_next(&prng);
        struct server server;
        struct mwi_buf delta;
        order one;

        mwt_random_object(&prng, &order_type, &one);
        server_open(&server, &order_type, &one);
        act_as_handler(&prng, server.object, i % 7);
        delta = server_delta(&server);
        check(&order_type, &server, &one, &delta, seed, "delta");
        cr_expect(i % 7 != 6 || mwi_buf_len(&delta) == 1);
        mwi_buf_fini(&delta);
        server_close(&server);
        mw_object_clear(&order_type, &one);
    }
    cr_expect_not(has_leaks());
}
