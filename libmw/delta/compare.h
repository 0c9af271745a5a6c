/* SPDX-License-Identifier: MIT */
/*
 * delta: values as they were and as they are, compared and hashed.
 *
 * Pointers in a value from a snapshot must be led through that snapshot before
 * they are followed.  All functions take the snapshot that a value is from, or
 * NULL for a value that is live.
 */
#ifndef MWI_DELTA_COMPARE_H
#define MWI_DELTA_COMPARE_H

#include "codec/value.h"
#include "delta/snapshot.h"

/** The text of a STRING or STRING_N; see mwi_text_of(). */
const char *mwi_text_in(const struct mwi_snapshot *snapshot,
    const mw_type *type, const void *value, size_t *ret_len);

/** What a BOX points to, or NULL. */
const void *mwi_boxed_in(
    const struct mwi_snapshot *snapshot, const void *value);

/** The elements of a SEQ, SEQ_N, ARRAY or MAP; see mwi_items_of(). */
struct mwi_items mwi_items_in(const struct mwi_snapshot *snapshot,
    const mw_type *type, const void *value);

/** Whether two values are the same: numbers bit by bit, texts up to the NUL,
 * references by address, whatever the padding holds.  A value that nests too
 * deep, or that claims elements it cannot have, is the same as none. */
MW_MUST_USE bool mwi_same(const mw_type *type,
    const struct mwi_snapshot *snapshot_a, const void *a,
    const struct mwi_snapshot *snapshot_b, const void *b);

/** How many of n elements, from the first on, are the same. */
size_t mwi_same_elements(const mw_type *elem,
    const struct mwi_snapshot *snapshot_a, const void *a,
    const struct mwi_snapshot *snapshot_b, const void *b, size_t n);

/** mwi_same() for members; absent ones are the same as absent ones. */
MW_MUST_USE bool mwi_same_field(const mw_field *field,
    const struct mwi_snapshot *snapshot_a, const void *record_a,
    const struct mwi_snapshot *snapshot_b, const void *record_b);

/** A hash; values that are the same have the same.  Of large values only the
 * first few thousand bytes are looked at. */
uint64_t mwi_hash(const mw_type *type, const struct mwi_snapshot *snapshot,
    const void *value);

/** A hash of those members of a struct that are its key. */
uint64_t mwi_hash_key(const mw_type *type, const struct mwi_snapshot *snapshot,
    const void *record);

#endif
