/* SPDX-License-Identifier: MIT */
/*
 * Staging: patches of values, structs and unions, and what the rest has in
 * common.
 *
 * Nothing here or in the files beside it writes to the objects.  Recursion is
 * bounded by the depth that the reader allows.
 */
#include "delta/stage.h"

#include <inttypes.h>
#include <string.h>

#include "codec/access.h"
#include "codec/range.h"
#include "delta/patch.h"

/* Journal and objects draw on one budget. */
void *
mwi_stage_scratch(struct mwi_stager *s, size_t n, size_t size, size_t align)
{
    struct mwi_place place = { .arena = &s->patch->scratch,
        .budget = s->patch->heap.budget };
    void *block = mwi_place_alloc(&place, n, size, align);

    if (block == NULL) {
        mwi_reader_fail_memory(s->r, mwi_place_status(&place, n, size));
    }
    s->patch->heap.budget = place.budget;
    return block;
}

void *
mwi_stage_heap(struct mwi_stager *s, size_t n, size_t size, size_t align)
{
    void *block = mwi_place_alloc(&s->patch->heap, n, size, align);

    if (block == NULL) {
        mwi_reader_fail_memory(
            s->r, mwi_place_status(&s->patch->heap, n, size));
    }
    return block;
}

void *
mwi_stage_swap(struct mwi_stager *s, const mw_type *type, void *target,
    size_t size, size_t align)
{
    /* One block, with what is staged behind the entry. */
    size_t at = (sizeof(struct mwi_patch_entry) + align - 1) & ~(align - 1);
    unsigned char *block =
        mwi_stage_scratch(s, 1, at + size, _Alignof(max_align_t));
    struct mwi_patch_entry *entry = (struct mwi_patch_entry *) (void *) block;

    if (block == NULL) {
        return NULL;
    }
    *entry = (struct mwi_patch_entry){
        .next = s->patch->entries,
        .action = MWI_PATCH_SWAP,
        .type = type,
        .target = target,
        .staged = block + at,
        .size = size,
    };
    s->patch->entries = entry;
    return entry->staged;
}

void
mwi_stage_replace(struct mwi_stager *s, const mw_type *type, void *target)
{
    void *staged = mwi_stage_swap(s, type, target, type->size, type->align);

    if (staged != NULL) {
        mwi_decode(s->r, &s->patch->heap, type, staged);
        s->patch->stats.values_changed++;
    }
}

int
mwi_stage_key(
    struct mwi_stager *s, const mw_type *type, int before, unsigned allowed)
{
    const uint8_t *at = s->r->at;
    uint64_t key = mwi_read_uint(s->r);

    if (!mwi_reader_ok(s->r)) {
        return -1;
    }
    if (key >= 8 || (allowed >> key & 1) == 0) {
        MWI_STAGE_FAIL(s, at, "no patch %" PRIu64 " for %s", key, type->name);
        return -1;
    }
    if ((int) key <= before) {
        MWI_STAGE_FAIL(s, at, "patch %" PRIu64 " after patch %d", key, before);
        return -1;
    }
    return (int) key;
}

size_t
mwi_stage_size(struct mwi_stager *s)
{
    const uint8_t *at = s->r->at;
    uint64_t wide = mwi_read_uint(s->r);
    size_t size = (size_t) wide;

    if (size != wide) {
        MWI_STAGE_FAIL(s, at, "%" PRIu64 " is too large", wide);
        size = 0;
    }
    return size;
}

void
mwi_stage_presence(
    struct mwi_stager *s, const mw_field *field, void *record, bool present)
{
    bool *flag;

    if (mwi_type_has_null(field->type)) {
        return;
    }
    flag = mwi_stage_swap(s, NULL, (char *) record + field->has_offset,
        sizeof(*flag), _Alignof(bool));
    if (flag != NULL) {
        *flag = present;
    }
}

/* Whether the next item patches a value of the type. */
static bool
is_patch_next(struct mwi_stager *s, const mw_type *type)
{
    return mwi_peek(s->r) == mwi_patch_item(type);
}

