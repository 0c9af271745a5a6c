/* SPDX-License-Identifier: MIT */
/*
 * The differ: values, structs, and the guard against long patches.
 *
 * Old and live value are walked side by side.  Patches are written at once,
 * with room for the heads of maps whose length shows in the end, and dropped
 * again when the value as a whole turns out to be shorter.  Recursion is
 * bounded by the depth of patches: below that, what differs goes as a whole.
 */
#include "delta/diff.h"

#include <string.h>

#include "codec/access.h"
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
mwi_diff_guard(
    struct mwi_differ *d, const mw_type *type, const void *live, size_t mark)
{
    size_t patch = mwi_writer_mark(d->w) - mark;

    /* A struct cannot be shorter than a byte per member. */
    if (!mwi_writer_ok(d->w) ||
        (type->kind == MW_KIND_STRUCT && patch <= type->n_members) ||
        mwi_encoded_size(d->w->nodes, type, live, patch) > patch) {
        return;
    }
    mwi_writer_rewind(d->w, mark);
    mwi_encode(d->w, type, live);
}

/* D of a member. */
static bool
diff_field(struct mwi_differ *d, const mw_field *field, const void *old,
    const void *live)
{
    bool was = mwi_field_is_present(field, old);
    bool is = mwi_field_is_present(field, live);

    if (was && is) {
        return mwi_diff_value(d, field->type, mwi_field_at(field, old),
            mwi_field_at(field, live));
    }
    if (is) {
        mwi_encode(d->w, field->type, mwi_field_at(field, live));
    } else if (was) {
        mwi_write_null(d->w);
    }
    return was || is;
}

/* The member with the next higher id.  Usually they are declared in order. */
static const mw_field *
field_after(const mw_type *type, const mw_field *before)
{
    const mw_field *next = NULL;

    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];

        if ((before == NULL || field->id > before->id) &&
            (next == NULL || field->id < next->id)) {
            next = field;
        }
    }
    return next;
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

static bool
diff_struct(struct mwi_differ *d, const mw_type *type, const void *old,
    const void *live)
{
    struct mwi_path step = { .up = d->w->path };
    size_t mark = mwi_writer_mark(d->w);
    struct mwi_open_head head;
    const mw_field *field;
    size_t n = 0;

    if (mwi_type_is_flat(type) && memcmp(old, live, type->size) == 0) {
        return false;
    }
    head = mwi_open_map(d->w, type->n_members);
    d->w->path = &step;
    for (field = field_after(type, NULL); field != NULL;
         field = field_after(type, field)) {
        size_t before = mwi_writer_mark(d->w);

        if (is_untouched(field, old, live)) {
            continue;
        }
        step.name = field->name;
        mwi_write_uint(d->w, field->id);
        if (diff_field(d, field, old, live)) {
            n++;
        } else {
            mwi_writer_rewind(d->w, before);
        }
    }
    d->w->path = step.up;
    if (n == 0) {
        mwi_writer_rewind(d->w, mark);
        return false;
    }
    mwi_close_head(d->w, &head, n);
    mwi_diff_guard(d, type, live, mark);
    return true;
}

/* D of a value that has patches. */
static bool
diff_composite(struct mwi_differ *d, const mw_type *type, const void *old,
    const void *live)
{
    if (type->kind == MW_KIND_STRUCT) {
        return diff_struct(d, type, old, live);
    }
    if (mwi_kind_is_number(type->elem->kind)) {
        return mwi_diff_numbers(d, type, old, live);
    }
    return mwi_diff_elements(d, type, old, live);
}

bool
mwi_diff_value(struct mwi_differ *d, const mw_type *type, const void *old,
    const void *live)
{
    bool changed;

    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        return mwi_diff_text(d, type, old, live);
    case MW_KIND_STRUCT:
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        if (d->depth < MWI_DELTA_DEPTH_MAX) {
            d->depth++;
            changed = diff_composite(d, type, old, live);
            d->depth--;
            return changed;
        }
        break;
    default:
        break;
    }
    changed = !mwi_same(type, d->snapshot, old, NULL, live);
    if (changed) {
        mwi_encode(d->w, type, live);
    }
    return changed;
}

const mw_mask mwi_mask_all = { .all = true };

void
mwi_diff(struct mwi_writer *w, const mw_type *type, const mw_mask *mask,
    const struct mwi_snapshot *snapshot, const void *old, const void *live)
{
    struct mwi_differ d = { .w = w, .snapshot = snapshot };

    (void) mask;
    if (!mwi_diff_value(&d, type, old, live)) {
        mwi_write_map(w, 0);
    }
}
