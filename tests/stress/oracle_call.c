/* SPDX-License-Identifier: MIT */
#include "oracle_call.h"

#include <stdlib.h>
#include <string.h>

#include "mw/node.h"

#include "base/mem.h"
#include "delta/diff.h"
#include "delta/graph_stage.h"
#include "delta/reach.h"
#include "lib/random_value.h"
#include "rpc/args.h"
#include "rpc/call.h"
#include "rpc/results.h"
#include "wire/frame.h"
#include "wire/message.h"

enum {
    MEMORY_MAX = 1 << 28, /* bytes, of a call and of a patch */
    DEPTH_MAX = 64,
};

static void *
must(void *block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

/* ---- the case ---- */

static void
mutate(const struct oracle_case *c, struct mwi_place *place,
    struct mwt_graph *graph, size_t counts[MWT_CHANGES])
{
    for (size_t i = 0; i < c->plan.n_steps; i++) {
        struct mwt_prng prng = { c->plan.steps[i] };

        mwt_mutate_graph(&prng, place, graph, counts);
    }
}

/* The handler: what it does depends on the case alone. */
static mw_status
handle(mw_call *call, const void *ops, void *const args[])
{
    struct oracle_case *c = call->op->user;
    struct mwi_place place = { .arena = &call->arena, .budget = SIZE_MAX };
    size_t counts[MWT_CHANGES] = { 0 };
    struct mwt_graph graph;

    (void) ops;
    c->has_failed = c->has_failed || mwi_mem_has_failed();
    mwi_mem_fail_at(0);
    mwt_graph_init(&graph);
    for (size_t i = 0; i < c->method.n_params; i++) {
        mwt_graph_add_root(&graph, c->params[i].type, args[i]);
        graph.roots[i].is_in = c->params[i].dir == MW_DIR_IN;
        graph.roots[i].is_out = c->params[i].dir == MW_DIR_OUT;
    }
    mwt_graph_discover(&graph);
    mwt_graph_fix(&graph);
    mutate(c, &place, &graph, counts);
    for (size_t i = 0; i < graph.n_nodes; i++) {
        if (graph.nodes[i].is_released) {
            mw_release(call, graph.nodes[i].at);
        }
    }
    mwt_graph_fini(&graph);
    mwi_mem_fail_at(c->fail_after);
    return MW_OK;
}

/* The first is inout, so that there is something to change. */
static uint32_t
random_dir(struct mwt_prng *prng, size_t i)
{
    size_t what = mwt_below(prng, 100);

    if (i == 0 || what < 60) {
        return MW_DIR_INOUT;
    }
    return what < 80 ? MW_DIR_OUT : MW_DIR_IN;
}

static void
make_operation(struct oracle_case *c)
{
    struct mwt_prng *prng = &c->prng;
    size_t n = 1 + mwt_below(prng, 3);

    for (size_t i = 0; i < n; i++) {
        static const char *const names[] = { "a", "b", "c" };

        c->params[i] = (mw_param){ .name = names[i],
            .type = mwt_types_any(&c->types),
            .dir = random_dir(prng, i) };
    }
    c->method = (mw_method){ .name = "run",
        .target = "oracle.run",
        .params = c->params,
        .n_params = (uint32_t) n };
    c->op = (struct mwi_operation){
        .method = &c->method, .run = handle, .user = c, .is_implemented = true
    };
    if (mwi_method_node_types(&c->op.node_types, &c->method) < 0) {
        abort();
    }
}

static void
make_objects(struct oracle_case *c)
{
    const mw_type *nodes[MWT_VALUETYPES_MAX];

    mwt_graph_init(&c->caller);
    for (size_t i = 0; i < c->method.n_params; i++) {
        mwt_graph_add_root(&c->caller, c->params[i].type,
            must(mwi_calloc(1, c->params[i].type->size)));
        c->caller.roots[i].is_in = c->params[i].dir == MW_DIR_IN;
        c->caller.roots[i].is_out = c->params[i].dir == MW_DIR_OUT;
    }
    for (size_t i = 0; i < c->types.n_valuetypes; i++) {
        nodes[i] = c->types.valuetypes[i];
    }
    mwt_random_graph(&c->prng, &c->caller, nodes, c->types.n_valuetypes);
    mwt_graph_fix(&c->caller);
}

static void
free_node(const mw_type *type, void *node)
{
    mwi_clear(type, node);
    mwi_free(node);
}

/* Nodes that roots and the caller's own nodes lead to now. */
static void
count_nodes(struct oracle_case *c)
{
    const struct mwt_graph *local = &c->local;
    size_t n_known = c->caller.n_nodes;
    struct mwt_graph from_roots;
    struct mwt_graph from_known;
    size_t number;

    mwt_graph_init(&from_roots);
    mwt_graph_init(&from_known);
    for (size_t i = 0; i < local->n_roots; i++) {
        mwt_graph_add_root(
            &from_roots, local->roots[i].type, local->roots[i].at);
        mwt_graph_add_root(
            &from_known, local->roots[i].type, local->roots[i].at);
    }
    for (size_t i = 0; i < n_known; i++) {
        (void) mwt_graph_add(
            &from_known, local->nodes[i].type, local->nodes[i].at);
        from_known.nodes[i].is_released = local->nodes[i].is_released;
    }
    mwt_graph_discover(&from_roots);
    mwt_graph_discover(&from_known);
    c->n_new = from_known.n_nodes - n_known;
    c->is_unlinked = must(calloc(n_known + 1, sizeof(*c->is_unlinked)));
    for (size_t i = 0; i < n_known; i++) {
        c->n_released += local->nodes[i].is_released;
        c->is_unlinked[i] =
            !local->nodes[i].is_released &&
            !mwt_graph_find(&from_roots, local->nodes[i].at, &number);
        c->n_unlinked += c->is_unlinked[i];
    }
    mwt_graph_fini(&from_roots);
    mwt_graph_fini(&from_known);
}

/* A local call: the handler's deed, done to a copy. */
static void
call_locally(struct oracle_case *c)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    c->local = oracle_caller(c);
    mutate(c, &heap, &c->local, c->counts);
    for (size_t i = 0; i < c->local.n_nodes; i++) {
        if (c->local.nodes[i].is_released) {
            free_node(c->local.nodes[i].type, c->local.nodes[i].at);
        }
    }
    count_nodes(c);
}

