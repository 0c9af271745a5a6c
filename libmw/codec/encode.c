/* SPDX-License-Identifier: MIT */
/*
 * Values to CBOR.  size.c must count what is written here, to the byte.
 */
#include <inttypes.h>

#include "mw/client.h"

#include "base/utf8.h"
#include "codec/access.h"
#include "codec/map.h"
#include "codec/members.h"
#include "codec/nodes.h"
#include "codec/numbers.h"
#include "codec/quick_write.h"
#include "codec/range.h"
#include "codec/value.h"

static void encode(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth);

/* Whether one more container may be opened below depth of them. */
static bool
check_depth(struct mwi_writer *w, uint32_t depth)
{
    if (depth < MW_DEFAULT_DEPTH_MAX) {
        return true;
    }
    mwi_writer_fail(
        w, MW_ERANGE, "nested deeper than %d levels", MW_DEFAULT_DEPTH_MAX);
    return false;
}

const char *
mwi_text_to_write(struct mwi_writer *w, const mw_type *type, const void *value,
    size_t *ret_len)
{
    const char *text = mwi_text_of(type, value, ret_len);
    size_t valid;

    if (type->kind == MW_KIND_STRING_N && *ret_len > type->bound) {
        mwi_writer_fail(w, MW_EINVAL,
            "text without a NUL exceeds the bound of %" PRIu32, type->bound);
        *ret_len = 0;
        return "";
    }
    if (mwi_utf8_is_plain(text, *ret_len)) {
        return text;
    }
    valid = mwi_utf8_prefix(text, *ret_len);
    if (valid < *ret_len) {
        mwi_writer_fail(
            w, MW_EINVAL, "text is not UTF-8 from its byte %zu on", valid);
        *ret_len = 0;
        return "";
    }
    return text;
}

struct mwi_items
mwi_items_to_write(struct mwi_writer *w, const mw_type *type, const void *value)
{
    static const struct mwi_items none = { NULL, 0 };

    if (type->kind == MW_KIND_SEQ || type->kind == MW_KIND_MAP) {
        struct mwi_seq seq = mwi_load_seq(value);

        if (seq.items == NULL && seq.len > 0) {
            mwi_writer_fail(w, MW_EINVAL, "%s of %zu %s has no items",
                type->kind == MW_KIND_SEQ ? "sequence" : "map", seq.len,
                type->kind == MW_KIND_SEQ ? "elements" : "entries");
            return none;
        }
    } else if (type->kind == MW_KIND_SEQ_N) {
        size_t len = mwi_load_len(value);

        if (len > type->bound) {
            mwi_writer_fail(w, MW_EINVAL,
                "sequence of %zu elements exceeds the bound of %" PRIu32, len,
                type->bound);
            return none;
        }
    }
    return mwi_items_of(type, value);
}

static void
encode_text(struct mwi_writer *w, const mw_type *type, const void *value)
{
    size_t len;
    const char *text = mwi_text_to_write(w, type, value, &len);

    mwi_write_text(w, text, len);
}

static void
encode_enum(struct mwi_writer *w, const mw_type *type, const void *value)
{
    int32_t number = mwi_load_enum(value);

    if (mwi_enum_name(type, number) == NULL) {
        mwi_writer_fail(w, MW_EINVAL, "%" PRId32 " is not a value of %s",
            number, type->name);
        return;
    }
    mwi_write_int(w, number);
}

static inline void
encode_field(struct mwi_writer *w, const mw_field *field, const void *record,
    uint32_t depth)
{
    const void *value = mwi_field_at(field, record);

    if (!mwi_field_is_present(field, record)) {
        mwi_write_null(w);
        return;
    }
    if (field->range != NULL) {
        mwi_write_check_range(w, field, value);
    }
    encode(w, field->type, value, depth);
}

/* The members from one on that can be written in a row, below depth
 * containers. */
