/* SPDX-License-Identifier: MIT */
/*
 * What differs between two objects, as text for people: unions, bitmasks,
 * maps and boxes.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "fixture.h"
#include "shapes.h"

/* A literal for a member that owns its text; nobody frees it. */
#define TEXT(literal) ((char *) (uintptr_t) (literal))

typedef struct figure {
    int32_t tag;
    union {
        double radius; /* case 0 and 1 */
        line edge;     /* case 2 */
    };
} figure;

static const mw_field figure_arms[] = {
    { .name = "radius",
        .type = &mw_type_f64,
        .id = 0,
        .offset = offsetof(figure, radius) },
    { .name = "edge",
        .type = &line_type,
        .id = 1,
        .offset = offsetof(figure, edge) },
};

static const mw_case figure_cases[] = { { 0, 0 }, { 1, 0 }, { 2, 1 } };

static const mw_type figure_type = {
    .name = "test::Figure",
    .kind = MW_KIND_UNION,
    .size = sizeof(figure),
    .align = _Alignof(figure),
    .n_members = 2,
    .elem = &mw_type_i32,
    .fields = figure_arms,
    .cases = figure_cases,
    .n_cases = 3,
    .default_arm = MW_NO_ARM,
};

static const mw_enumerator rights[] = { { "READ", 0 }, { "WRITE", 1 },
    { "DELETE", 7 } };

static const mw_type rights_type = {
    .name = "test::Rights",
    .kind = MW_KIND_BITMASK,
    .flags = MW_TYPE_FLAT,
    .size = 1,
    .align = 1,
    .n_members = 3,
    .enumerators = rights,
};

typedef struct attr {
    char *key;
    char *value;
} attr;

MW_SEQ(attrs, attr);

static const mw_field attr_fields[] = {
    { .name = "key",
        .type = &mw_type_string,
        .id = 0,
        .offset = offsetof(attr, key),
        .flags = MW_FIELD_KEY },
    { .name = "value",
        .type = &mw_type_string,
        .id = 1,
        .offset = offsetof(attr, value) },
};

static const mw_type attr_type = {
    .name = "entry",
    .kind = MW_KIND_STRUCT,
    .size = sizeof(attr),
    .align = _Alignof(attr),
    .n_members = 2,
    .fields = attr_fields,
};

static const mw_type attrs_type = {
    .name = "map<string, string>",
    .kind = MW_KIND_MAP,
    .size = sizeof(attrs),
    .align = _Alignof(attrs),
    .elem = &attr_type,
};

typedef struct entry {
    uint16_t key;
    item value;
} entry;

MW_SEQ(entries, entry);

static const mw_field entry_fields[] = {
    { .name = "key",
        .type = &mw_type_u16,
        .id = 0,
        .offset = offsetof(entry, key),
        .flags = MW_FIELD_KEY },
    { .name = "value",
        .type = &item_type,
        .id = 1,
        .offset = offsetof(entry, value) },
};

static const mw_type entry_type = {
    .name = "entry",
    .kind = MW_KIND_STRUCT,
    .size = sizeof(entry),
    .align = _Alignof(entry),
    .n_members = 2,
    .fields = entry_fields,
};

static const mw_type entries_type = {
    .name = "map<uint16, test::Item>",
    .kind = MW_KIND_MAP,
    .size = sizeof(entries),
    .align = _Alignof(entries),
    .elem = &entry_type,
};

static const mw_type point_box_type = {
    .name = "test::Point",
    .kind = MW_KIND_BOX,
    .size = sizeof(point *),
    .align = _Alignof(point *),
    .elem = &point_type,
};

typedef struct parcel {
    uint8_t access;
    attrs labels;
    entries items;
    figure form;
    point *from;
    point *to; /* @optional */
} parcel;

static const mw_field parcel_fields[] = {
    { .name = "access",
        .type = &rights_type,
        .id = 0,
        .offset = offsetof(parcel, access) },
    { .name = "labels",
        .type = &attrs_type,
        .id = 1,
        .offset = offsetof(parcel, labels) },
    { .name = "items",
        .type = &entries_type,
        .id = 2,
        .offset = offsetof(parcel, items) },
    { .name = "form",
        .type = &figure_type,
        .id = 3,
        .offset = offsetof(parcel, form) },
    { .name = "from",
        .type = &point_box_type,
        .id = 4,
        .offset = offsetof(parcel, from) },
    { .name = "to",
        .type = &point_box_type,
        .id = 5,
        .offset = offsetof(parcel, to),
        .flags = MW_FIELD_OPTIONAL },
};

