/* SPDX-License-Identifier: MIT */
#include "graphs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench.mw.h"

enum {
    CHILDREN = 4, /* of a vertex, at most, that hang on it alone */
    LINKS = 2,    /* of a vertex to others, besides */
};

static void
link_list(void *const *nodes, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        ((bench_List *) nodes[i])->next = nodes[i + 1];
    }
}

static size_t
second_of_list(size_t n)
{
    (void) n;
    return 1;
}

/* Every other one at most, so that those before them stay. */
static void
replace_in_list(void *const *nodes, size_t id, void *node)
{
    bench_List *before = nodes[(id | 1) - 1];
    bench_List *made = node;

    made->next = before->next->next;
    made->id = before->next->id;
    before->next = made;
}

static void
link_tree(void *const *nodes, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        bench_Tree *parent = nodes[(i - 1) / 2];

        *(i % 2 == 1 ? &parent->left : &parent->right) = nodes[i];
    }
}

static size_t
first_leaf_of_tree(size_t n)
{
    return n / 2;
}

static void
replace_in_tree(void *const *nodes, size_t id, void *node)
{
    bench_Tree *parent = nodes[(id - 1) / 2];

    *(id % 2 == 1 ? &parent->left : &parent->right) = node;
}

/* The same for the other type. */
static void
link_owned(void *const *nodes, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        bench_Owned *parent = nodes[(i - 1) / 2];

        *(i % 2 == 1 ? &parent->left : &parent->right) = nodes[i];
    }
}

static void
replace_in_owned(void *const *nodes, size_t id, void *node)
{
    bench_Owned *parent = nodes[(id - 1) / 2];

    *(id % 2 == 1 ? &parent->left : &parent->right) = node;
}

static size_t
first_leaf_of_graph(size_t n)
{
    return n / 2;
}

static void
link_graph(void *const *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bench_Vertex *vertex = nodes[i];

        bench_must(
            asprintf(&vertex->name, "vertex %zu", i) >= 0, "out of memory");
        vertex->edges.items =
            calloc(CHILDREN + LINKS, sizeof(*vertex->edges.items));
        bench_must(vertex->edges.items != NULL, "out of memory");
        vertex->edges.cap = CHILDREN + LINKS;
        for (size_t c = CHILDREN * i + 1; c <= CHILDREN * (i + 1) && c < n;
             c++) {
            vertex->edges.items[vertex->edges.len++] = nodes[c];
        }
        for (size_t j = 0; j < LINKS; j++) {
            vertex->edges.items[vertex->edges.len++] =
                nodes[bench_random() % first_leaf_of_graph(n)];
        }
    }
}

static void
replace_in_graph(void *const *nodes, size_t id, void *node)
{
    bench_Vertex *parent = nodes[(id - 1) / CHILDREN];

    parent->edges.items[(id - 1) % CHILDREN] = node;
}

const struct graph_shape graph_shapes[] = {
    { "list", &bench_List_type, &bench_List_ref_type, link_list, second_of_list,
        replace_in_list },
    { "tree", &bench_Tree_type, &bench_Tree_ref_type, link_tree,
        first_leaf_of_tree, replace_in_tree },
    { "unique", &bench_Owned_type, &bench_Owned_unique_type, link_owned,
        first_leaf_of_tree, replace_in_owned },
    { "random", &bench_Vertex_type, &bench_Vertex_ref_type, link_graph,
        first_leaf_of_graph, replace_in_graph },
};
const size_t n_graph_shapes = sizeof(graph_shapes) / sizeof(*graph_shapes);
