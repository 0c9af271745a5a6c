/* SPDX-License-Identifier: MIT */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include "mw/map.h"
#include "mw/object.h"
#include "mw/seq.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

#define FIELD(record, member, its_id, its_type)               \
    {                                                         \
        .name = #member, .type = &(its_type), .id = (its_id), \
        .offset = offsetof(record, member),                   \
    }
#define FLAGGED(record, member, its_id, its_type, its_flags)      \
    {                                                             \
        .name = #member, .type = &(its_type), .id = (its_id),     \
        .offset = offsetof(record, member), .flags = (its_flags), \
    }
#define SIZED(c_type) .size = sizeof(c_type), .align = _Alignof(c_type)
#define STRUCT(record, text, its_flags, its_fields)                            \
    {                                                                          \
        .name = (text), .kind = MW_KIND_STRUCT, .flags = (its_flags),          \
        SIZED(record), .n_members = COUNT(its_fields), .fields = (its_fields), \
    }
#define BOX(text, its_elem)                                 \
    {                                                       \
        .name = (text), .kind = MW_KIND_BOX, SIZED(void *), \
        .elem = &(its_elem),                                \
    }
#define UNION(record, text, its_flags, its_tag, its_fields, its_cases, arm) \
    {                                                                       \
        .name = (text), .kind = MW_KIND_UNION, .flags = (its_flags),        \
        SIZED(record), .n_members = COUNT(its_fields), .elem = &(its_tag),  \
        .fields = (its_fields), .cases = (its_cases),                       \
        .n_cases = COUNT(its_cases), .default_arm = (arm),                  \
    }
#define SEQ(its_kind, c_type, text, its_elem)              \
    {                                                      \
        .name = (text), .kind = (its_kind), SIZED(c_type), \
        .elem = &(its_elem),                               \
    }
