/* SPDX-License-Identifier: MIT */
/*
 * Calls during which the caller changes what it has passed.
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

TestSuite(conflicts, .init = open_server, .fini = close_server);

static void
set(char **text, const char *to)
{
    cr_assert_eq(mw_set_string(NULL, text, to), MW_OK);
}

/* Two lines, of quantity 5 and 6. */
static graph_Doc
new_doc(void)
{
    graph_Doc doc;

    cr_assert_eq(graph_Doc_init(&doc), MW_OK);
    set(&doc.title, "a title that is long enough to be worth a splice");
    for (uint32_t i = 0; i < 2; i++) {
        graph_Line *line = graph_Line_seq_add(NULL, &doc.lines);

        cr_assert_not_null(line);
        line->number = i;
        line->quantity = 5 + i;
    }
    return doc;
}

static mw_status
call_partial(graph_Doc *doc, mw_ctx *ctx, void (*meanwhile)(void *))
{
    s.meanwhile = meanwhile;
    s.meanwhile_user = doc;
    return graph_Surgery_partial(s.client, ctx, doc,
        "a title that is long enough to be worth two splices");
}

static void
add_line(void *user)
{
    graph_Doc *doc = user;
    graph_Line *line = graph_Line_seq_insert(NULL, &doc->lines, 0, 1);

    cr_assert_not_null(line);
    line->number = 100;
    line->quantity = 50;
}

static void
retitle(void *user)
{
    graph_Doc *doc = user;

    set(&doc->title, "mine");
}

static void
change_flags(void *user)
{
    graph_Doc *doc = user;

    doc->flags = graph_Flags_LOCKED;
}

static void
do_nothing(void *user)
{
    (void) user;
}

Test(conflicts, fail)
{
    static const struct {
        void (*meanwhile)(void *);
        const char *text;
    } cases[] = {
        { do_nothing, NULL },
        { retitle, "doc.title has changed while the call was under way" },
        { add_line, "doc.lines has changed while the call was under way" },
        { change_flags, "doc.flags has changed while the call was under way" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        graph_Doc doc = new_doc();
        graph_Doc expected;
        mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .conflict = MW_CONFLICT_FAIL);
        mw_status status = call_partial(&doc, &ctx, cases[i].meanwhile);

        expected = new_doc();
        cases[i].meanwhile(&expected);
        if (cases[i].text == NULL) {
            cr_expect_eq(status, MW_OK, "%s", mw_ctx_error(&ctx));
            cr_expect_eq(doc.lines.items[0].quantity, 6);
        } else {
            cr_expect_eq(status, MW_ECONFLICT);
            cr_expect_not_null(strstr(mw_ctx_error(&ctx), cases[i].text), "%s",
                mw_ctx_error(&ctx));
            cr_expect(graph_Doc_equal(&doc, &expected));
        }
        graph_Doc_clear(&doc);
        graph_Doc_clear(&expected);
    }
}

/* What only the caller has changed stays, whoever wins. */
Test(conflicts, apart)
{
    for (int winner = MW_CONFLICT_SERVER; winner <= MW_CONFLICT_CALLER;
         winner++) {
        graph_Doc doc = new_doc();
        mw_ctx ctx =
            MW_CTX(.timeout_ms = 20000, .conflict = (mw_conflict) winner);

        cr_assert_eq(call_partial(&doc, &ctx, change_flags), MW_OK, "%s",
            mw_ctx_error(&ctx));
        cr_expect_eq(doc.flags, graph_Flags_LOCKED);
        cr_expect_str_eq(
            doc.title, "a title that is long enough to be worth two splices");
        cr_expect_eq(doc.lines.items[1].quantity, 7);
        graph_Doc_clear(&doc);
    }
}

