/* SPDX-License-Identifier: MIT */
/*
 * Sequences and arrays that have changed.
 *
 * Elements are matched as the differ matches them, so that a removal in the
 * middle is one line.  Those that kept their order among themselves stayed
 * where they are; others have moved.  Numbers are told of by ranges.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "codec/access.h"
#include "delta/changes_lines.h"
#include "delta/compare.h"
#include "delta/write.h"

enum {
    NUMBERS_SHOWN = 8,
    BYTES_SHOWN = 16,
    GAP_NUMBERS = 1, /* that are the same within a range */
    GAP_BYTES = 3,
    IN_PLACE = 4, /* a 4th of the numbers, so many may differ in place before
                     an alignment is tried */
};

#define ELLIPSIS "\xe2\x80\xa6"

/* A sequence as it was and as it is. */
struct rows {
    const struct mwi_step *up;
    const mw_type *elem;
    struct mwi_items old;
    struct mwi_items live;
};

/* Ranges of numbers. */

static void
put_run(struct mwi_lines *l, const mw_type *elem, struct mwi_items items,
    size_t at, size_t n)
{
    bool is_bytes = elem->kind == MW_KIND_U8;
    size_t max = is_bytes ? BYTES_SHOWN : NUMBERS_SHOWN;
    size_t shown = n <= max ? n : max;

    mwi_line_puts(l, is_bytes ? "h'" : "");
    for (size_t i = at; i < at + shown; i++) {
        if (is_bytes) {
            mwi_line_putf(l, "%02x", (unsigned int) items.at[i]);
        } else {
            mwi_line_puts(l, i > at ? ", " : "");
            mwi_line_value(l, elem, items.at + i * elem->size);
        }
    }
    mwi_line_puts(l, is_bytes ? "'" : "");
    if (shown < n) {
        mwi_line_putf(
            l, "%s" ELLIPSIS " (%zu more)", is_bytes ? "" : ", ", n - shown);
    }
}

static void
put_range(
    struct mwi_lines *l, const struct rows *rows, const struct mwi_hunk *hunk)
{
    bool is_gone = hunk->new_n == 0;
    size_t first = is_gone ? hunk->old_at : hunk->new_at;
    size_t n = is_gone ? hunk->old_n : hunk->new_n;
    struct mwi_step step = {
        .up = rows->up, .first = first, .last = first + n - 1
    };

    mwi_line_begin(l, is_gone ? "- " : hunk->old_n == 0 ? "+ " : "", &step);
    if (hunk->old_n > 0) {
        put_run(l, rows->elem, rows->old, hunk->old_at, hunk->old_n);
    }
    if (hunk->old_n > 0 && hunk->new_n > 0) {
        mwi_line_puts(l, " -> ");
    }
    if (hunk->new_n > 0) {
        put_run(l, rows->elem, rows->live, hunk->new_at, hunk->new_n);
    }
    mwi_line_end(l);
}

static size_t
same_from(const struct rows *rows, size_t at)
{
    size_t size = rows->elem->size;

    return mwi_same_elements(rows->elem, NULL, rows->old.at + at * size, NULL,
        rows->live.at + at * size, rows->live.len - at);
}

/* Tell of numbers that differ from those in their places, or with l NULL count
 * them. */
static size_t
put_in_place(struct mwi_lines *l, const struct rows *rows)
{
    size_t gap = rows->elem->size == 1 ? GAP_BYTES : GAP_NUMBERS;
    size_t n = rows->live.len;
    size_t at = same_from(rows, 0);
    size_t differ = 0;

    while (at < n) {
        size_t end = at + 1;
        size_t same = same_from(rows, end);

        while (same <= gap && same < n - end) {
            end += same + 1;
            same = same_from(rows, end);
        }
        differ += end - at;
        if (l != NULL) {
            put_range(
                l, rows, &(struct mwi_hunk){ at, end - at, at, end - at });
        }
        at = end + same;
    }
    return differ;
}

/* Tell of numbers wherever they went.  With best, only if it takes fewer than
 * so many; false if it does not. */
static bool
put_aligned(struct mwi_lines *l, const struct rows *rows, size_t best)
{
    struct mwi_rows symbols = {
        .old = rows->old.at, .live = rows->live.at, .width = rows->elem->size
    };
    struct mwi_hunks hunks = { 0 };
    size_t differ = 0;
    bool is_better;

    mwi_align(&hunks, &symbols, rows->old.len, rows->live.len);
    l->failed = l->failed || hunks.failed;
    for (size_t i = 0; i < hunks.len; i++) {
        differ += hunks.at[i].old_n > hunks.at[i].new_n ? hunks.at[i].old_n
                                                        : hunks.at[i].new_n;
    }
    is_better = differ < best;
    for (size_t i = 0; i < hunks.len && is_better; i++) {
        put_range(l, rows, &hunks.at[i]);
    }
    mwi_hunks_fini(&hunks);
    return is_better;
}

static void
compare_numbers(
    struct mwi_lines *l, const mw_type *type, const struct rows *rows)
{
    size_t n = rows->live.len;
    size_t differ;

