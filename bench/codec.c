/* SPDX-License-Identifier: MIT */
/*
 * What heads cost: a struct of twelve members as straight-line code for
 * libcbor handles it and as the engine does, with heads in place and with
 * libcbor for all; records with texts of their own; and a million doubles
 * beside memcpy().  Each way has its turn, again and again.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "lib/engine.h"
#include "shapes.h"
#include "straight.h"

enum {
    TURNS_MIN = 15,
    TURNS_MAX = 2000,
    DEPTH_MAX = 64,
    MEMORY_MAX = 1 << 30,
    READINGS = 2000, /* in a row, in each turn */
    RECORDS = 1000,
    DOUBLES = 1000000,
    WAYS_MAX = 4,
};

struct state;

/* A way to encode and to decode.  Both handle a number of values in a row. */
struct way {
    const char *name;
    const struct mwt_engine *engine; /* NULL: not by it */
    const mw_type *type;             /* of value */
    const void *value;
    size_t values; /* that one is, for times by value */
    void (*encode)(const struct way *way, struct state *state);
    void (*decode)(const struct way *way, struct state *state);
};

/* Its own. */
struct state {
    struct mwi_buf buf; /* what encode() has written */
    void *back;         /* where decode() reads to, of the type's size */
    struct bench_series at[2];
    struct bench_series ratio[2]; /* of the first way's to this */
};

static void
engine_encode(const struct way *way, struct state *state)
{
    struct mwi_writer w;

    state->buf.end = 0;
    way->engine->writer_init(&w, &state->buf);
    way->engine->encode(&w, way->type, way->value);
    bench_must(mwi_writer_ok(&w), w.error.text);
}

static void
engine_read(const struct way *way, struct state *state, struct mwi_place *place)
{
    struct mwi_reader r;

    way->engine->reader_init(
        &r, mwi_buf_bytes(&state->buf), mwi_buf_len(&state->buf), DEPTH_MAX);
    way->engine->decode(&r, place, way->type, state->back);
    bench_must(way->engine->reader_finish(&r) == MW_OK, r.error.text);
}

/* Into memory that is there, and zeros. */
static void
engine_decode_flat(const struct way *way, struct state *state)
{
    struct mwi_place heap = { .budget = 0 };

    engine_read(way, state, &heap);
}

/* Into a new arena. */
static void
engine_decode(const struct way *way, struct state *state)
{
    struct mwi_arena arena;
    struct mwi_place place = { .arena = &arena, .budget = MEMORY_MAX };

    memset(state->back, 0, way->type->size);
    mwi_arena_init(&arena, MEMORY_MAX);
    engine_read(way, state, &place);
    mwi_arena_fini(&arena);
}

static void
encode_readings(const struct way *way, struct state *state)
{
    for (size_t i = 0; i < READINGS; i++) {
        engine_encode(way, state);
    }
}

static void
decode_readings(const struct way *way, struct state *state)
{
    for (size_t i = 0; i < READINGS; i++) {
        memset(state->back, 0, way->type->size);
        engine_decode_flat(way, state);
    }
}

static void
encode_map(const struct way *way, struct state *state)
{
    for (size_t i = 0; i < READINGS; i++) {
        state->buf.end =
            straight_encode_map(way->value, state->buf.data, state->buf.cap);
    }
}

static void
decode_map(const struct way *way, struct state *state)
{
    (void) way;
    for (size_t i = 0; i < READINGS; i++) {
        bench_must(
            straight_decode_map(state->buf.data, state->buf.end, state->back),
            "not as it was written");
    }
}

static void
encode_array(const struct way *way, struct state *state)
{
    for (size_t i = 0; i < READINGS; i++) {
        state->buf.end =
            straight_encode_array(way->value, state->buf.data, state->buf.cap);
    }
}

static void
decode_array(const struct way *way, struct state *state)
{
    (void) way;
    for (size_t i = 0; i < READINGS; i++) {
        bench_must(
            straight_decode_array(state->buf.data, state->buf.end, state->back),
            "not as it was written");
    }
}

