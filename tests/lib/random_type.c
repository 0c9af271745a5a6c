/* SPDX-License-Identifier: MIT */
/*
 * A struct is open while its members are made.  As it has no size yet, members
 * may hold it through sequences, maps and optional boxes only; the entries of
 * such a map get their layout when the struct has got its own.  Whether types
 * are flat and whether they hold references is found out at the end, when all
 * circles are closed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/random_type_parts.h"

enum {
    HEIGHT_MAX = 4, /* containers within each other, by declaration */
    MEMBERS_MAX = 10,
    SIZE_MAX_BYTES = 2000, /* of a type that becomes an element */
};

static const bool truth = true;

static void make_members(
    struct mwt_types *types, mw_type *type, size_t max, unsigned room);

/* The entries that had to wait for a struct's size. */
static void
lay_out_entries(struct mwt_types *types)
{
    for (struct mwt_made_type *m = types->made; m != NULL; m = m->next) {
        if (m->is_entry && m->type.size == 0 &&
            m->type.fields[1].type->size > 0) {
            mwt_lay_out(&m->type, (mw_field *) (uintptr_t) m->type.fields);
        }
    }
}

/* Any composite type. */
static const mw_type *
make_composite(struct mwt_types *types, unsigned room)
{
    size_t what = mwt_below(types->prng, 100);
    mw_type *type;

    if (what < 32 && mwt_allows(types, MW_KIND_SEQ)) {
        return mwt_make_seq(types, room);
    }
    if (what < 42 && mwt_allows(types, MW_KIND_SEQ_N)) {
        return mwt_make_bounded(types, MW_KIND_SEQ_N, room);
    }
    if (what < 50 && mwt_allows(types, MW_KIND_ARRAY)) {
        return mwt_make_bounded(types, MW_KIND_ARRAY, room);
    }
    if (what < 65 && mwt_allows(types, MW_KIND_MAP)) {
        return mwt_make_map(types, room);
    }
    if (what < 78 && mwt_allows(types, MW_KIND_UNION)) {
        return mwt_make_union(types, room);
    }
    type = mwt_new_type(types, "Struct", MW_KIND_STRUCT, 0, 0);
    make_members(types, type, 5, room);
    return type;
}

/* One that there is already, as programs have them. */
static const mw_type *
find_made(struct mwt_types *types, unsigned room)
{
    size_t skip = mwt_below(types->prng, types->n_made);

    for (struct mwt_made_type *m = types->made; m != NULL; m = m->next) {
        bool fits = m->height <= room && m->type.size > 0 &&
                    m->type.size <= SIZE_MAX_BYTES && !m->is_entry &&
                    m->type.kind != MW_KIND_BOX &&
                    m->type.kind != MW_KIND_REF &&
                    (m->type.flags & MW_TYPE_NODE) == 0;

        if (skip > 0) {
            skip--;
        } else if (fits) {
            return &m->type;
        }
    }
    return NULL;
}

/* A type of known size with at most so many containers within each other. */
const mw_type *
mwt_make(struct mwt_types *types, unsigned room)
{
    const mw_type *type = NULL;

    if (mwt_chance(types->prng, 20)) {
        type = find_made(types, room);
    }
    if (type == NULL && room > 0 && mwt_chance(types->prng, 45)) {
        type = make_composite(types, room);
    }
    if (type == NULL || type->size > SIZE_MAX_BYTES) {
        type = mwt_make_leaf(types);
    }
    return type;
}

/* A number that is small enough for every type, in the form of one. */
static const void *
make_number_value(struct mwt_types *types, const mw_type *type, int value)
{
    void *bytes = mwt_take(types, 1, sizeof(uint64_t));
    uint64_t bits = (uint64_t) (int64_t) value;
    float f32 = (float) value;
    double f64 = (double) value;

    if (type->kind == MW_KIND_F32) {
        memcpy(bytes, &f32, sizeof(f32));
    } else if (type->kind == MW_KIND_F64) {
        memcpy(bytes, &f64, sizeof(f64));
    } else if (type->size == 1) {
        memcpy(bytes, &(uint8_t){ (uint8_t) bits }, 1);
    } else if (type->size == 2) {
        memcpy(bytes, &(uint16_t){ (uint16_t) bits }, 2);
    } else if (type->size == 4) {
        memcpy(bytes, &(uint32_t){ (uint32_t) bits }, 4);
    } else {
        memcpy(bytes, &bits, sizeof(bits));
    }
    return bytes;
}

