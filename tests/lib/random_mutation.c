/* SPDX-License-Identifier: MIT */
/*
 * Random changes of values.  Each kind is changed in the ways that a handler
 * may change it in; what comes of it is encodable again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/seq.h"
#include "lib/random_parts.h"
#include "lib/random_text.h"
#include "lib/value.h"

/* What is put in at a depth is shallow itself, and below some depth nothing is
 * put in: otherwise what has just been put in would be changed, and so grow on
 * and on. */
enum { NEW_DEPTH = MWT_DEPTH_MAX - 1, GROWTH_DEPTH = MWT_DEPTH_MAX + 2 };

static unsigned int
new_depth(unsigned int depth)
{
    return depth > NEW_DEPTH ? depth : NEW_DEPTH;
}

void
mwt_empty(struct mwi_place *place, const mw_type *type, void *value)
{
    if (place->arena == NULL) {
        mwi_clear(type, value);
    } else {
        memset(value, 0, type->size);
    }
}

static void
change_text(const struct mwt_source *source, const mw_type *type, void *value)
{
    struct mwt_text text = { 0 };
    size_t len;
    const char *old = mwi_text_of(type, value, &len);

    if (len > 0 && mwt_chance(source->prng, 30)) {
        /* As a handler would with text[i] = 'x'. */
        mwt_text_poke(source->prng, (char *) (uintptr_t) old, len);
        return;
    }
    mwt_text_edit(source->prng, &text, old, len);
    mwt_set_text(source->place, type, value, text.bytes, text.len);
    mwt_text_fini(&text);
}

static void
swap_items(struct mwi_items items, size_t size, size_t a, size_t b)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = items.at[a * size + i];

        items.at[a * size + i] = items.at[b * size + i];
        items.at[b * size + i] = byte;
    }
}

/* Take an element out and put it back elsewhere. */
static void
move_item(struct mwi_items items, size_t size, size_t from, size_t to)
{
    for (; from < to; from++) {
        swap_items(items, size, from, from + 1);
    }
    for (; from > to; from--) {
        swap_items(items, size, from, from - 1);
    }
}

/* Set a run of elements to new values. */
static void
refill_run(const struct mwt_source *source, const mw_type *type,
    struct mwi_items items, unsigned int depth)
{
    size_t size = type->elem->size;
    size_t at = mwt_below(source->prng, items.len);
    size_t end = at + 1 + mwt_below(source->prng, 5);

    for (; at < end && at < items.len; at++) {
        mwt_empty(source->place, type->elem, items.at + at * size);
        mwt_fill(source, type->elem, items.at + at * size, new_depth(depth));
    }
}

static void
insert_items(const struct mwt_source *source, const mw_type *type, void *value,
    size_t len, unsigned int depth)
{
    size_t size = type->elem->size;
    size_t at = mwt_below(source->prng, len + 1);
    size_t n =
        1 + mwt_below(source->prng, mwt_chance(source->prng, 80) ? 3 : 20);
    unsigned char *items;

    if (type->kind == MW_KIND_SEQ_N && n > type->bound - len) {
        n = type->bound - len;
    }
    if (n == 0) {
        return;
    }
    items = mwt_must(mwi_seq_insert(source->place, type, value, at, n));
    for (size_t i = 0; i < n; i++) {
        mwt_empty(source->place, type->elem, items + i * size);
        mwt_fill(source, type->elem, items + i * size, new_depth(depth));
    }
}

static void
change_length(const struct mwt_source *source, const mw_type *type, void *value,
    unsigned int depth)
{
    bool on_heap = source->place->arena == NULL;
    size_t len = mwt_items(type, value).len;
    size_t n = 1 + mwt_below(source->prng, 4);

    if (len == 0 || mwt_chance(source->prng, 55)) {
        if (depth < GROWTH_DEPTH) {
            insert_items(source, type, value, len, depth);
        }
    } else if (mwt_chance(source->prng, 95)) {
        mwi_seq_remove(on_heap, type, value, mwt_below(source->prng, len), n);
    } else {
        mwi_seq_remove(on_heap, type, value, 0, len);
    }
}

static void
change_items(const struct mwt_source *source, const mw_type *type, void *value,
    unsigned int depth)
{
    struct mwt_prng *prng = source->prng;
    size_t size = type->elem->size;
    size_t times = 1 + mwt_below(prng, 3);

    for (size_t i = 0; i < times; i++) {
        struct mwi_items items = mwt_items(type, value);
        size_t a = mwt_below(prng, items.len);
        size_t b = mwt_below(prng, items.len);
        size_t what = mwt_below(prng, 10);

        if (type->kind != MW_KIND_ARRAY && (items.len == 0 || what < 4)) {
            change_length(source, type, value, depth);
        } else if (items.len == 0) {
            return;
        } else if (what < 7) {
            mwt_change(source, type->elem, items.at + a * size, depth + 1);
        } else if (what == 7) {
            swap_items(items, size, a, b);
        } else if (what == 8) {
            move_item(items, size, a, b);
        } else {
            refill_run(source, type, items, depth);
        }
    }
}

/* Take an entry out of a map; what it owns is the caller's. */
static void
close_gap(const mw_type *type, void *map, size_t at)
{
    struct mwi_seq seq = mwi_load_seq(map);
    size_t size = type->elem->size;
    unsigned char *items = seq.items;

    seq.len--;
    memmove(items + at * size, items + (at + 1) * size, (seq.len - at) * size);
    mwi_store_seq(map, seq);
}

