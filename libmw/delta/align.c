/* SPDX-License-Identifier: MIT */
/*
 * What both rows start and end with is cut off.  The middle goes to Myers'
 * greedy algorithm ("An O(ND) difference algorithm and its variations", 1986),
 * whose time grows with the number of differences and which gives up above a
 * cap.  Then long stretches that occur in both rows are looked up by hash
 * (block.c), and what lies between those is refined in the same way, first by
 * Myers, then with shorter blocks.  What nobody can align is one hunk.
 *
 * All comparisons are paid from one budget that is proportional to the length
 * of the rows; without it rows of few different symbols would cost length
 * times cap.
 */
#include "delta/align.h"

#include <string.h>

#include "base/mem.h"

enum {
    CAP = 96,     /* differences that Myers' algorithm may find */
    CAP_FEW = 16, /* differences for which there is room without malloc() */
    STEPS_FREE = 1 << 22,
    STEPS_PER_SYMBOL = 4,
    REFINE_MAX = 1 << 17, /* symbols in which short blocks are looked for */
};

/* Ends of paths of up to d differences: d + 1 for each d. */
#define ENDS(d) (((d) + 1) * ((d) + 2) / 2)

struct myers {
    size_t *furthest; /* for each d, d + 1 ends of paths of d differences */
    size_t few[ENDS(CAP_FEW)];
    size_t *many; /* ENDS(CAP), or NULL until they are needed */
    bool failed;  /* there was no memory for them */
    struct mwi_hunk found[CAP];
    size_t n_found;
};

