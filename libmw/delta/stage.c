/* SPDX-License-Identifier: MIT */
/*
 * Staging: values, structs, and what the rest has in common.
 *
 * Nothing here or in the files beside it writes to the objects.  Recursion is
 * bounded by the depth that the reader allows.
 */
#include <inttypes.h>
#include <string.h>

#include "codec/access.h"
#include "delta/journal.h"
#include "delta/patch.h"

static void
fail_alloc(struct mwi_stager *s, mw_status status)
{
    mwi_reader_fail(s->r, status, "%s",
        status == MW_ERANGE ? "memory limit exceeded" : "out of memory");
}

/* Journal and objects draw on one budget. */
void *
mwi_stage_scratch(struct mwi_stager *s, size_t n, size_t size, size_t align)
{
    struct mwi_place place = {
        .arena = &s->patch->scratch,
        .budget = s->patch->heap.budget,
    };
    void *block = mwi_place_alloc(&place, n, size, align);

    if (block == NULL) {
        fail_alloc(s, mwi_place_status(&place, n, size));
    }
    s->patch->heap.budget = place.budget;
    return block;
}

void *
mwi_stage_heap(struct mwi_stager *s, size_t n, size_t size, size_t align)
{
    void *block = mwi_place_alloc(&s->patch->heap, n, size, align);

    if (block == NULL) {
        fail_alloc(s, mwi_place_status(&s->patch->heap, n, size));
    }
    return block;
}

void *
mwi_stage_swap(struct mwi_stager *s, const mw_type *type, void *target,
    size_t size, size_t align)
{
    struct mwi_patch_entry *entry =
        mwi_stage_scratch(s, 1, sizeof(*entry), _Alignof(max_align_t));
    void *staged;

    if (entry == NULL) {
        return NULL;
    }
    staged = mwi_stage_scratch(s, 1, size, align);
    if (staged == NULL) {
        return NULL;
    }
    *entry = (struct mwi_patch_entry){
        .next = s->patch->entries,
        .action = MWI_PATCH_SWAP,
        .type = type,
        .target = target,
        .staged = staged,
        .size = size,
    };
    s->patch->entries = entry;
    return staged;
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

/* An optional member appears or disappears. */
static void
stage_presence(
    struct mwi_stager *s, const mw_field *field, void *record, bool present)
{
    bool *flag;

    if (field->type->kind == MW_KIND_STRING) {
        return;
    }
    flag = mwi_stage_swap(s, NULL, (char *) record + field->has_offset,
        sizeof(*flag), _Alignof(bool));
    if (flag != NULL) {
        *flag = present;
    }
}

static void stage_whole_struct(
    struct mwi_stager *s, const mw_type *type, void *target);

/* A member of a struct that is there: D, or V when the struct is replaced. */
static void
stage_field(
    struct mwi_stager *s, const mw_field *field, void *record, bool is_whole)
{
    void *target = mwi_field_at(field, record);
    const uint8_t *at = s->r->at;
    bool optional = (field->flags & MW_FIELD_OPTIONAL) != 0;

    if (optional && mwi_peek(s->r) == MWI_ITEM_NULL) {
        mwi_read_null(s->r);
        /* What was there is exchanged with zeros. */
        if (mwi_field_is_present(field, record) &&
            mwi_stage_swap(s, field->type, target, field->type->size,
                field->type->align) != NULL) {
            stage_presence(s, field, record, false);
            s->patch->stats.values_changed++;
        }
    } else if (!mwi_field_is_present(field, record)) {
        if (mwi_peek(s->r) == MWI_ITEM_MAP) {
            MWI_STAGE_FAIL(s, at, "is absent and cannot be patched");
            return;
        }
        stage_presence(s, field, record, true);
        mwi_stage_replace(s, field->type, target);
    } else if (!is_whole) {
        mwi_stage_value(s, field->type, target);
    } else if (field->type->kind == MW_KIND_STRUCT) {
        stage_whole_struct(s, field->type, target);
    } else {
        mwi_stage_replace(s, field->type, target);
    }
}

static bool
contains_structs(const mw_type *type)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (type->fields[i].type->kind == MW_KIND_STRUCT) {
            return true;
        }
    }
    return false;
}

/* V of a struct, in place of one that is there.  Members that the array is too
 * short for keep what they have: the peer's version of the struct does not
 * know them. */
static void
stage_whole_struct(struct mwi_stager *s, const mw_type *type, void *target)
{
    struct mwi_path step = { .up = s->r->path };
    const uint8_t *at = s->r->at;
    bool is_final = (type->flags & MW_TYPE_FINAL) != 0;
    size_t n = mwi_read_array(s->r);

    if (!mwi_reader_ok(s->r)) {
        return;
    }
    if ((is_final && n != type->n_members) ||
        (n >= type->n_members && !contains_structs(type))) {
        s->r->at = at;
        mwi_leave(s->r);
        mwi_stage_replace(s, type, target);
        return;
    }
    s->r->path = &step;
    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        if (i < type->n_members) {
            step.name = type->fields[i].name;
            stage_field(s, &type->fields[i], target, true);
        } else {
            mwi_skip(s->r);
        }
    }
    s->r->path = step.up;
    mwi_leave(s->r);
}

static void
stage_struct(struct mwi_stager *s, const mw_type *type, void *target, size_t n)
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
            stage_field(s, field, target, false);
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

static void
stage_patch(struct mwi_stager *s, const mw_type *type, void *target)
{
    const uint8_t *at = s->r->at;
    size_t n = mwi_read_map(s->r);

    if (n > 0) {
        switch (type->kind) {
        case MW_KIND_STRING:
        case MW_KIND_STRING_N:
            mwi_stage_text(s, type, target, n);
            break;
        case MW_KIND_STRUCT:
            stage_struct(s, type, target, n);
            break;
        case MW_KIND_SEQ:
        case MW_KIND_SEQ_N:
        case MW_KIND_ARRAY:
            if (mwi_kind_is_number(type->elem->kind)) {
                mwi_stage_numbers(s, type, target, n);
            } else {
                mwi_stage_elements(s, type, target, n);
            }
            break;
        default:
            MWI_STAGE_FAIL(s, at, "%s cannot be patched", type->name);
            break;
        }
    }
    mwi_leave(s->r);
}

void
mwi_stage_value(struct mwi_stager *s, const mw_type *type, void *target)
{
    if (mwi_peek(s->r) == MWI_ITEM_MAP) {
        stage_patch(s, type, target);
    } else if (type->kind == MW_KIND_STRUCT) {
        stage_whole_struct(s, type, target);
    } else {
        mwi_stage_replace(s, type, target);
    }
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
    struct mwi_stager s = { patch, r };

    (void) mask;

    if (is_separate(&s, object, type->size)) {
        mwi_stage_value(&s, type, object);
    }
}

void
mwi_patch_stage_out(struct mwi_patch *patch, struct mwi_reader *r,
    const mw_type *type, void *storage)
{
    struct mwi_stager s = { patch, r };
    void *staged;

    if (!is_separate(&s, storage, type->size)) {
        return;
    }
    staged = mwi_stage_swap(&s, type, storage, type->size, type->align);
    if (staged != NULL) {
        patch->entries->action = MWI_PATCH_STORE;
        mwi_decode(r, &patch->heap, type, staged);
    }
}
