/* SPDX-License-Identifier: MIT */
/*
 * Known nodes lie side by side in the arena, so those that have not changed are
 * passed over as elements of a sequence are.  A new node can only be reached
 * from something that has changed, so nobody needs to walk the whole graph to
 * find them.  The graph is walked only if something was released.
 */
#include "delta/graph_diff.h"

#include <string.h>

#include "base/mem.h"
#include "delta/compare.h"
#include "delta/diff.h"
#include "delta/released.h"
#include "delta/write.h"

/* The state of writing what has changed. */
struct changes {
    const struct mwi_graph_diff *diff;
    const struct mwi_released *released;
    struct mwi_writer *w;
};

/* Append number: D of one node if it has changed.  Returns whether it has. */
static bool
write_node(const struct changes *c, const struct mwi_node_table *table,
    const mw_mask *mask, size_t number)
{
    const void *live = mwi_node_at(table, number);
    size_t mark = mwi_writer_mark(c->w);
    struct mwi_differ d = { .w = c->w, .snapshot = c->diff->snapshot };

    mwi_write_uint(c->w, number);
    if (c->diff->full_values) {
        mwi_encode(c->w, table->type, live);
        return true;
    }
    if (!mwi_diff_value(&d, table->type, mask,
            mwi_snapshot_of(c->diff->snapshot, live), live)) {
        mwi_writer_rewind(c->w, mark);
        return false;
    }
    return true;
}

/* How many nodes from a number on are as they were. */
static size_t
count_same(
    const struct changes *c, const struct mwi_node_table *table, size_t number)
{
    const void *live = mwi_node_at(table, number);

    return c->diff->full_values
               ? 0
               : mwi_same_elements(table->type, c->diff->snapshot,
                     mwi_snapshot_of(c->diff->snapshot, live), NULL, live,
                     table->n_inout - number);
}

/* Append type: {number: D, …} if any node of a table has changed. */
static bool
write_table(const struct changes *c, size_t t)
{
    const struct mwi_node_table *table = &c->diff->nodes->tables[t];
    size_t n_inout = table->n_inout;
    size_t mark = mwi_writer_mark(c->w);
    const mw_mask *mask = NULL;
    struct mwi_path name = { .up = c->w->path };
    struct mwi_path step = { .up = &name };
    struct mwi_open_head head;
    size_t n = 0;

    if (n_inout > 0) {
        mask = mwi_node_mask(c->diff->writes, table->type);
    }
    if (mask == NULL) {
        return false;
    }
    name.name = table->type->name;
    mwi_write_uint(c->w, t);
    head = mwi_open_map(c->w, n_inout);
    c->w->path = &step;
    for (size_t i = 0; i < n_inout && mwi_writer_ok(c->w); i++) {
        /* Diffing may add tables, which moves this one. */
        table = &c->diff->nodes->tables[t];
        i += count_same(c, table, i);
        step.index = i;
        if (i < n_inout && !mwi_is_released(c->released, t, i)) {
            n += write_node(c, table, mask, i);
        }
    }
    c->w->path = name.up;
    if (n == 0) {
        mwi_writer_rewind(c->w, mark);
    } else {
        mwi_close_head(c->w, &head, n);
    }
    return n > 0;
}

/* Append changed. */
static size_t
write_changed(const struct changes *c)
{
    size_t n_tables = c->diff->nodes->n_known_tables;
    struct mwi_open_head head = mwi_open_map(c->w, n_tables);
    size_t n = 0;

    for (size_t t = 0; t < n_tables && mwi_writer_ok(c->w); t++) {
        n += write_table(c, t);
    }
    mwi_close_head(c->w, &head, n);
    return n;
}

/* Append types and return how many have new nodes. */
static size_t
write_types(struct mwi_writer *w, const struct mwi_nodes *nodes)
{
    struct mwi_open_head head = mwi_open_array(w, 2 * nodes->n_tables);
    size_t n = 0;

    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];

        if (table->type == NULL || mwi_node_count(table) == table->n_known) {
            continue;
        }
        if (t < nodes->n_known_tables) {
            mwi_write_uint(w, t);
        } else {
            mwi_write_text(w, table->type->name, strlen(table->type->name));
        }
        mwi_write_uint(w, mwi_node_count(table) - table->n_known);
        n++;
    }
    mwi_close_head(w, &head, 2 * n);
    return n;
}

