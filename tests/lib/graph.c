/* SPDX-License-Identifier: MIT */
#include "lib/graph.h"

#include <stdlib.h>

#include "base/mem.h"
#include "lib/value.h"

static uint64_t
key_of(const void *node)
{
    return (uint64_t) (uintptr_t) node;
}

void
mwt_graph_init(struct mwt_graph *graph)
{
    *graph = (struct mwt_graph){ 0 };
    mwi_map_init(&graph->numbers);
}

void
mwt_graph_fini(struct mwt_graph *graph)
{
    free(graph->nodes);
    mwi_map_fini(&graph->numbers);
    *graph = (struct mwt_graph){ 0 };
}

void
mwt_graph_add_root(struct mwt_graph *graph, const mw_type *type, void *at)
{
    if (graph->n_roots == MWT_ROOTS_MAX) {
        abort();
    }
    graph->roots[graph->n_roots++] =
        (struct mwt_root){ .type = type, .at = at };
}

size_t
mwt_graph_add(struct mwt_graph *graph, const mw_type *type, void *node)
{
    size_t number = graph->n_nodes;

    if (number == graph->cap) {
        graph->cap = 2 * graph->cap + 16;
        graph->nodes =
            realloc(graph->nodes, graph->cap * sizeof(*graph->nodes));
    }
    if (graph->nodes == NULL || mwi_map_put(&graph->numbers, key_of(node),
                                    (void *) (uintptr_t) (number + 1)) < 0) {
        abort();
    }
    graph->nodes[number] = (struct mwt_node){ .type = type, .at = node };
    graph->n_nodes++;
    return number;
}

bool
mwt_graph_find(
    const struct mwt_graph *graph, const void *node, size_t *ret_number)
{
    uintptr_t found = (uintptr_t) mwi_map_get(&graph->numbers, key_of(node));

    if (found == 0) {
        return false;
    }
    *ret_number = found - 1;
    return true;
}

static void
meet(void *user, const mw_type *ref, void *place)
{
    struct mwt_graph *graph = user;
    void *node = mwt_load_pointer(place);
    size_t number;

    if (node == NULL) {
        return;
    }
    if (!mwt_graph_find(graph, node, &number)) {
        number = mwt_graph_add(graph, ref->elem, node);
    }
    if ((ref->flags & MW_TYPE_UNIQUE) != 0) {
        graph->nodes[number].is_unique = true;
    }
}

void
mwt_graph_discover(struct mwt_graph *graph)
{
    for (size_t i = 0; i < graph->n_roots; i++) {
        if (!graph->roots[i].is_out) {
            mwt_each_ref(graph->roots[i].type, graph->roots[i].at, meet, graph);
        }
    }
    /* The list is the queue, too. */
    for (size_t i = 0; i < graph->n_nodes; i++) {
        if (!graph->nodes[i].is_released) {
            mwt_each_ref(graph->nodes[i].type, graph->nodes[i].at, meet, graph);
        }
    }
}

void
mwt_graph_fix(struct mwt_graph *graph)
{
    struct mwt_graph changeable;
    size_t number;

    mwt_graph_init(&changeable);
    for (size_t i = 0; i < graph->n_roots; i++) {
        if (!graph->roots[i].is_in && !graph->roots[i].is_out) {
            mwt_graph_add_root(
                &changeable, graph->roots[i].type, graph->roots[i].at);
        }
    }
    mwt_graph_discover(&changeable);
    for (size_t i = 0; i < graph->n_nodes; i++) {
        graph->nodes[i].is_fixed =
            !mwt_graph_find(&changeable, graph->nodes[i].at, &number);
    }
    mwt_graph_fini(&changeable);
}

static void *
copy_of(void *user, void *node)
{
    const struct mwt_graph *const *graphs = user;
    size_t number;

    if (node == NULL) {
        return NULL;
    }
    if (!mwt_graph_find(graphs[0], node, &number)) {
        abort();
    }
    return graphs[1]->nodes[number].at;
}

static void *
zeroed(struct mwi_place *place, const mw_type *type)
{
    void *block = mwi_place_alloc(place, 1, type->size, type->align);

    if (block == NULL) {
        abort();
    }
    return block;
}

void
mwt_graph_copy(const struct mwt_graph *graph, struct mwi_place *place,
    struct mwt_graph *ret_copy)
{
    const struct mwt_graph *graphs[] = { graph, ret_copy };

    mwt_graph_init(ret_copy);
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const mw_type *type = graph->nodes[i].type;

