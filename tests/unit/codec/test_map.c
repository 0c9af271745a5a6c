/* SPDX-License-Identifier: MIT */
/*
 * mw/map.h: looking up, putting, removing, sorting; and the order of keys.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/map.h"
#include "mw/object.h"

#include "base/arena.h"
#include "base/mem.h"
#include "codec/map.h"
#include "kinds.h"
#include "lib/prng.h"

static double *
get(const prices *map, const char *key)
{
    return mw_map_get(&prices_type, map, &key);
}

static double *
put(prices *map, const char *key)
{
    return mw_map_put(NULL, &prices_type, map, &key);
}

Test(map, put_get_remove)
{
    prices map = { 0 };
    const char *nut = "nut";
    double *value;

    cr_assert_null(get(&map, "nut"));
    cr_assert_not(mw_map_remove(NULL, &prices_type, &map, &nut));
    value = put(&map, "nut");
    cr_assert_eq(*value, 0);
    *value = 1;
    *put(&map, "bolt") = 2;
    *put(&map, "") = 3;
    *put(&map, "nuts") = 4;
    cr_assert_eq(*put(&map, "nut"), 1); /* is there */
    cr_assert_eq(map.len, 4);
    cr_assert_str_eq(map.items[0].key, "");
    cr_assert_str_eq(map.items[1].key, "bolt");
    cr_assert_str_eq(map.items[2].key, "nut");
    cr_assert_str_eq(map.items[3].key, "nuts");
    cr_assert_eq(*get(&map, "bolt"), 2);
    cr_assert_eq(*get(&map, ""), 3);
    cr_assert_eq(*get(&map, "nuts"), 4);
    cr_assert_null(get(&map, "nu"));
    cr_assert_null(get(&map, "z"));
    cr_assert(mw_map_remove(NULL, &prices_type, &map, &nut));
    cr_assert_null(get(&map, "nut"));
    cr_assert_eq(map.len, 3);
    mw_object_clear(&prices_type, &map);
}

/* The key of an entry filled in by hand may be NULL, which reads as "". */
Test(map, null_is_an_empty_key)
{
    prices map = { 0 };
    const char *null = NULL;

    cr_assert_not_null(mw_map_put(NULL, &prices_type, &map, &null));
    cr_assert_str_eq(map.items[0].key, "");
    free(map.items[0].key);
    map.items[0].key = NULL;
    cr_assert_not_null(get(&map, ""));
    mw_object_clear(&prices_type, &map);
}

Test(map, values_have_defaults_and_are_cleared)
{
    lines_by_i16 map = { 0 };
    int16_t key = -5;
    line *value = mw_map_put(NULL, &lines_by_i16_type, &map, &key);

    cr_assert_str_eq(value->sku, "none");
    cr_assert_eq(value->count, 1);
    value->note = strdup("leaks unless freed");
    key = 5;
    value = mw_map_put(NULL, &lines_by_i16_type, &map, &key);
    cr_assert_eq(value, &map.items[1].value);
    key = -5;
    cr_assert(mw_map_remove(NULL, &lines_by_i16_type, &map, &key));
    cr_assert_eq(map.items[0].key, 5);
    mw_object_clear(&lines_by_i16_type, &map);
}

Test(map, bounded_texts_are_keys)
{
    labels map = { 0 };
    char key[5] = "ab\0x";
    char same[5] = "ab\0y";

    cr_assert_not_null(mw_map_put(NULL, &labels_type, &map, key));
    cr_assert_not_null(mw_map_get(&labels_type, &map, same));
    memcpy(same, "ab!", 4);
    cr_assert_not_null(mw_map_put(NULL, &labels_type, &map, same));
    memcpy(same, "abcd", 5);
    cr_assert_not_null(mw_map_put(NULL, &labels_type, &map, same));
    cr_assert_str_eq(map.items[0].key, "ab");
    cr_assert_str_eq(map.items[2].key, "abcd");
    mw_object_clear(&labels_type, &map);
}

