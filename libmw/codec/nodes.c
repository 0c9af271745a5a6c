/* SPDX-License-Identifier: MIT */
/*
 * The hash table holds nodes that are not at home, by address, in open
 * addressing with linear probing.  It is shared by all types, so that one
 * address in two tables is noticed.
 */
#include "codec/nodes.h"

#include <string.h>

#include "base/bits.h"
#include "base/error.h"
#include "base/mem.h"

enum { CAP_MIN = 16, FAR_MIN = 8 };

void
mwi_nodes_init(struct mwi_nodes *nodes)
{
    *nodes = (struct mwi_nodes){ 0 };
}

void
mwi_nodes_fini(struct mwi_nodes *nodes)
{
    for (size_t i = 0; i < nodes->n_tables; i++) {
        mwi_free(nodes->tables[i].far);
    }
    mwi_free(nodes->tables);
    mwi_free(nodes->slots);
    mwi_nodes_init(nodes);
}

struct mwi_node_table *
mwi_nodes_find_table(const struct mwi_nodes *nodes, const mw_type *type)
{
    for (size_t i = 0; i < nodes->n_tables; i++) {
        if (nodes->tables[i].type == type) {
            return &nodes->tables[i];
        }
    }
    return NULL;
}

struct mwi_node_table *
mwi_nodes_table(struct mwi_nodes *nodes, const mw_type *type)
{
    struct mwi_node_table *table =
        type != NULL ? mwi_nodes_find_table(nodes, type) : NULL;

    if (table == NULL) {
        table = mwi_realloc(
            nodes->tables, nodes->n_tables + 1, sizeof(*nodes->tables));
        if (table == NULL) {
            return NULL;
        }
        nodes->tables = table;
        table += nodes->n_tables++;
        *table = (struct mwi_node_table){ .type = type };
    }
    return table;
}

/* Whether an address is in a table's home, and how far from its start. */
static bool
is_home(const struct mwi_node_table *table, const void *node, size_t *ret_at)
{
    /* A table without a home has n_home 0. */
    *ret_at = (uintptr_t) node - (uintptr_t) table->home;
    return table->n_home > 0 && *ret_at < table->n_home * table->type->size;
}

/* The slot of an address, or the free one where it goes.  cap is not 0. */
static struct mwi_node_slot *
find_slot(const struct mwi_nodes *nodes, const void *node)
{
    uint64_t address = (uintptr_t) node;
    uint64_t hash = (address >> 8) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at;

    /* Nodes that were allocated one after the other are near one another in
     * the table, too, for the caches' sake. */
    at = (size_t) ((hash >> 32) + (address >> 4 & 15)) & (nodes->cap - 1);
    while (nodes->slots[at].node != NULL && nodes->slots[at].node != node) {
        at = (at + 1) & (nodes->cap - 1);
    }
    return &nodes->slots[at];
}

/* Room for n nodes with at least a third of the slots free. */
static mw_status
reserve(struct mwi_nodes *nodes, size_t n)
{
    struct mwi_nodes grown = *nodes;

    if (n <= nodes->cap - nodes->cap / 3) {
        return MW_OK;
    }
    grown.cap = nodes->cap > 0 ? nodes->cap : CAP_MIN;
    while (grown.cap - grown.cap / 3 < n) {
        if (grown.cap > SIZE_MAX / 2) {
            return MW_ENOMEM;
        }
        grown.cap *= 2;
    }
    grown.slots = mwi_calloc(grown.cap, sizeof(*grown.slots));
    if (grown.slots == NULL) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < nodes->cap; i++) {
        if (nodes->slots[i].node != NULL) {
            *find_slot(&grown, nodes->slots[i].node) = nodes->slots[i];
        }
    }
    mwi_free(nodes->slots);
    nodes->slots = grown.slots;
    nodes->cap = grown.cap;
    return MW_OK;
}