Test(conflicts, server_wins)
{
    graph_Doc doc = new_doc();
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .conflict = MW_CONFLICT_SERVER);

    cr_assert_eq(
        call_partial(&doc, &ctx, retitle), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_str_eq(
        doc.title, "a title that is long enough to be worth two splices");
    cr_expect_eq(doc.lines.items[0].quantity, 6);
    cr_assert_eq(
        call_partial(&doc, &ctx, add_line), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_assert_eq(doc.lines.len, 2, "as the server left it");
    cr_expect_eq(doc.lines.items[0].quantity, 7);
    graph_Doc_clear(&doc);
}

Test(conflicts, caller_wins)
{
    graph_Doc doc = new_doc();
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .conflict = MW_CONFLICT_CALLER);

    cr_assert_eq(
        call_partial(&doc, &ctx, retitle), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_expect_str_eq(doc.title, "mine");
    cr_expect_eq(doc.lines.items[0].quantity, 6);
    cr_assert_eq(
        call_partial(&doc, &ctx, add_line), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_assert_eq(doc.lines.len, 3);
    cr_expect_eq(doc.lines.items[0].quantity, 50);
    cr_expect_eq(doc.lines.items[1].quantity, 6);
    graph_Doc_clear(&doc);
}

/* Nodes: the server unlinks the second and renames the first. */

struct meddling {
    graph_Node *list;
    graph_Node *extra;
};

static void
meddle(void *user)
{
    const struct meddling *m = user;

    m->list->weight = 77;
    m->list->next->next = m->extra;
}

Test(conflicts, nodes)
{
    for (int winner = MW_CONFLICT_SERVER; winner <= MW_CONFLICT_CALLER;
         winner++) {
        graph_Node *list = mwt_make(NULL, 2, false);
        graph_Node *second = list->next;
        graph_Node *extra = mwt_make(NULL, 1, false);
        struct meddling m = { list, extra };
        mw_ctx ctx =
            MW_CTX(.timeout_ms = 20000, .conflict = (mw_conflict) winner);

        s.meanwhile = meddle;
        s.meanwhile_user = &m;
        cr_assert_eq(graph_Surgery_edit(s.client, &ctx, &list, "values"), MW_OK,
            "%s", mw_ctx_error(&ctx));
        cr_expect_str_eq(list->name, "node 1!");
        cr_expect_eq(list->weight, winner == MW_CONFLICT_SERVER ? 0.5 : 77.0);
        cr_expect_eq(list->next, second);
        cr_expect_eq(second->next, extra, "the caller's alone");
        cr_assert_eq(graph_Node_free_graph(list), MW_OK);
    }
}

/* The caller links a node that the handler releases. */
static void
cling(void *user)
{
    const struct meddling *m = user;

    m->extra->next = m->list->next;
    m->list->edges.items[0] = m->extra;
}

Test(conflicts, released_but_linked_meanwhile)
{
    graph_Node *list = mwt_make(NULL, 3, false);
    graph_Node *root = list;
    struct meddling m = { list, mwt_make(NULL, 1, false) };
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .conflict = MW_CONFLICT_CALLER);

    s.meanwhile = cling;
    s.meanwhile_user = &m;
    cr_assert_not_null(graph_Node_seq_add(NULL, &list->edges));
    /* An edge makes "release" refuse; the caller's list has one, the server's
     * copy has NULL in its place. */
    cr_expect_eq(graph_Surgery_edit(s.client, &ctx, &root, "release anyway"),
        MW_ECONFLICT, "%s", mw_ctx_error(&ctx));
    cr_expect_not_null(strstr(mw_ctx_error(&ctx),
                           "the caller has linked a node that was released"),
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(root, list);
    cr_expect_eq(list->next, m.extra->next);
    cr_assert_eq(graph_Node_free_graph(list), MW_OK);
}

/* The same, but from a node that was passed. */
static void
cling_to_the_second(void *user)
{
    const struct meddling *m = user;

    m->list->next->next->next = m->list->next;
}

Test(conflicts, released_but_linked_by_a_known_node_meanwhile)
{
    graph_Node *list = mwt_make(NULL, 3, false);
    graph_Node *root = list;
    struct meddling m = { list, NULL };
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000, .conflict = MW_CONFLICT_CALLER);

    s.meanwhile = cling_to_the_second;
    s.meanwhile_user = &m;
    cr_expect_eq(graph_Surgery_edit(s.client, &ctx, &root, "release anyway"),
        MW_ECONFLICT, "%s", mw_ctx_error(&ctx));
    cr_expect_not_null(strstr(mw_ctx_error(&ctx),
                           "the caller has linked a node that was released"),
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(root, list);
    cr_expect_eq(list->next->next->next, list->next);
    cr_assert_eq(graph_Node_free_graph(list), MW_OK);
}

Test(conflicts, out_of_memory)
{
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        graph_Doc doc = new_doc();
        graph_Doc before = new_doc();
        mw_ctx ctx =
            MW_CTX(.timeout_ms = 20000, .conflict = MW_CONFLICT_SERVER);
        mw_status status;

        change_flags(&before);
        mwi_mem_fail_at(n);
        status = call_partial(&doc, &ctx, change_flags);
        done = !mwi_mem_has_failed() && status == MW_OK;
        mwi_mem_fail_at(0);
        if (status < 0) {
            doc.flags = graph_Flags_LOCKED; /* if it came to that */
            cr_expect(graph_Doc_equal(&doc, &before));
        }
        graph_Doc_clear(&doc);
        graph_Doc_clear(&before);
    }
}
