/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

#define FIELD(record, member, its_id, its_type)               \
    {                                                         \
        .name = #member, .type = &(its_type), .id = (its_id), \
        .offset = offsetof(record, member),                   \
    }
#define OPTIONAL(record, member, its_id, its_type)            \
    {                                                         \
        .name = #member, .type = &(its_type), .id = (its_id), \
        .offset = offsetof(record, member),                   \
        .has_offset = offsetof(record, has_##member),         \
        .flags = MW_FIELD_OPTIONAL,                           \
    }
#define STRUCT(record, text, its_flags, its_fields)                   \
    {                                                                 \
        .name = (text), .kind = MW_KIND_STRUCT, .flags = (its_flags), \
        .size = sizeof(record), .align = _Alignof(record),            \
        .n_members = COUNT(its_fields), .fields = (its_fields),       \
    }
#define SEQ(c_type, text, its_elem)                                  \
    {                                                                \
        .name = (text), .kind = MW_KIND_SEQ, .size = sizeof(c_type), \
        .align = _Alignof(c_type), .elem = &(its_elem),              \
    }
#define BOUNDED(its_kind, c_type, text, its_flags, its_elem, its_bound) \
    {                                                                   \
        .name = (text), .kind = (its_kind), .flags = (its_flags),       \
        .size = sizeof(c_type), .align = _Alignof(c_type),              \
        .bound = (its_bound), .elem = (its_elem),                       \
    }

static const mw_enumerator colours[] = {
    { "RED", COLOUR_RED },
    { "GREEN", COLOUR_GREEN },
    { "BLUE", COLOUR_BLUE },
};

const mw_type colour_type = {
    .name = "test::Colour",
    .kind = MW_KIND_ENUM,
    .flags = MW_TYPE_FLAT,
    .size = sizeof(colour),
    .align = _Alignof(colour),
    .n_members = COUNT(colours),
    .enumerators = colours,
};

const mw_type string_4_type =
    BOUNDED(MW_KIND_STRING_N, char[5], "string<4>", MW_TYPE_FLAT, NULL, 4);
const mw_type string_8_type =
    BOUNDED(MW_KIND_STRING_N, char[9], "string<8>", MW_TYPE_FLAT, NULL, 8);

static const mw_field point_fields[] = {
    FIELD(point, x, 0, mw_type_f64),
    FIELD(point, y, 1, mw_type_f32),
    OPTIONAL(point, label, 2, string_8_type),
};

const mw_type point_type =
    STRUCT(point, "test::Point", MW_TYPE_FLAT, point_fields);
const mw_type seq_point_type =
    SEQ(seq_point, "sequence<test::Point>", point_type);
const mw_type seq_colour_type =
    SEQ(seq_colour, "sequence<test::Colour>", colour_type);

static const mw_field pair_fields[] = {
    FIELD(pair, first, 0, mw_type_i8),
    FIELD(pair, second, 1, mw_type_u16),
};

const mw_type pair_type =
    STRUCT(pair, "test::Pair", MW_TYPE_FLAT | MW_TYPE_FINAL, pair_fields);

static const uint32_t one = 1;

static const mw_field line_fields[] = {
    {
        .name = "sku",
        .type = &mw_type_string,
        .offset = offsetof(line, sku),
        .initial = "none",
    },
    {
        .name = "count",
        .type = &mw_type_u32,
        .id = 1,
        .offset = offsetof(line, count),
        .initial = &one,
    },
    {
        .name = "note",
        .type = &mw_type_string,
        .id = 2,
        .offset = offsetof(line, note),
        .flags = MW_FIELD_OPTIONAL,
    },
    OPTIONAL(line, where, 3, point_type),
};

const mw_type line_type = STRUCT(line, "test::Line", 0, line_fields);
const mw_type seq_line_type = SEQ(seq_line, "sequence<test::Line>", line_type);
const mw_type seq_line_3_type = BOUNDED(
    MW_KIND_SEQ_N, seq_line_3, "sequence<test::Line, 3>", 0, &line_type, 3);
const mw_type array_line_2_type =
    BOUNDED(MW_KIND_ARRAY, line[2], "test::Line[2]", 0, &line_type, 2);
const mw_type seq_u8_5_type = BOUNDED(MW_KIND_SEQ_N, seq_u8_5,
    "sequence<octet, 5>", MW_TYPE_FLAT, &mw_type_u8, 5);
const mw_type array_i32_3_type = BOUNDED(
    MW_KIND_ARRAY, int32_t[3], "int32[3]", MW_TYPE_FLAT, &mw_type_i32, 3);
const mw_type grid_type = BOUNDED(MW_KIND_ARRAY, int32_t[2][3], "int32[2][3]",
    MW_TYPE_FLAT, &array_i32_3_type, 2);
const mw_type seq_seq_i16_type =
    SEQ(seq_seq_i16, "sequence<sequence<int16>>", mw_type_seq_i16);

static const mw_field scalars_fields[] = {
    FIELD(scalars, b, 0, mw_type_bool),
    FIELD(scalars, u8, 1, mw_type_u8),
    FIELD(scalars, i8, 2, mw_type_i8),
    FIELD(scalars, u16, 3, mw_type_u16),
    FIELD(scalars, i16, 4, mw_type_i16),
    FIELD(scalars, u32, 5, mw_type_u32),
    FIELD(scalars, i32, 6, mw_type_i32),
    FIELD(scalars, u64, 7, mw_type_u64),
    FIELD(scalars, i64, 8, mw_type_i64),
    FIELD(scalars, f32, 9, mw_type_f32),
    FIELD(scalars, f64, 10, mw_type_f64),
    FIELD(scalars, c, 11, colour_type),
};

const mw_type scalars_type =
    STRUCT(scalars, "test::Scalars", MW_TYPE_FLAT, scalars_fields);

static const mw_field order_fields[] = {
    FIELD(order, id, 0, mw_type_u64),
    FIELD(order, customer, 1, mw_type_string),
    {
        .name = "tag",
        .type = &string_4_type,
        .id = 2,
        .offset = offsetof(order, tag),
        .initial = "new",
    },
    FIELD(order, values, 3, scalars_type),
    FIELD(order, lines, 4, seq_line_type),
    FIELD(order, few, 5, seq_line_3_type),
    FIELD(order, both, 6, array_line_2_type),
    FIELD(order, ends, 7, pair_type),
    FIELD(order, key, 8, seq_u8_5_type),
    FIELD(order, grid, 9, grid_type),
    FIELD(order, flags, 10, mw_type_seq_bool),
    FIELD(order, bytes, 11, mw_type_seq_u8),
    FIELD(order, i8, 12, mw_type_seq_i8),
    FIELD(order, u16, 13, mw_type_seq_u16),
    FIELD(order, i16, 14, mw_type_seq_i16),
    FIELD(order, u32, 15, mw_type_seq_u32),
    FIELD(order, i32, 16, mw_type_seq_i32),
    FIELD(order, u64, 17, mw_type_seq_u64),
    FIELD(order, i64, 18, mw_type_seq_i64),
    FIELD(order, f32, 19, mw_type_seq_f32),
    FIELD(order, f64, 20, mw_type_seq_f64),
    FIELD(order, names, 21, mw_type_seq_string),
    FIELD(order, colours, 22, seq_colour_type),
    FIELD(order, points, 23, seq_point_type),
    FIELD(order, rows, 24, seq_seq_i16_type),
    OPTIONAL(order, limit, 25, mw_type_i64),
    OPTIONAL(order, extra, 26, mw_type_seq_string),
};

const mw_type order_type = STRUCT(order, "test::Order", 0, order_fields);
