/* SPDX-License-Identifier: MIT */
/*
 * The kinds, one by one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/access.h"
#include "lib/random_type_parts.h"

void *
mwt_take(struct mwt_types *types, size_t n, size_t size)
{
    void *block =
        mwi_arena_alloc(&types->arena, n, size, _Alignof(max_align_t));

    if (block == NULL) {
        abort();
    }
    return block;
}

/* "Stem7" */
const char *
mwt_make_name(struct mwt_types *types, const char *stem, size_t number)
{
    enum { SIZE = 32 };
    char *name = mwt_take(types, SIZE, 1);

    (void) snprintf(name, SIZE, "%s%zu", stem, number);
    return name;
}

/* Basic types are not in the family. */
static bool
is_basic(const mw_type *type)
{
    return type->kind <= MW_KIND_F64 || type->kind == MW_KIND_STRING;
}

unsigned
mwt_height_of(const mw_type *type)
{
    return is_basic(type) ? 0 : mwt_made_of(type)->height;
}

mw_type *
mwt_new_type(struct mwt_types *types, const char *stem, uint32_t kind,
    size_t size, size_t align)
{
    struct mwt_made_type *made = mwt_take(types, 1, sizeof(*made));

    made->type.name = mwt_make_name(types, stem, types->n_made++);
    made->type.kind = kind;
    made->type.size = (uint32_t) size;
    made->type.align = (uint32_t) align;
    made->next = types->made;
    types->made = made;
    return &made->type;
}

/* A type that has others within, whose heights are at most that high. */
static mw_type *
new_container(struct mwt_types *types, const char *stem, uint32_t kind,
    const mw_type *elem, size_t size, size_t align)
{
    mw_type *type = mwt_new_type(types, stem, kind, size, align);

    type->elem = elem;
    mwt_made_of(type)->height = 1 + mwt_height_of(elem);
    return type;
}

static uint32_t
align_up(size_t size, size_t align)
{
    return (uint32_t) ((size + align - 1) & ~(align - 1));
}

static const mw_type *
make_number(struct mwt_types *types)
{
    static const mw_type *const numbers[] = { &mw_type_u8, &mw_type_i8,
        &mw_type_u16, &mw_type_i16, &mw_type_u32, &mw_type_i32, &mw_type_u64,
        &mw_type_i64, &mw_type_f32, &mw_type_f64, &mw_type_bool };

    return numbers[mwt_below(
        types->prng, sizeof(numbers) / sizeof(numbers[0]))];
}

static const mw_type *
make_enum(struct mwt_types *types)
{
    mw_type *type =
        mwt_new_type(types, "Enum", MW_KIND_ENUM, 4, _Alignof(int32_t));
    uint32_t n = 1 + (uint32_t) mwt_below(types->prng, 5);
    mw_enumerator *enumerators = mwt_take(types, n, sizeof(*enumerators));
    int32_t value = mwt_chance(types->prng, 60) ? 0 : -70000;

    for (uint32_t i = 0; i < n; i++) {
        enumerators[i] = (mw_enumerator){ mwt_make_name(types, "E", i), value };
        value += 1 + (int32_t) mwt_below(
                         types->prng, mwt_chance(types->prng, 70) ? 1 : 60000);
    }
    type->n_members = n;
    type->enumerators = enumerators;
    return type;
}

static const mw_type *
make_bitmask(struct mwt_types *types)
{
    size_t size = (size_t) 1 << mwt_below(types->prng, 4);
    mw_type *type = mwt_new_type(types, "Bits", MW_KIND_BITMASK, size, size);
    mw_enumerator *bits = mwt_take(types, 64, sizeof(*bits));

    for (size_t i = 0; i < 8 * size; i++) {
        if (mwt_chance(types->prng, 30)) {
            bits[type->n_members++] =
                (mw_enumerator){ mwt_make_name(types, "B", i), (int32_t) i };
        }
    }
    type->enumerators = bits;
    return type;
}

static const mw_type *
make_string_n(struct mwt_types *types)
{
    size_t bound =
        1 + mwt_below(types->prng, mwt_chance(types->prng, 70) ? 12 : 100);
    mw_type *type = mwt_new_type(types, "Text", MW_KIND_STRING_N, bound + 1, 1);

    type->bound = (uint32_t) bound;
    return type;
}

/* What a map is ordered by, and what a struct may have for its key. */
static const mw_type *
make_key(struct mwt_types *types)
{
    static const mw_type *const keys[] = { &mw_type_u8, &mw_type_i8,
        &mw_type_u16, &mw_type_i16, &mw_type_u32, &mw_type_i32, &mw_type_u64,
        &mw_type_i64, &mw_type_bool };
    size_t what = mwt_below(types->prng, 100);

    if (what < 30 && mwt_allows(types, MW_KIND_STRING)) {
        return &mw_type_string;
    }
    if (what < 45 && mwt_allows(types, MW_KIND_STRING_N)) {
        return make_string_n(types);
    }
    if (what < 55 && mwt_allows(types, MW_KIND_ENUM)) {
        return make_enum(types);
    }
    return keys[mwt_below(types->prng, sizeof(keys) / sizeof(keys[0]))];
}