void
oracle_open(struct oracle_case *c, const struct oracle_plan *plan)
{
    *c = (struct oracle_case){ .plan = *plan, .prng = { plan->seed } };
    mwt_types_init(&c->types, &c->prng, plan->kinds);
    make_operation(c);
    make_objects(c);
    call_locally(c);
}

void
oracle_close(struct oracle_case *c)
{
    oracle_free_caller(&c->caller);
    oracle_free_caller(&c->local);
    free(c->is_unlinked);
    mwi_type_set_fini(&c->op.node_types);
    mwt_types_fini(&c->types);
}

struct mwt_graph
oracle_caller(const struct oracle_case *c)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    struct mwt_graph copy;

    mwt_graph_copy(&c->caller, &heap, &copy);
    return copy;
}

void
oracle_free_caller(struct mwt_graph *caller)
{
    mwt_graph_discover(caller);
    mwt_graph_free_nodes(caller);
    mwt_graph_free_roots(caller);
    mwt_graph_fini(caller);
}

/* ---- the call ---- */

static void
arguments_of(const struct mwt_graph *caller, const void *ret_args[])
{
    for (size_t i = 0; i < caller->n_roots; i++) {
        ret_args[i] = caller->roots[i].at;
    }
}

mw_status
oracle_request(const struct oracle_case *c, const struct mwt_graph *caller,
    bool full_values, struct mwi_buf *message, struct mwi_nodes *nodes,
    mw_error *ret_error)
{
    struct mwi_call_head head = { .target = { c->method.target,
                                      strlen(c->method.target) },
        .timeout_ms = UINT64_MAX,
        .full_values = full_values };
    const void *args[MWT_ROOTS_MAX];
    struct mwi_writer w;

    mwi_nodes_init(nodes);
    arguments_of(caller, args);
    mwi_writer_init(&w, message);
    mwi_call_begin(&w, 1, &head);
    mwi_args_write(&w, &c->method, args, nodes, NULL);
    *ret_error = w.error;
    return w.error.status;
}

/* The message in a frame. */
static void
unwrap(struct mwi_buf *frame)
{
    struct mwi_frame head;

    if (mwi_frame_parse(mwi_buf_bytes(frame), mwi_buf_len(frame), &head) !=
        MWI_FRAME_WHOLE) {
        abort();
    }
    mwi_buf_consume(frame, head.head);
}

mw_status
oracle_serve(struct oracle_case *c, const struct mwi_buf *request,
    struct mwi_buf *reply, mw_error *ret_error)
{
    struct mwi_call_limits limits = { MEMORY_MAX, DEPTH_MAX };
    struct mwi_reader r;
    struct mwi_message head;
    mw_call *call;

