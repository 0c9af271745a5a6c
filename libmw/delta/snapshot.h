/* SPDX-License-Identifier: MIT */
/*
 * delta: what an arena held before the handler ran.
 *
 * All that a call's arguments consist of is in its arena, so a copy of the
 * arena's chunks, byte for byte, is a copy of the arguments.  Pointers in the
 * copy still point into the arena; mwi_snapshot_of() leads from such a pointer
 * to what was there.
 */
#ifndef MWI_DELTA_SNAPSHOT_H
#define MWI_DELTA_SNAPSHOT_H

#include "mw/status.h"

#include "base/arena.h"

struct mwi_snapshot_chunk {
    uintptr_t start;  /* address in the arena */
    size_t len;       /* bytes handed out when the snapshot was taken */
    size_t same_from; /* offset from which on nothing has changed since, as far
                         as is known */
    unsigned char *copy;
};

struct mwi_snapshot {
    struct mwi_snapshot_chunk *chunks;
    size_t n_chunks;
    size_t cap; /* bytes of chunks' block */
};

/** Copy an arena.  MW_ENOMEM leaves an empty snapshot. */
MW_MUST_USE mw_status mwi_snapshot_take(
    struct mwi_snapshot *ret_snapshot, const struct mwi_arena *arena);

/** The same in the memory of a snapshot that there is, zeroed or not. */
MW_MUST_USE mw_status mwi_snapshot_retake(
    struct mwi_snapshot *snapshot, const struct mwi_arena *arena);

/** Find out for each chunk from where on nothing has changed; to be called when
 * nothing changes any more.  It saves to compare texts, most of which lie
 * behind the structs that refer to them. */
void mwi_snapshot_look(struct mwi_snapshot *snapshot);

/** Empty it, but keep its memory if that is at most max bytes. */
void mwi_snapshot_reset(struct mwi_snapshot *snapshot, size_t max);

/** Free the copy.  Harmless on a zeroed snapshot. */
void mwi_snapshot_fini(struct mwi_snapshot *snapshot);

/** What was at an address: a place in the copy, or the address itself when it
 * is outside of what was copied (constants, NULL). */
const void *mwi_snapshot_of(
    const struct mwi_snapshot *snapshot, const void *address);

/** The chunk that an address was in, or NULL. */
const struct mwi_snapshot_chunk *mwi_snapshot_chunk(
    const struct mwi_snapshot *snapshot, const void *address);

/** Whether nothing at all in the arena has changed. */
bool mwi_snapshot_is_clean(const struct mwi_snapshot *snapshot);

#endif
