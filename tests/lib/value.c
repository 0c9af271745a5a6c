/* SPDX-License-Identifier: MIT */
#include "lib/value.h"

#include <stdlib.h>

struct mwi_items
mwt_items(const mw_type *type, const void *value)
{
    unsigned char *start = (unsigned char *) (uintptr_t) value;
    struct mwi_seq seq;

    switch (type->kind) {
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
        seq = mwi_load_seq(value);
        return (struct mwi_items){ seq.items, seq.len };
    case MW_KIND_SEQ_N:
        return (struct mwi_items){ start + mwi_seq_n_offset(type),
            mwi_load_len(value) };
    default:
        return (struct mwi_items){ start, type->bound };
    }
}

int64_t
mwt_load_integer(const mw_type *type, const void *value)
{
    uint64_t bits = 0;
    unsigned unused = 64 - 8 * type->size;
    bool is_signed = type->kind == MW_KIND_I8 || type->kind == MW_KIND_I16 ||
                     type->kind == MW_KIND_I32 || type->kind == MW_KIND_ENUM;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;

    switch (type->size) {
    case 1:
        memcpy(&u8, value, 1);
        bits = u8;
        break;
    case 2:
        memcpy(&u16, value, 2);
        bits = u16;
        break;
    case 4:
        memcpy(&u32, value, 4);
        bits = u32;
        break;
    default:
        memcpy(&bits, value, 8);
        break;
    }
    if (is_signed && (bits >> (63 - unused) & 1) != 0) {
        bits |= UINT64_MAX << (63 - unused);
    }
    return (int64_t) bits;
}

void
mwt_store_integer(const mw_type *type, void *value, int64_t number)
{
    uint64_t bits = (uint64_t) number;

    switch (type->size) {
    case 1:
        memcpy(value, &(uint8_t){ (uint8_t) bits }, 1);
        break;
    case 2:
        memcpy(value, &(uint16_t){ (uint16_t) bits }, 2);
        break;
    case 4:
        memcpy(value, &(uint32_t){ (uint32_t) bits }, 4);
        break;
    default:
        memcpy(value, &bits, 8);
        break;
    }
}

const mw_field *
mwt_arm_of_tag(const mw_type *type, int64_t tag)
{
    uint32_t arm = type->default_arm;

    for (uint32_t i = 0; i < type->n_cases; i++) {
        if (type->cases[i].tag == tag) {
            arm = type->cases[i].arm;
        }
    }
    return arm == MW_NO_ARM ? NULL : &type->fields[arm];
}

const mw_field *
mwt_arm(const mw_type *type, const void *value)
{
    return mwt_arm_of_tag(type, mwt_load_integer(type->elem, value));
}

static const char *
text_of(const mw_type *type, const void *value)
{
    const char *text =
        type->kind == MW_KIND_STRING ? mwi_load_string(value) : value;

    return text != NULL ? text : "";
}

static double
load_float(const mw_type *type, const void *value)
{
    float f32;
    double f64;

    if (type->kind == MW_KIND_F32) {
        memcpy(&f32, value, sizeof(f32));
        return (double) f32;
    }
    memcpy(&f64, value, sizeof(f64));
    return f64;
}

int
mwt_compare(const mw_type *type, const void *a, const void *b)
{
    int64_t left;
    int64_t right;

    if (type->kind == MW_KIND_STRING || type->kind == MW_KIND_STRING_N) {
        return strcmp(text_of(type, a), text_of(type, b));
    }
    if (type->kind == MW_KIND_F32 || type->kind == MW_KIND_F64) {
        double x = load_float(type, a);
        double y = load_float(type, b);

        return (x > y) - (x < y);
    }
    left = mwt_load_integer(type, a);
    right = mwt_load_integer(type, b);
    if (type->kind == MW_KIND_U64) {
        return ((uint64_t) left > (uint64_t) right) -
               ((uint64_t) left < (uint64_t) right);
    }
    return (left > right) - (left < right);
}

bool
mwt_is_in_range(const mw_type *type, const mw_range *range, const void *value)
{
    if (type->kind == MW_KIND_F32 || type->kind == MW_KIND_F64) {
        double number = load_float(type, value);

        if (number != number) {
            return false;
        }
    }
    return (range->min == NULL || mwt_compare(type, value, range->min) >= 0) &&
           (range->max == NULL || mwt_compare(type, value, range->max) <= 0);
}

