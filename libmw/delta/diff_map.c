/* SPDX-License-Identifier: MIT */
/*
 * The differ: maps.
 *
 * Old and live entries are both in the order of their keys, so they are walked
 * side by side: once to find where they are not the same, then there once for
 * each part of the patch.
 */
#include "base/mem.h"
#include "codec/access.h"
#include "codec/map.h"
#include "delta/compare.h"
#include "delta/write.h"

/* Where two rows of entries have been walked to. */
struct merge {
    const struct mwi_snapshot *snapshot;
    const mw_type *type;
    struct mwi_items old;
    struct mwi_items live;
    size_t old_at;
    size_t live_at;
};

/* Where the two rows are not the same: entries up to the ends. */
struct stretch {
    size_t old_at;
    size_t old_end;
    size_t live_at;
    size_t live_end;
};

/* All of them, ascending. */
struct stretches {
    struct stretch *at;
    size_t len;
    size_t cap;
};

/* An entry that was there, or is, or both. */
struct pair {
    const void *old;  /* NULL: it is new */
    const void *live; /* NULL: it is gone */
};

static const void *
entry_at(const struct merge *merge, struct mwi_items entries, size_t i)
{
    return i < entries.len ? entries.at + i * merge->type->elem->size : NULL;
}

static int
compare_keys(const struct merge *merge, const void *old, const void *live)
{
    const mw_field *key = mwi_map_key(merge->type);
    const void *was = mwi_field_at(key, old);
    const void *text;

    if (key->type->kind == MW_KIND_STRING) {
        text = mwi_boxed_in(merge->snapshot, was);
        was = &text;
    }
    return mwi_key_compare(key->type, was, mwi_field_at(key, live));
}

/* The entries of the next key.  False after the last. */
static bool
next_pair(struct merge *merge, struct pair *ret_pair)
{
    struct pair pair = {
        entry_at(merge, merge->old, merge->old_at),
        entry_at(merge, merge->live, merge->live_at),
    };

    if (pair.old != NULL && pair.live != NULL) {
        int order = compare_keys(merge, pair.old, pair.live);

        pair.old = order <= 0 ? pair.old : NULL;
        pair.live = order >= 0 ? pair.live : NULL;
    }
    merge->old_at += pair.old != NULL;
    merge->live_at += pair.live != NULL;
    *ret_pair = pair;
    return pair.old != NULL || pair.live != NULL;
}

/* Pass over what is the same. */
static void
skip_same(struct merge *merge)
{
    size_t n = merge->old.len - merge->old_at;
    size_t m = merge->live.len - merge->live_at;
    size_t least = n < m ? n : m;

    if (least > 0) {
        n = mwi_same_elements(merge->type->elem, merge->snapshot,
            entry_at(merge, merge->old, merge->old_at), NULL,
            entry_at(merge, merge->live, merge->live_at), least);
        merge->old_at += n;
        merge->live_at += n;
    }
}

static bool
is_at_end(const struct merge *merge)
{
    return merge->old_at == merge->old.len && merge->live_at == merge->live.len;
}

/* Room for one more.  False without memory. */
static bool
make_room(struct stretches *stretches)
{
    if (stretches->len == stretches->cap) {
        size_t cap = stretches->cap == 0 ? 16 : 2 * stretches->cap;
        struct stretch *at = mwi_realloc(stretches->at, cap, sizeof(*at));

        if (at == NULL) {
            return false;
        }
        stretches->at = at;
        stretches->cap = cap;
    }
    return true;
}

/* Find where something has changed.  False, with all in one stretch to come,
 * without memory. */
static bool
find_stretches(struct merge merge, struct stretches *ret_stretches)
{
    struct pair pair;

    skip_same(&merge);
    while (!is_at_end(&merge)) {
        struct stretch stretch = {
            .old_at = merge.old_at,
            .live_at = merge.live_at,
        };

        if (!make_room(ret_stretches)) {
            return false;
        }
        do {
            (void) next_pair(&merge, &pair);
            stretch.old_end = merge.old_at;
            stretch.live_end = merge.live_at;
            skip_same(&merge);
        } while (merge.old_at == stretch.old_end && !is_at_end(&merge));
        ret_stretches->at[ret_stretches->len++] = stretch;
    }
    return true;
}

