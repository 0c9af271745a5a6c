/* SPDX-License-Identifier: MIT */
/*
 * The differ: sequences and arrays of anything but numbers.
 *
 * What has not changed at either end is passed over.  The middle is matched by
 * key, element by element, or by content; the matching is then written down,
 * as splices if the old elements that are still there are in their old order,
 * else as runs.  Elements that were matched are patched by old index.
 */
#include <string.h>

#include "base/mem.h"
#include "codec/access.h"
#include "delta/compare.h"
#include "delta/diff.h"
#include "delta/write.h"

enum {
    SAMPLES = 128,   /* elements that are looked at to choose a way */
    CHANGED_MIN = 8, /* of them, to believe that they have changed in place */
};

struct elements {
    const mw_type *elem;
    struct mwi_items old;
    struct mwi_items live;
    const mw_mask *mask; /* of an element */
    bool has_keys;       /* only elements with the same key are compared */
    struct mwi_matching matching;
};

static const void *
old_at(const struct elements *e, size_t i)
{
    return e->old.at + i * e->elem->size;
}

static const void *
live_at(const struct elements *e, size_t i)
{
    return e->live.at + i * e->elem->size;
}

static bool
same_at(
    const struct mwi_differ *d, const struct elements *e, size_t i, size_t j)
{
    return mwi_same(e->elem, d->snapshot, old_at(e, i), NULL, live_at(e, j));
}

/* Which old element a new one came from. */
static size_t
from(const struct elements *e, size_t j)
{
    if (j < e->matching.prefix) {
        return j;
    }
    if (j >= e->live.len - e->matching.suffix) {
        return j + e->old.len - e->live.len;
    }
    return e->matching.from[j];
}

/* Find what is the same at the ends. */
static void
trim(const struct mwi_differ *d, struct elements *e)
{
    size_t n = e->old.len;
    size_t m = e->live.len;
    size_t least = n < m ? n : m;
    size_t prefix = 0;
    size_t suffix = 0;

    if (n == m && n > 0 && mwi_type_is_flat(e->elem) &&
        memcmp(e->old.at, e->live.at, n * e->elem->size) == 0) {
        prefix = n;
    }
    if (prefix < least) {
        prefix = mwi_same_elements(
            e->elem, d->snapshot, e->old.at, NULL, e->live.at, least);
    }
    while (suffix < least - prefix &&
           same_at(d, e, n - 1 - suffix, m - 1 - suffix)) {
        suffix++;
    }
    e->matching.prefix = prefix;
    e->matching.suffix = suffix;
}

/* Match every element with the one of the same index. */
static void
match_in_place(struct elements *e)
{
    for (size_t j = 0; j < e->live.len; j++) {
        e->matching.from[j] = j;
    }
}

/* Whether of what is not trimmed at least half is the same in place, or nearly
 * all has changed there, as far as a few samples tell. */
static bool
is_mostly_in_place(const struct mwi_differ *d, const struct elements *e)
{
    size_t end = e->live.len - e->matching.suffix;
    size_t step = (end - e->matching.prefix) / SAMPLES + 1;
    bool is_struct = e->elem->kind == MW_KIND_STRUCT;
    size_t same = 0;
    size_t changed = 0;
    size_t n = 0;

    for (size_t i = e->matching.prefix; i < end; i += step) {
        if (same_at(d, e, i, i)) {
            same++;
        } else if (is_struct && i > 0) {
            changed += mwi_is_changed_in_place(
                d, e->elem, old_at(e, i - 1), old_at(e, i), live_at(e, i));
        }
        n++;
    }
    return same >= n / 2 || (n >= CHANGED_MIN && same + changed >= n - n / 8);
}

/* Whether every element has the key that the one in its place had. */
static bool
has_keys_in_place(const struct mwi_differ *d, const struct elements *e)
{
    if (!mwi_is_keyed(e->elem)) {
        return false;
    }
    for (size_t i = e->matching.prefix; i < e->live.len - e->matching.suffix;
         i++) {
        if (!mwi_same_key(
                e->elem, d->snapshot, old_at(e, i), NULL, live_at(e, i))) {
            return false;
        }
    }
    return true;
}

/* Match the middle.  False when out of memory. */
static bool
match(const struct mwi_differ *d, const mw_type *type, struct elements *e)
{
    bool same_length = e->old.len == e->live.len;

    e->matching.from = mwi_calloc(e->live.len, sizeof(*e->matching.from));
    if (e->matching.from == NULL) {
        return false;
    }
    if (type->kind == MW_KIND_ARRAY ||
        (same_length && has_keys_in_place(d, e))) {
        match_in_place(e);
        return true;
    }
    if (mwi_is_keyed(e->elem) &&
        mwi_match_keyed(d, e->elem, e->old, e->live, &e->matching)) {
        return true;
    }
    if (same_length && is_mostly_in_place(d, e)) {
        match_in_place(e);
        return true;
    }
    return mwi_match_content(d, e->elem, e->old, e->live, &e->matching);
}

