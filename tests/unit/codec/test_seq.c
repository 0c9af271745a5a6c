/* SPDX-License-Identifier: MIT */
/*
 * Sequences that grow and shrink, on the heap and in an arena.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "codec/seq.h"
#include "fixture.h"

static void
check_numbers(const mw_seq_i32 *seq, const int32_t *expected, size_t n)
{
    cr_assert_eq(seq->len, n);
    cr_assert(seq->cap >= n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(seq->items[i], expected[i]);
    }
}

static void
insert_and_remove(struct mwi_place *place)
{
    bool on_heap = place->arena == NULL;
    mw_seq_i32 seq = { 0 };
    int32_t *items;

    items = mwi_seq_insert(place, &mw_type_seq_i32, &seq, 0, 3);
    check_numbers(&seq, (int32_t[]){ 0, 0, 0 }, 3);
    items[0] = 1;
    items[1] = 2;
    items[2] = 3;
    items = mwi_seq_insert(place, &mw_type_seq_i32, &seq, 1, 2);
    cr_assert_eq(items, &seq.items[1]);
    check_numbers(&seq, (int32_t[]){ 1, 0, 0, 2, 3 }, 5);
    items = mwi_seq_insert(place, &mw_type_seq_i32, &seq, 5, 1);
    *items = 9;
    check_numbers(&seq, (int32_t[]){ 1, 0, 0, 2, 3, 9 }, 6);
    mwi_seq_remove(on_heap, &mw_type_seq_i32, &seq, 1, 2);
    check_numbers(&seq, (int32_t[]){ 1, 2, 3, 9 }, 4);
    cr_assert_null(mwi_seq_insert(place, &mw_type_seq_i32, &seq, 5, 1));
    mwi_seq_remove(on_heap, &mw_type_seq_i32, &seq, 4, 1); /* none there */
    check_numbers(&seq, (int32_t[]){ 1, 2, 3, 9 }, 4);
    mwi_seq_remove(on_heap, &mw_type_seq_i32, &seq, 2, SIZE_MAX);
    check_numbers(&seq, (int32_t[]){ 1, 2 }, 2);
    /* What was removed does not come back. */
    cr_assert_not_null(mwi_seq_insert(place, &mw_type_seq_i32, &seq, 2, 2));
    check_numbers(&seq, (int32_t[]){ 1, 2, 0, 0 }, 4);
    cr_assert_not_null(mwi_seq_insert(place, &mw_type_seq_i32, &seq, 4, 0));
    cr_assert_null(
        mwi_seq_insert(place, &mw_type_seq_i32, &seq, 0, SIZE_MAX - 1));
    cr_assert_null(mwi_seq_insert(
        place, &mw_type_seq_i32, &seq, 0, SIZE_MAX / sizeof(int32_t)));
    check_numbers(&seq, (int32_t[]){ 1, 2, 0, 0 }, 4);
    if (on_heap) {
        mw_object_clear(&mw_type_seq_i32, &seq);
    }
}

Test(seq, numbers_on_heap_and_in_arena)
{
    struct mwi_arena arena;
    struct mwi_place heap = { .budget = 1 << 20 };
    struct mwi_place place = { .arena = &arena, .budget = 1 << 20 };

    mwi_arena_init(&arena, 1 << 20);
    insert_and_remove(&heap);
    insert_and_remove(&place);
    mwi_arena_fini(&arena);
}

Test(seq, new_elements_have_their_defaults)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    seq_line seq = { 0 };
    line *added;

    for (size_t i = 0; i < 40; i++) {
        added = mwi_seq_insert(&heap, &seq_line_type, &seq, i / 2, 1);
        cr_assert_eq(added, &seq.items[i / 2]);
        cr_assert_str_eq(added->sku, "none");
        cr_assert_eq(added->count, 1);
        cr_assert_null(added->note);
        added->count = (uint32_t) i + 2;
    }
    cr_assert_eq(seq.len, 40);
    cr_assert_eq(seq.items[0].count, 3);
    mwi_seq_remove(true, &seq_line_type, &seq, 3, 30);
    cr_assert_eq(seq.len, 10);
    cr_assert_null(seq.items[10].sku);
    mw_object_clear(&seq_line_type, &seq);
}

Test(seq, bounded)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    seq_line_3 seq = { 0 };

    cr_assert_not_null(mwi_seq_insert(&heap, &seq_line_3_type, &seq, 0, 2));
    cr_assert_null(mwi_seq_insert(&heap, &seq_line_3_type, &seq, 0, 2));
    cr_assert_eq(seq.len, 2);
    cr_assert_not_null(mwi_seq_insert(&heap, &seq_line_3_type, &seq, 1, 1));
    cr_assert_null(mwi_seq_insert(&heap, &seq_line_3_type, &seq, 0, 1));
    cr_assert_eq(seq.len, 3);
    mwi_seq_remove(true, &seq_line_3_type, &seq, 0, 2);
    cr_assert_eq(seq.len, 1);
    cr_assert_str_eq(seq.items[0].sku, "none");
    cr_assert_null(seq.items[1].sku);
    cr_assert_null(mwi_seq_insert(&heap, &grid_type, &seq, 0, 1));
    mw_object_clear(&seq_line_3_type, &seq);
}

Test(seq, growth_doubles_unless_the_budget_is_short)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    mw_seq_u64 seq = { 0 };
    size_t moves = 0;

    for (size_t i = 0; i < 10000; i++) {
        size_t cap = seq.cap;

        cr_assert_not_null(mwi_seq_insert(&heap, &mw_type_seq_u64, &seq, i, 1));
        moves += seq.cap != cap;
    }
    cr_assert_lt(moves, 20);
    mw_object_clear(&mw_type_seq_u64, &seq);

    heap.budget = 10 * sizeof(uint64_t);
    cr_assert_not_null(mwi_seq_insert(&heap, &mw_type_seq_u64, &seq, 0, 6));
    cr_assert_null(mwi_seq_insert(&heap, &mw_type_seq_u64, &seq, 0, 6));
    cr_assert_eq(seq.len, 6);
    mw_object_clear(&mw_type_seq_u64, &seq);
}

Test(seq, an_arena_keeps_the_old_array)
{
    struct mwi_arena arena;
    struct mwi_place place = { .arena = &arena, .budget = 1 << 20 };
    mw_seq_i32 seq = { 0 };
    int32_t *old;

    mwi_arena_init(&arena, 1 << 20);
    old = mwi_seq_insert(&place, &mw_type_seq_i32, &seq, 0, 4);
    old[3] = 7;
    cr_assert_not_null(mwi_seq_insert(&place, &mw_type_seq_i32, &seq, 0, 9));
    cr_assert_neq(seq.items, old);
    cr_assert_eq(old[3], 7);
    cr_assert_eq(seq.items[12], 7);
    mwi_arena_fini(&arena);
}
