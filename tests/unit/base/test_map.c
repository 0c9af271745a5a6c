/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/map.h"
#include "base/mem.h"
#include "lib/prng.h"

Test(map, empty)
{
    struct mwi_map map;

    mwi_map_init(&map);
    cr_assert_null(mwi_map_get(&map, 0));
    cr_assert_null(mwi_map_remove(&map, 0));
    cr_assert_eq(map.len, 0);
    mwi_map_fini(&map);
}

Test(map, replaces)
{
    struct mwi_map map;
    int a;
    int b;

    mwi_map_init(&map);
    cr_assert_eq(mwi_map_put(&map, UINT64_MAX, &a), MW_OK);
    cr_assert_eq(mwi_map_put(&map, UINT64_MAX, &b), MW_OK);
    cr_assert_eq(mwi_map_get(&map, UINT64_MAX), &b);
    cr_assert_eq(map.len, 1);
    cr_assert_eq(mwi_map_remove(&map, UINT64_MAX), &b);
    cr_assert_eq(map.len, 0);
    cr_assert_null(mwi_map_get(&map, UINT64_MAX));
    mwi_map_fini(&map);
}

/* Against an array of all keys, with runs that wrap around and holes in them.
 */
Test(map, random_traffic)
{
    enum { KEYS = 512 };
    struct mwt_prng prng = mwt_prng_seeded("map/random_traffic");
    static char values[KEYS];
    bool has[KEYS] = { false };
    struct mwi_map map;
    size_t len = 0;

    mwi_map_init(&map);
    for (size_t i = 0; i < 100000; i++) {
        size_t key = mwt_below(&prng, KEYS);
        bool grow = mwt_chance(&prng, i / 10000 % 2 == 0 ? 60 : 40);

        if (grow) {
            cr_assert_eq(mwi_map_put(&map, key, &values[key]), MW_OK);
        } else {
            cr_assert_eq(
                mwi_map_remove(&map, key), has[key] ? &values[key] : NULL);
        }
        len += (size_t) grow - (size_t) has[key];
        has[key] = grow;
        cr_assert_eq(map.len, len);
        key = mwt_below(&prng, KEYS);
        cr_assert_eq(mwi_map_get(&map, key), has[key] ? &values[key] : NULL);
    }
    for (size_t key = 0; key < KEYS; key++) {
        cr_assert_eq(mwi_map_get(&map, key), has[key] ? &values[key] : NULL);
    }
    mwi_map_fini(&map);
}

Test(map, out_of_memory_changes_nothing)
{
    struct mwi_map map;
    int value;

    mwi_map_init(&map);
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_map_put(&map, 1, &value), MW_ENOMEM);
    cr_assert_null(mwi_map_get(&map, 1));
    for (uint64_t key = 0; key < 12; key++) {
        cr_assert_eq(mwi_map_put(&map, key, &value), MW_OK);
    }
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_map_put(&map, 12, &value), MW_ENOMEM);
    cr_assert_eq(map.len, 12);
    for (uint64_t key = 0; key < 12; key++) {
        cr_assert_eq(mwi_map_get(&map, key), &value);
    }
    cr_assert_eq(mwi_map_put(&map, 12, &value), MW_OK);
    mwi_mem_fail_at(0);
    mwi_map_fini(&map);
}
