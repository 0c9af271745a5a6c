/* SPDX-License-Identifier: MIT */
/*
 * Each allocation fails in turn: the operation says so, and nothing leaks or
 * changes.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "base/mem.h"
#include "codec/seq.h"
#include "fixture.h"
#include "lib/random_value.h"

enum { SEED = 11 };

static order
some_order(void)
{
    struct mwt_prng prng = { SEED };
    order object;

    mwt_random_object(&prng, &order_type, &object);
    return object;
}

static void
assert_zero(const order *object)
{
    static const order zero;

    cr_assert_eq(memcmp(object, &zero, sizeof(zero)), 0);
}

/* Whether the allocation that was to fail did not come, and so all are done.
 * Otherwise status must say what happened. */
static bool
is_done(mw_status status)
{
    bool failed = mwi_mem_has_failed();

    mwi_mem_fail_at(0);
    cr_assert_eq(status, failed ? MW_ENOMEM : MW_OK);
    return !failed;
}

Test(oom, init)
{
    order object;
    bool done = false;
    uint64_t n = 1;

    for (; !done; n++) {
        mwi_mem_fail_at(n);
        done = is_done(mw_object_init(&order_type, &object));
        if (!done) {
            assert_zero(&object);
        }
    }
    cr_assert_gt(n, 2);
    mw_object_clear(&order_type, &object);
}

Test(oom, copy)
{
    order object = some_order();
    order copy;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        mwi_mem_fail_at(n);
        done = is_done(mw_object_copy(&order_type, &copy, &object));
        if (!done) {
            assert_zero(&copy);
        }
    }
    cr_assert(mw_object_equal(&order_type, &object, &copy));
    mw_object_clear(&order_type, &copy);
    mw_object_clear(&order_type, &object);
}

Test(oom, encode_and_decode)
{
    order object = some_order();
    order back;
    uint8_t *bytes;
    size_t len;
    mw_error error;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        mwi_mem_fail_at(n);
        done = is_done(
            mw_object_encode(&order_type, &object, &bytes, &len, &error));
        cr_assert(done || strstr(error.text, "out of memory") != NULL);
    }
    done = false;
    for (uint64_t n = 1; !done; n++) {
        mwi_mem_fail_at(n);
        done =
            is_done(mw_object_decode(&order_type, bytes, len, &back, &error));
        if (!done) {
            assert_zero(&back);
            cr_assert_not_null(strstr(error.text, "out of memory at byte"));
        }
    }
    cr_assert(mw_object_equal(&order_type, &object, &back));
    free(bytes);
    mw_object_clear(&order_type, &back);
    mw_object_clear(&order_type, &object);
}

/* Members that the message does not have get their defaults. */
Test(oom, decode_of_a_short_message)
{
    static const uint8_t message[] = { 0x80 };
    order back;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        mwi_mem_fail_at(n);
        done = is_done(mw_object_decode(
            &order_type, message, sizeof(message), &back, NULL));
    }
    mw_object_clear(&order_type, &back);
}

Test(oom, decode_into_an_arena)
{
    order object = some_order();
    uint8_t *bytes;
    size_t len;
    bool done = false;

    cr_assert_eq(
        mw_object_encode(&order_type, &object, &bytes, &len, NULL), MW_OK);
    for (uint64_t n = 1; !done; n++) {
        struct mwi_arena arena;
        struct mwi_place place = { .arena = &arena, .budget = SIZE_MAX };
        struct mwi_reader r;
        order back = { 0 };

        mwi_arena_init(&arena, 1 << 24);
        mwi_reader_init(&r, bytes, len, 64);
        mwi_mem_fail_at(n);
        mwi_decode(&r, &place, &order_type, &back);
        done = is_done(mwi_reader_finish(&r));
        mwi_arena_fini(&arena);
    }
    free(bytes);
    mw_object_clear(&order_type, &object);
}

Test(oom, text)
{
    order object = some_order();
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        char *text;

        mwi_mem_fail_at(n);
        text = mw_object_text(&order_type, &object);
        done = is_done(text != NULL ? MW_OK : MW_ENOMEM);
        free(text);
    }
    mw_object_clear(&order_type, &object);
}

/* A sequence with room for spare elements more. */
static seq_line
some_lines(size_t len, size_t spare)
{
    seq_line seq = { .items = calloc(len + spare, sizeof(line)),
        .len = len,
        .cap = len + spare };

    for (size_t i = 0; i < len; i++) {
        seq.items[i].sku = strdup("sku");
        seq.items[i].count = (uint32_t) i;
    }
    return seq;
}

/* Insert three elements; the n-th allocation fails.  Whether it came. */
static bool
insert_with_failure(uint64_t n, size_t len, size_t spare, size_t at)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    seq_line seq = some_lines(len, spare);
    seq_line before = seq;
    line *items = malloc(len * sizeof(line));
    bool failed;

    memcpy(items, seq.items, len * sizeof(line));
    mwi_mem_fail_at(n);
    if (mwi_seq_insert(&heap, &seq_line_type, &seq, at, 3) == NULL) {
        cr_assert(mwi_mem_has_failed());
        cr_assert_eq(memcmp(&before, &seq, sizeof(seq)), 0);
        cr_assert_eq(memcmp(items, seq.items, len * sizeof(line)), 0);
    } else {
        /* When there is no memory to double, less may do. */
        cr_assert_eq(seq.len, len + 3);
        for (size_t i = 0; i < 3; i++) {
            cr_assert_str_eq(seq.items[at + i].sku, "none");
        }
        cr_assert_eq(memcmp(items, seq.items, at * sizeof(line)), 0);
        cr_assert_eq(
            memcmp(items + at, seq.items + at + 3, (len - at) * sizeof(line)),
            0);
    }
    failed = mwi_mem_has_failed();
    mwi_mem_fail_at(0);
    free(items);
    mw_object_clear(&seq_line_type, &seq);
    return failed;
}

static void
check_insert(size_t len, size_t spare, size_t at)
{
    uint64_t n = 1;

    while (insert_with_failure(n, len, spare, at)) {
        n++;
    }
    cr_assert_eq(n, spare < 3 ? 5 : 4); /* array and texts */
}

Test(oom, seq_insert)
{
    check_insert(10, 0, 4);
    check_insert(10, 5, 4);
    check_insert(10, 5, 10);
    check_insert(10, 2, 0);
}

Test(oom, seq_insert_of_numbers)
{
    struct mwi_place heap = { .budget = SIZE_MAX };
    mw_seq_i64 seq = { 0 };
    mw_seq_i64 before;

    cr_assert_not_null(mwi_seq_insert(&heap, &mw_type_seq_i64, &seq, 0, 4));
    before = seq;
    mwi_mem_fail_at(1);
    cr_assert_null(mwi_seq_insert(&heap, &mw_type_seq_i64, &seq, 0, 4));
    cr_assert_eq(memcmp(&before, &seq, sizeof(seq)), 0);
    mwi_mem_fail_at(0);
    mw_object_clear(&mw_type_seq_i64, &seq);
}
