/* SPDX-License-Identifier: MIT */
#include "kinds.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

#define TYPE(c_type, text, its_kind, its_flags)               \
    .name = (text), .kind = (its_kind), .flags = (its_flags), \
    .size = sizeof(c_type), .align = _Alignof(c_type)
#define FIELD(record, member, its_id, its_type, its_flags)        \
    {                                                             \
        .name = #member, .type = &(its_type), .id = (its_id),     \
        .offset = offsetof(record, member), .flags = (its_flags), \
    }
#define MEMBERS(its_fields) \
    .n_members = COUNT(its_fields), .fields = (its_fields)
/* map<…> with its entry. */
#define MAP(entry, c_type, text, key_type, value_type)                         \
    static const mw_field entry##_fields[] = {                                 \
        FIELD(entry, key, 0, key_type, MW_FIELD_KEY),                          \
        FIELD(entry, value, 1, value_type, 0),                                 \
    };                                                                         \
    static const mw_type entry##_type = {                                      \
        TYPE(entry, text " entry", MW_KIND_STRUCT, 0), MEMBERS(entry##_fields) \
    };                                                                         \
    const mw_type c_type##_type = { TYPE(c_type, text, MW_KIND_MAP, 0),        \
        .elem = &entry##_type }

static const mw_enumerator figure_kinds[] = {
    { "NONE", FIGURE_NONE },
    { "CIRCLE", FIGURE_CIRCLE },
    { "LABEL", FIGURE_LABEL },
    { "ITEM", FIGURE_ITEM },
};

static const mw_type figure_kind_type = {
    TYPE(figure_kind, "test::FigureKind", MW_KIND_ENUM, MW_TYPE_FLAT),
    .n_members = COUNT(figure_kinds),
    .enumerators = figure_kinds,
};

static const mw_field circle_fields[] = {
    FIELD(circle, x, 0, mw_type_i32, 0),
    FIELD(circle, y, 1, mw_type_i32, 0),
    FIELD(circle, r, 2, mw_type_i32, 0),
};

const mw_type circle_type = {
    TYPE(circle, "test::Circle", MW_KIND_STRUCT, MW_TYPE_FLAT),
    MEMBERS(circle_fields),
};

static const mw_field figure_fields[] = {
    FIELD(figure, round, 0, circle_type, 0),
    FIELD(figure, label, 1, mw_type_string, 0),
    FIELD(figure, thing, 2, item_type, 0),
};

static const mw_case figure_cases[] = {
    { FIGURE_CIRCLE, 0 },
    { FIGURE_LABEL, 1 },
    { FIGURE_ITEM, 2 },
};

const mw_type figure_type = {
    TYPE(figure, "test::Figure", MW_KIND_UNION, 0),
    MEMBERS(figure_fields),
    .elem = &figure_kind_type,
    .cases = figure_cases,
    .n_cases = COUNT(figure_cases),
    .default_arm = MW_NO_ARM,
};

const mw_type seq_figure_type = {
    TYPE(seq_figure, "sequence<test::Figure>", MW_KIND_SEQ, 0),
    .elem = &figure_type,
};

static const mw_enumerator access_names[] = {
    { "READ", 0 },
    { "WRITE", 1 },
    { "ADMIN", 9 },
};

const mw_type access_bits_type = {
    TYPE(access_bits, "test::Access", MW_KIND_BITMASK, MW_TYPE_FLAT),
    .n_members = COUNT(access_names),
    .enumerators = access_names,
};

MAP(price, price_map, "map<string, double>", mw_type_string, mw_type_f64);
MAP(title, title_map, "map<string, string>", mw_type_string, mw_type_string);
MAP(stock, stock_map, "map<int16, test::Item>", mw_type_i16, item_type);
MAP(side, side_map, "map<boolean, map<string, double>>", mw_type_bool,
    price_map_type);

static const mw_type item_box_type = {
    TYPE(item *, "test::Item", MW_KIND_BOX, 0),
    .elem = &item_type,
};

static const mw_type crate_box_type = {
    TYPE(crate *, "test::Crate", MW_KIND_BOX, 0),
    .elem = &crate_type,
};

