/* SPDX-License-Identifier: MIT */
/*
 * Staging: texts and rows of numbers.
 *
 * The new text or array is complete when it has been staged, since nothing in
 * it can be patched any further.  Ranges of numbers that leave the length as
 * it is are exchanged one by one instead, so that a few changed numbers in a
 * large array cost as little as they should.
 */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/access.h"
#include "codec/numbers.h"
#include "delta/journal.h"

/* Old symbols [at, at + n_old) become the new ones. */
struct splice {
    size_t at;
    size_t n_old;
    struct mwi_numbers new_ones; /* or the bytes of a text */
};

struct splices {
    uint32_t kind; /* of the numbers, or 0 for a text */
    struct mwi_items old;
    struct splice *list;
    size_t n;
    size_t len;             /* symbols that there will be */
    struct mwi_items items; /* them */
    size_t next;            /* splice that the ranges have come to */
    size_t moved; /* by how much what is before it has moved; may be below 0,
                     that is, wrap around */
};

/* Read where a splice or range begins: "array of N", then a position. */
static size_t
read_start(struct mwi_stager *s, size_t items, const char *expected)
{
    const uint8_t *at = s->r->at;
    size_t n = mwi_read_array(s->r);

    if (mwi_reader_ok(s->r) && n != items) {
        MWI_STAGE_FAIL(s, at, "expected %s, found array of %zu", expected, n);
    }
    return mwi_stage_size(s);
}

/* What is put in. */
static struct mwi_numbers
read_new(struct mwi_stager *s, uint32_t kind)
{
    struct mwi_numbers text = { 0 };
    const uint8_t *at = s->r->at;

    if (kind != 0) {
        return mwi_read_numbers(s->r, kind);
    }
    text.bytes = (const uint8_t *) mwi_read_text(s->r, &text.n);
    if (text.bytes != NULL && memchr(text.bytes, '\0', text.n) != NULL) {
        s->r->at = at;
        mwi_reader_fail(s->r, MW_EINVAL, "text contains a NUL");
    }
    return text;
}

/* Check a splice against the old value and the end of the one before it. */
static void
check_splice(struct mwi_stager *s, const struct splices *splices,
    const struct splice *splice, size_t before, const uint8_t *at)
{
    const char *text = (const char *) splices->old.at;
    size_t len = splices->old.len;
    size_t end = splice->at + splice->n_old;

    if (splice->at < before) {
        MWI_STAGE_FAIL(
            s, at, "splice at %zu begins before %zu", splice->at, before);
    } else if (splice->at > len || splice->n_old > len - splice->at) {
        MWI_STAGE_FAIL(s, at, "splice at %zu removes %zu of %zu", splice->at,
            splice->n_old, len);
    } else if (splices->kind == 0 &&
               ((splice->at < len &&
                    mwi_utf8_is_continuation(text[splice->at])) ||
                   (end < len && mwi_utf8_is_continuation(text[end])))) {
        MWI_STAGE_FAIL(s, at, "splice at %zu cuts a character", splice->at);
    }
}

/* Read [[at, ndel, ins], …]. */
static bool
read_splices(struct mwi_stager *s, struct splices *splices)
{
    size_t before = 0;
    size_t n = mwi_read_array(s->r);

    splices->list =
        mwi_stage_scratch(s, n, sizeof(*splices->list), _Alignof(size_t));
    splices->len = splices->old.len;
    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        struct splice *splice = &splices->list[i];
        const uint8_t *at = s->r->at;

        splice->at = read_start(s, 3, "[position, removed, inserted]");
        splice->n_old = mwi_stage_size(s);
        if (mwi_reader_ok(s->r)) {
            check_splice(s, splices, splice, before, at);
        }
        splice->new_ones = read_new(s, splices->kind);
        mwi_leave(s->r);
        before = splice->at + splice->n_old;
        splices->len += splice->new_ones.n - splice->n_old;
        splices->n++;
    }
    mwi_leave(s->r);
    s->patch->stats.splices += splices->n;
    return mwi_reader_ok(s->r);
}

/* Put the new value together.  width: bytes of a symbol. */
static void
splice_all(const struct splices *splices, size_t width, unsigned char *to)
{
    size_t next = 0; /* old symbol that has not been dealt with */

    for (size_t i = 0; i <= splices->n; i++) {
        const struct splice *splice = i < splices->n ? &splices->list[i] : NULL;
        size_t end = splice != NULL ? splice->at : splices->old.len;

        if (end > next) {
            memcpy(to, splices->old.at + next * width, (end - next) * width);
            to += (end - next) * width;
        }
        if (splice == NULL) {
            return;
        }
        if (splices->kind != 0) {
            mwi_numbers_copy(&splice->new_ones, splices->kind, to);
        } else if (splice->new_ones.n > 0) {
            memcpy(to, splice->new_ones.bytes, splice->new_ones.n);
        }
        to += splice->new_ones.n * width;
        next = splice->at + splice->n_old;
    }
}

void
mwi_stage_text(
    struct mwi_stager *s, const mw_type *type, void *target, size_t n)
{
    struct splices splices = { .kind = 0 };
    const uint8_t *at = s->r->at;
    char *text;
    void *staged;

