/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <string.h>

#include "base/mem.h"

enum {
    CHUNK_MIN = 4096 - sizeof(struct mwi_arena_chunk),
    CHUNK_MAX = 1 << 20, /* a larger request gets a chunk of its own */
};

void
mwi_arena_init(struct mwi_arena *arena, size_t limit)
{
    *arena = (struct mwi_arena){ .limit = limit };
}

void
mwi_arena_init_in(
    struct mwi_arena *arena, size_t limit, void *room, size_t size)
{
    struct mwi_arena_chunk *chunk = room;

    mwi_arena_init(arena, limit);
    if (size - sizeof(*chunk) <= limit) {
        *chunk = (struct mwi_arena_chunk){ .size = size - sizeof(*chunk) };
        arena->first = arena->last = chunk;
        arena->total = chunk->size;
        arena->room = room;
    }
}

static void
free_adopted(struct mwi_arena *arena)
{
    for (const struct mwi_arena_block *b = arena->adopted; b != NULL;
         b = b->next) {
        mwi_free(b->block);
    }
    arena->adopted = NULL;
}

void
mwi_arena_fini(struct mwi_arena *arena)
{
    struct mwi_arena_chunk *chunk = arena->first;

    free_adopted(arena);
    while (chunk != NULL) {
        struct mwi_arena_chunk *next = chunk->next;

        if (chunk != arena->room) {
            mwi_free(chunk);
        }
        chunk = next;
    }
    arena->first = arena->last = NULL;
    arena->room = NULL;
    arena->total = 0;
}

/* A chunk that was hardly used is too large. */
static bool
is_worth_keeping(const struct mwi_arena_chunk *chunk, size_t limit)
{
    return chunk->next == NULL && chunk->size <= MWI_ARENA_KEEP_MAX &&
           chunk->size <= limit &&
           (chunk->size <= CHUNK_MIN || chunk->used >= chunk->size / 16);
}

void
mwi_arena_reset(struct mwi_arena *arena, size_t limit)
{
    struct mwi_arena_chunk *chunk = arena->first;

    arena->limit = limit;
    free_adopted(arena);
    if (chunk != NULL && is_worth_keeping(chunk, limit)) {
        chunk->used = 0;
        arena->total = chunk->size;
        return;
    }
    arena->hint = arena->total <= MWI_ARENA_KEEP_MAX && chunk != NULL &&
                          chunk->next != NULL
                      ? arena->total
                      : 0;
    mwi_arena_fini(arena);
}

/* A new last chunk with room for at least need bytes. */
static bool
grow(struct mwi_arena *arena, size_t need)
{
    size_t room = arena->limit - arena->total;
    size_t first = arena->hint > CHUNK_MIN ? arena->hint : CHUNK_MIN;
    size_t size = arena->last != NULL ? arena->last->size * 2 : first;
    struct mwi_arena_chunk *chunk;

    if (need > room) {
        return false;
    }
    size = size > CHUNK_MAX ? CHUNK_MAX : size;
    size = size > room ? room : size;
    size = size < need ? need : size;
    chunk = mwi_malloc(sizeof(*chunk) + size);
    if (chunk == NULL) {
        return false;
    }
    *chunk = (struct mwi_arena_chunk){ .size = size };
    if (arena->last != NULL) {
        arena->last->next = chunk;
    } else {
        arena->first = chunk;
    }
    arena->last = chunk;
    arena->total += size;
    return true;
}

/* Where the next piece starts in the last chunk, or SIZE_MAX if it does not
 * fit. */
static size_t
place(const struct mwi_arena *arena, size_t bytes, size_t align)
{
    const struct mwi_arena_chunk *chunk = arena->last;
    size_t at;

    if (chunk == NULL) {
        return SIZE_MAX;
    }
    at = (chunk->used + align - 1) & ~(align - 1);
    return at <= chunk->size && bytes <= chunk->size - at ? at : SIZE_MAX;
}

void *
mwi_arena_alloc_raw(struct mwi_arena *arena, size_t bytes, size_t align)
{
    size_t at;

    if (bytes > SIZE_MAX - sizeof(struct mwi_arena_chunk)) {
        return NULL;
    }
    /* So that every piece has an address of its own. */
    bytes = bytes > 0 ? bytes : 1;
    at = place(arena, bytes, align);
    if (at == SIZE_MAX) {
        if (!grow(arena, bytes)) {
            return NULL;
        }
        at = 0;
    }
    arena->last->used = at + bytes;
    return arena->last->data + at;
}

void *
mwi_arena_alloc(struct mwi_arena *arena, size_t n, size_t size, size_t align)
{
    size_t bytes;
    void *piece;

    if (__builtin_mul_overflow(n, size, &bytes)) {
        return NULL;
    }
    piece = mwi_arena_alloc_raw(arena, bytes, align);
    return piece != NULL ? memset(piece, 0, bytes) : NULL;
}

bool
mwi_arena_adopt(struct mwi_arena *arena, void *block, size_t bytes)
{
    struct mwi_arena_block *adopted =
        mwi_arena_alloc_raw(arena, sizeof(*adopted), _Alignof(void *));

    if (adopted == NULL || bytes > arena->limit - arena->total) {
        return false;
    }
    *adopted = (struct mwi_arena_block){ arena->adopted, block };
    arena->adopted = adopted;
    arena->total += bytes;
    return true;
}
