/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lib/random_parts.h"
#include "lib/random_text.h"
#include "lib/value.h"

void *
mwt_must(void *block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

/* Numbers on the borders of the encodings' lengths and of the C types, and
 * numbers of any magnitude. */
static uint64_t
random_bits(struct mwt_prng *prng)
{
    static const uint64_t borders[] = { 0, 1, 23, 24, 0x7f, 0x80, 0xff, 0x100,
        0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
        0x100000000, INT64_MAX, (uint64_t) INT64_MAX + 1, UINT64_MAX };

    if (mwt_chance(prng, 40)) {
        uint64_t bits =
            borders[mwt_below(prng, sizeof(borders) / sizeof(borders[0]))];

        return mwt_chance(prng, 30) ? ~bits : bits;
    }
    return mwt_next(prng) >> mwt_below(prng, 64);
}

static void
fill_float(struct mwt_prng *prng, uint32_t kind, void *ret_value)
{
    static const double few[] = { 0.0, -0.0, 1.0, -1.5, 65504.0, 1e38, 0.1 };
    uint64_t bits = mwt_next(prng);
    double f64 = few[mwt_below(prng, sizeof(few) / sizeof(few[0]))];
    float f32 = (float) f64;
    bool is_usual = mwt_chance(prng, 70);

    if (kind == MW_KIND_F64) {
        memcpy(ret_value, is_usual ? (void *) &f64 : &bits, sizeof(f64));
    } else {
        memcpy(ret_value, is_usual ? (void *) &f32 : &bits, sizeof(f32));
    }
}

static void
fill_scalar(struct mwt_prng *prng, const mw_type *type, void *ret_value)
{
    uint64_t bits = random_bits(prng);
    bool truth = (bits & 1) != 0;
    int32_t number;

    switch (type->kind) {
    case MW_KIND_BOOL:
        memcpy(ret_value, &truth, sizeof(truth));
        break;
    case MW_KIND_ENUM:
        number = type->enumerators[mwt_below(prng, type->n_members)].value;
        memcpy(ret_value, &number, sizeof(number));
        break;
    case MW_KIND_F32:
    case MW_KIND_F64:
        fill_float(prng, type->kind, ret_value);
        break;
    default:
        mwt_store_integer(type, ret_value, (int64_t) bits);
        break;
    }
}

/* A number that has to be within a range: often one of the borders. */
static void
fill_ranged(struct mwt_prng *prng, const mw_type *type, const mw_range *range,
    void *ret_value)
{
    const void *border = range->min != NULL ? range->min : range->max;

    fill_scalar(prng, type, ret_value);
    if (range->max != NULL && mwt_chance(prng, 50)) {
        border = range->max;
    }
    if (range->min != NULL && range->max != NULL && mwt_chance(prng, 60) &&
        type->kind != MW_KIND_F32 && type->kind != MW_KIND_F64) {
        uint64_t min = (uint64_t) mwt_load_integer(type, range->min);
        uint64_t max = (uint64_t) mwt_load_integer(type, range->max);

        mwt_store_integer(type, ret_value,
            (int64_t) (min + mwt_below(prng, (size_t) (max - min + 1))));
    } else if (!mwt_is_in_range(type, range, ret_value) ||
               mwt_chance(prng, 20)) {
        memcpy(ret_value, border, type->size);
    }
}

void
mwt_set_text(struct mwi_place *place, const mw_type *type, void *value,
    const char *text, size_t len)
{
    char *copy;

    text = text != NULL ? text : "";
    if (type->kind == MW_KIND_STRING_N) {
        len = mwt_text_cut(text, len, type->bound);
        /* The bytes behind the NUL mean nothing. */
        memset(value, 0xa5, type->size);
        memcpy(value, text, len);
        ((char *) value)[len] = '\0';
        return;
    }
    copy = mwt_must(mwi_place_strndup(place, text, len));
    if (place->arena == NULL) {
        mwi_free(mwi_load_string(value));
    }
    mwi_store_string(value, copy);
}

static void
fill_text(const struct mwt_source *source, const mw_type *type, void *ret_value,
    bool may_be_null)
{
    struct mwt_text text = { 0 };
    bool is_null = mwt_chance(source->prng, 8);

    mwt_text_append_random(
        source->prng, &text, mwt_text_random_len(source->prng));
    if (!is_null || !may_be_null || type->kind == MW_KIND_STRING_N) {
        mwt_set_text(source->place, type, ret_value, text.bytes, text.len);
    }
    mwt_text_fini(&text);
}

static size_t
random_len(struct mwt_prng *prng, const mw_type *elem, unsigned int depth)
{
    size_t max =
        depth < 4 ? (size_t) (elem->size > 100 ? 8 : 24) >> 2 * depth : 0;

    if (depth >= MWT_DEPTH_MAX || mwt_chance(prng, 15)) {
        return 0;
    }
    if (mwi_kind_is_number(elem->kind)) {
        max = mwt_chance(prng, 5) ? 2000 : 40;
    } else if (depth <= 1 && elem->size <= 100 && mwt_chance(prng, 3)) {
        max = 300;
    }
    return mwt_below(prng, max + 2);
}

/* The same, while there is room. */
static size_t
take_len(
    const struct mwt_source *source, const mw_type *elem, unsigned int depth)
{
    size_t n = random_len(source->prng, elem, depth);

    n = n < *source->room ? n : *source->room;
    *source->room -= n;
    return n;
}

static void
fill_items(const struct mwt_source *source, const mw_type *type,
    void *ret_value, unsigned int depth)
{
    struct mwt_prng *prng = source->prng;
    const mw_type *elem = type->elem;
    struct mwi_items items;

    if (type->kind == MW_KIND_SEQ) {
        struct mwi_seq seq = { .len = take_len(source, elem, depth) };

        seq.cap = seq.len + mwt_below(prng, 3);
        if (seq.cap > 0) {
            seq.items = mwt_must(mwi_place_alloc(
                source->place, seq.cap, elem->size, elem->align));
        }
        mwi_store_seq(ret_value, seq);
    } else if (type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(ret_value, mwt_below(prng, (size_t) type->bound + 1));
    }
    items = mwt_items(type, ret_value);
    for (size_t i = 0; i < items.len; i++) {
        mwt_fill(source, elem, items.at + i * elem->size, depth + 1);
    }
}

static void
fill_map(const struct mwt_source *source, const mw_type *type, void *ret_value,
    unsigned int depth)
{
    size_t n = take_len(source, type->elem, depth);

    for (size_t i = 0; i < n; i++) {
        mwt_put_random(source, type, ret_value, depth);
    }
}

/* Room for an entry of a map, zeroed. */
static unsigned char *
open_gap(struct mwi_place *place, const mw_type *type, void *value, size_t at)
{
    struct mwi_seq seq = mwi_load_seq(value);
    size_t size = type->elem->size;
    unsigned char *items = seq.items;

    if (seq.len == seq.cap) {
        seq.cap = 2 * seq.cap + 1;
        seq.items =
            mwt_must(mwi_place_alloc(place, seq.cap, size, type->elem->align));
        if (seq.len > 0) {
            memcpy(seq.items, items, seq.len * size);
        }
        if (place->arena == NULL) {
            mwi_free(items);
        }
        items = seq.items;
    }
    memmove(items + (at + 1) * size, items + at * size, (seq.len - at) * size);
    memset(items + at * size, 0, size);
    seq.len++;
    mwi_store_seq(value, seq);
    return items + at * size;
}

bool
mwt_map_find(
    const mw_type *type, const void *map, const void *key, size_t *ret_at)
{
    const mw_field *field = &type->elem->fields[0];
    struct mwi_items items = mwt_items(type, map);
    size_t at = 0;
    int order = -1;

    for (; at < items.len; at++) {
        order = mwt_compare(field->type,
            mwi_field_at(field, items.at + at * type->elem->size), key);
        if (order >= 0) {
            break;
        }
    }
    *ret_at = at;
    return at < items.len && order == 0;
}

void
mwt_map_insert(const struct mwt_source *source, const mw_type *type, void *map,
    size_t at, const void *key, const void *value)
{
    const mw_field *fields = type->elem->fields;
    unsigned char *entry = open_gap(source->place, type, map, at);

    memcpy(mwi_field_at(&fields[0], entry), key, fields[0].type->size);
    if (value != NULL) {
        memcpy(mwi_field_at(&fields[1], entry), value, fields[1].type->size);
    }
}

void *
mwt_random_key(const struct mwt_source *source, const mw_type *type)
{
    const mw_type *key = type->elem->fields[0].type;
    void *bytes = mwt_must(calloc(1, key->size));

    mwt_fill(source, key, bytes, MWT_DEPTH_MAX);
    return bytes;
}

void
mwt_put_random(const struct mwt_source *source, const mw_type *type, void *map,
    unsigned int depth)
{
    const mw_field *fields = type->elem->fields;
    void *key = mwt_random_key(source, type);
    size_t at;

    if (mwt_map_find(type, map, key, &at)) {
        mwt_empty(source->place, fields[0].type, key);
    } else {
        unsigned char *items;

        mwt_map_insert(source, type, map, at, key, NULL);
        items = mwt_items(type, map).at;
        mwt_fill(source, fields[1].type,
            mwi_field_at(&fields[1], items + at * type->elem->size), depth + 1);
    }
    free(key);
}

int64_t
mwt_random_tag(struct mwt_prng *prng, const mw_type *type)
{
    uint64_t bytes;

    if (type->n_cases > 0 && mwt_chance(prng, 75)) {
        return type->cases[mwt_below(prng, type->n_cases)].tag;
    }
    fill_scalar(prng, type->elem, &bytes);
    return mwt_load_integer(type->elem, &bytes);
}

static void
fill_union(const struct mwt_source *source, const mw_type *type,
    void *ret_value, unsigned int depth)
{
    const mw_field *arm;

    mwt_store_integer(
        type->elem, ret_value, mwt_random_tag(source->prng, type));
    arm = mwt_arm(type, ret_value);
    if (arm != NULL) {
        mwt_fill_field(source, arm, ret_value, depth);
    }
}

static void
fill_box(const struct mwt_source *source, const mw_type *type, void *ret_value,
    unsigned int depth)
{
    void *pointee = mwt_must(
        mwi_place_alloc(source->place, 1, type->elem->size, type->elem->align));

    mwt_store_pointer(ret_value, pointee);
    mwt_fill(source, type->elem, pointee, depth + 1);
}

void
mwt_fill_field(const struct mwt_source *source, const mw_field *field,
    void *record, unsigned int depth)
{
    void *value = mwi_field_at(field, record);
    bool is_optional = (field->flags & MW_FIELD_OPTIONAL) != 0;

    if (field->type->kind == MW_KIND_STRING) {
        fill_text(source, field->type, value, !is_optional);
    } else if (field->range != NULL) {
        fill_ranged(source->prng, field->type, field->range, value);
    } else {
        mwt_fill(source, field->type, value, depth);
    }
    if (field->type->kind != MW_KIND_BOX) {
        mwi_field_set_present(field, record, true);
    }
}

static void
fill_members(const struct mwt_source *source, const mw_type *type,
    void *ret_value, unsigned int depth)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        bool may_be_absent = (field->flags & MW_FIELD_OPTIONAL) != 0;

        /* Boxes that hold their own struct must come to an end. */
        if (!may_be_absent ||
            (mwt_chance(source->prng, 60) && depth < MWT_DEPTH_MAX)) {
            mwt_fill_field(source, field, ret_value, depth);
        }
    }
}

void
mwt_fill(const struct mwt_source *source, const mw_type *type, void *ret_value,
    unsigned int depth)
{
    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        fill_text(source, type, ret_value, true);
        break;
    case MW_KIND_STRUCT:
        fill_members(source, type, ret_value, depth);
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        fill_items(source, type, ret_value, depth);
        break;
    case MW_KIND_MAP:
        fill_map(source, type, ret_value, depth);
        break;
    case MW_KIND_UNION:
        fill_union(source, type, ret_value, depth);
        break;
    case MW_KIND_BOX:
        fill_box(source, type, ret_value, depth);
        break;
    case MW_KIND_REF:
        mwt_store_pointer(ret_value, mwt_pick_node(source, type));
        break;
    default:
        fill_scalar(source->prng, type, ret_value);
        break;
    }
}

void
mwt_random(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    size_t room = MWT_ROOM;
    struct mwt_source source = { .prng = prng, .place = place, .room = &room };

    mwt_fill(&source, type, ret_value, 0);
}

void
mwt_random_object(struct mwt_prng *prng, const mw_type *type, void *ret_obj)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    memset(ret_obj, 0, type->size);
    mwt_random(prng, &heap, type, ret_obj);
}
