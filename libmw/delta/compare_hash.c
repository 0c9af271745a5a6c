/* SPDX-License-Identifier: MIT */
/*
 * Hashes of values.  They decide about nothing but which elements are looked
 * at together: what has the same hash is compared.
 */
#include <string.h>

#include "codec/access.h"
#include "delta/compare.h"

enum {
    LEVELS_MAX = 160, /* that are entered, as in comparing */
    HASH_BYTES = 4096 /* of a value, about, that its hash depends on */
};

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

    n = n < hash->left ? n : hash->left;
    hash->left -= n;
    for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        add_word(hash, word);
    }
    /* Where it ends is a part of it; the last word has a byte free for that. */
    word = 0;
    if (n > 0) {
        memcpy(&word, at, n);
    }
    add_word(hash, word | (uint64_t) (n + 1) << 56);
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
add_union(struct hash *hash, const mw_type *type, const void *value)
{
    const mw_field *arm = mwi_union_arm(type, value);

    add_word(hash, (uint64_t) mwi_union_tag(type, value));
    if (arm != NULL) {
        add_field(hash, arm, value);
    }
}

static void
add_box(struct hash *hash, const mw_type *type, const void *value)
{
    const void *boxed = mwi_boxed_in(hash->snapshot, value);

    if (boxed != NULL) {
        add(hash, type->elem, boxed);
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
    case MW_KIND_MAP:
        add_items(hash, type, value);
        break;
    case MW_KIND_UNION:
        add_union(hash, type, value);
        break;
    case MW_KIND_BOX:
        add_box(hash, type, value);
        break;
    default:
        add_word(hash, mwi_load_bits(type, value));
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
