/* SPDX-License-Identifier: MIT */
#include "delta/compare.h"

#include <string.h>

#include "codec/access.h"

enum {
    LEVELS_MAX = 80,  /* that are compared; the encoder refuses fewer */
    HASH_BYTES = 4096 /* of a value, about, that its hash depends on */
};

static const void *
place_in(const struct mwi_snapshot *snapshot, const void *address)
{
    return snapshot != NULL ? mwi_snapshot_of(snapshot, address) : address;
}

const char *
mwi_text_in(const struct mwi_snapshot *snapshot, const mw_type *type,
    const void *value, size_t *ret_len)
{
    const char *text;

    if (snapshot == NULL || type->kind != MW_KIND_STRING) {
        return mwi_text_of(type, value, ret_len);
    }
    text = place_in(snapshot, mwi_load_string(value));
    text = text != NULL ? text : "";
    *ret_len = strlen(text);
    return text;
}

struct mwi_items
mwi_items_in(
    const struct mwi_snapshot *snapshot, const mw_type *type, const void *value)
{
    struct mwi_items items = mwi_items_of(type, value);

    if (snapshot != NULL && type->kind == MW_KIND_SEQ) {
        items.at =
            (unsigned char *) (uintptr_t) mwi_snapshot_of(snapshot, items.at);
    }
    return items;
}

/* Two values that are compared, and where. */
struct pair {
    const struct mwi_snapshot *snapshot_a;
    const struct mwi_snapshot *snapshot_b;
    uint32_t levels; /* that may still be entered */
};

static bool same(
    struct pair *pair, const mw_type *type, const void *a, const void *b);

static bool
same_field(
    struct pair *pair, const mw_field *field, const void *a, const void *b)
{
    bool present = mwi_field_is_present(field, a);

    if (present != mwi_field_is_present(field, b)) {
        return false;
    }
    return !present || same(pair, field->type, mwi_field_at(field, a),
                           mwi_field_at(field, b));
}

/* Whether a sequence has the elements that it claims to have. */
static bool
is_sound(const mw_type *type, const void *value, struct mwi_items items)
{
    switch (type->kind) {
    case MW_KIND_SEQ:
        return mwi_load_seq(value).len == items.len;
    case MW_KIND_SEQ_N:
        return mwi_load_len(value) == items.len;
    default:
        return true;
    }
}

static bool
same_items(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    struct mwi_items items_a = mwi_items_in(pair->snapshot_a, type, a);
    struct mwi_items items_b = mwi_items_in(pair->snapshot_b, type, b);
    const mw_type *elem = type->elem;

    if (items_a.len != items_b.len || !is_sound(type, a, items_a) ||
        !is_sound(type, b, items_b)) {
        return false;
    }
    if (items_a.len == 0) {
        return true;
    }
    if (mwi_type_is_flat(elem) &&
        memcmp(items_a.at, items_b.at, items_a.len * elem->size) == 0) {
        return true;
    }
    if (mwi_kind_is_number(elem->kind)) {
        return false;
    }
    for (size_t i = 0; i < items_a.len; i++) {
        if (!same(pair, elem, items_a.at + i * elem->size,
                items_b.at + i * elem->size)) {
            return false;
        }
    }
    return true;
}

static bool
same_text(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    size_t len_a;
    size_t len_b;
    const char *text_a = mwi_text_in(pair->snapshot_a, type, a, &len_a);
    const char *text_b = mwi_text_in(pair->snapshot_b, type, b, &len_b);

    return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
}

static bool
same_struct(
    struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    if (mwi_type_is_flat(type) && memcmp(a, b, type->size) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (!same_field(pair, &type->fields[i], a, b)) {
            return false;
        }
    }
    return true;
}

