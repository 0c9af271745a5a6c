/* SPDX-License-Identifier: MIT */
/*
 * Whole graphs: encoded, decoded, copied, compared, printed, freed.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/memory.h"
#include "mw/node.h"
#include "mw/object.h"

#include "base/mem.h"
#include "codec/graph.h"
#include "graph_types.h"
#include "hex.h"

/* a and b refer to each other, a to itself too, and both carry one tag that
 * refers to b. */
static node *
new_knot(void)
{
    node *a = new_node(1, "a");
    node *b = new_node(2, "b");
    tag *mark = mw_node_new(NULL, &tag_type);
    node **edge;

    cr_assert_not_null(mark);
    mark->number = 7;
    mark->owner = b;
    a->next = b;
    b->next = a;
    a->mark = b->mark = mark;
    edge = mw_seq_insert(NULL, &seq_node_type, &a->edges, 0, 3);
    cr_assert_not_null(edge);
    edge[0] = a;
    edge[2] = b; /* edge[1] stays NULL */
    return a;
}

/* 82                          [nodes, value]
 *    82                       nodes: [types, values]
 *       86                    types
 *          6b graph::Node 02 00   two, of an object they all may change
 *          6a graph::Tag  01 00
 *       83                    values
 *          85 01 61 61 01 83 00 f6 01 00
 *          85 02 61 62 00 80 00
 *          82 07 01
 *    00                       the value: node 0 */
static const char knot_hex[] =
    "82 82 86 6b 67726170683a3a4e6f6465 02 00 6a 67726170683a3a546167 01 00"
    "83 85 01 6161 01 83 00f601 00  85 02 6162 00 80 00  82 07 01 00";