    mwi_reader_init(
        &r, mwi_buf_bytes(request), mwi_buf_len(request), DEPTH_MAX);
    mwi_message_read(&r, &head);
    call = must(mwi_call_new(&c->op, &head, mwi_buf_bytes(request),
        mwi_buf_len(request), NULL, &limits));
    c->has_failed = false;
    mwi_mem_fail_at(c->fail_before);
    mwi_call_execute(call, reply, ret_error);
    c->has_failed = c->has_failed || mwi_mem_has_failed();
    mwi_mem_fail_at(0);
    mwi_call_free(call);
    if (mwi_buf_len(reply) > 0) {
        unwrap(reply);
    }
    return ret_error->status;
}

/* Told of what was unlinked. */
struct witness {
    const struct oracle_case *c;
    const struct mwt_graph *caller;
    struct oracle_outcome *outcome;
};

static void
see_unlinked(void *user, const mw_type *type, void *node)
{
    struct witness *witness = user;
    size_t number;

    witness->outcome->n_unlinked++;
    if (!mwt_graph_find(witness->caller, node, &number) ||
        witness->caller->nodes[number].type != type ||
        !witness->c->is_unlinked[number]) {
        witness->outcome->is_wrong_unlinked = true;
    }
}

/* Mark what the commit is going to free. */
static void
mark_released(struct mwt_graph *caller, const struct mwi_nodes *nodes,
    const struct mwi_patch *patch)
{
    for (size_t i = 0; i < caller->n_nodes; i++) {
        struct mwt_node *node = &caller->nodes[i];
        size_t number;

        if (mwi_nodes_find(nodes, node->type, node->at, &number)) {
            size_t table = (size_t) (mwi_nodes_find_table(nodes, node->type) -
                                     nodes->tables);

            node->is_released =
                mwi_is_released(&patch->released, table, number);
        }
    }
}

/* New nodes belong to the caller, who must be able to find them.  Those that
 * nothing leads to are gone already. */
static size_t
count_orphans(struct mwt_graph *caller, const struct mwi_nodes *nodes)
{
    size_t n_orphans = 0;

    mwt_graph_discover(caller);
    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];

        for (size_t i = table->n_known; i < mwi_node_count(table); i++) {
            void *node = mwi_node_at(table, i);
            size_t number;

            n_orphans += node != NULL && !mwt_graph_find(caller, node, &number);
        }
    }
    return n_orphans;
}

static void
commit(const struct oracle_case *c, struct mwt_graph *caller,
    struct mwi_nodes *nodes, struct mwi_patch *patch, struct mwi_reach *reach,
    struct oracle_outcome *outcome)
{
    struct witness witness = { c, caller, outcome };

    outcome->stats = patch->stats;
    if (nodes->n_known_tables > 0) {
        mark_released(caller, nodes, patch);
    }
    mwi_patch_commit(patch);
    for (size_t i = 0; i < caller->n_roots; i++) {
        mwi_reach_from(reach, caller->roots[i].type, caller->roots[i].at);
        caller->roots[i].is_out = false;
    }
    (void) mwi_reach_unlinked(reach, see_unlinked, &witness);
    outcome->n_orphans = count_orphans(caller, nodes);
}

struct oracle_outcome
oracle_take(const struct oracle_case *c, struct mwt_graph *caller,
    struct mwi_nodes *nodes, const uint8_t *reply, size_t len)
{
    struct oracle_outcome outcome = { 0 };
    const void *args[MWT_ROOTS_MAX];
    struct mwi_message m;
    struct mwi_patch patch;
    struct mwi_reach reach;
    struct mwi_reader r;

    arguments_of(caller, args);
    mwi_reader_init(&r, reply, len, DEPTH_MAX + MWI_DELTA_DEPTH_EXTRA);
    mwi_message_read(&r, &m);
    if (mwi_reader_ok(&r) && m.kind != MWI_REPLY) {
        mwi_reader_fail(&r, MW_EPROTO, "no reply");
    }
    mwi_patch_init(&patch, MEMORY_MAX);
    mwi_results_stage(&r, &patch, &c->method, args, nodes);
    (void) mwi_message_finish(&r, &m);
    outcome.error = r.error;
    if (mwi_reader_ok(&r)) {
        (void) !mwi_patch_settle(
            &patch, c->params, args, c->method.n_params, &outcome.error);
    }
    if (outcome.error.status == MW_OK &&
        mwi_reach_init(&reach, nodes, &patch.released) < 0) {
        outcome.error.status = MW_ENOMEM;
    }
    /* What follows is the test's own, or allocates nothing. */
    outcome.has_failed = mwi_mem_has_failed();
    mwi_mem_fail_at(0);
    if (outcome.error.status == MW_OK) {
        commit(c, caller, nodes, &patch, &reach, &outcome);
        mwi_reach_fini(&reach);
    } else {
        mwi_patch_abort(&patch);
    }
    return outcome;
}
