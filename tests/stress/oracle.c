/* SPDX-License-Identifier: MIT */
/*
 * The oracle: whatever a handler did to whatever it was given, a call leaves
 * the caller with what a local call would have left.
 *
 *     stress_oracle [cases [seed]]
 *
 * Each case has types, objects, graphs and a mutation of its own, all random.
 * The mutation is done to a copy of the objects, as a local call would; then
 * the call is made twice, once with deltas and once with whole values.  What
 * that leaves must be of the same shape and content, all nodes that were there
 * before must still be at the addresses they were at, those that were released
 * must be freed, and those that were unlinked told of and left alone.
 *
 * For some cases, each allocation fails in turn, at both ends; for others the
 * reply is cut off at each length and each of its bytes is changed.  Then
 * objects are either as they were, bit by bit, or they are valid: they can be
 * encoded, and decoded again.
 *
 * MW_CASES and MW_SEED are as the arguments; the seed that a failure names
 * repeats that case.  Leaks, and use of what was freed, are the address
 * sanitizer's to see.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oracle_check.h"
#include "oracle_report.h"

enum {
    CASES = 3000,
    FAULTS_EVERY = 40,  /* cases */
    CORRUPT_EVERY = 40, /* cases */
    NODES_MAX = 40,     /* of a case where things go wrong again and again */
    FULL_MAX = 1200,    /* bytes of its values, likewise */
    VALUES = 5,         /* that each byte is changed to */
    UNCHANGED_MAX = 16, /* bytes of a reply that nothing has changed */
    SLACK = 16,         /* bytes that a delta may be longer than values */
};

static struct oracle_totals totals;

/* ---- without memory ---- */

/* The caller's end, with each allocation failing in turn. */
static void
fail_at_caller(struct oracle_case *c)
{
    struct mwt_graph caller = oracle_caller(c);
    struct mwi_buf before = oracle_dump(&caller);
    bool is_done = false;

    for (uint64_t n = 1; !is_done; n++) {
        struct oracle_outcome outcome = { 0 };
        struct mwi_buf request;
        struct mwi_buf reply;
        struct mwi_nodes nodes;

        mwi_buf_init(&request, SIZE_MAX);
        mwi_buf_init(&reply, SIZE_MAX / 8);
        mwi_mem_fail_at(n);
        (void) oracle_request(
            c, &caller, false, &request, &nodes, &outcome.error);
        if (mwi_mem_has_failed()) {
            oracle_check(outcome.error.status == MW_ENOMEM,
                "a request without memory", outcome.error.text);
        } else {
            mwi_mem_fail_at(0);
            oracle_check(
                oracle_serve(c, &request, &reply, &outcome.error) == MW_OK,
                "served", outcome.error.text);
            mwi_mem_fail_at(n);
            outcome = oracle_take(
                c, &caller, &nodes, mwi_buf_bytes(&reply), mwi_buf_len(&reply));
            is_done = !outcome.has_failed;
            oracle_check(outcome.error.status == (is_done ? MW_OK : MW_ENOMEM),
                "a reply without memory", outcome.error.text);
        }
        mwi_mem_fail_at(0);
        totals.allocations++;
        if (is_done) {
            oracle_check_result(c, &caller, &outcome, "after lack of memory");
        } else {
            oracle_check_untouched(&caller, &before, "lack of memory");
        }
        mwi_nodes_fini(&nodes);
        mwi_buf_fini(&request);
        mwi_buf_fini(&reply);
    }
    mwi_buf_fini(&before);
    oracle_free_caller(&caller);
}

/* The server's end: it answers with a failure, or with a delta that is right
 * though coarser.  Returns whether an allocation has failed. */
static bool
fail_at_server(struct oracle_case *c, uint64_t before, uint64_t after)
{
    struct mwt_graph caller = oracle_caller(c);
    struct oracle_outcome outcome = { 0 };
    struct mwi_buf request;
    struct mwi_buf reply;
    struct mwi_nodes nodes;
    bool has_failed;

    mwi_buf_init(&request, SIZE_MAX);
    mwi_buf_init(&reply, SIZE_MAX / 8);
    (void) oracle_request(c, &caller, false, &request, &nodes, &outcome.error);
    c->fail_before = before;
    c->fail_after = after;
    (void) oracle_serve(c, &request, &reply, &outcome.error);
    c->fail_before = 0;
    c->fail_after = 0;
    has_failed = c->has_failed;
    if (outcome.error.status == MW_OK) {
        outcome = oracle_take(
            c, &caller, &nodes, mwi_buf_bytes(&reply), mwi_buf_len(&reply));
        oracle_check(outcome.error.status == MW_OK, "served without memory",
            outcome.error.text);
        oracle_check_result(c, &caller, &outcome, "served without memory");
    } else {
        oracle_check(has_failed && outcome.error.status == MW_ENOMEM,
            "served without memory", outcome.error.text);
    }
    totals.allocations++;
    mwi_nodes_fini(&nodes);
    mwi_buf_fini(&request);
    mwi_buf_fini(&reply);
    oracle_free_caller(&caller);
    return has_failed;
}

