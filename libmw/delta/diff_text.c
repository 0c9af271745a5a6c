/* SPDX-License-Identifier: MIT */
/*
 * The differ: texts and rows of numbers, whose patches are splices and ranges.
 */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "codec/access.h"
#include "codec/numbers.h"
#include "delta/compare.h"
#include "delta/write.h"

enum {
    TEXT_MIN = 20,    /* up to it, splices save too little to look for them */
    SPLICE_MIN = 4,   /* bytes of a splice without what is inserted */
    RANGES_GOOD = 4,  /* ranges of a 4th of the value need no rival */
    NUMBERS_MIN = 64, /* bytes from which on a rival can pay */
};

/* Join hunks where what lies between them takes no more bytes than another
 * splice: its head, position, length, and the head of what is inserted. */
static void
join_near(struct mwi_hunks *hunks, size_t width, size_t tag_size)
{
    size_t n = 0;

    for (size_t i = 0; i < hunks->len; i++) {
        const struct mwi_hunk *hunk = &hunks->at[i];
        struct mwi_hunk *last = n > 0 ? &hunks->at[n - 1] : NULL;
        size_t cost = 1 + mwi_head_size(hunk->old_at) +
                      mwi_head_size(hunk->old_n) + tag_size +
                      mwi_head_size(hunk->new_n * width);

        if (last != NULL &&
            (hunk->old_at - (last->old_at + last->old_n)) * width <= cost) {
            last->old_n = hunk->old_at + hunk->old_n - last->old_at;
            last->new_n = hunk->new_at + hunk->new_n - last->new_at;
        } else {
            hunks->at[n++] = *hunk;
        }
    }
    hunks->len = n;
}

/* Widen hunks until they start and end between characters in both texts.
 * Those that grow together are joined. */
static void
widen(
    struct mwi_hunks *hunks, const char *old, size_t old_len, const char *live)
{
    size_t n = 0;

    for (size_t i = 0; i < hunks->len; i++) {
        struct mwi_hunk hunk = hunks->at[i];
        struct mwi_hunk *last = n > 0 ? &hunks->at[n - 1] : NULL;
        size_t floor = last != NULL ? last->old_at + last->old_n : 0;
        size_t roof = i + 1 < hunks->len ? hunks->at[i + 1].old_at : old_len;

        while (hunk.old_at > floor &&
               (mwi_utf8_is_continuation(old[hunk.old_at]) ||
                   mwi_utf8_is_continuation(live[hunk.new_at]))) {
            hunk = (struct mwi_hunk){ hunk.old_at - 1, hunk.old_n + 1,
                hunk.new_at - 1, hunk.new_n + 1 };
        }
        while (hunk.old_at + hunk.old_n < roof &&
               (mwi_utf8_is_continuation(old[hunk.old_at + hunk.old_n]) ||
                   mwi_utf8_is_continuation(live[hunk.new_at + hunk.new_n]))) {
            hunk.old_n++;
            hunk.new_n++;
        }
        if (last != NULL && hunk.old_at == floor) {
            last->old_n += hunk.old_n;
            last->new_n += hunk.new_n;
        } else {
            hunks->at[n++] = hunk;
        }
    }
    hunks->len = n;
}

static void
write_text_splices(
    struct mwi_writer *w, const struct mwi_hunks *hunks, const char *live)
{
    mwi_write_map(w, 1);
    mwi_write_uint(w, MWI_PATCH_SPLICES);
    mwi_write_array(w, hunks->len);
    for (size_t i = 0; i < hunks->len; i++) {
        const struct mwi_hunk *hunk = &hunks->at[i];

        mwi_write_array(w, 3);
        mwi_write_uint(w, hunk->old_at);
        mwi_write_uint(w, hunk->old_n);
        mwi_write_text(w, live + hunk->new_at, hunk->new_n);
    }
}

bool
mwi_is_short_text(const struct mwi_snapshot *snapshot, const mw_type *type,
    const void *old, const void *live)
{
    size_t old_len;
    size_t len;

    (void) mwi_text_in(snapshot, type, old, &old_len);
    (void) mwi_text_of(type, live, &len);
    return len <= TEXT_MIN || old_len <= TEXT_MIN;
}

bool
mwi_diff_text(struct mwi_differ *d, const mw_type *type, const void *old,
    const void *live)
{
    size_t mark = mwi_writer_mark(d->w);
    size_t old_len;
    size_t len;
    const char *was = mwi_text_in(d->snapshot, type, old, &old_len);
    const char *is = mwi_text_of(type, live, &len);
    struct mwi_rows rows;
    struct mwi_hunks hunks = { 0 };

    if (len == old_len && memcmp(was, is, len) == 0) {
        return false;
    }
    is = mwi_text_to_write(d->w, type, live, &len);
    if (len > TEXT_MIN && old_len > TEXT_MIN && mwi_writer_ok(d->w)) {
        rows = (struct mwi_rows){ .old = (const unsigned char *) was,
            .live = (const unsigned char *) is,
            .width = 1,
            .least = SPLICE_MIN + 1 };
        mwi_align(&hunks, &rows, old_len, len);
        if (!hunks.failed) {
            widen(&hunks, was, old_len, is);
            join_near(&hunks, 1, 0);
            write_text_splices(d->w, &hunks, is);
        }
        mwi_hunks_fini(&hunks);
    }
    if (mwi_writer_mark(d->w) == mark ||
        mwi_writer_mark(d->w) - mark >= mwi_head_size(len) + len) {
        mwi_writer_rewind(d->w, mark);
        mwi_write_text(d->w, is, len);
    }
    return true;
}

