/* SPDX-License-Identifier: MIT */
/*
 * The new nodes have a table of their own, which is small beside that of all
 * nodes: most references are to none of them, and to see that is all that most
 * nodes cost.
 */
#include "delta/lost.h"

#include "base/mem.h"
#include "codec/refs.h"

struct mwi_lost_node {
    const mw_type *type;
    const void *node;
    struct mwi_lost_node *next; /* found before it, and not looked into */
    bool is_found;
};

static mw_status
enter(struct mwi_lost *lost, const mw_type *type, void *node)
{
    struct mwi_lost_node *entry = &lost->nodes[lost->n++];

    *entry = (struct mwi_lost_node){ .type = type, .node = node };
    return mwi_map_put(&lost->by_address, (uintptr_t) node, entry);
}

mw_status
mwi_lost_init(struct mwi_lost *lost, const struct mwi_nodes *nodes)
{
    mw_status status = MW_OK;
    size_t n = 0;

    *lost = (struct mwi_lost){ 0 };
    for (size_t t = 0; t < nodes->n_tables; t++) {
        n += mwi_node_count(&nodes->tables[t]) - nodes->tables[t].n_known;
    }
    lost->nodes = mwi_calloc(n, sizeof(*lost->nodes));
    if (lost->nodes == NULL) {
        return MW_ENOMEM;
    }
    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];

        for (size_t i = table->n_known;
             i < mwi_node_count(table) && status == MW_OK; i++) {
            status = enter(lost, table->type, mwi_node_at(table, i));
        }
    }
    if (status < 0) {
        mwi_lost_fini(lost);
    }
    return status;
}

void
mwi_lost_fini(struct mwi_lost *lost)
{
    mwi_map_fini(&lost->by_address);
    mwi_free(lost->nodes);
    *lost = (struct mwi_lost){ 0 };
}

static mw_status
find(void *user, const mw_type *ref, void *node)
{
    struct mwi_lost *lost = user;
    struct mwi_lost_node *entry =
        mwi_map_get(&lost->by_address, (uintptr_t) node);

    if (entry != NULL && entry->type == ref->elem && !entry->is_found) {
        entry->is_found = true;
        entry->next = lost->next;
        lost->next = entry;
    }
    return MW_OK;
}

void
mwi_lost_find(struct mwi_lost *lost, const mw_type *type, const void *value)
{
    (void) mwi_each_ref(type, value, find, lost);
    while (lost->next != NULL) {
        const struct mwi_lost_node *entry = lost->next;

        lost->next = entry->next;
        (void) mwi_each_ref(entry->type, entry->node, find, lost);
    }
}

bool
mwi_is_lost(const struct mwi_lost *lost, size_t i)
{
    return !lost->nodes[i].is_found;
}
