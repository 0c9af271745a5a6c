/* SPDX-License-Identifier: MIT */
/*
 * Whole graphs: encoded on their own, copied, compared.
 */
#include "base/mem.h"
#include "codec/access.h"
#include "codec/graph.h"

void
mwi_encode_graph(struct mwi_writer *w, const mw_type *type, const void *value)
{
    struct mwi_nodes nodes;
    struct mwi_graph graph;
    struct mwi_writer own = *w;
    struct mwi_buf buf;

    if (!mwi_type_has_refs(type)) {
        mwi_encode(w, type, value);
        return;
    }
    mwi_nodes_init(&nodes);
    mwi_graph_init(&graph, &nodes);
    mwi_buf_init(&buf, w->buf->max);
    own.buf = &buf;
    own.nodes = &nodes;
    own.depth++;
    mwi_encode(&own, type, value);
    mwi_graph_drain(&graph, &own);
    mwi_graph_end_inout(&graph);
    w->error = own.error;
    mwi_write_array(w, 2);
    mwi_graph_write(&graph, w);
    if (mwi_writer_ok(w)) {
        mwi_write_raw(w, mwi_buf_bytes(&buf), mwi_buf_len(&buf));
    }
    mwi_buf_fini(&buf);
    mwi_graph_fini(&graph);
    mwi_nodes_fini(&nodes);
}

static size_t
count_nodes(const struct mwi_nodes *nodes)
{
    size_t n = 0;

    for (size_t t = 0; t < nodes->n_tables; t++) {
        n += mwi_node_count(&nodes->tables[t]);
    }
    return n;
}

/* On the heap, nodes that nothing leads to would be lost. */
static void
refuse_lost(struct mwi_reader *r, const struct mwi_nodes *nodes,
    const mw_type *type, const void *value)
{
    struct mwi_nodes found;
    mw_status status;
    size_t n_lost;

    if (!mwi_reader_ok(r)) {
        return;
    }
    mwi_nodes_init(&found);
    status = mwi_nodes_collect(&found, type, value);
    n_lost = count_nodes(nodes) - count_nodes(&found);
    mwi_nodes_fini(&found);
    if (status < 0) {
        mwi_reader_fail(r, status, "%s", mw_status_text(status));
    } else if (n_lost > 0) {
        mwi_reader_fail(
            r, MW_EINVAL, "nothing refers to %zu of the nodes", n_lost);
    }
}

/* [nodes, V]. */
static void
decode_with_nodes(struct mwi_reader *r, struct mwi_place *place,
    const struct mwi_type_set *types, const mw_type *type, void *ret_value)
{
    struct mwi_nodes *outer = r->nodes;
    struct mwi_nodes nodes;
    size_t n;

    mwi_nodes_init(&nodes);
    n = mwi_read_array(r);
    if (mwi_reader_ok(r) && n < 2) {
        mwi_reader_fail(r, MW_EINVAL, "expected [nodes, value]");
    }
    mwi_graph_read(r, place, types, &nodes);
    mwi_decode(r, place, type, ret_value);
    for (size_t i = 2; i < n && mwi_reader_ok(r); i++) {
        mwi_skip(r);
    }
    mwi_leave(r);
    r->nodes = outer;
    if (place->arena == NULL) {
        refuse_lost(r, &nodes, type, ret_value);
        if (!mwi_reader_ok(r)) {
            mwi_nodes_free_new(&nodes);
        }
    }
    mwi_nodes_fini(&nodes);
}

void
mwi_decode_graph(struct mwi_reader *r, struct mwi_place *place,
    const mw_type *type, void *ret_value)
{
    struct mwi_type_set types = { 0 };

    if (!mwi_type_has_refs(type)) {
        mwi_decode(r, place, type, ret_value);
        return;
    }
    if (mwi_type_set_add(&types, type) < 0) {
        mwi_reader_fail(r, MW_ENOMEM, "out of memory");
    }
    decode_with_nodes(r, place, &types, type, ret_value);
    mwi_type_set_fini(&types);
}

