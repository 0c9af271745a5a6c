/* SPDX-License-Identifier: MIT */
/*
 * Staging: sequences and arrays of anything but numbers.
 *
 * Splices and runs are read twice: first their lengths, then, when the new
 * array has been allocated, the new elements straight into their places.  The
 * old elements join them in the commit, after they have been patched where
 * they are.
 */
#include <inttypes.h>
#include <string.h>

#include "codec/access.h"
#include "delta/align.h"
#include "delta/journal.h"

/* A patch of one sequence. */
struct elements {
    const mw_type *type;
    struct mwi_items old;
    struct mwi_patch_entry *entry; /* NULL: the length stays as it is */
    struct mwi_rebuild *rebuild;   /* of the entry */
    uint64_t *patched;             /* a bit per old element, or NULL */
};

static uint64_t *
stage_bits(struct mwi_stager *s, size_t n)
{
    return mwi_stage_scratch(
        s, n / 64 + 1, sizeof(uint64_t), _Alignof(uint64_t));
}

static bool
is_set(const uint64_t *bits, size_t i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

/* Set n bits.  False when one was set already. */
static bool
set_bits(uint64_t *bits, size_t start, size_t n)
{
    while (n > 0) {
        size_t room = 64 - start % 64;
        size_t part = n < room ? n : room;
        uint64_t mask = (UINT64_MAX >> (64 - part)) << (start % 64);

        if ((bits[start / 64] & mask) != 0) {
            return false;
        }
        bits[start / 64] |= mask;
        start += part;
        n -= part;
    }
    return true;
}

/* Note that the sequence will be rebuilt.  The entry must be in the journal
 * before those of its elements. */
static bool
begin_rebuild(struct mwi_stager *s, struct elements *e, void *target)
{
    void *staged =
        mwi_stage_swap(s, e->type, target, e->type->size, e->type->align);
    struct mwi_rebuild *rebuild =
        mwi_stage_scratch(s, 1, sizeof(*rebuild), _Alignof(max_align_t));

    if (staged == NULL || rebuild == NULL) {
        return false;
    }
    rebuild->old = e->old;
    rebuild->kept = stage_bits(s, e->old.len);
    e->rebuild = rebuild;
    e->entry = s->patch->entries;
    e->entry->rebuild = rebuild;
    e->entry->action = MWI_PATCH_REBUILD;
    return rebuild->kept != NULL;
}

/* Read past an array of new elements and note it. */
static void
read_new(struct mwi_stager *s, struct mwi_run *run)
{
    run->new_at = s->r->at;
    run->n_new = mwi_read_array(s->r);
    for (size_t i = 0; i < run->n_new && mwi_reader_ok(s->r); i++) {
        mwi_skip(s->r);
    }
    mwi_leave(s->r);
}

/* Read one splice, as the run before it and what it inserts.  Returns behind
 * which old element it ends. */
static size_t
read_splice(struct mwi_stager *s, const struct elements *e, struct mwi_run *run,
    size_t before)
{
    const uint8_t *item = s->r->at;
    size_t items = mwi_read_array(s->r);
    size_t at;
    size_t n;

    if (mwi_reader_ok(s->r) && items != 3) {
        MWI_STAGE_FAIL(s, item,
            "expected [position, removed, inserted], found array of %zu",
            items);
    }
    at = mwi_stage_size(s);
    n = mwi_stage_size(s);
    if (!mwi_reader_ok(s->r)) {
        return before;
    }
    if (at < before) {
        MWI_STAGE_FAIL(s, item, "splice at %zu begins before %zu", at, before);
    } else if (at > e->old.len || n > e->old.len - at) {
        MWI_STAGE_FAIL(
            s, item, "splice at %zu removes %zu of %zu", at, n, e->old.len);
    } else {
        run->start = before;
        run->n = at - before;
        (void) set_bits(e->rebuild->kept, run->start, run->n);
        read_new(s, run);
        mwi_leave(s->r);
    }
    return at + n;
}

/* Read [[at, ndel, [V…]], …]. */
static void
read_splices(struct mwi_stager *s, struct elements *e)
{
    struct mwi_rebuild *rebuild = e->rebuild;
    size_t n = mwi_read_array(s->r);
    size_t before = 0;

    rebuild->runs = mwi_stage_scratch(
        s, n + 1, sizeof(*rebuild->runs), _Alignof(struct mwi_run));
    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        before = read_splice(s, e, &rebuild->runs[i], before);
    }
    mwi_leave(s->r);
    if (mwi_reader_ok(s->r)) {
        struct mwi_run *last = &rebuild->runs[n];

        last->start = before;
        last->n = e->old.len - before;
        (void) set_bits(rebuild->kept, last->start, last->n);
        rebuild->n_runs = n + 1;
    }
}