static inline uint32_t
encode_row(struct mwi_writer *w, const mw_type *type, const mw_field *field,
    const void *record, uint32_t depth)
{
    bool has_ids = (type->flags & MW_TYPE_MUTABLE) != 0;
    size_t left = (size_t) (type->fields + type->n_members - field);

    return depth < MW_DEFAULT_DEPTH_MAX
               ? mwi_write_members(w, field, (uint32_t) left, record, has_ids)
               : 0;
}

static void
encode_struct(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth)
{
    struct mwi_path step = { .up = w->path };

    if (!check_depth(w, depth)) {
        return;
    }
    if (!mwi_quick_write(w, MWI_INITIAL_ARRAY, type->n_members)) {
        mwi_write_array(w, type->n_members);
    }
    w->path = &step;
    for (uint32_t i = 0; i < type->n_members && mwi_writer_ok(w); i++) {
        i += encode_row(w, type, &type->fields[i], value, depth + 1);
        if (i == type->n_members) {
            break;
        }
        step.name = type->fields[i].name;
        encode_field(w, &type->fields[i], value, depth + 1);
    }
    w->path = step.up;
}

static void
encode_mutable(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth)
{
    struct mwi_path step = { .up = w->path };
    struct mwi_by_id walk = mwi_by_id(type);
    const mw_field *field;

    if (!check_depth(w, depth)) {
        return;
    }
    mwi_write_map(w, type->n_members);
    w->path = &step;
    while (mwi_writer_ok(w) && (field = mwi_next_by_id(&walk)) != NULL) {
        uint32_t done = walk.is_declared_so
                            ? encode_row(w, type, field, value, depth + 1)
                            : 0;

        if (done > 0) {
            walk.last = &field[done - 1];
            continue;
        }
        step.name = field->name;
        mwi_write_uint(w, field->id);
        encode_field(w, field, value, depth + 1);
    }
    w->path = step.up;
}

static void
encode_union(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth)
{
    const mw_field *arm = mwi_union_arm(type, value);
    struct mwi_path step = { .up = w->path };

    if (!check_depth(w, depth)) {
        return;
    }
    mwi_write_array(w, arm != NULL ? 2 : 1);
    mwi_union_write_tag(w, type, value);
    if (arm != NULL && mwi_writer_ok(w)) {
        step.name = arm->name;
        w->path = &step;
        encode_field(w, arm, value, depth + 1);
        w->path = step.up;
    }
}

static void
encode_map(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth)
{
    struct mwi_items entries = mwi_items_to_write(w, type, value);
    const mw_field *key = mwi_map_key(type);
    struct mwi_path step = { .up = w->path, .key_type = key->type };

    if (!check_depth(w, depth)) {
        return;
    }
    mwi_write_map(w, entries.len);
    w->path = &step;
    for (; step.index < entries.len && mwi_writer_ok(w); step.index++) {
        const void *entry = entries.at + step.index * type->elem->size;

        step.key = NULL;
        encode_field(w, key, entry, depth + 1);
        if (mwi_writer_ok(w)) {
            step.key = mwi_field_at(key, entry);
            mwi_map_check_key(w, type, entries, step.index);
            encode_field(w, mwi_map_value(type), entry, depth + 1);
        }
    }
    w->path = step.up;
}

static void
encode_box(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth)
{
    const void *block = mwi_load_pointer(value);

    if (block == NULL) {
        mwi_writer_fail(w, MW_EINVAL, "is NULL");
        return;
    }
    encode(w, type->elem, block, depth);
}

static void
encode_ref(struct mwi_writer *w, const mw_type *type, const void *value)
{
    const void *node = mwi_load_pointer(value);
    size_t number;
    mw_error error;

    if (node == NULL) {
        mwi_write_null(w);
    } else if (w->nodes == NULL) {
        mwi_writer_fail(
            w, MW_EINVAL, "refers to a node, which cannot go along");
    } else if (mwi_nodes_number(w->nodes, type, node, &number, &error) < 0) {
        mwi_writer_fail(w, error.status, "%s", error.text);
    } else {
        mwi_write_uint(w, number);
    }
}