/* Put a node behind the others of its table. */
static mw_status
append(struct mwi_node_table *table, void *node)
{
    if (table->n_far == table->cap) {
        size_t cap = table->cap > 0 ? table->cap * 2 : FAR_MIN;
        void **far = mwi_realloc(table->far, cap, sizeof(*far));

        if (far == NULL) {
            return MW_ENOMEM;
        }
        table->far = far;
        table->cap = cap;
    }
    if (table->n_far >= UINT32_MAX) {
        return MW_ENOMEM;
    }
    table->far[table->n_far++] = node;
    return MW_OK;
}

static struct mwi_node_slot
slot_of(const void *node, size_t table, size_t position)
{
    return (struct mwi_node_slot){ .node = node,
        .table = (uint32_t) table & INT32_MAX,
        .position = (uint32_t) position };
}

/* The number of a node that is hashed, or is hashed now. */
static mw_status
number_far(struct mwi_nodes *nodes, struct mwi_node_table *table,
    const mw_type *ref, const void *node, size_t *ret_number, mw_error *reterr)
{
    bool is_unique = nodes->check_unique && (ref->flags & MW_TYPE_UNIQUE) != 0;
    struct mwi_node_slot *slot;

    if (reserve(nodes, nodes->len + 1) < 0) {
        return mwi_fail_nomem(reterr);
    }
    slot = find_slot(nodes, node);
    if (slot->node == NULL) {
        if (append(table, (void *) (uintptr_t) node) < 0) {
            return mwi_fail_nomem(reterr);
        }
        *slot =
            slot_of(node, (size_t) (table - nodes->tables), table->n_far - 1);
        slot->is_unique = is_unique;
        nodes->len++;
    } else if (&nodes->tables[slot->table] != table) {
        return mwi_fail(reterr, MW_EINVAL,
            "the same address is a node of %s and of %s",
            nodes->tables[slot->table].type->name, table->type->name);
    } else if (is_unique || slot->is_unique) {
        return mwi_fail(reterr, MW_EINVAL,
            "the node is referred to elsewhere, against @mw::unique");
    }
    *ret_number = table->n_home + slot->position;
    return MW_OK;
}

mw_status
mwi_nodes_number(struct mwi_nodes *nodes, const mw_type *ref, const void *node,
    size_t *ret_number, mw_error *reterr)
{
    struct mwi_node_table *table = mwi_nodes_table(nodes, ref->elem);
    size_t at;

    if (table == NULL) {
        return mwi_fail_nomem(reterr);
    }
    if (is_home(table, node, &at)) {
        *ret_number = at / table->type->size;
        return at % table->type->size == 0
                   ? MW_OK
                   : mwi_fail(reterr, MW_EINVAL,
                         "the reference is to the middle of a node");
    }
    if (nodes->trust_unique && (ref->flags & MW_TYPE_UNIQUE) != 0) {
        nodes->has_trusted = true;
        *ret_number = mwi_node_count(table);
        return append(table, (void *) (uintptr_t) node) < 0
                   ? mwi_fail_nomem(reterr)
                   : MW_OK;
    }
    return number_far(nodes, table, ref, node, ret_number, reterr);
}

bool
mwi_nodes_find(const struct mwi_nodes *nodes, const mw_type *type,
    const void *node, size_t *ret_number)
{
    const struct mwi_node_table *table = mwi_nodes_find_table(nodes, type);
    const struct mwi_node_slot *slot;
    size_t at;

    if (table == NULL) {
        return false;
    }
    if (is_home(table, node, &at)) {
        *ret_number = at / type->size;
        return at % type->size == 0;
    }
    slot = nodes->cap > 0 ? find_slot(nodes, node) : NULL;
    if (slot == NULL || slot->node == NULL ||
        &nodes->tables[slot->table] != table) {
        return false;
    }
    *ret_number = table->n_home + slot->position;
    return true;
}

void *
mwi_nodes_at(
    const struct mwi_nodes *nodes, const mw_type *type, uint64_t number)
{
    const struct mwi_node_table *table = mwi_nodes_find_table(nodes, type);

    return table != NULL && number < mwi_node_count(table)
               ? mwi_node_at(table, (size_t) number)
               : NULL;
}

