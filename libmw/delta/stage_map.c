/* SPDX-License-Identifier: MIT */
/*
 * Staging: maps.
 *
 * Keys in the message ascend as those in the map do, so each is searched for
 * from where the one before it was found.  Values that are still there are
 * patched in their places.  If keys come or go, puts are read twice: first to
 * see where new entries go, then, when the new array has been allocated, these
 * entries straight into it.  The old ones join them in the commit.
 */
#include <string.h>

#include "codec/access.h"
#include "codec/map.h"
#include "delta/stage.h"

/* A patch of one map. */
struct map {
    const mw_type *type;
    const mw_mask *mask; /* of a value */
    void *target;
    struct mwi_patch_entry *entry;
    struct mwi_items old;
    uint64_t *spoken_of;  /* a bit per old entry that was put or deleted */
    struct mwi_run *news; /* stretches of new entries, before old ones */
    size_t n_news;
    size_t n_gone;
    const uint8_t *puts; /* the map of them in the message */
};

/* The keys of one part, as they are read. */
struct keys {
    const mw_type *type;
    struct mwi_items old;
    struct mwi_path step; /* to the key; its index is how many were read */
    void *key;            /* read last, in scratch memory */
    void *before;         /* the one before it */
    size_t at;            /* where the key is in the map, or would be */
    bool is_there;
};

static bool
begin_keys(struct mwi_stager *s, const struct map *m, struct keys *ret_keys)
{
    const mw_type *type = mwi_map_key(m->type)->type;

    *ret_keys = (struct keys){
        .type = m->type,
        .old = m->old,
        .step = { .up = s->r->path, .key_type = type },
        .key = mwi_stage_scratch(s, 1, type->size, type->align),
        .before = mwi_stage_scratch(s, 1, type->size, type->align),
    };
    return mwi_reader_ok(s->r);
}

static int
compare_at(const struct keys *keys, size_t i)
{
    const unsigned char *entry = keys->old.at + i * keys->type->elem->size;
    const mw_field *field = mwi_map_key(keys->type);

    return mwi_key_compare(field->type, mwi_field_at(field, entry), keys->key);
}

/* Search upward: in strides that double, then by bisection, so that all keys
 * together take no more steps than there are entries, and a few take few. */