static bool
has_patches(const mw_type *type)
{
    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
    case MW_KIND_STRUCT:
    case MW_KIND_UNION:
    case MW_KIND_BOX:
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
    case MW_KIND_MAP:
        return true;
    default:
        return false;
    }
}

/* Whether a change of a value is put: it replaces the value, whatever it is.
 * Others may be patches, which are told of behind what is put and deleted. */
static bool
is_put(const struct merge *merge, const struct pair *pair)
{
    const mw_field *value = mwi_map_value(merge->type);

    if (value->type->kind == MW_KIND_STRING ||
        value->type->kind == MW_KIND_STRING_N) {
        return mwi_is_short_text(merge->snapshot, value->type,
            mwi_field_at(value, pair->old), mwi_field_at(value, pair->live));
    }
    return !has_patches(value->type);
}

/* Append V of the key of an entry that went away. */
static void
write_old_key(struct mwi_differ *d, const struct merge *merge, const void *old)
{
    const mw_field *key = mwi_map_key(merge->type);
    const void *value = mwi_field_at(key, old);
    const void *text;

    if (key->type->kind == MW_KIND_STRING) {
        text = mwi_boxed_in(merge->snapshot, value);
        value = &text;
    }
    mwi_encode(d->w, key->type, value);
}

/* Whether a part may have something to say of an entry. */
static bool
is_in_part(const struct merge *merge, const mw_mask *mask,
    const struct pair *pair, int part)
{
    if (pair->live == NULL) {
        return part == MWI_PATCH_DELS && mask->all;
    }
    if (pair->old == NULL) {
        return part == MWI_PATCH_PUTS && mask->all;
    }
    return part != MWI_PATCH_DELS &&
           is_put(merge, pair) == (part == MWI_PATCH_PUTS);
}

/* Append what comes behind the key of an entry that is there: V if it is new,
 * else D, if there is a change. */
static bool
write_value(struct mwi_differ *d, const struct merge *merge,
    const mw_mask *mask, const struct pair *pair)
{
    const mw_field *value = mwi_map_value(merge->type);

    if (pair->old == NULL) {
        mwi_encode_field(d->w, value, pair->live);
        return true;
    }
    return mwi_diff_value(d, value->type, mask, mwi_field_at(value, pair->old),
        mwi_field_at(value, pair->live));
}

/* Append what a part says of an entry, if it says anything. */
static bool
write_pair(struct mwi_differ *d, const struct merge *merge, const mw_mask *mask,
    const struct pair *pair, int part)
{
    const mw_field *key = mwi_map_key(merge->type);
    size_t before = mwi_writer_mark(d->w);
    struct mwi_path step = { .up = d->w->path, .key_type = key->type };
    bool written;

    if (!is_in_part(merge, mask, pair, part)) {
        return false;
    }
    if (pair->live == NULL) {
        write_old_key(d, merge, pair->old);
        return true;
    }
    mwi_encode_field(d->w, key, pair->live);
    step.key = mwi_field_at(key, pair->live);
    d->w->path = mwi_writer_ok(d->w) ? &step : step.up;
    written = write_value(d, merge, mask, pair);
    d->w->path = step.up;
    if (!written) {
        mwi_writer_rewind(d->w, before);
    }
    return written;
}

/* Append one of puts, dels and subs.  Returns how many entries it speaks of. */
static size_t
write_part(struct mwi_differ *d, struct merge merge, const mw_mask *mask,
    const struct stretches *stretches, int part)
{
    struct mwi_open_head head = part == MWI_PATCH_DELS
                                    ? mwi_open_array(d->w, merge.old.len)
                                    : mwi_open_map(d->w, merge.live.len);
    struct pair pair;
    size_t n = 0;

    for (size_t i = 0; i < stretches->len; i++) {
        const struct stretch *stretch = &stretches->at[i];

        merge.old_at = stretch->old_at;
        merge.old.len = stretch->old_end;
        merge.live_at = stretch->live_at;
        merge.live.len = stretch->live_end;
        while (mwi_writer_ok(d->w) && next_pair(&merge, &pair)) {
            n += write_pair(d, &merge, mask, &pair, part);
        }
    }
    mwi_close_head(d->w, &head, n);
    return n;
}

