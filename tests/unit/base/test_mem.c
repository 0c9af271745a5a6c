/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"

Test(mem, sizes)
{
    char *block = mwi_malloc(0);
    char *text;

    cr_assert_not_null(block);
    block = mwi_realloc(block, 10, 10);
    cr_assert_not_null(block);
    cr_assert_null(mwi_realloc(block, SIZE_MAX, 2));
    block[99] = 'x'; /* the old block stays */
    mwi_free(block);
    block = mwi_calloc(0, 5);
    cr_assert_not_null(block);
    mwi_free(block);
    block = mwi_calloc(3, 4);
    cr_assert_eq(memcmp(block, "\0\0\0\0\0\0\0\0\0\0\0", 12), 0);
    mwi_free(block);
    text = mwi_strndup("abcdef", 3);
    cr_assert_str_eq(text, "abc");
    mwi_free(text);
    mwi_free(NULL);
}

Test(mem, one_named_allocation_fails)
{
    void *blocks[4];

    cr_assert_not(mwi_mem_has_failed());
    mwi_mem_fail_at(3);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(mwi_mem_has_failed(), i > 2);
        blocks[i] = i % 2 == 0 ? mwi_malloc(8) : mwi_calloc(1, 8);
    }
    cr_assert(mwi_mem_has_failed());
    cr_assert_null(blocks[2]);
    cr_assert_not_null(blocks[3]);
    mwi_mem_fail_at(1);
    cr_assert_null(mwi_realloc(blocks[0], 2, 8));
    mwi_mem_fail_at(1);
    cr_assert_null(mwi_strndup("x", 1));
    mwi_mem_fail_at(0);
    cr_assert_not(mwi_mem_has_failed());
    for (size_t i = 0; i < 4; i++) {
        mwi_free(blocks[i]);
    }
}
