/* SPDX-License-Identifier: MIT */
/*
 * Sequences whose elements have keys: whatever is done to them, what travels
 * is in proportion to that.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/mem.h"
#include "delta/compare.h"
#include "fixture.h"
#include "lib/prng.h"
#include "shapes.h"
#include "world.h"

enum { N = 500 };

static void
fill(item *one, uint32_t id)
{
    char name[40];

    (void) snprintf(name, sizeof(name), "what is called number %u", id);
    *one = (item){ .id = id, .name = mwi_strndup(name, strlen(name)) };
    cr_assert_not_null(one->name);
}

static seq_item
items_new(void)
{
    seq_item seq = { calloc(N, sizeof(item)), N, N };

    cr_assert_not_null(seq.items);
    for (uint32_t i = 0; i < N; i++) {
        fill(&seq.items[i], 1000 + i);
    }
    return seq;
}

static seq_item
items_copy(const seq_item *seq)
{
    seq_item copy;

    cr_assert_eq(mw_object_copy(&seq_item_type, &copy, seq), MW_OK);
    return copy;
}

static void
move(seq_item *seq, size_t from, size_t to)
{
    item one = seq->items[from];

    memmove(seq->items + from, seq->items + from + 1,
        (seq->len - from - 1) * sizeof(item));
    memmove(seq->items + to + 1, seq->items + to,
        (seq->len - to - 1) * sizeof(item));
    seq->items[to] = one;
}

static void
insert(seq_item *seq, size_t at, uint32_t id)
{
    item *one = mw_seq_insert(NULL, &seq_item_type, seq, at, 1);

    cr_assert_not_null(one);
    fill(one, id);
}

/* Bring old up to date with live; both are freed. */
static mw_stats
brought(seq_item old, seq_item live, size_t *ret_len)
{
    struct mwi_buf delta = delta_between(&seq_item_type, &old, &live);
    mw_stats stats;
    mw_error error;

    cr_assert_eq(apply(&seq_item_type, &old, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, &stats),
        MW_OK, "%s", error.text);
    cr_expect(mwi_equal(&seq_item_type, &old, &live));
    *ret_len = mwi_buf_len(&delta);
    mwi_buf_fini(&delta);
    mw_object_clear(&seq_item_type, &old);
    mw_object_clear(&seq_item_type, &live);
    return stats;
}

Test(keyed, one_element_changes)
{
    seq_item old = items_new();
    seq_item live = items_copy(&old);
    size_t len;
    mw_stats stats;

    live.items[321].price = 1.5;
    stats = brought(old, live, &len);
    cr_expect_leq(len, 17, "%zu", len);
    cr_expect_eq(stats.values_changed, 1);
}

Test(keyed, insert_and_remove)
{
    seq_item old = items_new();
    seq_item live = items_copy(&old);
    size_t len;
    mw_stats stats;

    insert(&live, 0, 1);
    insert(&live, 200, 2);
    mw_seq_remove(NULL, &seq_item_type, &live, 300, 7);
    insert(&live, live.len, 3);
    live.items[250].price = 2.0;
    stats = brought(old, live, &len);
    cr_expect_leq(len, 190, "%zu", len);
    cr_expect_eq(stats.elements_inserted, 3);
    cr_expect_eq(stats.elements_removed, 7);
    cr_expect_eq(stats.elements_moved, 0);
    cr_expect_eq(stats.values_changed, 1);
}

Test(keyed, moves)
{
    seq_item old = items_new();
    seq_item live = items_copy(&old);
    size_t len;
    mw_stats stats;

    move(&live, 400, 3);
    move(&live, 10, 450);
    live.items[3].price = 2.0;
    stats = brought(old, live, &len);
    cr_expect_leq(len, 60, "%zu", len);
    cr_expect_eq(stats.elements_moved, 2);
    cr_expect_eq(stats.values_changed, 1);
    cr_expect_eq(stats.elements_inserted, 0);
    cr_expect_eq(stats.elements_removed, 0);
}

Test(keyed, reversed)
{
    seq_item old = items_new();
    seq_item live = items_copy(&old);
    size_t len;
    mw_stats stats;

    for (size_t i = 0; i < N / 2; i++) {
        item one = live.items[i];

        live.items[i] = live.items[N - 1 - i];
        live.items[N - 1 - i] = one;
    }
    stats = brought(old, live, &len);
    cr_expect_leq(len, 6 * N, "%zu", len);
    cr_expect_eq(stats.elements_moved, N - 1);
}

