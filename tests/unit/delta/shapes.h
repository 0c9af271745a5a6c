/* SPDX-License-Identifier: MIT */
/*
 * Types for the tests of deltas, beside those of codec's fixture.h: sequences
 * with keys, a type that contains itself, and members with ids out of order.
 */
#ifndef SHAPES_H
#define SHAPES_H

#include "mw/desc.h"
#include "mw/seq.h"

/* Has a key. */
typedef struct item {
    uint32_t id; /* @key */
    char *name;
    double price;
    char *note; /* @optional */
    mw_seq_f64 samples;
} item;

MW_SEQ(seq_item, item);

/* What an item was in an earlier version. */
typedef struct old_item {
    uint32_t id; /* @key */
    char *name;
    double price;
} old_item;

MW_SEQ(seq_old_item, old_item);

typedef struct seq_item_6 {
    size_t len;
    item items[6];
} seq_item_6;

/* Has a key of two members and owns nothing. */
typedef struct cell {
    char row[4];    /* string<3>, @key */
    int16_t column; /* @key */
    int64_t value;
} cell;

MW_SEQ(seq_cell, cell);

typedef struct node node;

MW_SEQ(seq_node, node);

/* Contains itself. */
struct node {
    char *name;
    int32_t weight;
    seq_node kids;
};

typedef struct seq_u16_8 {
    size_t len;
    uint16_t items[8];
} seq_u16_8;

/* Has bytes that mean nothing behind those that do. */
typedef struct slot {
    int16_t place;
    seq_u16_8 ring;
    char label[41];
} slot;

MW_SEQ(seq_slot, slot);

/* @final; ids are not in the order of declaration. */
typedef struct doc {
    char *text;         /* @id(7) */
    seq_item items;     /* @id(2) */
    seq_item_6 few;     /* @id(30) */
    seq_cell cells;     /* @id(5) */
    mw_seq_u8 blob;     /* @id(1) */
    mw_seq_f64 track;   /* @id(0) */
    char label[41];     /* @id(9) */
    seq_u16_8 ring;     /* @id(12) */
    uint16_t fixed[8];  /* @id(11) */
    mw_seq_string tags; /* @id(13) */
    node tree;          /* @id(40) */
    bool has_spare;
    item spare; /* @id(41), @optional */
} doc;

extern const mw_type item_type;
extern const mw_type seq_item_type;
extern const mw_type old_item_type;
extern const mw_type seq_old_item_type;
extern const mw_type seq_item_6_type;
extern const mw_type cell_type;
extern const mw_type seq_cell_type;
extern const mw_type node_type;
extern const mw_type seq_node_type;
extern const mw_type label_type;
extern const mw_type seq_u16_8_type;
extern const mw_type array_u16_8_type;
extern const mw_type slot_type;
extern const mw_type seq_slot_type;
extern const mw_type doc_type;

#endif