/* A zeroed node in a block of its own, behind the others of its table. */
static mw_status
append_new(struct mwi_place *place, struct mwi_node_table *table)
{
    const mw_type *type = table->type;
    void *node = mwi_place_alloc(place, 1, type->size, type->align);

    if (node == NULL) {
        return mwi_place_status(place, 1, type->size);
    }
    if (append(table, node) < 0) {
        if (place->arena == NULL) {
            mwi_free(node);
        }
        return MW_ENOMEM;
    }
    return MW_OK;
}

bool
mwi_nodes_next(struct mwi_nodes *nodes, size_t *t, size_t *ret_number)
{
    for (size_t n = 0; n < nodes->n_tables; n++) {
        struct mwi_node_table *table = &nodes->tables[*t];

        if (table->n_known < mwi_node_count(table)) {
            *ret_number = table->n_known++;
            return true;
        }
        *t = (*t + 1) % nodes->n_tables;
    }
    return false;
}

void *
mwi_nodes_link(struct mwi_nodes *nodes, const mw_type *type, uint64_t number)
{
    const struct mwi_node_table *table = mwi_nodes_find_table(nodes, type);
    const struct mwi_node_table *reading = nodes->reading;
    size_t i = (size_t) number;

    if (table == NULL || number >= mwi_node_count(table)) {
        return NULL;
    }
    if (table->linked != NULL && i >= table->n_known &&
        (reading == NULL || table > reading ||
            (table == reading && i > nodes->reading_number))) {
        i -= table->n_known;
        mwi_bit_set(table->linked, i);
    }
    return mwi_node_at(table, (size_t) number);
}

mw_status
mwi_nodes_add(struct mwi_nodes *nodes, struct mwi_place *place,
    const mw_type *type, size_t n)
{
    struct mwi_node_table *table = mwi_nodes_table(nodes, type);

    if (table == NULL) {
        return MW_ENOMEM;
    }
    if (place->arena != NULL && mwi_node_count(table) == 0) {
        table->home =
            n > 0 ? mwi_place_alloc(place, n, type->size, type->align) : NULL;
        if (n > 0 && table->home == NULL) {
            return mwi_place_status(place, n, type->size);
        }
        table->n_home = n;
        return MW_OK;
    }
    for (size_t i = 0; i < n; i++) {
        mw_status status = append_new(place, table);

        if (status < 0) {
            return status;
        }
    }
    return MW_OK;
}

mw_status
mwi_nodes_append_new(
    struct mwi_nodes *nodes, struct mwi_place *place, const mw_type *type)
{
    struct mwi_node_table *table = mwi_nodes_table(nodes, type);

    return table == NULL ? MW_ENOMEM : append_new(place, table);
}

mw_status
mwi_nodes_index(struct mwi_nodes *nodes)
{
    size_t n = 0;

    for (size_t t = 0; t < nodes->n_tables; t++) {
        n += nodes->tables[t].n_far;
    }
    if (reserve(nodes, n) < 0) {
        return MW_ENOMEM;
    }
    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];

        for (size_t i = 0; i < table->n_far; i++) {
            struct mwi_node_slot *slot;

            if (table->far[i] == NULL) {
                continue;
            }
            slot = find_slot(nodes, table->far[i]);
            if (slot->node == NULL) {
                *slot = slot_of(table->far[i], t, i);
                nodes->len++;
            }
        }
    }
    return MW_OK;
}

void
mwi_nodes_end_request(struct mwi_nodes *nodes)
{
    for (size_t t = 0; t < nodes->n_tables; t++) {
        nodes->tables[t].n_known = mwi_node_count(&nodes->tables[t]);
    }
    nodes->n_known_tables = nodes->n_tables;
}

void
mwi_nodes_free_one(struct mwi_node_table *table, size_t number)
{
    void **node = &table->far[number - table->n_home];

    if (*node != NULL) {
        mwi_clear(table->type, *node);
        mwi_free(*node);
        *node = NULL;
    }
}

void
mwi_nodes_free_new(struct mwi_nodes *nodes)
{
    for (size_t t = 0; t < nodes->n_tables; t++) {
        struct mwi_node_table *table = &nodes->tables[t];

        while (mwi_node_count(table) > table->n_known && table->n_far > 0) {
            mwi_nodes_free_one(table, mwi_node_count(table) - 1);
            table->n_far--;
        }
    }
}
