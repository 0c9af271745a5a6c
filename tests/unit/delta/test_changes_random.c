/* SPDX-License-Identifier: MIT */
/*
 * What differs between two graphs, as text for people: there is a text if and
 * only if there is a difference, whatever they are made of.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/utf8.h"
#include "delta/changes.h"
#include "lib/random_graph.h"
#include "lib/random_type.h"
#include "world.h"

enum { CASES = 600 };

/* A graph of random types, and what it was. */
struct pair {
    struct mwt_types types;
    struct mwi_place heap;
    struct mwi_arena arena;
    struct mwt_graph live;
    struct mwt_graph before; /* in the arena */
};

static void
pair_init(struct pair *pair, struct mwt_prng *prng)
{
    struct mwi_place place = { .arena = &pair->arena, .budget = SIZE_MAX };
    const mw_type *nodes[MWT_VALUETYPES_MAX];

    pair->heap = (struct mwi_place){ .budget = SIZE_MAX };
    mwi_arena_init(&pair->arena, SIZE_MAX / 2);
    mwt_types_init(&pair->types, prng, MWT_ALL);
    mwt_graph_init(&pair->live);
    for (size_t n = 1 + mwt_below(prng, 3); n > 0; n--) {
        const mw_type *type = mwt_types_any(&pair->types);

        mwt_graph_add_root(&pair->live, type,
            mwi_place_alloc(&pair->heap, 1, type->size, type->align));
    }
    for (size_t i = 0; i < pair->types.n_valuetypes; i++) {
        nodes[i] = pair->types.valuetypes[i];
    }
    mwt_random_graph(prng, &pair->live, nodes, pair->types.n_valuetypes);
    mwt_graph_copy(&pair->live, &place, &pair->before);
}

static void
pair_fini(struct pair *pair)
{
    for (size_t i = 0; i < pair->live.n_nodes; i++) {
        pair->live.nodes[i].is_released = false;
    }
    mwt_graph_free_nodes(&pair->live);
    mwt_graph_free_roots(&pair->live);
    mwt_graph_fini(&pair->live);
    mwt_graph_fini(&pair->before);
    mwi_arena_fini(&pair->arena);
    mwt_types_fini(&pair->types);
}

static void
watch(struct mwi_changes *changes, const struct pair *pair)
{
    char *text;

    mwi_changes_init(changes);
    for (size_t i = 0; i < pair->live.n_roots; i++) {
        mwi_changes_watch(
            changes, "root", pair->live.roots[i].type, pair->live.roots[i].at);
    }
    text = mwi_changes_text(changes);
    cr_assert_str_eq(text, "");
    free(text);
}

/* Whether the text says that something has changed.  It is freed. */
static bool
says_so(char *text)
{
    bool yes;

    cr_assert_not_null(text);
    yes = text[0] != '\0';
    cr_assert_eq(mwi_utf8_prefix(text, strlen(text)), strlen(text));
    cr_assert(!yes || text[strlen(text) - 1] == '\n');
    free(text);
    return yes;
}

Test(changes_random, watched)
{
    struct mwt_prng prng = mwt_prng_seeded("changes of graphs");
    size_t counts[MWT_CHANGES] = { 0 };
    size_t n_changed = 0;

    for (size_t c = 0; c < CASES; c++) {
        struct pair pair;
        struct mwi_changes changes;
        size_t where;
        bool same;

        pair_init(&pair, &prng);
        watch(&changes, &pair);
        mwt_mutate_graph(&prng, &pair.heap, &pair.live, counts);
        for (size_t i = 0; i < pair.live.n_nodes; i++) {
            if (pair.live.nodes[i].is_released) {
                mwi_changes_free_node(&changes, pair.live.nodes[i].at);
            }
        }
        same = mwt_graph_same(
            &pair.before, &pair.live, pair.before.n_nodes, &where);
        cr_assert_eq(says_so(mwi_changes_text(&changes)), !same, "case %zu", c);
        n_changed += !same;
        mwi_changes_fini(&changes);
        pair_fini(&pair);
    }
    cr_expect_gt(n_changed, CASES / 2);
    cr_expect_not(has_leaks());
}

Test(changes_random, compared)
{
    struct mwt_prng prng = mwt_prng_seeded("changes of graphs");
    size_t counts[MWT_CHANGES] = { 0 };

    for (size_t c = 0; c < CASES; c++) {
        struct pair pair;

        pair_init(&pair, &prng);
        mwt_mutate_graph(&prng, &pair.heap, &pair.live, counts);
        for (size_t i = 0; i < pair.live.n_roots; i++) {
            const mw_type *type = pair.live.roots[i].type;
            const void *before = pair.before.roots[i].at;
            const void *live = pair.live.roots[i].at;

            cr_assert_eq(says_so(mw_object_changes(type, before, live)),
                !mw_object_equal(type, before, live), "case %zu", c);
        }
        pair_fini(&pair);
    }
    cr_expect_not(has_leaks());
}
