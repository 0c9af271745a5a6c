/* SPDX-License-Identifier: MIT */
/*
 * An insertion changes nothing unless it succeeds, though defaults of new
 * elements may need memory: elements that can fail are made in a new array
 * before the old one is given up, or in a gap that can be closed again.
 */
#include "codec/seq.h"

#include "base/mem.h"
#include "codec/access.h"

enum { CAP_MIN = 4 };

/* Give n zeroed elements their defaults; all zero again after a failure. */
static bool
init_gap(struct mwi_place *place, const mw_type *elem, char *gap, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mwi_init(place, elem, gap + i * elem->size) < 0) {
            for (size_t j = 0; j <= i && place->arena == NULL; j++) {
                mwi_clear(elem, gap + j * elem->size);
            }
            return false;
        }
    }
    return true;
}

/* Open a gap among len elements that have room for it. */
static void *
insert_here(struct mwi_place *place, const mw_type *elem, char *items,
    size_t len, size_t at, size_t n)
{
    size_t size = elem->size;
    char *gap = items + at * size;
    size_t tail = (len - at) * size;

    memmove(gap + n * size, gap, tail);
    memset(gap, 0, n * size);
    if (!init_gap(place, elem, gap, n)) {
        memmove(gap, gap + n * size, tail);
        return NULL;
    }
    return gap;
}

/* The array that replaces seq's, with the gap in it, in a block of its own. */
static void *
insert_into_new(struct mwi_place *place, const mw_type *elem,
    struct mwi_seq *seq, size_t at, size_t n, size_t cap)
{
    size_t size = elem->size;
    char *items = mwi_place_alloc(place, cap, size, elem->align);

    if (items == NULL) {
        return NULL;
    }
    if (!init_gap(place, elem, items + at * size, n)) {
        if (place->arena == NULL) {
            mwi_free(items);
        }
        return NULL;
    }
    if (seq->len > 0) {
        char *old = seq->items;

        memcpy(items, old, at * size);
        memcpy(
            items + (at + n) * size, old + at * size, (seq->len - at) * size);
    }
    if (place->arena == NULL) {
        mwi_free(seq->items);
    }
    seq->items = items;
    seq->cap = cap;
    return items + at * size;
}

/* The same for elements on the heap whose defaults cannot fail, so that the
 * block may be grown where it is. */
static void *
insert_realloc(struct mwi_place *place, const mw_type *elem,
    struct mwi_seq *seq, size_t at, size_t n, size_t cap)
{
    size_t budget = place->budget;
    char *items;

    if (!mwi_place_charge(place, cap - seq->cap, elem->size)) {
        return NULL;
    }
    items = mwi_realloc(seq->items, cap, elem->size);
    if (items == NULL) {
        place->budget = budget;
        return NULL;
    }
    seq->items = items;
    seq->cap = cap;
    return insert_here(place, elem, items, seq->len, at, n);
}

static void *
insert_growing(struct mwi_place *place, const mw_type *elem,
    struct mwi_seq *seq, size_t at, size_t n, size_t cap)
{
    if (place->arena == NULL && mwi_type_is_flat(elem)) {
        return insert_realloc(place, elem, seq, at, n, cap);
    }
    return insert_into_new(place, elem, seq, at, n, cap);
}

static void *
insert_seq(struct mwi_place *place, const mw_type *type, void *value, size_t at,
    size_t n)
{
    struct mwi_seq seq = mwi_load_seq(value);
    const mw_type *elem = type->elem;
    size_t need;
    void *gap;

    if (at > seq.len || __builtin_add_overflow(seq.len, n, &need)) {
        return NULL;
    }
    need = need > 0 ? need : 1;
    if (need <= seq.cap) {
        gap = insert_here(place, elem, seq.items, seq.len, at, n);
    } else {
        size_t cap = seq.cap <= SIZE_MAX / 2 ? seq.cap * 2 : need;

        cap = cap < CAP_MIN ? CAP_MIN : cap;
        gap = insert_growing(place, elem, &seq, at, n, cap < need ? need : cap);
        if (gap == NULL && cap > need) {
            gap = insert_growing(place, elem, &seq, at, n, need);
        }
    }
    if (gap == NULL) {
        return NULL;
    }
    seq.len += n;
    mwi_store_seq(value, seq);
    return gap;
}

static void *
insert_seq_n(struct mwi_place *place, const mw_type *type, void *value,
    size_t at, size_t n)
{
    char *items = (char *) value + mwi_seq_n_offset(type);
    size_t len = mwi_load_len(value);
    void *gap;

    if (len > type->bound || at > len || n > type->bound - len) {
        return NULL;
    }
    gap = insert_here(place, type->elem, items, len, at, n);
    if (gap != NULL) {
        mwi_store_len(value, len + n);
    }
    return gap;
}

void *
mwi_seq_insert(struct mwi_place *place, const mw_type *type, void *seq,
    size_t at, size_t n)
{
    switch (type->kind) {
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
        return insert_seq(place, type, seq, at, n);
    case MW_KIND_SEQ_N:
        return insert_seq_n(place, type, seq, at, n);
    default:
        return NULL;
    }
}

static void
set_len(const mw_type *type, void *value, size_t len)
{
    if (type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(value, len);
    } else {
        struct mwi_seq seq = mwi_load_seq(value);

        seq.len = len;
        mwi_store_seq(value, seq);
    }
}

void
mwi_seq_remove(
    bool on_heap, const mw_type *type, void *seq, size_t at, size_t n)
{
    struct mwi_items items = mwi_items_of(type, seq);
    size_t size;
    size_t rest;

    if ((type->kind != MW_KIND_SEQ && type->kind != MW_KIND_SEQ_N &&
            type->kind != MW_KIND_MAP) ||
        at >= items.len) {
        return;
    }
    size = type->elem->size;
    n = n < items.len - at ? n : items.len - at;
    rest = items.len - at - n;
    for (size_t i = at; i < at + n && on_heap; i++) {
        mwi_clear(type->elem, items.at + i * size);
    }
    memmove(items.at + at * size, items.at + (at + n) * size, rest * size);
    memset(items.at + (at + rest) * size, 0, n * size);
    set_len(type, seq, at + rest);
}
