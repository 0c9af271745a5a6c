/* SPDX-License-Identifier: MIT */
/*
 * Calls that are started and finished later, with graphs, and with objects that
 * their caller changes in between.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
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

TestSuite(pending_graphs, .init = open_server, .fini = close_server);

static void
free_all(graph_Node *node)
{
    cr_assert_eq(graph_Node_free_graph(node), MW_OK);
}

Test(pending_graphs, applied_when_finished)
{
    enum { N = 5 };
    graph_Node *list = mwt_make(NULL, N, false);
    graph_Node *own[N];
    graph_Node *copy = NULL;
    size_t i = 0;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    mw_pending *pending;

    for (graph_Node *at = list; at != NULL; at = at->next) {
        own[i++] = at;
    }
    cr_assert_eq(graph_Node_copy_graph(&copy, list), MW_OK);
    cr_assert_eq(
        graph_Surgery_reverse_start(s.client, &ctx, &list, &pending), MW_OK);
    while (!mw_pending_is_done(pending)) {
        continue;
    }
    cr_expect_eq(list, own[0]);
    cr_expect(graph_Node_equal(list, copy));
    cr_assert_eq(mw_pending_finish(pending), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_eq(list, own[N - 1]);
    for (i = 0; i < N; i++) {
        cr_expect_eq(own[i]->next, i > 0 ? own[i - 1] : NULL, "%zu", i);
    }
    cr_expect_eq(ctx.stats.nodes_changed, N);
    free_all(list);
    free_all(copy);
}

struct unlinked {
    size_t n;
    void *node;
};

static void
note_unlinked(void *user, const mw_type *type, void *node)
{
    struct unlinked *unlinked = user;

    cr_assert_eq(type, &graph_Node_type);
    unlinked->n++;
    unlinked->node = node;
}

/* Told of in the thread that finishes, with all that is computed then. */
Test(pending_graphs, unlinked_nodes)
{
    graph_Node *list = mwt_make(NULL, 4, false);
    graph_Node *second = list->next;
    char *what = strdup("unlink");
    struct unlinked unlinked = { .n = 0 };
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .on_unlinked = note_unlinked,
        .on_unlinked_user = &unlinked, .measure = true, .show_changes = true);
    mw_pending *pending;

    cr_assert_eq(
        graph_Surgery_edit_start(s.client, &ctx, &list, what, &pending), MW_OK);
    free(what);
    cr_assert_eq(mw_pending_finish(pending), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_eq(ctx.stats.nodes_unlinked, 1);
    cr_expect_gt(ctx.stats.bytes_full, 0);
    cr_expect_not_null(ctx.changes);
    cr_assert_eq(unlinked.n, 1);
    cr_expect_eq(unlinked.node, second);
    graph_Node_free(second);
    free_all(list);
    mw_ctx_clear(&ctx);
}

static void
find_it(graph_Node *root, mw_ctx *ctx, graph_Node **ret_hit,
    mw_pending **ret_pending)
{
    cr_assert_eq(
        graph_Surgery_find_start(s.client, ctx, root, 2, ret_hit, ret_pending),
        MW_OK, "%s", mw_ctx_error(ctx));
}

/* Of in arguments the nodes are still needed, the stub's variables are not. */
Test(pending_graphs, result_is_a_node_that_went_in)
{
    graph_Node *list = mwt_make(NULL, 3, true);
    graph_Node *hit[3] = { NULL, NULL, NULL };
    mw_ctx ctx[3];
    mw_pending *pending[3];

    for (int i = 0; i < 3; i++) {
        ctx[i] = MW_CTX(.timeout_ms = 20000, .show_changes = true,
            .measure = true, .on_unlinked = note_unlinked);
        find_it(list, &ctx[i], &hit[i], &pending[i]);
    }
    for (int i = 2; i >= 0; i--) {
        cr_assert_eq(
            mw_pending_finish(pending[i]), MW_OK, "%s", mw_ctx_error(&ctx[i]));
        cr_expect_eq(hit[i], list->next);
        mw_ctx_clear(&ctx[i]);
    }
    free_all(list);
}

Test(pending_graphs, null_went_in)
{
    graph_Node *hit = NULL;
    uint64_t n = 1;
    mw_pending *pending[2];

    cr_assert_eq(
        graph_Surgery_find_start(s.client, NULL, NULL, 2, &hit, &pending[0]),
        MW_OK);
    cr_assert_eq(
        graph_Surgery_count_start(s.client, NULL, NULL, &n, &pending[1]),
        MW_OK);
    cr_expect_eq(mw_pending_finish(pending[0]), MW_OK);
    cr_expect_eq(mw_pending_finish(pending[1]), MW_OK);
    cr_expect_null(hit);
    cr_expect_eq(n, 0);
}

Test(pending_graphs, exception_with_nodes)
{
    graph_Node *list = mwt_make(NULL, 3, true);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    mw_pending *pending;
    mw_status status;

    cr_assert_eq(
        graph_Surgery_raise_node_start(s.client, &ctx, list, &pending), MW_OK);
    status = mw_pending_finish(pending);
    cr_expect_eq(status, MW_EEXCEPTION, "%s", mw_ctx_error(&ctx));
    cr_expect(
        graph_Broken_caught(&ctx) != NULL || graph_Cut_caught(&ctx) != NULL);
    mw_ctx_clear(&ctx);
    free_all(list);
}

