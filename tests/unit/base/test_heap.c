/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/heap.h"
#include "lib/prng.h"

enum { N = 200, STEPS = 20000 };

/* The smallest key in the heap, by looking at all. */
static int64_t
smallest(const struct mwi_heap_link *links, size_t n)
{
    int64_t key = INT64_MAX;

    for (size_t i = 0; i < n; i++) {
        if (links[i].is_in && links[i].key < key) {
            key = links[i].key;
        }
    }
    return key;
}

Test(heap, in_order)
{
    struct mwi_heap heap = { .root = NULL };
    struct mwi_heap_link links[N] = { { .is_in = false } };

    for (size_t i = 0; i < N; i++) {
        mwi_heap_add(&heap, &links[i], (int64_t) (i * 37 % N));
    }
    for (int64_t key = 0; key < N; key++) {
        cr_assert_eq(heap.root->key, key);
        mwi_heap_remove(&heap, heap.root);
    }
    cr_expect_null(heap.root);
    mwi_heap_remove(&heap, &links[0]);
    cr_expect_null(heap.root);
}

/* Adding and taking out anywhere, with equal keys among them. */
Test(heap, at_random)
{
    struct mwt_prng prng = mwt_prng_seeded("heap at_random");
    struct mwi_heap heap = { .root = NULL };
    static struct mwi_heap_link links[N];

    for (size_t step = 0; step < STEPS; step++) {
        struct mwi_heap_link *link = &links[mwt_below(&prng, N)];

        if (link->is_in) {
            mwi_heap_remove(&heap, link);
            cr_assert_not(link->is_in);
        } else {
            mwi_heap_add(&heap, link, (int64_t) mwt_below(&prng, N) - N / 2);
        }
        if (heap.root == NULL) {
            cr_assert_eq(smallest(links, N), INT64_MAX);
        } else {
            cr_assert(heap.root->is_in);
            cr_assert_eq(heap.root->key, smallest(links, N));
        }
    }
}
