/* SPDX-License-Identifier: MIT */
/*
 * Freeing what a value owns.  That cannot fail, so where there is no memory to
 * note blocks for later, the stack has to do.
 */
#include "base/mem.h"
#include "codec/access.h"
#include "codec/later.h"
#include "codec/value.h"

static void release(
    struct mwi_later *later, const mw_type *type, unsigned char *value);

static void
release_items(
    struct mwi_later *later, const mw_type *elem, unsigned char *at, size_t n)
{
    if (mwi_type_is_flat(elem)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        release(later, elem, at + i * elem->size);
    }
}

/* Free a block of its own with n values. */
static void
release_block(struct mwi_later *later, const mw_type *elem,
    unsigned char *block, size_t n)
{
    struct mwi_deferred deferred = { .type = elem, .at = block, .n = n };

    if (!mwi_type_is_flat(elem) && n > 0) {
        if (later->depth >= MWI_LATER_DEPTH &&
            mwi_later_push(later, deferred)) {
            return;
        }
        later->depth++;
        release_items(later, elem, block, n);
        later->depth--;
    }
    mwi_free(block);
}

/* Free what a value points to.  An absent member may still own memory: a
 * program that says has_x = false need not empty it. */
static void
release(struct mwi_later *later, const mw_type *type, unsigned char *value)
{
    const mw_field *arm;
    struct mwi_items items;
    struct mwi_seq seq;

    if (mwi_type_is_flat(type)) {
        return;
    }
    switch (type->kind) {
    case MW_KIND_STRING:
        mwi_free(mwi_load_string(value));
        break;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            release(later, type->fields[i].type,
                mwi_field_at(&type->fields[i], value));
        }
        break;
    case MW_KIND_UNION:
        arm = mwi_union_arm(type, value);
        if (arm != NULL) {
            release(later, arm->type, mwi_field_at(arm, value));
        }
        break;
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
        seq = mwi_load_seq(value);
        release_block(
            later, type->elem, seq.items, seq.items != NULL ? seq.len : 0);
        break;
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        items = mwi_items_of(type, value);
        release_items(later, type->elem, items.at, items.len);
        break;
    case MW_KIND_BOX:
        if (mwi_load_pointer(value) != NULL) {
            release_block(later, type->elem, mwi_load_pointer(value), 1);
        }
        break;
    default:
        break;
    }
}

void
mwi_clear(const mw_type *type, void *value)
{
    struct mwi_later later;
    struct mwi_deferred deferred;

    if (!mwi_type_is_flat(type)) {
        mwi_later_init(&later);
        release(&later, type, value);
        while (mwi_later_pop(&later, &deferred)) {
            release_block(&later, deferred.type, deferred.at, deferred.n);
        }
        mwi_later_fini(&later);
    }
    memset(value, 0, type->size);
}
