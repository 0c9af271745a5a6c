/* SPDX-License-Identifier: MIT */
/*
 * delta: what the parts of the differ share.
 *
 * mwi_diff_value() and its like append D(T) and say whether there was a
 * change; without one, or after an error of the writer, they append nothing.
 */
#ifndef MWI_DELTA_WRITE_H
#define MWI_DELTA_WRITE_H

#include "codec/value.h"
#include "delta/align.h"
#include "delta/format.h"
#include "delta/snapshot.h"

struct mwi_differ {
    struct mwi_writer *w;
    const struct mwi_snapshot *snapshot; /* of old values */
    uint32_t depth;                      /* of maps that patch */
};

/** Append the change of what a mask allows to change of a value. */
bool mwi_diff_value(struct mwi_differ *d, const mw_type *type,
    const mw_mask *mask, const void *old, const void *live);

/* Parts of it, by kind; without a mask everything may change. */
bool mwi_diff_text(struct mwi_differ *d, const mw_type *type, const void *old,
    const void *live);
bool mwi_diff_numbers(struct mwi_differ *d, const mw_type *type,
    const void *old, const void *live);
bool mwi_diff_elements(struct mwi_differ *d, const mw_type *type,
    const mw_mask *mask, const void *old, const void *live);
bool mwi_diff_map(struct mwi_differ *d, const mw_type *type,
    const mw_mask *mask, const void *old, const void *live);

/** Whether a change of a text is sent as a whole because one of the two is
 * short. */
bool mwi_is_short_text(const struct mwi_snapshot *snapshot, const mw_type *type,
    const void *old, const void *live);

/** End a patch that began at a place in the writer's buffer: if all of the
 * value may change and is not longer as a whole, it takes the patch's place. */
void mwi_diff_guard(struct mwi_differ *d, const mw_type *type,
    const mw_mask *mask, const void *live, size_t mark);

/* The head of an array or map whose length is not known yet. */
struct mwi_open_head {
    size_t mark;
    size_t size;   /* bytes that are kept for it */
    uint8_t major; /* initial byte for a length of 0 */
};

/** Open an array or map of at most max items or pairs. */
struct mwi_open_head mwi_open_array(struct mwi_writer *w, size_t max);
struct mwi_open_head mwi_open_map(struct mwi_writer *w, size_t max);

/** Write the head, now that it is known that n follow. */
void mwi_close_head(
    struct mwi_writer *w, const struct mwi_open_head *head, size_t n);

/* Which old element each new one came from. */
struct mwi_matching {
    size_t *from;  /* by new index: old index or MWI_NO_ELEMENT */
    size_t prefix; /* elements at the start that have not changed */
    size_t suffix; /* elements at the end, likewise */
};

#define MWI_NO_ELEMENT SIZE_MAX

/** Match, by key, what lies between prefix and suffix.  False when there are
 * doubles among the keys, or no memory; then matching->from is undefined. */
MW_MUST_USE bool mwi_match_keyed(const struct mwi_differ *d,
    const mw_type *elem, struct mwi_items old, struct mwi_items live,
    struct mwi_matching *matching);

/** Match by content.  False when out of memory. */
MW_MUST_USE bool mwi_match_content(const struct mwi_differ *d,
    const mw_type *elem, struct mwi_items old, struct mwi_items live,
    struct mwi_matching *matching);

/** Whether an element is likely to be the one that was in its place, changed:
 * some of its members are what they were there, and not what they were in the
 * element before that one.  elem: a STRUCT. */
MW_MUST_USE bool mwi_is_changed_in_place(const struct mwi_differ *d,
    const mw_type *elem, const void *before, const void *old, const void *live);

/** Match the elements of a sequence or array as the differ does.
 *
 * @return  [own: mwi_free()] by new index: old index or MWI_NO_ELEMENT; NULL
 *          when out of memory
 */
MW_MUST_USE size_t *mwi_match_elements(const struct mwi_differ *d,
    const mw_type *type, struct mwi_items old, struct mwi_items live);

/** Whether a type is a struct with a key. */
bool mwi_is_keyed(const mw_type *type);

/** Whether two structs have the same key. */
bool mwi_same_key(const mw_type *elem, const struct mwi_snapshot *snapshot_a,
    const void *a, const struct mwi_snapshot *snapshot_b, const void *b);

#endif
