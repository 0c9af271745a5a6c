/* SPDX-License-Identifier: MIT */
#include "delta/reach.h"

#include "base/bits.h"
#include "base/mem.h"
#include "codec/refs.h"

mw_status
mwi_reach_init(struct mwi_reach *reach, struct mwi_nodes *nodes,
    const struct mwi_released *released)
{
    size_t n = 0;

    *reach = (struct mwi_reach){ .nodes = nodes };
    reach->base = mwi_calloc(nodes->n_tables, sizeof(*reach->base));
    for (size_t t = 0; reach->base != NULL && t < nodes->n_tables; t++) {
        reach->base[t] = n;
        n += mwi_node_count(&nodes->tables[t]);
    }
    reach->seen = mwi_calloc(n / 64 + 1, sizeof(*reach->seen));
    reach->queue = mwi_calloc(n, sizeof(*reach->queue));
    if (reach->base == NULL || reach->seen == NULL || reach->queue == NULL ||
        mwi_nodes_index(nodes) < 0) {
        mwi_reach_fini(reach);
        return MW_ENOMEM;
    }
    for (size_t t = 0; released->n > 0 && t < nodes->n_known_tables; t++) {
        for (size_t i = 0; i < nodes->tables[t].n_inout; i++) {
            if (mwi_is_released(released, t, i)) {
                mwi_bit_set(reach->seen, reach->base[t] + i);
            }
        }
    }
    return MW_OK;
}

void
mwi_reach_fini(struct mwi_reach *reach)
{
    mwi_free(reach->base);
    mwi_free(reach->seen);
    mwi_free(reach->queue);
    *reach = (struct mwi_reach){ 0 };
}

/* Note a node, and that it is to be looked into. */
static mw_status
see(void *user, const mw_type *ref, void *node)
{
    struct mwi_reach *reach = user;
    const struct mwi_node_table *table =
        mwi_nodes_find_table(reach->nodes, ref->elem);
    size_t number;
    size_t at;

    /* Nodes that the caller has linked meanwhile are none of the call's. */
    if (table == NULL ||
        !mwi_nodes_find(reach->nodes, ref->elem, node, &number)) {
        return MW_OK;
    }
    at = reach->base[table - reach->nodes->tables] + number;
    if (!mwi_bit_is_set(reach->seen, at)) {
        mwi_bit_set(reach->seen, at);
        reach->queue[reach->n_queue++] = at;
    }
    return MW_OK;
}

/* The node with a position among all, and its type. */
static const void *
node_at(const struct mwi_reach *reach, size_t at, const mw_type **ret_type)
{
    size_t t = reach->nodes->n_tables - 1;

    while (reach->base[t] > at) {
        t--;
    }
    /* Tables may be empty; the last that begins here is not. */
    *ret_type = reach->nodes->tables[t].type;
    return mwi_node_at(&reach->nodes->tables[t], at - reach->base[t]);
}

void
mwi_reach_from(struct mwi_reach *reach, const mw_type *type, const void *value)
{
    (void) mwi_each_ref(type, value, see, reach);
    while (reach->n_queue > 0) {
        const mw_type *of;
        const void *node = node_at(reach, reach->queue[--reach->n_queue], &of);

        (void) mwi_each_ref(of, node, see, reach);
    }
}

size_t
mwi_reach_unlinked(const struct mwi_reach *reach, mw_unlinked_fn fn, void *user)
{
    size_t n = 0;

    for (size_t t = 0; t < reach->nodes->n_known_tables; t++) {
        const struct mwi_node_table *table = &reach->nodes->tables[t];

        for (size_t i = 0; i < table->n_inout; i++) {
            if (!mwi_bit_is_set(reach->seen, reach->base[t] + i)) {
                n++;
                if (fn != NULL) {
                    fn(user, table->type, mwi_node_at(table, i));
                }
            }
        }
    }
    return n;
}
