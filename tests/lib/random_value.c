/* SPDX-License-Identifier: MIT */
#include "lib/random_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/access.h"
#include "codec/seq.h"
#include "lib/random_text.h"

enum { DEPTH_MAX = 8 }; /* below which sequences are empty */

static void fill(struct mwt_prng *prng, struct mwi_place *place,
    const mw_type *type, void *ret_value, unsigned int depth);

static void *
must(void *block)
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
    uint64_t u64 = random_bits(prng);
    uint32_t u32 = (uint32_t) u64;
    uint16_t u16 = (uint16_t) u64;
    uint8_t u8 = (uint8_t) u64;
    bool truth = (u64 & 1) != 0;
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
    case MW_KIND_U8:
    case MW_KIND_I8:
        memcpy(ret_value, &u8, sizeof(u8));
        break;
    case MW_KIND_U16:
    case MW_KIND_I16:
        memcpy(ret_value, &u16, sizeof(u16));
        break;
    case MW_KIND_U32:
    case MW_KIND_I32:
        memcpy(ret_value, &u32, sizeof(u32));
        break;
    default:
        memcpy(ret_value, &u64, sizeof(u64));
        break;
    }
}

/* Put a text into a STRING or STRING_N, which loses what it had. */
static void
set_text(struct mwi_place *place, const mw_type *type, void *value,
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
    copy = must(mwi_place_strndup(place, text, len));
    if (place->arena == NULL) {
        mwi_free(mwi_load_string(value));
    }
    mwi_store_string(value, copy);
}

static void
fill_text(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *ret_value, bool may_be_null)
{
    struct mwt_text text = { 0 };
    bool is_null = mwt_chance(prng, 8);

    mwt_text_append_random(prng, &text, mwt_text_random_len(prng));
    if (!is_null || !may_be_null || type->kind == MW_KIND_STRING_N) {
        set_text(place, type, ret_value, text.bytes, text.len);
    }
    mwt_text_fini(&text);
}

static size_t
random_len(struct mwt_prng *prng, const mw_type *elem, unsigned int depth)
{
    size_t max = (size_t) 24 >> 2 * depth;

    if (depth >= DEPTH_MAX || mwt_chance(prng, 15)) {
        return 0;
    }
    if (mwi_kind_is_number(elem->kind)) {
        max = mwt_chance(prng, 5) ? 2000 : 40;
    } else if (depth <= 1 && mwt_chance(prng, 3)) {
        max = 300;
    }
    return mwt_below(prng, max + 2);
}

static void
fill_items(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *ret_value, unsigned int depth)
{
    const mw_type *elem = type->elem;
    struct mwi_items items;

    if (type->kind == MW_KIND_SEQ) {
        struct mwi_seq seq = { .len = random_len(prng, elem, depth) };

        seq.cap = seq.len + mwt_below(prng, 3);
        if (seq.cap > 0) {
            seq.items =
                must(mwi_place_alloc(place, seq.cap, elem->size, elem->align));
        }
        mwi_store_seq(ret_value, seq);
    } else if (type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(ret_value, mwt_below(prng, (size_t) type->bound + 1));
    }
    items = mwi_items_of(type, ret_value);
    for (size_t i = 0; i < items.len; i++) {
        fill(prng, place, elem, items.at + i * elem->size, depth + 1);
    }
}

static void
fill_field(struct mwt_prng *prng, struct mwi_place *place,
    const mw_field *field, void *record, unsigned int depth)
{
    void *value = mwi_field_at(field, record);
    bool is_optional = (field->flags & MW_FIELD_OPTIONAL) != 0;

    if (is_optional && mwt_chance(prng, 40)) {
        return;
    }
    mwi_field_set_present(field, record, true);
    if (field->type->kind == MW_KIND_STRING) {
        fill_text(prng, place, field->type, value, !is_optional);
    } else {
        fill(prng, place, field->type, value, depth);
    }
}

static void
fill(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *ret_value, unsigned int depth)
{
    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        fill_text(prng, place, type, ret_value, true);
        break;
    case MW_KIND_STRUCT:
        for (uint32_t i = 0; i < type->n_members; i++) {
            fill_field(prng, place, &type->fields[i], ret_value, depth);
        }
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        fill_items(prng, place, type, ret_value, depth);
        break;
    default:
        fill_scalar(prng, type, ret_value);
        break;
    }
}

void
mwt_random(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *ret_value)
{
    fill(prng, place, type, ret_value, 0);
}

void
mwt_random_object(struct mwt_prng *prng, const mw_type *type, void *ret_obj)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    memset(ret_obj, 0, type->size);
    mwt_random(prng, &heap, type, ret_obj);
}

/* From here on: mutations. */

/* Empty a value to fill it anew. */
static void
empty(struct mwi_place *place, const mw_type *type, void *value)
{
    if (place->arena == NULL) {
        mwi_clear(type, value);
    } else {
        memset(value, 0, type->size);
    }
}

