/* SPDX-License-Identifier: MIT */
/*
 * New nodes are allocated as soon as their number is known, so that whatever
 * refers to them can be decoded.  Until the commit nothing of the caller's
 * refers to them, and an abort frees them.
 */
#include "delta/graph_stage.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/map.h"
#include "delta/base.h"
#include "delta/format.h"
#include "delta/graph_diff.h"
#include "delta/lost.h"
#include "delta/stage.h"

/* What is being staged. */
struct nodes_stager {
    struct mwi_stager s;
    struct mwi_nodes *nodes;
    const struct mwi_type_set *types;
    const mw_writes *writes;
    struct mwi_map changed; /* nodes by address, where some may have two
                               numbers */
};

/* The position of a table of the request, above the one before.  SIZE_MAX when
 * the reader was told why not. */
static size_t
read_table(struct nodes_stager *g, size_t before)
{
    const uint8_t *at = g->s.r->at;
    uint64_t t = mwi_read_uint(g->s.r);

    if (!mwi_reader_ok(g->s.r)) {
        return SIZE_MAX;
    }
    if (t >= g->nodes->n_known_tables) {
        MWI_STAGE_FAIL(&g->s, at, "there is no type %" PRIu64 " of nodes", t);
        return SIZE_MAX;
    }
    if (before != SIZE_MAX && t <= before) {
        MWI_STAGE_FAIL(
            &g->s, at, "nodes of type %" PRIu64 " after type %zu", t, before);
        return SIZE_MAX;
    }
    return (size_t) t;
}

/* The table of a type that is new in the reply. */
static struct mwi_node_table *
read_new_type(struct nodes_stager *g)
{
    size_t len;
    const uint8_t *at = g->s.r->at;
    const char *name = mwi_read_text(g->s.r, &len);
    struct mwi_node_table *table;
    const mw_type *type;

    if (name == NULL) {
        return NULL;
    }
    type = mwi_type_set_node(g->types, name, len);
    if (type != NULL && mwi_nodes_find_table(g->nodes, type) != NULL) {
        MWI_STAGE_FAIL(&g->s, at, "nodes of %.*s twice", (int) len, name);
        return NULL;
    }
    if (type == NULL) {
        return mwi_graph_add_unknown(g->s.r, g->nodes);
    }
    table = mwi_nodes_table(g->nodes, type);
    if (table == NULL) {
        mwi_reader_fail(g->s.r, MW_ENOMEM, "out of memory");
    }
    return table;
}

/* Read type, n and make n nodes.  left: bytes that may still be nodes. */
static void
stage_new_type(struct nodes_stager *g, size_t *before, size_t *left)
{
    struct mwi_reader *r = g->s.r;
    const uint8_t *at = r->at;
    struct mwi_node_table *table = NULL;
    mw_status status = MW_OK;
    size_t n;

    if (mwi_peek(r) == MWI_ITEM_TEXT) {
        table = read_new_type(g);
    } else {
        *before = read_table(g, *before);
        if (*before != SIZE_MAX) {
            table = &g->nodes->tables[*before];
        }
    }
    n = mwi_stage_size(&g->s);
    if (!mwi_reader_ok(r)) {
        return;
    }
    if (n > *left) {
        MWI_STAGE_FAIL(&g->s, at, "%zu new nodes cannot be in the message", n);
        return;
    }
    *left -= n;
    if (table->type == NULL) {
        table->n_skip = n;
    } else {
        status = mwi_nodes_add(g->nodes, &g->s.patch->heap, table->type, n);
        g->s.patch->stats.nodes_new += n;
    }
    if (status < 0) {
        mwi_reader_fail_memory(r, status);
    }
}

/* Read types. */
static void
stage_new_types(struct nodes_stager *g)
{
    struct mwi_reader *r = g->s.r;
    const uint8_t *at = r->at;
    size_t left = mwi_reader_left(r);
    size_t items = mwi_read_array(r);
    size_t before = SIZE_MAX;

    if (mwi_reader_ok(r) && items % 2 != 0) {
        MWI_STAGE_FAIL(
            &g->s, at, "types of new nodes are an array of %zu", items);
    }
    for (size_t i = 0; i < items / 2 && mwi_reader_ok(r); i++) {
        stage_new_type(g, &before, &left);
    }
    mwi_leave(r);
}

/* Have it noted which of the new nodes are referred to. */
static void
watch_links(struct nodes_stager *g)
{
    for (size_t t = 0; t < g->nodes->n_tables && mwi_reader_ok(g->s.r); t++) {
        struct mwi_node_table *table = &g->nodes->tables[t];
        size_t n = mwi_node_count(table) - table->n_known;

        if (n > 0) {
            table->linked = mwi_stage_bits(&g->s, n);
        }
    }
}

