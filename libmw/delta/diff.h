/* SPDX-License-Identifier: MIT */
/*
 * delta: finding and writing what a handler changed.
 *
 * D(T) is normative in docs/delta.md.  The major type says whether a value is
 * replaced or patched: a patch is a map, or an array where V(T) is a map.  An
 * empty one means unchanged.
 */
#ifndef MWI_DELTA_DIFF_H
#define MWI_DELTA_DIFF_H

#include "mw/desc.h"

#include "codec/cbor.h"
#include "codec/mask.h"
#include "delta/snapshot.h"

enum {
    /* Patches nest no deeper than this many values; what differs below goes
     * as a whole. */
    MWI_DELTA_DEPTH_MAX = 16,
    /* So D(T) nests at most this many containers deeper than V(T) may: a
     * reader of deltas must allow for them. */
    MWI_DELTA_DEPTH_EXTRA = 20,
};

/** Append D(type) from what a value was to what it is.
 *
 * Never longer than V(type) by more than a few bytes, unless the mask allows
 * only parts of it to change.  Scratch memory is from the heap; without it the
 * delta is coarser.  Errors are the writer's: those of mwi_encode(), MW_EINVAL
 * for a map that is out of order or a number out of its range, and MW_ERANGE
 * for a part that has changed deeper than patches go.
 *
 * @param w         where to
 * @param type      the value's type
 * @param mask      what may have changed: nothing else is looked at; NULL:
 *                  nothing at all
 * @param snapshot  what the memory held before; an empty one makes old and new
 *                  be compared as they are
 * @param old       the value before: its pointers are led through the snapshot
 * @param live      the value now
 */
void mwi_diff(struct mwi_writer *w, const mw_type *type, const mw_mask *mask,
    const struct mwi_snapshot *snapshot, const void *old, const void *live);

#endif