#define ENTRY(name, its_flags, key_type, value_type)   \
    static const mw_field name##_fields[] = {          \
        FLAGGED(name, key, 0, key_type, MW_FIELD_KEY), \
        FIELD(name, value, 1, value_type),             \
    };                                                 \
    static const mw_type name##_type =                 \
        STRUCT(name, "entry", its_flags, name##_fields)

static const mw_enumerator figures[] = {
    { "NOTHING", FIGURE_NOTHING },
    { "DOT", FIGURE_DOT },
    { "TEXT", FIGURE_TEXT },
    { "LINES", FIGURE_LINES },
};

const mw_type figure_type = {
    .name = "test::Figure",
    .kind = MW_KIND_ENUM,
    .flags = MW_TYPE_FLAT,
    SIZED(figure),
    .n_members = COUNT(figures),
    .enumerators = figures,
};

static const mw_type chain_box_type = BOX("test::Chain", chain_type);

static const mw_field chain_fields[] = {
    FLAGGED(chain, next, 0, chain_box_type, MW_FIELD_OPTIONAL),
    FIELD(chain, value, 1, mw_type_i32),
};

const mw_type chain_type = STRUCT(chain, "test::Chain", 0, chain_fields);

static const mw_field shape_arms[] = {
    FIELD(shape, dot, 0, point_type),
    FIELD(shape, text, 1, mw_type_string),
    FIELD(shape, lines, 2, seq_line_type),
};
static const mw_case shape_cases[] = { { 1, 0 }, { 2, 1 }, { 5, 2 } };

const mw_type shape_type = UNION(
    shape, "test::Shape", 0, figure_type, shape_arms, shape_cases, MW_NO_ARM);

static const uint8_t ten = 10;
static const uint8_t twenty = 20;
static const uint8_t eleven = 11;
static const mw_range ten_to_twenty = { &ten, &twenty };

static const mw_field number_arms[] = {
    FIELD(number, real, 0, mw_type_f64),
    {
        .name = "byte",
        .type = &mw_type_u8,
        .id = 1,
        .offset = offsetof(number, byte),
        .initial = &eleven,
        .range = &ten_to_twenty,
    },
    FIELD(number, others, 2, chain_box_type),
};
static const mw_case number_cases[] = { { -3, 0 }, { 7, 0 }, { 8, 1 } };

const mw_type number_type =
    UNION(number, "test::Number", 0, mw_type_i16, number_arms, number_cases, 2);

static const mw_field maybe_arms[] = { FIELD(maybe, some, 0, mw_type_u16) };
static const mw_case maybe_cases[] = { { 1, 0 } };

const mw_type maybe_type = UNION(maybe, "test::Maybe", MW_TYPE_FLAT,
    mw_type_bool, maybe_arms, maybe_cases, MW_NO_ARM);

static const mw_field wide_arms[] = {
    FIELD(wide, low, 0, mw_type_u8),
    FIELD(wide, high, 1, mw_type_i8),
    {
        .name = "default",
        .type = &mw_type_bool,
        .id = 2,
        .offset = offsetof(wide, default_),
    },
};
static const mw_case wide_cases[] = { { -1, 1 }, { 1, 0 } };

const mw_type wide_type = UNION(
    wide, "test::Wide", MW_TYPE_FLAT, mw_type_u64, wide_arms, wide_cases, 2);

static const mw_enumerator rights_bits[] = {
    { "READ", 0 },
    { "WRITE", 1 },
    { "EXECUTE", 6 },
};

const mw_type rights_type = {
    .name = "test::Rights",
    .kind = MW_KIND_BITMASK,
    .flags = MW_TYPE_FLAT,
    SIZED(rights),
    .n_members = COUNT(rights_bits),
    .enumerators = rights_bits,
};

static const mw_enumerator modes_bits[] = { { "LAST", 63 } };

const mw_type modes_type = {
    .name = "test::Modes",
    .kind = MW_KIND_BITMASK,
    .flags = MW_TYPE_FLAT,
    SIZED(modes),
    .n_members = COUNT(modes_bits),
    .enumerators = modes_bits,
};

const mw_type seq_rights_type =
    SEQ(MW_KIND_SEQ, mw_seq_u8, "sequence<test::Rights>", rights_type);

ENTRY(prices_entry, 0, mw_type_string, mw_type_f64);
const mw_type prices_type =
    SEQ(MW_KIND_MAP, prices, "map<string, double>", prices_entry_type);

ENTRY(lines_by_i16_entry, 0, mw_type_i16, line_type);
const mw_type lines_by_i16_type = SEQ(MW_KIND_MAP, lines_by_i16,
    "map<int16, test::Line>", lines_by_i16_entry_type);

ENTRY(labels_entry, MW_TYPE_FLAT, string_4_type, string_8_type);
const mw_type labels_type =
    SEQ(MW_KIND_MAP, labels, "map<string<4>, string<8>>", labels_entry_type);

static const mw_type line_box_type = BOX("test::Line", line_type);
static const uint32_t one = 1;
static const uint32_t four = 4;
static const uint32_t hundred = 100;
static const mw_range one_to_hundred = { &one, &hundred };

static const mw_field settings_fields[] = {
    {
        .name = "name",
        .type = &mw_type_string,
        .id = 7,
        .offset = offsetof(settings, name),
        .initial = "none",
    },
    {
        .name = "count",
        .type = &mw_type_u32,
        .id = 3,
        .offset = offsetof(settings, count),
        .initial = &four,
        .range = &one_to_hundred,
    },
    {
        .name = "ratio",
        .type = &mw_type_f64,
        .id = 200,
        .offset = offsetof(settings, ratio),
        .has_offset = offsetof(settings, has_ratio),
        .flags = MW_FIELD_OPTIONAL,
    },
    FLAGGED(settings, first, 1, line_box_type, MW_FIELD_OPTIONAL),
    FIELD(settings, may, 4, rights_type),
};

const mw_type settings_type =
    STRUCT(settings, "test::Settings", MW_TYPE_MUTABLE, settings_fields);

static const mw_field exact_fields[] = {
    FIELD(exact, a, 1, mw_type_u8),
    FIELD(exact, b, 2, mw_type_u8),
};

const mw_type exact_type = STRUCT(exact, "test::Exact",
    MW_TYPE_MUTABLE | MW_TYPE_FINAL | MW_TYPE_FLAT, exact_fields);

static const mw_type branch_box_type = BOX("test::Branch", branch_type);
static const mw_type seq_branch_type =
    SEQ(MW_KIND_SEQ, seq_branch, "sequence<test::Branch>", branch_type);

ENTRY(branch_by_colour_entry, 0, colour_type, branch_box_type);
static const mw_type branch_by_colour_type = SEQ(MW_KIND_MAP, branch_by_colour,
    "map<test::Colour, test::Branch>", branch_by_colour_entry_type);

static const mw_field branch_fields[] = {
    FLAGGED(branch, left, 0, branch_box_type, MW_FIELD_OPTIONAL),
    FIELD(branch, name, 1, mw_type_string),
    FLAGGED(branch, right, 2, branch_box_type, MW_FIELD_OPTIONAL),
    FIELD(branch, first, 3, line_box_type),
    FIELD(branch, kids, 4, seq_branch_type),
    FIELD(branch, by_colour, 5, branch_by_colour_type),
    FIELD(branch, shape, 6, shape_type),
    FIELD(branch, number, 7, number_type),
    FIELD(branch, settings, 8, settings_type),
    FIELD(branch, prices, 9, prices_type),
    FIELD(branch, lines, 10, lines_by_i16_type),
    FIELD(branch, labels, 11, labels_type),
    FIELD(branch, modes, 12, modes_type),
};

const mw_type branch_type = STRUCT(branch, "test::Branch", 0, branch_fields);

#define RANGE(name, c_type, least, most)      \
    static const c_type name##_min = (least); \
    static const c_type name##_max = (most);  \
    static const mw_range name##_range = { &name##_min, &name##_max }

RANGE(u8, uint8_t, 10, 200);
RANGE(i8, int8_t, -10, 100);
RANGE(u16, uint16_t, 300, 65534);
RANGE(i16, int16_t, -300, 300);
RANGE(u32, uint32_t, 70000, UINT32_MAX - 1);
RANGE(i32, int32_t, INT32_MIN + 1, -1);
RANGE(u64, uint64_t, 1, UINT64_MAX - 1);
RANGE(i64, int64_t, INT64_MIN + 1, INT64_MAX - 1);
RANGE(f32, float, -0.5F, 1e30F);
RANGE(f64, double, 0.0, 1.0);
#define RANGED(member, its_id)                                        \
    {                                                                 \
        .name = #member, .type = &mw_type_##member, .id = (its_id),   \
        .offset = offsetof(ranges, member), .range = &member##_range, \
        .initial = &member##_min,                                     \
    }

static const mw_field ranges_fields[] = {
    RANGED(u8, 0),
    RANGED(i8, 1),
    RANGED(u16, 2),
    RANGED(i16, 3),
    RANGED(u32, 4),
    RANGED(i32, 5),
    RANGED(u64, 6),
    RANGED(i64, 7),
    RANGED(f32, 8),
    RANGED(f64, 9),
};

const mw_type ranges_type = STRUCT(ranges, "test::Ranges", 0, ranges_fields);

/* End the test without memory. */
static void *
must(void *block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

static branch *
new_branch(const char *name)
{
    branch *made = must(calloc(1, sizeof(*made)));

    if (mw_object_init(&branch_type, made) < 0) {
        abort();
    }
    free(made->name);
    made->name = must(strdup(name));
    return made;
}

static void
fill(branch *made)
{
    const char *key = "bolt";
    char label[5] = "l";
    int16_t minus_seven = -7;
    colour red = COLOUR_RED;
    branch **child;

    *(double *) must(mw_map_put(NULL, &prices_type, &made->prices, &key)) = 1.5;
    key = "axle";
    *(double *) must(mw_map_put(NULL, &prices_type, &made->prices, &key)) = 2.5;
    (void) must(
        mw_map_put(NULL, &lines_by_i16_type, &made->lines, &minus_seven));
    (void) must(mw_map_put(NULL, &labels_type, &made->labels, label));
    child =
        must(mw_map_put(NULL, &branch_by_colour_type, &made->by_colour, &red));
    free((*child)->name);
    (*child)->name = must(strdup("red"));
    made->left = new_branch("left");
    made->right = new_branch("right");
    (void) must(mw_seq_add(NULL, &seq_branch_type, &made->kids));
    free(made->settings.name);
    made->settings.name = must(strdup("set"));
    made->settings.first = must(calloc(1, sizeof(line)));
    made->settings.has_ratio = true;
    made->shape.tag = FIGURE_TEXT;
    made->shape.text = must(strdup("shape"));
    made->modes = UINT64_C(1) << 63;
}

branch
some_branch(void)
{
    branch *made = new_branch("root");
    branch root = *made;

    free(made);
    fill(&root);
    return root;
}