/* Append [puts, dels, subs], without those at the end that are empty.  False,
 * with nothing appended, if all are. */
static bool
write_patch(struct mwi_differ *d, const struct merge *merge,
    const mw_mask *mask, const struct stretches *stretches)
{
    size_t mark = mwi_writer_mark(d->w);
    struct mwi_open_head head = mwi_open_array(d->w, MWI_PATCH_PARTS);
    size_t end = mark;
    size_t parts = 0;

    for (int part = 0; part < MWI_PATCH_PARTS; part++) {
        if (write_part(d, *merge, mask, stretches, part) > 0) {
            end = mwi_writer_mark(d->w);
            parts = (size_t) part + 1;
        }
    }
    mwi_writer_rewind(d->w, end);
    if (parts > 0) {
        mwi_close_head(d->w, &head, parts);
    }
    return parts > 0;
}

/* Check a key that may be new, and its order behind the one before it. */
static void
check_key(struct mwi_writer *w, const struct merge *merge, size_t i)
{
    const mw_field *key = mwi_map_key(merge->type);
    const void *value = mwi_field_at(key, entry_at(merge, merge->live, i));
    struct mwi_path step = { .up = w->path, .index = i, .key_type = key->type };
    size_t len;

    w->path = &step;
    if (key->type->kind == MW_KIND_STRING ||
        key->type->kind == MW_KIND_STRING_N) {
        (void) mwi_text_to_write(w, key->type, value, &len);
    }
    step.key = value;
    mwi_map_check_key(w, merge->type, merge->live, i);
    w->path = step.up;
}

/* Without order there are no pairs.  What is the same is in order, but for
 * where it meets the rest. */
static void
check_order(struct mwi_writer *w, const struct merge *merge,
    const struct stretches *stretches)
{
    for (size_t i = 0; i < stretches->len; i++) {
        const struct stretch *stretch = &stretches->at[i];

        for (size_t j = stretch->live_at;
             j <= stretch->live_end && j < merge->live.len && mwi_writer_ok(w);
             j++) {
            check_key(w, merge, j);
        }
    }
}

/* Whether a patch would have to put all that there is. */
static bool
is_all_new(const struct merge *merge, const struct stretches *stretches)
{
    return merge->old.at == NULL || merge->live.at == NULL ||
           (!has_patches(mwi_map_value(merge->type)->type) &&
               stretches->at[0].live_at == 0 &&
               stretches->at[0].live_end == merge->live.len);
}

/* Append D of what has changed in some stretches. */
static bool
diff_stretches(struct mwi_differ *d, const struct merge *merge,
    const mw_mask *mask, const struct stretches *stretches, const void *live)
{
    size_t mark = mwi_writer_mark(d->w);

    check_order(d->w, merge, stretches);
    if (mask->all && is_all_new(merge, stretches)) {
        mwi_encode(d->w, merge->type, live);
        return true;
    }
    if (!write_patch(d, merge, mask, stretches)) {
        return false;
    }
    mwi_diff_guard(d, merge->type, mask, live, mark);
    return true;
}

bool
mwi_diff_map(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    struct merge merge = {
        .snapshot = d->snapshot,
        .type = type,
        .old = mwi_items_in(d->snapshot, type, old),
        .live = mwi_items_to_write(d->w, type, live),
    };
    struct stretch all = { .old_end = merge.old.len,
        .live_end = merge.live.len };
    struct stretches whole = { .at = &all, .len = 1 };
    struct stretches found = { 0 };
    bool changed = true;

    if (!mwi_writer_ok(d->w)) {
        return true;
    }
    if (!find_stretches(merge, &found)) {
        changed = diff_stretches(d, &merge, mask, &whole, live);
    } else if (found.len > 0) {
        changed = diff_stretches(d, &merge, mask, &found, live);
    } else {
        changed = false;
    }
    mwi_free(found.at);
    return changed;
}