Test(graph, encodes)
{
    node *knot = new_knot();
    struct hex expected = unhex(knot_hex);
    uint8_t *bytes;
    size_t len;
    mw_error error;

    cr_assert_eq(mw_object_encode(&node_ref_type, &knot, &bytes, &len, &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(len, expected.len);
    cr_expect(memcmp(bytes, expected.bytes, len) == 0);
    free(expected.bytes);
    free(bytes);
    free_graph(knot);
}

Test(graph, decodes)
{
    struct hex hex = unhex(knot_hex);
    node *a;
    node *b;
    mw_error error;

    cr_assert_eq(
        mw_object_decode(&node_ref_type, hex.bytes, hex.len, &a, &error), MW_OK,
        "%s", error.text);
    free(hex.bytes);
    b = a->next;
    cr_assert_not_null(b);
    cr_expect_eq(a->id, 1);
    cr_expect_str_eq(b->name, "b");
    cr_expect_eq(b->next, a);
    cr_assert_eq(a->edges.len, 3);
    cr_expect_eq(a->edges.items[0], a);
    cr_expect_null(a->edges.items[1]);
    cr_expect_eq(a->edges.items[2], b);
    cr_expect_eq(a->mark, b->mark);
    cr_expect_eq(a->mark->owner, b);
    free_graph(a);
}

Test(graph, null_is_a_graph)
{
    node *none = NULL;
    node *back = (node *) &none;
    uint8_t *bytes;
    size_t len;

    cr_assert_eq(
        mw_object_encode(&node_ref_type, &none, &bytes, &len, NULL), MW_OK);
    cr_assert_eq(
        mw_object_decode(&node_ref_type, bytes, len, &back, NULL), MW_OK);
    cr_expect_null(back);
    free(bytes);
    free_graph(none);
}

static node *
copy_of(node *from)
{
    node *copy = NULL;

    cr_assert_eq(mw_object_copy(&node_ref_type, &copy, &from), MW_OK);
    return copy;
}

static bool
equal(node *a, node *b)
{
    return mw_object_equal(&node_ref_type, &a, &b);
}

Test(graph, copies_keep_the_shape)
{
    node *knot = new_knot();
    node *copy = copy_of(knot);

    cr_expect(equal(knot, copy));
    cr_expect_neq(copy, knot);
    cr_expect_eq(copy->next->next, copy);
    cr_expect_eq(copy->mark, copy->next->mark);
    cr_expect_neq(copy->mark, knot->mark);
    free_graph(copy);
    free_graph(knot);
}

/* Equal values in another shape are not equal. */
Test(graph, shape_counts)
{
    node *knot = new_knot();
    node *copy = copy_of(knot);
    tag *other = mw_node_new(NULL, &tag_type);
    node *kept = copy->next;

    cr_assert_not_null(other);
    *other = *copy->mark;
    copy->next->mark = other;
    cr_expect_not(equal(knot, copy), "one tag became two");
    copy->next->mark = copy->mark;
    mw_node_free(&tag_type, other);
    cr_expect(equal(knot, copy));
    copy->edges.items[2] = copy;
    cr_expect_not(equal(knot, copy), "an edge leads elsewhere");
    copy->edges.items[2] = kept;
    copy->mark->number++;
    cr_expect_not(equal(knot, copy), "deep in the graph");
    copy->mark->number--;
    copy->next = NULL;
    cr_expect_not(equal(knot, copy), "NULL");
    copy->next = kept;
    cr_expect(equal(knot, copy));
    free_graph(copy);
    free_graph(knot);
}

/* Nothing recurses along references. */
Test(graph, long_lists)
{
    enum { N = 1000000 };
    node *list = new_list(N, true);
    node *copy = copy_of(list);
    node *back;
    uint8_t *bytes;
    size_t len;
    size_t n = 1;
    char *text;

    cr_expect(equal(list, copy));
    cr_assert_eq(
        mw_object_encode(&node_ref_type, &list, &bytes, &len, NULL), MW_OK);
    cr_assert_eq(
        mw_object_decode(&node_ref_type, bytes, len, &back, NULL), MW_OK);
    cr_expect(equal(list, back));
    for (const node *at = back->next; at != back; at = at->next) {
        n++;
    }
    cr_expect_eq(n, N);
    text = mw_object_text(&node_ref_type, &list);
    cr_assert_not_null(text);
    free(text);
    free(bytes);
    free_graph(back);
    free_graph(copy);
    free_graph(list);
}

Test(graph, structs_that_hold_references)
{
    node *list = new_list(3, false);
    album from = { .first = list };
    album copy;
    node **all = mw_seq_insert(NULL, &seq_node_type, &from.all, 0, 2);

    cr_assert_not_null(all);
    all[0] = list->next;
    all[1] = list->next;
    cr_assert_eq(mw_object_copy(&album_type, &copy, &from), MW_OK);
    cr_expect(mw_object_equal(&album_type, &from, &copy));
    cr_expect_eq(copy.all.items[0], copy.all.items[1]);
    cr_expect_eq(copy.all.items[0], copy.first->next);
    /* Clearing the object leaves the nodes. */
    mw_object_clear(&album_type, &from);
    cr_expect_eq(list->next->id, 1);
    free_graph(list);
    cr_assert_eq(mw_graph_clear(&album_type, &copy), MW_OK);
}

Test(graph, text)
{
    node *knot = new_knot();
    char *text = mw_object_text(&node_ref_type, &knot);

    cr_assert_not_null(text);
    cr_expect_str_eq(text,
        "Node#0\n"
        "Node#0 = {\"id\": 1, \"name\": \"a\", \"next\": Node#1, "
        "\"edges\": [Node#0, null, Node#1], \"mark\": Tag#0}\n"
        "Node#1 = {\"id\": 2, \"name\": \"b\", \"next\": Node#0, "
        "\"edges\": [], \"mark\": Tag#0}\n"
        "Tag#0 = {\"number\": 7, \"owner\": Node#1}");
    free(text);
    free_graph(knot);
}

static const struct {
    const char *hex;
    const char *text;
} malformed[] = {
    { "01", "expected" },
    { "81 80", "expected [nodes, value]" },
    { "82 80 f6", "expected [types, nodes]" },
    { "82 82 81 6b 67726170683a3a4e6f6465 80 f6",
        "types of nodes are an array of 1" },
    /* More nodes than there are bytes left, and so many that they wrap. */
    { "82 82 83 6b 67726170683a3a4e6f6465 1a00ffffff 00 80 f6",
        "16777215 nodes of graph::Node cannot be in the message" },
    { "82 82 83 6b 67726170683a3a4e6f6465 1bffffffffffffffff 02 80 f6",
        "18446744073709551615 nodes of graph::Node cannot be" },
    { "82 82 86 6b 67726170683a3a4e6f6465 01 00"
      "6b 67726170683a3a4e6f6465 01 00 82 80 80 f6",
        "nodes of graph::Node twice" },
    { "82 82 83 6b 67726170683a3a4e6f6465 02 00 81 80 00",
        "1 nodes are not as many as were announced" },
    { "82 82 83 6b 67726170683a3a4e6f6465 01 00 82 80 80 00",
        "1 nodes more than were announced" },
    /* A reference to a node that is not there: in a node, in the value. */
    { "82 82 83 6b 67726170683a3a4e6f6465 01 00 81 83 01 6161 01 00",
        "graph::Node[0].next: there is no node 1 of graph::Node" },
    { "82 82 83 6b 67726170683a3a4e6f6465 01 00 81 80 01",
        "there is no node 1 of graph::Node" },
    { "82 82 83 6b 67726170683a3a4e6f6465 01 00 81 80 20", "expected" },
    { "82 82 83 6b 67726170683a3a4e6f6465 01 00 81 05 00",
        "graph::Node[0]: expected array" },
    /* Nodes that nobody would ever find, and bytes behind those that one
     * would. */
    { "82 82 83 6b 67726170683a3a4e6f6465 01 00 81 80 f6",
        "nothing refers to 1 of the nodes" },
    { "82 82 83 6b 67726170683a3a4e6f6465 01 00 81 80 00 00", "at byte" },
    /* A name that is no valuetype's stands for nodes that are skipped. */
    { "82 82 83 61 78 02 00 81 80 f6", "1 nodes are not as many" },
    { "82 82 83 61 78 02 00 82 80 80 00", "there is no node 0" },
};

Test(graph, malformed)
{
    for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
        struct hex hex = unhex(malformed[i].hex);
        node *back = (node *) &hex;
        mw_error error;

        cr_expect_eq(
            mw_object_decode(&node_ref_type, hex.bytes, hex.len, &back, &error),
            MW_EINVAL, "%s: %s", malformed[i].hex, error.text);
        cr_expect_not_null(strstr(error.text, malformed[i].text),
            "%s: %s, not %s", malformed[i].hex, error.text, malformed[i].text);
        cr_expect_null(back);
        free(hex.bytes);
    }
}

/* What is not known here is passed over, so that valuetypes can be added. */
Test(graph, unknown_types)
{
    struct hex hex = unhex("82 82 86 64 6e657765 02 01"
                           "6b 67726170683a3a4e6f6465 01 00"
                           "84 05 8101 a0 81 09 00");
    node *back;
    mw_error error;

    cr_assert_eq(
        mw_object_decode(&node_ref_type, hex.bytes, hex.len, &back, &error),
        MW_OK, "%s", error.text);
    free(hex.bytes);
    cr_expect_eq(back->id, 9);
    free_graph(back);
}

/* Each takes but three bytes of a message, and many times that here. */
Test(graph, too_many_unknown_types)
{
    for (size_t n = MWI_GRAPH_UNKNOWN_MAX; n <= MWI_GRAPH_UNKNOWN_MAX + 1;
         n++) {
        struct mwi_buf buf;
        struct mwi_writer w;
        node *read = NULL;
        mw_error error = { .status = MW_OK };

        mwi_buf_init(&buf, 10000);
        mwi_writer_init(&w, &buf);
        mwi_write_array(&w, 2);
        mwi_write_array(&w, 2);
        mwi_write_array(&w, 3 * n);
        for (size_t i = 0; i < n; i++) {
            mwi_write_text(&w, "", 0);
            mwi_write_uint(&w, 0);
            mwi_write_uint(&w, 0);
        }
        mwi_write_array(&w, 0);
        mwi_write_null(&w);
        cr_assert(mwi_writer_ok(&w));
        cr_expect_eq(mw_object_decode(&node_ref_type, mwi_buf_bytes(&buf),
                         mwi_buf_len(&buf), &read, &error),
            n <= MWI_GRAPH_UNKNOWN_MAX ? MW_OK : MW_ERANGE, "%s", error.text);
        mwi_buf_fini(&buf);
    }
}

Test(graph, truncated_and_corrupted)
{
    struct hex hex = unhex(knot_hex);

    for (size_t cut = 0; cut < hex.len; cut++) {
        node *back;

        cr_expect_lt(
            mw_object_decode(&node_ref_type, hex.bytes, cut, &back, NULL), 0);
        cr_expect_null(back);
    }
    for (size_t at = 0; at < hex.len * 8; at++) {
        node *back;

        hex.bytes[at / 8] ^= (uint8_t) (1u << (at % 8));
        if (mw_object_decode(&node_ref_type, hex.bytes, hex.len, &back, NULL) ==
            MW_OK) {
            free_graph(back);
        } else {
            cr_expect_null(back);
        }
        hex.bytes[at / 8] ^= (uint8_t) (1u << (at % 8));
    }
    free(hex.bytes);
}

Test(graph, an_address_has_one_type)
{
    node *a = new_node(1, "a");
    album from = { .first = a };
    uint8_t *bytes;
    size_t len;
    mw_error error;

    a->mark = (tag *) (void *) a;
    cr_expect_eq(
        mw_object_encode(&album_type, &from, &bytes, &len, &error), MW_EINVAL);
    cr_expect_str_eq(error.text,
        "graph::Node[0].mark: the same address is a node of graph::Node and of "
        "graph::Tag");
    cr_expect_eq(mw_graph_clear(&album_type, &from), MW_EINVAL);
    a->mark = NULL;
    free_graph(a);
}

/* Each allocation fails in turn; nothing is lost, and nothing half made. */
Test(graph, out_of_memory)
{
    node *knot = new_knot();
    struct hex known = unhex(knot_hex);
    bool done[5] = { false };

    for (uint64_t n = 1; !(done[0] && done[1] && done[2] && done[3] && done[4]);
         n++) {
        node *copy = NULL;
        node *back = NULL;
        uint8_t *bytes = NULL;
        size_t len;
        char *text;
        mw_status status;

        mwi_mem_fail_at(n);
        status = mw_object_copy(&node_ref_type, &copy, &knot);
        done[0] = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, done[0] ? MW_OK : MW_ENOMEM);
        cr_assert_eq(copy != NULL, done[0]);

        mwi_mem_fail_at(n);
        status = mw_object_encode(&node_ref_type, &knot, &bytes, &len, NULL);
        done[1] = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, done[1] ? MW_OK : MW_ENOMEM);

        mwi_mem_fail_at(n);
        status = mw_object_decode(
            &node_ref_type, known.bytes, known.len, &back, NULL);
        done[2] = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, done[2] ? MW_OK : MW_ENOMEM);

        mwi_mem_fail_at(n);
        text = mw_object_text(&node_ref_type, &knot);
        done[3] = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(text != NULL, done[3]);

        mwi_mem_fail_at(n);
        status = mw_graph_clear(&node_ref_type, &back);
        done[4] = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, done[4] ? MW_OK : MW_ENOMEM);
        if (status < 0) {
            free_graph(back);
        }
        if (done[0]) {
            free_graph(copy);
        }
        if (done[1]) {
            free(bytes);
        }
        free(text);
    }
    free(known.bytes);
    free_graph(knot);
}