const mw_type *
mwt_make_leaf(struct mwt_types *types)
{
    size_t what = mwt_below(types->prng, 100);

    if (what < 18 && mwt_allows(types, MW_KIND_STRING)) {
        return &mw_type_string;
    }
    if (what < 28 && mwt_allows(types, MW_KIND_STRING_N)) {
        return make_string_n(types);
    }
    if (what < 36 && mwt_allows(types, MW_KIND_ENUM)) {
        return make_enum(types);
    }
    if (what < 44 && mwt_allows(types, MW_KIND_BITMASK)) {
        return make_bitmask(types);
    }
    if (what < 60 && types->n_valuetypes > 0) {
        size_t i = mwt_below(types->prng, types->n_valuetypes);

        return mwt_chance(types->prng, 12) ? types->uniques[i] : types->refs[i];
    }
    return make_number(types);
}

/* A struct that is being made, or NULL. */
static const mw_type *
pick_open(struct mwt_types *types)
{
    if (types->n_open == 0) {
        return NULL;
    }
    return types->open[mwt_below(types->prng, types->n_open)];
}

/* One more element type, perhaps of a size that is not known yet. */
static const mw_type *
make_elem(struct mwt_types *types, unsigned room)
{
    const mw_type *open = pick_open(types);

    if (open != NULL && mwt_chance(types->prng, 12)) {
        return open;
    }
    return mwt_make(types, room - 1);
}

const mw_type *
mwt_make_seq(struct mwt_types *types, unsigned room)
{
    return new_container(types, "Seq", MW_KIND_SEQ, make_elem(types, room),
        sizeof(struct mwi_seq), _Alignof(struct mwi_seq));
}

const mw_type *
mwt_make_bounded(struct mwt_types *types, uint32_t kind, unsigned room)
{
    const mw_type *elem = mwt_make(types, room - 1);
    size_t bound = 1 + mwt_below(types->prng, elem->size > 64 ? 2 : 6);
    mw_type *type =
        new_container(types, kind == MW_KIND_ARRAY ? "Array" : "Few", kind,
            elem, bound * elem->size, elem->align);

    type->bound = (uint32_t) bound;
    if (kind == MW_KIND_SEQ_N) {
        size_t align =
            elem->align > _Alignof(size_t) ? elem->align : _Alignof(size_t);

        type->align = (uint32_t) align;
        type->size =
            align_up(mwi_seq_n_offset(type) + bound * elem->size, align);
    }
    return type;
}

static bool
needs_has(const mw_field *field)
{
    return (field->flags & MW_FIELD_OPTIONAL) != 0 &&
           field->type->kind != MW_KIND_STRING &&
           field->type->kind != MW_KIND_BOX;
}

/* Give a struct its size and its members their places, as a C compiler
 * would. */
void
mwt_lay_out(mw_type *type, mw_field *fields)
{
    size_t at = 0;
    size_t align = 1;

    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_type *member = fields[i].type;

        if (needs_has(&fields[i])) {
            fields[i].has_offset = (uint32_t) at;
            at += sizeof(bool);
        }
        fields[i].offset = align_up(at, member->align);
        at = fields[i].offset + member->size;
        align = member->align > align ? member->align : align;
    }
    type->align = (uint32_t) align;
    type->size = align_up(at, align);
}

const mw_type *
mwt_make_map(struct mwt_types *types, unsigned room)
{
    const mw_type *value = make_elem(types, room);
    mw_type *entry = mwt_new_type(types, "Entry", MW_KIND_STRUCT, 0, 0);
    mw_field *fields = mwt_take(types, 2, sizeof(*fields));

    fields[0] = (mw_field){
        .name = "key", .type = make_key(types), .flags = MW_FIELD_KEY
    };
    fields[1] = (mw_field){ .name = "value", .type = value, .id = 1 };
    entry->fields = fields;
    entry->n_members = 2;
    mwt_made_of(entry)->height = mwt_height_of(value);
    mwt_made_of(entry)->is_entry = true;
    if (value->size > 0) {
        mwt_lay_out(entry, fields);
    }
    return new_container(types, "Map", MW_KIND_MAP, entry,
        sizeof(struct mwi_seq), _Alignof(struct mwi_seq));
}

