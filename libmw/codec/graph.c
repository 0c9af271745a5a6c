/* SPDX-License-Identifier: MIT */
/*
 * Nodes are written type by type but met in any order, so each type's are
 * encoded into a buffer of their own and joined in the end.  The tables are the
 * queues of what is still to be encoded.
 */
#include "codec/graph.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "codec/mask.h"

void
mwi_graph_init(struct mwi_graph *graph, struct mwi_nodes *nodes)
{
    *graph = (struct mwi_graph){ .nodes = nodes };
}

void
mwi_graph_fini(struct mwi_graph *graph)
{
    for (size_t i = 0; i < graph->n_parts; i++) {
        mwi_buf_fini(&graph->parts[i].values);
    }
    mwi_free(graph->parts);
    mwi_graph_init(graph, NULL);
}

/* A part for each table. */
static mw_status
add_parts(struct mwi_graph *graph, size_t max)
{
    size_t n = graph->nodes->n_tables;
    struct mwi_graph_part *parts;

    if (graph->n_parts == n) {
        return MW_OK;
    }
    parts = mwi_realloc(graph->parts, n, sizeof(*parts));
    if (parts == NULL) {
        return MW_ENOMEM;
    }
    graph->parts = parts;
    while (graph->n_parts < n) {
        struct mwi_graph_part *part = &parts[graph->n_parts];

        part->done = graph->nodes->tables[graph->n_parts].n_known;
        mwi_buf_init(&part->values, max);
        graph->n_parts++;
    }
    return MW_OK;
}

/* Encode the nodes of one table that are waiting.  Encoding may add tables, so
 * that the table must be looked up again for each. */
static void
drain_table(struct mwi_graph *graph, struct mwi_writer *w, size_t t)
{
    struct mwi_graph_part part = graph->parts[t];
    struct mwi_path name = { .name = graph->nodes->tables[t].type->name };
    struct mwi_path step = { .up = &name };
    struct mwi_writer own;

    mwi_writer_init(&own, &part.values);
    own.nodes = graph->nodes;
    own.depth = w->depth + MWI_GRAPH_DEPTH;
    own.path = &step;
    while (mwi_writer_ok(&own)) {
        const struct mwi_node_table *table = &graph->nodes->tables[t];

        if (part.done == mwi_node_count(table)) {
            break;
        }
        step.index = part.done;
        mwi_encode(&own, table->type, mwi_node_at(table, part.done));
        part.done++;
    }
    graph->parts[t] = part;
    if (!mwi_writer_ok(&own)) {
        w->error = own.error;
    }
}

void
mwi_graph_drain(struct mwi_graph *graph, struct mwi_writer *w)
{
    bool again = true;

    while (again && mwi_writer_ok(w)) {
        again = false;
        if (add_parts(graph, w->buf->max) < 0) {
            mwi_writer_fail(w, MW_ENOMEM, "out of memory");
            return;
        }
        for (size_t t = 0; t < graph->n_parts && mwi_writer_ok(w); t++) {
            const struct mwi_node_table *table = &graph->nodes->tables[t];

            if (table->type != NULL &&
                graph->parts[t].done < mwi_node_count(table)) {
                drain_table(graph, w, t);
                again = true;
            }
        }
        again = again || graph->n_parts < graph->nodes->n_tables;
    }
}

void
mwi_graph_end_inout(struct mwi_graph *graph)
{
    for (size_t t = 0; t < graph->nodes->n_tables; t++) {
        struct mwi_node_table *table = &graph->nodes->tables[t];

        table->n_inout = mwi_node_count(table);
    }
}

void
mwi_graph_write_values(struct mwi_graph *graph, struct mwi_writer *w)
{
    size_t n = 0;

    for (size_t t = 0; t < graph->n_parts; t++) {
        n += graph->parts[t].done - graph->nodes->tables[t].n_known;
    }
    mwi_write_array(w, n);
    for (size_t t = 0; t < graph->n_parts; t++) {
        struct mwi_buf *values = &graph->parts[t].values;

        if (mwi_buf_len(values) > 0) {
            mwi_write_raw(w, mwi_buf_bytes(values), mwi_buf_len(values));
        }
        mwi_buf_fini(values);
    }
}

void
mwi_graph_write(struct mwi_graph *graph, struct mwi_writer *w)
{
    const struct mwi_nodes *nodes = graph->nodes;

    mwi_write_array(w, 2);
    mwi_write_array(w, 3 * nodes->n_tables);
    for (size_t t = 0; t < nodes->n_tables; t++) {
        const struct mwi_node_table *table = &nodes->tables[t];

        mwi_write_text(w, table->type->name, strlen(table->type->name));
        mwi_write_uint(w, table->n_inout);
        mwi_write_uint(w, mwi_node_count(table) - table->n_inout);
    }
    mwi_graph_write_values(graph, w);
}

/* Reading. */

/* Where nodes of a type go, and their parts.  Returns the place as it was. */
static struct mwi_place
enter_contract(struct mwi_place *place, const mw_type *type)
{
    const struct mwi_place outer = *place;
    const mw_mask *mask;

    if (outer.writes != NULL) {
        mask = mwi_node_mask(outer.writes, type);
        place->mask = mask != NULL && !mask->all ? mask : NULL;
        place->arena = mask != NULL ? outer.arena : outer.rest;
    }
    return outer;
}

static void
leave_contract(struct mwi_place *place, const struct mwi_place *outer)
{
    place->mask = outer->mask;
    place->arena = outer->arena;
}