static uint64_t
load(const unsigned char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

size_t
mwi_same_prefix(
    const struct mwi_rows *rows, size_t old_at, size_t new_at, size_t n)
{
    const unsigned char *a = rows->old + old_at * rows->width;
    const unsigned char *b = rows->live + new_at * rows->width;
    size_t bytes = n * rows->width;
    size_t i = 0;

    while (bytes - i >= sizeof(uint64_t) && load(a + i) == load(b + i)) {
        i += sizeof(uint64_t);
    }
    while (i < bytes && a[i] == b[i]) {
        i++;
    }
    return i / rows->width;
}

size_t
mwi_same_suffix(
    const struct mwi_rows *rows, size_t old_end, size_t new_end, size_t n)
{
    const unsigned char *a = rows->old + old_end * rows->width;
    const unsigned char *b = rows->live + new_end * rows->width;
    size_t bytes = n * rows->width;
    size_t i = 0;

    while (bytes - i >= sizeof(uint64_t) &&
           load(a - i - sizeof(uint64_t)) == load(b - i - sizeof(uint64_t))) {
        i += sizeof(uint64_t);
    }
    while (i < bytes && a[-1 - (ptrdiff_t) i] == b[-1 - (ptrdiff_t) i]) {
        i++;
    }
    return i / rows->width;
}

void
mwi_hunks_fini(struct mwi_hunks *hunks)
{
    mwi_free(hunks->at);
    *hunks = (struct mwi_hunks){ 0 };
}

/* Append a hunk.  Between it and the last there is something that is the same,
 * since all that is appended was trimmed or lies between matches. */
static void
add(struct mwi_hunks *hunks, const struct mwi_hunk *hunk)
{
    if (hunk->old_n == 0 && hunk->new_n == 0) {
        return;
    }
    if (hunks->len == hunks->cap) {
        size_t cap = hunks->cap == 0 ? 16 : hunks->cap * 2;
        struct mwi_hunk *at = mwi_realloc(hunks->at, cap, sizeof(*at));

        if (at == NULL) {
            hunks->failed = true;
            return;
        }
        hunks->at = at;
        hunks->cap = cap;
    }
    hunks->at[hunks->len++] = *hunk;
}

/* Where in myers.furthest the ends of paths of d differences start. */
static size_t
slice(size_t d)
{
    return d * (d + 1) / 2;
}

/* How far a path of d differences starts on its i-th diagonal, before it runs
 * along the diagonal: the better of one more deletion and one more insertion.
 * The i-th of the d + 1 diagonals is the one where 2 * i - d more old symbols
 * than new ones are used up. */
static size_t
step(const struct myers *myers, size_t d, size_t i, bool *ret_insertion)
{
    const size_t *before;
    bool insertion;

    if (d == 0) {
        return 0;
    }
    before = &myers->furthest[slice(d - 1)];
    insertion = i == 0 || (i < d && before[i - 1] < before[i]);
    if (ret_insertion != NULL) {
        *ret_insertion = insertion;
    }
    return insertion ? before[i] : before[i - 1] + 1;
}

/* Follow the path of d differences back from the end of the stretch and note
 * its hunks, last first. */
static void
trace(struct myers *myers, const struct mwi_hunk *where, size_t d)
{
    size_t i = (where->old_n + d - where->new_n) / 2;
    struct mwi_hunk *hunk = NULL;

    myers->n_found = 0;
    while (d > 0) {
        bool insertion = false;
        size_t x = step(myers, d, i, &insertion);
        size_t y = x + d - 2 * i;
        size_t old_at = where->old_at + x - !insertion;
        size_t new_at = where->new_at + y - insertion;

        if (hunk == NULL || hunk->old_at != where->old_at + x ||
            hunk->new_at != where->new_at + y) {
            hunk = &myers->found[myers->n_found++];
            *hunk = (struct mwi_hunk){ 0 };
        }
        hunk->old_at = old_at;
        hunk->new_at = new_at;
        hunk->old_n += !insertion;
        hunk->new_n += insertion;
        i -= !insertion;
        d--;
    }
}

/* Room for the ends of paths of d differences. */
static bool
make_room(struct myers *myers, size_t d)
{
    if (d == 0) {
        myers->furthest = myers->few;
    } else if (d == CAP_FEW + 1) {
        if (myers->many == NULL) {
            myers->many = mwi_malloc(ENDS(CAP) * sizeof(*myers->many));
        }
        if (myers->many == NULL) {
            myers->failed = true;
            return false;
        }
        memcpy(myers->many, myers->few, sizeof(myers->few));
        myers->furthest = myers->many;
    }
    return true;
}

/* The most differences that an alignment of a stretch may have: with more,
 * too little would be the same.  The stretch is long enough. */
static size_t
most_differences(const struct mwi_rows *rows, const struct mwi_hunk *where)
{
    size_t most = where->old_n + where->new_n - 2 * rows->least;

    return most < CAP ? most : CAP;
}

/* Align a stretch if it takes no more differences than the cap. */
static bool
align_by_myers(
    struct mwi_rows *rows, struct myers *myers, const struct mwi_hunk *where)
{
    size_t n = where->old_n;
    size_t m = where->new_n;
    size_t most = most_differences(rows, where);

    if ((n > m ? n - m : m - n) > most) {
        return false;
    }
    for (size_t d = 0; d <= most && rows->budget > 0; d++) {
        if (!make_room(myers, d)) {
            return false;
        }
        for (size_t i = 0; i <= d; i++) {
            size_t x = step(myers, d, i, NULL);
            size_t y = x + d - 2 * i;

            /* Paths over the edge come to nothing and hide no better one. */
            if (x < n && y < m) {
                size_t run = mwi_same_prefix(rows, where->old_at + x,
                    where->new_at + y, n - x < m - y ? n - x : m - y);

                x += run;
                y += run;
                rows->budget -= (int64_t) (run * rows->width / 8);
            }
            myers->furthest[slice(d) + i] = x;
            if (x == n && y == m) {
                trace(myers, where, d);
                return true;
            }
        }
        rows->budget -= (int64_t) d + 1;
    }
    return false;
}

static bool align(struct mwi_hunks *hunks, struct mwi_rows *rows,
    struct myers *myers, struct mwi_hunk where, unsigned level);

/* Align between stretches that are the same.  False when there are none, or
 * nothing better than one hunk was found for another reason. */
static bool
align_by_blocks(struct mwi_hunks *hunks, struct mwi_rows *rows,
    struct myers *myers, const struct mwi_hunk *where, unsigned level)
{
    struct mwi_matches matches = { 0 };
    struct mwi_hunk gap = *where;
    size_t before = 0;

    for (; matches.len == 0; level++) {
        size_t block = mwi_block_symbols(rows, level, where->old_n);

        if (block == before && block > 0) {
            continue;
        }
        before = block;
        if (block == 0 || rows->budget <= 0 ||
            (level > 0 && where->old_n + where->new_n > REFINE_MAX)) {
            return false;
        }
        if (!mwi_block_match(rows, where, block, &matches)) {
            hunks->failed = true;
            break;
        }
    }
    for (size_t i = 0; i < matches.len && !hunks->failed; i++) {
        const struct mwi_match *match = &matches.at[i];

        gap.old_n = match->old_at - gap.old_at;
        gap.new_n = match->new_at - gap.new_at;
        if (!align(hunks, rows, myers, gap, level)) {
            break;
        }
        gap.old_at = match->old_at + match->n;
        gap.new_at = match->new_at + match->n;
    }
    mwi_free(matches.at);
    gap.old_n = where->old_at + where->old_n - gap.old_at;
    gap.new_n = where->new_at + where->new_n - gap.new_at;
    return !hunks->failed && align(hunks, rows, myers, gap, level);
}

/* Append the hunks of a stretch.  It recurses once per level of
 * mwi_block_symbols().  False when out of memory. */
static bool
align(struct mwi_hunks *hunks, struct mwi_rows *rows, struct myers *myers,
    struct mwi_hunk where, unsigned level)
{
    size_t least = where.old_n < where.new_n ? where.old_n : where.new_n;
    size_t same = mwi_same_prefix(rows, where.old_at, where.new_at, least);

    where.old_at += same;
    where.old_n -= same;
    where.new_at += same;
    where.new_n -= same;
    least -= same;
    same = mwi_same_suffix(
        rows, where.old_at + where.old_n, where.new_at + where.new_n, least);
    where.old_n -= same;
    where.new_n -= same;
    least -= same;
    if (least > 0 && least >= rows->least &&
        align_by_myers(rows, myers, &where)) {
        while (myers->n_found > 0) {
            add(hunks, &myers->found[--myers->n_found]);
        }
    } else if (myers->failed) {
        hunks->failed = true;
    } else if (least == 0 || least < rows->least ||
               !align_by_blocks(hunks, rows, myers, &where, level)) {
        add(hunks, &where);
    }
    return !hunks->failed;
}

void
mwi_align(
    struct mwi_hunks *hunks, struct mwi_rows *rows, size_t old_n, size_t new_n)
{
    struct mwi_hunk where = { .old_n = old_n, .new_n = new_n };
    struct myers myers;

    myers.many = NULL;
    myers.failed = false;
    hunks->len = 0;
    hunks->failed = false;
    rows->budget = STEPS_FREE + (int64_t) (old_n + new_n) * STEPS_PER_SYMBOL;
    hunks->failed = !align(hunks, rows, &myers, where, 0);
    mwi_free(myers.many);
}