/* A box, for a member or an arm. */
const mw_type *
mwt_make_box(struct mwt_types *types, unsigned room, bool is_optional)
{
    const mw_type *open = pick_open(types);
    const mw_type *elem;

    if (open != NULL && is_optional && mwt_chance(types->prng, 40)) {
        elem = open;
    } else {
        do {
            elem = mwt_make(types, room - 1);
        } while (elem->kind == MW_KIND_REF); /* null would be ambiguous */
    }
    return new_container(
        types, "Box", MW_KIND_BOX, elem, sizeof(void *), _Alignof(void *));
}

static int
compare_cases(const void *a, const void *b)
{
    const mw_case *left = a;
    const mw_case *right = b;

    return (left->tag > right->tag) - (left->tag < right->tag);
}

/* A tag that the discriminator's type can have. */
static int64_t
random_tag(struct mwt_types *types, const mw_type *tag)
{
    uint64_t bits = mwt_chance(types->prng, 70) ? mwt_below(types->prng, 6)
                                                : mwt_next(types->prng);

    switch (tag->kind) {
    case MW_KIND_BOOL:
        return (int64_t) (bits & 1);
    case MW_KIND_U8:
        return (uint8_t) bits;
    case MW_KIND_I8:
        return (int8_t) bits;
    case MW_KIND_U16:
        return (uint16_t) bits;
    case MW_KIND_I16:
        return (int16_t) bits;
    case MW_KIND_U32:
        return (uint32_t) bits;
    case MW_KIND_I32:
        return (int32_t) bits;
    case MW_KIND_ENUM:
        return tag->enumerators[bits % tag->n_members].value;
    default:
        return (int64_t) (bits & INT64_MAX);
    }
}

/* Tags for the arms: at most two for each, in order, no two the same. */
static void
make_cases(struct mwt_types *types, mw_type *type)
{
    mw_case *cases =
        mwt_take(types, 2 * (size_t) type->n_members, sizeof(*cases));
    uint32_t n = 0;

    for (uint32_t i = 0; i < 2 * type->n_members; i++) {
        int64_t tag = random_tag(types, type->elem);
        bool is_known = false;

        for (uint32_t k = 0; k < n; k++) {
            is_known = is_known || cases[k].tag == tag;
        }
        if (!is_known && (i < type->n_members || mwt_chance(types->prng, 30))) {
            cases[n++] = (mw_case){ tag, i % type->n_members };
        }
    }
    qsort(cases, n, sizeof(*cases), compare_cases);
    type->cases = cases;
    type->n_cases = n;
    type->default_arm = MW_NO_ARM;
    if (mwt_chance(types->prng, 40)) {
        type->default_arm = (uint32_t) mwt_below(types->prng, type->n_members);
    }
}

static const mw_type *
make_tag(struct mwt_types *types)
{
    static const mw_type *const tags[] = { &mw_type_bool, &mw_type_u8,
        &mw_type_i8, &mw_type_u16, &mw_type_i16, &mw_type_u32, &mw_type_i32,
        &mw_type_u64, &mw_type_i64 };

    if (mwt_allows(types, MW_KIND_ENUM) && mwt_chance(types->prng, 40)) {
        return make_enum(types);
    }
    return tags[mwt_below(types->prng, sizeof(tags) / sizeof(tags[0]))];
}

const mw_type *
mwt_make_union(struct mwt_types *types, unsigned room)
{
    const mw_type *tag = make_tag(types);
    uint32_t n = 1 + (uint32_t) mwt_below(types->prng, 4);
    mw_field *arms = mwt_take(types, n, sizeof(*arms));
    unsigned height = 0;
    size_t align = 1;
    size_t size = 0;
    mw_type *type;

    for (uint32_t i = 0; i < n; i++) {
        bool is_box =
            mwt_allows(types, MW_KIND_BOX) && mwt_chance(types->prng, 10);
        const mw_type *arm = is_box && room > 1
                                 ? mwt_make_box(types, room - 1, false)
                                 : mwt_make(types, room - 1);

        arms[i] =
            (mw_field){ .name = mwt_make_name(types, "arm", i), .type = arm };
        arms[i].id = i;
        height = mwt_height_of(arm) > height ? mwt_height_of(arm) : height;
        align = arm->align > align ? arm->align : align;
        size = arm->size > size ? arm->size : size;
    }
    type = mwt_new_type(types, "Union", MW_KIND_UNION, 0, 0);
    for (uint32_t i = 0; i < n; i++) {
        arms[i].offset = align_up(tag->size, align);
    }
    mwt_made_of(type)->height = height + 1;
    type->elem = tag;
    type->fields = arms;
    type->n_members = n;
    size = align_up(align_up(tag->size, align) + size, align);
    type->align = (uint32_t) (align > tag->align ? align : tag->align);
    type->size = align_up(size, type->align);
    make_cases(types, type);
    return type;
}
