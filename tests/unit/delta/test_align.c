/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "delta/align.h"
#include "lib/prng.h"
#include "world.h"

/* A growing row of symbols. */
struct row {
    unsigned char *at;
    size_t n;
};

static struct row
random_row(struct mwt_prng *prng, size_t n, size_t width, unsigned symbols)
{
    struct row row = { calloc(n + 1, width), n };

    cr_assert_not_null(row.at);
    for (size_t i = 0; i < n; i++) {
        uint64_t symbol = mwt_next(prng) % symbols * UINT64_C(0x0123456789ab);

        memcpy(row.at + i * width, &symbol, width);
    }
    return row;
}

/* The new row that hunks make of the old one must be the live one. */
static void
check_hunks(const struct mwi_hunks *hunks, struct row old, struct row live,
    size_t width)
{
    size_t old_at = 0;
    size_t new_at = 0;

    cr_assert_not(hunks->failed);
    for (size_t i = 0; i < hunks->len; i++) {
        const struct mwi_hunk *hunk = &hunks->at[i];

        cr_assert(i == 0 || hunk->old_at > old_at || hunk->new_at > new_at,
            "hunk %zu touches the one before", i);
        cr_assert_eq(hunk->old_at - old_at, hunk->new_at - new_at);
        cr_assert_eq(memcmp(old.at + old_at * width, live.at + new_at * width,
                         (hunk->old_at - old_at) * width),
            0, "hunk %zu leaves out a difference", i);
        cr_assert(hunk->old_n > 0 || hunk->new_n > 0);
        old_at = hunk->old_at + hunk->old_n;
        new_at = hunk->new_at + hunk->new_n;
        cr_assert(old_at <= old.n && new_at <= live.n);
    }
    cr_assert_eq(old.n - old_at, live.n - new_at);
    cr_assert_eq(memcmp(old.at + old_at * width, live.at + new_at * width,
                     (old.n - old_at) * width),
        0);
}

/* Symbols that the hunks insert, and how many hunks there are. */
static size_t
aligned(struct row old, struct row live, size_t width, bool hashes,
    size_t *ret_hunks)
{
    struct mwi_rows rows = {
        .old = old.at, .live = live.at, .width = width, .hashes = hashes
    };
    struct mwi_hunks hunks = { 0 };
    size_t inserted = 0;

    mwi_align(&hunks, &rows, old.n, live.n);
    check_hunks(&hunks, old, live, width);
    for (size_t i = 0; i < hunks.len; i++) {
        inserted += hunks.at[i].new_n;
    }
    *ret_hunks = hunks.len;
    mwi_hunks_fini(&hunks);
    return inserted;
}

/* Replace n_old symbols at a place by n_new random ones. */
static struct row
edited(struct mwt_prng *prng, struct row row, size_t width, size_t at,
    size_t n_old, size_t n_new)
{
    struct row next = random_row(prng, row.n - n_old + n_new, width, 200);
    size_t rest = row.n - at - n_old;

    memcpy(next.at, row.at, at * width);
    memcpy(next.at + (at + n_new) * width, row.at + (at + n_old) * width,
        rest * width);
    return next;
}

static const size_t widths[] = { 1, 2, 4, 8 };

Test(align, random_rows)
{
    struct mwt_prng prng = mwt_prng_seeded("align");

    for (size_t i = 0; i < 4000; i++) {
        size_t width = widths[i % 4];
        unsigned symbols = 1 + (unsigned) mwt_below(&prng, 6);
        struct row old =
            random_row(&prng, mwt_below(&prng, 400), width, symbols);
        struct row live =
            random_row(&prng, mwt_below(&prng, 400), width, symbols);
        size_t n;

        (void) aligned(old, live, width, i % 8 == 7, &n);
        free(old.at);
        free(live.at);
    }
}

Test(align, random_edits)
{
    struct mwt_prng prng = mwt_prng_seeded("align");

    for (size_t i = 0; i < 600; i++) {
        size_t width = widths[i % 4];
        size_t size = 1 + mwt_below(&prng, i % 50 == 0 ? 40000 : 3000);
        size_t edits = mwt_below(&prng, 60);
        struct row old = random_row(&prng, size, width, 200);
        struct row live = edited(&prng, old, width, 0, 0, 0);
        size_t touched = 0;
        size_t n;

        for (size_t k = 0; k < edits; k++) {
            size_t at = mwt_below(&prng, live.n + 1);
            size_t n_old = mwt_below(&prng, 12);
            size_t n_new = mwt_below(&prng, 12);
            struct row next;

            n_old = n_old < live.n - at ? n_old : live.n - at;
            next = edited(&prng, live, width, at, n_old, n_new);
            touched += n_new;
            free(live.at);
            live = next;
        }
        /* Never much more than the edits, where they are few. */
        size = aligned(old, live, width, i % 8 == 7, &n);
        if (edits < 8) {
            cr_expect_leq(size, touched + 2 * edits);
            cr_expect_leq(n, 8 * edits);
        }
        free(old.at);
        free(live.at);
    }
}

