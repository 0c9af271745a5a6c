/* SPDX-License-Identifier: MIT */
#include "delta/released.h"

#include <inttypes.h>

#include "base/bits.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/access.h"
#include "codec/mask.h"
#include "codec/refs.h"

mw_status
mwi_released_init(struct mwi_released *released)
{
    released->n_tables = released->nodes->n_known_tables;
    released->bits = mwi_calloc(released->n_tables, sizeof(*released->bits));
    return released->bits != NULL ? MW_OK : MW_ENOMEM;
}

void
mwi_released_fini(struct mwi_released *released)
{
    for (size_t t = 0; released->bits != NULL && t < released->n_tables; t++) {
        mwi_free(released->bits[t]);
    }
    mwi_free(released->bits);
    mwi_map_fini(&released->by_address);
    *released = (struct mwi_released){ 0 };
}

bool
mwi_is_released(
    const struct mwi_released *released, size_t table, size_t number)
{
    return table < released->n_tables && released->bits[table] != NULL &&
           number < released->nodes->tables[table].n_inout &&
           mwi_bit_is_set(released->bits[table], number);
}

/* The same, whatever its number is in other tables. */
static bool
is_released(const struct mwi_released *released, const void *node)
{
    return mwi_map_get(&released->by_address, (uintptr_t) node) != NULL;
}

size_t
mwi_count_released(const struct mwi_released *released, size_t table)
{
    size_t n = 0;

    if (table < released->n_tables && released->bits[table] != NULL) {
        for (size_t i = 0; i <= released->nodes->tables[table].n_inout / 64;
             i++) {
            n += (size_t) __builtin_popcountll(released->bits[table][i]);
        }
    }
    return n;
}

mw_status
mwi_release_number(struct mwi_released *released, const mw_writes *writes,
    size_t table, uint64_t number, mw_error *reterr)
{
    const struct mwi_node_table *of = &released->nodes->tables[table];
    const mw_mask *mask;
    void *node;

    if (number >= of->n_inout) {
        return mwi_fail(reterr, MW_EPROTO,
            "%s[%" PRIu64 "] was released, but is no node of an inout argument",
            of->type->name, number);
    }
    node = mwi_node_at(of, (size_t) number);
    /* By its address: where @mw::unique is trusted and a lie, a node has more
     * than one number. */
    if (is_released(released, node)) {
        return mwi_fail(reterr, MW_EPROTO, "%s[%" PRIu64 "] was released twice",
            of->type->name, number);
    }
    mask = mwi_node_mask(writes, of->type);
    if (mask == NULL || !mask->all) {
        return mwi_fail(reterr, MW_ECONTRACT,
            "%s[%" PRIu64 "] may not be released by this operation",
            of->type->name, number);
    }
    if (released->bits[table] == NULL) {
        released->bits[table] =
            mwi_calloc(of->n_inout / 64 + 1, sizeof(uint64_t));
        if (released->bits[table] == NULL) {
            return mwi_fail_nomem(reterr);
        }
    }
    if (mwi_map_put(&released->by_address, (uintptr_t) node, node) < 0) {
        return mwi_fail_nomem(reterr);
    }
    mwi_bit_set(released->bits[table], (size_t) number);
    released->n++;
    return MW_OK;
}

mw_status
mwi_release_node(struct mwi_released *released, const mw_writes *writes,
    const void *node, mw_error *reterr)
{
    for (size_t t = 0; t < released->n_tables; t++) {
        const mw_type *type = released->nodes->tables[t].type;
        size_t number;

        if (type != NULL &&
            mwi_nodes_find(released->nodes, type, node, &number) &&
            number < released->nodes->tables[t].n_known) {
            return mwi_release_number(released, writes, t, number, reterr);
        }
    }
    return MW_OK;
}

struct check {
    const struct mwi_released *released;
    const char *name;
    size_t number; /* SIZE_MAX: there is none */
    mw_error *reterr;
};

/* The number of a released node.  mwi_nodes_find() does not know those that a
 * unique reference was trusted to lead to. */
static size_t
number_of(
    const struct mwi_released *released, const mw_type *type, const void *node)
{
    const struct mwi_node_table *table =
        mwi_nodes_find_table(released->nodes, type);
    size_t number = 0;

    while (table != NULL && number < table->n_inout &&
           mwi_node_at(table, number) != node) {
        number++;
    }
    return number;
}

static mw_status
check_ref(void *user, const mw_type *ref, void *node)
{
    const struct check *check = user;
    const struct mwi_released *released = check->released;
    size_t number;

    if (!is_released(released, node)) {
        return MW_OK;
    }
    number = number_of(released, ref->elem, node);
    if (check->number == SIZE_MAX) {
        return mwi_fail(check->reterr, MW_EPROTO,
            "%s[%zu] was released, but %s still refers to it", ref->elem->name,
            number, check->name);
    }
    return mwi_fail(check->reterr, MW_EPROTO,
        "%s[%zu] was released, but %s[%zu] still refers to it", ref->elem->name,
        number, check->name, check->number);
}

mw_status
mwi_check_released(const struct mwi_released *released, const mw_type *type,
    const void *value, const char *name, mw_error *reterr)
{
    struct check check = { released, name, SIZE_MAX, reterr };

    return mwi_each_ref(type, value, check_ref, &check);
}

mw_status
mwi_check_released_nodes(const struct mwi_released *released,
    const struct mwi_nodes *nodes, mw_error *reterr)
{
    mw_status status = MW_OK;

    for (size_t t = 0; released->n > 0 && t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];
        struct check check = { released, NULL, 0, reterr };

        if (table->type == NULL || !mwi_type_has_refs(table->type)) {
            continue;
        }
        check.name = table->type->name;
        for (size_t i = 0; i < mwi_node_count(table) && status == MW_OK; i++) {
            check.number = i;
            void *node = mwi_node_at(table, i);

            if (!is_released(released, node)) {
                status = mwi_each_ref(table->type, node, check_ref, &check);
            }
        }
    }
    return status;
}
