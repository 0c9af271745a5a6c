/* SPDX-License-Identifier: MIT */
/*
 * The differ: values, structs, and the guard against long patches.
 *
 * Old and live value are walked side by side.  Patches are written at once,
 * with room for the heads of maps whose length shows in the end, and dropped
 * again when the value as a whole turns out to be shorter.  Recursion is
 * bounded by the depth of patches: below that, what differs goes as a whole.
 *
 * A write contract leads the walk: what it excludes is not looked at.  Where
 * it allows a part only, the value is never replaced as a whole.
 */
#include "delta/diff.h"

#include <string.h>

#include "codec/access.h"
#include "codec/range.h"
#include "delta/compare.h"
#include "delta/write.h"

static const uint8_t MAJOR_ARRAY = 0x80;
static const uint8_t MAJOR_MAP = 0xa0;

static struct mwi_open_head
open_head(struct mwi_writer *w, uint8_t major, size_t max)
{
    static const uint8_t room[9];
    struct mwi_open_head head = {
        .mark = mwi_writer_mark(w),
        .size = mwi_head_size(max),
        .major = major,
    };

    mwi_write_raw(w, room, head.size);
    return head;
}

struct mwi_open_head
mwi_open_array(struct mwi_writer *w, size_t max)
{
    return open_head(w, MAJOR_ARRAY, max);
}

struct mwi_open_head
mwi_open_map(struct mwi_writer *w, size_t max)
{
    return open_head(w, MAJOR_MAP, max);
}

/* The shortest head for a length, into room for one; see RFC 8949 section 3. */
static void
store_head(uint8_t *room, uint8_t major, uint64_t n, size_t size)
{
    static const uint8_t extra[] = {
        [1] = 0, [2] = 24, [3] = 25, [5] = 26, [9] = 27
    };

    room[0] = (uint8_t) (major | (size == 1 ? (uint8_t) n : extra[size]));
    for (size_t i = size - 1; i > 0; i--) {
        room[i] = (uint8_t) n;
        n >>= 8;
    }
}

void
mwi_close_head(struct mwi_writer *w, const struct mwi_open_head *head, size_t n)
{
    size_t size = mwi_head_size(n);
    uint8_t *at;

    if (!mwi_writer_ok(w)) {
        return;
    }
    at = w->buf->data + w->buf->start + head->mark;
    if (size < head->size) {
        size_t end = mwi_writer_mark(w);

        memmove(at + size, at + head->size, end - head->mark - head->size);
        mwi_writer_rewind(w, end - (head->size - size));
    }
    store_head(at, head->major, n, size);
}

void
mwi_diff_guard(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *live, size_t mark)
{
    size_t patch = mwi_writer_mark(d->w) - mark;

    /* A struct cannot be shorter than a byte per member. */
    if (!mwi_writer_ok(d->w) || !mask->all ||
        (type->kind == MW_KIND_STRUCT && patch <= type->n_members) ||
        mwi_encoded_size(d->w->nodes, type, live, patch) > patch) {
        return;
    }
    mwi_writer_rewind(d->w, mark);
    mwi_encode(d->w, type, live);
}

/* D of a member or arm.  Without a contract for all of it, it must be there
 * before and after. */
static bool
diff_field(struct mwi_differ *d, const mw_field *field, const mw_mask *mask,
    const void *old, const void *live)
{
    bool was = mwi_field_is_present(field, old);
    bool is = mwi_field_is_present(field, live);
    bool changed = false;

    if (was && is) {
        const void *value = mwi_field_at(field, live);

        changed = mwi_diff_value(
            d, field->type, mask, mwi_field_at(field, old), value);
        if (changed && field->range != NULL) {
            mwi_write_check_range(d->w, field, value);
        }
    } else if (was != is && mask->all) {
        /* null, if it is absent now. */
        mwi_encode_field(d->w, field, live);
        changed = true;
    }
    return changed;
}

/* Whether it takes no more than a look at the bytes. */
static bool
is_untouched(const mw_field *field, const void *old, const void *live)
{
    return mwi_type_is_flat(field->type) &&
           mwi_field_is_present(field, old) ==
               mwi_field_is_present(field, live) &&
           memcmp(mwi_field_at(field, old), mwi_field_at(field, live),
               field->type->size) == 0;
}

/* Append id and D of each member that has changed.  Returns how many have. */
static size_t
write_members(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    struct mwi_path step = { .up = d->w->path };
    struct mwi_by_id walk = mwi_by_id(type);
    const mw_field *field;
    size_t n = 0;

    d->w->path = &step;
    while ((field = mwi_next_by_id(&walk)) != NULL) {
        const mw_mask *part = mwi_mask_of(mask, type, field);
        size_t before = mwi_writer_mark(d->w);

        if (mwi_mask_is_none(part) || is_untouched(field, old, live)) {
            continue;
        }
        step.name = field->name;
        mwi_write_uint(d->w, field->id);
        if (diff_field(d, field, part, old, live)) {
            n++;
        } else {
            mwi_writer_rewind(d->w, before);
        }
    }
    d->w->path = step.up;
    return n;
}

