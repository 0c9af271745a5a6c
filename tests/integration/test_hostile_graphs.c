/* SPDX-License-Identifier: MIT */
/*
 * A server whose replies about a graph are well-formed and yet cannot be: each
 * is refused with a text of its own, the graph is as it was, and the client
 * goes on.  (tests/unit/rpc/test_results.c has many more, without a server.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/hostile.h"
#include "integration/surgeon.h"

struct answer {
    const char *results; /* hex */
    mw_status status;
    const char *text;
};

/* To graph.Surgery.reverse(inout Node), with a list of three: nodes 0 to 2. */
static const struct answer answers[] = {
    { "81 a0", MW_EPROTO, "returns 1 results and their nodes, found 1" },
    { "82 82 82 00 1a 7fffffff 81 80 a0", MW_EPROTO,
        "2147483647 new nodes cannot be in the message" },
    { "82 82 82 07 01 81 80 a0", MW_EPROTO, "there is no type 7 of nodes" },
    { "82 83 80 80 a1 00 a1 03 a1 00 07 a0", MW_EPROTO,
        "graph::Node[3]: is no node of an inout argument" },
    { "82 83 80 80 a1 00 a1 01 a1 03 18 4d a0", MW_EPROTO,
        "graph::Node[1].next: there is no node 77 of graph::Node" },
    { "82 83 80 80 a1 00 a1 01 a1 01 07 a0", MW_EPROTO,
        "graph::Node[1].name: expected text, found unsigned integer" },
    /* edges: [[1, 0, []]] of none; two splices, the second before the first */
    { "82 83 80 80 a1 00 a1 01 a1 04 a1 00 81 83 01 00 80 a0", MW_EPROTO,
        "graph::Node[1].edges: splice at 1 removes 0 of 0" },
    { "82 83 80 80 a1 00 a1 01 a1 01 a1 00 82 83 03 01 60 83 02 01 60 a0",
        MW_EPROTO, "graph::Node[1].name: splice at 2 begins before 4" },
    /* links: to delete what is not there */
    { "82 83 80 80 a1 00 a1 01 a1 05 82 a0 81 61 78 a0", MW_EPROTO,
        "graph::Node[1].links" },
    /* info, which is absent: {1: 5} */
    { "82 83 80 80 a1 00 a1 01 a1 06 a1 01 05 a0", MW_EPROTO,
        "graph::Node[1].info: is absent and cannot be patched" },
    /* info: ["x", 11], above its limit */
    { "82 83 80 80 a1 00 a1 01 a1 06 82 61 78 0b a0", MW_EPROTO,
        "graph::Node[1].info.rating: 11 is above the maximum of 10" },
    { "82 84 80 80 a0 a1 00 81 01 a0", MW_EPROTO,
        "graph::Node[1] was released, but graph::Node[0] still refers to it" },
    { "82 84 80 80 a1 00 a1 01 a1 03 f6 a1 00 82 02 02 a0", MW_EPROTO,
        "graph::Node[2] was released twice" },
    { "82 80 18 63", MW_EPROTO, "list: there is no node 99 of graph::Node" },
    { "82 80 a0", MW_OK, "success" },
};

static void
check(mw_client *client, struct mwt_hostile *h, const struct answer *answer,
    uint64_t id)
{
    graph_Node *list = mwt_make(NULL, 3, false);
    graph_Node *root = list;
    graph_Node *copy = NULL;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    char reply[400];

    /* [3, id, results] */
    (void) snprintf(reply, sizeof(reply), "83 03 18 %02x %s", (unsigned) id,
        answer->results);
    h->reply = reply;
    cr_assert_eq(graph_Node_copy_graph(&copy, list), MW_OK);
    cr_expect_eq(graph_Surgery_reverse(client, &ctx, &root), answer->status,
        "%s: %s", answer->results, mw_ctx_error(&ctx));
    cr_expect_not_null(strstr(mw_ctx_error(&ctx), answer->text), "%s: %s",
        answer->results, mw_ctx_error(&ctx));
    cr_expect_eq(root, list);
    cr_expect(graph_Node_equal(list, copy));
    cr_assert_eq(graph_Node_free_graph(list), MW_OK);
    cr_assert_eq(graph_Node_free_graph(copy), MW_OK);
}

Test(hostile_graphs, answers)
{
    struct mwt_hostile h = { .reply = NULL };
    mw_client *client = mwt_hostile_begin(&h, mwt_answer_hex);
    const size_t n = sizeof(answers) / sizeof(*answers);

    for (size_t i = 0; i < n; i++) {
        check(client, &h, &answers[i], i + 1);
    }
    mwt_hostile_end(&h, client);
    cr_expect_eq(h.n_calls, n, "all on one connection");
}
