/* SPDX-License-Identifier: MIT */
/*
 * CBOR to values.  What is read may be hostile: nothing is allocated before
 * its size was compared with the bytes that are left and with the budget.
 * Every partial value is one that mwi_clear() can free, because storage starts
 * as zeros and lengths are noted together with the memory they speak of.
 */
#include <inttypes.h>

#include "base/utf8.h"
#include "codec/access.h"
#include "codec/init.h"
#include "codec/map.h"
#include "codec/mask.h"
#include "codec/members.h"
#include "codec/nodes.h"
#include "codec/numbers.h"
#include "codec/range.h"
#include "codec/value.h"

/* Note an error at an item that has been consumed already. */
#define FAIL_AT(r, place, ...) \
    ((r)->at = (place), (void) mwi_reader_fail((r), __VA_ARGS__))

static void
decode_enum(struct mwi_reader *r, const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    int64_t number = mwi_read_int(r);
    int32_t value = (int32_t) number;

    if (!mwi_reader_ok(r)) {
        return;
    }
    if (mwi_enum_name(type, number) == NULL) {
        FAIL_AT(r, at, MW_EINVAL, "%" PRId64 " is not a value of %s", number,
            type->name);
        return;
    }
    memcpy(ret_value, &value, sizeof(value));
}

/* A text that can be a C string. */
static const char *
read_text(struct mwi_reader *r, size_t *ret_len)
{
    const uint8_t *at = r->at;
    const uint8_t *bytes =
        mwi_quick_string(at, r->end, MWI_INITIAL_TEXT, ret_len);
    const char *text = (const char *) bytes;

    if (bytes != NULL && mwi_utf8_is_plain(text, *ret_len) &&
        mwi_reader_ok(r)) {
        r->at = bytes + *ret_len;
        return text;
    }
    text = mwi_read_text(r, ret_len);
    if (text != NULL && memchr(text, '\0', *ret_len) != NULL) {
        FAIL_AT(r, at, MW_EINVAL, "text contains a NUL");
        return NULL;
    }
    return text;
}

static void
fail_nomem(struct mwi_reader *r, const uint8_t *at,
    const struct mwi_place *place, size_t n, size_t size)
{
    r->at = at;
    mwi_reader_fail_memory(r, mwi_place_status(place, n, size));
}

static void
decode_string(struct mwi_reader *r, struct mwi_place *place, void *ret_value)
{
    const uint8_t *at = r->at;
    size_t len;
    const char *text = read_text(r, &len);
    char *copy;

    if (text == NULL) {
        return;
    }
    copy = mwi_place_strndup(place, text, len);
    if (copy == NULL) {
        fail_nomem(r, at, place, len + 1, 1);
        return;
    }
    mwi_store_string(ret_value, copy);
}

static void
decode_string_n(struct mwi_reader *r, const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    size_t len;
    const char *text = read_text(r, &len);

    if (text == NULL) {
        return;
    }
    if (len > type->bound) {
        FAIL_AT(r, at, MW_EINVAL,
            "text of %zu bytes exceeds the bound of %" PRIu32, len,
            type->bound);
        return;
    }
    memcpy(ret_value, text, len);
}

static void decode(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value);

static inline void
decode_field(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, void *ret_record)
{
    void *value = mwi_field_at(field, ret_record);
    const uint8_t *at = r->at;

    if ((field->flags & MW_FIELD_OPTIONAL) != 0) {
        if (mwi_peek(r) == MWI_ITEM_NULL) {
            mwi_read_null(r);
            return;
        }
        mwi_field_set_present(field, ret_record, true);
    }
    decode(r, place, field->type, value);
    if (field->range != NULL) {
        mwi_read_check_range(r, at, field, value);
    }
}

void
mwi_decode_field(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, void *ret_record)
{
    decode_field(r, place, field, ret_record);
}

/* A member under a write contract, of which only parts may change. */
static void
decode_masked(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, const mw_field *field, void *ret_record)
{
    const struct mwi_place outer = *place;
    const mw_mask *mask = mwi_mask_of(outer.mask, type, field);

    place->mask = mask->all ? NULL : mask;
    if (mwi_mask_is_none(mask)) {
        place->mask = NULL;
        place->arena = outer.rest;
    }
    decode_field(r, place, field, ret_record);
    place->mask = outer.mask;
    place->arena = outer.arena;
}

