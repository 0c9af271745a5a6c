/* SPDX-License-Identifier: MIT */
/*
 * What differs between two objects, as text for people.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "fixture.h"
#include "lib/prng.h"
#include "lib/random_value.h"
#include "shapes.h"
#include "world.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* A literal for a member that owns its text; nobody frees it. */
#define TEXT(literal) ((char *) (uintptr_t) (literal))

static void
assert_changes(const mw_type *type, const void *before, const void *after,
    const char *expected)
{
    char *text = mw_object_changes(type, before, after);

    cr_assert_not_null(text);
    cr_expect_str_eq(text, expected);
    free(text);
}

static size_t
count_lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        n += *text == '\n';
    }
    return n;
}

Test(changes, nothing)
{
    order object = { .id = 1 };

    assert_changes(&order_type, &object, &object, "");
    assert_changes(&mw_type_u32, &object.values.u32, &object.values.u32, "");
}

Test(changes, the_root_has_no_name)
{
    uint32_t was = 5;
    uint32_t is = 9;
    char *no_text = NULL;
    char *text = TEXT("a\nb");

    assert_changes(&mw_type_u32, &was, &is, "5 -> 9\n");
    assert_changes(&mw_type_string, &no_text, &text, "\"\" -> \"a\\nb\"\n");
}

Test(changes, scalars)
{
    scalars was = { true, 255, -128, 65535, -32768, 1, 2, 3, 4, 0.5F, 0.1,
        COLOUR_BLUE };
    scalars is = { false, 0, 127, 1, 2, 2, 3, 4, 5, 0.25F, -0.0, COLOUR_RED };

    assert_changes(&scalars_type, &was, &is,
        "b: true -> false\nu8: 255 -> 0\ni8: -128 -> 127\n"
        "u16: 65535 -> 1\ni16: -32768 -> 2\nu32: 1 -> 2\ni32: 2 -> 3\n"
        "u64: 3 -> 4\ni64: 4 -> 5\nf32: 0.5 -> 0.25\nf64: 0.1 -> -0\n"
        "c: \"BLUE\" -> \"RED\"\n");
}

Test(changes, optional_members)
{
    line was = { .sku = TEXT("a"), .note = TEXT("n") };
    line is = { .sku = TEXT("a"), .has_where = true, .where = { .x = 1 } };

    assert_changes(&line_type, &was, &is,
        "- note: \"n\"\n+ where: {\"x\": 1, \"y\": 0}\n");
    assert_changes(&line_type, &is, &was,
        "+ note: \"n\"\n- where: {\"x\": 1, \"y\": 0}\n");
    was = is;
    was.where.y = 2.5F;
    assert_changes(&line_type, &was, &is, "where.y: 2.5 -> 0\n");
}

/* Items with keys 1, 2, 3, 4. */
static void
fill_items(item items[4])
{
    static const char *const names[] = { "anvil", "bolt", "chain", "drill" };

    for (uint32_t i = 0; i < 4; i++) {
        items[i] = (item){ .id = i + 1, .name = TEXT(names[i]), .price = 1 };
    }
}

Test(changes, elements_with_a_key)
{
    item old[4];
    item live[5];
    seq_item was = { old, 4, 4 };
    seq_item is = { live, 4, 4 };

    fill_items(old);
    fill_items(live);
    live[2].price = 7.5;
    assert_changes(&seq_item_type, &was, &is, "[2].price: 1 -> 7.5\n");

    /* bolt goes, a file comes before drill. */
    live[1] = live[2];
    live[2] = (item){ .id = 9, .name = TEXT("file") };
    assert_changes(&seq_item_type, &was, &is,
        "- [1]: {\"id\": 2, \"name\": \"bolt\", \"price\": 1, "
        "\"samples\": []}\n"
        "[1].price: 1 -> 7.5\n"
        "+ [2]: {\"id\": 9, \"name\": \"file\", \"price\": 0, "
        "\"samples\": []}\n");

    /* drill is first. */
    fill_items(live + 1);
    live[0] = live[4];
    live[0].price = 2;
    assert_changes(
        &seq_item_type, &was, &is, "[0]: moved from [3]\n[0].price: 1 -> 2\n");

    is.len = 0;
    assert_changes(&seq_item_type, &is, &(seq_item){ old, 1, 1 },
        "+ [0]: {\"id\": 1, \"name\": \"anvil\", \"price\": 1, "
        "\"samples\": []}\n");
    assert_changes(&seq_item_type, &(seq_item){ old, 1, 1 }, &is,
        "- [0]: {\"id\": 1, \"name\": \"anvil\", \"price\": 1, "
        "\"samples\": []}\n");
}

