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

/* One of two values that are compared. */
struct side {
    const struct mwi_snapshot *snapshot;    /* NULL: it is live */
    const struct mwi_snapshot_chunk *chunk; /* where the last pointer led */
};

struct pair {
    struct side a;
    struct side b;
    uint32_t levels; /* that may still be entered */
};

/* Where a pointer leads.  Mostly it is to the same chunk as the last. */
static const void *
lead(struct side *side, const void *address)
{
    uintptr_t at = (uintptr_t) address;

    if (side->snapshot == NULL || address == NULL) {
        return address;
    }
    if (side->chunk == NULL || at - side->chunk->start >= side->chunk->len) {
        side->chunk = mwi_snapshot_chunk(side->snapshot, address);
    }
    return side->chunk == NULL ? address
                               : side->chunk->copy + (at - side->chunk->start);
}

static bool same(
    struct pair *pair, const mw_type *type, const void *a, const void *b);
static bool same_pointees(
    struct pair *pair, const mw_type *type, const void *value);

static bool
same_field(
    struct pair *pair, const mw_field *field, const void *a, const void *b)
{
    if ((field->flags & MW_FIELD_OPTIONAL) != 0) {
        bool present = mwi_field_is_present(field, a);

        if (!present || !mwi_field_is_present(field, b)) {
            return present == mwi_field_is_present(field, b);
        }
    }
    return same(
        pair, field->type, mwi_field_at(field, a), mwi_field_at(field, b));
}

/* Elements; items are where their pointers lead. */
static bool
same_elements(struct pair *pair, const mw_type *elem, struct mwi_items a,
    struct mwi_items b)
{
    if (a.len != b.len) {
        return false;
    }
    if (a.len == 0) {
        return true;
    }
    if (mwi_type_is_flat(elem)) {
        if (memcmp(a.at, b.at, a.len * elem->size) == 0) {
            return true;
        }
        if (mwi_kind_is_number(elem->kind)) {
            return false;
        }
    }
    for (size_t i = 0; i < a.len; i++) {
        if (!same(pair, elem, a.at + i * elem->size, b.at + i * elem->size)) {
            return false;
        }
    }
    return true;
}

/* What a sequence has, or one more than it can have if it claims elements that
 * are not there. */
static struct mwi_items
items_claimed(struct side *side, const mw_type *type, const void *value)
{
    struct mwi_items items;

    if (type->kind == MW_KIND_SEQ) {
        struct mwi_seq seq = mwi_load_seq(value);

        items.at = seq.len == 0
                       ? NULL
                       : (unsigned char *) (uintptr_t) lead(side, seq.items);
        items.len = seq.len;
        return items;
    }
    items = mwi_items_of(type, value);
    if (type->kind == MW_KIND_SEQ_N) {
        items.len = mwi_load_len(value);
    }
    return items;
}

static bool
same_items(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    struct mwi_items items_a = items_claimed(&pair->a, type, a);
    struct mwi_items items_b = items_claimed(&pair->b, type, b);

    /* Claims that are not true are the encoder's to refuse. */
    if ((items_a.at == NULL) != (items_a.len == 0) ||
        (items_b.at == NULL) != (items_b.len == 0) ||
        (type->kind == MW_KIND_SEQ_N &&
            (items_a.len > type->bound || items_b.len > type->bound))) {
        return false;
    }
    return same_elements(pair, type->elem, items_a, items_b);
}

static bool
same_string(struct pair *pair, const char *a, const char *b)
{
    a = lead(&pair->a, a);
    b = lead(&pair->b, b);
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool
same_text_n(const mw_type *type, const void *a, const void *b)
{
    size_t len_a;
    size_t len_b;
    const char *text_a = mwi_text_of(type, a, &len_a);
    const char *text_b = mwi_text_of(type, b, &len_b);

    return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
}

static bool
same_struct(
    struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    if (memcmp(a, b, type->size) == 0) {
        return mwi_type_is_flat(type) || same_pointees(pair, type, a);
    }
    for (uint32_t i = 0; i < type->n_members; i++) {
        if (!same_field(pair, &type->fields[i], a, b)) {
            return false;
        }
    }
    return true;
}

/* What two values point to that are themselves the same, byte by byte. */
static bool
same_pointees(struct pair *pair, const mw_type *type, const void *value)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        const void *member = mwi_field_at(field, value);

        if (mwi_type_is_flat(field->type)) {
            continue;
        }
        if (field->type->kind == MW_KIND_STRING) {
            const char *text = mwi_load_string(member);

            if (text != NULL && !same_string(pair, text, text)) {
                return false;
            }
        } else if (mwi_field_is_present(field, value) &&
                   !same(pair, field->type, member, member)) {
            return false;
        }
    }
    return true;
}

static bool
same_container(
    struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    bool yes;

    if (pair->levels == 0) {
        return false;
    }
    pair->levels--;
    yes = type->kind == MW_KIND_STRUCT ? same_struct(pair, type, a, b)
                                       : same_items(pair, type, a, b);
    pair->levels++;
    return yes;
}

static bool
same(struct pair *pair, const mw_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case MW_KIND_BOOL:
        return mwi_load_bool(a) == mwi_load_bool(b);
    case MW_KIND_STRING:
        return same_string(pair, mwi_load_string(a), mwi_load_string(b));
    case MW_KIND_STRING_N:
        return same_text_n(type, a, b);
    case MW_KIND_STRUCT:
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        return same_container(pair, type, a, b);
    default:
        return memcmp(a, b, type->size) == 0;
    }
}

bool
mwi_same(const mw_type *type, const struct mwi_snapshot *snapshot_a,
    const void *a, const struct mwi_snapshot *snapshot_b, const void *b)
{
    struct pair pair = { { snapshot_a, NULL }, { snapshot_b, NULL },
        LEVELS_MAX };

    return same(&pair, type, a, b);
}

size_t
mwi_same_elements(const mw_type *elem, const struct mwi_snapshot *snapshot_a,
    const void *a, const struct mwi_snapshot *snapshot_b, const void *b,
    size_t n)
{
    struct pair pair = { { snapshot_a, NULL }, { snapshot_b, NULL },
        LEVELS_MAX };
    const unsigned char *items_a = a;
    const unsigned char *items_b = b;
    size_t i = 0;

    while (i < n && same(&pair, elem, items_a + i * elem->size,
                        items_b + i * elem->size)) {
        i++;
    }
    return i;
}

bool
mwi_same_field(const mw_field *field, const struct mwi_snapshot *snapshot_a,
    const void *record_a, const struct mwi_snapshot *snapshot_b,
    const void *record_b)
{
    struct pair pair = { { snapshot_a, NULL }, { snapshot_b, NULL },
        LEVELS_MAX };

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
