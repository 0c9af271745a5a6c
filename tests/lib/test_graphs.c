/* SPDX-License-Identifier: MIT */
/*
 * Random graphs and their mutations: the same on the heap and in an arena,
 * sound, and of every kind.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/arena.h"
#include "lib/random_graph.h"
#include "lib/random_type.h"
#include "lib/value.h"

enum { CASES = 600 };

/* A graph of random types on the heap, and its copy in an arena. */
struct pair {
    struct mwt_types types;
    struct mwi_arena arena;
    struct mwi_place heap;
    struct mwi_place place;
    struct mwt_graph here;
    struct mwt_graph there;
};

static void
pair_init(struct pair *pair, struct mwt_prng *prng)
{
    size_t n_roots = 1 + mwt_below(prng, 3);
    const mw_type *nodes[MWT_VALUETYPES_MAX];

    pair->heap = (struct mwi_place){ .budget = SIZE_MAX };
    pair->place =
        (struct mwi_place){ .arena = &pair->arena, .budget = SIZE_MAX };
    mwi_arena_init(&pair->arena, SIZE_MAX / 2);
    mwt_types_init(&pair->types, prng, MWT_ALL);
    mwt_graph_init(&pair->here);
    for (size_t i = 0; i < n_roots; i++) {
        const mw_type *type = mwt_types_any(&pair->types);

        mwt_graph_add_root(&pair->here, type,
            mwi_place_alloc(&pair->heap, 1, type->size, type->align));
    }
    for (size_t i = 0; i < pair->types.n_valuetypes; i++) {
        nodes[i] = pair->types.valuetypes[i];
    }
    mwt_random_graph(prng, &pair->here, nodes, pair->types.n_valuetypes);
    mwt_graph_copy(&pair->here, &pair->place, &pair->there);
}

/* Nodes that were released on the heap go with the others. */
static void
pair_fini(struct pair *pair)
{
    for (size_t i = 0; i < pair->here.n_nodes; i++) {
        pair->here.nodes[i].is_released = false;
    }
    mwt_graph_free_nodes(&pair->here);
    mwt_graph_free_roots(&pair->here);
    mwt_graph_fini(&pair->here);
    mwt_graph_fini(&pair->there);
    mwi_arena_fini(&pair->arena);
    mwt_types_fini(&pair->types);
}

static void
count_ref(void *user, const mw_type *ref, void *place)
{
    struct mwt_graph *graph = user;
    void *node = mwt_load_pointer(place);
    size_t number;

    if (node == NULL) {
        return;
    }
    cr_assert(mwt_graph_find(graph, node, &number), "a node is not listed");
    cr_assert(!graph->nodes[number].is_released, "leads to a released node");
    cr_assert_eq(graph->nodes[number].type, ref->elem);
    cr_assert_eq((ref->flags & MW_TYPE_UNIQUE) != 0,
        graph->nodes[number].is_unique, "of a unique node or not");
}

static void
check_sound(struct mwt_graph *graph)
{
    for (size_t i = 0; i < graph->n_roots; i++) {
        mwt_each_ref(
            graph->roots[i].type, graph->roots[i].at, count_ref, graph);
    }
    for (size_t i = 0; i < graph->n_nodes; i++) {
        if (!graph->nodes[i].is_released) {
            mwt_each_ref(
                graph->nodes[i].type, graph->nodes[i].at, count_ref, graph);
        }
    }
}

Test(graphs, change_alike_on_heap_and_in_arena)
{
    struct mwt_prng prng = mwt_prng_seeded("graphs");
    size_t counts[MWT_CHANGES] = { 0 };
    size_t nodes = 0;

    for (int i = 0; i < CASES; i++) {
        uint64_t seed = prng.state;
        struct mwt_prng same;
        struct pair pair;
        size_t where;

        pair_init(&pair, &prng);
        cr_assert(
            mwt_graph_same(&pair.here, &pair.there, pair.here.n_nodes, &where));
        nodes += pair.here.n_nodes;
        same = prng;
        mwt_mutate_graph(&prng, &pair.heap, &pair.here, counts);
        mwt_mutate_graph(&same, &pair.place, &pair.there, counts);
        check_sound(&pair.here);
        cr_assert_eq(prng.state, same.state);
        cr_assert_eq(pair.here.n_nodes, pair.there.n_nodes);
        cr_assert(
            mwt_graph_same(&pair.here, &pair.there, pair.here.n_nodes, &where),
            "seed %llu: node %zd differs", (unsigned long long) seed,
            (ptrdiff_t) where);
        pair_fini(&pair);
    }
    for (int change = 0; change < MWT_CHANGES; change++) {
        cr_expect_gt(counts[change], 0, "change %d never came", change);
    }
    cr_expect_gt(nodes, CASES);
}

/* Close a circle where a reference to the same type is NULL. */
static void
close_circle(void *user, const mw_type *ref, void *place)
{
    struct mwt_node *node = user;

    if (ref->elem == node->type && mwt_load_pointer(place) == NULL) {
        mwt_store_pointer(place, node->at);
    }
}

/* What mwt_graph_same() tells apart. */
Test(graphs, shapes_differ)
{
    struct mwt_prng prng = mwt_prng_seeded("graphs");
    size_t n_told = 0;

    for (int i = 0; i < CASES; i++) {
        struct pair pair;
        size_t where;

        pair_init(&pair, &prng);
        if (pair.there.n_nodes > 0) {
            struct mwt_node *first = &pair.there.nodes[0];
            struct mwi_buf before;
            struct mwi_buf after;
            bool has_changed;

            mwi_buf_init(&before, SIZE_MAX);
            mwi_buf_init(&after, SIZE_MAX);
            mwt_graph_dump(&pair.there, &before);
            mwt_each_ref(first->type, first->at, close_circle, first);
            mwt_graph_dump(&pair.there, &after);
            has_changed = memcmp(mwi_buf_bytes(&before), mwi_buf_bytes(&after),
                              mwi_buf_len(&before)) != 0;
            cr_assert_eq(has_changed,
                !mwt_graph_same(&pair.here, &pair.there, 0, &where));
            n_told += has_changed;
            mwi_buf_fini(&before);
            mwi_buf_fini(&after);
        }
        pair_fini(&pair);
    }
    cr_expect_gt(n_told, 0);
}
