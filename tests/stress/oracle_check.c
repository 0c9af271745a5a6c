/* SPDX-License-Identifier: MIT */
#include "oracle_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/graph.h"

enum { LARGE = 1 << 23 }; /* bytes of objects that may be too large */

static const struct oracle_case *current;

void
oracle_watch(const struct oracle_case *c)
{
    current = c;
}

static _Noreturn void
fail(const char *what, const char *detail)
{
    (void) fprintf(stderr, "%s: %s\n", what, detail);
    if (current != NULL) {
        (void) fprintf(
            stderr, "seed %llu of:", (unsigned long long) current->plan.seed);
        for (size_t i = 0; i < current->method.n_params; i++) {
            (void) fprintf(stderr, " %s %s", current->params[i].type->name,
                current->params[i].name);
        }
        (void) fprintf(stderr, "\n");
    }
    abort();
}

void
oracle_check(bool holds, const char *what, const char *detail)
{
    if (!holds) {
        fail(what, detail);
    }
}

struct mwi_buf
oracle_dump(const struct mwt_graph *graph)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, SIZE_MAX);
    mwt_graph_dump(graph, &buf);
    return buf;
}

void
oracle_check_untouched(const struct mwt_graph *caller,
    const struct mwi_buf *before, const char *mode)
{
    struct mwi_buf after = oracle_dump(caller);

    oracle_check(mwi_buf_len(&after) == mwi_buf_len(before) &&
                     (mwi_buf_len(before) == 0 ||
                         memcmp(mwi_buf_bytes(&after), mwi_buf_bytes(before),
                             mwi_buf_len(before)) == 0),
        mode, "a call that failed has changed the caller's objects");
    mwi_buf_fini(&after);
}

void
oracle_check_result(const struct oracle_case *c, const struct mwt_graph *caller,
    const struct oracle_outcome *outcome, const char *mode)
{
    size_t n_known = c->caller.n_nodes;
    char detail[80];
    size_t where;

    for (size_t i = 0; i < n_known; i++) {
        oracle_check(
            caller->nodes[i].is_released == c->local.nodes[i].is_released, mode,
            "other nodes were freed than those that were released");
    }
    if (!mwt_graph_same(caller, &c->local, n_known, &where)) {
        (void) snprintf(detail, sizeof(detail), "%s %zu of %zu differs",
            where == SIZE_MAX ? "parameter" : "node",
            where == SIZE_MAX ? 0 : where, n_known);
        fail(mode, detail);
    }
    oracle_check(
        outcome->n_unlinked == c->n_unlinked && !outcome->is_wrong_unlinked,
        mode, "other nodes are told to be unlinked than those that are");
    oracle_check(outcome->n_orphans == 0, mode, "nothing leads to a new node");
    oracle_check(outcome->stats.nodes_released == c->n_released, mode,
        "the count of released nodes is wrong");
    oracle_check(outcome->stats.nodes_new == c->n_new, mode,
        "the count of new nodes is wrong");
}

/* Whether a call may fail: what it leaves is nested deeper, or is larger, than
 * what can travel. */
static bool
is_too_much(const struct oracle_case *c, const mw_error *error)
{
    struct mwi_buf bytes;
    bool is_large;

    if (error->status != MW_ERANGE) {
        return false;
    }
    if (strstr(error->text, "memory limit") == NULL) {
        return strstr(error->text, "nested") != NULL;
    }
    bytes = oracle_dump(&c->local);
    is_large = mwi_buf_len(&bytes) > LARGE;
    mwi_buf_fini(&bytes);
    return is_large;
}

size_t
oracle_run(struct oracle_case *c, bool full_values)
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
        oracle_check_result(c, &caller, &outcome, mode);
        len = mwi_buf_len(&reply);
    } else {
        oracle_check(is_too_much(c, &error), mode, error.text);
    }
    mwi_nodes_fini(&nodes);
    mwi_buf_fini(&request);
    mwi_buf_fini(&reply);
    oracle_free_caller(&caller);
    return len;
}

/* [nodes, V] of a value; empty if it is nested too deep. */
static struct mwi_buf
encode(const mw_type *type, const void *object)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_writer_init(&w, &buf);
    mwi_encode_graph(&w, type, object);
    if (!mwi_writer_ok(&w)) {
        oracle_check(
            w.error.status == MW_ERANGE, "cannot travel", w.error.text);
        mwi_buf_fini(&buf);
    }
    return buf;
}

void
oracle_check_round_trip(const mw_type *type, void *object)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    struct mwi_buf buf = encode(type, object);
    struct mwi_buf again;
    struct mwt_graph here;
    struct mwt_graph there;
    struct mwi_reader r;
    size_t where;

    if (mwi_buf_len(&buf) == 0) {
        return;
    }
    mwt_graph_init(&here);
    mwt_graph_init(&there);
    mwt_graph_add_root(&here, type, object);
    mwt_graph_add_root(&there, type, mwi_calloc(1, type->size));
    mwi_reader_init(
        &r, mwi_buf_bytes(&buf), mwi_buf_len(&buf), MWI_DEPTH_LIMIT);
    mwi_decode_graph(&r, &heap, type, there.roots[0].at);
    oracle_check(mwi_reader_finish(&r) == MW_OK, "round trip", r.error.text);
    oracle_check(mwt_graph_same(&here, &there, 0, &where), "round trip",
        "another object arrives");
    again = encode(type, there.roots[0].at);
    oracle_check(mwi_buf_len(&again) == mwi_buf_len(&buf) &&
                     memcmp(mwi_buf_bytes(&again), mwi_buf_bytes(&buf),
                         mwi_buf_len(&buf)) == 0,
        "round trip", "its encoding is another one");
    mwt_graph_fini(&here);
    oracle_free_caller(&there);
    mwi_buf_fini(&again);
    mwi_buf_fini(&buf);
}

bool
oracle_take_wrong(struct oracle_case *c, struct mwt_graph *caller,
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
        oracle_check(outcome.error.status == MW_EPROTO ||
                         outcome.error.status == MW_EINVAL ||
                         outcome.error.status == MW_ERANGE,
            "a wrong reply", outcome.error.text);
        oracle_check_untouched(caller, before, "a wrong reply");
        return false;
    }
    oracle_check(
        outcome.n_orphans == 0, "a wrong reply", "nothing leads to a new node");
    for (size_t i = 0; i < caller->n_roots; i++) {
        oracle_check_round_trip(caller->roots[i].type, caller->roots[i].at);
    }
    oracle_free_caller(caller);
    *caller = oracle_caller(c);
    mwi_buf_fini(before);
    *before = oracle_dump(caller);
    return true;
}