Test(changes, elements_without_a_key)
{
    char *old[] = { TEXT("Ada"), TEXT("Grace"), TEXT("Edsger"),
        TEXT("Barbara") };
    char *live[] = { TEXT("Ada"), TEXT("Edsger W."), TEXT("Barbara") };
    char *twice[] = { TEXT("Ada"), TEXT("Ada"), TEXT("Grace"), TEXT("Edsger"),
        TEXT("Barbara") };
    mw_seq_string was = { old, 4, 4 };
    mw_seq_string without = { live, 3, 3 };
    mw_seq_string more = { twice, 5, 5 };

    assert_changes(&mw_type_seq_string, &was, &more, "+ [1]: \"Ada\"\n");
    assert_changes(&mw_type_seq_string, &more, &was, "- [1]: \"Ada\"\n");
    assert_changes(&mw_type_seq_string, &was, &without,
        "[1]: \"Grace\" -> \"Edsger W.\"\n- [2]: \"Edsger\"\n");
}

Test(changes, a_tree)
{
    node leaf[2] = { { .name = TEXT("x"), .weight = 1 },
        { .name = TEXT("y") } };
    node changed[2] = { { .name = TEXT("x"), .weight = 9 },
        { .name = TEXT("y") } };
    node was = { .name = TEXT("root"), .kids = { leaf, 2, 2 } };
    node is = { .name = TEXT("root"), .kids = { changed, 2, 2 } };

    assert_changes(&node_type, &was, &is, "kids[0].weight: 1 -> 9\n");
}

Test(changes, numbers)
{
    double old[110] = { 0 };
    double live[110] = { 0 };
    mw_seq_f64 was = { old, 110, 110 };
    mw_seq_f64 is = { live, 110, 110 };

    live[100] = live[101] = 0.5;
    live[102] = live[103] = 1;
    live[7] = -1;
    assert_changes(&mw_type_seq_f64, &was, &is,
        "[7]: 0 -> -1\n[100..103]: 0, 0, 0, 0 -> 0.5, 0.5, 1, 1\n");

    /* One that is the same between two that are not does not matter. */
    live[9] = -2;
    is.len = was.len = 12;
    assert_changes(
        &mw_type_seq_f64, &was, &is, "[7..9]: 0, 0, 0 -> -1, 0, -2\n");
    live[9] = 0;
    live[10] = -2;
    assert_changes(
        &mw_type_seq_f64, &was, &is, "[7]: 0 -> -1\n[10]: 0 -> -2\n");
}

Test(changes, numbers_inserted_and_removed)
{
    int32_t old[40];
    int32_t live[60];
    mw_seq_i32 was = { old, 40, 40 };
    mw_seq_i32 is = { live, 43, 60 };

    for (int32_t i = 0; i < 60; i++) {
        live[i] = i < 10 ? i : i - 3;
    }
    for (int32_t i = 0; i < 40; i++) {
        old[i] = i;
    }
    live[10] = live[11] = live[12] = -7;
    assert_changes(&mw_type_seq_i32, &was, &is, "+ [10..12]: -7, -7, -7\n");
    assert_changes(&mw_type_seq_i32, &is, &was, "- [10..12]: -7, -7, -7\n");

    /* As many as before, but not in their places. */
    is.len = 40;
    assert_changes(&mw_type_seq_i32, &was, &is,
        "+ [10..12]: -7, -7, -7\n- [37..39]: 37, 38, 39\n");

    was.len = 0;
    is.len = 13;
    assert_changes(&mw_type_seq_i32, &was, &is,
        "+ [0..12]: 0, 1, 2, 3, 4, 5, 6, 7, " ELLIPSIS " (5 more)\n");
}

