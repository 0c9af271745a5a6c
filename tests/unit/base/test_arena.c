/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/arena.h"
#include "base/mem.h"

static bool
is_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

Test(arena, pieces_are_zero_aligned_and_apart)
{
    struct mwi_arena arena;
    unsigned char *last = NULL;

    mwi_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 2000; i++) {
        size_t align = (size_t) 1 << i % 5;
        size_t size = i % 37;
        unsigned char *piece = mwi_arena_alloc(&arena, 1, size, align);

        cr_assert_not_null(piece);
        cr_assert_eq((uintptr_t) piece % align, 0);
        cr_assert_neq(piece, last);
        cr_assert(is_zero(piece, size));
        memset(piece, 0xff, size);
        last = piece;
    }
    mwi_arena_fini(&arena);
}

Test(arena, the_limit_holds)
{
    struct mwi_arena arena;
    size_t n = 0;

    mwi_arena_init(&arena, 100000);
    cr_assert_null(mwi_arena_alloc(&arena, 1, 100001, 1));
    while (mwi_arena_alloc(&arena, 10, 10, 1) != NULL) {
        n++;
    }
    cr_assert_leq(arena.total, 100000);
    cr_assert_geq(n, 900); /* chunks waste little */
    mwi_arena_fini(&arena);
    cr_assert_eq(arena.total, 0);
}

Test(arena, chunks_do_not_move)
{
    struct mwi_arena arena;
    int *first;
    size_t chunks = 0;
    size_t total = 0;

    mwi_arena_init(&arena, SIZE_MAX);
    first = mwi_arena_alloc(&arena, 1, sizeof(*first), alignof(int));
    *first = 42;
    for (size_t i = 0; i < 100; i++) {
        cr_assert_not_null(mwi_arena_alloc(&arena, 1, 1000, 1));
    }
    cr_assert_not_null(mwi_arena_alloc(&arena, 3, 1 << 20, 1));
    cr_assert_eq(*first, 42);
    for (struct mwi_arena_chunk *chunk = arena.first; chunk != NULL;
         chunk = chunk->next) {
        cr_assert_leq(chunk->used, chunk->size);
        total += chunk->size;
        chunks++;
    }
    cr_assert_gt(chunks, 2);
    cr_assert_eq(total, arena.total);
    mwi_arena_fini(&arena);
}

Test(arena, products_that_overflow)
{
    struct mwi_arena arena;

    mwi_arena_init(&arena, SIZE_MAX);
    cr_assert_null(mwi_arena_alloc(&arena, SIZE_MAX, 2, 1));
    cr_assert_null(mwi_arena_alloc(&arena, SIZE_MAX / 8 + 1, 8, 8));
    cr_assert_null(mwi_arena_alloc(&arena, 1, SIZE_MAX, 1));
    cr_assert_null(mwi_arena_alloc(&arena, 1, SIZE_MAX - 8, 1));
    cr_assert_null(mwi_arena_alloc_raw(&arena, SIZE_MAX, 1));
    mwi_arena_fini(&arena);
}

/* What is left over from before shines through, and pieces are apart all the
 * same. */
Test(arena, raw_pieces)
{
    struct mwi_arena arena;
    unsigned char *first;
    unsigned char *second;

    mwi_arena_init(&arena, 1000);
    first = mwi_arena_alloc_raw(&arena, 0, 1);
    second = mwi_arena_alloc_raw(&arena, 100, alignof(max_align_t));
    cr_assert_not_null(first);
    cr_assert_neq(first, second);
    cr_assert_eq((uintptr_t) second % alignof(max_align_t), 0);
    memset(second, 0xff, 100);
    cr_assert(is_zero(mwi_arena_alloc(&arena, 10, 10, 1), 100));
    cr_assert_null(mwi_arena_alloc_raw(&arena, 1000, 1));
    mwi_arena_fini(&arena);
}

Test(arena, out_of_memory_leaves_it_usable)
{
    struct mwi_arena arena;

    mwi_arena_init(&arena, 1 << 20);
    mwi_mem_fail_at(1);
    cr_assert_null(mwi_arena_alloc(&arena, 1, 8, 8));
    cr_assert_eq(arena.total, 0);
    cr_assert_not_null(mwi_arena_alloc(&arena, 1, 8, 8));
    mwi_mem_fail_at(1);
    cr_assert_null(mwi_arena_alloc(&arena, 1, 100000, 8));
    cr_assert_not_null(mwi_arena_alloc(&arena, 1, 8, 8));
    mwi_arena_fini(&arena);
    mwi_arena_fini(&arena); /* harmless */
}