static void
run_without_memory(struct oracle_case *c)
{
    uint64_t n = 0;

    fail_at_caller(c);
    do {
        n++;
    } while (fail_at_server(c, n, 0));
    n = 0;
    do {
        n++;
    } while (fail_at_server(c, 0, n));
}

/* ---- replies that are wrong ---- */

static bool
take_wrong(struct oracle_case *c, struct mwt_graph *caller,
    struct mwi_buf *before, const uint8_t *reply, size_t len)
{
    bool is_applied = oracle_take_wrong(c, caller, before, reply, len);

    totals.applied += is_applied;
    totals.refused += !is_applied;
    return is_applied;
}

static void
run_wrong_replies(struct oracle_case *c, struct mwt_prng *prng)
{
    struct mwt_graph caller = oracle_caller(c);
    struct mwi_buf before = oracle_dump(&caller);
    struct mwi_buf request;
    struct mwi_buf reply;
    struct mwi_nodes nodes;
    mw_error error;
    uint8_t *bytes;

    mwi_buf_init(&request, SIZE_MAX);
    mwi_buf_init(&reply, SIZE_MAX / 8);
    (void) oracle_request(c, &caller, false, &request, &nodes, &error);
    (void) oracle_serve(c, &request, &reply, &error);
    mwi_nodes_fini(&nodes);
    bytes = reply.data + reply.start;
    for (size_t len = 0; len < mwi_buf_len(&reply); len++) {
        oracle_check(!take_wrong(c, &caller, &before, bytes, len),
            "a wrong reply", "half of it was applied");
    }
    for (size_t i = 0; i < mwi_buf_len(&reply); i++) {
        uint8_t old = bytes[i];
        const uint8_t values[VALUES] = { (uint8_t) (old + 1),
            (uint8_t) (old - 1), (uint8_t) (old ^ 0x20), 0,
            (uint8_t) mwt_next(prng) };

        for (size_t k = 0; k < VALUES; k++) {
            bytes[i] = values[k];
            (void) take_wrong(c, &caller, &before, bytes, mwi_buf_len(&reply));
        }
        bytes[i] = old;
    }
    mwi_buf_fini(&request);
    mwi_buf_fini(&reply);
    mwi_buf_fini(&before);
    oracle_free_caller(&caller);
}

/* ---- all of it ---- */

/* Whether the handler has left everything as it was. */
static bool
is_unchanged(const struct oracle_case *c)
{
    size_t where;

    for (size_t i = 0; i < c->method.n_params; i++) {
        if (c->params[i].dir == MW_DIR_OUT) {
            return false;
        }
    }
    return c->n_released == 0 &&
           mwt_graph_same(&c->caller, &c->local, c->caller.n_nodes, &where);
}

static void
check_lengths(const struct oracle_case *c, size_t delta_len, size_t full_len)
{
    totals.delta_bytes += delta_len;
    totals.full_bytes += full_len;
    oracle_check(delta_len <= full_len + SLACK, "delta",
        "it is longer than whole values are");
    if (is_unchanged(c)) {
        totals.unchanged++;
        oracle_check(
            delta_len <= UNCHANGED_MAX, "delta", "nothing has changed");
    }
}

static void
run_case(uint64_t seed)
{
    struct oracle_case c;
    struct mwt_prng prng = { ~seed };
    struct oracle_plan plan = { .seed = seed,
        .steps = { mwt_next(&prng), mwt_next(&prng) },
        .n_steps = 1 + mwt_below(&prng, 2),
        .kinds = MWT_ALL };
    size_t delta_len;
    size_t full_len;

    oracle_open(&c, &plan);
    oracle_watch(&c);
    oracle_count(&totals, &c);
    delta_len = oracle_run(&c, false);
    full_len = oracle_run(&c, true);
    if (delta_len == 0 || full_len == 0) {
        totals.too_deep++;
    } else {
        check_lengths(&c, delta_len, full_len);
        if (c.caller.n_nodes <= NODES_MAX && full_len <= FULL_MAX) {
            if (mwt_below(&prng, FAULTS_EVERY) == 0) {
                run_without_memory(&c);
            }
            if (mwt_below(&prng, CORRUPT_EVERY) == 0) {
                run_wrong_replies(&c, &prng);
            }
        }
    }
    oracle_close(&c);
}

static uint64_t
number(int argc, char **argv, int i, const char *name, uint64_t standard)
{
    const char *text = argc > i ? argv[i] : getenv(name);

    return text != NULL ? strtoull(text, NULL, 0) : standard;
}

int
main(int argc, char **argv)
{
    struct mwt_prng prng = mwt_prng_seeded("stress_oracle");
    uint64_t n = number(argc, argv, 1, "MW_CASES", CASES);
    uint64_t seed = number(argc, argv, 2, "MW_SEED", prng.state);

    prng.state = seed;
    for (uint64_t i = 0; i < n; i++) {
        run_case(seed);
        seed = mwt_next(&prng);
    }
    return oracle_report(&totals) ? 0 : 1;
}
