/* SPDX-License-Identifier: MIT */
/*
 * Maps: sequences of entries in ascending order of their keys.
 */
#include "codec/map.h"

#include "base/mem.h"
#include "codec/access.h"
#include "codec/seq.h"

static int
compare_texts(const mw_type *key, const void *a, const void *b)
{
    size_t len_a;
    size_t len_b;
    const char *text_a = mwi_text_of(key, a, &len_a);
    const char *text_b = mwi_text_of(key, b, &len_b);
    int order = memcmp(text_a, text_b, len_a < len_b ? len_a : len_b);

    return order != 0 ? order : (len_a > len_b) - (len_a < len_b);
}

#define COMPARE(type)                           \
    do {                                        \
        type left;                              \
        type right;                             \
        memcpy(&left, a, sizeof(left));         \
        memcpy(&right, b, sizeof(right));       \
        return (left > right) - (left < right); \
    } while (0)

int
mwi_key_compare(const mw_type *key, const void *a, const void *b)
{
    switch (key->kind) {
    case MW_KIND_BOOL:
        return (int) mwi_load_bool(a) - (int) mwi_load_bool(b);
    case MW_KIND_U8:
        COMPARE(uint8_t);
    case MW_KIND_I8:
        COMPARE(int8_t);
    case MW_KIND_U16:
        COMPARE(uint16_t);
    case MW_KIND_I16:
        COMPARE(int16_t);
    case MW_KIND_U32:
        COMPARE(uint32_t);
    case MW_KIND_I32:
    case MW_KIND_ENUM:
        COMPARE(int32_t);
    case MW_KIND_U64:
        COMPARE(uint64_t);
    case MW_KIND_I64:
        COMPARE(int64_t);
    default:
        return compare_texts(key, a, b);
    }
}

static const unsigned char *
key_at(const mw_type *type, struct mwi_items entries, size_t index)
{
    return entries.at + index * type->elem->size + mwi_map_key(type)->offset;
}

/* How two entries' keys are ordered. */
static int
compare_at(const mw_type *type, struct mwi_items entries, size_t a, size_t b)
{
    return mwi_key_compare(mwi_map_key(type)->type, key_at(type, entries, a),
        key_at(type, entries, b));
}

bool
mwi_map_find(
    const mw_type *type, const void *map, const void *key, size_t *ret_index)
{
    const mw_type *key_type = mwi_map_key(type)->type;
    struct mwi_items entries = mwi_items_of(type, map);
    size_t low = 0;
    size_t high = entries.len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order =
            mwi_key_compare(key_type, key_at(type, entries, middle), key);

        if (order == 0) {
            *ret_index = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_index = low;
    return false;
}

/* How far into the entries of a map a key lies; SIZE_MAX if it is no part of
 * them. */
static size_t
offset_of(const mw_type *type, const void *map, const void *key)
{
    struct mwi_items entries = mwi_items_of(type, map);
    size_t offset = (uintptr_t) key - (uintptr_t) entries.at;

    return offset < entries.len * type->elem->size ? offset : SIZE_MAX;
}

/* Add an entry for a key.  The key is copied first, so that nothing is to be
 * taken back when there is no memory for the entry. */
static unsigned char *
add(struct mwi_place *place, const mw_type *type, void *map, size_t at,
    const void *key)
{
    const mw_field *field = mwi_map_key(type);
    size_t size = field->type->size;
    size_t offset;
    char *text = NULL;
    unsigned char *entry;

    if (field->type->kind == MW_KIND_STRING_N) {
        /* A text may end before its storage would; the rest is zero. */
        (void) mwi_text_of(field->type, key, &size);
        if (size > field->type->bound) {
            return NULL;
        }
    }
    if (field->type->kind == MW_KIND_STRING) {
        size_t len;
        const char *from = mwi_text_of(field->type, key, &len);

        text = mwi_place_strndup(place, from, len);
        if (text == NULL) {
            return NULL;
        }
        key = &text;
    }
    offset = offset_of(type, map, key);
    entry = mwi_seq_insert(place, type, map, at, 1);
    if (entry != NULL) {
        if (offset != SIZE_MAX) {
            /* The entries have moved, those behind the new one by one more. */
            offset += offset >= at * type->elem->size ? type->elem->size : 0;
            key = mwi_items_of(type, map).at + offset;
        }
        memcpy(entry + field->offset, key, size);
    } else if (place->arena == NULL) {
        mwi_free(text);
    }
    return entry;
}

void *
mwi_map_put_key(
    struct mwi_place *place, const mw_type *type, void *map, const void *key)
{
    unsigned char *entry;
    size_t at;

    if (mwi_map_find(type, map, key, &at)) {
        entry = mwi_items_of(type, map).at + at * type->elem->size;
    } else {
        entry = add(place, type, map, at, key);
    }
    return entry != NULL ? entry + mwi_map_value(type)->offset : NULL;
}

bool
mwi_map_remove_key(
    bool on_heap, const mw_type *type, void *map, const void *key)
{
    size_t at;

    if (!mwi_map_find(type, map, key, &at)) {
        return false;
    }
    mwi_seq_remove(on_heap, type, map, at, 1);
    return true;
}

static void
swap_entries(const mw_type *type, struct mwi_items entries, size_t a, size_t b)
{
    size_t size = type->elem->size;

    mwi_exchange(entries.at + a * size, entries.at + b * size, size);
}

/* Let an entry sink in the heap of the first n, the highest of which is on
 * top. */
static void
sink(const mw_type *type, struct mwi_items entries, size_t at, size_t n)
{
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && compare_at(type, entries, child, child + 1) < 0) {
            child++;
        }
        if (compare_at(type, entries, at, child) >= 0) {
            return;
        }
        swap_entries(type, entries, at, child);
        at = child;
    }
}

mw_status
mwi_map_sort(const mw_type *type, void *map)
{
    struct mwi_items entries = mwi_items_of(type, map);
    size_t in_order = 1; /* as many from the start are */
    mw_status status = MW_OK;

    while (in_order < entries.len &&
           compare_at(type, entries, in_order - 1, in_order) < 0) {
        in_order++;
    }
    if (in_order >= entries.len) {
        return MW_OK;
    }
    for (size_t at = entries.len / 2; at > 0; at--) {
        sink(type, entries, at - 1, entries.len);
    }
    for (size_t n = entries.len - 1; n > 0; n--) {
        swap_entries(type, entries, 0, n);
        sink(type, entries, 0, n);
    }
    for (size_t i = 1; i < entries.len && status == MW_OK; i++) {
        status = compare_at(type, entries, i - 1, i) == 0 ? MW_EEXIST : MW_OK;
    }
    return status;
}

/* What is wrong with a key that is not above the one before it, or NULL. */
static const char *
why_not_above(const mw_type *type, struct mwi_items entries, size_t index)
{
    int order = index > 0 ? compare_at(type, entries, index - 1, index) : -1;

    if (order < 0) {
        return NULL;
    }
    return order == 0 ? "is twice in the map" : "is out of order";
}

void
mwi_map_check_key(struct mwi_writer *w, const mw_type *type,
    struct mwi_items entries, size_t index)
{
    const char *why = why_not_above(type, entries, index);

    if (why != NULL && mwi_writer_ok(w)) {
        mwi_writer_fail(w, MW_EINVAL, "%s", why);
    }
}

void
mwi_map_check_read_key(struct mwi_reader *r, const uint8_t *at,
    const mw_type *type, struct mwi_items entries, size_t index)
{
    const char *why =
        mwi_reader_ok(r) ? why_not_above(type, entries, index) : NULL;

    if (why != NULL) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "%s", why);
    }
}
