/* SPDX-License-Identifier: MIT */
/*
 * Staging: what sequences and maps have in common that are made anew from old
 * and new elements.
 */
#include <inttypes.h>

#include "codec/access.h"
#include "delta/align.h"
#include "delta/stage.h"

uint64_t *
mwi_stage_bits(struct mwi_stager *s, size_t n)
{
    return mwi_stage_scratch(
        s, n / 64 + 1, sizeof(uint64_t), _Alignof(uint64_t));
}

bool
mwi_set_bits(uint64_t *bits, size_t start, size_t n)
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

struct mwi_patch_entry *
mwi_stage_rebuild(struct mwi_stager *s, const mw_type *type, void *target)
{
    void *staged = mwi_stage_swap(s, type, target, type->size, type->align);
    struct mwi_rebuild *rebuild =
        mwi_stage_scratch(s, 1, sizeof(*rebuild), _Alignof(max_align_t));
    struct mwi_patch_entry *entry = s->patch->entries;

    if (staged == NULL || rebuild == NULL) {
        return NULL;
    }
    rebuild->old = mwi_items_of(type, target);
    rebuild->kept = mwi_stage_bits(s, rebuild->old.len);
    entry->rebuild = rebuild;
    entry->action = MWI_PATCH_REBUILD;
    return rebuild->kept != NULL ? entry : NULL;
}

void
mwi_stage_rebuild_cancel(struct mwi_patch_entry *entry)
{
    entry->action = MWI_PATCH_SWAP;
    entry->type = NULL;
    entry->size = 0;
}

/* An element has moved if it is not in the longest row of elements that keep
 * their order. */
static void
count(struct mwi_stager *s, const struct mwi_rebuild *rebuild)
{
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
    stats->elements_removed += rebuild->old.len - kept;
    stats->elements_moved += kept - unmoved;
}

void
mwi_stage_rebuild_room(
    struct mwi_stager *s, struct mwi_patch_entry *entry, const uint8_t *item)
{
    struct mwi_rebuild *rebuild = entry->rebuild;
    const mw_type *type = entry->type;
    const mw_type *elem = type->elem;
    struct mwi_seq seq;

    count(s, rebuild);
    for (size_t i = 0; i < rebuild->n_runs; i++) {
        rebuild->len += rebuild->runs[i].n + rebuild->runs[i].n_new;
    }
    if (!mwi_reader_ok(s->r)) {
        return;
    }
    if (type->kind == MW_KIND_SEQ_N && rebuild->len > type->bound) {
        MWI_STAGE_FAIL(s, item,
            "sequence of %zu elements exceeds the bound of %" PRIu32,
            rebuild->len, type->bound);
        return;
    }
    if (rebuild->len == 0) {
        return;
    }
    if (type->kind == MW_KIND_SEQ_N) {
        mwi_store_len(entry->staged, rebuild->len);
        rebuild->items =
            (unsigned char *) entry->staged + mwi_seq_n_offset(type);
        return;
    }
    seq = (struct mwi_seq){ .len = rebuild->len, .cap = rebuild->len };
    seq.items = mwi_stage_heap(s, seq.len, elem->size, elem->align);
    if (seq.items != NULL) {
        mwi_store_seq(entry->staged, seq);
        rebuild->items = seq.items;
    }
}
