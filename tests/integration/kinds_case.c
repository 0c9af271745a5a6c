/* SPDX-License-Identifier: MIT */
#include "integration/kinds_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/random_graph.h"

enum { SEED_TEXT = 24 };

/* What operations are told that take the seed as text. */
struct seed_text {
    char text[SEED_TEXT];
};

static struct seed_text
seed_text(uint64_t seed)
{
    struct seed_text text;

    (void) snprintf(
        text.text, sizeof(text.text), "%llu", (unsigned long long) seed);
    return text;
}

#define CALL(op)                                                             \
    static mw_status call_##op(                                              \
        mw_client *client, mw_ctx *ctx, void *const at[], uint64_t seed)     \
    {                                                                        \
        return graph_Surgery_##op(client, ctx, at[0], seed_text(seed).text); \
    }

CALL(doc)
CALL(totals)
CALL(lines)
CALL(all)
CALL(links)
CALL(partial)
CALL(deep)
CALL(look)
CALL(relink)
CALL(unshared_all)

static mw_status
call_settings(mw_client *client, mw_ctx *ctx, void *const at[], uint64_t seed)
{
    (void) seed;
    return graph_Surgery_settings(client, ctx, at[0]);
}

static mw_status
call_shape(mw_client *client, mw_ctx *ctx, void *const at[], uint64_t seed)
{
    return graph_Surgery_shape(client, ctx, at[0], (uint32_t) seed);
}

static mw_status
call_choice(mw_client *client, mw_ctx *ctx, void *const at[], uint64_t seed)
{
    return graph_Surgery_choice(client, ctx, at[0], (int32_t) seed);
}

static mw_status
call_flags(mw_client *client, mw_ctx *ctx, void *const at[], uint64_t seed)
{
    return graph_Surgery_flags(client, ctx, at[0], (graph_Rights) seed);
}

static mw_status
call_mixed(mw_client *client, mw_ctx *ctx, void *const at[], uint64_t seed)
{
    return graph_Surgery_mixed(
        client, ctx, at[0], at[1], at[2], at[3], seed_text(seed).text);
}

#define OP(op, type)                                      \
    {                                                     \
        .name = #op, .n_params = 1, .types = { &(type) }, \
        .seed_max = INT32_MAX, .call = call_##op          \
    }

static const struct kinds_op ops[] = {
    OP(doc, graph_Doc_type),
    OP(settings, graph_Settings_type),
    OP(shape, graph_Shape_type),
    OP(choice, graph_Choice_type),
    OP(totals, mw_f64_by_string_type),
    OP(lines, graph_Line_by_u32_type),
    { .name = "flags",
        .n_params = 1,
        .types = { &graph_Flags_type },
        .seed_max = UINT8_MAX,
        .call = call_flags },
    { .name = "mixed",
        .n_params = 4,
        .types = { &graph_Doc_type, &graph_Node_ref_type, &graph_Shape_type,
            &graph_Node_by_string_type },
        .is_out = { false, false, true, true },
        .seed_max = INT32_MAX,
        .call = call_mixed },
    OP(all, graph_Node_seq_type),
    OP(links, graph_Node_by_string_type),
    OP(unshared_all, graph_Node_seq_unique_type),
    OP(partial, graph_Doc_type),
    OP(deep, graph_Doc_type),
    OP(look, graph_Doc_type),
    OP(relink, graph_Node_seq_type),
};

const struct kinds_op *
kinds_op(const char *name)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
        if (strcmp(ops[i].name, name) == 0) {
            return &ops[i];
        }
    }
    abort();
}

void
kinds_open(
    struct kinds_case *c, const struct kinds_op *op, struct mwt_prng *prng)
{
    static const mw_type *const nodes[] = { &graph_Node_type,
        &graph_Tree_type };
    struct mwi_place heap = { .budget = SIZE_MAX };

    c->op = op;
    mwt_graph_init(&c->caller);
    for (size_t i = 0; i < op->n_params; i++) {
        const mw_type *type = op->types[i];

        mwt_graph_add_root(&c->caller, type,
            mwi_place_alloc(&heap, 1, type->size, type->align));
        c->caller.roots[i].is_out = op->is_out[i];
    }
    mwt_random_graph(prng, &c->caller, nodes, 2);
    c->seed = mwt_next(prng) % (op->seed_max + 1);
    if (op->types[0] == &graph_Settings_type) {
        c->seed = mwt_settings_seed(c->caller.roots[0].at);
    }
}

void
kinds_close(struct kinds_case *c)
{
    kinds_free(&c->caller);
}

struct mwt_graph
kinds_objects(const struct kinds_case *c)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    struct mwt_graph copy;

    mwt_graph_copy(&c->caller, &heap, &copy);
    return copy;
}

void
kinds_free(struct mwt_graph *graph)
{
    mwt_graph_discover(graph);
    mwt_graph_free_nodes(graph);
    mwt_graph_free_roots(graph);
    mwt_graph_fini(graph);
}

mw_status
kinds_call(const struct kinds_case *c, mw_client *client, mw_ctx *ctx,
    struct mwt_graph *graph)
{
    void *at[MWT_ROOTS_MAX];
    mw_status status;

    for (size_t i = 0; i < graph->n_roots; i++) {
        at[i] = graph->roots[i].at;
    }
    status = c->op->call(client, ctx, at, c->seed);
    for (size_t i = 0; status == MW_OK && i < graph->n_roots; i++) {
        graph->roots[i].is_out = false;
    }
    return status;
}

void
kinds_mutate(const struct kinds_case *c, struct mwt_graph *graph)
{
    mwt_mutate_roots(NULL, graph, c->seed);
}
