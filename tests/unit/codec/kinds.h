/* SPDX-License-Identifier: MIT */
/*
 * Types of the kinds that hold other values in a way of their own: unions,
 * bitmasks, maps, @external and @mutable, with descriptors written by hand.
 */
#ifndef KINDS_H
#define KINDS_H

#include "mw/desc.h"
#include "mw/seq.h"

#include "fixture.h"

/* None of them is 0. */
typedef enum figure {
    FIGURE_NOTHING = -1,
    FIGURE_DOT = 1,
    FIGURE_TEXT = 2,
    FIGURE_LINES = 5,
} figure;

typedef struct chain chain;

struct chain {
    chain *next; /* @optional @external */
    int32_t value;
};

/* union switch (figure): nothing for FIGURE_NOTHING, and no default. */
typedef struct shape {
    figure tag;
    union {
        point dot;      /* FIGURE_DOT */
        char *text;     /* FIGURE_TEXT */
        seq_line lines; /* FIGURE_LINES */
    };
} shape;

/* union switch (int16) */
typedef struct number {
    int16_t tag;
    union {
        double real;   /* -3, 7 */
        uint8_t byte;  /* 8; @range 10 to 20, @default 11 */
        chain *others; /* default; @external */
    };
} number;

/* union switch (boolean): flat */
typedef struct maybe {
    bool tag;
    union {
        uint16_t some; /* TRUE */
    };
} maybe;

/* union switch (uint64) */
typedef struct wide {
    uint64_t tag;
    union {
        uint8_t low;   /* 1 */
        int8_t high;   /* 2^64 - 1 */
        bool default_; /* default, named "default" */
    };
} wide;

typedef uint8_t rights; /* READ 0, WRITE 1, EXECUTE 6 */
typedef uint64_t modes; /* LAST 63 */

typedef struct prices_entry {
    char *key;
    double value;
} prices_entry;
MW_SEQ(prices, prices_entry);

typedef struct lines_by_i16_entry {
    int16_t key;
    line value;
} lines_by_i16_entry;
MW_SEQ(lines_by_i16, lines_by_i16_entry);

/* Flat entries. */
typedef struct labels_entry {
    char key[5];   /* string<4> */
    char value[9]; /* string<8> */
} labels_entry;
MW_SEQ(labels, labels_entry);

/* @mutable; ids do not ascend. */
typedef struct settings {
    char *name;     /* @id(7) @default "none" */
    uint32_t count; /* @id(3) @default 4 @range 1 to 100 */
    bool has_ratio;
    double ratio; /* @id(200) @optional */
    line *first;  /* @id(1) @optional @external */
    rights may;   /* @id(4) */
} settings;

/* @final @mutable; ids ascend. */
typedef struct exact {
    uint8_t a; /* @id(1) */
    uint8_t b; /* @id(2) */
} exact;

typedef struct branch branch;
MW_SEQ(seq_branch, branch);

typedef struct branch_by_colour_entry {
    colour key;
    branch *value; /* @external */
} branch_by_colour_entry;
MW_SEQ(branch_by_colour, branch_by_colour_entry);

/* Contains itself in every way, and all else. */
struct branch {
    branch *left; /* @optional @external */
    char *name;
    branch *right; /* @optional @external */
    line *first;   /* @external */
    seq_branch kids;
    branch_by_colour by_colour;
    shape shape;
    number number;
    settings settings;
    prices prices;
    lines_by_i16 lines;
    labels labels;
    modes modes;
};

/* A member of each kind of number, in a range, with the minimum as default. */
typedef struct ranges {
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
} ranges;

extern const mw_type figure_type;
extern const mw_type chain_type;
extern const mw_type shape_type;
extern const mw_type number_type;
extern const mw_type maybe_type;
extern const mw_type wide_type;
extern const mw_type rights_type;
extern const mw_type modes_type;
extern const mw_type seq_rights_type; /* mw_seq_u8 */
extern const mw_type prices_type;
extern const mw_type lines_by_i16_type;
extern const mw_type labels_type;
extern const mw_type settings_type;
extern const mw_type exact_type;
extern const mw_type branch_type;
extern const mw_type ranges_type;

/** A branch with something in every member.  mw_object_clear() it. */
branch some_branch(void);

#endif