/* An optional member is absent in the reply. */
static void
stage_absent(struct mwi_stager *s, const mw_field *field, const mw_mask *mask,
    void *record)
{
    const uint8_t *at = s->r->at;

    mwi_read_null(s->r);
    if (!mwi_field_is_present(field, record)) {
        return;
    }
    if (!mask->all) {
        mwi_stage_refuse(s, at);
        return;
    }
    /* What was there is exchanged with zeros. */
    if (mwi_stage_swap(s, field->type, mwi_field_at(field, record),
            field->type->size, field->type->align) != NULL) {
        mwi_stage_presence(s, field, record, false);
        s->patch->stats.values_changed++;
    }
}

/* An optional member was absent. */
static void
stage_appearing(struct mwi_stager *s, const mw_field *field,
    const mw_mask *mask, void *record)
{
    if (is_patch_next(s, field->type)) {
        MWI_STAGE_FAIL(s, s->r->at, "is absent and cannot be patched");
    } else if (!mask->all) {
        mwi_stage_refuse(s, s->r->at);
    } else {
        mwi_stage_presence(s, field, record, true);
        mwi_stage_replace(s, field->type, mwi_field_at(field, record));
    }
}

void
mwi_stage_field(struct mwi_stager *s, const mw_field *field,
    const mw_mask *mask, void *record, bool is_whole)
{
    const struct mwi_patch_entry *before = s->patch->entries;
    const uint8_t *at = s->r->at;
    void *target = mwi_field_at(field, record);

    if (s->base.copy != NULL && mwi_stage_is_unit(field)) {
        mwi_stage_unit(s, field, mask, record, is_whole);
        return;
    }
    if ((field->flags & MW_FIELD_OPTIONAL) != 0 &&
        mwi_peek(s->r) == MWI_ITEM_NULL) {
        stage_absent(s, field, mask, record);
        return;
    }
    if (!mwi_field_is_present(field, record)) {
        stage_appearing(s, field, mask, record);
    } else if (is_whole) {
        mwi_stage_whole(s, field->type, mask, target);
    } else {
        mwi_stage_value(s, field->type, mask, target);
    }
    /* A number is always exchanged, by the entry that was made last. */
    if (field->range != NULL && mwi_reader_ok(s->r) &&
        s->patch->entries != before) {
        mwi_read_check_range(s->r, at, field, s->patch->entries->staged);
    }
}

void
mwi_stage_members(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target, size_t n, bool is_whole)
{
    struct mwi_path step = { .up = s->r->path };
    uint64_t before = 0;

    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        const uint8_t *at = s->r->at;
        uint64_t id = mwi_read_uint(s->r);
        const mw_field *field = mwi_field_by_id(type, id);

        if (!mwi_reader_ok(s->r)) {
            return;
        }
        if (i > 0 && id <= before) {
            MWI_STAGE_FAIL(
                s, at, "member %" PRIu64 " after member %" PRIu64, id, before);
        } else if (field != NULL) {
            step.name = field->name;
            s->r->path = &step;
            mwi_stage_field(
                s, field, mwi_mask_of(mask, type, field), target, is_whole);
            s->r->path = step.up;
        } else if ((type->flags & MW_TYPE_FINAL) != 0) {
            MWI_STAGE_FAIL(s, at, "%s has no member %" PRIu64, type->name, id);
        } else {
            /* A newer peer's; the same as a longer array in V(T). */
            mwi_skip(s->r);
        }
        before = id;
    }
}

/* [id, D, id, D, …] */
static void
stage_mutable(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target, size_t n, const uint8_t *at)
{
    if (n % 2 != 0) {
        MWI_STAGE_FAIL(s, at, "array of %zu is not made of ids and changes", n);
        return;
    }
    mwi_stage_members(s, type, mask, target, n / 2, false);
}

/* {tag: D} of the arm that is there. */
static void
stage_arm(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target, size_t n)
{
    struct mwi_path step = { .up = s->r->path };
    const mw_field *arm = mwi_union_arm(type, target);
    const uint8_t *at = s->r->at;
    int64_t tag = mwi_union_read_tag(s->r, type);

    if (!mwi_reader_ok(s->r)) {
        return;
    }
    if (n != 1) {
        MWI_STAGE_FAIL(s, at, "%zu arms of %s are changed", n, type->name);
    } else if (tag != mwi_union_tag(type, target)) {
        MWI_STAGE_FAIL(
            s, at, "changes an arm of %s that is not selected", type->name);
    } else if (arm == NULL) {
        MWI_STAGE_FAIL(s, at, "%s has no arm", type->name);
    } else {
        step.name = arm->name;
        s->r->path = &step;
        mwi_stage_field(s, arm, mwi_mask_of(mask, type, arm), target, false);
        s->r->path = step.up;
    }
}

