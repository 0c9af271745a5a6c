/* SPDX-License-Identifier: MIT */
#include "codec/access.h"
#include "codec/value.h"

static bool
equal_texts(const mw_type *type, const void *a, const void *b)
{
    size_t len_a;
    size_t len_b;
    const char *text_a = mwi_text_of(type, a, &len_a);
    const char *text_b = mwi_text_of(type, b, &len_b);

    return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
}

static bool
equal_structs(const mw_type *type, const void *a, const void *b)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        bool present = mwi_field_is_present(field, a);

        if (present != mwi_field_is_present(field, b)) {
            return false;
        }
        if (present && !mwi_equal(field->type, mwi_field_at(field, a),
                           mwi_field_at(field, b))) {
            return false;
        }
    }
    return true;
}

static bool
equal_items(const mw_type *type, const void *a, const void *b)
{
    struct mwi_items items_a = mwi_items_of(type, a);
    struct mwi_items items_b = mwi_items_of(type, b);
    const mw_type *elem = type->elem;

    if (items_a.len != items_b.len) {
        return false;
    }
    if (items_a.len > 0 && mwi_kind_is_number(elem->kind)) {
        return memcmp(items_a.at, items_b.at, items_a.len * elem->size) == 0;
    }
    for (size_t i = 0; i < items_a.len; i++) {
        if (!mwi_equal(elem, items_a.at + i * elem->size,
                items_b.at + i * elem->size)) {
            return false;
        }
    }
    return true;
}

bool
mwi_equal(const mw_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case MW_KIND_BOOL:
        return mwi_load_bool(a) == mwi_load_bool(b);
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        return equal_texts(type, a, b);
    case MW_KIND_STRUCT:
        return equal_structs(type, a, b);
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        return equal_items(type, a, b);
    default:
        return memcmp(a, b, type->size) == 0;
    }
}