Test(align, scattered_edits_in_a_large_row)
{
    struct mwt_prng prng = { 5 };
    struct row old = random_row(&prng, 1 << 20, 1, 60);
    struct row live = edited(&prng, old, 1, 0, 0, 0);
    size_t inserted;
    size_t n;

    for (size_t k = 0; k < 1000; k++) {
        for (size_t j = 0; j < 6; j++) {
            live.at[k * 1048 + j] ^= 0x80;
        }
    }
    live.n -= 3;
    memmove(live.at + 500000, live.at + 500003, live.n - 500000);
    inserted = aligned(old, live, 1, false, &n);
    cr_expect_leq(inserted, 7000, "%zu", inserted);
    cr_expect_leq(n, 1100, "%zu", n);
    free(old.at);
    free(live.at);
}

/* What is bad for one algorithm or the other takes bounded time all the same.
 * The limit is far above what is needed, for slow machines and sanitizers. */
static void
check_time(const char *name, struct row old, struct row live, size_t width)
{
    double start = cpu_ms();
    size_t n;

    (void) aligned(old, live, width, false, &n);
    start = cpu_ms() - start;
    (void) fprintf(stderr, "align: %s: %.0f ms, %zu hunks\n", name, start, n);
    cr_expect_lt(start, 8000.0, "%s", name);
    free(old.at);
    free(live.at);
}

Test(align, hostile_rows_take_bounded_time)
{
    enum { N = 10 << 20 };
    struct mwt_prng prng = { 6 };
    struct row old;
    struct row live;

    check_time("random bytes", random_row(&prng, N, 1, 256),
        random_row(&prng, N + 5, 1, 256), 1);
    check_time("random bits", random_row(&prng, N, 1, 2),
        random_row(&prng, N + 5, 1, 2), 1);
    old = random_row(&prng, N, 1, 1);
    live = random_row(&prng, N + 5, 1, 1);
    for (size_t i = 0; i < N; i += 97) {
        old.at[i] = 'b';
    }
    for (size_t i = 0; i < N; i += 89) {
        live.at[i] = 'b';
    }
    check_time("two periods", old, live, 1);
    old = random_row(&prng, N, 1, 1);
    live = random_row(&prng, N + 5, 1, 1);
    for (size_t i = 0; i < N; i += 1 + mwt_below(&prng, 80)) {
        old.at[i] = 'b';
    }
    for (size_t i = 0; i < N; i += 1 + mwt_below(&prng, 80)) {
        live.at[i] = 'b';
    }
    check_time("almost all the same", old, live, 1);
    check_time("random numbers", random_row(&prng, N / 8, 8, 1000000),
        random_row(&prng, N / 8, 8, 1000000), 8);
}

/* The heaviest chain, by trying all. */
static size_t
heaviest(const struct mwi_match *matches, size_t n, size_t after)
{
    size_t best = 0;

    for (size_t i = 0; i < n; i++) {
        if (matches[i].old_at >= after) {
            size_t sum = matches[i].n + heaviest(matches + i + 1, n - i - 1,
                                            matches[i].old_at + matches[i].n);

            best = sum > best ? sum : best;
        }
    }
    return best;
}

Test(align, chains_are_heaviest)
{
    struct mwt_prng prng = mwt_prng_seeded("align");

    for (size_t i = 0; i < 3000; i++) {
        struct mwi_match list[10];
        struct mwi_matches matches = { list, 1 + mwt_below(&prng, 10), 10 };
        size_t best;
        size_t got;
        size_t end = 0;

        for (size_t k = 0; k < matches.len; k++) {
            list[k] = (struct mwi_match){ mwt_below(&prng, 30), k * 100,
                1 + mwt_below(&prng, 9) };
        }
        best = heaviest(list, matches.len, 0);
        cr_assert(mwi_match_chain(&matches, &got));
        cr_expect_eq(got, best);
        for (size_t k = 0; k < matches.len; k++) {
            cr_expect_geq(list[k].old_at, end);
            end = list[k].old_at + list[k].n;
        }
    }
}

Test(align, without_memory_says_so)
{
    struct mwt_prng prng = { 7 };
    struct row old = random_row(&prng, 3000, 1, 256);
    struct row live = random_row(&prng, 3000, 1, 256);
    struct mwi_rows rows = { .old = old.at, .live = live.at, .width = 1 };
    struct mwi_hunks hunks = { 0 };
    bool failed;
    uint64_t n = 0;

    memcpy(live.at + 1000, old.at + 1500, 1000);
    do {
        mwi_mem_fail_at(++n);
        mwi_align(&hunks, &rows, old.n, live.n);
        failed = mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_expect_eq(hunks.failed, failed);
        mwi_hunks_fini(&hunks);
    } while (failed);
    cr_expect_gt(n, 4);
    free(old.at);
    free(live.at);
    cr_expect_not(has_leaks());
}