size_t *
mwi_match_elements(const struct mwi_differ *d, const mw_type *type,
    struct mwi_items old, struct mwi_items live)
{
    struct elements e = { .elem = type->elem, .old = old, .live = live };

    trim(d, &e);
    if (!match(d, type, &e)) {
        mwi_free(e.matching.from);
        return NULL;
    }
    for (size_t j = 0; j < live.len; j++) {
        e.matching.from[j] = from(&e, j);
    }
    return e.matching.from;
}

/* Whether the old elements that are still there are in their old order. */
static bool
is_ordered(const struct elements *e)
{
    size_t next = 0;

    for (size_t j = 0; j < e->live.len; j++) {
        size_t i = from(e, j);

        if (i != MWI_NO_ELEMENT) {
            if (i < next) {
                return false;
            }
            next = i + 1;
        }
    }
    return true;
}

/* Append an array of the new elements [start, end). */
static void
write_elements(
    struct mwi_differ *d, const struct elements *e, size_t start, size_t end)
{
    struct mwi_path step = { .up = d->w->path, .index = start };

    mwi_write_array(d->w, end - start);
    d->w->path = &step;
    for (; step.index < end && mwi_writer_ok(d->w); step.index++) {
        mwi_encode(d->w, e->elem, live_at(e, step.index));
    }
    d->w->path = step.up;
}

/* Append [[at, ndel, [V…]], …]. */
static void
write_splices(struct mwi_differ *d, const struct elements *e)
{
    struct mwi_open_head head = mwi_open_array(d->w, e->live.len + e->old.len);
    size_t splices = 0;
    size_t next = 0; /* old element that has not been told of */

    for (size_t j = 0; j <= e->live.len; j++) {
        size_t start = j;
        size_t i;

        while (j < e->live.len && from(e, j) == MWI_NO_ELEMENT) {
            j++;
        }
        i = j < e->live.len ? from(e, j) : e->old.len;
        if (j > start || i > next) {
            mwi_write_array(d->w, 3);
            mwi_write_uint(d->w, next);
            mwi_write_uint(d->w, i - next);
            write_elements(d, e, start, j);
            splices++;
        }
        next = i + 1;
    }
    mwi_close_head(d->w, &head, splices);
}

/* Append [start, n, [V…], …]. */
static void
write_runs(struct mwi_differ *d, const struct elements *e)
{
    struct mwi_open_head head = mwi_open_array(d->w, 3 * e->live.len);
    size_t items = 0;
    size_t j = 0;

    while (j < e->live.len) {
        size_t start = from(e, j);
        size_t n = 0;
        size_t new_at;

        while (start != MWI_NO_ELEMENT && j < e->live.len &&
               from(e, j) == start + n) {
            n++;
            j++;
        }
        new_at = j;
        while (j < e->live.len && from(e, j) == MWI_NO_ELEMENT) {
            j++;
        }
        mwi_write_uint(d->w, n > 0 ? start : 0);
        mwi_write_uint(d->w, n);
        write_elements(d, e, new_at, j);
        items += 3;
    }
    mwi_close_head(d->w, &head, items);
}

/* Where each old element went, or NULL without memory. */
static size_t *
invert(const struct elements *e)
{
    size_t *to = mwi_malloc(e->old.len * sizeof(*to));

    if (to != NULL) {
        for (size_t i = 0; i < e->old.len; i++) {
            to[i] = MWI_NO_ELEMENT;
        }
        for (size_t j = 0; j < e->live.len; j++) {
            if (from(e, j) != MWI_NO_ELEMENT) {
                to[from(e, j)] = j;
            }
        }
    }
    return to;
}

/* How many old elements from i on went to as many places in a row. */
static size_t
run_at(const struct elements *e, const size_t *to, size_t i)
{
    size_t end = e->old.len - e->matching.suffix;
    size_t n = 1;

    while (i + n < end && to[i + n] == to[i] + n) {
        n++;
    }
    return n;
}

/* Append old index: D for those of n elements in a row that have changed.
 * Returns how many there were. */
static size_t
write_run(struct mwi_differ *d, const struct elements *e, size_t i, size_t j,
    size_t n)
{
    struct mwi_path step = { .up = d->w->path };
    size_t changed = 0;

    d->w->path = &step;
    for (size_t k = 0; k < n && mwi_writer_ok(d->w); k++) {
        size_t before = mwi_writer_mark(d->w);

        k += mwi_same_elements(e->elem, d->snapshot, old_at(e, i + k), NULL,
            live_at(e, j + k), n - k);
        if (k == n) {
            break;
        }
        if (e->has_keys && !mwi_same_key(e->elem, d->snapshot, old_at(e, i + k),
                               NULL, live_at(e, j + k))) {
            continue;
        }
        step.index = j + k;
        mwi_write_uint(d->w, i + k);
        if (mwi_diff_value(
                d, e->elem, e->mask, old_at(e, i + k), live_at(e, j + k))) {
            changed++;
        } else {
            mwi_writer_rewind(d->w, before);
        }
    }
    d->w->path = step.up;
    return changed;
}