static bool
diff_struct(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    size_t mark = mwi_writer_mark(d->w);
    bool is_mutable = (type->flags & MW_TYPE_MUTABLE) != 0;
    struct mwi_open_head head;
    size_t n;

    if (mwi_type_is_flat(type) && memcmp(old, live, type->size) == 0) {
        return false;
    }
    head = is_mutable ? mwi_open_array(d->w, 2 * (size_t) type->n_members)
                      : mwi_open_map(d->w, type->n_members);
    n = write_members(d, type, mask, old, live);
    if (n == 0) {
        mwi_writer_rewind(d->w, mark);
        return false;
    }
    mwi_close_head(d->w, &head, is_mutable ? 2 * n : n);
    mwi_diff_guard(d, type, mask, live, mark);
    return true;
}

static bool
diff_union(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    struct mwi_path step = { .up = d->w->path };
    const mw_field *arm = mwi_union_arm(type, live);
    size_t mark = mwi_writer_mark(d->w);
    const mw_mask *part;
    bool changed;

    if (mwi_union_tag(type, old) != mwi_union_tag(type, live)) {
        if (mask->all) {
            mwi_encode(d->w, type, live);
        }
        return mask->all;
    }
    part = arm != NULL ? mwi_mask_of(mask, type, arm) : &mwi_mask_none;
    if (mwi_mask_is_none(part)) {
        return false;
    }
    mwi_write_map(d->w, 1);
    mwi_union_write_tag(d->w, type, live);
    step.name = arm->name;
    d->w->path = &step;
    changed = diff_field(d, arm, part, old, live);
    d->w->path = step.up;
    if (changed) {
        mwi_diff_guard(d, type, mask, live, mark);
    } else {
        mwi_writer_rewind(d->w, mark);
    }
    return changed;
}

/* What a box holds travels as if the box were not there. */
static bool
diff_box(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    const void *was = mwi_boxed_in(d->snapshot, old);
    const void *is = mwi_load_pointer(live);

    if (was != NULL && is != NULL) {
        return mwi_diff_value(d, type->elem, mask, was, is);
    }
    if (was == is || !mask->all) {
        return false;
    }
    mwi_encode(d->w, type, live);
    return true;
}

/* D of a value that has patches. */
static bool
diff_composite(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    switch (type->kind) {
    case MW_KIND_STRUCT:
        return diff_struct(d, type, mask, old, live);
    case MW_KIND_UNION:
        return diff_union(d, type, mask, old, live);
    case MW_KIND_MAP:
        return mwi_diff_map(d, type, mask, old, live);
    default:
        break;
    }
    if (!mwi_kind_is_number(type->elem->kind)) {
        return mwi_diff_elements(d, type, mask, old, live);
    }
    return mask->all && mwi_diff_numbers(d, type, old, live);
}

/* A value that is not patched. */
static bool
diff_whole(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    if (mwi_mask_is_none(mask) ||
        mwi_same(type, d->snapshot, old, NULL, live)) {
        return false;
    }
    if (!mask->all) {
        mwi_writer_fail(d->w, MW_ERANGE,
            "a part of it has changed, deeper than %d values",
            MWI_DELTA_DEPTH_MAX);
        return false;
    }
    mwi_encode(d->w, type, live);
    return true;
}

bool
mwi_diff_value(struct mwi_differ *d, const mw_type *type, const mw_mask *mask,
    const void *old, const void *live)
{
    bool changed;

    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        return mask->all && mwi_diff_text(d, type, old, live);
    case MW_KIND_BOX:
        return diff_box(d, type, mask, old, live);
    case MW_KIND_STRUCT:
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
    case MW_KIND_UNION:
    case MW_KIND_MAP:
        if (d->depth >= MWI_DELTA_DEPTH_MAX) {
            break;
        }
        d->depth++;
        changed = diff_composite(d, type, mask, old, live);
        d->depth--;
        return changed;
    default:
        if (!mask->all) {
            return false;
        }
        break;
    }
    return diff_whole(d, type, mask, old, live);
}

void
mwi_diff(struct mwi_writer *w, const mw_type *type, const mw_mask *mask,
    const struct mwi_snapshot *snapshot, const void *old, const void *live)
{
    struct mwi_differ d = { .w = w, .snapshot = snapshot };

    if (mask != NULL && !mwi_mask_is_none(mask) &&
        mwi_diff_value(&d, type, mask, old, live)) {
        return;
    }
    if (mwi_patch_item(type) == MWI_ITEM_ARRAY) {
        mwi_write_array(w, 0);
    } else {
        mwi_write_map(w, 0);
    }
}