    if (rows->old.len != n) {
        (void) put_aligned(l, rows, SIZE_MAX);
        return;
    }
    differ = put_in_place(NULL, rows);
    if (type->kind == MW_KIND_ARRAY || differ <= n / IN_PLACE ||
        !put_aligned(l, rows, differ)) {
        (void) put_in_place(l, rows);
    }
}

/* Other elements. */

/* Which new elements are not in the old order: a byte each, or NULL when out
 * of memory. */
static unsigned char *
find_moved(const size_t *from, size_t n)
{
    struct mwi_matches matches = { .cap = n };
    unsigned char *moved = mwi_calloc(n, 1);
    size_t kept;
    bool ok;

    matches.at = mwi_calloc(n, sizeof(*matches.at));
    for (size_t j = 0; j < n && matches.at != NULL && moved != NULL; j++) {
        if (from[j] != MWI_NO_ELEMENT) {
            matches.at[matches.len++] = (struct mwi_match){ from[j], j, 1 };
            moved[j] = 1;
        }
    }
    ok =
        matches.at != NULL && moved != NULL && mwi_match_chain(&matches, &kept);
    for (size_t i = 0; i < matches.len && ok; i++) {
        moved[matches.at[i].new_at] = 0;
    }
    mwi_free(matches.at);
    if (!ok) {
        mwi_free(moved);
        moved = NULL;
    }
    return moved;
}

/* Which old elements are still there: a byte each, or NULL. */
static unsigned char *
find_taken(const size_t *from, size_t n, size_t old_n)
{
    unsigned char *taken = mwi_calloc(old_n, 1);

    for (size_t j = 0; j < n && taken != NULL; j++) {
        if (from[j] != MWI_NO_ELEMENT) {
            taken[from[j]] = 1;
        }
    }
    return taken;
}

static void
put_gone(struct mwi_lines *l, const struct rows *rows,
    const unsigned char *taken, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++) {
        struct mwi_step step = { .up = rows->up, .first = i, .last = i };

        if (taken[i] == 0) {
            mwi_line_one(l, "- ", &step, rows->elem,
                rows->old.at + i * rows->elem->size);
        }
    }
}

static void
put_element(struct mwi_lines *l, const struct rows *rows, size_t i, size_t j,
    bool moved)
{
    struct mwi_step step = { .up = rows->up, .first = j, .last = j };
    const void *live = rows->live.at + j * rows->elem->size;

    if (i == MWI_NO_ELEMENT) {
        mwi_line_one(l, "+ ", &step, rows->elem, live);
        return;
    }
    if (moved) {
        mwi_line_begin(l, "", &step);
        mwi_line_putf(l, "moved from [%zu]", i);
        mwi_line_end(l);
    }
    mwi_lines_compare(
        l, &step, rows->elem, rows->old.at + i * rows->elem->size, live);
}

/* Elements that are gone come where they were between those that stayed. */
static void
put_elements(struct mwi_lines *l, const struct rows *rows, const size_t *from,
    const unsigned char *moved, const unsigned char *taken)
{
    size_t stay = 0; /* the next new element that stayed */
    size_t next = 0; /* old element that has not been told of */

    for (size_t j = 0; j < rows->live.len; j++) {
        if (j == stay) {
            size_t i = j;

            while (i < rows->live.len &&
                   (from[i] == MWI_NO_ELEMENT || moved[i] != 0)) {
                i++;
            }
            stay = i;
            i = stay < rows->live.len ? from[stay] : rows->old.len;
            put_gone(l, rows, taken, next, i);
            next = i + 1;
        }
        put_element(l, rows, from[j], j, moved[j] != 0);
        stay += j == stay;
    }
    put_gone(l, rows, taken, next, rows->old.len);
}

static void
compare_elements(
    struct mwi_lines *l, const mw_type *type, const struct rows *rows)
{
    const struct mwi_differ differ = { .snapshot = NULL };
    size_t n = rows->live.len;
    size_t *from = mwi_match_elements(&differ, type, rows->old, rows->live);
    unsigned char *moved = NULL;
    unsigned char *taken = NULL;

    if (from != NULL) {
        moved = find_moved(from, n);
        taken = find_taken(from, n, rows->old.len);
    }
    if (moved != NULL && taken != NULL) {
        put_elements(l, rows, from, moved, taken);
    } else {
        l->failed = true;
    }
    mwi_free(taken);
    mwi_free(moved);
    mwi_free(from);
}

/* Whether elements are told of by ranges. */
static bool
is_plain(uint32_t kind)
{
    return mwi_kind_is_number(kind) || kind == MW_KIND_BOOL ||
           kind == MW_KIND_ENUM || kind == MW_KIND_BITMASK;
}

void
mwi_lines_compare_items(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    struct rows rows = { .up = step,
        .elem = type->elem,
        .old = mwi_items_of(type, old),
        .live = mwi_items_of(type, live) };

    if (rows.old.len == rows.live.len &&
        (rows.live.len == 0 || same_from(&rows, 0) == rows.live.len)) {
        return;
    }
    if (is_plain(type->elem->kind)) {
        compare_numbers(l, type, &rows);
    } else {
        compare_elements(l, type, &rows);
    }
}
