/* SPDX-License-Identifier: MIT */
#include "codec/access.h"

#include "codec/value.h"

struct mwi_items
mwi_items_of(const mw_type *type, const void *value)
{
    struct mwi_items items = { NULL, 0 };
    uintptr_t at = (uintptr_t) value;
    struct mwi_seq seq;

    switch (type->kind) {
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
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
mwi_optional_is_present(const mw_field *field, const void *record)
{
    const char *start = record;

    if (mwi_type_has_null(field->type)) {
        return mwi_load_pointer(start + field->offset) != NULL;
    }
    return mwi_load_bool(start + field->has_offset);
}

void
mwi_field_set_present(const mw_field *field, void *record, bool present)
{
    char *start = record;

    if ((field->flags & MW_FIELD_OPTIONAL) != 0 &&
        !mwi_type_has_null(field->type)) {
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

struct mwi_by_id
mwi_by_id(const mw_type *type)
{
    struct mwi_by_id walk = { .type = type, .is_declared_so = true };

    for (uint32_t i = 1; i < type->n_members && walk.is_declared_so; i++) {
        walk.is_declared_so = type->fields[i - 1].id < type->fields[i].id;
    }
    return walk;
}

/* The member with the lowest id that is above another one's. */
static const mw_field *
search_above(const mw_type *type, const mw_field *last)
{
    const mw_field *next = NULL;

    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];

        if ((last == NULL || field->id > last->id) &&
            (next == NULL || field->id < next->id)) {
            next = field;
        }
    }
    return next;
}

const mw_field *
mwi_next_by_id(struct mwi_by_id *walk)
{
    const mw_type *type = walk->type;
    const mw_field *next;

    if (walk->is_declared_so) {
        next = walk->last != NULL ? walk->last + 1 : type->fields;
        next = next < type->fields + type->n_members ? next : NULL;
    } else {
        next = search_above(type, walk->last);
    }
    walk->last = next;
    return next;
}

bool
mwi_is_map_value(const mw_type *type)
{
    while (type->kind == MW_KIND_BOX) {
        type = type->elem;
    }
    return type->kind == MW_KIND_MAP ||
           (type->kind == MW_KIND_STRUCT &&
               (type->flags & MW_TYPE_MUTABLE) != 0);
}

int64_t
mwi_load_integer(const mw_type *type, const void *value)
{
    uint64_t bits = mwi_load_bits(type, value);

    switch (type->kind) {
    case MW_KIND_BOOL:
        return bits != 0;
    case MW_KIND_I8:
        return (int8_t) bits;
    case MW_KIND_I16:
        return (int16_t) bits;
    case MW_KIND_I32:
    case MW_KIND_ENUM:
        return (int32_t) bits;
    default:
        return (int64_t) bits;
    }
}

uint64_t
mwi_load_bits(const mw_type *type, const void *value)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (type->size) {
    case sizeof(u8):
        memcpy(&u8, value, sizeof(u8));
        return u8;
    case sizeof(u16):
        memcpy(&u16, value, sizeof(u16));
        return u16;
    case sizeof(u32):
        memcpy(&u32, value, sizeof(u32));
        return u32;
    default:
        memcpy(&u64, value, sizeof(u64));
        return u64;
    }
}

void
mwi_store_bits(const mw_type *type, void *value, uint64_t bits)
{
    mwi_store_low(value, bits, type->size);
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