/* Doubles cannot be matched by key, and need not be. */
Test(keyed, doubles)
{
    for (int in_live = 0; in_live < 2; in_live++) {
        seq_item old = items_new();
        seq_item live;
        size_t len;
        mw_stats stats;

        if (in_live == 0) {
            old.items[7].id = old.items[450].id;
        }
        live = items_copy(&old);
        if (in_live != 0) {
            live.items[450].id = live.items[7].id;
        }
        insert(&live, 100, 1);
        mw_seq_remove(NULL, &seq_item_type, &live, 300, 1);
        stats = brought(old, live, &len);
        cr_expect_leq(len, 160, "%zu", len);
        /* With another key it is another element. */
        cr_expect_eq(stats.elements_inserted, 1u + (unsigned) in_live);
        cr_expect_eq(stats.elements_removed, 1u + (unsigned) in_live);
    }
}

/* Anything at all, with keys that stay unique. */
Test(keyed, anything)
{
    struct mwt_prng prng = mwt_prng_seeded("keyed");
    uint64_t moved = 0;

    for (size_t i = 0; i < 150; i++) {
        seq_item old = items_new();
        seq_item live = items_copy(&old);
        uint32_t next = 1;
        size_t len;

        for (size_t k = mwt_below(&prng, 30); k > 0; k--) {
            switch (mwt_below(&prng, 4)) {
            case 0:
                insert(&live, mwt_below(&prng, live.len + 1), next++);
                break;
            case 1:
                mw_seq_remove(NULL, &seq_item_type, &live,
                    mwt_below(&prng, live.len), mwt_below(&prng, 5));
                break;
            case 2:
                move(&live, mwt_below(&prng, live.len),
                    mwt_below(&prng, live.len));
                break;
            default:
                live.items[mwt_below(&prng, live.len)].price += 1;
                break;
            }
        }
        moved += brought(old, live, &len).elements_moved;
        cr_expect_leq(len, 30 * 45 + 200);
    }
    cr_expect_gt(moved, 0);
    cr_expect_not(has_leaks());
}

/* A key of two members; the order of both rows is arbitrary. */
Test(keyed, keys_of_two_members)
{
    seq_cell old = { calloc(100, sizeof(cell)), 100, 100 };
    seq_cell live = { calloc(100, sizeof(cell)), 100, 100 };
    struct mwi_buf delta;
    mw_stats stats;
    mw_error error;

    cr_assert(old.items != NULL && live.items != NULL);
    for (size_t i = 0; i < 100; i++) {
        (void) snprintf(
            old.items[i].row, sizeof(old.items[i].row), "r%zu", i / 10);
        old.items[i].column = (int16_t) (i % 10);
        old.items[i].value = (int64_t) (i * 1000003);
        live.items[i * 37 % 100] = old.items[i];
    }
    live.items[50].value = 0;
    delta = delta_between(&seq_cell_type, &old, &live);
    cr_assert_eq(apply(&seq_cell_type, &old, mwi_buf_bytes(&delta),
                     mwi_buf_len(&delta), &error, &stats),
        MW_OK, "%s", error.text);
    cr_expect(mwi_equal(&seq_cell_type, &old, &live));
    cr_expect_eq(stats.elements_inserted, 0);
    cr_expect_eq(stats.values_changed, 1);
    mwi_buf_fini(&delta);
    free(live.items);
    mw_object_clear(&seq_cell_type, &old);
}

enum { COLLIDING = 400, MASK = 1023 };

/* Items whose keys all hash to the same place. */
static seq_item
colliding(void)
{
    seq_item made = { calloc(COLLIDING, sizeof(item)), COLLIDING, COLLIDING };
    item probe = { 0 };

    cr_assert_not_null(made.items);
    for (size_t i = 0; i < COLLIDING; probe.id++) {
        if ((mwi_hash_key(&item_type, NULL, &probe) & MASK) == 7) {
            fill(&made.items[i++], probe.id);
        }
    }
    return made;
}

/* Keys that all hash to the same place must not take quadratic time; they are
 * then matched by content. */
Test(keyed, keys_that_collide)
{
    seq_item old = colliding();
    seq_item live = items_copy(&old);
    size_t len;
    mw_stats stats;

    /* The halves change places: nothing is where it was, or next to it. */
    for (size_t i = 0; i < COLLIDING / 2; i++) {
        move(&live, COLLIDING - 1, 0);
    }
    live.items[100].price = 3.0;
    stats = brought(old, live, &len);
    cr_expect_eq(stats.elements_moved, 0, "not matched by key");
    cr_expect_eq(stats.elements_inserted, COLLIDING / 2);
}

/* With most of them in their places there are few to collide. */
Test(keyed, keys_that_collide_in_place)
{
    seq_item old = colliding();
    seq_item live = items_copy(&old);
    size_t len;
    mw_stats stats;

    move(&live, COLLIDING - 1, 0);
    live.items[200].price = 3.0;
    stats = brought(old, live, &len);
    cr_expect_eq(stats.elements_moved, 1);
    cr_expect_eq(stats.elements_inserted, 0);
    cr_expect_leq(len, 100, "%zu", len);
}