static const mw_type parcel_type = {
    .name = "test::Parcel",
    .kind = MW_KIND_STRUCT,
    .size = sizeof(parcel),
    .align = _Alignof(parcel),
    .n_members = 6,
    .fields = parcel_fields,
};

static void
assert_changes(const parcel *before, const parcel *after, const char *expected)
{
    char *text = mw_object_changes(&parcel_type, before, after);

    cr_assert_not_null(text);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(changes_kinds, bitmasks)
{
    parcel was = { .access = 1 };
    parcel is = { .access = 0x83 };

    assert_changes(&was, &is, "access: READ -> READ|WRITE|DELETE\n");
    was.access = 0;
    is.access = 0x09;
    assert_changes(&was, &is, "access: 0 -> READ|0x8\n");
}

Test(changes_kinds, maps)
{
    attr old[] = { { TEXT("a"), TEXT("x") }, { TEXT("b"), TEXT("y") },
        { TEXT("d\n"), NULL } };
    attr live[] = { { TEXT("b"), TEXT("Y") }, { TEXT("c"), TEXT("new") },
        { TEXT("d\n"), NULL } };
    parcel was = { .labels = { old, 3, 3 } };
    parcel is = { .labels = { live, 3, 3 } };

    assert_changes(&was, &was, "");
    assert_changes(&was, &is,
        "- labels[\"a\"]: \"x\"\n"
        "labels[\"b\"]: \"y\" -> \"Y\"\n"
        "+ labels[\"c\"]: \"new\"\n");
    is.labels.len = 0;
    assert_changes(&was, &is,
        "- labels[\"a\"]: \"x\"\n"
        "- labels[\"b\"]: \"y\"\n"
        "- labels[\"d\\n\"]: \"\"\n");
}

Test(changes_kinds, values_of_maps)
{
    entry old[] = { { 3, { .id = 1 } }, { 700, { .id = 2 } } };
    entry live[] = { { 3, { .id = 1 } }, { 700, { .id = 2, .price = 2 } } };
    parcel was = { .items = { old, 2, 2 } };
    parcel is = { .items = { live, 2, 2 } };

    assert_changes(&was, &is, "items[700].price: 0 -> 2\n");
}

Test(changes_kinds, unions)
{
    parcel was = { .form = { .tag = 0, .radius = 1 } };
    parcel is = { .form = { .tag = 0, .radius = 2 } };

    assert_changes(&was, &is, "form.radius: 1 -> 2\n");
    is.form.tag = 1;
    assert_changes(&was, &is,
        "form: {\"tag\": 0, \"radius\": 1} -> {\"tag\": 1, \"radius\": 2}\n");
    is.form = (figure){ .tag = 2, .edge = { .sku = TEXT("s"), .count = 4 } };
    assert_changes(&was, &is,
        "form: {\"tag\": 0, \"radius\": 1} -> "
        "{\"tag\": 2, \"edge\": {\"sku\": \"s\", \"count\": 4}}\n");
    was.form = is.form;
    was.form.edge.count = 3;
    assert_changes(&was, &is, "form.edge.count: 3 -> 4\n");

    /* No arm. */
    was.form = (figure){ .tag = 9 };
    is.form = (figure){ .tag = 9 };
    assert_changes(&was, &is, "");
    is.form.tag = 10;
    assert_changes(&was, &is, "form: {\"tag\": 9} -> {\"tag\": 10}\n");
}

Test(changes_kinds, boxes)
{
    point old = { .x = 1 };
    point live = { .x = 2 };
    parcel was = { .from = &old };
    parcel is = { .from = &live };

    assert_changes(&was, &is, "from.x: 1 -> 2\n");
    is.from = NULL;
    assert_changes(&was, &is, "from: {\"x\": 1, \"y\": 0} -> null\n");
    was.from = NULL;
    is.to = &live;
    assert_changes(&was, &is, "+ to: {\"x\": 2, \"y\": 0}\n");
    was.to = &old;
    assert_changes(&was, &is, "to.x: 1 -> 2\n");
    is.to = NULL;
    assert_changes(&was, &is, "- to: {\"x\": 1, \"y\": 0}\n");
}