struct mwi_node_table *
mwi_graph_add_unknown(struct mwi_reader *r, struct mwi_nodes *nodes)
{
    struct mwi_node_table *table;

    if (nodes->n_unknown == MWI_GRAPH_UNKNOWN_MAX) {
        mwi_reader_fail(r, MW_ERANGE,
            "more than %d types of nodes are not known here",
            MWI_GRAPH_UNKNOWN_MAX);
        return NULL;
    }
    table = mwi_nodes_table(nodes, NULL);
    if (table == NULL) {
        mwi_reader_fail_memory(r, MW_ENOMEM);
        return NULL;
    }
    nodes->n_unknown++;
    return table;
}

/* Make the nodes of a type. */
static void
add_type(struct mwi_reader *r, struct mwi_place *place, struct mwi_nodes *nodes,
    const mw_type *type, size_t n_inout, size_t n_in)
{
    struct mwi_node_table *table = mwi_nodes_table(nodes, type);
    const struct mwi_place outer = enter_contract(place, type);
    mw_status status = MW_ENOMEM;

    if (table != NULL) {
        table->n_inout = n_inout;
        status = mwi_nodes_add(nodes, place, type, n_inout + n_in);
    }
    leave_contract(place, &outer);
    if (status < 0) {
        mwi_reader_fail_memory(r, status);
    }
}

/* One type: name, n_inout, n_in.  left: bytes that may still be nodes. */
static void
read_type(struct mwi_reader *r, struct mwi_place *place,
    const struct mwi_type_set *types, struct mwi_nodes *nodes, size_t *left)
{
    size_t len;
    const uint8_t *at = r->at;
    const char *name = mwi_read_text(r, &len);
    uint64_t n_inout = mwi_read_uint(r);
    uint64_t n_in = mwi_read_uint(r);
    struct mwi_node_table *table;
    const mw_type *type;

    if (!mwi_reader_ok(r)) {
        return;
    }
    /* A node takes a byte at least. */
    if (n_inout > *left || n_in > *left - n_inout) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL,
            "%" PRIu64 " nodes of %.*s cannot be in the message",
            n_in > UINT64_MAX - n_inout ? UINT64_MAX : n_in + n_inout,
            (int) len, name);
        return;
    }
    *left -= (size_t) (n_inout + n_in);
    type = mwi_type_set_node(types, name, len);
    if (type != NULL && mwi_nodes_find_table(nodes, type) != NULL) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "nodes of %.*s twice", (int) len, name);
        return;
    }
    if (type == NULL) {
        table = mwi_graph_add_unknown(r, nodes);
        if (table != NULL) {
            table->n_skip = (size_t) (n_inout + n_in);
        }
        return;
    }
    add_type(r, place, nodes, type, (size_t) n_inout, (size_t) n_in);
}

/* The nodes of one type that are not known.  Returns how many values there
 * are. */
static size_t
read_values_of(struct mwi_reader *r, struct mwi_place *place,
    struct mwi_nodes *nodes, const struct mwi_node_table *table, size_t left)
{
    struct mwi_path name = { .up = r->path };
    struct mwi_path step = { .up = &name };
    struct mwi_place outer;
    size_t n = table->n_skip;

    if (table->type == NULL) {
        for (size_t i = 0; i < n && i < left && mwi_reader_ok(r); i++) {
            mwi_skip(r);
        }
        return n;
    }
    n = mwi_node_count(table) - table->n_known;
    if (n > left) {
        return n;
    }
    name.name = table->type->name;
    r->path = &step;
    step.index = table->n_known;
    nodes->reading = table;
    outer = enter_contract(place, table->type);
    for (; step.index < table->n_known + n && mwi_reader_ok(r); step.index++) {
        nodes->reading_number = step.index;
        mwi_decode(r, place, table->type, mwi_node_at(table, step.index));
    }
    leave_contract(place, &outer);
    nodes->reading = NULL;
    r->path = name.up;
    return n;
}

void
mwi_graph_read_values(
    struct mwi_reader *r, struct mwi_place *place, struct mwi_nodes *nodes)
{
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);
    size_t left = n;

    for (size_t t = 0; t < nodes->n_tables && mwi_reader_ok(r); t++) {
        size_t count = read_values_of(r, place, nodes, &nodes->tables[t], left);

        if (count > left) {
            r->at = at;
            mwi_reader_fail(
                r, MW_EINVAL, "%zu nodes are not as many as were announced", n);
        }
        left -= count;
    }
    if (mwi_reader_ok(r) && left > 0) {
        r->at = at;
        mwi_reader_fail(
            r, MW_EINVAL, "%zu nodes more than were announced", left);
    }
    mwi_leave(r);
}

void
mwi_graph_read(struct mwi_reader *r, struct mwi_place *place,
    const struct mwi_type_set *types, struct mwi_nodes *nodes)
{
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);
    size_t left = mwi_reader_left(r);
    size_t items;

    if (mwi_reader_ok(r) && n < 2) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "expected [types, nodes]");
    }
    items = mwi_read_array(r);
    if (mwi_reader_ok(r) && items % 3 != 0) {
        mwi_reader_fail(
            r, MW_EINVAL, "types of nodes are an array of %zu", items);
    }
    for (size_t i = 0; i < items / 3 && mwi_reader_ok(r); i++) {
        read_type(r, place, types, nodes, &left);
    }
    mwi_leave(r);
    r->nodes = nodes;
    mwi_graph_read_values(r, place, nodes);
    for (size_t i = 2; i < n && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
}
