/* SPDX-License-Identifier: MIT */
/*
 * A type of each kind that shapes.h does not have: unions, bitmasks, maps,
 * boxes, structs that are maps, numbers with limits, references.
 */
#ifndef KINDS_H
#define KINDS_H

#include "mw/desc.h"
#include "mw/seq.h"

#include "shapes.h"

typedef enum figure_kind {
    FIGURE_NONE = 0,
    FIGURE_CIRCLE = 1,
    FIGURE_LABEL = 2,
    FIGURE_ITEM = 3,
} figure_kind;

typedef struct circle {
    int32_t x;
    int32_t y;
    int32_t r;
} circle;

/* Has no arm for FIGURE_NONE. */
typedef struct figure {
    figure_kind kind;
    union {
        circle round;
        char *label;
        item thing;
    };
} figure;

MW_SEQ(seq_figure, figure);

/* bitmask, @bit_bound(16) */
typedef uint16_t access_bits;

/* map<string, double> */
typedef struct price {
    char *key;
    double value;
} price;

MW_SEQ(price_map, price);

/* map<string, string> */
typedef struct title {
    char *key;
    char *value;
} title;

MW_SEQ(title_map, title);

/* map<int16, Item> */
typedef struct stock {
    int16_t key;
    item value;
} stock;

MW_SEQ(stock_map, stock);

/* map<boolean, map<string, double>> */
typedef struct side {
    bool key;
    price_map value;
} side;

MW_SEQ(side_map, side);

typedef struct crate crate;

/* Boxes, one of them of the struct itself. */
struct crate {
    uint32_t id;
    item *main;  /* @external */
    item *spare; /* @external @optional */
    crate *next; /* @external @optional */
};

/* @mutable; ids are not in the order of declaration. */
typedef struct profile {
    char *name;    /* @id(10) */
    uint32_t age;  /* @id(3) */
    int32_t level; /* @id(7) @range(min=1, max=10) */
    char *note;    /* @id(20) @optional */
} profile;

/* @mutable @final */
typedef struct badge {
    uint32_t id;
    uint32_t shade;
} badge;

typedef struct gauge {
    int32_t level; /* @min(10) */
    bool has_ratio;
    double ratio; /* @optional @range(min=0, max=1) */
} gauge;

/* All of them. */
typedef struct depot {
    char *name;
    figure sign;
    seq_figure figures;
    access_bits rights;
    price_map prices;
    title_map titles;
    stock_map stocks;
    side_map sides;
    crate box;
    profile owner;
    gauge meter;
} depot;

typedef struct knot knot;

MW_SEQ(seq_knot, knot *);

/* valuetype */
struct knot {
    char *name;
    knot *next;
    seq_knot near;
};

extern const mw_type circle_type;
extern const mw_type figure_type;
extern const mw_type seq_figure_type;
extern const mw_type access_bits_type;
extern const mw_type price_map_type;
extern const mw_type title_map_type;
extern const mw_type stock_map_type;
extern const mw_type side_map_type;
extern const mw_type crate_type;
extern const mw_type profile_type;
extern const mw_type badge_type;
extern const mw_type gauge_type;
extern const mw_type depot_type;
extern const mw_type knot_type;
extern const mw_type knot_ref_type;

#endif
