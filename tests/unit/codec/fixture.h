/* SPDX-License-Identifier: MIT */
/*
 * Types of every kind, with descriptors written by hand.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "mw/desc.h"
#include "mw/seq.h"

typedef enum colour {
    COLOUR_RED = -5,
    COLOUR_GREEN = 0,
    COLOUR_BLUE = 70000,
} colour;

/* A struct that owns nothing. */
typedef struct point {
    double x;
    float y;
    bool has_label;
    char label[9]; /* string<8> */
} point;

MW_SEQ(seq_point, point);
MW_SEQ(seq_colour, colour);

/* @final */
typedef struct pair {
    int8_t first;
    uint16_t second;
} pair;

/* An element with strings and defaults. */
typedef struct line {
    char *sku;      /* @default "none" */
    uint32_t count; /* @default 1 */
    char *note;     /* @optional */
    bool has_where;
    point where; /* @optional */
} line;

MW_SEQ(seq_line, line);
MW_SEQ(seq_seq_i16, mw_seq_i16);

typedef struct seq_line_3 {
    size_t len;
    line items[3];
} seq_line_3;

typedef struct seq_u8_5 {
    size_t len;
    uint8_t items[5];
} seq_u8_5;

/* All scalars. */
typedef struct scalars {
    bool b;
    uint8_t u8;
    int8_t i8;
    uint16_t u16;
    int16_t i16;
    uint32_t u32;
    int32_t i32;
    uint64_t u64;
    int64_t i64;
    float f32;
    double f64;
    colour c;
} scalars;

/* All that is made of them. */
typedef struct order {
    uint64_t id;
    char *customer;
    char tag[5]; /* string<4>, @default "new" */
    scalars values;
    seq_line lines;
    seq_line_3 few;
    line both[2];
    pair ends;
    seq_u8_5 key;
    int32_t grid[2][3];
    mw_seq_bool flags;
    mw_seq_u8 bytes;
    mw_seq_i8 i8;
    mw_seq_u16 u16;
    mw_seq_i16 i16;
    mw_seq_u32 u32;
    mw_seq_i32 i32;
    mw_seq_u64 u64;
    mw_seq_i64 i64;
    mw_seq_f32 f32;
    mw_seq_f64 f64;
    mw_seq_string names;
    seq_colour colours;
    seq_point points;
    seq_seq_i16 rows;
    bool has_limit;
    int64_t limit; /* @optional */
    bool has_extra;
    mw_seq_string extra; /* @optional */
} order;

extern const mw_type colour_type;
extern const mw_type point_type;
extern const mw_type seq_point_type;
extern const mw_type seq_colour_type;
extern const mw_type pair_type;
extern const mw_type line_type;
extern const mw_type seq_line_type;
extern const mw_type seq_line_3_type;
extern const mw_type array_line_2_type;
extern const mw_type seq_u8_5_type;
extern const mw_type array_i32_3_type;
extern const mw_type grid_type;
extern const mw_type seq_seq_i16_type;
extern const mw_type string_4_type;
extern const mw_type string_8_type;
extern const mw_type scalars_type;
extern const mw_type order_type;

#endif
