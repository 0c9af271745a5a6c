/* SPDX-License-Identifier: MIT */
/*
 * What a delta costs, and what it saves, against sending the value whole.
 *
 * A turn is a call: the request is encoded at the client and decoded at the
 * server, a snapshot is taken, a handler changes a part of the object, the
 * delta is found and written, staged and committed at the client.  Besides, the
 * changed object is encoded as a whole and decoded on the heap, as it would be
 * without deltas.  The next turn goes on with the object as it is then.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "delta/diff.h"
#include "delta/patch.h"
#include "delta/snapshot.h"
#include "lib/order.h"
#include "shapes.h"

enum phase {
    ENCODE_REQUEST,
    DECODE_REQUEST,
    SNAPSHOT,
    DIFF,
    STAGE,
    COMMIT,
    ENCODE_FULL,
    DECODE_FULL,
    PHASES,
};

enum {
    TURNS_MIN = 7,
    TURNS_MAX = 2000,
    MEMORY_MAX = 1 << 30,
    DEPTH_MAX = 64 + MWI_DELTA_DEPTH_EXTRA,
};

/* Both ends of a call, and what travels between them. */
struct world {
    const struct shape *shape;
    void *client;
    void *server;
    struct mwi_arena inout; /* what was decoded */
    struct mwi_arena other; /* what the handler has allocated */
    struct mwi_snapshot snapshot;
    struct mwi_buf request;
    struct mwi_buf delta;
    struct mwi_buf full;
};

static void
open_world(struct world *world, const struct shape *shape, size_t n)
{
    *world = (struct world){ .shape = shape };
    world->client = calloc(1, shape->type->size);
    bench_must(world->client != NULL, "out of memory");
    shape->fill(world->client, n);
}

/* Forget the call, not the client's object. */
static void
end_call(struct world *world)
{
    mwi_snapshot_fini(&world->snapshot);
    mwi_arena_fini(&world->inout);
    mwi_arena_fini(&world->other);
    mwi_buf_fini(&world->request);
    mwi_buf_fini(&world->delta);
    mwi_buf_fini(&world->full);
}

static void
close_world(struct world *world)
{
    mwi_clear(world->shape->type, world->client);
    free(world->client);
}

static void
encode(const mw_type *type, const void *value, struct mwi_buf *buf)
{
    struct mwi_writer w;

    mwi_buf_init(buf, MEMORY_MAX);
    mwi_writer_init(&w, buf);
    mwi_encode(&w, type, value);
    bench_must(mwi_writer_ok(&w), w.error.text);
}

static void
decode(const mw_type *type, struct mwi_place *place, const struct mwi_buf *buf,
    void *ret_value)
{
    struct mwi_reader r;

    mwi_reader_init(&r, mwi_buf_bytes(buf), mwi_buf_len(buf), DEPTH_MAX);
    mwi_decode(&r, place, type, ret_value);
    bench_must(mwi_reader_finish(&r) == MW_OK, r.error.text);
}

static void
take_request(struct world *world)
{
    const mw_type *type = world->shape->type;
    struct mwi_place place = { .arena = &world->inout, .budget = MEMORY_MAX };

    mwi_arena_init(&world->inout, MEMORY_MAX);
    world->server = mwi_place_alloc(&place, 1, type->size, type->align);
    bench_must(world->server != NULL, "out of memory");
    decode(type, &place, &world->request, world->server);
}

static void
handle(struct world *world, size_t n)
{
    struct mwi_place place = { .arena = &world->other, .budget = MEMORY_MAX };

    mwi_arena_init(&world->other, MEMORY_MAX);
    if (n > 0) {
        world->shape->change(&place, world->server, n);
    }
}

static void
diff(struct world *world)
{
    struct mwi_writer w;

    mwi_buf_init(&world->delta, MEMORY_MAX);
    mwi_writer_init(&w, &world->delta);
    mwi_diff(&w, world->shape->type, &mwi_mask_all, &world->snapshot,
        mwi_snapshot_of(&world->snapshot, world->server), world->server);
    bench_must(mwi_writer_ok(&w), w.error.text);
}

