/* SPDX-License-Identifier: MIT */
/*
 * Numbers of nodes that change as little as may be from call to call.
 *
 * n nodes of a type have the numbers from 0 to n - 1.  A node that had one of
 * these keeps it; the others, which are new or had a higher one, take those
 * that are left.  So a node more or less costs one number, wherever it is
 * linked.
 */
#include "base/mem.h"
#include "rpc/mirror.h"

/* The nodes of a type that have no number yet, and what they will have. */
struct numbering {
    const mw_type *type;
    const struct mwi_nodes *nodes;
    const struct mwi_nodes *before;
    size_t first; /* number */
    size_t n;     /* nodes */
    void **order; /* n of them; NULL where none is yet */
};

static bool
has_number(const struct numbering *g, const void *node)
{
    size_t number;

    return mwi_nodes_find(g->nodes, g->type, node, &number);
}

/* Where in the order a node belongs, if it had a number that is to be given. */
static bool
had_place(const struct numbering *g, const void *node, size_t *ret_place)
{
    size_t number;

    if (!mwi_nodes_find(g->before, g->type, node, &number) ||
        number < g->first || number - g->first >= g->n) {
        return false;
    }
    *ret_place = number - g->first;
    return true;
}

static void
put_in_order(struct numbering *g, const struct mwi_node_table *live)
{
    size_t gap = 0;
    size_t place;

    for (size_t i = 0; i < mwi_node_count(live); i++) {
        void *node = mwi_node_at(live, i);

        if (!has_number(g, node) && had_place(g, node, &place)) {
            g->order[place] = node;
        }
    }
    for (size_t i = 0; i < mwi_node_count(live); i++) {
        void *node = mwi_node_at(live, i);

        if (has_number(g, node) || had_place(g, node, &place)) {
            continue;
        }
        while (g->order[gap] != NULL) {
            gap++;
        }
        g->order[gap] = node;
    }
}

static mw_status
number_type(struct mwi_nodes *nodes, const struct mwi_node_table *live,
    const struct mwi_nodes *before)
{
    const mw_type ref = { .kind = MW_KIND_REF, .elem = live->type };
    const struct mwi_node_table *table =
        mwi_nodes_find_table(nodes, live->type);
    struct numbering g = { .type = live->type,
        .nodes = nodes,
        .before = before,
        .first = table != NULL ? mwi_node_count(table) : 0 };
    mw_status status = MW_OK;
    size_t number;

    for (size_t i = 0; i < mwi_node_count(live); i++) {
        g.n += !has_number(&g, mwi_node_at(live, i));
    }
    if (g.n == 0) {
        return MW_OK;
    }
    g.order = mwi_calloc(g.n, sizeof(*g.order));
    if (g.order == NULL) {
        return MW_ENOMEM;
    }
    put_in_order(&g, live);
    for (size_t i = 0; i < g.n && status == MW_OK; i++) {
        status = mwi_nodes_number(nodes, &ref, g.order[i], &number, NULL);
    }
    mwi_free(g.order);
    return status;
}

mw_status
mwi_number_again(struct mwi_nodes *nodes, const struct mwi_nodes *live,
    const struct mwi_nodes *before)
{
    mw_status status = MW_OK;

    /* Types in the order that they had. */
    for (size_t t = 0; t < before->n_tables && status == MW_OK; t++) {
        const mw_type *type = before->tables[t].type;
        const struct mwi_node_table *table =
            type != NULL ? mwi_nodes_find_table(live, type) : NULL;

        if (table != NULL) {
            status = number_type(nodes, table, before);
        }
    }
    for (size_t t = 0; t < live->n_tables && status == MW_OK; t++) {
        status = number_type(nodes, &live->tables[t], before);
    }
    return status;
}