/* @range, @min, @max; with a default where zero is outside. */
static void
make_range(struct mwt_types *types, mw_field *field)
{
    mw_range *range = mwt_take(types, 1, sizeof(*range));
    int min = (int) mwt_below(types->prng, 20);
    int max = min + (int) mwt_below(types->prng, 100);

    if (mwt_chance(types->prng, 70)) {
        range->min = make_number_value(types, field->type, min);
        field->initial = min > 0 ? range->min : NULL;
    }
    if (range->min == NULL || mwt_chance(types->prng, 70)) {
        range->max = make_number_value(types, field->type, max);
    }
    field->range = range;
}

static void
make_initial(struct mwt_types *types, mw_field *field)
{
    const mw_type *type = field->type;

    if ((field->flags & MW_FIELD_OPTIONAL) != 0) {
        return;
    }
    if (type->kind == MW_KIND_STRING ||
        (type->kind == MW_KIND_STRING_N && type->bound >= 3)) {
        field->initial = "def";
    } else if (type->kind == MW_KIND_ENUM) {
        field->initial = &type->enumerators[type->n_members - 1].value;
    } else if (type->kind == MW_KIND_BOOL) {
        field->initial = &truth;
    } else if (type->kind <= MW_KIND_F64) {
        field->initial = make_number_value(types, type, 7);
    }
}

static void
make_field(struct mwt_types *types, mw_field *field, size_t i, unsigned room)
{
    bool is_optional = mwt_chance(types->prng, 25);

    field->name = mwt_make_name(types, "f", i);
    if (room > 0 && mwt_allows(types, MW_KIND_BOX) &&
        mwt_chance(types->prng, 12)) {
        field->type = mwt_make_box(types, room, is_optional);
    } else {
        field->type = mwt_make(types, room);
    }
    if (is_optional && field->type->kind != MW_KIND_REF) {
        field->flags = MW_FIELD_OPTIONAL;
    }
    if ((types->kinds & MWT_RANGES) != 0 && mwt_chance(types->prng, 25) &&
        field->type->kind <= MW_KIND_F64 && field->type->kind != MW_KIND_BOOL) {
        make_range(types, field);
    } else if (mwt_chance(types->prng, 25)) {
        make_initial(types, field);
    }
}

/* Positions, or numbers in no order. */
static void
make_ids(struct mwt_types *types, mw_field *fields, uint32_t n)
{
    bool are_positions = mwt_chance(types->prng, 70);
    uint32_t start = are_positions ? 0 : (uint32_t) mwt_below(types->prng, 300);

    for (uint32_t i = 0; i < n; i++) {
        fields[i].id = are_positions ? i : start + 3 * i;
    }
    for (uint32_t i = 0; !are_positions && i + 1 < n; i++) {
        uint32_t other = i + (uint32_t) mwt_below(types->prng, n - i);
        uint32_t id = fields[i].id;

        fields[i].id = fields[other].id;
        fields[other].id = id;
    }
}

/* Make a member the key, if one is suited. */
static void
choose_key(struct mwt_types *types, mw_field *fields, uint32_t n)
{
    uint32_t at = (uint32_t) mwt_below(types->prng, n);

    if (mwt_chance(types->prng, 30) && fields[at].flags == 0 &&
        (fields[at].type->kind <= MW_KIND_STRING_N)) {
        fields[at].flags = MW_FIELD_KEY;
    }
}

/* Give a struct one to max members and all that follows from them. */
static void
make_members(struct mwt_types *types, mw_type *type, size_t max, unsigned room)
{
    uint32_t n = 1 + (uint32_t) mwt_below(types->prng, max);
    mw_field *fields = mwt_take(types, n + 1, sizeof(*fields));
    unsigned height = 0;
    bool may_hold_itself = (type->flags & MW_TYPE_NODE) == 0;

    assert(types->n_open < MWT_OPEN_MAX);
    types->open[types->n_open] = type;
    types->n_open += may_hold_itself;
    for (uint32_t i = 0; i < n; i++) {
        make_field(types, &fields[i], i, room - 1);
        if (mwt_height_of(fields[i].type) > height) {
            height = mwt_height_of(fields[i].type);
        }
    }
    types->n_open -= may_hold_itself;
    if ((type->flags & MW_TYPE_NODE) != 0 && mwt_chance(types->prng, 80)) {
        /* A list or a tree. */
        fields[n].name = mwt_make_name(types, "f", n);
        fields[n].type = mwt_made_of(type)->ref;
        n++;
    }
    mwt_made_of(type)->height = height + 1;
    make_ids(types, fields, n);
    choose_key(types, fields, n);
    type->fields = fields;
    type->n_members = n;
    if ((types->kinds & MWT_MUTABLE) != 0 && mwt_chance(types->prng, 25)) {
        type->flags |= MW_TYPE_MUTABLE;
    }
    if (mwt_chance(types->prng, 20)) {
        type->flags |= MW_TYPE_FINAL;
    }
    mwt_lay_out(type, fields);
    lay_out_entries(types);
}

