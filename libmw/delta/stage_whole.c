/* SPDX-License-Identifier: MIT */
/*
 * Staging: V(T) in place of a value that is there.
 *
 * Structs, unions and boxes are walked: members that the peer's version of a
 * struct does not know keep what they have, and so do boxes their blocks.
 * Under a contract for parts of a value everything is walked: the rest must be
 * what it is already.
 */
#include <inttypes.h>

#include "base/mem.h"
#include "codec/access.h"
#include "codec/map.h"
#include "delta/compare.h"
#include "delta/stage.h"

void
mwi_stage_refuse(struct mwi_stager *s, const uint8_t *item)
{
    s->r->at = item;
    mwi_reader_fail(s->r, MW_ECONTRACT, "may not be changed by this operation");
}

void
mwi_stage_refuse_order(struct mwi_stager *s, const uint8_t *item)
{
    s->r->at = item;
    mwi_reader_fail(s->r, MW_ECONTRACT,
        "number and order of elements may not be changed by this operation");
}

bool
mwi_stage_same(struct mwi_stager *s, const mw_type *type, const void *other)
{
    struct mwi_place *heap = &s->patch->heap;
    size_t budget = heap->budget;
    _Alignas(max_align_t) unsigned char small[64] = { 0 };
    void *value = small;
    bool is_same;

    if (type->size > sizeof(small)) {
        value = mwi_stage_heap(s, 1, type->size, type->align);
    }
    if (value == NULL) {
        return false;
    }
    mwi_decode(s->r, heap, type, value);
    is_same = mwi_reader_ok(s->r) && mwi_same(type, NULL, value, NULL, other);
    mwi_clear(type, value);
    if (value != small) {
        mwi_free(value);
    }
    heap->budget = budget;
    return is_same;
}

/* Read V of something that may not change. */
static void
stage_unchanged(struct mwi_stager *s, const mw_type *type, const void *target)
{
    const uint8_t *at = s->r->at;

    if (!mwi_stage_same(s, type, target) && mwi_reader_ok(s->r)) {
        mwi_stage_refuse(s, at);
    }
}

/* Whether a member of the type is replaced member by member, not at once. */
static bool
is_walked(const mw_type *type)
{
    return type->kind == MW_KIND_STRUCT || type->kind == MW_KIND_UNION ||
           type->kind == MW_KIND_BOX;
}

static bool
has_walked_members(const mw_type *type)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (is_walked(type->fields[i].type)) {
            return true;
        }
    }
    return false;
}

static void
stage_mutable(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    const uint8_t *at = s->r->at;
    size_t n = mwi_read_map(s->r);

    if ((type->flags & MW_TYPE_FINAL) != 0 && n != type->n_members &&
        mwi_reader_ok(s->r)) {
        s->r->at = at;
        mwi_reader_fail(s->r, MW_EINVAL, "%zu members, %s has %" PRIu32, n,
            type->name, type->n_members);
        return;
    }
    mwi_stage_members(s, type, mask, target, n, true);
    mwi_leave(s->r);
}

/* Members that the array is too short for keep what they have: the peer's
 * version of the struct does not know them. */
static void
stage_struct(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    struct mwi_path step = { .up = s->r->path };
    const uint8_t *at = s->r->at;
    bool is_final = (type->flags & MW_TYPE_FINAL) != 0;
    size_t n = mwi_read_array(s->r);

    if (!mwi_reader_ok(s->r)) {
        return;
    }
    if ((is_final && n != type->n_members) ||
        (mask->all && s->base.copy == NULL && n >= type->n_members &&
            !has_walked_members(type))) {
        s->r->at = at;
        mwi_leave(s->r);
        mwi_stage_replace(s, type, target);
        return;
    }
    s->r->path = &step;
    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        if (i < type->n_members) {
            const mw_field *field = &type->fields[i];

            step.name = field->name;
            mwi_stage_field(
                s, field, mwi_mask_of(mask, type, field), target, true);
        } else {
            mwi_skip(s->r);
        }
    }
    s->r->path = step.up;
    mwi_leave(s->r);
}