/* The key may be a part of the map itself, which moves when it grows. */
Test(map, keys_from_the_map)
{
    labels map = { 0 };

    for (char c = 'z'; c >= 'a'; c--) {
        const char key[] = { c, '\0' };
        labels_entry *last;

        cr_assert_not_null(mw_map_put(NULL, &labels_type, &map, key));
        last = &map.items[map.len - 1];
        last->value[0] = (char) (c - 'a' + 'A');
        last->value[1] = '\0';
        cr_assert_not_null(mw_map_put(NULL, &labels_type, &map, last->value));
    }
    cr_assert_eq(map.len, 52);
    for (size_t i = 0; i < 26; i++) {
        cr_expect_eq(map.items[i].key[0], (char) ('A' + i));
        cr_expect_eq(map.items[26 + i].key[0], (char) ('a' + i));
    }
    mw_object_clear(&labels_type, &map);
}

Test(map, order_of_keys)
{
    static const struct {
        const mw_type *type;
        uint64_t less;
        uint64_t more;
    } pairs[] = {
        { &mw_type_bool, 0, 1 },
        { &mw_type_u8, 1, 0xff },
        { &mw_type_i8, 0xff, 1 },
        { &mw_type_u16, 1, 0xffff },
        { &mw_type_i16, 0xffff, 1 },
        { &mw_type_u32, 1, 0xffffffff },
        { &mw_type_i32, 0xffffffff, 1 },
        { &colour_type, (uint32_t) COLOUR_RED, COLOUR_BLUE },
        { &mw_type_u64, 1, UINT64_MAX },
        { &mw_type_i64, UINT64_MAX, 1 },
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const mw_type *type = pairs[i].type;

        cr_assert_lt(mwi_key_compare(type, &pairs[i].less, &pairs[i].more), 0);
        cr_assert_gt(mwi_key_compare(type, &pairs[i].more, &pairs[i].less), 0);
        cr_assert_eq(mwi_key_compare(type, &pairs[i].more, &pairs[i].more), 0);
    }
}

Test(map, order_of_texts)
{
    static const char *const ascending[] = { "", "A", "a", "aa", "b", "z",
        "\xc3\xbc", "\xe2\x82\xac" };
    size_t n = sizeof(ascending) / sizeof(ascending[0]);

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            int sign =
                mwi_key_compare(&mw_type_string, &ascending[i], &ascending[j]);

            cr_assert((sign < 0) == (i < j) && (sign > 0) == (i > j));
        }
    }
}

Test(map, where_a_key_would_go)
{
    lines_by_i16_entry entries[] = { { .key = -2 }, { .key = 3 },
        { .key = 9 } };
    lines_by_i16 map = { entries, 3, 3 };
    static const int16_t keys[] = { -3, -2, 0, 3, 4, 9, 10 };
    static const size_t places[] = { 0, 0, 1, 1, 2, 2, 3 };

    for (size_t i = 0; i < 7; i++) {
        size_t at;

        cr_assert_eq(
            mwi_map_find(&lines_by_i16_type, &map, &keys[i], &at), i % 2 == 1);
        cr_assert_eq(at, places[i]);
    }
}

Test(map, sort)
{
    char names[4][2] = { "d", "b", "a", "c" };
    prices_entry entries[4];
    prices map = { entries, 4, 4 };
    prices none = { 0 };

    for (size_t i = 0; i < 4; i++) {
        entries[i] = (prices_entry){ names[i], (double) names[i][0] };
    }
    cr_assert_eq(mw_map_sort(&prices_type, &none), MW_OK);
    cr_assert_eq(mw_map_sort(&prices_type, &map), MW_OK);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(entries[i].key[0], (char) ('a' + i));
        cr_assert_eq(entries[i].value, (double) ('a' + i));
    }
    cr_assert_eq(mw_map_sort(&prices_type, &map), MW_OK);
    entries[3].key = names[3];
    entries[2].key = names[3];
    cr_assert_eq(mw_map_sort(&prices_type, &map), MW_EEXIST);
    map.len = 2;
    entries[0].key = NULL;
    entries[1].key = NULL;
    cr_assert_eq(mw_map_sort(&prices_type, &map), MW_EEXIST);
}