static void
copy_in(const struct way *way, struct state *state)
{
    memcpy(state->buf.data, way->value, way->type->size);
    state->buf.end = way->type->size;
}

static void
copy_out(const struct way *way, struct state *state)
{
    memcpy(state->back, state->buf.data, way->type->size);
}

/* Into an arena that is as new. */
static void
copy_out_new(const struct way *way, struct state *state)
{
    struct mwi_arena arena;
    void *items;

    mwi_arena_init(&arena, MEMORY_MAX);
    items = mwi_arena_alloc_raw(&arena, state->buf.end, _Alignof(max_align_t));
    bench_must(items != NULL, "out of memory");
    memcpy(items, way->value, state->buf.end);
    mwi_arena_fini(&arena);
}

static void
open_state(const struct way *way, struct state *state)
{
    mwi_buf_init(&state->buf, MEMORY_MAX);
    state->back = calloc(1, way->type->size);
    bench_must(state->back != NULL &&
                   mwi_buf_reserve(&state->buf, 2 * way->type->size) != NULL,
        "out of memory");
}

static void
close_state(struct state *state)
{
    mwi_buf_fini(&state->buf);
    free(state->back);
    for (size_t i = 0; i < 2; i++) {
        bench_series_fini(&state->at[i]);
        bench_series_fini(&state->ratio[i]);
    }
}

/* Each way in turn: encode all, then decode all. */
static void
turn(const struct way *ways, struct state *states, size_t n, bool note)
{
    double first[2] = { 0 };

    for (size_t i = 0; i < n; i++) {
        for (size_t phase = 0; phase < 2; phase++) {
            double start = bench_now();
            double time;

            if (phase == 0) {
                ways[i].encode(&ways[i], &states[i]);
            } else {
                ways[i].decode(&ways[i], &states[i]);
            }
            time = bench_now() - start;
            first[phase] = i == 0 ? time : first[phase];
            if (note) {
                bench_add(&states[i].at[phase],
                    1000 * time / (double) ways[i].values);
                bench_add(&states[i].ratio[phase], first[phase] / time);
            }
        }
    }
}

static void
run(const struct bench_options *options, const char *name,
    const struct way *ways, size_t n)
{
    struct state states[WAYS_MAX] = { 0 };
    struct bench_table table;
    double start;

    for (size_t i = 0; i < n; i++) {
        open_state(&ways[i], &states[i]);
    }
    turn(ways, states, n, false); /* warms up */
    start = bench_now();
    for (size_t turns = 0; turns < TURNS_MAX; turns++) {
        if (options->quick ? turns > 0
                           : turns >= TURNS_MIN &&
                                 bench_now() - start > options->seconds * 1e6) {
            break;
        }
        turn(ways, states, n, true);
    }
    bench_table_init(
        &table, name, "way bytes encode.ns decode.ns encode.x decode.x");
    for (size_t i = 0; i < n; i++) {
        bench_cell(&table, "%s", ways[i].name);
        bench_cell(&table, "%zu", mwi_buf_len(&states[i].buf));
        bench_cell(&table, "%.1f", bench_median(&states[i].at[0]));
        bench_cell(&table, "%.1f", bench_median(&states[i].at[1]));
        bench_cell(&table, "%.2f", bench_median(&states[i].ratio[0]));
        bench_cell(&table, "%.2f", bench_median(&states[i].ratio[1]));
        close_state(&states[i]);
    }
    bench_table_print(&table, options);
}

static const bench_Reading reading = { .id = 123456,
    .stamp = INT64_C(-1700000000123),
    .level = 200,
    .valid = true,
    .serial = UINT64_C(0x123456789ab),
    .x = 1.5,
    .y = -2.25,
    .z = 1e100,
    .name = "sensor-0042",
    .note = "calibrated in the morning",
    .offset = -4711,
    .samples = { 1, 2, 3, 4, 5, 6, 7, 8.5 } };