static void
stage(struct world *world, struct mwi_patch *patch)
{
    struct mwi_reader r;

    mwi_patch_init(patch, MEMORY_MAX);
    mwi_reader_init(&r, mwi_buf_bytes(&world->delta),
        mwi_buf_len(&world->delta), DEPTH_MAX);
    mwi_patch_stage(
        patch, &r, world->shape->type, &mwi_mask_all, world->client);
    bench_must(mwi_reader_finish(&r) == MW_OK, r.error.text);
}

/* The handler has run: send the delta. */
static void
return_delta(struct world *world, size_t n, double *at)
{
    struct mwi_patch *patches = calloc(n, sizeof(*patches));

    bench_must(patches != NULL, "out of memory");
    at[DIFF] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        diff(&world[i]);
    }
    at[DIFF] += bench_now();
    at[STAGE] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        stage(&world[i], &patches[i]);
    }
    at[STAGE] += bench_now();
    at[COMMIT] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        mwi_patch_commit(&patches[i]);
    }
    at[COMMIT] += bench_now();
    free(patches);
}

/* Send the whole value. */
static void
return_full(struct world *world, size_t n, double *at)
{
    const mw_type *type = world[0].shape->type;
    unsigned char *objects = calloc(n, type->size);

    bench_must(objects != NULL, "out of memory");
    at[ENCODE_FULL] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        encode(type, world[i].server, &world[i].full);
    }
    at[ENCODE_FULL] += bench_now();
    at[DECODE_FULL] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        struct mwi_place heap = { .budget = MEMORY_MAX };

        decode(type, &heap, &world[i].full, objects + i * type->size);
    }
    at[DECODE_FULL] += bench_now();
    for (size_t i = 0; i < n; i++) {
        mwi_clear(type, objects + i * type->size);
    }
    free(objects);
}

/* A call in each of n worlds. */
static void
turn(struct world *world, size_t n, size_t changes, bool full_first, double *at)
{
    at[ENCODE_REQUEST] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        encode(world[i].shape->type, world[i].client, &world[i].request);
    }
    at[ENCODE_REQUEST] += bench_now();
    at[DECODE_REQUEST] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        take_request(&world[i]);
    }
    at[DECODE_REQUEST] += bench_now();
    at[SNAPSHOT] -= bench_now();
    for (size_t i = 0; i < n; i++) {
        bench_must(mwi_snapshot_take(&world[i].snapshot, &world[i].inout) >= 0,
            "out of memory");
    }
    at[SNAPSHOT] += bench_now();
    for (size_t i = 0; i < n; i++) {
        handle(&world[i], changes);
    }
    if (full_first) {
        return_full(world, n, at);
    }
    return_delta(world, n, at);
    if (!full_first) {
        return_full(world, n, at);
    }
}

/* What was measured of one case. */
struct result {
    struct bench_series at[PHASES];
    struct bench_series ratio;
    size_t request;
    size_t delta;
    size_t full;
};

static void
note(struct result *result, const double *at, size_t n)
{
    double delta = at[SNAPSHOT] + at[DIFF] + at[STAGE] + at[COMMIT];
    double full = at[ENCODE_FULL] + at[DECODE_FULL];

    for (size_t i = 0; i < PHASES; i++) {
        bench_add(&result->at[i], at[i] / (double) n);
    }
    bench_add(&result->ratio, delta / full);
}

static void
measure(struct result *result, const struct bench_options *options,
    struct world *world, size_t n, size_t changes)
{
    double start = bench_now();

    for (size_t turns = 0; turns < TURNS_MAX; turns++) {
        double at[PHASES] = { 0 };

        /* The first turn warms up. */
        if (options->quick ? turns > 1
                           : turns > TURNS_MIN &&
                                 bench_now() - start > options->seconds * 1e6) {
            break;
        }
        turn(world, n, changes, turns % 2 == 0, at);
        if (turns > 0) {
            note(result, at, n);
        }
        bench_must(mwi_equal(world->shape->type, world->client, world->server),
            "the delta made something else of it");
        result->request = mwi_buf_len(&world->request);
        result->delta = mwi_buf_len(&world->delta);
        result->full = mwi_buf_len(&world->full);
        for (size_t i = 0; i < n; i++) {
            end_call(&world[i]);
        }
    }
}