static bool
same(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    bool yes;

    if (pair->levels == 0) {
        return false;
    }
    pair->levels--;
    switch (type->kind) {
    case MW_KIND_BOOL:
        yes = mwi_load_bool(a) == mwi_load_bool(b);
        break;
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        yes = same_text(pair, type, a, b);
        break;
    case MW_KIND_STRUCT:
        yes = same_struct(pair, type, a, b);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        yes = same_items(pair, type, a, b);
        break;
    default:
        yes = memcmp(a, b, type->size) == 0;
        break;
    }
    pair->levels++;
    return yes;
}

bool
mwi_same(const mw_type *type, const struct mwi_snapshot *snapshot_a,
    const void *a, const struct mwi_snapshot *snapshot_b, const void *b)
{
    struct pair pair = { snapshot_a, snapshot_b, LEVELS_MAX };

    return same(&pair, type, a, b);
}

bool
mwi_same_field(const mw_field *field, const struct mwi_snapshot *snapshot_a,
    const void *record_a, const struct mwi_snapshot *snapshot_b,
    const void *record_b)
{
    struct pair pair = { snapshot_a, snapshot_b, LEVELS_MAX };

    return same_field(&pair, field, record_a, record_b);
}

struct hash {
    const struct mwi_snapshot *snapshot;
    uint64_t state;
    size_t left; /* bytes that may still be looked at */
    uint32_t levels;
};

static void
add_word(struct hash *hash, uint64_t word)
{
    hash->state = (hash->state ^ word) * UINT64_C(0x9fb21c651e98df25);
    hash->state ^= hash->state >> 32;
}

static void
add_bytes(struct hash *hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    uint64_t word;

    add_word(hash, n);
    n = n < hash->left ? n : hash->left;
    hash->left -= n;
    for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        add_word(hash, word);
    }
    if (n > 0) {
        word = 0;
        memcpy(&word, at, n);
        add_word(hash, word);
    }
}

static void add(struct hash *hash, const mw_type *type, const void *value);

static void
add_field(struct hash *hash, const mw_field *field, const void *record)
{
    if (mwi_field_is_present(field, record)) {
        add(hash, field->type, mwi_field_at(field, record));
    } else {
        add_word(hash, 1);
    }
}

static void
add_items(struct hash *hash, const mw_type *type, const void *value)
{
    struct mwi_items items = mwi_items_in(hash->snapshot, type, value);

    if (mwi_kind_is_number(type->elem->kind)) {
        add_bytes(hash, items.at, items.len * type->elem->size);
        return;
    }
    add_word(hash, items.len);
    for (size_t i = 0; i < items.len && hash->left > 0; i++) {
        add(hash, type->elem, items.at + i * type->elem->size);
    }
}

static void
add(struct hash *hash, const mw_type *type, const void *value)
{
    const char *text;
    size_t len;

    if (hash->levels == 0 || hash->left == 0) {
        return;
    }
    hash->levels--;
    hash->left--; /* so that empty values do not come for nothing */
    switch (type->kind) {
    case MW_KIND_BOOL:
        add_word(hash, mwi_load_bool(value));
        break;
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        text = mwi_text_in(hash->snapshot, type, value, &len);
        add_bytes(hash, text, len);
        break;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            add_field(hash, &type->fields[i], value);
        }
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        add_items(hash, type, value);
        break;
    default:
        add_bytes(hash, value, type->size);
        break;
    }
    hash->levels++;
}

uint64_t
mwi_hash(
    const mw_type *type, const struct mwi_snapshot *snapshot, const void *value)
{
    struct hash hash = { snapshot, 1, HASH_BYTES, LEVELS_MAX };

    add(&hash, type, value);
    return hash.state;
}

uint64_t
mwi_hash_key(const mw_type *type, const struct mwi_snapshot *snapshot,
    const void *record)
{
    struct hash hash = { snapshot, 1, HASH_BYTES, LEVELS_MAX };

    for (uint32_t i = 0; i < type->n_members; i++) {
        if ((type->fields[i].flags & MW_FIELD_KEY) != 0) {
            add_field(&hash, &type->fields[i], record);
        }
    }
    return hash.state;
}