/* A member of a struct, or an arm. */
static inline void
decode_member(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, const mw_field *field, void *ret_record)
{
    if (place->mask == NULL) {
        decode_field(r, place, field, ret_record);
    } else {
        decode_masked(r, place, type, field, ret_record);
    }
}

/* What the peer's version of a struct does not have. */
static void
default_field(struct mwi_reader *r, struct mwi_place *place,
    const mw_field *field, void *ret_record)
{
    mw_status status = mwi_init_field_filled(place, field, ret_record);

    if (status == MW_EINTERNAL) {
        mwi_reader_fail(r, status, "has no default");
    } else if (status < 0) {
        mwi_reader_fail_memory(r, status);
    }
}

/* The same as mwi_read_array(). */
static inline size_t
read_array(struct mwi_reader *r)
{
    uint64_t n;
    const uint8_t *at = mwi_quick_take(r->at, r->end, MWI_INITIAL_ARRAY, &n);

    if (at == NULL || n > (size_t) (r->end - at) || r->depth >= r->depth_max ||
        !mwi_reader_ok(r)) {
        return mwi_read_array(r);
    }
    r->at = at;
    r->depth++;
    return (size_t) n;
}

static void
decode_struct(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    struct mwi_path step = { .up = r->path };
    const uint8_t *at = r->at;
    size_t n = read_array(r);
    uint32_t known;

    if (!mwi_reader_ok(r)) {
        return;
    }
    if ((type->flags & MW_TYPE_FINAL) != 0 && n != type->n_members) {
        FAIL_AT(r, at, MW_EINVAL, "%zu members, %s has %" PRIu32, n, type->name,
            type->n_members);
        return;
    }
    known = n < type->n_members ? (uint32_t) n : type->n_members;
    r->path = &step;
    for (uint32_t i = 0; i < type->n_members && mwi_reader_ok(r); i++) {
        if (i < known) {
            i += mwi_read_members(
                r, place, &type->fields[i], known - i, ret_value, false);
        }
        if (i == type->n_members) {
            break;
        }
        step.name = type->fields[i].name;
        if (i < known) {
            decode_member(r, place, type, &type->fields[i], ret_value);
        } else {
            default_field(r, place, &type->fields[i], ret_value);
        }
    }
    r->path = step.up;
    for (size_t i = type->n_members; i < n && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
}

/* A member's id, which must be above the one before it. */
static uint64_t
read_id(struct mwi_reader *r, const mw_type *type, const uint64_t *before)
{
    const uint8_t *at = r->at;
    uint64_t id = mwi_read_uint(r);

    if (before != NULL && id <= *before && mwi_reader_ok(r)) {
        FAIL_AT(r, at, MW_EINVAL,
            "member %" PRIu64 " of %s after member %" PRIu64, id, type->name,
            *before);
    }
    return id;
}

/* Give members below an id, which the peer has left out, their defaults.
 * Returns the first that is not below it. */
static const mw_field *
default_members(struct mwi_reader *r, struct mwi_place *place,
    struct mwi_by_id *walk, const mw_field *field, uint64_t id, void *ret_value)
{
    struct mwi_path step = { .up = r->path };

    r->path = &step;
    for (; field != NULL && field->id < id && mwi_reader_ok(r);
         field = mwi_next_by_id(walk)) {
        step.name = field->name;
        if ((walk->type->flags & MW_TYPE_FINAL) != 0) {
            mwi_reader_fail(r, MW_EINVAL, "is missing");
        } else {
            default_field(r, place, field, ret_value);
        }
    }
    r->path = step.up;
    return field;
}

/* The walk's member and those behind it that the peer has sent in a row.
 * Returns how many, and leaves the walk and the id at the last one. */
static size_t
decode_row(struct mwi_reader *r, struct mwi_by_id *walk, size_t n,
    uint64_t *before, void *ret_value)
{
    const mw_field *field = walk->last;
    size_t left;
    uint32_t done;

    if (field == NULL || !walk->is_declared_so) {
        return 0;
    }
    left = (size_t) (walk->type->fields + walk->type->n_members - field);
    done = mwi_read_members(
        r, NULL, field, (uint32_t) (n < left ? n : left), ret_value, true);
    if (done > 0) {
        walk->last = &field[done - 1];
        *before = walk->last->id;
    }
    return done;
}

/* The peer's members and ours, both ascending by id, are merged. */
static void
decode_mutable(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    struct mwi_path step = { .up = r->path };
    struct mwi_by_id walk = mwi_by_id(type);
    const mw_field *field = mwi_next_by_id(&walk);
    size_t n = mwi_read_map(r);
    uint64_t before = 0;

    for (size_t i = 0; i < n && mwi_reader_ok(r); i++) {
        size_t done = decode_row(r, &walk, n - i, &before, ret_value);
        const uint8_t *at = r->at;
        uint64_t id;

        if (done > 0) {
            field = mwi_next_by_id(&walk);
            i += done - 1;
            continue;
        }
        id = read_id(r, type, i > 0 ? &before : NULL);
        field = default_members(r, place, &walk, field, id, ret_value);
        if (field != NULL && field->id == id) {
            step.name = field->name;
            r->path = &step;
            decode_member(r, place, type, field, ret_value);
            r->path = step.up;
            field = mwi_next_by_id(&walk);
        } else if ((type->flags & MW_TYPE_FINAL) == 0) {
            mwi_skip(r);
        } else if (mwi_reader_ok(r)) {
            FAIL_AT(
                r, at, MW_EINVAL, "%s has no member %" PRIu64, type->name, id);
        }
        before = id;
    }
    (void) default_members(r, place, &walk, field, UINT64_MAX, ret_value);
    mwi_leave(r);
}

static void
decode_union(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    struct mwi_path step = { .up = r->path };
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);
    int64_t tag = mwi_union_read_tag(r, type);
    const mw_field *arm = mwi_union_arm_of(type, tag);

    if (!mwi_reader_ok(r)) {
        return;
    }
    if (n != (arm != NULL ? 2 : 1)) {
        FAIL_AT(r, at, MW_EINVAL, "%zu items, %s has %d for tag %" PRId64, n,
            type->name, arm != NULL ? 2 : 1, tag);
        return;
    }
    mwi_union_set_tag(type, ret_value, tag);
    if (arm != NULL) {
        step.name = arm->name;
        r->path = &step;
        decode_member(r, place, type, arm, ret_value);
        r->path = step.up;
    }
    mwi_leave(r);
}

