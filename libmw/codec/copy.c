/* SPDX-License-Identifier: MIT */
/*
 * New values from old ones and from defaults.
 */
#include "codec/access.h"
#include "codec/init.h"
#include "codec/value.h"

static mw_status
copy_string(struct mwi_place *place, void *ret_value, const char *text)
{
    size_t len = strlen(text);
    char *copy = mwi_place_strndup(place, text, len);

    if (copy == NULL) {
        return mwi_place_status(place, len + 1, 1);
    }
    mwi_store_string(ret_value, copy);
    return MW_OK;
}

mw_status
mwi_init_field(struct mwi_place *place, const mw_field *field, void *ret_record)
{
    void *value = mwi_field_at(field, ret_record);

    if ((field->flags & MW_FIELD_OPTIONAL) != 0) {
        return MW_OK;
    }
    if (field->initial == NULL) {
        return mwi_init(place, field->type, value);
    }
    if (field->type->kind == MW_KIND_STRING) {
        return copy_string(place, value, field->initial);
    }
    if (field->type->kind == MW_KIND_STRING_N) {
        memcpy(
            value, field->initial, strnlen(field->initial, field->type->bound));
        return MW_OK;
    }
    return mwi_copy(place, field->type, value, field->initial);
}

mw_status
mwi_init(struct mwi_place *place, const mw_type *type, void *ret_value)
{
    mw_status status = MW_OK;

    if (type->kind == MW_KIND_STRUCT) {
        for (uint32_t i = 0; i < type->n_members && status == MW_OK; i++) {
            status = mwi_init_field(place, &type->fields[i], ret_value);
        }
    } else if (type->kind == MW_KIND_ARRAY) {
        char *items = ret_value;

        for (uint32_t i = 0; i < type->bound && status == MW_OK; i++) {
            status = mwi_init(
                place, type->elem, items + (size_t) i * type->elem->size);
        }
    }
    return status;
}

/* Elements, into zeroed storage. */
static mw_status
copy_items(struct mwi_place *place, const mw_type *elem, unsigned char *to,
    struct mwi_items from)
{
    mw_status status = MW_OK;

    if (from.len > 0 && mwi_type_is_flat(elem)) {
        memcpy(to, from.at, from.len * elem->size);
        return MW_OK;
    }
    for (size_t i = 0; i < from.len && status == MW_OK; i++) {
        status = mwi_copy(
            place, elem, to + i * elem->size, from.at + i * elem->size);
    }
    return status;
}

static mw_status
copy_seq(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src)
{
    struct mwi_items from = mwi_items_of(type, src);
    const mw_type *elem = type->elem;
    struct mwi_seq seq = { .len = from.len, .cap = from.len };

    if (from.len == 0) {
        return MW_OK;
    }
    seq.items = mwi_place_alloc(place, from.len, elem->size, elem->align);
    if (seq.items == NULL) {
        return mwi_place_status(place, from.len, elem->size);
    }
    mwi_store_seq(ret_value, seq);
    return copy_items(place, elem, seq.items, from);
}

static mw_status
copy_struct(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src)
{
    mw_status status = MW_OK;

    for (uint32_t i = 0; i < type->n_members && status == MW_OK; i++) {
        const mw_field *field = &type->fields[i];

        if (mwi_field_is_present(field, src)) {
            mwi_field_set_present(field, ret_value, true);
            status = mwi_copy(place, field->type,
                mwi_field_at(field, ret_value), mwi_field_at(field, src));
        }
    }
    return status;
}

mw_status
mwi_copy(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src)
{
    struct mwi_items items;
    const char *text;

    if (mwi_type_is_flat(type)) {
        memcpy(ret_value, src, type->size);
        return MW_OK;
    }
    switch (type->kind) {
    case MW_KIND_STRING:
        text = mwi_load_string(src);
        return text != NULL ? copy_string(place, ret_value, text) : MW_OK;
    case MW_KIND_STRUCT:
        return copy_struct(place, type, ret_value, src);
    case MW_KIND_SEQ:
        return copy_seq(place, type, ret_value, src);
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        items = mwi_items_of(type, src);
        if (type->kind == MW_KIND_SEQ_N) {
            mwi_store_len(ret_value, items.len);
        }
        return copy_items(
            place, type->elem, mwi_items_of(type, ret_value).at, items);
    default:
        memcpy(ret_value, src, type->size);
        return MW_OK;
    }
}
