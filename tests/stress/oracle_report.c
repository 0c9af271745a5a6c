/* SPDX-License-Identifier: MIT */
#include "oracle_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/value.h"

enum { MANY = 1000 }; /* cases after which everything should have come */

static const char *const kind_names[MW_KIND_REF + 1] = {
    [MW_KIND_BOOL] = "bool",
    [MW_KIND_U8] = "u8",
    [MW_KIND_I8] = "i8",
    [MW_KIND_U16] = "u16",
    [MW_KIND_I16] = "i16",
    [MW_KIND_U32] = "u32",
    [MW_KIND_I32] = "i32",
    [MW_KIND_U64] = "u64",
    [MW_KIND_I64] = "i64",
    [MW_KIND_F32] = "f32",
    [MW_KIND_F64] = "f64",
    [MW_KIND_ENUM] = "enum",
    [MW_KIND_STRING] = "string",
    [MW_KIND_STRING_N] = "string<N>",
    [MW_KIND_STRUCT] = "struct",
    [MW_KIND_SEQ] = "sequence",
    [MW_KIND_SEQ_N] = "sequence<N>",
    [MW_KIND_ARRAY] = "array",
    [MW_KIND_UNION] = "union",
    [MW_KIND_BITMASK] = "bitmask",
    [MW_KIND_MAP] = "map",
    [MW_KIND_BOX] = "box",
    [MW_KIND_REF] = "reference",
};

static const char *const change_names[MWT_CHANGES] = {
    [MWT_CHANGE_ROOT] = "parameter edited",
    [MWT_CHANGE_NODE] = "node edited",
    [MWT_RELINK] = "relinked",
    [MWT_SWAP] = "swapped",
    [MWT_REVERSE] = "reversed",
    [MWT_JOIN] = "joined",
    [MWT_SPLIT] = "split",
    [MWT_SPLICE] = "spliced",
    [MWT_UNLINK] = "unlinked",
    [MWT_RELEASE] = "released",
    [MWT_CLEAR] = "cleared",
};

/* What leads where, counted. */
struct degrees {
    const struct mwt_graph *graph;
    size_t *in;
    bool is_counting_down;
    size_t *queue; /* nodes that nothing leads to any more */
    size_t n_queue;
    bool is_shared;
};

static void
count_edge(void *user, const mw_type *ref, void *place)
{
    struct degrees *degrees = user;
    void *node = mwt_load_pointer(place);
    size_t number;

    (void) ref;
    if (node == NULL || !mwt_graph_find(degrees->graph, node, &number)) {
        return;
    }
    if (!degrees->is_counting_down) {
        degrees->in[number]++;
        degrees->is_shared = degrees->is_shared || degrees->in[number] > 1;
    } else if (--degrees->in[number] == 0) {
        degrees->queue[degrees->n_queue++] = number;
    }
}

/* Nodes are taken away that nothing leads to, until there are none: what is
 * left are circles, and what these lead to. */
static void
count_shapes(struct oracle_totals *totals, const struct mwt_graph *graph)
{
    struct degrees degrees = { .graph = graph,
        .in = calloc(graph->n_nodes + 1, sizeof(size_t)),
        .queue = calloc(graph->n_nodes + 1, sizeof(size_t)) };

    if (degrees.in == NULL || degrees.queue == NULL) {
        abort();
    }
    for (size_t i = 0; i < graph->n_nodes; i++) {
        mwt_each_ref(
            graph->nodes[i].type, graph->nodes[i].at, count_edge, &degrees);
    }
    degrees.is_counting_down = true;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        if (degrees.in[i] == 0) {
            degrees.queue[degrees.n_queue++] = i;
        }
    }
    for (size_t i = 0; i < degrees.n_queue; i++) {
        const struct mwt_node *node = &graph->nodes[degrees.queue[i]];

        mwt_each_ref(node->type, node->at, count_edge, &degrees);
    }
    totals->shared += degrees.is_shared;
    totals->circles += degrees.n_queue < graph->n_nodes;
    free(degrees.in);
    free(degrees.queue);
}

static bool
has_mutable(const struct oracle_case *c)
{
    for (size_t i = 0; i < c->method.n_params; i++) {
        if ((c->params[i].type->flags & MW_TYPE_MUTABLE) != 0) {
            return true;
        }
    }
    return false;
}

void
oracle_count(struct oracle_totals *totals, const struct oracle_case *c)
{
    totals->cases++;
    for (uint32_t kind = MW_KIND_BOOL; kind <= MW_KIND_REF; kind++) {
        bool has = false;

        for (size_t i = 0; i < c->method.n_params; i++) {
            has = has || mwt_type_has(c->params[i].type, kind);
        }
        totals->kinds[kind] += has;
    }
    totals->mutables += has_mutable(c);
    for (size_t i = 0; i < c->method.n_params; i++) {
        totals->dirs[c->params[i].dir]++;
    }
    for (int change = 0; change < MWT_CHANGES; change++) {
        totals->changes[change] += c->counts[change];
    }
    totals->nodes += c->caller.n_nodes;
    if (c->caller.n_nodes > totals->nodes_max) {
        totals->nodes_max = c->caller.n_nodes;
    }
    totals->fresh += c->n_new;
    totals->released += c->n_released;
    totals->unlinked += c->n_unlinked;
    count_shapes(totals, &c->caller);
}

bool
oracle_report(const struct oracle_totals *t)
{
    bool is_complete = t->circles > 0 && t->shared > 0 && t->fresh > 0 &&
                       t->released > 0 && t->unlinked > 0;

    (void) printf("%zu cases, %zu too deep, %zu without a change\n", t->cases,
        t->too_deep, t->unchanged);
    (void) printf("with:");
    for (int kind = MW_KIND_BOOL; kind <= MW_KIND_REF; kind++) {
        (void) printf(" %s %zu", kind_names[kind], t->kinds[kind]);
        is_complete = is_complete && t->kinds[kind] > 0;
    }
    (void) printf(", @mutable parameters %zu; in %zu, out %zu, inout %zu\n",
        t->mutables, t->dirs[MW_DIR_IN], t->dirs[MW_DIR_OUT],
        t->dirs[MW_DIR_INOUT]);
    (void) printf("changes:");
    for (int change = 0; change < MWT_CHANGES; change++) {
        (void) printf(" %s %zu", change_names[change], t->changes[change]);
        is_complete = is_complete && t->changes[change] > 0;
    }
    (void) printf("\nnodes: %zu, at most %zu; shared in %zu cases, in circles"
                  " in %zu; new %zu, released %zu, unlinked %zu\n",
        t->nodes, t->nodes_max, t->shared, t->circles, t->fresh, t->released,
        t->unlinked);
    (void) printf("replies: %llu bytes as deltas, %llu as whole values\n",
        (unsigned long long) t->delta_bytes,
        (unsigned long long) t->full_bytes);
    (void) printf("faults: %zu allocations failed; wrong replies: %zu refused,"
                  " %zu applied\n",
        t->allocations, t->refused, t->applied);
    return is_complete || t->cases < MANY;
}
