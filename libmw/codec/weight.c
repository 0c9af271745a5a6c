/* SPDX-License-Identifier: MIT */
/*
 * What a value takes on the heap.  Recursion goes as deep as the value, which
 * came through a reader or a copy of such a one.
 */
#include "codec/access.h"
#include "codec/value.h"

static size_t
weigh_block(size_t n, size_t size)
{
    return n * size + MWI_HEAP_BLOCK_COST;
}

static size_t
weigh_items(const mw_type *elem, const unsigned char *items, size_t n)
{
    size_t weight = 0;

    for (size_t i = 0; i < n && !mwi_type_is_flat(elem); i++) {
        weight += mwi_heap_weight(elem, items + i * elem->size);
    }
    return weight;
}

static size_t
weigh_seq(const mw_type *type, const void *value)
{
    struct mwi_seq seq = mwi_load_seq(value);

    if (seq.items == NULL) {
        return 0;
    }
    return weigh_block(seq.cap, type->elem->size) +
           weigh_items(type->elem, seq.items, seq.len);
}

static size_t
weigh_fields(const mw_type *type, const void *value)
{
    size_t weight = 0;

    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];

        if (mwi_field_is_present(field, value)) {
            weight += mwi_heap_weight(field->type, mwi_field_at(field, value));
        }
    }
    return weight;
}

size_t
mwi_heap_weight(const mw_type *type, const void *value)
{
    const void *block;
    const mw_field *arm;
    struct mwi_items items;

    if (mwi_type_is_flat(type)) {
        return 0;
    }
    switch (type->kind) {
    case MW_KIND_STRING:
        block = mwi_load_string(value);
        return block != NULL ? weigh_block(strlen(block) + 1, 1) : 0;
    case MW_KIND_BOX:
        block = mwi_load_pointer(value);
        return block != NULL ? weigh_block(1, type->elem->size) +
                                   mwi_heap_weight(type->elem, block)
                             : 0;
    case MW_KIND_STRUCT:
        return weigh_fields(type, value);
    case MW_KIND_UNION:
        arm = mwi_union_arm(type, value);
        return arm != NULL
                   ? mwi_heap_weight(arm->type, mwi_field_at(arm, value))
                   : 0;
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
        return weigh_seq(type, value);
    default:
        items = mwi_items_of(type, value);
        return weigh_items(type->elem, items.at, items.len);
    }
}