bool
mwt_is_present(const mw_field *field, const void *record)
{
    const char *start = record;

    if ((field->flags & MW_FIELD_OPTIONAL) == 0) {
        return true;
    }
    if (field->type->kind == MW_KIND_STRING ||
        field->type->kind == MW_KIND_BOX) {
        return mwt_load_pointer(start + field->offset) != NULL;
    }
    return mwi_load_bool(start + field->has_offset);
}

void
mwt_each_ref(const mw_type *type, void *value, mwt_ref_fn fn, void *user)
{
    const mw_field *arm;
    struct mwi_items items;

    if ((type->flags & MW_TYPE_REFS) == 0) {
        return;
    }
    switch (type->kind) {
    case MW_KIND_REF:
        fn(user, type, value);
        break;
    case MW_KIND_BOX:
        if (mwt_load_pointer(value) != NULL) {
            mwt_each_ref(type->elem, mwt_load_pointer(value), fn, user);
        }
        break;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            if (mwt_is_present(&type->fields[i], value)) {
                mwt_each_ref(type->fields[i].type,
                    mwi_field_at(&type->fields[i], value), fn, user);
            }
        }
        break;
    case MW_KIND_UNION:
        arm = mwt_arm(type, value);
        if (arm != NULL) {
            mwt_each_ref(arm->type, mwi_field_at(arm, value), fn, user);
        }
        break;
    default:
        items = mwt_items(type, value);
        for (size_t i = 0; i < items.len; i++) {
            mwt_each_ref(type->elem, items.at + i * type->elem->size, fn, user);
        }
        break;
    }
}

static bool
same_field(const mw_field *field, const void *a, const void *b,
    mwt_same_ref_fn same, void *user)
{
    bool is_there = mwt_is_present(field, a);

    return is_there == mwt_is_present(field, b) &&
           (!is_there || mwt_same_value(field->type, mwi_field_at(field, a),
                             mwi_field_at(field, b), same, user));
}

static bool
same_items(const mw_type *type, const void *a, const void *b,
    mwt_same_ref_fn same, void *user)
{
    struct mwi_items left = mwt_items(type, a);
    struct mwi_items right = mwt_items(type, b);
    size_t size = type->elem->size;
    bool are_same = left.len == right.len;

    for (size_t i = 0; are_same && i < left.len; i++) {
        are_same = mwt_same_value(
            type->elem, left.at + i * size, right.at + i * size, same, user);
    }
    return are_same;
}

static bool
same_union(const mw_type *type, const void *a, const void *b,
    mwt_same_ref_fn same, void *user)
{
    const mw_field *arm = mwt_arm(type, a);

    return memcmp(a, b, type->elem->size) == 0 &&
           (arm == NULL || same_field(arm, a, b, same, user));
}

bool
mwt_same_value(const mw_type *type, const void *a, const void *b,
    mwt_same_ref_fn same, void *user)
{
    void *left;
    void *right;
    bool are_same = true;

    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        return strcmp(text_of(type, a), text_of(type, b)) == 0;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; are_same && i < type->n_members; i++) {
            are_same = same_field(&type->fields[i], a, b, same, user);
        }
        return are_same;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
    case MW_KIND_MAP:
        return same_items(type, a, b, same, user);
    case MW_KIND_UNION:
        return same_union(type, a, b, same, user);
    case MW_KIND_BOX:
        left = mwt_load_pointer(a);
        right = mwt_load_pointer(b);
        return (left == NULL) == (right == NULL) &&
               (left == NULL ||
                   mwt_same_value(type->elem, left, right, same, user));
    case MW_KIND_REF:
        return same(user, type, mwt_load_pointer(a), mwt_load_pointer(b));
    default:
        return memcmp(a, b, type->size) == 0;
    }
}

static void *
take(struct mwi_place *place, size_t n, const mw_type *type)
{
    void *block = mwi_place_alloc(place, n, type->size, type->align);

    if (block == NULL) {
        abort();
    }
    return block;
}