/* Give the value of an entry another key. */
static void
rename_entry(
    const struct mwt_source *source, const mw_type *type, void *map, size_t at)
{
    const mw_field *fields = type->elem->fields;
    unsigned char *entry = mwt_items(type, map).at + at * type->elem->size;
    void *key = mwt_random_key(source, type);
    void *value = mwt_must(malloc(fields[1].type->size));
    size_t to;

    if (mwt_map_find(type, map, key, &to)) {
        mwt_empty(source->place, fields[0].type, key);
    } else {
        memcpy(value, mwi_field_at(&fields[1], entry), fields[1].type->size);
        mwt_empty(
            source->place, fields[0].type, mwi_field_at(&fields[0], entry));
        close_gap(type, map, at);
        mwt_map_insert(source, type, map, to > at ? to - 1 : to, key, value);
    }
    free(value);
    free(key);
}

static void
change_map(const struct mwt_source *source, const mw_type *type, void *map,
    unsigned int depth)
{
    struct mwt_prng *prng = source->prng;
    size_t times = 1 + mwt_below(prng, 3);

    for (size_t i = 0; i < times; i++) {
        struct mwi_items items = mwt_items(type, map);
        size_t at = mwt_below(prng, items.len);
        size_t what = mwt_below(prng, 20);
        unsigned char *entry =
            items.len > 0 ? items.at + at * type->elem->size : NULL;

        if (entry == NULL || what < 6) {
            if (depth < GROWTH_DEPTH) {
                mwt_put_random(source, type, map, new_depth(depth));
            }
        } else if (what < 10) {
            mwt_empty(source->place, type->elem, entry);
            close_gap(type, map, at);
        } else if (what < 12) {
            rename_entry(source, type, map, at);
        } else if (what == 12) {
            mwt_empty(source->place, type, map);
        } else {
            mwt_change(source, type->elem->fields[1].type,
                mwi_field_at(&type->elem->fields[1], entry), depth + 1);
        }
    }
}

static void
change_union(const struct mwt_source *source, const mw_type *type, void *value,
    unsigned int depth)
{
    const mw_field *old = mwt_arm(type, value);
    int64_t tag = mwt_random_tag(source->prng, type);
    const mw_field *arm = mwt_arm_of_tag(type, tag);

    if (old != NULL && mwt_chance(source->prng, 60)) {
        mwt_change(source, old->type, mwi_field_at(old, value), depth);
    } else if (arm == old) {
        /* What is there stays. */
        mwt_store_integer(type->elem, value, tag);
    } else {
        mwt_empty(source->place, type, value);
        mwt_store_integer(type->elem, value, tag);
        if (arm != NULL) {
            mwt_fill_field(source, arm, value, new_depth(depth));
        }
    }
}

/* Something in the box, or another box. */
static void
change_box(const struct mwt_source *source, const mw_type *type, void *value,
    unsigned int depth)
{
    void *pointee = mwt_load_pointer(value);

    if (mwt_chance(source->prng, 80)) {
        mwt_change(source, type->elem, pointee, depth + 1);
    } else {
        mwt_empty(source->place, type, value);
        mwt_fill(source, type, value, new_depth(depth));
    }
}

static bool
is_null_when_absent(const mw_field *field)
{
    return field->type->kind == MW_KIND_STRING ||
           field->type->kind == MW_KIND_BOX;
}

static void
change_field(const struct mwt_source *source, const mw_field *field,
    void *record, unsigned int depth)
{
    void *value = mwi_field_at(field, record);
    bool is_present = mwt_is_present(field, record);

    if ((field->flags & MW_FIELD_OPTIONAL) == 0 ||
        (is_present && mwt_chance(source->prng, 60))) {
        if (field->range != NULL) {
            mwt_fill_field(source, field, record, depth);
        } else {
            mwt_change(source, field->type, value, depth);
        }
    } else if (is_present) {
        if (is_null_when_absent(field)) {
            mwt_empty(source->place, field->type, value);
        } else {
            /* What is there stays, as with has_x = false. */
            mwi_field_set_present(field, record, false);
        }
    } else if (depth < GROWTH_DEPTH) {
        mwt_empty(source->place, field->type, value);
        mwt_fill_field(source, field, record, depth > 0 ? depth : 1);
    }
}

static void
change_members(const struct mwt_source *source, const mw_type *type,
    void *value, unsigned int depth)
{
    size_t times = 1 + mwt_below(source->prng, 3);

    for (size_t i = 0; i < times && type->n_members > 0; i++) {
        size_t at = mwt_below(source->prng, type->n_members);

        change_field(source, &type->fields[at], value, depth);
    }
}

void
mwt_change(const struct mwt_source *source, const mw_type *type, void *value,
    unsigned int depth)
{
    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        change_text(source, type, value);
        break;
    case MW_KIND_STRUCT:
        change_members(source, type, value, depth);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        change_items(source, type, value, depth);
        break;
    case MW_KIND_MAP:
        change_map(source, type, value, depth);
        break;
    case MW_KIND_UNION:
        change_union(source, type, value, depth);
        break;
    case MW_KIND_BOX:
        change_box(source, type, value, depth);
        break;
    default:
        mwt_fill(source, type, value, depth);
        break;
    }
}

void
mwt_mutate(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *value)
{
    size_t room = MWT_ROOM;
    struct mwt_source source = { .prng = prng, .place = place, .room = &room };

    mwt_change(&source, type, value, 0);
}

void
mwt_mutate_object(struct mwt_prng *prng, const mw_type *type, void *obj)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    mwt_mutate(prng, &heap, type, obj);
}
