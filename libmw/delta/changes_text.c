/* SPDX-License-Identifier: MIT */
/*
 * Texts that have changed: short ones are shown whole, of long ones each place
 * where they differ, with a little of what is around it.
 */
#include <string.h>

#include "base/utf8.h"
#include "delta/align.h"
#include "delta/changes_lines.h"

enum {
    SHORT = 64,         /* bytes of a text that is shown whole */
    CONTEXT = 16,       /* bytes shown on either side of a difference */
    NEAR = 2 * CONTEXT, /* differences that are told of together */
};

#define ELLIPSIS "\xe2\x80\xa6"

/* One of two texts. */
struct text {
    const char *at;
    size_t len;
};

/* A part of a text, widened by a little and to whole characters. */
static void
put_part(struct mwi_lines *l, const struct text *text, size_t start, size_t end)
{
    start = start > CONTEXT ? start - CONTEXT : 0;
    end = text->len - end > CONTEXT ? end + CONTEXT : text->len;
    while (start > 0 && mwi_utf8_is_continuation(text->at[start])) {
        start--;
    }
    while (end < text->len && mwi_utf8_is_continuation(text->at[end])) {
        end++;
    }
    mwi_line_puts(l, start > 0 ? ELLIPSIS : "");
    mwi_line_text(l, text->at + start, end - start);
    mwi_line_puts(l, end < text->len ? ELLIPSIS : "");
}

static void
put_line(struct mwi_lines *l, const struct mwi_step *step,
    const struct text *was, const struct text *is, const struct mwi_hunk *hunk)
{
    mwi_line_begin(l, "", step);
    put_part(l, was, hunk->old_at, hunk->old_at + hunk->old_n);
    mwi_line_puts(l, " -> ");
    put_part(l, is, hunk->new_at, hunk->new_at + hunk->new_n);
    mwi_line_end(l);
}

/* A line for each hunk.  Those whose surroundings touch are one. */
static void
put_hunks(struct mwi_lines *l, const struct mwi_step *step,
    const struct text *was, const struct text *is,
    const struct mwi_hunks *hunks)
{
    for (size_t i = 0; i < hunks->len; i++) {
        struct mwi_hunk hunk = hunks->at[i];

        for (; i + 1 < hunks->len; i++) {
            const struct mwi_hunk *next = &hunks->at[i + 1];

            if (next->old_at - (hunk.old_at + hunk.old_n) > NEAR) {
                break;
            }
            hunk.old_n = next->old_at + next->old_n - hunk.old_at;
            hunk.new_n = next->new_at + next->new_n - hunk.new_at;
        }
        put_line(l, step, was, is, &hunk);
    }
}

void
mwi_lines_compare_texts(struct mwi_lines *l, const struct mwi_step *step,
    const mw_type *type, const void *old, const void *live)
{
    struct text was;
    struct text is;
    struct mwi_hunks hunks = { 0 };

    was.at = mwi_text_of(type, old, &was.len);
    is.at = mwi_text_of(type, live, &is.len);
    if (was.len == is.len && memcmp(was.at, is.at, is.len) == 0) {
        return;
    }
    if (was.len <= SHORT && is.len <= SHORT) {
        mwi_line_begin(l, "", step);
        mwi_line_text(l, was.at, was.len);
        mwi_line_puts(l, " -> ");
        mwi_line_text(l, is.at, is.len);
        mwi_line_end(l);
    } else {
        struct mwi_rows rows = { .old = (const unsigned char *) was.at,
            .live = (const unsigned char *) is.at,
            .width = 1 };

        mwi_align(&hunks, &rows, was.len, is.len);
        if (hunks.failed) {
            l->failed = true;
        } else {
            put_hunks(l, step, &was, &is, &hunks);
        }
        mwi_hunks_fini(&hunks);
    }
}
