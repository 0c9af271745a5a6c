/* SPDX-License-Identifier: MIT */
/*
 * Messages whose longest byte string is apart, and read as if it were not.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "codec/value.h"
#include "hex.h"
#include "lib/prng.h"

enum { LEN = MWI_APART_MIN, DEPTH = 16 };

/* A message with LEN bytes apart; they come behind before. */
struct sample {
    uint8_t bytes[256];
    size_t len;
    struct mwi_apart apart;
    struct mwi_reader r;
};

/* In hex: what comes before the payload, its head included, and what behind. */
static void
make(struct sample *s, const char *before, const char *behind)
{
    struct hex a = unhex(before);
    struct hex b = unhex(behind);

    memcpy(s->bytes, a.bytes, a.len);
    memcpy(s->bytes + a.len, b.bytes, b.len);
    s->len = a.len + b.len;
    s->apart =
        (struct mwi_apart){ .bytes = mwi_malloc(LEN), .len = LEN, .at = a.len };
    cr_assert_not_null(s->apart.bytes);
    for (size_t i = 0; i < LEN; i++) {
        s->apart.bytes[i] = (uint8_t) (i * 7);
    }
    free(a.bytes);
    free(b.bytes);
    mwi_reader_init(&s->r, s->bytes, s->len, DEPTH);
    mwi_reader_set_apart(&s->r, &s->apart);
}

/* ---- finding ---- */

static size_t
find(const char *text, size_t *ret_len)
{
    struct hex hex = unhex(text);
    struct mwi_apart apart = { 0 };
    bool found = mwi_apart_find(hex.bytes, hex.len, &apart);

    free(hex.bytes);
    cr_assert_null(apart.bytes);
    *ret_len = apart.len;
    return found ? apart.at : 0;
}

