/* SPDX-License-Identifier: MIT */
#include "shapes.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

#define FIELD(record, member, its_id, its_type, its_flags)        \
    {                                                             \
        .name = #member, .type = &(its_type), .id = (its_id),     \
        .offset = offsetof(record, member), .flags = (its_flags), \
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

static const mw_type string_3_type =
    BOUNDED(MW_KIND_STRING_N, char[4], "string<3>", MW_TYPE_FLAT, NULL, 3);

static const mw_field item_fields[] = {
    FIELD(item, id, 0, mw_type_u32, MW_FIELD_KEY),
    FIELD(item, name, 1, mw_type_string, 0),
    FIELD(item, price, 2, mw_type_f64, 0),
    FIELD(item, note, 3, mw_type_string, MW_FIELD_OPTIONAL),
    FIELD(item, samples, 4, mw_type_seq_f64, 0),
};

const mw_type item_type = STRUCT(item, "test::Item", 0, item_fields);
const mw_type seq_item_type = SEQ(seq_item, "sequence<test::Item>", item_type);
const mw_type seq_item_6_type = BOUNDED(
    MW_KIND_SEQ_N, seq_item_6, "sequence<test::Item, 6>", 0, &item_type, 6);

static const mw_field old_item_fields[] = {
    FIELD(old_item, id, 0, mw_type_u32, MW_FIELD_KEY),
    FIELD(old_item, name, 1, mw_type_string, 0),
    FIELD(old_item, price, 2, mw_type_f64, 0),
};

const mw_type old_item_type =
    STRUCT(old_item, "test::Item", 0, old_item_fields);
const mw_type seq_old_item_type =
    SEQ(seq_old_item, "sequence<test::Item>", old_item_type);

static const mw_field cell_fields[] = {
    FIELD(cell, row, 0, string_3_type, MW_FIELD_KEY),
    FIELD(cell, column, 1, mw_type_i16, MW_FIELD_KEY),
    FIELD(cell, value, 2, mw_type_i64, 0),
};

const mw_type cell_type = STRUCT(cell, "test::Cell", MW_TYPE_FLAT, cell_fields);
const mw_type seq_cell_type = SEQ(seq_cell, "sequence<test::Cell>", cell_type);

static const mw_field node_fields[] = {
    FIELD(node, name, 0, mw_type_string, 0),
    FIELD(node, weight, 1, mw_type_i32, 0),
    FIELD(node, kids, 2, seq_node_type, 0),
};

const mw_type node_type = STRUCT(node, "test::Node", 0, node_fields);
const mw_type seq_node_type = SEQ(seq_node, "sequence<test::Node>", node_type);

const mw_type label_type =
    BOUNDED(MW_KIND_STRING_N, char[41], "string<40>", MW_TYPE_FLAT, NULL, 40);
const mw_type seq_u16_8_type = BOUNDED(MW_KIND_SEQ_N, seq_u16_8,
    "sequence<uint16, 8>", MW_TYPE_FLAT, &mw_type_u16, 8);
const mw_type array_u16_8_type = BOUNDED(
    MW_KIND_ARRAY, uint16_t[8], "uint16[8]", MW_TYPE_FLAT, &mw_type_u16, 8);

static const mw_field slot_fields[] = {
    FIELD(slot, place, 0, mw_type_i16, 0),
    FIELD(slot, ring, 1, seq_u16_8_type, 0),
    FIELD(slot, label, 2, label_type, 0),
};

const mw_type slot_type = STRUCT(slot, "test::Slot", MW_TYPE_FLAT, slot_fields);
const mw_type seq_slot_type = SEQ(seq_slot, "sequence<test::Slot>", slot_type);

static const mw_field doc_fields[] = {
    FIELD(doc, text, 7, mw_type_string, 0),
    FIELD(doc, items, 2, seq_item_type, 0),
    FIELD(doc, few, 30, seq_item_6_type, 0),
    FIELD(doc, cells, 5, seq_cell_type, 0),
    FIELD(doc, blob, 1, mw_type_seq_u8, 0),
    FIELD(doc, track, 0, mw_type_seq_f64, 0),
    FIELD(doc, label, 9, label_type, 0),
    FIELD(doc, ring, 12, seq_u16_8_type, 0),
    FIELD(doc, fixed, 11, array_u16_8_type, 0),
    FIELD(doc, tags, 13, mw_type_seq_string, 0),
    FIELD(doc, tree, 40, node_type, 0),
    {
        .name = "spare",
        .type = &item_type,
        .id = 41,
        .offset = offsetof(doc, spare),
        .has_offset = offsetof(doc, has_spare),
        .flags = MW_FIELD_OPTIONAL,
    },
};

const mw_type doc_type = STRUCT(doc, "test::Doc", MW_TYPE_FINAL, doc_fields);