/* A patch of something that has no parts that a contract could tell apart. */
static void
stage_row(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target, size_t n, const uint8_t *at)
{
    if (!mask->all) {
        mwi_stage_refuse(s, at);
    } else if (type->elem != NULL) {
        mwi_stage_numbers(s, type, target, n);
    } else {
        mwi_stage_text(s, type, target, n);
    }
}

/* A patch that is not empty; the reader is in it. */
static void
stage_parts(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target, size_t n, const uint8_t *at)
{
    switch (type->kind) {
    case MW_KIND_STRUCT:
        if ((type->flags & MW_TYPE_MUTABLE) != 0) {
            stage_mutable(s, type, mask, target, n, at);
        } else {
            mwi_stage_members(s, type, mask, target, n, false);
        }
        break;
    case MW_KIND_UNION:
        stage_arm(s, type, mask, target, n);
        break;
    case MW_KIND_MAP:
        mwi_stage_map(s, type, mask, target, n);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        if (mwi_kind_is_number(type->elem->kind)) {
            stage_row(s, type, mask, target, n, at);
        } else {
            mwi_stage_elements(s, type, mask, target, n);
        }
        break;
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        stage_row(s, type, mask, target, n, at);
        break;
    case MW_KIND_BOX:
        MWI_STAGE_FAIL(s, at, "is NULL and cannot be patched");
        break;
    default:
        MWI_STAGE_FAIL(s, at, "%s cannot be patched", type->name);
        break;
    }
}

void
mwi_stage_value(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target)
{
    const uint8_t *at = s->r->at;
    void *boxed = type->kind == MW_KIND_BOX ? mwi_load_pointer(target) : NULL;
    size_t n;

    if (boxed != NULL) {
        mwi_stage_value(s, type->elem, mask, boxed);
        return;
    }
    if (!is_patch_next(s, type)) {
        mwi_stage_whole(s, type, mask, target);
        return;
    }
    n = mwi_patch_item(type) == MWI_ITEM_ARRAY ? mwi_read_array(s->r)
                                               : mwi_read_map(s->r);
    if (n > 0) {
        stage_parts(s, type, mask, target, n, at);
    }
    mwi_leave(s->r);
}

/* Two patches of the same storage would each take what it holds for theirs. */
static bool
is_separate(struct mwi_stager *s, const void *object, size_t size)
{
    uintptr_t at = (uintptr_t) object;
    struct mwi_patch_root *root;

    for (root = s->patch->roots; root != NULL; root = root->next) {
        if (at < root->at + root->size && root->at < at + size) {
            mwi_reader_fail(s->r, MW_EINVAL, "shares memory with another one");
            return false;
        }
    }
    root = mwi_stage_scratch(s, 1, sizeof(*root), _Alignof(max_align_t));
    if (root != NULL) {
        *root = (struct mwi_patch_root){ s->patch->roots, at, size };
        s->patch->roots = root;
    }
    return root != NULL;
}

void
mwi_patch_stage(struct mwi_patch *patch, struct mwi_reader *r,
    const mw_type *type, const mw_mask *mask, void *object)
{
    mwi_patch_stage_over(patch, r, type, mask, object, NULL);
}

void
mwi_patch_stage_over(struct mwi_patch *patch, struct mwi_reader *r,
    const mw_type *type, const mw_mask *mask, void *object, const void *base)
{
    struct mwi_stager s = { .patch = patch, .r = r };

    if (is_separate(&s, object, type->size)) {
        mwi_stage_root(
            &s, type, mask != NULL ? mask : &mwi_mask_none, object, base);
    }
}

void
mwi_patch_stage_out(struct mwi_patch *patch, struct mwi_reader *r,
    const mw_type *type, void *storage)
{
    struct mwi_stager s = { .patch = patch, .r = r };
    void *staged;

    if (!is_separate(&s, storage, type->size)) {
        return;
    }
    staged = mwi_stage_swap(&s, type, storage, type->size, type->align);
    if (staged != NULL) {
        patch->entries->action = MWI_PATCH_STORE;
        patch->heap.adopts = true;
        mwi_decode(r, &patch->heap, type, staged);
        patch->heap.adopts = false;
    }
}