/* Read one run of old elements and the new ones behind it. */
static void
read_run(struct mwi_stager *s, const struct elements *e, struct mwi_run *run)
{
    const uint8_t *item = s->r->at;

    run->start = mwi_stage_size(s);
    run->n = mwi_stage_size(s);
    if (!mwi_reader_ok(s->r)) {
        return;
    }
    if (run->start > e->old.len || run->n > e->old.len - run->start) {
        MWI_STAGE_FAIL(s, item, "run of %zu at %zu exceeds %zu", run->n,
            run->start, e->old.len);
    } else if (!set_bits(e->rebuild->kept, run->start, run->n)) {
        MWI_STAGE_FAIL(s, item, "run of %zu at %zu takes an element twice",
            run->n, run->start);
    } else {
        read_new(s, run);
    }
}

/* Read [start, n, [V…], …]. */
static void
read_runs(struct mwi_stager *s, struct elements *e)
{
    struct mwi_rebuild *rebuild = e->rebuild;
    const uint8_t *at = s->r->at;
    size_t items = mwi_read_array(s->r);
    size_t n = items / 3;

    if (mwi_reader_ok(s->r) && items % 3 != 0) {
        MWI_STAGE_FAIL(s, at, "array of %zu is not made of runs", items);
    }
    if (!mwi_reader_ok(s->r)) {
        return;
    }
    rebuild->runs = mwi_stage_scratch(
        s, n, sizeof(*rebuild->runs), _Alignof(struct mwi_run));
    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        read_run(s, e, &rebuild->runs[i]);
    }
    mwi_leave(s->r);
    rebuild->n_runs = n;
    for (size_t i = 0; e->patched != NULL && i < e->old.len; i++) {
        if (mwi_reader_ok(s->r) && is_set(e->patched, i) &&
            !is_set(rebuild->kept, i)) {
            MWI_STAGE_FAIL(s, at, "element %zu is changed and removed", i);
        }
    }
}

/* Count what will happen.  An element has moved if it is not in the longest
 * row of elements that keep their order. */
static void
count(struct mwi_stager *s, const struct elements *e)
{
    const struct mwi_rebuild *rebuild = e->rebuild;
    mw_stats *stats = &s->patch->stats;
    struct mwi_matches matches = { 0 };
    size_t kept = 0;
    size_t unmoved = 0;

    matches.at = mwi_stage_scratch(
        s, rebuild->n_runs, sizeof(*matches.at), _Alignof(struct mwi_match));
    for (size_t i = 0; i < rebuild->n_runs && matches.at != NULL; i++) {
        const struct mwi_run *run = &rebuild->runs[i];

        stats->elements_inserted += run->n_new;
        kept += run->n;
        if (run->n > 0) {
            matches.at[matches.len++] =
                (struct mwi_match){ .old_at = run->start, .n = run->n };
        }
    }
    if (!mwi_match_chain(&matches, &unmoved)) {
        mwi_reader_fail(s->r, MW_ENOMEM, "out of memory");
    }
    stats->elements_removed += e->old.len - kept;
    stats->elements_moved += kept - unmoved;
}

/* Allocate the new array. */
static void
make_room(struct mwi_stager *s, struct elements *e, const uint8_t *at)
{
    struct mwi_rebuild *rebuild = e->rebuild;
    const mw_type *elem = e->type->elem;
    struct mwi_seq seq;

    for (size_t i = 0; i < rebuild->n_runs; i++) {
        rebuild->len += rebuild->runs[i].n + rebuild->runs[i].n_new;
    }
    if (e->type->kind == MW_KIND_SEQ_N && rebuild->len > e->type->bound) {
        MWI_STAGE_FAIL(s, at,
            "sequence of %zu elements exceeds the bound of %" PRIu32,
            rebuild->len, e->type->bound);
        return;
    }
    if (rebuild->len == 0) {
        return;
    }
    if (e->type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(e->entry->staged, rebuild->len);
        rebuild->items =
            (unsigned char *) e->entry->staged + mwi_seq_n_offset(e->type);
        return;
    }
    seq = (struct mwi_seq){ .len = rebuild->len, .cap = rebuild->len };
    seq.items = mwi_stage_heap(s, seq.len, elem->size, elem->align);
    if (seq.items != NULL) {
        mwi_store_seq(e->entry->staged, seq);
        rebuild->items = seq.items;
    }
}

