/* SPDX-License-Identifier: MIT */
/*
 * What a call says it has changed.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/surgeon.h"

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

TestSuite(changes, .init = open_server, .fini = close_server);

static graph_Node *
list_of(uint32_t n)
{
    graph_Node *list = mwt_make(NULL, n, false);

    cr_assert_not_null(list);
    return list;
}

static void
free_all(graph_Node *first)
{
    cr_assert_eq(graph_Node_free_graph(first), MW_OK);
}

static void
edit(mw_ctx *ctx, graph_Node **root, const char *what)
{
    cr_assert_eq(graph_Surgery_edit(s.client, ctx, root, what), MW_OK, "%s",
        mw_ctx_error(ctx));
}

Test(changes, values)
{
    graph_Node *list = list_of(2);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true);

    cr_assert_eq(mw_set_string(NULL, &list->name, "one"), MW_OK);
    list->weight = 1;
    edit(&ctx, &list, "values");
    cr_expect_str_eq(ctx.changes, "Node#0.name: \"one\" -> \"one!\"\n"
                                  "Node#0.weight: 1 -> 1.5\n");
    edit(&ctx, &list, "nothing");
    cr_expect_str_eq(ctx.changes, "");
    ctx.show_changes = false;
    edit(&ctx, &list, "values");
    cr_expect_null(ctx.changes);
    mw_ctx_clear(&ctx);
    free_all(list);
}

Test(changes, links)
{
    graph_Node *list = list_of(3);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true);

    edit(&ctx, &list, "reverse");
    cr_expect_str_eq(ctx.changes, "root: Node#0 -> Node#2\n"
                                  "Node#0.next: Node#1 -> null\n"
                                  "Node#1.next: Node#2 -> Node#0\n"
                                  "Node#2.next: null -> Node#1\n");
    mw_ctx_clear(&ctx);
    cr_expect_null(ctx.changes);
    free_all(list);
}

/* What was released is not there any more when it is told of. */
Test(changes, released)
{
    graph_Node *list = list_of(3);
    const char *gone;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true);

    edit(&ctx, &list, "release");
    cr_assert_not_null(ctx.changes);
    cr_expect_not_null(strstr(ctx.changes, "Node#0.next: Node#1 -> Node#2\n"),
        "%s", ctx.changes);
    gone = strstr(ctx.changes, "Node#1 gone: {\"id\": 2,");
    cr_expect_not_null(gone, "%s", ctx.changes);
    mw_ctx_clear(&ctx);
    free_all(list);
}

static void
free_unlinked(void *user, const mw_type *type, void *node)
{
    size_t *n = user;

    mw_node_free(type, node);
    *n += 1;
}

/* The caller may free what was unlinked at once. */
Test(changes, unlinked)
{
    graph_Node *list = list_of(3);
    size_t n = 0;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true,
        .on_unlinked = free_unlinked, .on_unlinked_user = &n);

    edit(&ctx, &list, "unlink");
    cr_expect_eq(n, 1);
    cr_assert_not_null(ctx.changes);
    cr_expect_not_null(
        strstr(ctx.changes, "Node#1 unlinked: {\"id\": 2,"), "%s", ctx.changes);
    mw_ctx_clear(&ctx);
    free_all(list);
}

static size_t
count(const char *text, const char *part)
{
    size_t n = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

static void
check_edit(const char *what)
{
    graph_Node *list = list_of(6);
    size_t n_freed = 0;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true,
        .on_unlinked = free_unlinked, .on_unlinked_user = &n_freed);

    /* Some need a list that they do not get. */
    if (graph_Surgery_edit(s.client, &ctx, &list, what) < 0) {
        cr_expect_null(ctx.changes, "%s", what);
    } else {
        cr_assert_not_null(ctx.changes, "%s", what);
        cr_expect_eq(ctx.changes[0] == '\0', strcmp(what, "nothing") == 0);
        cr_expect_eq(count(ctx.changes, " new: {"), ctx.stats.nodes_new);
        cr_expect_eq(count(ctx.changes, " gone: {"), ctx.stats.nodes_released);
        cr_expect_eq(count(ctx.changes, " unlinked: {"), n_freed);
    }
    mw_ctx_clear(&ctx);
    free_all(list);
}

/* The text tells of as many nodes as the counters count. */
Test(changes, every_edit)
{
    for (size_t i = 0; mwt_edits[i] != NULL; i++) {
        check_edit(mwt_edits[i]);
    }
}

Test(changes, by_value)
{
    graph_Doc doc;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true);

    cr_assert_eq(graph_Doc_init(&doc), MW_OK);
    cr_assert_not_null(graph_Line_seq_add(NULL, &doc.lines));
    cr_assert_eq(graph_Surgery_partial(s.client, &ctx, &doc, "new"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_str_eq(ctx.changes, "doc.title: \"\" -> \"new\"\n"
                                  "doc.lines[0].quantity: 1 -> 2\n");
    mw_ctx_clear(&ctx);
    graph_Doc_clear(&doc);
}

/* Parameters have a name each, and number their nodes together. */
Test(changes, two_parameters)
{
    graph_Node *a = list_of(1);
    graph_Node *b = list_of(1);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true);

    cr_assert_eq(graph_Surgery_two(s.client, &ctx, &a, &b), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_str_eq(ctx.changes, "a: Node#0 -> Node#1\n"
                                  "b: Node#1 -> Node#0\n"
                                  "Node#0.weight: 0 -> 10\n"
                                  "Node#0.next: null -> Node#1\n"
                                  "Node#1.weight: 0 -> 1\n");
    mw_ctx_clear(&ctx);
    free_all(b);
}

/* What comes out is not a change, but what it leads to may be new. */
Test(changes, of_none)
{
    graph_Node *list = list_of(3);
    graph_Node *hit = NULL;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true);

    cr_assert_eq(graph_Surgery_find(s.client, &ctx, list, 2, &hit), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_eq(hit, list->next);
    cr_expect_str_eq(ctx.changes, "");
    mw_ctx_clear(&ctx);
    free_all(list);
}

Test(changes, of_a_failed_call)
{
    graph_Node *list = list_of(3);
    graph_Node *root = list;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .show_changes = true);

    cr_expect_lt(graph_Surgery_edit(s.client, &ctx, &root, "fail"), 0);
    cr_expect_null(ctx.changes);
    mw_ctx_clear(&ctx);
    free_all(list);
}
