/* SPDX-License-Identifier: MIT */
#include "codec/access.h"

#include "codec/value.h"

bool
mwi_kind_is_number(uint32_t kind)
{
    return kind >= MW_KIND_U8 && kind <= MW_KIND_F64;
}

struct mwi_items
mwi_items_of(const mw_type *type, const void *value)
{
    struct mwi_items items = { NULL, 0 };
    uintptr_t at = (uintptr_t) value;
    struct mwi_seq seq;

    switch (type->kind) {
    case MW_KIND_SEQ:
        seq = mwi_load_seq(value);
        items.at = seq.items;
        items.len = seq.len;
        break;
    case MW_KIND_SEQ_N:
        items.at = (unsigned char *) (at + mwi_seq_n_offset(type));
        items.len = mwi_load_len(value);
        items.len = items.len < type->bound ? items.len : type->bound;
        break;
    case MW_KIND_ARRAY:
        items.at = (unsigned char *) at;
        items.len = type->bound;
        break;
    default:
        break;
    }
    if (items.at == NULL || items.len == 0) {
        items = (struct mwi_items){ NULL, 0 };
    }
    return items;
}

const char *
mwi_text_of(const mw_type *type, const void *value, size_t *ret_len)
{
    const char *text;

    if (type->kind == MW_KIND_STRING_N) {
        text = value;
        *ret_len = strnlen(text, (size_t) type->bound + 1);
        return text;
    }
    text = mwi_load_string(value);
    text = text != NULL ? text : "";
    *ret_len = strlen(text);
    return text;
}

bool
mwi_field_is_present(const mw_field *field, const void *record)
{
    const char *start = record;

    if ((field->flags & MW_FIELD_OPTIONAL) == 0) {
        return true;
    }
    if (field->type->kind == MW_KIND_STRING) {
        return mwi_load_string(start + field->offset) != NULL;
    }
    return mwi_load_bool(start + field->has_offset);
}

void
mwi_field_set_present(const mw_field *field, void *record, bool present)
{
    char *start = record;

    if ((field->flags & MW_FIELD_OPTIONAL) != 0 &&
        field->type->kind != MW_KIND_STRING) {
        memcpy(start + field->has_offset, &present, sizeof(present));
    }
}

const mw_field *
mwi_field_by_id(const mw_type *type, uint64_t id)
{
    /* Usually ids are positions. */
    if (id < type->n_members && type->fields[id].id == id) {
        return &type->fields[id];
    }
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (type->fields[i].id == id) {
            return &type->fields[i];
        }
    }
    return NULL;
}

const char *
mwi_enum_name(const mw_type *type, int64_t value)
{
    uint32_t low = 0;
    uint32_t high = type->n_members;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const mw_enumerator *enumerator = &type->enumerators[middle];

        if (enumerator->value == value) {
            return enumerator->name;
        }
        if (enumerator->value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