/* Decode the new elements, each where it will be. */
static void
decode_new(struct mwi_stager *s, struct elements *e)
{
    const mw_type *elem = e->type->elem;
    struct mwi_path step = { .up = s->r->path };
    const uint8_t *end = s->r->at;

    s->r->path = &step;
    for (size_t i = 0; i < e->rebuild->n_runs && mwi_reader_ok(s->r); i++) {
        const struct mwi_run *run = &e->rebuild->runs[i];

        step.index += run->n;
        if (run->n_new == 0) {
            continue;
        }
        s->r->at = run->new_at;
        (void) mwi_read_array(s->r);
        for (size_t j = 0; j < run->n_new && mwi_reader_ok(s->r); j++) {
            mwi_decode(s->r, &s->patch->heap, elem,
                e->rebuild->items + step.index * elem->size);
            step.index++;
        }
        mwi_leave(s->r);
    }
    s->r->path = step.up;
    if (mwi_reader_ok(s->r)) {
        s->r->at = end;
    }
}

/* Stage splices or runs. */
static void
stage_rebuild(struct mwi_stager *s, struct elements *e, int key)
{
    const uint8_t *at = s->r->at;

    if (key == MWI_PATCH_SPLICES) {
        read_splices(s, e);
    } else {
        read_runs(s, e);
    }
    if (mwi_reader_ok(s->r)) {
        count(s, e);
    }
    if (mwi_reader_ok(s->r)) {
        make_room(s, e, at);
    }
    if (mwi_reader_ok(s->r)) {
        decode_new(s, e);
    }
}

/* Read { old index: D, … }. */
static void
stage_changes(struct mwi_stager *s, const struct elements *e)
{
    struct mwi_path step = { .up = s->r->path };
    size_t n = mwi_read_map(s->r);
    const uint64_t *kept =
        e->rebuild != NULL && e->patched == NULL ? e->rebuild->kept : NULL;

    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        const uint8_t *at = s->r->at;
        size_t index = mwi_stage_size(s);

        if (!mwi_reader_ok(s->r)) {
            return;
        }
        if (i > 0 && index <= step.index) {
            MWI_STAGE_FAIL(
                s, at, "element %zu after element %zu", index, step.index);
        } else if (index >= e->old.len) {
            MWI_STAGE_FAIL(s, at, "element %zu of %zu", index, e->old.len);
        } else if (kept != NULL && !is_set(kept, index)) {
            MWI_STAGE_FAIL(s, at, "element %zu is changed and removed", index);
        } else {
            if (e->patched != NULL) {
                (void) set_bits(e->patched, index, 1);
            }
            step.index = index;
            s->r->path = &step;
            mwi_stage_value(
                s, e->type->elem, e->old.at + index * e->type->elem->size);
            s->r->path = step.up;
        }
    }
    mwi_leave(s->r);
}

void
mwi_stage_elements(
    struct mwi_stager *s, const mw_type *type, void *target, size_t n)
{
    struct elements e = { .type = type, .old = mwi_items_of(type, target) };
    unsigned allowed = 1u << MWI_PATCH_ELEMENTS |
                       (type->kind != MW_KIND_ARRAY
                               ? 1u << MWI_PATCH_SPLICES | 1u << MWI_PATCH_RUNS
                               : 0u);
    int key = -1;

    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        key = mwi_stage_key(s, type, key, allowed);
        if (key < 0) {
            return;
        }
        if (key == MWI_PATCH_SPLICES) {
            allowed &= ~(1u << MWI_PATCH_RUNS);
        }
        /* With a second pair to come, elements are changed and rearranged. */
        if (i == 0 && (n > 1 || key != MWI_PATCH_ELEMENTS) &&
            type->kind != MW_KIND_ARRAY) {
            if (!begin_rebuild(s, &e, target)) {
                return;
            }
            if (key == MWI_PATCH_ELEMENTS) {
                e.patched = stage_bits(s, e.old.len);
            }
        }
        if (!mwi_reader_ok(s->r)) {
            return;
        }
        if (key == MWI_PATCH_ELEMENTS) {
            stage_changes(s, &e);
        } else {
            stage_rebuild(s, &e, key);
        }
    }
}
