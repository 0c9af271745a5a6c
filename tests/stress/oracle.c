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

#include "mw/object.h"

#include "base/mem.h"
#include "codec/graph.h"
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
static const struct oracle_case *current;

_Noreturn static void
fail(const char *what, const char *detail)
{
    (void) fprintf(stderr,
        "stress_oracle: case %llu: %s: %s\n"
        "stress_oracle: to repeat it: stress_oracle 1 %llu\n",
        (unsigned long long) current->seed, what, detail,
        (unsigned long long) current->seed);
    for (size_t i = 0; i < current->method.n_params; i++) {
        (void) fprintf(stderr, "  %s: %s\n", current->params[i].name,
            current->params[i].type->name);
    }
    abort();
}

static void
check(bool is_fine, const char *what, const char *detail)
{
    if (!is_fine) {
        fail(what, detail);
    }
}

static struct mwi_buf
dump(const struct mwt_graph *graph)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, SIZE_MAX);
    mwt_graph_dump(graph, &buf);
    return buf;
}

static void
check_untouched(
    const struct mwt_graph *caller, struct mwi_buf *before, const char *mode)
{
    struct mwi_buf after = dump(caller);

    check(mwi_buf_len(&after) == mwi_buf_len(before) &&
              (mwi_buf_len(before) == 0 ||
                  memcmp(mwi_buf_bytes(&after), mwi_buf_bytes(before),
                      mwi_buf_len(before)) == 0),
        mode, "a call that failed has changed the caller's objects");
    mwi_buf_fini(&after);
}

/* Whether what a call left is what the local call left. */
static void
check_result(const struct oracle_case *c, const struct mwt_graph *caller,
    const struct oracle_outcome *outcome, const char *mode)
{
    size_t n_known = c->caller.n_nodes;
    char detail[80];
    size_t where;

    for (size_t i = 0; i < n_known; i++) {
        check(caller->nodes[i].is_released == c->local.nodes[i].is_released,
            mode, "other nodes were freed than those that were released");
    }
    if (!mwt_graph_same(caller, &c->local, n_known, &where)) {
        (void) snprintf(detail, sizeof(detail), "%s %zu of %zu differs",
            where == SIZE_MAX ? "parameter" : "node",
            where == SIZE_MAX ? 0 : where, n_known);
        fail(mode, detail);
    }
    check(outcome->n_unlinked == c->n_unlinked && !outcome->is_wrong_unlinked,
        mode, "other nodes are told to be unlinked than those that are");
    check(outcome->n_orphans == 0, mode, "nothing leads to a new node");
    check(outcome->stats.nodes_released == c->n_released, mode,
        "the count of released nodes is wrong");
    check(outcome->stats.nodes_new == c->n_new, mode,
        "the count of new nodes is wrong");
}

/* ---- the call as it should be ---- */

/* The reply's length; 0: the objects are nested too deep. */
static size_t
run_mode(struct oracle_case *c, bool full_values)
{
    const char *mode = full_values ? "full values" : "delta";
    struct mwt_graph caller = oracle_caller(c);
    struct oracle_outcome outcome;
    struct mwi_buf request;
    struct mwi_buf reply;
    struct mwi_nodes nodes;
    size_t len = 0;
    mw_error error;

    mwi_buf_init(&request, SIZE_MAX);
    mwi_buf_init(&reply, SIZE_MAX / 8);
    if (oracle_request(c, &caller, full_values, &request, &nodes, &error) ==
            MW_OK &&
        oracle_serve(c, &request, &reply, &error) == MW_OK) {
        outcome = oracle_take(
            c, &caller, &nodes, mwi_buf_bytes(&reply), mwi_buf_len(&reply));
        error = outcome.error;
    }
    if (error.status == MW_OK) {
        check_result(c, &caller, &outcome, mode);
        len = mwi_buf_len(&reply);
    } else {
        check(error.status == MW_ERANGE && strstr(error.text, "nested"), mode,
            error.text);
    }
    mwi_nodes_fini(&nodes);
    mwi_buf_fini(&request);
    mwi_buf_fini(&reply);
    oracle_free_caller(&caller);
    return len;
}

/* ---- without memory ---- */