static void
encode_items(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth)
{
    struct mwi_items items = mwi_items_to_write(w, type, value);
    const mw_type *elem = type->elem;
    struct mwi_path step = { .up = w->path };

    /* A byte string is no container; a typed array's tag is one. */
    if (elem->kind != MW_KIND_U8 && !check_depth(w, depth)) {
        return;
    }
    if (mwi_kind_is_number(elem->kind)) {
        mwi_write_numbers(w, elem->kind, items.at, items.len);
        return;
    }
    mwi_write_array(w, items.len);
    w->path = &step;
    for (; step.index < items.len && mwi_writer_ok(w); step.index++) {
        encode(w, elem, items.at + step.index * elem->size, depth + 1);
    }
    w->path = step.up;
}

/* Read a scalar of a C type from where it may not be known to be one. */
#define LOAD(type, name, from) \
    type name;                 \
    memcpy(&name, from, sizeof(name))

static void
encode_number(struct mwi_writer *w, uint32_t kind, const void *value)
{
    LOAD(uint8_t, u8, value);

    switch (kind) {
    case MW_KIND_U8:
        mwi_write_uint(w, u8);
        break;
    case MW_KIND_I8:
        mwi_write_int(w, (int8_t) u8);
        break;
    case MW_KIND_U16: {
        LOAD(uint16_t, u16, value);
        mwi_write_uint(w, u16);
        break;
    }
    case MW_KIND_I16: {
        LOAD(int16_t, i16, value);
        mwi_write_int(w, i16);
        break;
    }
    case MW_KIND_U32: {
        LOAD(uint32_t, u32, value);
        mwi_write_uint(w, u32);
        break;
    }
    case MW_KIND_I32: {
        LOAD(int32_t, i32, value);
        mwi_write_int(w, i32);
        break;
    }
    case MW_KIND_U64: {
        LOAD(uint64_t, u64, value);
        mwi_write_uint(w, u64);
        break;
    }
    case MW_KIND_I64: {
        LOAD(int64_t, i64, value);
        mwi_write_int(w, i64);
        break;
    }
    case MW_KIND_F32: {
        LOAD(float, f32, value);
        mwi_write_f32(w, f32);
        break;
    }
    default: {
        LOAD(double, f64, value);
        mwi_write_f64(w, f64);
        break;
    }
    }
}

static void
encode(struct mwi_writer *w, const mw_type *type, const void *value,
    uint32_t depth)
{
    switch (type->kind) {
    case MW_KIND_BOOL:
        mwi_write_bool(w, mwi_load_bool(value));
        break;
    case MW_KIND_ENUM:
        encode_enum(w, type, value);
        break;
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        encode_text(w, type, value);
        break;
    case MW_KIND_STRUCT:
        if ((type->flags & MW_TYPE_MUTABLE) == 0) {
            encode_struct(w, type, value, depth);
        } else {
            encode_mutable(w, type, value, depth);
        }
        break;
    case MW_KIND_UNION:
        encode_union(w, type, value, depth);
        break;
    case MW_KIND_BITMASK:
        mwi_write_uint(w, mwi_load_bits(type, value));
        break;
    case MW_KIND_MAP:
        encode_map(w, type, value, depth);
        break;
    case MW_KIND_BOX:
        encode_box(w, type, value, depth);
        break;
    case MW_KIND_REF:
        encode_ref(w, type, value);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        encode_items(w, type, value, depth);
        break;
    default:
        if (mwi_kind_is_number(type->kind)) {
            encode_number(w, type->kind, value);
        } else {
            mwi_writer_fail(w, MW_EINTERNAL, "%s is of unknown kind %" PRIu32,
                type->name, type->kind);
        }
        break;
    }
}

void
mwi_encode(struct mwi_writer *w, const mw_type *type, const void *value)
{
    if (mwi_writer_ok(w)) {
        encode(w, type, value, w->depth);
    }
}

void
mwi_encode_field(
    struct mwi_writer *w, const mw_field *field, const void *record)
{
    if (mwi_writer_ok(w)) {
        encode_field(w, field, record, w->depth);
    }
}
