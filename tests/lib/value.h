/* SPDX-License-Identifier: MIT */
/*
 * tests: values by descriptor, read and compared without the engine, so that
 * its results can be told right from wrong.
 */
#ifndef MWT_VALUE_H
#define MWT_VALUE_H

#include "mw/desc.h"

#include "base/buf.h"
#include "codec/access.h"
#include "codec/value.h"

/** What a BOX or REF points to. */
static inline void *
mwt_load_pointer(const void *value)
{
    void *pointer;

    memcpy(&pointer, value, sizeof(pointer));
    return pointer;
}

static inline void
mwt_store_pointer(void *value, void *pointer)
{
    memcpy(value, &pointer, sizeof(pointer));
}

/** The elements of a SEQ, SEQ_N, ARRAY or MAP. */
struct mwi_items mwt_items(const mw_type *type, const void *value);

/** A number, bool or enum that is no float, of any size. */
int64_t mwt_load_integer(const mw_type *type, const void *value);
void mwt_store_integer(const mw_type *type, void *value, int64_t number);

/** The arm that a tag selects, or NULL. */
const mw_field *mwt_arm_of_tag(const mw_type *type, int64_t tag);

/** The arm that a union's tag selects, or NULL. */
const mw_field *mwt_arm(const mw_type *type, const void *value);

/** Order of numbers, enums and texts; < 0, 0, > 0. */
int mwt_compare(const mw_type *type, const void *a, const void *b);

/** Whether a number is within a range. */
bool mwt_is_in_range(
    const mw_type *type, const mw_range *range, const void *value);

/** Whether a member is there. */
bool mwt_is_present(const mw_field *field, const void *record);

/** Called with a REF and the place where it is. */
typedef void (*mwt_ref_fn)(void *user, const mw_type *ref, void *place);

/** Call for each reference in a value, in the order of members and elements.
 * Absent members and arms that are not selected are none of it; nodes are not
 * entered. */
void mwt_each_ref(const mw_type *type, void *value, mwt_ref_fn fn, void *user);

/** Whether two references are to be taken for the same. */
typedef bool (*mwt_same_ref_fn)(
    void *user, const mw_type *ref, void *a, void *b);

/** Whether two values are the same: floats bit by bit, no difference between
 * NULL and "" unless optional; same decides about references. */
bool mwt_same_value(const mw_type *type, const void *a, const void *b,
    mwt_same_ref_fn same, void *user);

/** What a reference in a copy leads to. */
typedef void *(*mwt_map_ref_fn)(void *user, void *node);

/** Copy a value into zeroed storage; map says what becomes of its references,
 * which are the same without it. */
void mwt_copy_value(struct mwi_place *place, const mw_type *type,
    void *ret_value, const void *src, mwt_map_ref_fn map, void *user);

/** Append all bytes of a value and of what it owns, padding and pointers
 * included; nodes are not entered. */
void mwt_dump(struct mwi_buf *buf, const mw_type *type, const void *value);

#endif