/* What a node was when the call was made, or NULL if it is that still. */
static const void *
base_of(const struct nodes_stager *g, const struct mwi_node_table *table,
    size_t number)
{
    const struct mwi_bases *bases = g->s.patch->bases;

    return bases == NULL ? NULL
                         : bases->nodes[table - g->nodes->tables] +
                               number * table->type->size;
}

/* Whether a node is changed under one number only.  One that was trusted to be
 * unique may have two, and two patches would free the same twice. */
static bool
is_changed_once(struct nodes_stager *g, const uint8_t *at, void *node)
{
    uint64_t address = (uint64_t) (uintptr_t) node;

    if (!g->nodes->has_trusted) {
        return true;
    }
    if (mwi_map_get(&g->changed, address) != NULL) {
        MWI_STAGE_FAIL(&g->s, at,
            "is changed under two numbers, for it is referred to elsewhere, "
            "against @mw::unique");
        return false;
    }
    if (mwi_map_put(&g->changed, address, node) < 0) {
        mwi_reader_fail(g->s.r, MW_ENOMEM, "out of memory");
        return false;
    }
    return true;
}

/* Read {number: D, …} of one type. */
static void
stage_changed_of(struct nodes_stager *g, const struct mwi_node_table *table)
{
    struct mwi_reader *r = g->s.r;
    struct mwi_path name = { .up = r->path, .name = table->type->name };
    struct mwi_path step = { .up = &name };
    const mw_mask *mask = mwi_node_mask(g->writes, table->type);
    size_t n = mwi_read_map(r);

    mask = mask != NULL ? mask : &mwi_mask_none;
    r->path = &step;
    for (size_t i = 0; i < n && mwi_reader_ok(r); i++) {
        const uint8_t *at = r->at;
        size_t number = mwi_stage_size(&g->s);

        if (!mwi_reader_ok(r)) {
            break;
        }
        if (i > 0 && number <= step.index) {
            MWI_STAGE_FAIL(
                &g->s, at, "node %zu after node %zu", number, step.index);
            break;
        }
        step.index = number;
        if (number >= table->n_inout) {
            MWI_STAGE_FAIL(&g->s, at, "is no node of an inout argument");
            break;
        }
        if (!is_changed_once(g, at, mwi_node_at(table, number))) {
            break;
        }
        mwi_stage_root(&g->s, table->type, mask, mwi_node_at(table, number),
            base_of(g, table, number));
        g->s.patch->stats.nodes_changed++;
    }
    r->path = name.up;
    mwi_leave(r);
}

/* Read changed. */
static void
stage_changed(struct nodes_stager *g)
{
    struct mwi_reader *r = g->s.r;
    size_t n = mwi_read_map(r);
    size_t t = SIZE_MAX;

    for (size_t i = 0; i < n && mwi_reader_ok(r); i++) {
        t = read_table(g, t);
        if (t != SIZE_MAX) {
            stage_changed_of(g, &g->nodes->tables[t]);
        }
    }
    mwi_leave(r);
}

/* Note one released node. */
static void
stage_release(struct nodes_stager *g, size_t t)
{
    struct mwi_patch *patch = g->s.patch;
    const uint8_t *at = g->s.r->at;
    uint64_t number = mwi_read_uint(g->s.r);
    mw_error error;
    mw_status status;

    if (!mwi_reader_ok(g->s.r)) {
        return;
    }
    status = mwi_release_number(&patch->released, g->writes, t, number, &error);
    if (status < 0) {
        g->s.r->at = at;
        mwi_reader_fail(g->s.r, status, "%s", error.text);
    }
    patch->stats.nodes_released++;
}

/* Read released. */
static void
stage_released(struct nodes_stager *g)
{
    struct mwi_reader *r = g->s.r;
    size_t n = mwi_read_map(r);
    size_t t = SIZE_MAX;

    for (size_t i = 0; i < n && mwi_reader_ok(r); i++) {
        size_t items;

        t = read_table(g, t);
        items = mwi_read_array(r);
        for (size_t j = 0; j < items && mwi_reader_ok(r); j++) {
            stage_release(g, t);
        }
        mwi_leave(r);
    }
    mwi_leave(r);
}