/* Bytes of a typed array's tag. */
static size_t
tag_size(uint32_t kind)
{
    return kind == MW_KIND_U8 ? 0 : 2;
}

/* Append { 1: [[at, run], …] } for rows of equal length, which differ.  Stops,
 * with a patch that is no use, once it is longer than max. */
static void
write_ranges(struct mwi_writer *w, uint32_t kind, const struct mwi_rows *rows,
    size_t n, size_t max)
{
    size_t mark = mwi_writer_mark(w);
    struct mwi_open_head head;
    size_t ranges = 0;
    size_t at = mwi_same_prefix(rows, 0, 0, n);

    mwi_write_map(w, 1);
    mwi_write_uint(w, MWI_PATCH_ELEMENTS);
    head = mwi_open_array(w, n);
    while (at < n && mwi_writer_ok(w) && mwi_writer_mark(w) - mark <= max) {
        size_t gap = (2 + mwi_head_size(at) + tag_size(kind)) / rows->width;
        size_t end = at + 1;
        size_t same = mwi_same_prefix(rows, end, end, n - end);

        while (same <= gap && same < n - end) {
            end += same + 1;
            same = mwi_same_prefix(rows, end, end, n - end);
        }
        mwi_write_array(w, 2);
        mwi_write_uint(w, at);
        mwi_write_numbers(w, kind, rows->live + at * rows->width, end - at);
        ranges++;
        at = end + same;
    }
    mwi_close_head(w, &head, ranges);
}

/* Append { 0: [[at, ndel, run], …] }, or nothing without memory. */
static void
write_number_splices(struct mwi_writer *w, uint32_t kind, struct mwi_rows *rows,
    size_t old_n, size_t new_n)
{
    struct mwi_hunks hunks = { 0 };

    rows->least = (SPLICE_MIN + tag_size(kind)) / rows->width + 1;
    mwi_align(&hunks, rows, old_n, new_n);
    if (!hunks.failed) {
        join_near(&hunks, rows->width, tag_size(kind));
        mwi_write_map(w, 1);
        mwi_write_uint(w, MWI_PATCH_SPLICES);
        mwi_write_array(w, hunks.len);
        for (size_t i = 0; i < hunks.len; i++) {
            const struct mwi_hunk *hunk = &hunks.at[i];

            mwi_write_array(w, 3);
            mwi_write_uint(w, hunk->old_at);
            mwi_write_uint(w, hunk->old_n);
            mwi_write_numbers(
                w, kind, rows->live + hunk->new_at * rows->width, hunk->new_n);
        }
    }
    mwi_hunks_fini(&hunks);
}

/* Of two ways to say the same, from first to second and from there to the end,
 * keep the shorter one that is not empty. */
static void
keep_shorter(struct mwi_writer *w, size_t first, size_t second)
{
    size_t end = mwi_writer_mark(w);
    uint8_t *bytes;

    if (!mwi_writer_ok(w)) {
        return;
    }
    if (end == second || end - second >= second - first) {
        mwi_writer_rewind(w, second);
        return;
    }
    bytes = w->buf->data + w->buf->start;
    memmove(bytes + first, bytes + second, end - second);
    mwi_writer_rewind(w, first + (end - second));
}

bool
mwi_diff_numbers(struct mwi_differ *d, const mw_type *type, const void *old,
    const void *live)
{
    uint32_t kind = type->elem->kind;
    size_t mark = mwi_writer_mark(d->w);
    struct mwi_items was = mwi_items_in(d->snapshot, type, old);
    struct mwi_items is = mwi_items_to_write(d->w, type, live);
    size_t whole = mwi_numbers_size(kind, is.len);
    struct mwi_rows rows = {
        .old = was.at, .live = is.at, .width = type->elem->size
    };

    if (mwi_writer_ok(d->w) && was.len == is.len &&
        (is.len == 0 || memcmp(was.at, is.at, is.len * rows.width) == 0)) {
        return false;
    }
    if (was.len > 0 && is.len > 0) {
        if (was.len == is.len) {
            write_ranges(d->w, kind, &rows, is.len, whole);
        }
        if (was.len != is.len ||
            (type->kind != MW_KIND_ARRAY && whole >= NUMBERS_MIN &&
                mwi_writer_mark(d->w) - mark > whole / RANGES_GOOD)) {
            size_t second = mwi_writer_mark(d->w);

            write_number_splices(d->w, kind, &rows, was.len, is.len);
            if (second > mark) {
                keep_shorter(d->w, mark, second);
            }
        }
    }
    if (mwi_writer_mark(d->w) == mark ||
        mwi_writer_mark(d->w) - mark >= whole) {
        mwi_writer_rewind(d->w, mark);
        mwi_write_numbers(d->w, kind, is.at, is.len);
    }
    return true;
}
