/* SPDX-License-Identifier: MIT */
/*
 * delta: what the parts of staging share among themselves.
 *
 * All of them get a mask, the part of the write contract for the value at
 * hand, never NULL.  What a reply says of anything outside it is refused
 * unless it changes nothing.
 */
#ifndef MWI_DELTA_STAGE_H
#define MWI_DELTA_STAGE_H

#include "base/bits.h"
#include "delta/journal.h"

/** Stage V(type) in place of a value that is there: what both versions of a
 * struct know is replaced, boxes keep their blocks. */
void mwi_stage_whole(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target);

/** Read V(type) and drop it.  Whether it is the same as another value; false
 * when the reader was told why there is none. */
bool mwi_stage_same(
    struct mwi_stager *s, const mw_type *type, const void *other);

/** Stage a member or arm: D, or V if the record is replaced as a whole. */
void mwi_stage_field(struct mwi_stager *s, const mw_field *field,
    const mw_mask *mask, void *record, bool is_whole);

/** Note that an optional member appears or disappears. */
void mwi_stage_presence(
    struct mwi_stager *s, const mw_field *field, void *record, bool present);

/* Over what the caller may have changed meanwhile. */

/** Whether a member goes to the caller or the server as a whole. */
bool mwi_stage_is_unit(const mw_field *field);

/** Stage such a member of a record that there is a base of. */
void mwi_stage_unit(struct mwi_stager *s, const mw_field *field,
    const mw_mask *mask, void *record, bool is_whole);

/** Stage n pairs of id and D, or id and V.  The caller has entered what they
 * are in. */
void mwi_stage_members(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target, size_t n, bool is_whole);

/* D of a sequence, array or map: each reads the parts, of which there are n. */
void mwi_stage_elements(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target, size_t n);
void mwi_stage_map(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target, size_t n);

/** Note that the contract does not allow what an item says of a value. */
void mwi_stage_refuse(struct mwi_stager *s, const uint8_t *item);

/** The same for the number and order of elements. */
void mwi_stage_refuse_order(struct mwi_stager *s, const uint8_t *item);

/* Sequences and maps in the making. */

/** Note that the elements of a sequence or map will be rearranged.  Comes
 * before all that patches them.  NULL when the reader was told why not. */
MW_MUST_USE struct mwi_patch_entry *mwi_stage_rebuild(
    struct mwi_stager *s, const mw_type *type, void *target);

/** Take that back: nothing is rearranged. */
void mwi_stage_rebuild_cancel(struct mwi_patch_entry *entry);

/** Count what the runs will do, check the new length, and allocate the new
 * elements.  item: to blame for the length. */
void mwi_stage_rebuild_room(
    struct mwi_stager *s, struct mwi_patch_entry *entry, const uint8_t *item);

/* Sets of old elements, a bit each. */

/** An empty set.  NULL when the reader was told why not. */
MW_MUST_USE uint64_t *mwi_stage_bits(struct mwi_stager *s, size_t n);

/** Set n bits.  False when one was set already. */
bool mwi_set_bits(uint64_t *bits, size_t start, size_t n);

#endif