/* [tag, V(arm)] of the tag that is there; else all is replaced. */
static void
stage_union(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    struct mwi_path step = { .up = s->r->path };
    const mw_field *arm = mwi_union_arm(type, target);
    const uint8_t *at = s->r->at;
    size_t n = mwi_read_array(s->r);
    int64_t tag = n > 0 ? mwi_union_read_tag(s->r, type) : 0;

    if (!mwi_reader_ok(s->r)) {
        return;
    }
    /* What has another form than it must is refused there, too. */
    if (n != (arm != NULL ? 2 : 1) || tag != mwi_union_tag(type, target)) {
        s->r->at = at;
        mwi_leave(s->r);
        if (mask->all) {
            mwi_stage_replace(s, type, target);
        } else {
            stage_unchanged(s, type, target);
        }
        return;
    }
    if (arm != NULL) {
        step.name = arm->name;
        s->r->path = &step;
        mwi_stage_field(s, arm, mwi_mask_of(mask, type, arm), target, true);
        s->r->path = step.up;
    }
    mwi_leave(s->r);
}

/* Elements of which only parts may change. */
static void
stage_items(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    struct mwi_items items = mwi_items_of(type, target);
    struct mwi_path step = { .up = s->r->path };
    const uint8_t *at = s->r->at;
    size_t n = mwi_read_array(s->r);

    if (mwi_reader_ok(s->r) && n != items.len) {
        mwi_stage_refuse_order(s, at);
    }
    s->r->path = &step;
    for (; step.index < n && mwi_reader_ok(s->r); step.index++) {
        mwi_stage_whole(
            s, type->elem, mask, items.at + step.index * type->elem->size);
    }
    s->r->path = step.up;
    mwi_leave(s->r);
}

/* Entries, likewise.  Keys that do not ascend cannot be the ones that are
 * there. */
static void
stage_entries(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    const mw_field *key = mwi_map_key(type);
    const mw_field *value = mwi_map_value(type);
    struct mwi_items items = mwi_items_of(type, target);
    struct mwi_path step = { .up = s->r->path, .key_type = key->type };
    const uint8_t *at = s->r->at;
    size_t n = mwi_read_map(s->r);

    if (mwi_reader_ok(s->r) && n != items.len) {
        mwi_stage_refuse_order(s, at);
    }
    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        unsigned char *entry = items.at + i * type->elem->size;

        step.key = mwi_field_at(key, entry);
        s->r->path = &step;
        stage_unchanged(s, key->type, step.key);
        if (mwi_reader_ok(s->r)) {
            mwi_stage_whole(s, value->type, mask, mwi_field_at(value, entry));
        }
        s->r->path = step.up;
    }
    mwi_leave(s->r);
}

/* V of what may change in part, or not at all. */
static void
stage_partly(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    switch (type->kind) {
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        if (mwi_kind_is_number(type->elem->kind)) {
            break;
        }
        stage_items(s, type, mask, target);
        return;
    case MW_KIND_MAP:
        stage_entries(s, type, mask, target);
        return;
    default:
        break;
    }
    stage_unchanged(s, type, target);
}

void
mwi_stage_whole(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    void *boxed = type->kind == MW_KIND_BOX ? mwi_load_pointer(target) : NULL;

    if (boxed != NULL) {
        mwi_stage_whole(s, type->elem, mask, boxed);
    } else if (type->kind == MW_KIND_STRUCT) {
        if ((type->flags & MW_TYPE_MUTABLE) != 0) {
            stage_mutable(s, type, mask, target);
        } else {
            stage_struct(s, type, mask, target);
        }
    } else if (type->kind == MW_KIND_UNION) {
        stage_union(s, type, mask, target);
    } else if (mask->all) {
        mwi_stage_replace(s, type, target);
    } else {
        stage_partly(s, type, mask, target);
    }
}