static void
copy_items(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src, mwt_map_ref_fn map, void *user)
{
    struct mwi_items from = mwt_items(type, src);
    size_t size = type->elem->size;
    struct mwi_items to;

    if (type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(ret_value, from.len);
    } else if (type->kind != MW_KIND_ARRAY && from.len > 0) {
        mwi_store_seq(
            ret_value, (struct mwi_seq){ take(place, from.len, type->elem),
                           from.len, from.len });
    }
    to = mwt_items(type, ret_value);
    for (size_t i = 0; i < from.len; i++) {
        mwt_copy_value(
            place, type->elem, to.at + i * size, from.at + i * size, map, user);
    }
}

static void
copy_field(struct mwi_place *place, const mw_field *field, void *ret_record,
    const void *src, mwt_map_ref_fn map, void *user)
{
    if (mwt_is_present(field, src)) {
        mwt_copy_value(place, field->type, mwi_field_at(field, ret_record),
            mwi_field_at(field, src), map, user);
        if (field->type->kind != MW_KIND_BOX) {
            mwi_field_set_present(field, ret_record, true);
        }
    }
}

static void
copy_pointee(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src, mwt_map_ref_fn map, void *user)
{
    void *from = mwt_load_pointer(src);
    void *to;

    if (type->kind == MW_KIND_REF) {
        mwt_store_pointer(ret_value, map != NULL ? map(user, from) : from);
    } else if (from != NULL && type->kind == MW_KIND_STRING) {
        to = mwi_place_strndup(place, from, strlen(from));
        mwt_store_pointer(ret_value, to);
    } else if (from != NULL) {
        to = take(place, 1, type->elem);
        mwt_store_pointer(ret_value, to);
        mwt_copy_value(place, type->elem, to, from, map, user);
    }
}

void
mwt_copy_value(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src, mwt_map_ref_fn map, void *user)
{
    const mw_field *arm;

    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_BOX:
    case MW_KIND_REF:
        copy_pointee(place, type, ret_value, src, map, user);
        break;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            copy_field(place, &type->fields[i], ret_value, src, map, user);
        }
        break;
    case MW_KIND_UNION:
        memcpy(ret_value, src, type->elem->size);
        arm = mwt_arm(type, src);
        if (arm != NULL) {
            copy_field(place, arm, ret_value, src, map, user);
        }
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
    case MW_KIND_MAP:
        copy_items(place, type, ret_value, src, map, user);
        break;
    default:
        memcpy(ret_value, src, type->size);
        break;
    }
}

static void
add(struct mwi_buf *buf, const void *bytes, size_t n)
{
    if (n > 0 && mwi_buf_append(buf, bytes, n) < 0) {
        abort();
    }
}

/* What a value points to; its own bytes are in the dump already. */
static void
dump_owned(struct mwi_buf *buf, const mw_type *type, const void *value)
{
    const mw_field *arm;
    struct mwi_items items;

    if (mwi_type_is_flat(type)) {
        return;
    }
    switch (type->kind) {
    case MW_KIND_STRING:
        add(buf, text_of(type, value), strlen(text_of(type, value)) + 1);
        break;
    case MW_KIND_BOX:
        if (mwt_load_pointer(value) != NULL) {
            mwt_dump(buf, type->elem, mwt_load_pointer(value));
        }
        break;
    case MW_KIND_STRUCT:
        /* Absent members may own something, too. */
        for (uint32_t i = 0; i < type->n_members; i++) {
            dump_owned(buf, type->fields[i].type,
                mwi_field_at(&type->fields[i], value));
        }
        break;
    case MW_KIND_UNION:
        arm = mwt_arm(type, value);
        if (arm != NULL) {
            dump_owned(buf, arm->type, mwi_field_at(arm, value));
        }
        break;
    default:
        items = mwt_items(type, value);
        if (type->kind == MW_KIND_SEQ || type->kind == MW_KIND_MAP) {
            add(buf, items.at, items.len * type->elem->size);
        }
        for (size_t i = 0; i < items.len; i++) {
            dump_owned(buf, type->elem, items.at + i * type->elem->size);
        }
        break;
    }
}

void
mwt_dump(struct mwi_buf *buf, const mw_type *type, const void *value)
{
    add(buf, value, type->size);
    dump_owned(buf, type, value);
}
