/* SPDX-License-Identifier: MIT */
/*
 * Graphs passed by reference: what a handler does to its copy happens to the
 * caller's own nodes.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/surgeon.h"
#include "rpc/call.h"

static struct mwt_surgery s;

static void
open_server(void)
{
    mwt_surgery_open(&s, NULL);
}

static void
close_server(void)
{
    mwt_surgery_close(&s);
}

TestSuite(graphs, .init = open_server, .fini = close_server);

static graph_Node *
list_of(uint32_t n, bool ring)
{
    graph_Node *list = mwt_make(NULL, n, ring);

    cr_assert(list != NULL || n == 0);
    return list;
}

static void
free_all(graph_Node *first)
{
    cr_assert_eq(graph_Node_free_graph(first), MW_OK);
}

/* Nodes that a call told of as unlinked. */
struct unlinked {
    graph_Node *nodes[8];
    size_t n;
};

static void
note_unlinked(void *user, const mw_type *type, void *node)
{
    struct unlinked *unlinked = user;

    cr_assert_eq(type, &graph_Node_type);
    cr_assert_lt(unlinked->n, 8);
    unlinked->nodes[unlinked->n++] = node;
}

Test(graphs, reversed_in_place)
{
    enum { N = 5 };
    graph_Node *list = list_of(N, false);
    graph_Node *own[N];
    size_t i = 0;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    for (graph_Node *at = list; at != NULL; at = at->next) {
        own[i++] = at;
    }
    cr_assert_eq(graph_Surgery_reverse(s.client, &ctx, &list), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_eq(list, own[N - 1]);
    for (i = 0; i < N; i++) {
        cr_expect_eq(own[i]->next, i > 0 ? own[i - 1] : NULL, "%zu", i);
    }
    cr_expect_eq(ctx.stats.nodes_changed, N);
    cr_expect_eq(ctx.stats.nodes_new, 0);
    cr_expect_eq(ctx.stats.nodes_unlinked, 0);
    free_all(list);
}

Test(graphs, cycles_and_new_nodes)
{
    graph_Node *ring = list_of(3, true);
    graph_Node *first = ring;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Surgery_edit(s.client, &ctx, &ring, "grow"), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_eq(ctx.stats.nodes_new, 2);
    cr_expect_eq(ctx.stats.nodes_changed, 1);
    cr_expect_eq(ring->id, 1000);
    cr_expect_eq(ring->next, first);
    cr_assert_eq(ring->edges.len, 1);
    cr_expect_eq(ring->edges.items[0], first->next);
    cr_expect_eq(first->next->id, 1001);
    cr_expect_eq(first->next->next->next->next, first);
    free_all(ring);
}

Test(graphs, unlinked_nodes_stay_and_are_told_of)
{
    graph_Node *list = list_of(4, false);
    graph_Node *second = list->next;
    graph_Node *third = second->next;
    struct unlinked unlinked = { .n = 0 };
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .on_unlinked = note_unlinked,
        .on_unlinked_user = &unlinked);

    cr_assert_eq(graph_Surgery_edit(s.client, &ctx, &list, "unlink"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(list->next, third);
    cr_expect_eq(ctx.stats.nodes_unlinked, 1);
    cr_assert_eq(unlinked.n, 1);
    cr_expect_eq(unlinked.nodes[0], second);
    cr_expect_eq(second->next, third, "it is what it was");
    graph_Node_free(second);
    free_all(list);
}

Test(graphs, released_nodes_are_freed)
{
    graph_Node *list = list_of(4, false);
    graph_Node *third = list->next->next;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Surgery_edit(s.client, &ctx, &list, "release"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(list->next, third);
    cr_expect_eq(ctx.stats.nodes_released, 1);
    cr_expect_eq(ctx.stats.nodes_unlinked, 0);
    cr_assert_eq(graph_Surgery_edit(s.client, &ctx, &list, "release all"),
        MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_null(list);
    cr_expect_eq(ctx.stats.nodes_released, 3);
}

static void
free_unlinked(void *user, const mw_type *type, void *node)
{
    (void) user;
    mw_node_free(type, node);
}

/* What is gone after a call is not looked at any more. */
Test(graphs, measured_without_what_was_freed)
{
    graph_Node *list = list_of(4, false);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .measure = true,
        .show_changes = true, .on_unlinked = free_unlinked);

    cr_assert_eq(graph_Surgery_edit(s.client, &ctx, &list, "release"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(ctx.stats.nodes_released, 1);
    cr_expect_gt(ctx.stats.bytes_full, ctx.stats.bytes_received);
    cr_assert_eq(graph_Surgery_edit(s.client, &ctx, &list, "unlink"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(ctx.stats.nodes_unlinked, 1);
    cr_expect_gt(ctx.stats.bytes_full, 0);
    mw_ctx_clear(&ctx);
    free_all(list);
}

static void
check_refused(graph_Node *list, const char *what, const char *text)
{
    graph_Node *copy = NULL;
    graph_Node *root = list;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Node_copy_graph(&copy, list), MW_OK);
    cr_expect_eq(graph_Surgery_edit(s.client, &ctx, &root, what), MW_EINTERNAL);
    cr_expect_not_null(
        strstr(mw_ctx_error(&ctx), text), "%s: %s", what, mw_ctx_error(&ctx));
    cr_expect_eq(root, list);
    cr_expect(graph_Node_equal(list, copy));
    free_all(copy);
}

/* What a handler must not do is its fault, and nothing happens. */
Test(graphs, faulty_handlers)
{
    graph_Node *list = list_of(3, false);

    check_refused(list, "release the first",
        "graph::Node[0] was released, but root still refers to it");
    check_refused(list, "release twice", "graph::Node[2] was released twice");
    check_refused(list, "middle", "the reference is to the middle of a node");
    free_all(list);
}

Test(graphs, a_failed_call_changes_nothing)
{
    graph_Node *list = list_of(3, false);
    graph_Node *root = list;
    graph_Node *copy = NULL;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Node_copy_graph(&copy, list), MW_OK);
    cr_expect_eq(
        graph_Surgery_edit(s.client, &ctx, &root, "fail"), MW_EABORTED);
    cr_expect_eq(root, list);
    cr_expect(graph_Node_equal(list, copy));
    free_all(list);
    free_all(copy);
}

Test(graphs, two_arguments_share_nodes)
{
    graph_Node *a = list_of(3, false);
    graph_Node *first = a;
    graph_Node *b = a->next;
    graph_Node *second = b;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Surgery_two(s.client, &ctx, &a, &b), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_eq(a, second);
    cr_expect_eq(b, first);
    cr_expect_eq(first->next, second);
    cr_expect_eq(second->weight, 1);
    cr_expect_eq(first->weight, 10);
    free_all(first);
}

Test(graphs, the_same_object_twice)
{
    graph_Node *list = list_of(1, false);
    graph_Node *a = list;
    graph_Node *b = list;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Surgery_two(s.client, &ctx, &a, &b), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_eq(a, list);
    cr_expect_eq(b, list);
    cr_expect_eq(list->weight, 11);
    cr_expect_eq(list->next, list);
    free_all(list);
}

/* A result cannot come to where a node is that the call may change, too. */
Test(graphs, results_apart_from_nodes)
{
    graph_Node *list = list_of(3, false);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_expect_eq(
        graph_Surgery_two(s.client, &ctx, &list, &list->next), MW_EINVAL);
    cr_expect_not_null(strstr(mw_ctx_error(&ctx),
                           "argument b is part of graph::Node[0], a node that "
                           "the call passes"),
        "%s", mw_ctx_error(&ctx));
    cr_expect(ctx.not_run);
    /* Where nothing else changes, it can. */
    cr_expect_eq(
        graph_Surgery_find(s.client, &ctx, list, 1, &list->next->next->next),
        MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_eq(list->next->next->next, list);
    free_all(list);
}

/* Results may refer to what the caller has passed. */
Test(graphs, results_are_the_callers_own_nodes)
{
    graph_Node *list = list_of(4, false);
    graph_Node *hit = (graph_Node *) &s;
    uint64_t n = 0;

    cr_assert_eq(graph_Surgery_find(s.client, NULL, list, 3, &hit), MW_OK);
    cr_expect_eq(hit, list->next->next);
    cr_assert_eq(graph_Surgery_find(s.client, NULL, list, 30, &hit), MW_OK);
    cr_expect_null(hit);
    cr_assert_eq(graph_Surgery_count(s.client, NULL, list, &n), MW_OK);
    cr_expect_eq(n, 4);
    cr_assert_eq(graph_Surgery_echo(s.client, NULL, list->next, &hit), MW_OK);
    cr_expect_eq(hit, list->next);
    free_all(list);
}

Test(graphs, lists_of_any_length)
{
    enum { N = 200000 };
    graph_Node *list = NULL;
    graph_Node *last;
    size_t n = 0;
    mw_ctx ctx = MW_CTX(.timeout_ms = 60000);

    cr_assert_eq(graph_Surgery_make(s.client, &ctx, N, &list), MW_OK, "%s",
        mw_ctx_error(&ctx));
    for (last = list; last->next != NULL; last = last->next) {
        n++;
    }
    cr_assert_eq(n, N - 1);
    cr_assert_eq(graph_Surgery_reverse(s.client, &ctx, &list), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_eq(list, last);
    free_all(list);
}

Test(graphs, nodes_in_exceptions)
{
    graph_Node *ring = list_of(3, true);
    const graph_Broken *broken;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Surgery_raise_node(s.client, &ctx, ring), MW_EEXCEPTION);
    broken = graph_Broken_caught(&ctx);
    cr_assert_not_null(broken);
    cr_expect_str_eq(broken->why, "it is a test");
    cr_expect(graph_Node_equal(broken->node, ring));
    cr_expect_neq(broken->node, ring);
    mw_ctx_clear(&ctx);
    free_all(ring);
}

/* What a handler does beyond its contract is not looked at.  As whole values
 * everything comes back, and is refused. */
Test(graphs, contract)
{
    graph_Node *list = list_of(3, false);
    graph_Node *root = list;
    graph_Node *copy = NULL;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Surgery_rename(s.client, &ctx, &root, "renamed"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(root, list);
    cr_expect_eq(list->id, 1);
    cr_expect_str_eq(list->next->name, "renamed");
    cr_expect_eq(list->next->next->weight, 2);
    cr_assert_eq(graph_Node_copy_graph(&copy, list), MW_OK);
    ctx.full_values = true;
    cr_expect_eq(
        graph_Surgery_rename(s.client, &ctx, &root, "again"), MW_ECONTRACT);
    cr_expect_not_null(strstr(mw_ctx_error(&ctx),
                           "graph::Node[0].id: may not be changed by this"),
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(root, list);
    cr_expect(graph_Node_equal(list, copy));
    free_all(list);
    free_all(copy);
}

Test(graphs, trees)
{
    graph_Tree *root = NULL;
    graph_Tree *kept;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(graph_Surgery_rotate(s.client, &ctx, &root, "insert"),
            MW_OK, "%s", mw_ctx_error(&ctx));
    }
    kept = root;
    cr_assert_eq(graph_Surgery_rotate(s.client, &ctx, &root, "right"), MW_OK);
    cr_expect_eq(root->right, kept);
    cr_expect_str_eq(root->value, "inserted");
    cr_assert_eq(graph_Surgery_unshared(s.client, &ctx, &root, "left"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(root, kept);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(graph_Surgery_unshared(s.client, &ctx, &root, "remove"),
            MW_OK, "%s", mw_ctx_error(&ctx));
    }
    cr_expect_null(root);
}

/* A call, full values, and no call at all leave the same behind. */
static void
check_like_local(graph_Node *before, const char *what)
{
    graph_Node *local = NULL;
    graph_Node *delta = NULL;
    graph_Node *full = NULL;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    mw_status status;

    cr_assert_eq(graph_Node_copy_graph(&local, before), MW_OK);
    cr_assert_eq(graph_Node_copy_graph(&delta, before), MW_OK);
    cr_assert_eq(graph_Node_copy_graph(&full, before), MW_OK);
    status = mwt_edit(NULL, &local, what);
    cr_expect_eq(graph_Surgery_edit(s.client, &ctx, &delta, what), status,
        "%s: %s", what, mw_ctx_error(&ctx));
    cr_expect(graph_Node_equal(delta, local), "%s", what);
    ctx.full_values = true;
    cr_expect_eq(graph_Surgery_edit(s.client, &ctx, &full, what), status,
        "%s: %s", what, mw_ctx_error(&ctx));
    cr_expect(graph_Node_equal(full, local), "%s", what);
    free_all(local);
    free_all(delta);
    free_all(full);
}

/* All edits, of a list that was edited once.  (What "unlink" and "forget" leave
 * behind would be lost here, so the leak checker would find it;
 * unlinked_nodes_stay_and_are_told_of looks at that.) */
static void
check_all_edits(uint32_t n, bool ring, const char *before)
{
    graph_Node *list = list_of(n, ring);

    if (mwt_edit(NULL, &list, before) == MW_OK) {
        for (size_t i = 0; mwt_edits[i] != NULL; i++) {
            if (strcmp(mwt_edits[i], "unlink") != 0 &&
                strcmp(mwt_edits[i], "forget") != 0) {
                check_like_local(list, mwt_edits[i]);
            }
        }
    }
    free_all(list);
}

Test(graphs, as_if_local)
{
    static const char *const before[] = { "nothing", "mesh", "info", "split",
        "grow" };

    for (uint32_t n = 0; n < 6; n++) {
        for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
            check_all_edits(n, false, before[i]);
            check_all_edits(n, n > 0, before[i]);
        }
    }
}

Test(graphs, out_of_memory)
{
    static const char *const what[] = { "grow", "release", "mesh" };

    for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++) {
        bool done = false;

        for (uint64_t n = 1; !done; n++) {
            graph_Node *list = list_of(4, true);
            graph_Node *root = list;
            graph_Node *copy = NULL;
            mw_status status;

            cr_assert_eq(graph_Node_copy_graph(&copy, list), MW_OK);
            mwi_mem_fail_at(n);
            status = graph_Surgery_edit(s.client, NULL, &root, what[i]);
            done = !mwi_mem_has_failed() && status == MW_OK;
            mwi_mem_fail_at(0);
            if (status < 0) {
                cr_expect_eq(root, list);
                cr_expect(graph_Node_equal(list, copy), "%s, %llu", what[i],
                    (unsigned long long) n);
            }
            free_all(root);
            free_all(copy);
        }
    }
}