/* What the type's parts say about two flags of its own. */
static uint32_t
flags_of(const mw_type *type)
{
    uint32_t flat = MW_TYPE_FLAT;
    uint32_t refs = 0;

    switch (type->kind) {
    case MW_KIND_STRING:
        return 0;
    case MW_KIND_REF:
        return MW_TYPE_FLAT | MW_TYPE_REFS;
    case MW_KIND_SEQ:
    case MW_KIND_MAP:
    case MW_KIND_BOX:
        return type->elem->flags & MW_TYPE_REFS;
    case MW_KIND_SEQ_N:
    case MW_KIND_ARRAY:
        return type->elem->flags & (MW_TYPE_FLAT | MW_TYPE_REFS);
    case MW_KIND_STRUCT:
    case MW_KIND_UNION:
        for (uint32_t i = 0; i < type->n_members; i++) {
            flat &= type->fields[i].type->flags;
            refs |= type->fields[i].type->flags & MW_TYPE_REFS;
        }
        return flat | refs;
    default:
        return MW_TYPE_FLAT;
    }
}

/* Parts come before what holds them, except in circles, which are closed by
 * sequences, maps and boxes: those are not flat whatever they hold. */
static void
set_flags(struct mwt_types *types)
{
    bool is_done = false;

    while (!is_done) {
        is_done = true;
        for (struct mwt_made_type *m = types->made; m != NULL; m = m->next) {
            uint32_t flags = flags_of(&m->type);

            if ((m->type.flags & (MW_TYPE_FLAT | MW_TYPE_REFS)) != flags) {
                m->type.flags &= ~(uint32_t) (MW_TYPE_FLAT | MW_TYPE_REFS);
                m->type.flags |= flags;
                is_done = false;
            }
        }
    }
}

static mw_type *
new_ref(struct mwt_types *types, const char *stem, const mw_type *node)
{
    mw_type *ref = mwt_new_type(
        types, stem, MW_KIND_REF, sizeof(void *), _Alignof(void *));

    ref->elem = node;
    return ref;
}

void
mwt_types_init(struct mwt_types *types, struct mwt_prng *prng, uint32_t kinds)
{
    size_t n = mwt_below(prng, MWT_VALUETYPES_MAX + 1);

    *types = (struct mwt_types){ .prng = prng, .kinds = kinds };
    mwi_arena_init(&types->arena, SIZE_MAX / 2);
    n = mwt_allows(types, MW_KIND_REF) ? n : 0;
    for (size_t i = 0; i < n; i++) {
        mw_type *node = mwt_new_type(types, "Node", MW_KIND_STRUCT, 0, 0);

        node->flags = MW_TYPE_NODE;
        types->valuetypes[i] = node;
        types->refs[i] = new_ref(types, "Ref", node);
        types->uniques[i] = new_ref(types, "Unique", node);
        types->uniques[i]->flags = MW_TYPE_UNIQUE;
        mwt_made_of(node)->ref = types->refs[i];
    }
    types->n_valuetypes = n;
    for (size_t i = 0; i < n; i++) {
        make_members(types, types->valuetypes[i], 5, HEIGHT_MAX - 1);
    }
    set_flags(types);
}

void
mwt_types_fini(struct mwt_types *types)
{
    mwi_arena_fini(&types->arena);
}

const mw_type *
mwt_types_struct(struct mwt_types *types)
{
    mw_type *type = mwt_new_type(types, "Struct", MW_KIND_STRUCT, 0, 0);

    make_members(types, type, MEMBERS_MAX, HEIGHT_MAX);
    set_flags(types);
    return type;
}

const mw_type *
mwt_types_any(struct mwt_types *types)
{
    size_t what = mwt_below(types->prng, 100);
    const mw_type *type;

    if (what < 30 && types->n_valuetypes > 0) {
        return types->refs[mwt_below(types->prng, types->n_valuetypes)];
    }
    if (what < 85) {
        return mwt_types_struct(types);
    }
    type = mwt_make(types, HEIGHT_MAX);
    set_flags(types);
    return type;
}
