/* SPDX-License-Identifier: MIT */
/*
 * How long encode.c would make a value.  Every function gets the bytes that
 * were counted before and stops to count once they exceed the limit.
 */
#include "codec/access.h"
#include "codec/value.h"

static size_t count(
    const mw_type *type, const void *value, size_t size, size_t limit);

/* Bytes of an integer; a negative one is like the one that -1 - n makes. */
static size_t
int_size(int64_t value)
{
    return mwi_head_size(value < 0 ? ~(uint64_t) value : (uint64_t) value);
}

static size_t
number_size(uint32_t kind, const void *value)
{
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
    } as;

    switch (kind) {
    case MW_KIND_U8:
        memcpy(&as, value, sizeof(as.u8));
        return mwi_head_size(as.u8);
    case MW_KIND_I8:
        memcpy(&as, value, sizeof(as.i8));
        return int_size(as.i8);
    case MW_KIND_U16:
        memcpy(&as, value, sizeof(as.u16));
        return mwi_head_size(as.u16);
    case MW_KIND_I16:
        memcpy(&as, value, sizeof(as.i16));
        return int_size(as.i16);
    case MW_KIND_U32:
        memcpy(&as, value, sizeof(as.u32));
        return mwi_head_size(as.u32);
    case MW_KIND_I32:
        memcpy(&as, value, sizeof(as.i32));
        return int_size(as.i32);
    case MW_KIND_U64:
        memcpy(&as, value, sizeof(as.u64));
        return mwi_head_size(as.u64);
    case MW_KIND_I64:
        memcpy(&as, value, sizeof(as.i64));
        return int_size(as.i64);
    case MW_KIND_F32:
        return 1 + sizeof(float);
    case MW_KIND_F64:
        return 1 + sizeof(double);
    default:
        return 0; /* not encodable */
    }
}

static size_t
count_struct(const mw_type *type, const void *value, size_t size, size_t limit)
{
    size += mwi_head_size(type->n_members);
    for (uint32_t i = 0; i < type->n_members && size <= limit; i++) {
        const mw_field *field = &type->fields[i];

        if (mwi_field_is_present(field, value)) {
            size = count(field->type, mwi_field_at(field, value), size, limit);
        } else {
            size++;
        }
    }
    return size;
}

static size_t
count_items(const mw_type *type, const void *value, size_t size, size_t limit)
{
    struct mwi_items items = mwi_items_of(type, value);
    const mw_type *elem = type->elem;

    if (mwi_kind_is_number(elem->kind)) {
        return size + mwi_numbers_size(elem->kind, items.len);
    }
    size += mwi_head_size(items.len);
    for (size_t i = 0; i < items.len && size <= limit; i++) {
        size = count(elem, items.at + i * elem->size, size, limit);
    }
    return size;
}

static size_t
count(const mw_type *type, const void *value, size_t size, size_t limit)
{
    size_t len;

    switch (type->kind) {
    case MW_KIND_BOOL:
        return size + 1;
    case MW_KIND_ENUM:
        return size + int_size(mwi_load_enum(value));
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        (void) mwi_text_of(type, value, &len);
        return size + mwi_head_size(len) + len;
    case MW_KIND_STRUCT:
        return count_struct(type, value, size, limit);
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        return count_items(type, value, size, limit);
    default:
        return size + number_size(type->kind, value);
    }
}

size_t
mwi_encoded_size(const mw_type *type, const void *value, size_t limit)
{
    return count(type, value, 0, limit);
}