void
mwi_patch_stage_nodes(struct mwi_patch *patch, struct mwi_reader *r,
    struct mwi_nodes *nodes, const struct mwi_type_set *types,
    const mw_writes *writes)
{
    struct nodes_stager g = {
        .s = { .patch = patch, .r = r },
        .nodes = nodes,
        .types = types,
        .writes = writes,
    };
    size_t n = mwi_read_array(r);

    r->nodes = nodes;
    patch->nodes = nodes;
    patch->released.nodes = nodes;
    if (mwi_released_init(&patch->released) < 0) {
        mwi_reader_fail(r, MW_ENOMEM, "out of memory");
    }
    if (n == 1) {
        mwi_reader_fail(r, MW_EPROTO, "new nodes are announced but missing");
    }
    if (n >= 2 && mwi_reader_ok(r)) {
        stage_new_types(&g);
        watch_links(&g);
        mwi_graph_read_values(r, &patch->heap, nodes);
    }
    if (n >= 3 && mwi_reader_ok(r)) {
        mwi_map_init(&g.changed);
        stage_changed(&g);
        mwi_map_fini(&g.changed);
    }
    if (n >= 4 && mwi_reader_ok(r)) {
        stage_released(&g);
    }
    for (size_t i = 4; i < n && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
}

/* The caller may have made nodes during the call that refer to released ones.
 */
static mw_status
check_linked_meanwhile(struct mwi_patch *patch, const mw_param *params,
    const void *const *args, size_t n, mw_error *reterr)
{
    struct mwi_nodes all;
    mw_status status = MW_OK;

    mwi_nodes_init(&all);
    for (size_t i = 0; i < n && status == MW_OK; i++) {
        status = mwi_nodes_collect(&all, params[i].type, args[i]);
    }
    if (status < 0) {
        mwi_fail(reterr, status, "%s", mw_status_text(status));
    } else {
        status = mwi_check_released_nodes(&patch->released, &all, reterr);
    }
    mwi_nodes_fini(&all);
    return status;
}

/* Whether there are new nodes that may be lost: nothing may refer to them, or
 * what does may be released. */
static bool
may_have_lost(const struct mwi_patch *patch)
{
    const struct mwi_nodes *nodes = patch->nodes;

    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];

        for (size_t i = table->n_known; i < mwi_node_count(table); i++) {
            if (patch->released.n > 0 || table->linked == NULL ||
                !mwi_bit_is_set(table->linked, i - table->n_known)) {
                return true;
            }
        }
    }
    return false;
}

/* Find what the arguments and the caller's nodes will lead to. */
static void
find_all(struct mwi_patch *patch, struct mwi_lost *lost, const mw_param *params,
    const void *const *args, size_t n)
{
    mwi_patch_exchange(patch);
    for (size_t i = 0; i < n; i++) {
        mwi_lost_find(lost, params[i].type, args[i]);
    }
    for (size_t t = 0; t < patch->nodes->n_known_tables; t++) {
        const struct mwi_node_table *table = &patch->nodes->tables[t];

        for (size_t i = 0; i < table->n_known; i++) {
            if (!mwi_is_released(&patch->released, t, i)) {
                mwi_lost_find(lost, table->type, mwi_node_at(table, i));
            }
        }
    }
    mwi_patch_undo(patch);
}

/* Free new nodes that nobody would ever find.  A server of ours sends none; to
 * keep them would be a leak in the hands of any other. */
static mw_status
drop_lost(struct mwi_patch *patch, const mw_param *params,
    const void *const *args, size_t n, mw_error *reterr)
{
    struct mwi_lost lost;
    size_t at = 0;

    if (mwi_lost_init(&lost, patch->nodes) < 0) {
        return mwi_fail_nomem(reterr);
    }
    find_all(patch, &lost, params, args, n);
    for (size_t t = 0; t < patch->nodes->n_tables; t++) {
        struct mwi_node_table *table = &patch->nodes->tables[t];

        for (size_t i = table->n_known; i < mwi_node_count(table); i++) {
            if (mwi_is_lost(&lost, at++)) {
                mwi_nodes_free_one(table, i);
                patch->stats.nodes_new--;
            }
        }
    }
    mwi_lost_fini(&lost);
    return MW_OK;
}

/* Check that nothing will refer to a released node.  The surest way to know
 * what the objects will be like is to look at it. */
static mw_status
check_released(struct mwi_patch *patch, const mw_param *params,
    const void *const *args, size_t n, mw_error *reterr)
{
    mw_status status = MW_OK;

    mwi_patch_exchange(patch);
    for (size_t i = 0; i < n && status == MW_OK; i++) {
        status = mwi_check_released(
            &patch->released, params[i].type, args[i], params[i].name, reterr);
    }
    if (status == MW_OK) {
        status =
            mwi_check_released_nodes(&patch->released, patch->nodes, reterr);
    }
    if (status == MW_OK && patch->bases != NULL) {
        status = check_linked_meanwhile(patch, params, args, n, reterr);
    }
    mwi_patch_undo(patch);
    /* A server has looked for such references before it sent the reply. */
    if (status == MW_EPROTO && patch->bases != NULL &&
        mwi_bases_check(patch->bases, params, args, n, patch->nodes, NULL) <
            0) {
        return mwi_fail(reterr, MW_ECONFLICT,
            "the caller has linked a node that was released");
    }
    return status;
}

mw_status
mwi_patch_settle(struct mwi_patch *patch, const mw_param *params,
    const void *const *args, size_t n, mw_error *reterr)
{
    mw_status status = MW_OK;

    if (patch->nodes != NULL && may_have_lost(patch)) {
        status = drop_lost(patch, params, args, n, reterr);
    }
    if (status == MW_OK && patch->released.n > 0) {
        status = check_released(patch, params, args, n, reterr);
    }
    return status;
}