static void
decode_bitmask(struct mwi_reader *r, const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    uint64_t bits = mwi_read_uint(r);

    if (bits > UINT64_MAX >> (64 - 8 * type->size)) {
        FAIL_AT(r, at, MW_EINVAL, "0x%" PRIx64 " does not fit %s", bits,
            type->name);
        return;
    }
    mwi_store_bits(type, ret_value, bits);
}

static void
decode_box(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    const mw_type *elem = type->elem;
    void *block;

    if (!mwi_reader_ok(r)) {
        return;
    }
    block = mwi_place_alloc(place, 1, elem->size, elem->align);
    if (block == NULL) {
        fail_nomem(r, r->at, place, 1, elem->size);
        return;
    }
    mwi_store_pointer(ret_value, block);
    decode(r, place, elem, block);
}

static void
decode_ref(struct mwi_reader *r, const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    uint64_t number;
    void *node;

    if (mwi_peek(r) == MWI_ITEM_NULL) {
        mwi_read_null(r);
        return;
    }
    number = mwi_read_uint(r);
    if (!mwi_reader_ok(r)) {
        return;
    }
    node =
        r->nodes != NULL ? mwi_nodes_link(r->nodes, type->elem, number) : NULL;
    if (node == NULL) {
        FAIL_AT(r, at, MW_EINVAL, "there is no node %" PRIu64 " of %s", number,
            type->elem->name);
        return;
    }
    mwi_store_pointer(ret_value, node);
}

/* Make room for n elements that were announced at a place in the message, and
 * note the length.  Returns the first, or NULL when there is nothing to do. */