Test(changes, arrays_stay_in_place)
{
    int32_t was[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
    int32_t is[2][3] = { { 1, 2, 3 }, { 5, 6, 4 } };

    assert_changes(&grid_type, was, is, "[1][0..2]: 4, 5, 6 -> 5, 6, 4\n");
}

Test(changes, octets)
{
    uint8_t old[32] = { 0 };
    uint8_t live[34] = { 0 };
    mw_seq_u8 was = { old, 32, 32 };
    mw_seq_u8 is = { live, 32, 34 };

    live[4] = 0xff;
    live[7] = 0x0a;
    assert_changes(
        &mw_type_seq_u8, &was, &is, "[4..7]: h'00000000' -> h'ff00000a'\n");
    is.len = 34;
    live[4] = live[7] = 0;
    live[32] = live[33] = 0xee;
    assert_changes(&mw_type_seq_u8, &was, &is, "+ [32..33]: h'eeee'\n");
    was.len = 0;
    assert_changes(&mw_type_seq_u8, &was, &is,
        "+ [0..33]: h'00000000000000000000000000000000'" ELLIPSIS
        " (18 more)\n");
}

Test(changes, other_plain_elements)
{
    colour old[] = { COLOUR_RED, COLOUR_RED, COLOUR_GREEN };
    colour live[] = { COLOUR_RED, COLOUR_BLUE, COLOUR_GREEN };
    bool off[] = { true, false, false, true };
    bool on[] = { true, true, true, true };

    assert_changes(&seq_colour_type, &(seq_colour){ old, 3, 3 },
        &(seq_colour){ live, 3, 3 }, "[1]: \"RED\" -> \"BLUE\"\n");
    assert_changes(&mw_type_seq_bool, &(mw_seq_bool){ off, 4, 4 },
        &(mw_seq_bool){ on, 4, 4 }, "[1..2]: false, false -> true, true\n");
}

Test(changes, long_texts_are_cut_around_the_difference)
{
    char *was = TEXT("The quick brown fox jumps over the lazy dog and runs off "
                     "into the woods, where nobody has seen it since then.");
    char *is = TEXT("The slow brown fox jumps over the lazy dog and runs off "
                    "into the woods, where nobody has seen her since then.");

    assert_changes(&mw_type_string, &was, &is,
        "\"The quick brown fox jumps\"" ELLIPSIS
        " -> \"The slow brown fox jumps\"" ELLIPSIS "\n" ELLIPSIS
        "\"nobody has seen it since then.\" -> " ELLIPSIS
        "\"nobody has seen her since then.\"\n");
}

Test(changes, texts_are_cut_between_characters)
{
    char *was = TEXT("ääääääääääääääääääääääääääääääääääxää\"ääääääää");
    char *is = TEXT("ääääääääääääääääääääääääääääääääääää\"ääääääää");
    char *text = mw_object_changes(&mw_type_string, &was, &is);

    cr_assert_not_null(text);
    cr_expect_eq(mwi_utf8_prefix(text, strlen(text)), strlen(text));
    cr_expect_str_eq(text,
        ELLIPSIS "\"ääääääääxää\\\"ääääää\"" ELLIPSIS " -> " ELLIPSIS
                 "\"ääääääääää\\\"ääääää\"" ELLIPSIS "\n",
        "%s", text);
    free(text);
}

/* Of a text that has nothing in common with what was there, the start and the
 * end are enough. */
Test(changes, texts_that_are_wholly_new)
{
    char was[201] = "";
    char is[301] = "";
    char *before = was;
    char *after = is;

    memset(was, 'a', 200);
    memset(is, 'b', 300);
    assert_changes(&mw_type_string, &before, &after,
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "\"" ELLIPSIS "\"aaaaaaaaaaaaaaaaaaaaaaaa\" -> "
        "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "\"" ELLIPSIS "\"bbbbbbbbbbbbbbbbbbbbbbbb\"\n");
}

/* Bytes that are no UTF-8 come as U+FFFD, wherever they are cut. */
Test(changes, bad_texts)
{
    char was[301];
    char is[301];
    char *before = was;
    char *after = is;
    char *text;

    memset(was, 0xbf, 300);
    memset(is, 0xbf, 300);
    was[300] = is[300] = '\0';
    is[150] = 'x';
    text = mw_object_changes(&mw_type_string, &before, &after);
    cr_assert_not_null(text);
    cr_expect_eq(mwi_utf8_prefix(text, strlen(text)), strlen(text));
    cr_expect_eq(count_lines(text), 1);
    free(text);
}

Test(changes, long_values_are_cut)
{
    char long_name[400] = "";
    item one = { .name = long_name };
    seq_item none = { 0 };
    seq_item is = { &one, 1, 1 };
    char *text;

    /* Two bytes each. */
    for (size_t i = 0; i < 150; i++) {
        memcpy(long_name + 2 * i, "ö", 2);
    }
    text = mw_object_changes(&seq_item_type, &none, &is);
    cr_assert_not_null(text);
    cr_expect_eq(mwi_utf8_prefix(text, strlen(text)), strlen(text));
    cr_expect_lt(strlen(text), 200);
    cr_expect_str_eq(text + strlen(text) - 4, ELLIPSIS "\n");
    free(text);
}

/* There is an end to the text, but not to the counting. */
Test(changes, many_lines)
{
    enum { N = 100000 };
    mw_seq_string was = { calloc(N, sizeof(char *)), N, N };
    mw_seq_string is = { calloc(N, sizeof(char *)), N, N };
    unsigned long long left_out = 0;
    char *text;
    char *last;

    cr_assert(was.items != NULL && is.items != NULL);
    for (size_t i = 0; i < N; i++) {
        was.items[i] = i % 5 == 0 ? TEXT("kept") : TEXT("some old text");
        is.items[i] = i % 5 == 0 ? TEXT("kept") : TEXT("some new text");
    }
    text = mw_object_changes(&mw_type_seq_string, &was, &is);
    cr_assert_not_null(text);
    cr_expect_leq(strlen(text), (1 << 20) + 64);
    last = strstr(text, ELLIPSIS);
    cr_assert_not_null(last);
    cr_expect_eq(sscanf(last, ELLIPSIS " and %llu more\n", &left_out), 1);
    cr_expect_eq(count_lines(text) - 1 + left_out, N / 5 * 4);
    free(text);
    free(was.items);
    free(is.items);
}

/* Values nest as deep as a program likes. */
Test(changes, deep)
{
    enum { N = 200 };
    node *was = calloc(N, sizeof(node));
    node *is = calloc(N, sizeof(node));
    char *text;

    cr_assert(was != NULL && is != NULL);
    for (size_t i = 0; i + 1 < N; i++) {
        was[i].kids = (seq_node){ was + i + 1, 1, 1 };
        is[i].kids = (seq_node){ is + i + 1, 1, 1 };
    }
    is[N - 1].weight = 1;
    is[3].weight = 2;
    text = mw_object_changes(&node_type, was, is);
    cr_assert_not_null(text);
    cr_expect_eq(strncmp(text, "kids[0].kids[0].kids[0].weight: 0 -> 2\n", 39),
        0, "%s", text);
    cr_expect_not_null(strstr(text, ": changed, too deep to tell where\n"));
    cr_expect_eq(count_lines(text), 2, "%s", text);
    free(text);
    free(was);
    free(is);
}

/* Equal objects give no text, others do. */
Test(changes, anything)
{
    struct mwt_prng prng = mwt_prng_seeded("changes");
    size_t n_same = 0;

    for (size_t i = 0; i < 1000; i++) {
        const mw_type *type = i % 2 == 0 ? &order_type : &doc_type;
        union {
            order order;
            doc doc;
        } before, after;
        char *text;

        mwt_random_object(&prng, type, &before);
        cr_assert_eq(mw_object_copy(type, &after, &before), MW_OK);
        assert_changes(type, &before, &after, "");
        mwt_mutate_object(&prng, type, &after);
        text = mw_object_changes(type, &before, &after);
        cr_assert_not_null(text);
        n_same += text[0] == '\0';
        cr_assert_eq(text[0] == '\0', mw_object_equal(type, &before, &after),
            "%s", text);
        cr_assert_eq(mwi_utf8_prefix(text, strlen(text)), strlen(text));
        free(text);
        mw_object_clear(type, &before);
        mw_object_clear(type, &after);
    }
    cr_expect_lt(n_same, 500);
    cr_expect_not(has_leaks());
}

/* Without memory there is no text, or one that is as right as any. */
Test(changes, out_of_memory)
{
    struct mwt_prng prng = { 17 };
    doc before;
    doc after;
    size_t n_failed = 0;
    bool done = false;

    mwt_random_object(&prng, &doc_type, &before);
    mwt_random_object(&prng, &doc_type, &after);
    for (uint64_t n = 1; !done; n++) {
        char *text;

        mwi_mem_fail_at(n);
        text = mw_object_changes(&doc_type, &before, &after);
        done = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert(text != NULL || !done);
        cr_assert(text == NULL || text[0] != '\0');
        n_failed += text == NULL;
        free(text);
    }
    cr_expect_gt(n_failed, 10);
    mw_object_clear(&doc_type, &before);
    mw_object_clear(&doc_type, &after);
    cr_expect_not(has_leaks());
}