static void
add_row(struct bench_table *table, size_t size, double percent,
    struct result *result)
{
    double at[PHASES];

    for (size_t i = 0; i < PHASES; i++) {
        at[i] = bench_median(&result->at[i]);
        bench_series_fini(&result->at[i]);
    }
    bench_cell(table, "%zu", size);
    bench_cell(table, "%g", percent);
    bench_cell(table, "%zu", result->request);
    bench_cell(table, "%zu", result->full);
    bench_cell(table, "%zu", result->delta);
    for (size_t i = 0; i < PHASES; i++) {
        bench_cell(table, "%.2f", at[i]);
    }
    bench_cell(table, "%.2f", at[SNAPSHOT] + at[DIFF] + at[STAGE] + at[COMMIT]);
    bench_cell(table, "%.2f", at[ENCODE_FULL] + at[DECODE_FULL]);
    bench_cell(table, "%.2f", bench_median(&result->ratio));
    bench_series_fini(&result->ratio);
}

static void
run_case(struct bench_table *table, const struct bench_options *options,
    const struct shape *shape, size_t size, double percent)
{
    size_t elements = size / shape->element;
    size_t n = size <= 1000 ? 64 : size <= 100000 ? 4 : 1;
    size_t changes = (size_t) ((double) elements * percent / 100 + 0.5);
    struct result result = { 0 };
    struct world *world = calloc(n, sizeof(*world));

    bench_must(world != NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        open_world(&world[i], shape, elements);
    }
    changes = changes == 0 && percent > 0 ? 1 : changes;
    measure(&result, options, world, n, changes);
    add_row(table, size, percent, &result);
    for (size_t i = 0; i < n; i++) {
        close_world(&world[i]);
    }
    free(world);
}

/* The worked example: an order in which a little of everything changes. */
static void
run_example(const struct bench_options *options)
{
    worked_Order order;
    worked_Customer *customer;
    struct bench_table table;
    struct mwt_call call;

    mwt_order_fill(&order);
    customer = order.customer;
    mwt_call_open(&call, &worked_Order_type, &order);
    mwt_call_write_request(&call);
    mwt_call_read_request(&call);
    mwt_call_take_snapshot(&call);
    mwt_order_handle(&call, call.server);
    mwt_call_write_reply(&call);
    bench_table_init(&table, "example", "request delta");
    bench_cell(&table, "%zu", mwi_buf_len(&call.request));
    bench_cell(&table, "%zu", mwi_buf_len(&call.reply));
    bench_table_print(&table, options);
    mwt_call_close(&call);
    worked_Customer_free(customer);
    order.customer = NULL;
    worked_Order_clear(&order);
}

int
main(int argc, char **argv)
{
    static const size_t sizes[] = { 1000, 100000, 10000000 };
    static const double percents[] = { 0, 0.1, 1, 10, 100 };
    struct bench_options options = bench_options_of(argc, argv);

    (void) printf("Deltas.  Sizes in bytes: of the object in memory, about; of "
                  "the request; of the value whole; of the delta.\nTimes in "
                  "microseconds, medians; ratio: snapshot to commit, to the "
                  "encoding and decoding of the value whole.\n");
    for (size_t s = 0; s < n_shapes; s++) {
        struct bench_table table;

        if (!bench_is_wanted(&options, shapes[s].name)) {
            continue;
        }
        bench_table_init(&table, shapes[s].name,
            "size changed% request full delta enc.req dec.req snapshot diff "
            "stage commit enc.full dec.full delta.us full.us ratio");
        for (size_t i = 0; i < (options.quick ? 2 : 3); i++) {
            for (size_t j = 0; j < sizeof(percents) / sizeof(*percents); j++) {
                run_case(&table, &options, &shapes[s], sizes[i], percents[j]);
            }
        }
        bench_table_print(&table, &options);
    }
    if (bench_is_wanted(&options, "example")) {
        run_example(&options);
    }
    return 0;
}
