/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "codec/access.h"
#include "codec/value.h"

/* Free what a value points to.  An absent member may still own memory: a
 * program that says has_x = false need not empty it. */
static void
release(const mw_type *type, void *value)
{
    struct mwi_items items;

    if (mwi_type_is_flat(type)) {
        return;
    }
    switch (type->kind) {
    case MW_KIND_STRING:
        mwi_free(mwi_load_string(value));
        break;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            release(
                type->fields[i].type, mwi_field_at(&type->fields[i], value));
        }
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        items = mwi_items_of(type, value);
        for (size_t i = 0; i < items.len && !mwi_type_is_flat(type->elem);
             i++) {
            release(type->elem, items.at + i * type->elem->size);
        }
        if (type->kind == MW_KIND_SEQ) {
            mwi_free(mwi_load_seq(value).items);
        }
        break;
    default:
        break;
    }
}

void
mwi_clear(const mw_type *type, void *value)
{
    release(type, value);
    memset(value, 0, type->size);
}