void *
mwi_node_copy_of(struct mwi_place *place, const mw_type *ref, const void *node)
{
    struct mwi_node_copies *copies = place->copies;
    size_t number;
    void *copy;

    if (mwi_nodes_number(&copies->from, ref, node, &number, NULL) < 0) {
        return NULL;
    }
    copy = mwi_nodes_at(&copies->to, ref->elem, number);
    if (copy == NULL &&
        mwi_nodes_append_new(&copies->to, place, ref->elem) == MW_OK) {
        copy = mwi_nodes_at(&copies->to, ref->elem, number);
    }
    return copy;
}

/* Copy the nodes that were met until no more are. */
static mw_status
copy_nodes(struct mwi_place *place)
{
    struct mwi_node_copies *copies = place->copies;
    mw_status status = MW_OK;
    size_t t = 0;
    size_t i;

    while (status == MW_OK && mwi_nodes_next(&copies->to, &t, &i)) {
        const struct mwi_node_table *to = &copies->to.tables[t];
        const struct mwi_node_table *from =
            mwi_nodes_find_table(&copies->from, to->type);

        status =
            mwi_copy(place, to->type, mwi_node_at(to, i), mwi_node_at(from, i));
    }
    return status;
}

mw_status
mwi_copy_graph(struct mwi_place *place, const mw_type *type, void *ret_value,
    const void *src)
{
    struct mwi_node_copies copies;
    mw_status status;

    if (!mwi_type_has_refs(type)) {
        return mwi_copy(place, type, ret_value, src);
    }
    mwi_nodes_init(&copies.from);
    mwi_nodes_init(&copies.to);
    place->copies = &copies;
    status = mwi_copy(place, type, ret_value, src);
    if (status == MW_OK) {
        status = copy_nodes(place);
    }
    place->copies = NULL;
    if (status < 0 && place->arena == NULL) {
        for (size_t t = 0; t < copies.to.n_tables; t++) {
            copies.to.tables[t].n_known = 0;
        }
        mwi_nodes_free_new(&copies.to);
    }
    mwi_nodes_fini(&copies.from);
    mwi_nodes_fini(&copies.to);
    return status;
}

/* Compare the nodes that were met on both sides until no more are. */
static bool
equal_nodes(struct mwi_pairing *pairing)
{
    bool equal = true;
    size_t t = 0;
    size_t i;

    while (equal && mwi_nodes_next(pairing->a, &t, &i)) {
        const struct mwi_node_table *table = &pairing->a->tables[t];
        const void *other = mwi_nodes_at(pairing->b, table->type, i);

        equal = other != NULL && mwi_equal_paired(pairing, table->type,
                                     mwi_node_at(table, i), other);
    }
    return equal;
}

bool
mwi_equal_graph(const mw_type *type, const void *a, const void *b)
{
    struct mwi_nodes nodes_a;
    struct mwi_nodes nodes_b;
    struct mwi_pairing pairing = { &nodes_a, &nodes_b, false };
    bool equal;

    if (!mwi_type_has_refs(type)) {
        return mwi_equal(type, a, b);
    }
    mwi_nodes_init(&nodes_a);
    mwi_nodes_init(&nodes_b);
    equal = mwi_equal_paired(&pairing, type, a, b) && equal_nodes(&pairing) &&
            !pairing.failed;
    mwi_nodes_fini(&nodes_a);
    mwi_nodes_fini(&nodes_b);
    return equal;
}

static mw_status
collect(void *user, const mw_type *ref, void *node)
{
    size_t number;

    return mwi_nodes_number(user, ref, node, &number, NULL);
}

mw_status
mwi_nodes_collect(
    struct mwi_nodes *nodes, const mw_type *type, const void *value)
{
    mw_status status = mwi_each_ref(type, value, collect, nodes);
    size_t t = 0;
    size_t i;

    while (status == MW_OK && mwi_nodes_next(nodes, &t, &i)) {
        const struct mwi_node_table *table = &nodes->tables[t];

        status =
            mwi_each_ref(table->type, mwi_node_at(table, i), collect, nodes);
    }
    return status;
}