static unsigned char *
make_room(struct mwi_reader *r, const uint8_t *at, struct mwi_place *place,
    const mw_type *type, void *ret_value, size_t n)
{
    const mw_type *elem = type->elem;
    struct mwi_seq seq = { .len = n, .cap = n };

    if (!mwi_reader_ok(r)) {
        return NULL;
    }
    if (type->kind == MW_KIND_ARRAY && n != type->bound) {
        FAIL_AT(
            r, at, MW_EINVAL, "%zu elements, must be %" PRIu32, n, type->bound);
        return NULL;
    }
    if (type->kind == MW_KIND_SEQ_N && n > type->bound) {
        FAIL_AT(r, at, MW_EINVAL,
            "sequence of %zu elements exceeds the bound of %" PRIu32, n,
            type->bound);
        return NULL;
    }
    if (n == 0) {
        return NULL;
    }
    if (type->kind == MW_KIND_SEQ || type->kind == MW_KIND_MAP) {
        seq.items = mwi_kind_is_number(elem->kind)
                        ? mwi_place_alloc_raw(place, n, elem->size, elem->align)
                        : mwi_place_alloc(place, n, elem->size, elem->align);
        if (seq.items == NULL) {
            fail_nomem(r, at, place, n, elem->size);
            return NULL;
        }
        mwi_store_seq(ret_value, seq);
    } else if (type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(ret_value, n);
    }
    return mwi_items_of(type, ret_value).at;
}

static void
decode_numbers(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    const uint8_t *at = r->at;
    struct mwi_numbers numbers = mwi_read_numbers(r, type->elem->kind);
    bool adopted = mwi_numbers_adopt(&numbers, r, place, type, ret_value);
    void *items =
        adopted ? NULL : make_room(r, at, place, type, ret_value, numbers.n);

    if (items != NULL) {
        mwi_numbers_copy(&numbers, type->elem->kind, items);
    }
}

static void
decode_items(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    struct mwi_path step = { .up = r->path };
    const mw_type *elem = type->elem;
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);
    unsigned char *items = make_room(r, at, place, type, ret_value, n);

    if (items != NULL) {
        r->path = &step;
        for (; step.index < n && mwi_reader_ok(r); step.index++) {
            decode(r, place, elem, items + step.index * elem->size);
        }
        r->path = step.up;
    }
    mwi_leave(r);
}

static void
decode_map(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    const mw_field *key = mwi_map_key(type);
    struct mwi_path step = { .up = r->path, .key_type = key->type };
    const uint8_t *start = r->at;
    size_t n = mwi_read_map(r);
    struct mwi_items entries = { NULL, n };

    entries.at = make_room(r, start, place, type, ret_value, n);
    r->path = &step;
    for (; step.index < n && mwi_reader_ok(r); step.index++) {
        void *entry = entries.at + step.index * type->elem->size;
        const uint8_t *at = r->at;

        step.key = NULL;
        decode_field(r, place, key, entry);
        if (mwi_reader_ok(r)) {
            step.key = mwi_field_at(key, entry);
            mwi_map_check_read_key(r, at, type, entries, step.index);
        }
        decode_field(r, place, mwi_map_value(type), entry);
    }
    r->path = step.up;
    mwi_leave(r);
}

static void
decode(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    bool truth;

    switch (type->kind) {
    case MW_KIND_BOOL:
        truth = mwi_read_bool(r);
        memcpy(ret_value, &truth, sizeof(truth));
        break;
    case MW_KIND_ENUM:
        decode_enum(r, type, ret_value);
        break;
    case MW_KIND_STRING:
        decode_string(r, place, ret_value);
        break;
    case MW_KIND_STRING_N:
        decode_string_n(r, type, ret_value);
        break;
    case MW_KIND_STRUCT:
        if ((type->flags & MW_TYPE_MUTABLE) == 0) {
            decode_struct(r, place, type, ret_value);
        } else {
            decode_mutable(r, place, type, ret_value);
        }
        break;
    case MW_KIND_UNION:
        decode_union(r, place, type, ret_value);
        break;
    case MW_KIND_BITMASK:
        decode_bitmask(r, type, ret_value);
        break;
    case MW_KIND_MAP:
        decode_map(r, place, type, ret_value);
        break;
    case MW_KIND_BOX:
        decode_box(r, place, type, ret_value);
        break;
    case MW_KIND_REF:
        decode_ref(r, type, ret_value);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        if (mwi_kind_is_number(type->elem->kind)) {
            decode_numbers(r, place, type, ret_value);
        } else {
            decode_items(r, place, type, ret_value);
        }
        break;
    default:
        if (mwi_kind_is_number(type->kind)) {
            mwi_read_number(r, type->kind, ret_value);
        } else {
            mwi_reader_fail(r, MW_EINTERNAL, "%s is of unknown kind %" PRIu32,
                type->name, type->kind);
        }
        break;
    }
}

void
mwi_decode(struct mwi_reader *r, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    decode(r, place, type, ret_value);
}