/* Larger entries than are exchanged at once, and more than a few. */
Test(map, sort_many)
{
    enum { N = 1000 };
    struct mwt_prng prng = mwt_prng_seeded("map/sort_many");
    lines_by_i16_entry *entries = calloc(N, sizeof(*entries));
    lines_by_i16 map = { entries, N, N };

    for (int i = 0; i < N; i++) {
        entries[i].key = (int16_t) (i - N / 2);
        entries[i].value.where.x = entries[i].key;
    }
    for (size_t i = N - 1; i > 0; i--) {
        size_t other = mwt_below(&prng, i + 1);
        lines_by_i16_entry entry = entries[i];

        entries[i] = entries[other];
        entries[other] = entry;
    }
    cr_assert_eq(mw_map_sort(&lines_by_i16_type, &map), MW_OK);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(entries[i].key, i - N / 2);
        cr_assert_eq(entries[i].value.where.x, (double) (i - N / 2));
    }
    free(entries);
}

/* A map and a plain table of what should be in it. */
Test(map, as_a_table)
{
    enum { KEYS = 60, ROUNDS = 4000 };
    struct mwt_prng prng = mwt_prng_seeded("map/as_a_table");
    bool there[KEYS] = { false };
    double values[KEYS];
    prices map = { 0 };

    for (int round = 0; round < ROUNDS; round++) {
        size_t which = mwt_below(&prng, KEYS);
        char name[8];
        const char *key = name;

        (void) snprintf(name, sizeof(name), "%zu", which);
        cr_assert_eq(get(&map, key) != NULL, there[which]);
        cr_assert(!there[which] || *get(&map, key) == values[which]);
        if (mwt_chance(&prng, 50)) {
            values[which] = round;
            *put(&map, key) = round;
            there[which] = true;
        } else {
            cr_assert_eq(
                mw_map_remove(NULL, &prices_type, &map, &key), there[which]);
            there[which] = false;
        }
    }
    cr_assert_eq(mw_map_sort(&prices_type, &map), MW_OK);
    mw_object_clear(&prices_type, &map);
}

Test(map, in_an_arena)
{
    struct mwi_arena arena;
    struct mwi_place place = { .arena = &arena, .budget = SIZE_MAX };
    prices map = { 0 };
    char name[] = "a";
    const char *key = name;

    mwi_arena_init(&arena, 100000);
    for (; name[0] <= 'z'; name[0]++) {
        cr_assert_not_null(mwi_map_put_key(&place, &prices_type, &map, &key));
    }
    cr_assert_eq(map.len, 26);
    cr_assert_str_eq(map.items[25].key, "z");
    name[0] = 'b';
    cr_assert(mwi_map_remove_key(false, &prices_type, &map, &key));
    cr_assert_str_eq(map.items[1].key, "c");
    mwi_arena_fini(&arena);
}

Test(map, put_without_memory_changes_nothing)
{
    branch value = some_branch();
    const char *keys[] = { "bolt", "zinc", "axle", "" };
    uint64_t n = 1;
    bool failed = true;

    for (size_t i = 0; i < 4; i++) {
        for (n = 1, failed = true; failed; n++) {
            size_t len = value.prices.len;
            void *put_there;

            mwi_mem_fail_at(n);
            put_there = mw_map_put(NULL, &prices_type, &value.prices, &keys[i]);
            failed = mwi_mem_has_failed();
            mwi_mem_fail_at(0);
            /* Growth in steps of two may do with one. */
            cr_assert(put_there != NULL || (failed && value.prices.len == len));
            if (put_there != NULL) {
                break;
            }
        }
    }
    cr_assert_eq(value.prices.len, 4);
    mw_object_clear(&branch_type, &value);
}
