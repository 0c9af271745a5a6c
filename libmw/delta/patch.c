/* SPDX-License-Identifier: MIT */
/*
 * The journal: commit and abort.
 *
 * The commit exchanges bytes of the objects with staged bytes.  What the
 * objects held is in the staged bytes afterwards, and is cleared there; an
 * abort clears the staged bytes instead, without having exchanged anything.
 */
#include "delta/patch.h"

#include <string.h>

#include "base/bits.h"
#include "base/mem.h"
#include "codec/access.h"
#include "delta/journal.h"

void
mwi_patch_init(struct mwi_patch *patch, size_t budget)
{
    *patch = (struct mwi_patch){ .heap = { .budget = budget } };
    mwi_arena_init(&patch->scratch, budget);
}

void
mwi_patch_init_in(
    struct mwi_patch *patch, size_t budget, void *room, size_t size)
{
    mwi_patch_init(patch, budget);
    mwi_arena_init_in(&patch->scratch, budget, room, size);
}

/* Put the old elements between the new ones, or make their places zero again.
 */
static void
place_old(const struct mwi_patch_entry *entry, bool are_there)
{
    const struct mwi_rebuild *rebuild = entry->rebuild;
    size_t size = entry->type->elem->size;
    unsigned char *to = rebuild->items;

    for (size_t i = 0; i < rebuild->n_runs; i++) {
        const struct mwi_run *run = &rebuild->runs[i];

        if (run->n > 0 && are_there) {
            memcpy(to, rebuild->old.at + run->start * size, run->n * size);
        } else if (run->n > 0) {
            memset(to, 0, run->n * size);
        }
        /* There may be no items to point into. */
        if (run->n + run->n_new > 0) {
            to += (run->n + run->n_new) * size;
        }
    }
}

/* Free the old elements that are no more, and the old array. */
static void
clear_rebuilt(struct mwi_patch_entry *entry)
{
    const struct mwi_rebuild *rebuild = entry->rebuild;
    const mw_type *elem = entry->type->elem;
    /* A SEQ_N has its elements in itself, so they are in staged by now. */
    unsigned char *old =
        entry->type->kind != MW_KIND_SEQ_N
            ? rebuild->old.at
            : (unsigned char *) entry->staged + mwi_seq_n_offset(entry->type);

    for (size_t i = 0; i < rebuild->old.len && !mwi_type_is_flat(elem); i++) {
        if (!mwi_bit_is_set(rebuild->kept, i)) {
            mwi_clear(elem, old + i * elem->size);
        }
    }
    if (entry->type->kind != MW_KIND_SEQ_N) {
        mwi_free(mwi_load_seq(entry->staged).items);
    }
}

static void
reverse(struct mwi_patch *patch)
{
    struct mwi_patch_entry *entry = patch->entries;
    struct mwi_patch_entry *done = NULL;

    while (entry != NULL) {
        struct mwi_patch_entry *next = entry->next;

        entry->next = done;
        done = entry;
        entry = next;
    }
    patch->entries = done;
}

void
mwi_patch_exchange(struct mwi_patch *patch)
{
    struct mwi_patch_entry *entry;

    for (entry = patch->entries; entry != NULL; entry = entry->next) {
        if (entry->action == MWI_PATCH_REBUILD) {
            place_old(entry, true);
        }
        mwi_exchange(entry->target, entry->staged, entry->size);
    }
}

void
mwi_patch_undo(struct mwi_patch *patch)
{
    struct mwi_patch_entry *entry;

    reverse(patch);
    for (entry = patch->entries; entry != NULL; entry = entry->next) {
        mwi_exchange(entry->target, entry->staged, entry->size);
        if (entry->action == MWI_PATCH_REBUILD) {
            place_old(entry, false);
        }
    }
    reverse(patch);
}

bool
mwi_patch_has_refs(const struct mwi_patch *patch)
{
    const struct mwi_patch_entry *entry;

    for (entry = patch->entries; entry != NULL; entry = entry->next) {
        if (entry->type != NULL && mwi_type_has_refs(entry->type)) {
            return true;
        }
    }
    return false;
}

/* Free the nodes that the handler released. */
static void
free_released(struct mwi_patch *patch)
{
    for (size_t t = 0; patch->released.n > 0 && t < patch->released.n_tables;
         t++) {
        struct mwi_node_table *table = &patch->nodes->tables[t];

        for (size_t i = 0; i < table->n_inout; i++) {
            if (mwi_is_released(&patch->released, t, i)) {
                mwi_nodes_free_one(table, i);
            }
        }
    }
}

static void
release(struct mwi_patch *patch)
{
    /* The notes are in the scratch memory; a mirror keeps the tables. */
    for (size_t t = 0; patch->nodes != NULL && t < patch->nodes->n_tables;
         t++) {
        patch->nodes->tables[t].linked = NULL;
    }
    mwi_released_fini(&patch->released);
    mwi_arena_fini(&patch->scratch);
    patch->entries = NULL;
    patch->roots = NULL;
}

void
mwi_patch_commit(struct mwi_patch *patch)
{
    struct mwi_patch_entry *entry;

    mwi_patch_exchange(patch);
    /* Only now: what is freed may have been copied by a later entry. */
    for (entry = patch->entries; entry != NULL; entry = entry->next) {
        if (entry->action == MWI_PATCH_REBUILD) {
            clear_rebuilt(entry);
        } else if (entry->action == MWI_PATCH_SWAP && entry->type != NULL) {
            mwi_clear(entry->type, entry->staged);
        }
    }
    free_released(patch);
    release(patch);
}

void
mwi_patch_abort(struct mwi_patch *patch)
{
    struct mwi_patch_entry *entry;

    /* The places of old elements in a sequence in the making are zero. */
    for (entry = patch->entries; entry != NULL; entry = entry->next) {
        if (entry->type != NULL) {
            mwi_clear(entry->type, entry->staged);
        }
    }
    if (patch->nodes != NULL) {
        mwi_nodes_free_new(patch->nodes);
    }
    release(patch);
}
