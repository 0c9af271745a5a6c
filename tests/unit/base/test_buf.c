/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <criterion/criterion.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lib/prng.h"

Test(buf, appends_and_consumes)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, 100);
    cr_assert_eq(mwi_buf_len(&buf), 0);
    cr_assert_eq(mwi_buf_append(&buf, NULL, 0), MW_OK);
    cr_assert_eq(mwi_buf_append(&buf, "hello", 5), MW_OK);
    cr_assert_eq(mwi_buf_append(&buf, "world", 5), MW_OK);
    mwi_buf_consume(&buf, 5);
    cr_assert_eq(mwi_buf_len(&buf), 5);
    cr_assert_eq(memcmp(mwi_buf_bytes(&buf), "world", 5), 0);
    mwi_buf_consume(&buf, 5);
    cr_assert_eq(buf.start, 0);
    cr_assert_eq(buf.end, 0);
    mwi_buf_fini(&buf);
    mwi_buf_fini(&buf);
}

Test(buf, the_maximum_is_exact)
{
    struct mwi_buf buf;
    char bytes[1001] = { 0 };

    mwi_buf_init(&buf, 1000);
    cr_assert_eq(mwi_buf_append(&buf, bytes, 1001), MW_ERANGE);
    cr_assert_eq(mwi_buf_append(&buf, bytes, 999), MW_OK);
    cr_assert(mwi_buf_fits(&buf, 1));
    cr_assert_not(mwi_buf_fits(&buf, 2));
    cr_assert_not(mwi_buf_fits(&buf, SIZE_MAX));
    cr_assert_null(mwi_buf_reserve(&buf, 2));
    cr_assert_eq(mwi_buf_append(&buf, bytes, 2), MW_ERANGE);
    cr_assert_eq(mwi_buf_len(&buf), 999);
    cr_assert_eq(mwi_buf_append(&buf, bytes, 1), MW_OK);
    mwi_buf_consume(&buf, 500);
    cr_assert_eq(mwi_buf_append(&buf, bytes, 500), MW_OK);
    cr_assert_eq(mwi_buf_len(&buf), 1000);
    mwi_buf_fini(&buf);
}

Test(buf, nothing_is_appended_without_memory)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_buf_append(&buf, "a", 1), MW_ENOMEM);
    cr_assert_eq(mwi_buf_len(&buf), 0);
    cr_assert_eq(mwi_buf_append(&buf, "a", 1), MW_OK);
    mwi_mem_fail_at(1);
    cr_assert_null(mwi_buf_reserve(&buf, 100000));
    cr_assert(mwi_buf_fits(&buf, 100000));
    cr_assert_eq(mwi_buf_len(&buf), 1);
    cr_assert_eq(*mwi_buf_bytes(&buf), 'a');
    mwi_buf_fini(&buf);
}

/* Whatever is consumed before, what is in use stays when the block grows. */
Test(buf, growth_keeps_what_is_in_use)
{
    for (size_t consumed = 0; consumed < 300; consumed += 50) {
        char bytes[300];
        struct mwi_buf buf;
        uint8_t *room;

        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (char) i;
        }
        mwi_buf_init(&buf, 1 << 20);
        cr_assert_eq(mwi_buf_append(&buf, bytes, sizeof(bytes)), MW_OK);
        mwi_buf_consume(&buf, consumed);
        cr_assert_leq(mwi_buf_room(&buf), buf.cap);
        room = mwi_buf_reserve(&buf, 100000);
        cr_assert_not_null(room);
        cr_assert_geq(mwi_buf_room(&buf), 100000);
        memset(room, 0xff, 100000);
        mwi_buf_commit(&buf, 100000);
        cr_assert_eq(mwi_buf_len(&buf), sizeof(bytes) - consumed + 100000);
        cr_assert_eq(memcmp(mwi_buf_bytes(&buf), bytes + consumed,
                         sizeof(bytes) - consumed),
            0);
        mwi_mem_fail_at(1);
        cr_assert_null(mwi_buf_reserve(&buf, 500000));
        cr_assert_eq(memcmp(mwi_buf_bytes(&buf), bytes + consumed,
                         sizeof(bytes) - consumed),
            0);
        mwi_buf_fini(&buf);
    }
}

/* The maximum counts what is in use, not what there is room for. */
Test(buf, room)
{
    struct mwi_buf buf;

    mwi_buf_init(&buf, 10);
    cr_assert_eq(mwi_buf_room(&buf), 0);
    cr_assert_eq(mwi_buf_append(&buf, "abc", 3), MW_OK);
    cr_assert_eq(mwi_buf_room(&buf), 7);
    mwi_buf_consume(&buf, 1);
    cr_assert_eq(mwi_buf_room(&buf), 8);
    cr_assert_eq(mwi_buf_append(&buf, "defghijk", 8), MW_OK);
    cr_assert_eq(mwi_buf_room(&buf), 0);
    mwi_buf_fini(&buf);
}

/* Against a plain array: a queue of bytes keeps their order. */
Test(buf, random_traffic)
{
    struct mwt_prng prng = mwt_prng_seeded("buf/random_traffic");
    struct mwi_buf buf;
    uint8_t written = 0;
    uint8_t read = 0;

    mwi_buf_init(&buf, 5000);
    for (size_t i = 0; i < 20000; i++) {
        size_t n = mwt_below(&prng, 200);
        uint8_t *room = mwi_buf_reserve(&buf, n);

        cr_assert_eq(room != NULL, mwi_buf_fits(&buf, n));
        n = room != NULL ? mwt_below(&prng, n + 1) : 0;
        for (size_t j = 0; j < n; j++) {
            room[j] = written++;
        }
        if (room != NULL) {
            mwi_buf_commit(&buf, n);
        }
        n = mwt_below(&prng, mwi_buf_len(&buf) + 1);
        for (size_t j = 0; j < n; j++) {
            cr_assert_eq(mwi_buf_bytes(&buf)[j], read++);
        }
        mwi_buf_consume(&buf, n);
        cr_assert_leq(buf.cap, 10000);
    }
    mwi_buf_fini(&buf);
}
