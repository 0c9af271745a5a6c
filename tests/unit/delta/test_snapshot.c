/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "delta/snapshot.h"

Test(snapshot, of_an_empty_arena_is_empty)
{
    struct mwi_arena arena;
    struct mwi_snapshot snapshot;
    int here = 0;

    mwi_arena_init(&arena, 1 << 20);
    cr_assert_eq(mwi_snapshot_take(&snapshot, &arena), MW_OK);
    cr_expect(mwi_snapshot_is_clean(&snapshot));
    cr_expect_null(mwi_snapshot_of(&snapshot, NULL));
    cr_expect_eq(mwi_snapshot_of(&snapshot, &here), &here);
    mwi_snapshot_fini(&snapshot);
    mwi_snapshot_fini(&snapshot);
    mwi_arena_fini(&arena);
}

Test(snapshot, keeps_what_was_there)
{
    struct mwi_arena arena;
    struct mwi_snapshot snapshot;
    char *pieces[200];
    char *later;

    mwi_arena_init(&arena, 64 << 20);
    for (size_t i = 0; i < 200; i++) {
        /* Small ones share a chunk, the last ones have one each. */
        size_t size = i < 190 ? 1 + i * 37 : (size_t) 2 << 20;

        pieces[i] = mwi_arena_alloc(&arena, size, 1, 1);
        cr_assert_not_null(pieces[i]);
        memset(pieces[i], (int) i, size);
    }
    cr_assert_eq(mwi_snapshot_take(&snapshot, &arena), MW_OK);
    cr_expect(mwi_snapshot_is_clean(&snapshot));
    later = mwi_arena_alloc(&arena, 1, 1, 1);
    cr_assert_not_null(later);
    cr_expect(mwi_snapshot_is_clean(&snapshot), "what is new is no change");
    for (size_t i = 0; i < 200; i++) {
        char *was = pieces[i];

        was[i < 190 ? i * 37 : (2 << 20) - 1] ^= 1;
        cr_expect_not(mwi_snapshot_is_clean(&snapshot));
        cr_expect_eq(*(const unsigned char *) mwi_snapshot_of(
                         &snapshot, &was[i < 190 ? i * 37 : (2 << 20) - 1]),
            i);
        was[i < 190 ? i * 37 : (2 << 20) - 1] ^= 1;
    }
    cr_expect(mwi_snapshot_is_clean(&snapshot));
    for (size_t i = 1; i < snapshot.n_chunks; i++) {
        cr_expect_gt(snapshot.chunks[i].start, snapshot.chunks[i - 1].start);
    }
    mwi_snapshot_fini(&snapshot);
    mwi_arena_fini(&arena);
}

Test(snapshot, leaves_other_addresses_alone)
{
    struct mwi_arena arena;
    struct mwi_snapshot snapshot;
    char *piece;

    mwi_arena_init(&arena, 1 << 20);
    piece = mwi_arena_alloc(&arena, 16, 1, 1);
    cr_assert_not_null(piece);
    cr_assert_eq(mwi_snapshot_take(&snapshot, &arena), MW_OK);
    cr_expect_neq(mwi_snapshot_of(&snapshot, piece), piece);
    cr_expect_neq(mwi_snapshot_of(&snapshot, piece + 15), piece + 15);
    cr_expect_eq(mwi_snapshot_of(&snapshot, piece + 16), piece + 16);
    mwi_snapshot_fini(&snapshot);
    mwi_arena_fini(&arena);
}

Test(snapshot, without_memory_is_empty)
{
    struct mwi_arena arena;
    struct mwi_snapshot snapshot;

    mwi_arena_init(&arena, 1 << 20);
    cr_assert_not_null(mwi_arena_alloc(&arena, 16, 1, 1));
    mwi_mem_fail_at(1);
    cr_expect_eq(mwi_snapshot_take(&snapshot, &arena), MW_ENOMEM);
    mwi_mem_fail_at(0);
    cr_expect_eq(snapshot.n_chunks, 0);
    cr_expect_null(snapshot.chunks);
    mwi_snapshot_fini(&snapshot);
    mwi_arena_fini(&arena);
}
