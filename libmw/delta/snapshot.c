/* SPDX-License-Identifier: MIT */
/*
 * The copy is one block: the table of chunks, then their bytes one after the
 * other.  The table is sorted by address, so that a pointer is led into the
 * copy by bisection; an arena of 64 MiB has some seventy chunks.
 */
#include "delta/snapshot.h"

#include <string.h>

#include "base/mem.h"

enum { LOOK_SIZE = 1024 }; /* bytes that are compared at once */

/* So that what is aligned in the arena is aligned in the copy. */
static size_t
round_up(size_t n)
{
    size_t align = _Alignof(max_align_t);

    return (n + align - 1) & ~(align - 1);
}

/* Insertion keeps the table sorted; chunks mostly come in order. */
static void
insert(struct mwi_snapshot *snapshot, struct mwi_snapshot_chunk chunk)
{
    size_t at = snapshot->n_chunks++;

    while (at > 0 && snapshot->chunks[at - 1].start > chunk.start) {
        snapshot->chunks[at] = snapshot->chunks[at - 1];
        at--;
    }
    snapshot->chunks[at] = chunk;
}

/* A block for the table and the copies; NULL when out of memory. */
static unsigned char *
block_of(struct mwi_snapshot *snapshot, size_t bytes)
{
    if (bytes > snapshot->cap) {
        mwi_snapshot_fini(snapshot);
        snapshot->chunks = mwi_malloc(bytes);
        if (snapshot->chunks == NULL) {
            return NULL;
        }
        snapshot->cap = bytes;
    }
    return (unsigned char *) snapshot->chunks;
}

mw_status
mwi_snapshot_take(
    struct mwi_snapshot *ret_snapshot, const struct mwi_arena *arena)
{
    *ret_snapshot = (struct mwi_snapshot){ 0 };
    return mwi_snapshot_retake(ret_snapshot, arena);
}

mw_status
mwi_snapshot_retake(
    struct mwi_snapshot *snapshot, const struct mwi_arena *arena)
{
    const struct mwi_arena_chunk *chunk;
    size_t n = 0;
    size_t bytes = 0;
    unsigned char *copy;

    snapshot->n_chunks = 0;
    for (chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        n++;
        bytes += round_up(chunk->used);
    }
    if (n == 0) {
        return MW_OK;
    }
    copy = block_of(snapshot, round_up(n * sizeof(*snapshot->chunks)) + bytes);
    if (copy == NULL) {
        return MW_ENOMEM;
    }
    copy += round_up(n * sizeof(*snapshot->chunks));
    for (chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        memcpy(copy, chunk->data, chunk->used);
        insert(snapshot,
            (struct mwi_snapshot_chunk){ .start = (uintptr_t) chunk->data,
                .len = chunk->used,
                .same_from = chunk->used,
                .copy = copy });
        copy += round_up(chunk->used);
    }
    return MW_OK;
}

/* In blocks, from the end. */
static size_t
same_from(const struct mwi_snapshot_chunk *chunk)
{
    const unsigned char *now = (const unsigned char *) chunk->start;
    size_t at = chunk->len;

    while (at > 0) {
        size_t before = at > LOOK_SIZE ? at - LOOK_SIZE : 0;

        if (memcmp(now + before, chunk->copy + before, at - before) != 0) {
            break;
        }
        at = before;
    }
    return at;
}

void
mwi_snapshot_look(struct mwi_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_chunks; i++) {
        snapshot->chunks[i].same_from = same_from(&snapshot->chunks[i]);
    }
}

void
mwi_snapshot_reset(struct mwi_snapshot *snapshot, size_t max)
{
    if (snapshot->cap > max) {
        mwi_snapshot_fini(snapshot);
    }
    snapshot->n_chunks = 0;
}

void
mwi_snapshot_fini(struct mwi_snapshot *snapshot)
{
    mwi_free(snapshot->chunks);
    *snapshot = (struct mwi_snapshot){ 0 };
}

const struct mwi_snapshot_chunk *
mwi_snapshot_chunk(const struct mwi_snapshot *snapshot, const void *address)
{
    uintptr_t at = (uintptr_t) address;
    size_t low = 0;
    size_t high = snapshot->n_chunks;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (snapshot->chunks[middle].start <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0 &&
        at - snapshot->chunks[low - 1].start < snapshot->chunks[low - 1].len) {
        return &snapshot->chunks[low - 1];
    }
    return NULL;
}

const void *
mwi_snapshot_of(const struct mwi_snapshot *snapshot, const void *address)
{
    const struct mwi_snapshot_chunk *chunk =
        mwi_snapshot_chunk(snapshot, address);

    return chunk == NULL ? address
                         : chunk->copy + ((uintptr_t) address - chunk->start);
}

bool
mwi_snapshot_is_clean(const struct mwi_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_chunks; i++) {
        const struct mwi_snapshot_chunk *chunk = &snapshot->chunks[i];

        /* The address came from a pointer to the arena's bytes. */
        if (memcmp((const void *) chunk->start, chunk->copy, chunk->len) != 0) {
            return false;
        }
    }
    return true;
}
