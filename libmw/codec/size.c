/* SPDX-License-Identifier: MIT */
/*
 * How long encode.c would make a value.  Every function gets the bytes that
 * were counted before and stops to count once they exceed the limit.
 */
#include "mw/client.h"

#include "codec/access.h"
#include "codec/nodes.h"
#include "codec/numbers.h"
#include "codec/value.h"

/* Its head takes 3 bytes. */
enum { UNKNOWN_NUMBER = 256 };

struct counter {
    const struct mwi_nodes *nodes;
    size_t limit;
    uint32_t depth; /* blocks that were entered */
};

static size_t count(
    struct counter *c, const mw_type *type, const void *value, size_t size);

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
count_field(
    struct counter *c, const mw_field *field, const void *record, size_t size)
{
    return mwi_field_is_present(field, record)
               ? count(c, field->type, mwi_field_at(field, record), size)
               : size + 1;
}

static size_t
count_struct(
    struct counter *c, const mw_type *type, const void *value, size_t size)
{
    bool has_ids = (type->flags & MW_TYPE_MUTABLE) != 0;

    size += mwi_head_size(type->n_members);
    for (uint32_t i = 0; i < type->n_members && size <= c->limit; i++) {
        const mw_field *field = &type->fields[i];

        size += has_ids ? mwi_head_size(field->id) : 0;
        size = count_field(c, field, value, size);
    }
    return size;
}

static size_t
count_union(
    struct counter *c, const mw_type *type, const void *value, size_t size)
{
    const mw_field *arm = mwi_union_arm(type, value);

    size = count(c, type->elem, value, size + 1);
    return arm != NULL ? count_field(c, arm, value, size) : size;
}

static size_t
count_map(
    struct counter *c, const mw_type *type, const void *value, size_t size)
{
    struct mwi_items entries = mwi_items_of(type, value);

    size += mwi_head_size(entries.len);
    for (size_t i = 0; i < entries.len && size <= c->limit; i++) {
        const void *entry = entries.at + i * type->elem->size;

        size = count_field(c, mwi_map_key(type), entry, size);
        size = count_field(c, mwi_map_value(type), entry, size);
    }
    return size;
}

static size_t
count_items(
    struct counter *c, const mw_type *type, const void *value, size_t size)
{
    struct mwi_items items = mwi_items_of(type, value);
    const mw_type *elem = type->elem;

    if (mwi_kind_is_number(elem->kind)) {
        return size + mwi_numbers_size(elem->kind, items.len);
    }
    size += mwi_head_size(items.len);
    for (size_t i = 0; i < items.len && size <= c->limit; i++) {
        size = count(c, elem, items.at + i * elem->size, size);
    }
    return size;
}

static size_t
ref_size(const struct counter *c, const mw_type *type, const void *value)
{
    const void *node = mwi_load_pointer(value);
    size_t number = UNKNOWN_NUMBER;

    if (node == NULL) {
        return 1;
    }
    if (c->nodes != NULL) {
        (void) mwi_nodes_find(c->nodes, type->elem, node, &number);
    }
    return mwi_head_size(number);
}

/* What lies in a block of its own.  What is nested deeper than may be encoded
 * counts as nothing. */
static size_t
count_block(
    struct counter *c, const mw_type *type, const void *value, size_t size)
{
    if (c->depth >= MW_DEFAULT_DEPTH_MAX) {
        return size;
    }
    c->depth++;
    if (type->kind == MW_KIND_BOX) {
        const void *block = mwi_load_pointer(value);

        size = block != NULL ? count(c, type->elem, block, size) : size + 1;
    } else if (type->kind == MW_KIND_MAP) {
        size = count_map(c, type, value, size);
    } else {
        size = count_items(c, type, value, size);
    }
    c->depth--;
    return size;
}

static size_t
count(struct counter *c, const mw_type *type, const void *value, size_t size)
{
    size_t len;

    switch (type->kind) {
    case MW_KIND_BOOL:
        return size + 1;
    case MW_KIND_ENUM:
        return size + int_size(mwi_load_enum(value));
    case MW_KIND_BITMASK:
        return size + mwi_head_size(mwi_load_bits(type, value));
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        (void) mwi_text_of(type, value, &len);
        return size + mwi_head_size(len) + len;
    case MW_KIND_STRUCT:
        return count_struct(c, type, value, size);
    case MW_KIND_UNION:
        return count_union(c, type, value, size);
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
    case MW_KIND_BOX:
        return count_block(c, type, value, size);
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        return count_items(c, type, value, size);
    case MW_KIND_REF:
        return size + ref_size(c, type, value);
    default:
        return size + number_size(type->kind, value);
    }
}

size_t
mwi_encoded_size(const struct mwi_nodes *nodes, const mw_type *type,
    const void *value, size_t limit)
{
    struct counter c = { .nodes = nodes, .limit = limit };

    return count(&c, type, value, 0);
}