static void
find(struct keys *keys)
{
    size_t low = keys->at;
    size_t high = low;
    size_t stride = 1;

    while (high < keys->old.len && compare_at(keys, high) < 0) {
        low = high + 1;
        high = stride < keys->old.len - high ? high + stride : keys->old.len;
        stride *= 2;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_at(keys, middle) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    keys->at = low;
    keys->is_there = low < keys->old.len && compare_at(keys, low) == 0;
}

/* Read a key and look it up.  The path leads to it then. */
static bool
read_key(struct mwi_stager *s, struct keys *keys)
{
    const mw_type *type = mwi_map_key(keys->type)->type;
    struct mwi_place place = { .arena = &s->patch->scratch,
        .budget = s->patch->heap.budget };
    const uint8_t *at = s->r->at;
    void *key = keys->before;
    int order;

    keys->before = keys->key;
    keys->key = key;
    keys->step.key = NULL;
    memset(key, 0, type->size);
    s->r->path = &keys->step;
    mwi_decode(s->r, &place, type, key);
    s->patch->heap.budget = place.budget;
    if (!mwi_reader_ok(s->r)) {
        return false;
    }
    keys->step.key = key;
    order =
        keys->step.index > 0 ? mwi_key_compare(type, keys->before, key) : -1;
    if (order >= 0) {
        MWI_STAGE_FAIL(s, at, "%s",
            order == 0 ? "is twice in the patch" : "is out of order");
        return false;
    }
    keys->step.index++;
    find(keys);
    return true;
}

static void *
value_at(const struct map *m, size_t i)
{
    return mwi_field_at(
        mwi_map_value(m->type), m->old.at + i * m->type->elem->size);
}

/* Read past a new entry and note it. */
static void
note_new(struct mwi_stager *s, struct map *m, const struct keys *keys,
    const uint8_t *at)
{
    struct mwi_run *last = m->n_news > 0 ? &m->news[m->n_news - 1] : NULL;

    if (!m->mask->all) {
        mwi_stage_refuse_order(s, at);
        return;
    }
    if (last == NULL || last->start != keys->at) {
        last = &m->news[m->n_news++];
        *last = (struct mwi_run){ .start = keys->at, .new_at = at };
    }
    last->n_new++;
    mwi_skip(s->r);
}

/* Read {key: V, …}. */
static void
read_puts(struct mwi_stager *s, struct map *m)
{
    const mw_type *value = mwi_map_value(m->type)->type;
    const struct mwi_path *up = s->r->path;
    struct keys keys;
    size_t n;

    m->puts = s->r->at;
    n = mwi_read_map(s->r);
    m->news =
        mwi_stage_scratch(s, n, sizeof(*m->news), _Alignof(struct mwi_run));
    if (!begin_keys(s, m, &keys)) {
        return;
    }
    for (size_t i = 0; i < n && mwi_reader_ok(s->r); i++) {
        const uint8_t *at = s->r->at;

        if (!read_key(s, &keys)) {
            break;
        }
        if (keys.is_there) {
            (void) mwi_set_bits(m->spoken_of, keys.at, 1);
            mwi_stage_whole(s, value, m->mask, value_at(m, keys.at));
        } else {
            note_new(s, m, &keys, at);
        }
    }
    s->r->path = up;
    mwi_leave(s->r);
}

/* Read a key that must be there, and must not have been spoken of before. */
static bool
read_old_key(struct mwi_stager *s, const struct map *m, struct keys *keys)
{
    const uint8_t *at = s->r->at;

    if (!read_key(s, keys)) {
        return false;
    }
    if (!keys->is_there) {
        MWI_STAGE_FAIL(s, at, "is not in the map");
    } else if (!mwi_set_bits(m->spoken_of, keys->at, 1)) {
        MWI_STAGE_FAIL(s, at, "is changed twice");
    }
    return mwi_reader_ok(s->r);
}

/* Read [key, …]. */
static void
read_dels(struct mwi_stager *s, struct map *m)
{
    uint64_t *kept = m->entry->rebuild->kept;
    const struct mwi_path *up = s->r->path;
    const uint8_t *at = s->r->at;
    size_t n = mwi_read_array(s->r);
    struct keys keys;

    if (n > 0 && !m->mask->all) {
        mwi_stage_refuse_order(s, at);
        return;
    }
    if (!begin_keys(s, m, &keys)) {
        return;
    }
    for (size_t i = 0; i < n && read_old_key(s, m, &keys); i++) {
        kept[keys.at / 64] &= ~(UINT64_C(1) << keys.at % 64);
    }
    m->n_gone = n;
    s->r->path = up;
    mwi_leave(s->r);
}

/* Read {key: D, …}. */
static void
read_subs(struct mwi_stager *s, const struct map *m)
{
    const mw_type *value = mwi_map_value(m->type)->type;
    const struct mwi_path *up = s->r->path;
    size_t n = mwi_read_map(s->r);
    struct keys keys;

    if (!begin_keys(s, m, &keys)) {
        return;
    }
    for (size_t i = 0; i < n && read_old_key(s, m, &keys); i++) {
        mwi_stage_value(s, value, m->mask, value_at(m, keys.at));
    }
    s->r->path = up;
    mwi_leave(s->r);
}

/* Append the runs of old entries in [from, to) that are not deleted. */
static void
add_kept(struct mwi_rebuild *rebuild, size_t from, size_t to)
{
    while (from < to) {
        size_t end = from;

        while (end < to && mwi_bit_is_set(rebuild->kept, end)) {
            end++;
        }
        if (end > from) {
            rebuild->runs[rebuild->n_runs++] =
                (struct mwi_run){ .start = from, .n = end - from };
        }
        from = end;
        while (from < to && !mwi_bit_is_set(rebuild->kept, from)) {
            from++;
        }
    }
}

/* Put old and new entries in a row. */
static void
make_runs(struct mwi_stager *s, const struct map *m)
{
    struct mwi_rebuild *rebuild = m->entry->rebuild;
    size_t from = 0;

    rebuild->runs = mwi_stage_scratch(s, 2 * m->n_news + m->n_gone + 1,
        sizeof(*rebuild->runs), _Alignof(struct mwi_run));
    if (rebuild->runs == NULL) {
        return;
    }
    for (size_t i = 0; i < m->n_news; i++) {
        struct mwi_run run = m->news[i];

        add_kept(rebuild, from, run.start);
        from = run.start;
        run.start = 0;
        rebuild->runs[rebuild->n_runs++] = run;
    }
    add_kept(rebuild, from, m->old.len);
}

/* Decode the new entries, each where it will be. */
static void
decode_new(struct mwi_stager *s, const struct map *m)
{
    const struct mwi_rebuild *rebuild = m->entry->rebuild;
    const mw_field *key = mwi_map_key(m->type);
    struct mwi_path step = { .up = s->r->path, .key_type = key->type };
    const uint8_t *end = s->r->at;
    unsigned char *entry = rebuild->items;
    size_t size = m->type->elem->size;

    mwi_reader_seek(s->r, m->puts);
    (void) mwi_read_map(s->r);
    for (size_t i = 0; i < rebuild->n_runs && mwi_reader_ok(s->r); i++) {
        const struct mwi_run *run = &rebuild->runs[i];

        entry += run->n * size;
        if (run->n_new > 0) {
            mwi_reader_seek(s->r, run->new_at);
        }
        for (size_t j = 0; j < run->n_new && mwi_reader_ok(s->r); j++) {
            mwi_decode_field(s->r, &s->patch->heap, key, entry);
            step.key = mwi_field_at(key, entry);
            s->r->path = mwi_reader_ok(s->r) ? &step : step.up;
            mwi_decode_field(
                s->r, &s->patch->heap, mwi_map_value(m->type), entry);
            s->r->path = step.up;
            entry += size;
        }
    }
    mwi_leave(s->r);
    if (mwi_reader_ok(s->r)) {
        mwi_reader_seek(s->r, end);
    }
}

/* Stage the new array, if there is to be one. */
static void
rearrange(struct mwi_stager *s, const struct map *m, const uint8_t *at)
{
    if (m->n_news == 0 && m->n_gone == 0) {
        mwi_stage_rebuild_cancel(m->entry);
        return;
    }
    make_runs(s, m);
    if (mwi_reader_ok(s->r)) {
        mwi_stage_rebuild_room(s, m->entry, at);
    }
    if (mwi_reader_ok(s->r) && m->n_news > 0) {
        decode_new(s, m);
    }
}

void
mwi_stage_map(struct mwi_stager *s, const mw_type *type, const mw_mask *mask,
    void *target, size_t n)
{
    struct map m = {
        .type = type,
        .mask = mask,
        .old = mwi_items_of(type, target),
    };
    const uint8_t *at = s->r->at;

    if (n > MWI_PATCH_PARTS) {
        MWI_STAGE_FAIL(s, at, "%s is patched in %d parts, found %zu",
            type->name, MWI_PATCH_PARTS, n);
        return;
    }
    m.entry = mwi_stage_rebuild(s, type, target);
    m.spoken_of = mwi_stage_bits(s, m.old.len);
    if (m.entry == NULL || m.spoken_of == NULL) {
        return;
    }
    (void) mwi_set_bits(m.entry->rebuild->kept, 0, m.old.len);
    read_puts(s, &m);
    if (n > MWI_PATCH_DELS && mwi_reader_ok(s->r)) {
        read_dels(s, &m);
    }
    if (mwi_reader_ok(s->r)) {
        rearrange(s, &m, at);
    }
    if (n > MWI_PATCH_SUBS && mwi_reader_ok(s->r)) {
        read_subs(s, &m);
    }
}