static const mw_field crate_fields[] = {
    FIELD(crate, id, 0, mw_type_u32, 0),
    FIELD(crate, main, 1, item_box_type, 0),
    FIELD(crate, spare, 2, item_box_type, MW_FIELD_OPTIONAL),
    FIELD(crate, next, 3, crate_box_type, MW_FIELD_OPTIONAL),
};

const mw_type crate_type = {
    TYPE(crate, "test::Crate", MW_KIND_STRUCT, 0),
    MEMBERS(crate_fields),
};

static const int32_t one = 1;
static const int32_t ten = 10;
static const mw_range one_to_ten = { &one, &ten };

static const mw_field profile_fields[] = {
    FIELD(profile, name, 10, mw_type_string, 0),
    FIELD(profile, age, 3, mw_type_u32, 0),
    {
        .name = "level",
        .type = &mw_type_i32,
        .id = 7,
        .offset = offsetof(profile, level),
        .initial = &one,
        .range = &one_to_ten,
    },
    FIELD(profile, note, 20, mw_type_string, MW_FIELD_OPTIONAL),
};

const mw_type profile_type = {
    TYPE(profile, "test::Profile", MW_KIND_STRUCT, MW_TYPE_MUTABLE),
    MEMBERS(profile_fields),
};

static const mw_field badge_fields[] = {
    FIELD(badge, id, 0, mw_type_u32, 0),
    FIELD(badge, shade, 1, mw_type_u32, 0),
};

const mw_type badge_type = {
    TYPE(badge, "test::Badge", MW_KIND_STRUCT,
        MW_TYPE_FLAT | MW_TYPE_MUTABLE | MW_TYPE_FINAL),
    MEMBERS(badge_fields),
};

static const mw_range from_ten = { &ten, NULL };
static const double zero = 0.0;
static const double whole = 1.0;
static const mw_range zero_to_one = { &zero, &whole };

static const mw_field gauge_fields[] = {
    {
        .name = "level",
        .type = &mw_type_i32,
        .id = 0,
        .offset = offsetof(gauge, level),
        .initial = &ten,
        .range = &from_ten,
    },
    {
        .name = "ratio",
        .type = &mw_type_f64,
        .id = 1,
        .offset = offsetof(gauge, ratio),
        .has_offset = offsetof(gauge, has_ratio),
        .flags = MW_FIELD_OPTIONAL,
        .range = &zero_to_one,
    },
};

const mw_type gauge_type = {
    TYPE(gauge, "test::Gauge", MW_KIND_STRUCT, MW_TYPE_FLAT),
    MEMBERS(gauge_fields),
};

static const mw_field depot_fields[] = {
    FIELD(depot, name, 0, mw_type_string, 0),
    FIELD(depot, sign, 1, figure_type, 0),
    FIELD(depot, figures, 2, seq_figure_type, 0),
    FIELD(depot, rights, 3, access_bits_type, 0),
    FIELD(depot, prices, 4, price_map_type, 0),
    FIELD(depot, titles, 5, title_map_type, 0),
    FIELD(depot, stocks, 6, stock_map_type, 0),
    FIELD(depot, sides, 7, side_map_type, 0),
    FIELD(depot, box, 8, crate_type, 0),
    FIELD(depot, owner, 9, profile_type, 0),
    FIELD(depot, meter, 10, gauge_type, 0),
};

const mw_type depot_type = {
    TYPE(depot, "test::Depot", MW_KIND_STRUCT, 0),
    MEMBERS(depot_fields),
};

static const mw_type seq_knot_type = {
    TYPE(seq_knot, "sequence<test::Knot>", MW_KIND_SEQ, MW_TYPE_REFS),
    .elem = &knot_ref_type,
};

static const mw_field knot_fields[] = {
    FIELD(knot, name, 0, mw_type_string, 0),
    FIELD(knot, next, 1, knot_ref_type, 0),
    FIELD(knot, near, 2, seq_knot_type, 0),
};

const mw_type knot_type = {
    TYPE(knot, "test::Knot", MW_KIND_STRUCT, MW_TYPE_NODE | MW_TYPE_REFS),
    MEMBERS(knot_fields),
};

const mw_type knot_ref_type = {
    TYPE(knot *, "test::Knot", MW_KIND_REF, MW_TYPE_FLAT | MW_TYPE_REFS),
    .elem = &knot_type,
};
