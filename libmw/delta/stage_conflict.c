/* SPDX-License-Identifier: MIT */
/*
 * Staging over what the caller has changed meanwhile.
 *
 * A reply says what the server did to what it got.  Member by member, what the
 * caller has left alone is patched as ever; what both have changed goes to the
 * one that the caller has named.  Where that is the server and the reply is a
 * patch, it is applied to a copy of what the server got, and that takes the
 * member's place.
 */
#include "codec/value.h"
#include "delta/compare.h"
#include "delta/stage.h"

bool
mwi_stage_is_unit(const mw_field *field)
{
    return field->type->kind != MW_KIND_STRUCT ||
           (field->flags & MW_FIELD_OPTIONAL) != 0;
}

/* Apply a patch to staged, which is on the heap and nobody else's. */
static void
patch_copy(struct mwi_stager *s, const mw_field *field, const mw_mask *mask,
    void *staged)
{
    struct mwi_patch *patch = s->patch;
    struct mwi_patch own;

    mwi_patch_init(&own, patch->heap.budget);
    own.stats = patch->stats;
    s->patch = &own;
    mwi_stage_value(s, field->type, mask, staged);
    s->patch = patch;
    if (!mwi_reader_ok(s->r)) {
        mwi_patch_abort(&own);
        return;
    }
    patch->heap.budget = own.heap.budget;
    patch->stats = own.stats;
    mwi_patch_commit(&own);
}

/* Put what the server made of the base in place of what the caller did. */
static void
stage_over(struct mwi_stager *s, const mw_field *field, const mw_mask *mask,
    const void *base, void *record)
{
    const mw_type *type = field->type;
    mw_status status;
    void *staged;

    if (!mwi_field_is_present(field, record)) {
        mwi_stage_presence(s, field, record, true);
    }
    staged = mwi_stage_swap(
        s, type, mwi_field_at(field, record), type->size, type->align);
    if (staged == NULL) {
        return;
    }
    status = mwi_copy(&s->patch->heap, type, staged, mwi_field_at(field, base));
    if (status < 0) {
        mwi_reader_fail_memory(s->r, status);
        return;
    }
    patch_copy(s, field, mask, staged);
}

/* Read past V of a member, or null.  Whether it is what the server got. */
static bool
is_value_unchanged(
    struct mwi_stager *s, const mw_field *field, const void *base)
{
    bool was = mwi_field_is_present(field, base);

    if ((field->flags & MW_FIELD_OPTIONAL) != 0 &&
        mwi_peek(s->r) == MWI_ITEM_NULL) {
        mwi_read_null(s->r);
        return !was;
    }
    return was && mwi_stage_same(s, field->type, mwi_field_at(field, base));
}

/* Read past a patch.  Whether it is empty. */
static bool
is_patch_empty(struct mwi_stager *s, const mw_type *type)
{
    size_t n = mwi_patch_item(type) == MWI_ITEM_ARRAY ? mwi_read_array(s->r)
                                                      : mwi_read_map(s->r);

    mwi_leave(s->r);
    return n == 0;
}

/* Whether the server has left a member alone that the caller has changed: it
 * sends that, too, where it sends what is around it as a whole. */
static bool
is_left_alone(struct mwi_stager *s, const mw_field *field, const void *base,
    bool is_patch)
{
    const uint8_t *at = s->r->at;
    bool yes = is_patch ? is_patch_empty(s, field->type)
                        : is_value_unchanged(s, field, base);

    if (mwi_reader_ok(s->r)) {
        mwi_reader_seek(s->r, at);
    }
    return yes;
}

void
mwi_stage_unit(struct mwi_stager *s, const mw_field *field, const mw_mask *mask,
    void *record, bool is_whole)
{
    struct mwi_base outer = s->base;
    const void *base = outer.copy + ((uintptr_t) record - outer.at);
    bool is_patch = !is_whole && mwi_field_is_present(field, base) &&
                    mwi_peek(s->r) == mwi_patch_item(field->type);

    /* Below, all is the same, or goes to one side. */
    s->base.copy = NULL;
    if (mwi_same_field(field, NULL, base, NULL, record)) {
        mwi_stage_field(s, field, mask, record, is_whole);
    } else if (s->patch->conflict == MW_CONFLICT_CALLER ||
               is_left_alone(s, field, base, is_patch)) {
        mwi_skip(s->r);
    } else if (is_patch) {
        stage_over(s, field, mask, base, record);
    } else {
        mwi_stage_field(s, field, mask, record, is_whole);
    }
    s->base = outer;
}

void
mwi_stage_root(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target, const void *base)
{
    const mw_field whole = { .name = "", .type = type };

    s->base = (struct mwi_base){ base, (uintptr_t) target };
    if (base != NULL && mwi_stage_is_unit(&whole)) {
        mwi_stage_unit(s, &whole, mask, target, false);
    } else {
        mwi_stage_value(s, type, mask, target);
    }
    s->base.copy = NULL;
}
