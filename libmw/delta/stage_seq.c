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
#include "delta/stage.h"

/* A patch of one sequence. */
struct elements {
    const mw_type *type;
    const mw_mask *mask; /* of an element */
    struct mwi_items old;
    struct mwi_patch_entry *entry; /* NULL: the length stays as it is */
    struct mwi_rebuild *rebuild;   /* of the entry */
    uint64_t *patched;             /* a bit per old element, or NULL */
};

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
        (void) mwi_set_bits(e->rebuild->kept, run->start, run->n);
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
        (void) mwi_set_bits(rebuild->kept, last->start, last->n);
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
    } else if (!mwi_set_bits(e->rebuild->kept, run->start, run->n)) {
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
        if (mwi_reader_ok(s->r) && mwi_bit_is_set(e->patched, i) &&
            !mwi_bit_is_set(rebuild->kept, i)) {
            MWI_STAGE_FAIL(s, at, "element %zu is changed and removed", i);
        }
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
        mwi_reader_seek(s->r, run->new_at);
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
        mwi_reader_seek(s->r, end);
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
        mwi_stage_rebuild_room(s, e->entry, at);
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
        } else if (kept != NULL && !mwi_bit_is_set(kept, index)) {
            MWI_STAGE_FAIL(s, at, "element %zu is changed and removed", index);
        } else {
            if (e->patched != NULL) {
                (void) mwi_set_bits(e->patched, index, 1);
            }
            step.index = index;
            s->r->path = &step;
            mwi_stage_value(s, e->type->elem, e->mask,
                e->old.at + index * e->type->elem->size);
            s->r->path = step.up;
        }
    }
    mwi_leave(s->r);
}

/* Begin with the first pair.  With a second one to come, elements are changed
 * and rearranged. */
static bool
begin(struct mwi_stager *s, struct elements *e, void *target, size_t n, int key)
{
    if ((n == 1 && key == MWI_PATCH_ELEMENTS) ||
        e->type->kind == MW_KIND_ARRAY) {
        return true;
    }
    e->entry = mwi_stage_rebuild(s, e->type, target);
    if (e->entry == NULL) {
        return false;
    }
    e->rebuild = e->entry->rebuild;
    if (key == MWI_PATCH_ELEMENTS) {
        e->patched = mwi_stage_bits(s, e->old.len);
    }
    return mwi_reader_ok(s->r);
}

void
mwi_stage_elements(struct mwi_stager *s, const mw_type *type,
    const mw_mask *mask, void *target, size_t n)
{
    struct elements e = {
        .type = type, .mask = mask, .old = mwi_items_of(type, target)
    };
    unsigned allowed = 1u << MWI_PATCH_ELEMENTS |
                       (type->kind != MW_KIND_ARRAY
                               ? 1u << MWI_PATCH_SPLICES | 1u << MWI_PATCH_RUNS
                               : 0u);
    int key = -1;

    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        const uint8_t *at = s->r->at;

        key = mwi_stage_key(s, type, key, allowed);
        if (key < 0) {
            return;
        }
        if (key != MWI_PATCH_ELEMENTS && !mask->all) {
            mwi_stage_refuse_order(s, at);
            return;
        }
        if (key == MWI_PATCH_SPLICES) {
            allowed &= ~(1u << MWI_PATCH_RUNS);
        }
        if (i == 0 && !begin(s, &e, target, n, key)) {
            return;
        }
        if (key == MWI_PATCH_ELEMENTS) {
            stage_changes(s, &e);
        } else {
            stage_rebuild(s, &e, key);
        }
    }
}