/* The caller's end, with each allocation failing in turn. */
static void
fail_at_caller(struct oracle_case *c)
{
    struct mwt_graph caller = oracle_caller(c);
    struct mwi_buf before = dump(&caller);
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
            check(outcome.error.status == MW_ENOMEM, "a request without memory",
                outcome.error.text);
        } else {
            mwi_mem_fail_at(0);
            check(oracle_serve(c, &request, &reply, &outcome.error) == MW_OK,
                "served", outcome.error.text);
            mwi_mem_fail_at(n);
            outcome = oracle_take(
                c, &caller, &nodes, mwi_buf_bytes(&reply), mwi_buf_len(&reply));
            is_done = !outcome.has_failed;
            check(outcome.error.status == (is_done ? MW_OK : MW_ENOMEM),
                "a reply without memory", outcome.error.text);
        }
        mwi_mem_fail_at(0);
        totals.allocations++;
        if (is_done) {
            check_result(c, &caller, &outcome, "after lack of memory");
        } else {
            check_untouched(&caller, &before, "lack of memory");
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
        check(outcome.error.status == MW_OK, "served without memory",
            outcome.error.text);
        check_result(c, &caller, &outcome, "served without memory");
    } else {
        check(has_failed && outcome.error.status == MW_ENOMEM,
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

/* Whether a value can travel, and is what it was when it has. */
static void
check_round_trip(const mw_type *type, void *object)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    struct mwt_graph here;
    struct mwt_graph there;
    struct mwi_buf buf;
    struct mwi_writer w;
    struct mwi_reader r;
    size_t where;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    mwi_encode_graph(&w, type, object);
    if (mwi_writer_ok(&w)) {
        mwt_graph_init(&here);
        mwt_graph_init(&there);
        mwt_graph_add_root(&here, type, object);
        mwt_graph_add_root(&there, type, calloc(1, type->size));
        mwi_reader_init(
            &r, mwi_buf_bytes(&buf), mwi_buf_len(&buf), MWI_DEPTH_LIMIT);
        mwi_decode_graph(&r, &heap, type, there.roots[0].at);
        check(mwi_reader_finish(&r) == MW_OK, "round trip", r.error.text);
        check(mwt_graph_same(&here, &there, 0, &where), "round trip",
            "another object arrives");
        mwt_graph_fini(&here);
        oracle_free_caller(&there);
    } else {
        check(w.error.status == MW_ERANGE, "a wrong reply", w.error.text);
    }
    mwi_buf_fini(&buf);
}

/* Take a wrong reply.  Returns whether it was applied; then the caller is a
 * new one. */
static bool
take_wrong(struct oracle_case *c, struct mwt_graph *caller,
    struct mwi_buf *before, const uint8_t *reply, size_t len)
{
    struct oracle_outcome outcome;
    struct mwi_buf request;
    struct mwi_nodes nodes;
    mw_error error;
    /* To the byte, so that the sanitizer sees reads beyond the end. */
    uint8_t *exact = malloc(len > 0 ? len : 1);

    if (exact == NULL) {
        abort();
    }
    memcpy(exact, reply, len);
    mwi_buf_init(&request, SIZE_MAX);
    (void) oracle_request(c, caller, false, &request, &nodes, &error);
    outcome = oracle_take(c, caller, &nodes, exact, len);
    mwi_nodes_fini(&nodes);
    mwi_buf_fini(&request);
    free(exact);
    if (outcome.error.status < 0) {
        check(outcome.error.status == MW_EPROTO ||
                  outcome.error.status == MW_EINVAL ||
                  outcome.error.status == MW_ERANGE,
            "a wrong reply", outcome.error.text);
        check_untouched(caller, before, "a wrong reply");
        totals.refused++;
        return false;
    }
    totals.orphans += outcome.n_orphans;
    for (size_t i = 0; i < caller->n_roots; i++) {
        check_round_trip(caller->roots[i].type, caller->roots[i].at);
    }
    oracle_free_caller(caller);
    *caller = oracle_caller(c);
    mwi_buf_fini(before);
    *before = dump(caller);
    totals.applied++;
    return true;
}

static void
run_wrong_replies(struct oracle_case *c, struct mwt_prng *prng)
{
    struct mwt_graph caller = oracle_caller(c);
    struct mwi_buf before = dump(&caller);
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
        check(!take_wrong(c, &caller, &before, bytes, len), "a wrong reply",
            "half of it was applied");
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
    check(delta_len <= full_len + SLACK, "delta",
        "it is longer than whole values are");
    if (is_unchanged(c)) {
        totals.unchanged++;
        check(delta_len <= UNCHANGED_MAX, "delta", "nothing has changed");
    }
}

static void
run_case(uint64_t seed)
{
    struct oracle_case c;
    struct mwt_prng prng = { ~seed };
    size_t delta_len;
    size_t full_len;

    current = &c;
    oracle_open(&c, seed, MWT_ALL);
    oracle_count(&totals, &c);
    delta_len = run_mode(&c, false);
    full_len = run_mode(&c, true);
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
