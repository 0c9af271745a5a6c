/* SPDX-License-Identifier: MIT */
/*
 * Nodes keep their numbers, gaps are filled, and nothing is lost.
 */
#include <criterion/criterion.h>

#include "graph_types.h"
#include "lib/prng.h"
#include "rpc/mirror.h"

enum { POOL = 64, ROUNDS = 2000 };

/* They are only told apart by their addresses. */
static char pool[2][POOL];

static const mw_type other_type = { .name = "Other",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_NODE,
    .size = 1,
    .align = 1 };

static const mw_type refs[2] = {
    { .kind = MW_KIND_REF, .elem = &node_type },
    { .kind = MW_KIND_REF, .elem = &other_type },
};

static void
add(struct mwi_nodes *nodes, size_t type, size_t i)
{
    size_t number;

    cr_assert_eq(
        mwi_nodes_number(nodes, &refs[type], &pool[type][i], &number, NULL),
        MW_OK);
}

static size_t
number_of(const struct mwi_nodes *nodes, size_t type, size_t i)
{
    size_t number;

    return mwi_nodes_find(nodes, refs[type].elem, &pool[type][i], &number)
               ? number
               : SIZE_MAX;
}

/* Nodes of the first type by index, up to one that is POOL. */
static void
add_all(struct mwi_nodes *nodes, const size_t *at)
{
    for (size_t i = 0; at[i] < POOL; i++) {
        add(nodes, 0, at[i]);
    }
}

static void
assert_order(const struct mwi_nodes *nodes, const size_t *at)
{
    size_t n = 0;

    for (; at[n] < POOL; n++) {
        cr_assert_eq(number_of(nodes, 0, at[n]), n, "node %zu is %zu", at[n],
            number_of(nodes, 0, at[n]));
    }
    cr_assert_eq(mwi_node_count(&nodes->tables[0]), n);
}

#define LIST(...) ((const size_t[]){ __VA_ARGS__, POOL })

Test(mirror_number, examples)
{
    static const size_t none[] = { POOL };
    const struct {
        const size_t *before;
        const size_t *live;    /* as they are met */
        const size_t *numbers; /* first those that have one already */
        const size_t *expected;
    } cases[] = {
        { none, LIST(3, 1, 2), none, LIST(3, 1, 2) },
        { LIST(1, 2, 3), LIST(1, 2, 3), none, LIST(1, 2, 3) },
        { LIST(1, 2, 3), LIST(3, 2, 1), none, LIST(1, 2, 3) },
        /* One more at the front. */
        { LIST(1, 2, 3), LIST(9, 1, 2, 3), none, LIST(1, 2, 3, 9) },
        /* One less; the last takes its place. */
        { LIST(1, 2, 3, 4), LIST(2, 3, 4), none, LIST(4, 2, 3) },
        /* One for another. */
        { LIST(1, 2, 3), LIST(1, 9, 3), none, LIST(1, 9, 3) },
        /* Some have numbers that are not to be changed. */
        { LIST(1, 2, 3), LIST(1, 2, 3), LIST(3), LIST(3, 2, 1) },
        { LIST(1, 2, 3), LIST(3), LIST(3), LIST(3) },
        { LIST(1, 2, 3), LIST(3, 4), LIST(7, 8), LIST(7, 8, 3, 4) },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mwi_nodes nodes = { 0 };
        struct mwi_nodes live = { 0 };
        struct mwi_nodes before = { 0 };

        add_all(&before, cases[i].before);
        add_all(&live, cases[i].live);
        add_all(&nodes, cases[i].numbers);
        cr_assert_eq(mwi_number_again(&nodes, &live, &before), MW_OK);
        assert_order(&nodes, cases[i].expected);
        mwi_nodes_fini(&nodes);
        mwi_nodes_fini(&live);
        mwi_nodes_fini(&before);
    }
}

/* Some nodes of two types come and go. */
Test(mirror_number, keeps_what_it_can)
{
    struct mwt_prng prng = mwt_prng_seeded("mirror_number");
    struct mwi_nodes before = { 0 };
    bool is_live[2][POOL] = { { false } };

    for (size_t round = 0; round < ROUNDS; round++) {
        struct mwi_nodes nodes = { 0 };
        struct mwi_nodes live = { 0 };
        size_t n[2] = { 0 };

        for (size_t i = mwt_below(&prng, 6); i > 0; i--) {
            bool *one = &is_live[mwt_below(&prng, 2)][mwt_below(&prng, POOL)];

            *one = !*one;
        }
        for (size_t i = 0; i < 2 * POOL; i++) {
            if (is_live[i % 2][i / 2]) {
                add(&live, i % 2, i / 2);
                n[i % 2]++;
            }
        }
        cr_assert_eq(mwi_number_again(&nodes, &live, &before), MW_OK);
        for (size_t i = 0; i < 2 * POOL; i++) {
            size_t old = number_of(&before, i % 2, i / 2);
            size_t now = number_of(&nodes, i % 2, i / 2);

            cr_assert_eq(now < n[i % 2], is_live[i % 2][i / 2]);
            cr_assert(now == SIZE_MAX || old >= n[i % 2] || now == old);
        }
        mwi_nodes_fini(&live);
        mwi_nodes_fini(&before);
        before = nodes;
    }
    mwi_nodes_fini(&before);
}