static void
mutate_text(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *value)
{
    struct mwt_text text = { 0 };
    size_t len;
    const char *old = mwi_text_of(type, value, &len);

    if (len > 0 && mwt_chance(prng, 30)) {
        /* As a handler would with text[i] = 'x'. */
        mwt_text_poke(prng, (char *) (uintptr_t) old, len);
        return;
    }
    mwt_text_edit(prng, &text, old, len);
    set_text(place, type, value, text.bytes, text.len);
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
refill_run(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    struct mwi_items items)
{
    size_t size = type->elem->size;
    size_t at = mwt_below(prng, items.len);
    size_t end = at + 1 + mwt_below(prng, 5);

    for (; at < end && at < items.len; at++) {
        empty(place, type->elem, items.at + at * size);
        fill(prng, place, type->elem, items.at + at * size, DEPTH_MAX - 1);
    }
}

static void
insert_items(struct mwt_prng *prng, struct mwi_place *place,
    const mw_type *type, void *value, size_t len)
{
    size_t size = type->elem->size;
    size_t at = mwt_below(prng, len + 1);
    size_t n = 1 + mwt_below(prng, mwt_chance(prng, 80) ? 3 : 20);
    unsigned char *items;

    if (type->kind == MW_KIND_SEQ_N && n > type->bound - len) {
        n = type->bound - len;
    }
    if (n == 0) {
        return;
    }
    items = must(mwi_seq_insert(place, type, value, at, n));
    for (size_t i = 0; i < n; i++) {
        empty(place, type->elem, items + i * size);
        fill(prng, place, type->elem, items + i * size, DEPTH_MAX - 1);
    }
}

static void
mutate_length(struct mwt_prng *prng, struct mwi_place *place,
    const mw_type *type, void *value)
{
    size_t len = mwi_items_of(type, value).len;
    size_t n = 1 + mwt_below(prng, 4);

    if (len == 0 || mwt_chance(prng, 55)) {
        insert_items(prng, place, type, value, len);
    } else if (mwt_chance(prng, 95)) {
        mwi_seq_remove(
            place->arena == NULL, type, value, mwt_below(prng, len), n);
    } else {
        mwi_seq_remove(place->arena == NULL, type, value, 0, len);
    }
}

static void
mutate_items(struct mwt_prng *prng, struct mwi_place *place,
    const mw_type *type, void *value)
{
    size_t size = type->elem->size;
    size_t times = 1 + mwt_below(prng, 3);

    for (size_t i = 0; i < times; i++) {
        struct mwi_items items = mwi_items_of(type, value);
        size_t a = mwt_below(prng, items.len);
        size_t b = mwt_below(prng, items.len);
        size_t what = mwt_below(prng, 10);

        if (type->kind != MW_KIND_ARRAY && (items.len == 0 || what < 4)) {
            mutate_length(prng, place, type, value);
        } else if (items.len == 0) {
            return;
        } else if (what < 7) {
            mwt_mutate(prng, place, type->elem, items.at + a * size);
        } else if (what == 7) {
            swap_items(items, size, a, b);
        } else if (what == 8) {
            move_item(items, size, a, b);
        } else {
            refill_run(prng, place, type, items);
        }
    }
}

static void
mutate_field(struct mwt_prng *prng, struct mwi_place *place,
    const mw_field *field, void *record)
{
    void *value = mwi_field_at(field, record);
    bool is_present = mwi_field_is_present(field, record);

    if ((field->flags & MW_FIELD_OPTIONAL) == 0 ||
        (is_present && mwt_chance(prng, 60))) {
        mwt_mutate(prng, place, field->type, value);
    } else if (is_present) {
        if (field->type->kind == MW_KIND_STRING) {
            empty(place, field->type, value);
        }
        /* Otherwise what is there stays, as with has_x = false. */
        mwi_field_set_present(field, record, false);
    } else {
        empty(place, field->type, value);
        mwi_field_set_present(field, record, true);
        if (field->type->kind == MW_KIND_STRING) {
            fill_text(prng, place, field->type, value, false);
        } else {
            fill(prng, place, field->type, value, 1);
        }
    }
}

void
mwt_mutate(struct mwt_prng *prng, struct mwi_place *place, const mw_type *type,
    void *value)
{
    size_t times = 1 + mwt_below(prng, 3);

    switch (type->kind) {
    case MW_KIND_STRING:
    case MW_KIND_STRING_N:
        mutate_text(prng, place, type, value);
        break;
    case MW_KIND_STRUCT:
        for (size_t i = 0; i < times && type->n_members > 0; i++) {
            mutate_field(prng, place,
                &type->fields[mwt_below(prng, type->n_members)], value);
        }
        break;
    case MW_KIND_SEQ:
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        mutate_items(prng, place, type, value);
        break;
    default:
        fill_scalar(prng, type, value);
        break;
    }
}

void
mwt_mutate_object(struct mwt_prng *prng, const mw_type *type, void *obj)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    mwt_mutate(prng, &heap, type, obj);
}