/* What was promised to be unique is not looked up, or is checked. */
Test(graph, unique)
{
    tree leaf = { .value = 3 };
    tree root = { .value = 1, .left = &leaf, .right = &leaf };
    const tree *at = &root;
    struct mwi_nodes nodes;
    size_t number;
    mw_error error;

    mwi_nodes_init(&nodes);
    nodes.check_unique = true;
    cr_expect_eq(
        mwi_nodes_number(&nodes, &tree_unique_type, at, &number, NULL), MW_OK);
    cr_expect_eq(
        mwi_nodes_number(&nodes, &tree_unique_type, at, &number, &error),
        MW_EINVAL);
    cr_expect_str_eq(
        error.text, "the node is referred to elsewhere, against @mw::unique");
    cr_expect_eq(mwi_nodes_number(&nodes, &tree_ref_type, at, &number, &error),
        MW_EINVAL, "by a reference of which nothing is promised");
    cr_expect_eq(
        mwi_nodes_number(&nodes, &tree_ref_type, &leaf, &number, NULL), MW_OK);
    cr_expect_eq(
        mwi_nodes_number(&nodes, &tree_unique_type, &leaf, &number, &error),
        MW_EINVAL, "whichever comes first");
    mwi_nodes_fini(&nodes);
    nodes.trust_unique = true;
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(
            mwi_nodes_number(&nodes, &tree_unique_type, at, &number, NULL),
            MW_OK);
        cr_expect_eq(number, i);
    }
    cr_expect_not(mwi_nodes_find(&nodes, &tree_type, at, &number));
    cr_expect_eq(mwi_nodes_index(&nodes), MW_OK);
    cr_expect(mwi_nodes_find(&nodes, &tree_type, at, &number));
    mwi_nodes_fini(&nodes);
}