/* Append released: {type: [number, …], …}. */
static void
write_released(struct mwi_writer *w, const struct mwi_released *released)
{
    struct mwi_open_head head = mwi_open_map(w, released->nodes->n_tables);
    size_t n = 0;

    for (size_t t = 0; t < released->nodes->n_tables; t++) {
        const struct mwi_node_table *table = &released->nodes->tables[t];

        if (mwi_count_released(released, t) == 0) {
            continue;
        }
        mwi_write_uint(w, t);
        mwi_write_array(w, mwi_count_released(released, t));
        for (size_t i = 0; i < table->n_inout; i++) {
            if (mwi_is_released(released, t, i)) {
                mwi_write_uint(w, i);
            }
        }
        n++;
    }
    mwi_close_head(w, &head, n);
}

/* What is wrong with releasing is the handler's fault. */
static void
fail_released(struct mwi_writer *w, const mw_error *error)
{
    mwi_writer_fail(w,
        error->status == MW_EPROTO ? MW_EINTERNAL : error->status, "%s",
        error->text);
}

/* Enter what the handler has released. */
static void
take_released(struct mwi_writer *w, const struct mwi_graph_diff *diff,
    struct mwi_released *released)
{
    mw_status status = MW_OK;
    mw_error error;

    for (size_t i = 0; i < diff->n_released && status == MW_OK; i++) {
        status =
            mwi_release_node(released, diff->writes, diff->released[i], &error);
    }
    if (status < 0) {
        fail_released(w, &error);
    }
}

/* Check that nothing refers to it.  All new nodes have been met. */
static void
check_released(struct mwi_writer *w, const struct mwi_graph_diff *diff,
    const struct mwi_released *released)
{
    mw_status status = MW_OK;
    mw_error error;

    for (size_t i = 0; i < diff->n_params && status == MW_OK; i++) {
        status = mwi_check_released(released, diff->params[i].type,
            diff->args[i], diff->params[i].name, &error);
    }
    if (status == MW_OK) {
        status = mwi_check_released_nodes(released, released->nodes, &error);
    }
    if (status < 0) {
        fail_released(w, &error);
    }
}

/* Join the parts, leaving out empty ones at the end. */
static void
write_all(struct mwi_writer *w, struct mwi_graph *graph,
    const struct mwi_released *released, struct mwi_buf *changed,
    size_t n_changed)
{
    struct mwi_open_head head = mwi_open_array(w, 4);
    size_t end = mwi_writer_mark(w);
    size_t items = 0;

    if (write_types(w, graph->nodes) > 0) {
        items = 2;
    }
    mwi_graph_write_values(graph, w);
    if (items == 2) {
        end = mwi_writer_mark(w);
    }
    mwi_write_raw(w, mwi_buf_bytes(changed), mwi_buf_len(changed));
    if (n_changed > 0) {
        items = 3;
        end = mwi_writer_mark(w);
    }
    if (released->n > 0) {
        write_released(w, released);
        items = 4;
        end = mwi_writer_mark(w);
    }
    if (mwi_writer_ok(w)) {
        mwi_writer_rewind(w, end);
        mwi_close_head(w, &head, items);
    }
}

void
mwi_graph_diff(struct mwi_writer *w, const struct mwi_graph_diff *diff)
{
    struct mwi_released released = { .nodes = diff->nodes };
    struct mwi_writer own = *w;
    struct changes c = { diff, &released, &own };
    struct mwi_graph graph;
    struct mwi_buf changed;
    size_t n_changed = 0;

    mwi_graph_init(&graph, diff->nodes);
    mwi_buf_init(&changed, w->buf->max);
    own.buf = &changed;
    own.nodes = diff->nodes;
    own.depth = w->depth + MWI_GRAPH_DEPTH + 1;
    if (mwi_released_init(&released) < 0) {
        mwi_writer_fail(w, MW_ENOMEM, "out of memory");
    } else {
        take_released(w, diff, &released);
    }
    if (mwi_writer_ok(w)) {
        n_changed = write_changed(&c);
        w->error = own.error;
        mwi_graph_drain(&graph, w);
    }
    if (mwi_writer_ok(w) && released.n > 0) {
        check_released(w, diff, &released);
    }
    if (mwi_writer_ok(w)) {
        write_all(w, &graph, &released, &changed, n_changed);
    }
    mwi_released_fini(&released);
    mwi_buf_fini(&changed);
    mwi_graph_fini(&graph);
}