Test(apart, is_found_behind_any_heads)
{
    static const struct {
        const char *hex;
        size_t at;
        size_t len;
    } cases[] = {
        { "5a00010000", 5, 65536 },
        { "5a0001000000", 5, 65536 },
        { "5b0000000000010000", 9, 65536 },
        { "59ffff", 0, 0 },
        { "5a0000ffff", 0, 0 },
        { "7a00010000", 0, 0 },
        { "", 0, 0 },
        { "5a000100", 0, 0 },
        { "8503f5fb0102030405060708 d856 5a00010001", 19, 65537 },
        { "84 01 64 5a000100 a1 01 42 5a00 5a40000000", 17, 1 << 30 },
        { "82 59ffff", 0, 0 },
        { "82 78ff 61", 0, 0 },
        { "5bffffffffffffffff", 9, SIZE_MAX },
        { "5f", 0, 0 },
        { "fc 5a00010000", 0, 0 },
        { "ff 5a00010000", 0, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len;

        cr_assert_eq(find(cases[i].hex, &len), cases[i].at, "%s", cases[i].hex);
        cr_assert_eq(len, cases[i].len, "%s", cases[i].hex);
    }
}

/* ---- reading ---- */

Test(apart, is_read_and_skipped_and_read_again)
{
    struct sample s;
    const uint8_t *at;
    const uint8_t *behind;
    size_t len;

    make(&s, "84 01 5a00010000", "02 03");
    cr_assert_eq(mwi_read_array(&s.r), 4);
    cr_assert_eq(mwi_read_uint(&s.r), 1);
    at = s.r.at;
    cr_assert_eq(mwi_peek(&s.r), MWI_ITEM_BYTES);
    mwi_skip(&s.r);
    behind = s.r.at;
    cr_assert_eq(mwi_read_uint(&s.r), 2);
    mwi_reader_seek(&s.r, at);
    cr_assert_eq(mwi_read_bytes(&s.r, &len), s.apart.bytes);
    cr_assert_eq(len, LEN);
    mwi_reader_seek(&s.r, behind);
    cr_assert_eq(mwi_read_uint(&s.r), 2);
    cr_assert_eq(mwi_read_uint(&s.r), 3);
    mwi_leave(&s.r);
    cr_assert_eq(mwi_reader_finish(&s.r), MW_OK);
    mwi_apart_fini(&s.apart);
}

/* As many items as bytes of the message, of which some are behind. */
Test(apart, counts_may_reach_behind_it)
{
    struct sample s;

    make(&s, "83 5a00010000", "02 03");
    mwi_skip(&s.r);
    cr_assert_eq(mwi_reader_finish(&s.r), MW_OK, "%s", s.r.error.text);
    mwi_apart_fini(&s.apart);
    make(&s, "89 5a00010000", "02 03");
    mwi_skip(&s.r);
    cr_assert_str_eq(s.r.error.text, "array of 9 items is truncated at byte 0");
    mwi_apart_fini(&s.apart);
}

Test(apart, errors_name_the_place_in_the_whole_message)
{
    struct sample s;

    make(&s, "82 5a00010000", "82 00");
    mwi_skip(&s.r);
    cr_assert_str_eq(
        s.r.error.text, "array of 2 items is truncated at byte 65542");
    mwi_apart_fini(&s.apart);
    make(&s, "81 5a00010000", "00");
    mwi_skip(&s.r);
    (void) mwi_reader_finish(&s.r);
    cr_assert_str_eq(s.r.error.text, "1 bytes too many at byte 65542");
    mwi_apart_fini(&s.apart);
}

/* Whatever is there instead of the head that belongs to it. */
Test(apart, is_met_by_its_own_head_alone)
{
    static const char *const befores[] = { "81 5a00010001", "81 5a0000ffff",
        "81 7a00010000", "81 9a00010000", "81 5a0001", "81 5b000000000001",
        "81 18", "81", "", "82 5a00010000 5a00010000", "81 43 5a00" };

    for (size_t i = 0; i < sizeof(befores) / sizeof(befores[0]); i++) {
        struct sample s;

        make(&s, befores[i], "00 00 00 00 00 00 00 00 00");
        mwi_skip(&s.r);
        cr_assert_lt(mwi_reader_finish(&s.r), MW_OK, "%s", befores[i]);
        cr_assert_not_null(s.apart.bytes);
        mwi_apart_fini(&s.apart);
    }
}

/* A second string of the same length at the end is none. */
Test(apart, is_met_once)
{
    struct sample s;
    size_t len;

    make(&s, "82 5a00010000", "5a00010000");
    cr_assert_eq(mwi_read_array(&s.r), 2);
    cr_assert_not_null(mwi_read_bytes(&s.r, &len));
    cr_assert_null(mwi_read_bytes(&s.r, &len));
    cr_assert_str_eq(s.r.error.text, "truncated at byte 65542");
    mwi_apart_fini(&s.apart);
}

Test(apart, that_was_taken_is_not_there)
{
    struct sample s;
    size_t len;

    make(&s, "5a00010000", "");
    mwi_apart_fini(&s.apart);
    cr_assert_null(mwi_read_bytes(&s.r, &len));
    cr_assert_str_eq(s.r.error.text, "truncated at byte 0");
}

/* Any corruption is found, or does no harm. */
Test(apart, random_corruption)
{
    for (uint64_t seed = 0; seed < 20000; seed++) {
        struct mwt_prng prng = { seed };
        struct sample s;

        make(&s, "84 a1 01 63616263 d856 5a00010000",
            "82 5803 010203 f5 83 18ff 20 61 78");
        for (size_t n = 1 + mwt_below(&prng, 3); n > 0; n--) {
            s.bytes[mwt_below(&prng, s.len)] = (uint8_t) mwt_next(&prng);
        }
        while (mwi_reader_ok(&s.r) && mwi_peek(&s.r) != MWI_ITEM_NONE) {
            mwi_skip(&s.r);
        }
        (void) mwi_reader_finish(&s.r);
        mwi_apart_fini(&s.apart);
    }
}

Test(apart, is_joined)
{
    struct mwi_buf whole;
    struct sample s;

    make(&s, "83 01 5a00010000", "02");
    mwi_buf_init(&whole, SIZE_MAX);
    mwi_mem_fail_at(1);
    cr_assert_eq(mwi_apart_join(&whole, s.bytes, s.len, &s.apart), MW_ENOMEM);
    mwi_mem_fail_at(0);
    cr_assert_eq(mwi_apart_join(&whole, s.bytes, s.len, &s.apart), MW_OK);
    cr_assert_eq(mwi_buf_len(&whole), s.len + LEN);
    cr_assert_eq(memcmp(mwi_buf_bytes(&whole), s.bytes, 7), 0);
    cr_assert_eq(memcmp(mwi_buf_bytes(&whole) + 7, s.apart.bytes, LEN), 0);
    cr_assert_eq(mwi_buf_bytes(&whole)[7 + LEN], 2);
    mwi_buf_fini(&whole);
    mwi_apart_fini(&s.apart);
}

/* ---- becoming items ---- */

struct numbers {
    void *items;
    size_t len;
    size_t cap;
};

static void
assert_payload(const struct numbers *seq, size_t size)
{
    cr_assert_eq(seq->len, LEN / size);
    for (size_t i = 0; i < LEN; i++) {
        cr_assert_eq(((uint8_t *) seq->items)[i], (uint8_t) (i * 7));
    }
}

Test(apart, becomes_items_on_the_heap)
{
    struct mwi_place heap = { .budget = LEN + MWI_HEAP_BLOCK_COST,
        .adopts = true };
    struct numbers seq = { 0 };
    struct sample s;
    const void *block;

    make(&s, "d856 5a00010000", "");
    block = s.apart.bytes;
    mwi_decode(&s.r, &heap, &mw_type_seq_f64, &seq);
    cr_assert_eq(mwi_reader_finish(&s.r), MW_OK, "%s", s.r.error.text);
    cr_assert_eq(seq.items, block);
    cr_assert_null(s.apart.bytes);
    assert_payload(&seq, sizeof(double));
    cr_assert_eq(seq.cap, seq.len);
    cr_assert_eq(heap.budget, 0);
    mwi_clear(&mw_type_seq_f64, &seq);
}

Test(apart, becomes_items_of_an_arena_that_is_not_copied)
{
    struct mwi_arena arena;
    struct mwi_arena other;

    for (int i = 0; i < 2; i++) {
        struct mwi_place place = { .budget = SIZE_MAX, .adopts = true };
        struct numbers seq = { 0 };
        struct sample s;

        mwi_arena_init(&arena, 2 * LEN);
        mwi_arena_init(&other, 2 * LEN);
        place.arena = &arena;
        place.rest = i == 0 ? &arena : &other;
        make(&s, "5a00010000", "");
        mwi_decode(&s.r, &place, &mw_type_seq_u8, &seq);
        cr_assert_eq(mwi_reader_finish(&s.r), MW_OK);
        assert_payload(&seq, 1);
        cr_assert_eq(s.apart.bytes == NULL, i == 0);
        cr_assert_geq(arena.total, LEN);
        mwi_apart_fini(&s.apart);
        mwi_arena_reset(&arena, SIZE_MAX);
        mwi_arena_fini(&arena);
        mwi_arena_fini(&other);
    }
}

/* Over a limit, or without memory, as if it were copied. */
Test(apart, limits_hold)
{
    struct mwi_place heap = { .budget = LEN + MWI_HEAP_BLOCK_COST - 1,
        .adopts = true };
    struct mwi_place place = { .budget = SIZE_MAX, .adopts = true };
    struct numbers seq = { 0 };
    struct mwi_arena arena;
    struct sample s;

    make(&s, "5a00010000", "");
    mwi_decode(&s.r, &heap, &mw_type_seq_u8, &seq);
    cr_assert_eq(s.r.error.status, MW_ERANGE);
    cr_assert_not_null(s.apart.bytes);
    cr_assert_null(seq.items);
    mwi_apart_fini(&s.apart);
    for (uint64_t n = 0; n < 2; n++) {
        mwi_arena_init(&arena, n == 0 ? LEN : SIZE_MAX);
        place.arena = place.rest = &arena;
        place.has_failed = false;
        make(&s, "5a00010000", "");
        mwi_mem_fail_at(n);
        mwi_decode(&s.r, &place, &mw_type_seq_u8, &seq);
        mwi_mem_fail_at(0);
        if (n == 0) {
            cr_assert_eq(s.r.error.status, MW_ERANGE);
        } else {
            /* Copied instead. */
            cr_assert_eq(s.r.error.status, MW_OK);
            assert_payload(&seq, 1);
        }
        cr_assert_not_null(s.apart.bytes);
        mwi_apart_fini(&s.apart);
        mwi_arena_fini(&arena);
    }
}

/* Whose items it cannot be, gets a copy. */
Test(apart, is_copied_where_it_does_not_fit)
{
    static const mw_type *const types[] = { &mw_type_seq_u8, &mw_type_seq_f64,
        &mw_type_seq_i16 };
    static const char *const heads[] = { "5a00010000", "d852 5a00010000",
        "d84d 5a00010000" };

    for (size_t i = 0; i < 3; i++) {
        struct mwi_place heap = { .budget = SIZE_MAX, .adopts = i > 0 };
        struct numbers seq = { 0 };
        struct sample s;

        make(&s, heads[i], "");
        mwi_decode(&s.r, &heap, types[i], &seq);
        cr_assert_eq(mwi_reader_finish(&s.r), MW_OK, "%s", s.r.error.text);
        if (i < 2) {
            /* Not allowed, or in the other byte order. */
            cr_assert_not_null(s.apart.bytes);
        } else {
            cr_assert_null(s.apart.bytes);
        }
        mwi_clear(types[i], &seq);
        mwi_apart_fini(&s.apart);
    }
}