static void
run_readings(const struct bench_options *options)
{
    const mw_type *type = &bench_Reading_type;
    const struct way ways[] = {
        { "straight, map", NULL, type, &reading, READINGS, encode_map,
            decode_map },
        { "straight, array", NULL, type, &reading, READINGS, encode_array,
            decode_array },
        { "libcbor", &mwt_engine_pure, type, &reading, READINGS,
            encode_readings, decode_readings },
        { "inline", &mwt_engine, type, &reading, READINGS, encode_readings,
            decode_readings },
    };

    run(options, "reading", ways, sizeof(ways) / sizeof(*ways));
}

/* The same members with ids. */
static void
run_labelled(const struct bench_options *options)
{
    bench_Labelled labelled;
    const mw_type *type = &bench_Labelled_type;
    const struct way ways[] = {
        { "straight, map", NULL, type, &reading, READINGS, encode_map,
            decode_map },
        { "libcbor", &mwt_engine_pure, type, &labelled, READINGS,
            encode_readings, decode_readings },
        { "inline", &mwt_engine, type, &labelled, READINGS, encode_readings,
            decode_readings },
    };

    _Static_assert(sizeof(labelled) == sizeof(reading), "members alike");
    memcpy(&labelled, &reading, sizeof(labelled));
    run(options, "labelled", ways, sizeof(ways) / sizeof(*ways));
}

static void
run_records(const struct bench_options *options)
{
    const struct shape *shape = &shapes[0];
    void *records = calloc(1, shape->type->size);
    const struct way ways[] = {
        { "libcbor", &mwt_engine_pure, shape->type, records, RECORDS,
            engine_encode, engine_decode },
        { "inline", &mwt_engine, shape->type, records, RECORDS, engine_encode,
            engine_decode },
    };

    bench_must(records != NULL, "out of memory");
    shape->fill(records, RECORDS);
    run(options, "records", ways, sizeof(ways) / sizeof(*ways));
    mwi_clear(shape->type, records);
    free(records);
}

static void
run_doubles(const struct bench_options *options)
{
    static const mw_type bounded = { .name = "double[1000000]",
        .kind = MW_KIND_ARRAY,
        .flags = MW_TYPE_FLAT,
        .size = DOUBLES * sizeof(double),
        .align = _Alignof(double),
        .bound = DOUBLES,
        .elem = &mw_type_f64 };
    double *doubles = calloc(DOUBLES, sizeof(*doubles));
    mw_seq_f64 seq = { doubles, DOUBLES, DOUBLES };
    const struct way ways[] = {
        { "memcpy", NULL, &bounded, doubles, 1000, copy_in, copy_out },
        { "inline", &mwt_engine, &bounded, doubles, 1000, engine_encode,
            engine_decode_flat },
        { "memcpy, arena", NULL, &bounded, doubles, 1000, copy_in,
            copy_out_new },
        { "inline, arena", &mwt_engine, &mw_type_seq_f64, &seq, 1000,
            engine_encode, engine_decode },
    };

    bench_must(doubles != NULL, "out of memory");
    for (size_t i = 0; i < DOUBLES; i++) {
        doubles[i] = (double) i / 3;
    }
    run(options, "doubles", ways, sizeof(ways) / sizeof(*ways));
    free(doubles);
}

int
main(int argc, char **argv)
{
    struct bench_options options = bench_options_of(argc, argv);

    (void) printf("Codec.  Nanoseconds per value, medians (doubles: per "
                  "thousand of them); x: how many\ntimes as fast as the first "
                  "way of the table.\n");
    if (bench_is_wanted(&options, "reading")) {
        run_readings(&options);
    }
    if (bench_is_wanted(&options, "labelled")) {
        run_labelled(&options);
    }
    if (bench_is_wanted(&options, "records")) {
        run_records(&options);
    }
    if (bench_is_wanted(&options, "doubles")) {
        run_doubles(&options);
    }
    return 0;
}
