/* SPDX-License-Identifier: MIT */
/*
 * delta: finding and writing what a handler changed.
 *
 * D(T) is normative in docs/wire.md.  The major type says whether a value is
 * replaced (V(T), never a map in this profile) or patched (a map); an empty
 * map means unchanged.
 */
#ifndef MWI_DELTA_DIFF_H
#define MWI_DELTA_DIFF_H

#include "mw/desc.h"

#include "codec/cbor.h"
#include "delta/snapshot.h"

/** Append D(type) from what a value was to what it is.
 *
 * Never longer than V(type) by more than a few bytes.  Scratch memory is from
 * the heap; errors are the writer's.
 *
 * @param w         where to
 * @param type      the value's type
 * @param snapshot  what the memory held before; an empty one makes old and new
 *                  be compared as they are
 * @param old       the value before: its pointers are led through the snapshot
 * @param live      the value now
 */
void mwi_diff(struct mwi_writer *w, const mw_type *type,
    const struct mwi_snapshot *snapshot, const void *old, const void *live);

#endif
