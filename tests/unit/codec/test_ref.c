/* SPDX-License-Identifier: MIT */
/*
 * References as values of their own: numbers of nodes in a table, addresses
 * without one.  test_graph has whole graphs.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/object.h"

#include "codec/nodes.h"
#include "codec/value.h"
#include "graph_types.h"
#include "hex.h"

enum { DEPTH = 64 };

/* A table in which n nodes have the numbers from 0. */
static struct mwi_nodes
table_of(node *nodes, size_t n)
{
    struct mwi_nodes table;

    mwi_nodes_init(&table);
    for (size_t i = 0; i < n; i++) {
        size_t number;

        cr_assert_eq(
            mwi_nodes_number(&table, &node_ref_type, &nodes[i], &number, NULL),
            MW_OK);
        cr_assert_eq(number, i);
    }
    return table;
}

static void
assert_ref(struct mwi_nodes *table, node *to, const char *expected)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, 100);
    mwi_writer_init(&w, &buf);
    w.nodes = table;
    mwi_encode(&w, &node_ref_type, &to);
    cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
    cr_assert_eq(mwi_encoded_size(table, &node_ref_type, &to, SIZE_MAX),
        mwi_buf_len(&buf));
    assert_hex(mwi_buf_bytes(&buf), mwi_buf_len(&buf), expected);
    mwi_buf_fini(&buf);
}

static node *
decode_ref(struct mwi_nodes *table, const char *text, mw_error *ret_error)
{
    struct hex hex = unhex(text);
    struct mwi_place heap = { .budget = 0 };
    struct mwi_reader r;
    node *to = NULL;

    mwi_reader_init(&r, hex.bytes, hex.len, DEPTH);
    r.nodes = table;
    mwi_decode(&r, &heap, &node_ref_type, &to);
    (void) mwi_reader_finish(&r);
    *ret_error = r.error;
    free(hex.bytes);
    return to;
}

Test(ref, is_a_number)
{
    node nodes[30] = { { 0 } };
    struct mwi_nodes table = table_of(nodes, 29);
    mw_error error;

    assert_ref(&table, NULL, "f6");
    assert_ref(NULL, NULL, "f6");
    assert_ref(&table, &nodes[0], "00");
    assert_ref(&table, &nodes[28], "181c");
    cr_assert_null(decode_ref(&table, "f6", &error));
    cr_assert_null(decode_ref(NULL, "f6", &error));
    cr_assert_eq(error.status, MW_OK);
    cr_assert_eq(decode_ref(&table, "181c", &error), &nodes[28]);
    cr_assert_null(decode_ref(&table, "181d", &error));
    cr_assert_eq(error.status, MW_EINVAL);
    cr_assert_str_eq(
        error.text, "there is no node 29 of graph::Node at byte 0");
    cr_assert_null(decode_ref(&table, "1bffffffffffffffff", &error));
    cr_assert_str_eq(error.text,
        "there is no node 18446744073709551615 of graph::Node at byte 0");
    cr_assert_null(decode_ref(NULL, "00", &error));
    cr_assert_str_eq(error.text, "there is no node 0 of graph::Node at byte 0");
    cr_assert_null(decode_ref(&table, "6130", &error));
    cr_assert_str_eq(
        error.text, "expected unsigned integer, found text at byte 0");
    /* New nodes get the next number. */
    assert_ref(&table, &nodes[29], "181d");
    mwi_nodes_fini(&table);
}

Test(ref, without_a_table)
{
    node one = { 0 };
    node *to = &one;
    struct mwi_nodes none;
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, 100);
    mwi_writer_init(&w, &buf);
    mwi_encode(&w, &node_ref_type, &to);
    cr_assert_eq(w.error.status, MW_EINVAL);
    cr_assert_str_eq(w.error.text, "refers to a node, which cannot go along");
    mwi_buf_fini(&buf);
    /* Sizes are guessed. */
    cr_assert_eq(mwi_encoded_size(NULL, &node_ref_type, &to, SIZE_MAX), 3);
    mwi_nodes_init(&none);
    cr_assert_eq(mwi_encoded_size(&none, &node_ref_type, &to, SIZE_MAX), 3);
    mwi_nodes_fini(&none);
}

/* The engine takes an object's references for addresses unless told else. */
Test(ref, copies_and_comparisons_by_address)
{
    node one = { 0 };
    node two = { 0 };
    node *edges[] = { &one, NULL, &two };
    album from = { .first = &one, .all = { edges, 3, 3 } };
    album to = { 0 };
    struct mwi_place heap = { .budget = SIZE_MAX };

    cr_assert_eq(mwi_copy(&heap, &album_type, &to, &from), MW_OK);
    cr_assert_eq(to.first, &one);
    cr_assert_eq(to.all.items[2], &two);
    cr_assert(mwi_equal(&album_type, &from, &to));
    to.all.items[2] = &one;
    cr_assert_not(mwi_equal(&album_type, &from, &to));
    to.all.items[2] = NULL;
    cr_assert_not(mwi_equal(&album_type, &from, &to));
    /* Nodes are not the album's to free. */
    mwi_clear(&album_type, &to);
}

Test(ref, comparisons_by_number)
{
    node a[2] = { { 0 } };
    node b[2] = { { 0 } };
    struct mwi_nodes in_a = table_of(a, 2);
    struct mwi_nodes in_b = table_of(b, 2);
    struct mwi_pairing pairing = { &in_a, &in_b, false };
    node *null = NULL;
    node *to_a = &a[1];
    node *to_b = &b[1];

    cr_assert(mwi_equal_paired(&pairing, &node_ref_type, &to_a, &to_b));
    cr_assert(mwi_equal_paired(&pairing, &node_ref_type, &null, &null));
    cr_assert_not(mwi_equal_paired(&pairing, &node_ref_type, &null, &to_b));
    cr_assert_not(mwi_equal_paired(&pairing, &node_ref_type, &to_a, &null));
    to_b = &b[0];
    cr_assert_not(mwi_equal_paired(&pairing, &node_ref_type, &to_a, &to_b));
    cr_assert_not(pairing.failed);
    /* An address that is a node of another type already. */
    cr_assert_not(mwi_equal_paired(&pairing, &tag_ref_type, &to_a, &to_b));
    cr_assert(pairing.failed);
    mwi_nodes_fini(&in_a);
    mwi_nodes_fini(&in_b);
}

Test(ref, text)
{
    node nodes[2] = { { 0 } };
    struct mwi_nodes table = table_of(nodes, 2);
    node *to[] = { &nodes[1], NULL };
    seq_node all = { to, 2, 2 };
    struct mwi_buf buf;
    char *text = mwi_print(&seq_node_type, &all);

    cr_assert_str_eq(text, "[#?, null]");
    free(text);
    mwi_buf_init(&buf, 100);
    cr_assert_eq(mwi_print_with(&table, &buf, &seq_node_type, &all), MW_OK);
    cr_assert_eq(mwi_buf_len(&buf), strlen("[Node#1, null]"));
    cr_assert_eq(memcmp(mwi_buf_bytes(&buf), "[Node#1, null]", 14), 0);
    cr_assert_eq(
        mwi_print_with(&table, &buf, &tag_ref_type, &to[0]), MW_EINVAL);
    mwi_buf_fini(&buf);
    mwi_nodes_fini(&table);
}