        (void) mwt_graph_add(ret_copy, type, zeroed(place, type));
        ret_copy->nodes[i].is_unique = graph->nodes[i].is_unique;
        ret_copy->nodes[i].is_released = graph->nodes[i].is_released;
        ret_copy->nodes[i].is_fixed = graph->nodes[i].is_fixed;
    }
    for (size_t i = 0; i < graph->n_roots; i++) {
        const struct mwt_root *root = &graph->roots[i];

        mwt_graph_add_root(ret_copy, root->type, zeroed(place, root->type));
        ret_copy->roots[i].is_in = root->is_in;
        ret_copy->roots[i].is_out = root->is_out;
        if (!root->is_out) {
            mwt_copy_value(place, root->type, ret_copy->roots[i].at, root->at,
                copy_of, graphs);
        }
    }
    for (size_t i = 0; i < graph->n_nodes; i++) {
        if (!graph->nodes[i].is_released) {
            mwt_copy_value(place, graph->nodes[i].type, ret_copy->nodes[i].at,
                graph->nodes[i].at, copy_of, graphs);
        }
    }
}

void
mwt_graph_free_roots(struct mwt_graph *graph)
{
    for (size_t i = 0; i < graph->n_roots; i++) {
        mwi_clear(graph->roots[i].type, graph->roots[i].at);
        mwi_free(graph->roots[i].at);
    }
    graph->n_roots = 0;
}

void
mwt_graph_free_nodes(struct mwt_graph *graph)
{
    for (size_t i = 0; i < graph->n_nodes; i++) {
        struct mwt_node *node = &graph->nodes[i];

        if (!node->is_released) {
            mwi_clear(node->type, node->at);
            mwi_free(node->at);
            node->is_released = true;
        }
    }
}

void
mwt_graph_dump(const struct mwt_graph *graph, struct mwi_buf *buf)
{
    for (size_t i = 0; i < graph->n_roots; i++) {
        if (!graph->roots[i].is_out) {
            mwt_dump(buf, graph->roots[i].type, graph->roots[i].at);
        }
    }
    for (size_t i = 0; i < graph->n_nodes; i++) {
        if (!graph->nodes[i].is_released) {
            mwt_dump(buf, graph->nodes[i].type, graph->nodes[i].at);
        }
    }
}

/* Two graphs of which one is laid over the other: the nodes with the same
 * number in both lists correspond. */
struct overlay {
    struct mwt_graph a;
    struct mwt_graph b;
};

/* Nodes correspond from when they are first met in the same place. */
static bool
correspond(void *user, const mw_type *ref, void *a, void *b)
{
    struct overlay *overlay = user;
    bool a_is_known;
    bool b_is_known;
    size_t a_number = 0;
    size_t b_number = 0;

    if (a == NULL || b == NULL) {
        return a == NULL && b == NULL;
    }
    a_is_known = mwt_graph_find(&overlay->a, a, &a_number);
    b_is_known = mwt_graph_find(&overlay->b, b, &b_number);
    if (!a_is_known && !b_is_known) {
        (void) mwt_graph_add(&overlay->a, ref->elem, a);
        (void) mwt_graph_add(&overlay->b, ref->elem, b);
        return true;
    }
    return a_is_known && b_is_known && a_number == b_number &&
           overlay->a.nodes[a_number].type == ref->elem &&
           !overlay->a.nodes[a_number].is_released;
}

static void
lay_over(struct overlay *overlay, const struct mwt_graph *a,
    const struct mwt_graph *b, size_t n_known)
{
    mwt_graph_init(&overlay->a);
    mwt_graph_init(&overlay->b);
    for (size_t i = 0; i < n_known; i++) {
        (void) mwt_graph_add(&overlay->a, a->nodes[i].type, a->nodes[i].at);
        (void) mwt_graph_add(&overlay->b, b->nodes[i].type, b->nodes[i].at);
        overlay->a.nodes[i].is_released = a->nodes[i].is_released;
        overlay->b.nodes[i].is_released = b->nodes[i].is_released;
    }
}

static bool
same_node(struct overlay *overlay, size_t i)
{
    /* The lists may grow and move meanwhile. */
    struct mwt_node a = overlay->a.nodes[i];
    struct mwt_node b = overlay->b.nodes[i];

    if (a.is_released || b.is_released) {
        return a.is_released && b.is_released;
    }
    return mwt_same_value(a.type, a.at, b.at, correspond, overlay);
}

bool
mwt_graph_same(const struct mwt_graph *a, const struct mwt_graph *b,
    size_t n_known, size_t *ret_where)
{
    struct overlay overlay;
    bool are_same = a->n_roots == b->n_roots;

    lay_over(&overlay, a, b, n_known);
    *ret_where = SIZE_MAX;
    for (size_t i = 0; are_same && i < a->n_roots; i++) {
        are_same = mwt_same_value(a->roots[i].type, a->roots[i].at,
            b->roots[i].at, correspond, &overlay);
    }
    for (size_t i = 0; are_same && i < overlay.a.n_nodes; i++) {
        *ret_where = i;
        are_same = same_node(&overlay, i);
    }
    mwt_graph_fini(&overlay.a);
    mwt_graph_fini(&overlay.b);
    return are_same;
}