/* Append 1: {old index: D, …} if elements that are still there have changed,
 * and return whether there were any. */
static bool
write_changes(struct mwi_differ *d, const struct elements *e, const size_t *to)
{
    size_t mark = mwi_writer_mark(d->w);
    size_t end = e->old.len - e->matching.suffix;
    struct mwi_open_head head;
    size_t changed = 0;
    size_t n;

    mwi_write_uint(d->w, MWI_PATCH_ELEMENTS);
    head = mwi_open_map(d->w, e->old.len);
    for (size_t i = e->matching.prefix; i < end; i += n) {
        n = 1;
        if (to[i] != MWI_NO_ELEMENT) {
            n = run_at(e, to, i);
            changed += write_run(d, e, i, to[i], n);
        }
    }
    if (changed == 0) {
        mwi_writer_rewind(d->w, mark);
    } else {
        mwi_close_head(d->w, &head, changed);
    }
    return changed > 0;
}

/* Append the patch.  False, with nothing appended, without memory. */
static bool
write_patch(struct mwi_differ *d, const struct elements *e)
{
    bool ordered = is_ordered(e);
    size_t *to = invert(e);
    struct mwi_open_head head;
    size_t n = 0;

    if (to == NULL) {
        return false;
    }
    head = mwi_open_map(d->w, 2);
    if (ordered) {
        size_t mark = mwi_writer_mark(d->w);

        mwi_write_uint(d->w, MWI_PATCH_SPLICES);
        write_splices(d, e);
        /* 00 80: there are none. */
        if (mwi_writer_mark(d->w) - mark > 2) {
            n++;
        } else {
            mwi_writer_rewind(d->w, mark);
        }
    }
    n += write_changes(d, e, to);
    if (!ordered) {
        mwi_write_uint(d->w, MWI_PATCH_RUNS);
        write_runs(d, e);
        n++;
    }
    mwi_close_head(d->w, &head, n);
    mwi_free(to);
    return true;
}

/* Whether a contract leaves the keys of elements as they are. */
static bool
keeps_keys(const mw_type *elem, const mw_mask *mask)
{
    if (!mwi_is_keyed(elem)) {
        return false;
    }
    for (uint32_t i = 0; i < elem->n_members; i++) {
        const mw_field *field = &elem->fields[i];

        if ((field->flags & MW_FIELD_KEY) != 0 &&
            !mwi_mask_is_none(mwi_mask_of(mask, elem, field))) {
            return false;
        }
    }
    return true;
}

/* Append {1: {index: D}} of elements that may change in part, but neither in
 * number nor in order: those are compared that are where they were, as far as
 * that can be told. */
static bool
diff_in_place(
    struct mwi_differ *d, struct elements *e, const mw_mask *mask, size_t mark)
{
    size_t n = e->old.len < e->live.len ? e->old.len : e->live.len;
    struct mwi_open_head head;
    size_t changed;

    e->mask = mask;
    e->has_keys = keeps_keys(e->elem, mask);
    if (mwi_mask_is_none(mask) || (e->old.len != e->live.len && !e->has_keys)) {
        return false;
    }
    mwi_write_map(d->w, 1);
    mwi_write_uint(d->w, MWI_PATCH_ELEMENTS);
    head = mwi_open_map(d->w, n);
    changed = write_run(d, e, 0, 0, n);
    if (changed == 0) {
        mwi_writer_rewind(d->w, mark);
        return false;
    }
    mwi_close_head(d->w, &head, changed);
    return true;
}

bool
mwi_diff_elements(struct mwi_differ *d, const mw_type *type,
    const mw_mask *mask, const void *old, const void *live)
{
    size_t mark = mwi_writer_mark(d->w);
    struct elements e = {
        .elem = type->elem,
        .mask = &mwi_mask_all,
        .old = mwi_items_in(d->snapshot, type, old),
        .live = mwi_items_to_write(d->w, type, live),
    };

    if (!mwi_writer_ok(d->w)) {
        return true;
    }
    if (!mask->all) {
        return diff_in_place(d, &e, mask, mark);
    }
    trim(d, &e);
    if (e.old.len == e.live.len && e.matching.prefix == e.live.len) {
        return false;
    }
    if (e.old.len > 0 && e.live.len > 0 && match(d, type, &e) &&
        write_patch(d, &e)) {
        mwi_diff_guard(d, type, mask, live, mark);
    } else {
        mwi_encode(d->w, type, live);
    }
    mwi_free(e.matching.from);
    return true;
}