    splices.old.at = (unsigned char *) (uintptr_t) mwi_text_of(
        type, target, &splices.old.len);
    if (mwi_stage_key(s, type, -1, 1u << MWI_PATCH_SPLICES) < 0 ||
        !read_splices(s, &splices)) {
        return;
    }
    if (n > 1) {
        (void) mwi_stage_key(s, type, 0, 1u << MWI_PATCH_SPLICES);
        return;
    }
    if (type->kind == MW_KIND_STRING_N && splices.len > type->bound) {
        MWI_STAGE_FAIL(s, at, "text of %zu bytes exceeds the bound of %" PRIu32,
            splices.len, type->bound);
        return;
    }
    staged = mwi_stage_swap(s, type, target, type->size, type->align);
    if (staged == NULL) {
        return;
    }
    if (type->kind == MW_KIND_STRING_N) {
        splice_all(&splices, 1, staged);
        return;
    }
    text = mwi_stage_heap(s, splices.len + 1, 1, 1);
    if (text != NULL) {
        splice_all(&splices, 1, (unsigned char *) text);
        mwi_store_string(staged, text);
    }
}

/* Stage the array that splices make. */
static void
stage_spliced(struct mwi_stager *s, const mw_type *type, void *target,
    struct splices *splices, const uint8_t *at)
{
    struct mwi_seq seq = { .len = splices->len, .cap = splices->len };
    size_t width = type->elem->size;
    void *staged;

    if (type->kind == MW_KIND_SEQ_N && splices->len > type->bound) {
        MWI_STAGE_FAIL(s, at,
            "sequence of %zu elements exceeds the bound of %" PRIu32,
            splices->len, type->bound);
        return;
    }
    staged = mwi_stage_swap(s, type, target, type->size, type->align);
    if (staged == NULL || splices->len == 0) {
        return;
    }
    if (type->kind == MW_KIND_SEQ) {
        seq.items = mwi_stage_heap(s, seq.len, width, type->elem->align);
        if (seq.items == NULL) {
            return;
        }
        mwi_store_seq(staged, seq);
    } else {
        mwi_store_len(staged, seq.len);
    }
    splices->items = mwi_items_of(type, staged);
    splice_all(splices, width, splices->items.at);
}

/* Copy a range to where its old symbols went: splices may have moved what is
 * behind them.  Fails where they removed something.  Ranges ascend, so each
 * goes on at the splice where the one before it stopped. */
static void
apply_range(struct mwi_stager *s, struct splices *splices,
    const struct splice *range, const unsigned char *run, size_t width,
    const uint8_t *at)
{
    size_t next = range->at;
    size_t end = range->at + range->new_ones.n;

    while (next < end) {
        const struct splice *splice =
            splices->next < splices->n ? &splices->list[splices->next] : NULL;
        size_t stop = splice != NULL && splice->at < end ? splice->at : end;

        if (stop > next) {
            /* Something old is left, so there is a new array. */
            assert(splices->items.at != NULL);
            memcpy(splices->items.at + (next + splices->moved) * width, run,
                (stop - next) * width);
            run += (stop - next) * width;
            next = stop;
        } else if (splice != NULL && splice->at + splice->n_old > next) {
            MWI_STAGE_FAIL(
                s, at, "range at %zu changes what is removed", range->at);
            return;
        } else if (splice != NULL) {
            splices->moved += splice->new_ones.n - splice->n_old;
            splices->next++;
        }
    }
}

/* Stage one range, in the old array or in the one that splices made. */
static void
stage_range(struct mwi_stager *s, struct splices *splices,
    const struct splice *range, const mw_type *elem, const uint8_t *at)
{
    size_t size = range->new_ones.n * elem->size;
    unsigned char *run;

    if (range->new_ones.n == 0) {
        return;
    }
    if (splices->list == NULL) {
        run = mwi_stage_swap(s, NULL, splices->old.at + range->at * elem->size,
            size, elem->align);
    } else {
        run = mwi_stage_scratch(s, 1, size, elem->align);
    }
    if (run == NULL) {
        return;
    }
    mwi_numbers_copy(&range->new_ones, elem->kind, run);
    if (splices->list != NULL) {
        apply_range(s, splices, range, run, elem->size, at);
    }
    s->patch->stats.values_changed++;
}

/* Read [[at, run], …]. */
static void
stage_ranges(struct mwi_stager *s, struct splices *splices, const mw_type *elem)
{
    size_t before = 0;
    size_t n = mwi_read_array(s->r);

    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        const uint8_t *at = s->r->at;
        struct splice range = { 0 };
        size_t len = splices->old.len;

        range.at = read_start(s, 2, "[position, numbers]");
        range.new_ones = mwi_read_numbers(s->r, elem->kind);
        if (!mwi_reader_ok(s->r)) {
            break;
        }
        mwi_leave(s->r);
        if (range.at < before) {
            MWI_STAGE_FAIL(
                s, at, "range at %zu begins before %zu", range.at, before);
        } else if (range.at > len || range.new_ones.n > len - range.at) {
            MWI_STAGE_FAIL(s, at, "range of %zu at %zu exceeds %zu",
                range.new_ones.n, range.at, len);
        } else {
            stage_range(s, splices, &range, elem, at);
        }
        before = range.at + range.new_ones.n;
    }
    mwi_leave(s->r);
}

void
mwi_stage_numbers(
    struct mwi_stager *s, const mw_type *type, void *target, size_t n)
{
    struct splices splices = { .kind = type->elem->kind,
        .old = mwi_items_of(type, target) };
    unsigned allowed =
        1u << MWI_PATCH_ELEMENTS |
        (type->kind != MW_KIND_ARRAY ? 1u << MWI_PATCH_SPLICES : 0u);
    const uint8_t *at = s->r->at;
    int key = -1;

    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        key = mwi_stage_key(s, type, key, allowed);
        if (key == MWI_PATCH_SPLICES && read_splices(s, &splices)) {
            stage_spliced(s, type, target, &splices, at);
        } else if (key == MWI_PATCH_ELEMENTS) {
            stage_ranges(s, &splices, type->elem);
        }
    }
}
