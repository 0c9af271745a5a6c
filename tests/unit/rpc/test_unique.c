/* SPDX-License-Identifier: MIT */
/*
 * Replies about nodes that the client has not looked up when it sent them,
 * since @mw::unique promises that nothing else refers to them.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/node.h"

#include "delta/graph_stage.h"
#include "delta/patch.h"
#include "graph_types.h"
#include "hex.h"
#include "rpc/args.h"
#include "rpc/results.h"

/* void prune(inout Tree tree) */
static const mw_param params[] = {
    { .name = "tree", .type = &tree_ref_type, .dir = MW_DIR_INOUT },
};

static const mw_method prune = {
    .name = "prune",
    .target = "graph.Desk.prune",
    .params = params,
    .n_params = 1,
};

static tree *
new_tree(tree *left, tree *right)
{
    tree *made = mw_node_new(NULL, &tree_type);

    cr_assert_not_null(made);
    made->left = left;
    made->right = right;
    return made;
}

/* Send a tree and take a reply as it comes from the wire. */
static mw_status
call(tree **root, const char *reply, mw_error *reterr)
{
    const void *args[] = { root };
    struct mwi_nodes nodes = { .trust_unique = true };
    struct mwi_patch patch;
    struct mwi_reader r;
    struct mwi_writer w;
    struct mwi_buf buf;
    struct hex hex = unhex(reply);
    mw_status status;

    mwi_buf_init(&buf, 10000);
    mwi_writer_init(&w, &buf);
    mwi_args_write(&w, &prune, args, &nodes, NULL);
    cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
    mwi_buf_fini(&buf);
    mwi_patch_init(&patch, 1 << 20);
    mwi_reader_init(&r, hex.bytes, hex.len, 64);
    mwi_results_stage(&r, &patch, &prune, args, &nodes);
    status = mwi_reader_finish(&r);
    *reterr = r.error;
    if (status == MW_OK) {
        status = mwi_patch_settle(&patch, params, args, 1, reterr);
    }
    if (status < 0) {
        mwi_patch_abort(&patch);
    } else {
        mwi_patch_commit(&patch);
    }
    mwi_nodes_fini(&nodes);
    free(hex.bytes);
    return status;
}

Test(unique, released_and_still_referred_to)
{
    tree *leaf = new_tree(NULL, NULL);
    tree *root = new_tree(leaf, NULL);
    mw_error error;

    cr_expect_eq(
        call(&root, "82 84 80 80 a0 a1 00 81 01 a0", &error), MW_EPROTO);
    cr_expect_str_eq(error.text,
        "graph::Tree[1] was released, but graph::Tree[0] still refers to it");
    cr_assert_eq(root->left, leaf);
    cr_assert_eq(mw_graph_clear(&tree_ref_type, &root), MW_OK);
}

Test(unique, released)
{
    tree *root = new_tree(new_tree(NULL, NULL), NULL);
    mw_error error;

    cr_assert_eq(
        call(&root, "82 84 80 80 a1 00 a1 00 a1 01 f6 a1 00 81 01 a0", &error),
        MW_OK, "%s", error.text);
    cr_expect_null(root->left);
    cr_assert_eq(mw_graph_clear(&tree_ref_type, &root), MW_OK);
}

/* The promise is broken, so the leaf has two numbers. */
Test(unique, released_under_both_numbers)
{
    tree *leaf = new_tree(NULL, NULL);
    tree *root = new_tree(leaf, leaf);
    mw_error error;

    cr_expect_eq(
        call(&root, "82 84 80 80 a1 00 a1 00 a2 01 f6 02 f6 a1 00 82 01 02 a0",
            &error),
        MW_EPROTO);
    cr_assert_eq(root->left, leaf);
    cr_assert_eq(root->right, leaf);
    cr_assert_eq(mw_graph_clear(&tree_ref_type, &root), MW_OK);
}

/* Likewise, and both numbers are changed. */
Test(unique, changed_under_both_numbers)
{
    tree *leaf = new_tree(NULL, NULL);
    tree *root = new_tree(leaf, leaf);
    mw_error error;

    cr_expect_eq(
        call(&root, "82 83 80 80 a1 00 a2 01 a1 00 07 02 a1 00 08 a0", &error),
        MW_EPROTO);
    cr_expect_not_null(
        strstr(error.text, "graph::Tree[2]: is changed under two numbers"),
        "%s", error.text);
    cr_expect_eq(leaf->value, 0);
    cr_assert_eq(call(&root, "82 83 80 80 a1 00 a1 01 a1 00 07 a0", &error),
        MW_OK, "%s", error.text);
    cr_expect_eq(leaf->value, 7);
    cr_assert_eq(mw_graph_clear(&tree_ref_type, &root), MW_OK);
}