/* The caller frees the graph; the reply, which changes it, comes later. */
Test(pending_graphs, cancelled)
{
    graph_Node *list = mwt_make(NULL, 5, false);
    graph_Node *other = mwt_make(NULL, 2, false);
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .conflict = MW_CONFLICT_CALLER);
    mw_pending *pending;

    cr_assert_eq(
        graph_Surgery_reverse_start(s.client, &ctx, &list, &pending), MW_OK);
    free_all(list);
    mw_pending_cancel(pending);
    cr_assert_eq(
        graph_Surgery_reverse_start(s.client, &ctx, &other, &pending), MW_OK);
    cr_assert_eq(mw_pending_finish(pending), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_eq(other->id, 2);
    free_all(other);
}

/* What the caller changes between start and finish. */

static void
set(char **text, const char *to)
{
    cr_assert_eq(mw_set_string(NULL, text, to), MW_OK);
}

static graph_Doc
new_doc(void)
{
    graph_Doc doc;

    cr_assert_eq(graph_Doc_init(&doc), MW_OK);
    set(&doc.title, "a title that is long enough to be worth a splice");
    return doc;
}

/* Server and caller give the document a title, the caller flags, too. */
static mw_status
change_both(graph_Doc *doc, mw_ctx *ctx)
{
    mw_pending *pending;

    cr_assert_eq(graph_Surgery_partial_start(
                     s.client, ctx, doc, "the server's title", &pending),
        MW_OK, "%s", mw_ctx_error(ctx));
    set(&doc->title, "mine");
    doc->flags = graph_Flags_LOCKED;
    return mw_pending_finish(pending);
}

Test(pending_graphs, conflicts)
{
    static const struct {
        mw_conflict conflict;
        mw_status status;
        const char *title;
    } cases[] = {
        { MW_CONFLICT_FAIL, MW_ECONFLICT, "mine" },
        { MW_CONFLICT_SERVER, MW_OK, "the server's title" },
        { MW_CONFLICT_CALLER, MW_OK, "mine" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        graph_Doc doc = new_doc();
        mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .conflict = cases[i].conflict);

        cr_expect_eq(
            change_both(&doc, &ctx), cases[i].status, "%s", mw_ctx_error(&ctx));
        cr_expect_str_eq(doc.title, cases[i].title);
        cr_expect_eq(doc.flags, graph_Flags_LOCKED);
        graph_Doc_clear(&doc);
    }
}

Test(pending_graphs, conflicts_in_nodes)
{
    for (int winner = MW_CONFLICT_SERVER; winner <= MW_CONFLICT_CALLER;
         winner++) {
        graph_Node *list = mwt_make(NULL, 2, false);
        graph_Node *extra = mwt_make(NULL, 1, false);
        mw_ctx ctx =
            MW_CTX(.timeout_ms = 20000, .conflict = (mw_conflict) winner);
        mw_pending *pending;

        cr_assert_eq(
            graph_Surgery_edit_start(s.client, &ctx, &list, "values", &pending),
            MW_OK);
        list->weight = 77;
        list->next->next = extra;
        cr_assert_eq(
            mw_pending_finish(pending), MW_OK, "%s", mw_ctx_error(&ctx));
        cr_expect_str_eq(list->name, "node 1!");
        cr_expect_eq(list->weight, winner == MW_CONFLICT_SERVER ? 0.5 : 77.0);
        cr_expect_eq(list->next->next, extra, "the caller's alone");
        free_all(list);
    }
}

Test(pending_graphs, out_of_memory)
{
    static const char *const what[] = { "grow", "release", "mesh" };

    for (size_t i = 0; i < 2 * sizeof(what) / sizeof(*what); i++) {
        bool done = false;

        for (uint64_t n = 1; !done; n++) {
            graph_Node *list = mwt_make(NULL, 4, true);
            graph_Node *root = list;
            graph_Node *copy = NULL;
            mw_ctx ctx = MW_CTX(.conflict = i % 2 == 0 ? MW_CONFLICT_UNCHECKED
                                                       : MW_CONFLICT_SERVER);
            mw_pending *pending;
            mw_status status;

            cr_assert_eq(graph_Node_copy_graph(&copy, list), MW_OK);
            mwi_mem_fail_at(n);
            status = graph_Surgery_edit_start(
                s.client, &ctx, &root, what[i / 2], &pending);
            if (status == MW_OK) {
                status = mw_pending_finish(pending);
            }
            done = !mwi_mem_has_failed() && status == MW_OK;
            mwi_mem_fail_at(0);
            if (status < 0) {
                cr_expect_eq(root, list);
                cr_expect(graph_Node_equal(list, copy), "%s, %llu", what[i / 2],
                    (unsigned long long) n);
            }
            free_all(root);
            free_all(copy);
        }
    }
}
