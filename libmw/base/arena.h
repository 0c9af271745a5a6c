/* SPDX-License-Identifier: MIT */
/*
 * base: an arena, memory that is handed out piece by piece and freed at once.
 *
 * It is a list of chunks that never move, so that addresses stay valid and a
 * snapshot can copy them chunk by chunk.  Not thread-safe: one owner at a time.
 */
#ifndef MWI_BASE_ARENA_H
#define MWI_BASE_ARENA_H

#include <stddef.h>

#include "mw/base.h"

struct mwi_arena_chunk {
    struct mwi_arena_chunk *next; /* allocated later, or NULL */
    size_t size;                  /* bytes of data */
    size_t used;                  /* bytes of data handed out */
    _Alignas(max_align_t) unsigned char data[];
};

/* A block that was not allocated here; in a chunk. */
struct mwi_arena_block {
    struct mwi_arena_block *next;
    void *block;
};

struct mwi_arena {
    struct mwi_arena_chunk *first;
    struct mwi_arena_chunk *last; /* the one that allocates */
    struct mwi_arena_block *adopted;
    size_t total; /* bytes of all chunks' data and of what was adopted */
    size_t limit; /* that total may not exceed */
    size_t hint;  /* bytes that it had before it was emptied */
    void *room;   /* its first chunk, if that is not its own */
};

/** An empty arena that may grow to limit bytes.  Allocates nothing. */
void mwi_arena_init(struct mwi_arena *arena, size_t limit);

/** The same with room to begin with, so that a small use allocates nothing.
 *
 * @param room  [borrow: arena] size bytes, aligned like max_align_t, more than
 *              a chunk's head */
void mwi_arena_init_in(
    struct mwi_arena *arena, size_t limit, void *room, size_t size);

/** Free all. The arena may be used again after mwi_arena_init(). */
void mwi_arena_fini(struct mwi_arena *arena);

/* Bytes that an arena keeps when it is emptied. */
enum { MWI_ARENA_KEEP_MAX = 256 << 10 };

/** Empty it for another use like the one before, which then will allocate
 * nothing: what one chunk can hold is kept.  It may then grow to limit bytes.
 */
void mwi_arena_reset(struct mwi_arena *arena, size_t limit);

/** n * size zeroed bytes, aligned to align (a power of two, at most
 * alignof(max_align_t)).  For 0 bytes a pointer that is not NULL.  NULL when
 * out of memory, over the limit, or the product overflows. */
MW_MUST_USE void *mwi_arena_alloc(
    struct mwi_arena *arena, size_t n, size_t size, size_t align);

/** The same number of bytes, whatever they are, for who overwrites them all. */
MW_MUST_USE void *mwi_arena_alloc_raw(
    struct mwi_arena *arena, size_t bytes, size_t align);

/** Free a block of so many bytes together with the arena.  A snapshot does not
 * have it.  False when out of memory or over the limit; then it stays the
 * caller's.
 *
 * @param block  [own: mwi_free()] */
MW_MUST_USE bool mwi_arena_adopt(
    struct mwi_arena *arena, void *block, size_t bytes);

#endif
