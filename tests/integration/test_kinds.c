/* SPDX-License-Identifier: MIT */
/*
 * All kinds of values and graphs, from end to end: a handler called with
 * deltas, called with whole values, and called as a function leaves equal
 * objects, and says truly what it has moved.
 *
 * MW_SEED sets the seed, MW_CASES the number of cases of each operation.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/kinds_case.h"

enum { CASES = 200 };

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

TestSuite(kinds, .init = open_server, .fini = close_server);

/* ---- the oracle ---- */

/* What a call must leave behind. */
struct expected {
    struct mwt_graph local; /* done without a call */
    size_t n_known;
    size_t n_new;
    size_t n_released;
    size_t n_unlinked;
};

/* Nodes that roots lead to, and the first n_known nodes if there are any. */
static struct mwt_graph
reachable(const struct mwt_graph *graph, size_t n_known)
{
    struct mwt_graph found;

    mwt_graph_init(&found);
    for (size_t i = 0; i < graph->n_roots; i++) {
        mwt_graph_add_root(&found, graph->roots[i].type, graph->roots[i].at);
    }
    for (size_t i = 0; i < n_known; i++) {
        (void) mwt_graph_add(&found, graph->nodes[i].type, graph->nodes[i].at);
        found.nodes[i].is_released = graph->nodes[i].is_released;
    }
    mwt_graph_discover(&found);
    return found;
}

static struct expected
expect(const struct kinds_case *c)
{
    struct expected e = { .local = kinds_objects(c) };
    struct mwt_graph from_roots;
    struct mwt_graph from_known;
    size_t number;

    e.n_known = e.local.n_nodes;
    kinds_mutate(c, &e.local);
    from_roots = reachable(&e.local, 0);
    from_known = reachable(&e.local, e.n_known);
    e.n_new = from_known.n_nodes - e.n_known;
    for (size_t i = 0; i < e.n_known; i++) {
        const struct mwt_node *node = &e.local.nodes[i];

        e.n_released += node->is_released;
        e.n_unlinked += !node->is_released &&
                        !mwt_graph_find(&from_roots, node->at, &number);
    }
    mwt_graph_fini(&from_roots);
    mwt_graph_fini(&from_known);
    return e;
}

/* Nodes that are marked are the library's: freed, as the address sanitizer
 * finds out. */
static void
free_expected(struct expected *e)
{
    for (size_t i = 0; i < e->local.n_nodes; i++) {
        e->local.nodes[i].is_released = false;
    }
    kinds_free(&e->local);
}

/* Told of what was unlinked. */
struct witness {
    const struct expected *e;
    const struct mwt_graph *objects;
    size_t n;
};

static void
see_unlinked(void *user, const mw_type *type, void *node)
{
    struct witness *witness = user;
    size_t number;

    cr_assert(mwt_graph_find(witness->objects, node, &number));
    cr_assert_eq(witness->objects->nodes[number].type, type);
    cr_assert(!witness->e->local.nodes[number].is_released);
    witness->n++;
}

/* Make the call and compare what it leaves with what it should. */
static mw_stats
check_call(const struct kinds_case *c, const struct expected *e, bool full)
{
    struct mwt_graph objects = kinds_objects(c);
    struct witness witness = { e, &objects, 0 };
    const char *name = c->op->name;
    mw_ctx ctx =
        MW_CTX(.timeout_ms = 60000, .measure = true, .full_values = full,
            .on_unlinked = see_unlinked, .on_unlinked_user = &witness);
    size_t where;

    cr_assert_eq(kinds_call(c, s.client, &ctx, &objects), MW_OK, "%s %llu: %s",
        name, (unsigned long long) c->seed, mw_ctx_error(&ctx));
    for (size_t i = 0; i < e->n_known; i++) {
        objects.nodes[i].is_released = e->local.nodes[i].is_released;
    }
    cr_assert(mwt_graph_same(&objects, &e->local, e->n_known, &where),
        "%s %llu: %s, node %zu differs", name, (unsigned long long) c->seed,
        full ? "whole values" : "delta", where);
    cr_expect_eq(ctx.stats.nodes_new, e->n_new, "%s", name);
    cr_expect_eq(ctx.stats.nodes_released, e->n_released, "%s", name);
    cr_expect_eq(ctx.stats.nodes_unlinked, e->n_unlinked, "%s", name);
    cr_expect_eq(witness.n, e->n_unlinked, "%s", name);
    kinds_free(&objects);
    return ctx.stats;
}

/* What a reply with whole values would have taken, and takes.  How long the
 * numbers of nodes are is estimated; and the call's id may have become a byte
 * or two longer. */
static void
check_measure(
    const struct kinds_op *op, const mw_stats *delta, const mw_stats *full)
{
    bool has_nodes = (op->types[0]->flags & MW_TYPE_REFS) != 0;
    uint64_t slack = has_nodes ? 64 + full->bytes_received / 4 : 2;

    cr_expect_leq(
        delta->bytes_full, full->bytes_received + slack, "%s", op->name);
    cr_expect_geq(
        delta->bytes_full + slack, full->bytes_received, "%s", op->name);
    if (!has_nodes) {
        cr_expect_eq(full->bytes_full, full->bytes_received, "%s", op->name);
    }
}

static void
check_case(const struct kinds_op *op, struct mwt_prng *prng, uint64_t *full,
    uint64_t *delta)
{
    struct kinds_case c;
    struct expected e;
    mw_stats of_delta;
    mw_stats of_full;

    kinds_open(&c, op, prng);
    e = expect(&c);
    of_delta = check_call(&c, &e, false);
    of_full = check_call(&c, &e, true);
    check_measure(op, &of_delta, &of_full);
    *full += of_full.bytes_received;
    *delta += of_delta.bytes_received;
    free_expected(&e);
    kinds_close(&c);
}

static void
check_op(const char *name)
{
    struct mwt_prng prng = mwt_prng_seeded(name);
    const char *text = getenv("MW_CASES");
    size_t n = text != NULL ? strtoull(text, NULL, 10) : CASES;
    uint64_t full = 0;
    uint64_t delta = 0;

    for (size_t i = 0; i < n; i++) {
        check_case(kinds_op(name), &prng, &full, &delta);
    }
    cr_log_info("%s: %llu bytes, whole ones would be %llu", name,
        (unsigned long long) delta, (unsigned long long) full);
    cr_assert_leq(delta, full + 8 * n);
}

Test(kinds, doc)
{
    check_op("doc");
}

Test(kinds, settings)
{
    check_op("settings");
}

Test(kinds, shape)
{
    check_op("shape");
}

Test(kinds, choice)
{
    check_op("choice");
}

Test(kinds, totals)
{
    check_op("totals");
}

Test(kinds, lines)
{
    check_op("lines");
}

Test(kinds, flags)
{
    check_op("flags");
}

Test(kinds, mixed)
{
    check_op("mixed");
}

Test(kinds, all)
{
    check_op("all");
}

Test(kinds, links)
{
    check_op("links");
}

Test(kinds, unshared_all)
{
    check_op("unshared_all");
}

/* ---- what must not travel ---- */

/* A document with something of all that can be wrong. */
static graph_Doc
good_doc(void)
{
    graph_Doc doc;

    cr_assert_eq(graph_Doc_init(&doc), MW_OK);
    for (uint32_t i = 0; i < 2; i++) {
        graph_Line *line = graph_Line_seq_add(NULL, &doc.lines);

        cr_assert_not_null(line);
        line->number = i;
        cr_assert_not_null(mw_f64_by_string_put(
            NULL, &doc.totals, (char[]){ (char) ('a' + i), '\0' }));
    }
    return doc;
}

static void
check_failure(graph_Doc *doc, const char *what, mw_status status, bool not_run,
    const char *text)
{
    char *before = graph_Doc_text(doc);
    char *after;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_expect_eq(graph_Surgery_doc(s.client, &ctx, doc, what), status, "%s: %s",
        what, mw_ctx_error(&ctx));
    cr_expect_not_null(
        strstr(mw_ctx_error(&ctx), text), "%s: %s", what, mw_ctx_error(&ctx));
    cr_expect_eq(ctx.not_run, not_run, "%s", what);
    after = graph_Doc_text(doc);
    cr_expect_str_eq(after, before);
    free(before);
    free(after);
}

/* A handler's fault, which the caller is told of, and where. */
Test(kinds, faulty_handlers)
{
    graph_Doc doc = good_doc();

    check_failure(&doc, "range", MW_EINTERNAL, false,
        "doc.lines[1].quantity: 1001 is above the maximum of 1000");
    check_failure(&doc, "nan", MW_EINTERNAL, false, "doc.settings.fade: NaN");
    check_failure(&doc, "no box", MW_EINTERNAL, false, "doc.info: is NULL");
    check_failure(&doc, "order", MW_EINTERNAL, false, "doc.totals");
    check_failure(&doc, "text", MW_EINTERNAL, false, "doc.title");
    check_failure(&doc, "what?", MW_EINVAL, false, "'what?' is unknown");
    graph_Doc_clear(&doc);
}

static void
check_argument(graph_Doc *doc, const char *text)
{
    check_failure(doc, "1", MW_EINVAL, true, text);
}

/* The caller's, which does not get to the server. */
Test(kinds, faulty_arguments)
{
    graph_Doc doc = good_doc();
    graph_Info *info = doc.info;
    mw_f64_by_string_entry first;

    doc.lines.items[1].quantity = 0;
    check_argument(&doc, "doc.lines[1].quantity: 0 is below the minimum of 1");
    doc.lines.items[1].quantity = 1000;
    doc.settings.fade = 0.75;
    check_argument(&doc, "doc.settings.fade: 0.75 is above the maximum of 0.5");
    doc.settings.fade = -0.0 / 0.0;
    check_argument(&doc, "doc.settings.fade: NaN");
    doc.settings.fade = 0.5;
    doc.info = NULL;
    check_argument(&doc, "doc.info: is NULL");
    doc.info = info;
    info->rating = 11;
    check_argument(&doc, "doc.info.rating: 11 is above the maximum of 10");
    info->rating = 10;
    first = doc.totals.items[0];
    doc.totals.items[0] = doc.totals.items[1];
    doc.totals.items[1] = first;
    check_argument(&doc, "doc.totals");
    cr_assert_eq(mw_f64_by_string_sort(&doc.totals), MW_OK);
    doc.shape.tag = (graph_Form) 99;
    check_argument(&doc, "doc.shape.tag: 99 is not a value of graph::Form");
    doc.shape.tag = graph_Form_DOT;
    cr_expect_eq(graph_Surgery_doc(s.client, NULL, &doc, "1"), MW_OK);
    cr_assert_eq(graph_Doc_clear_graph(&doc), MW_OK);
}

/* ---- @mw::unique ---- */

/* Two references to one node, against the author's promise. */
static graph_Node_seq
aliases(void)
{
    graph_Node_seq roots = { 0 };

    for (size_t i = 0; i < 2; i++) {
        graph_Node **root = graph_Node_seq_add(NULL, &roots);

        cr_assert_not_null(root);
        *root = i == 0 ? mwt_make(NULL, 1, false) : roots.items[0];
    }
    return roots;
}

static void
free_aliases(graph_Node_seq *roots)
{
    cr_assert_eq(mw_graph_clear(&graph_Node_seq_type, roots), MW_OK);
}

static void
check_unique(graph_Node_seq *roots, const char *where)
{
    mw_client *client;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(mw_client_open_local(
                     &client, s.server, MW_CLIENT(.check_unique = true), NULL),
        MW_OK);
    cr_expect_eq(graph_Surgery_unshared_all(client, &ctx, roots, "count"),
        where != NULL ? MW_EINVAL : MW_OK, "%s", mw_ctx_error(&ctx));
    if (where != NULL) {
        cr_expect_not_null(
            strstr(mw_ctx_error(&ctx), where), "%s", mw_ctx_error(&ctx));
        cr_expect_not_null(strstr(mw_ctx_error(&ctx),
            ": the node is referred to elsewhere, against @mw::unique"));
        cr_expect(ctx.not_run);
    }
    /* Where nothing is promised, it is nobody's business. */
    cr_expect_eq(graph_Surgery_relink(client, &ctx, roots, "?"), MW_EINVAL);
    cr_expect_not_null(strstr(mw_ctx_error(&ctx), "'?' is no seed"));
    cr_expect_not(ctx.not_run);
    mw_client_close(client);
}

Test(kinds, unique_is_checked)
{
    graph_Node_seq roots = aliases();
    graph_Node *node = roots.items[0];

    check_unique(&roots, "roots[1]");
    cr_expect_eq(node->weight, 0);
    roots.len = 1;
    check_unique(&roots, NULL);
    cr_expect_eq(node->weight, 1);
    node->next = node;
    check_unique(&roots, "graph::Node[0].next");
    cr_expect_eq(node->weight, 1);
    free_aliases(&roots);
}

/* The server sees two nodes then.  That it has changed both is noticed. */
Test(kinds, unique_is_not_checked)
{
    graph_Node_seq roots = aliases();
    graph_Node *node = roots.items[0];
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_expect_eq(
        graph_Surgery_unshared_all(s.client, &ctx, &roots, "count"), MW_EPROTO);
    cr_expect_not_null(strstr(mw_ctx_error(&ctx),
                           "graph::Node[1]: is changed under two numbers"),
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(roots.len, 2);
    cr_expect_eq(roots.items[0], node);
    cr_expect_eq(roots.items[1], node);
    cr_expect_eq(node->weight, 0, "%g", node->weight);
    free_aliases(&roots);
}

/* ---- one call with something of each kind ---- */

struct bundle {
    graph_Doc doc;
    graph_Node *root;
    graph_Shape shape;
    graph_Node_by_string index;
};

static struct bundle
make_bundle(void)
{
    struct bundle b = { .doc = good_doc(), .root = mwt_make(NULL, 3, false) };

    cr_assert_not_null(b.root);
    cr_assert_eq(mw_set_string(NULL, &b.doc.title, "plan"), MW_OK);
    cr_assert_not_null(mw_f64_by_string_put(NULL, &b.doc.totals, "gone"));
    b.doc.start = b.root->next;
    return b;
}

/* All nodes are in the list, or in that which was put before it. */
static void
free_bundle(struct bundle *b)
{
    graph_Shape_clear(&b->shape);
    graph_Node_by_string_clear(&b->index);
    graph_Doc_clear(&b->doc);
    cr_assert_eq(graph_Node_free_graph(b->root), MW_OK);
}

static mw_status
call_mixed(mw_ctx *ctx, struct bundle *b)
{
    return graph_Surgery_mixed(
        s.client, ctx, &b->doc, &b->root, &b->shape, &b->index, "all");
}

static void
expect_same(struct bundle *a, struct bundle *b)
{
    cr_expect(graph_Doc_equal(&a->doc, &b->doc));
    cr_expect(graph_Node_equal(a->root, b->root));
    cr_expect(graph_Shape_equal(&a->shape, &b->shape));
    cr_expect(
        mw_object_equal(&graph_Node_by_string_type, &a->index, &b->index));
}

static const char mixed_changes[] =
    "doc.title: \"plan\" -> \"plan, revised\"\n"
    "doc.flags: 0 -> LOCKED|ARCHIVED\n"
    "doc.rights: 0 -> OWN\n"
    "doc.settings.depth: 3 -> 4\n"
    "+ doc.settings.scale: 2.5\n"
    "doc.shape: {\"tag\": \"DOT\", \"dot\": {\"x\": 0, \"y\": 0}} -> "
    "{\"tag\": \"LABEL\", \"label\": \"a label\"}\n"
    "doc.choice: {\"tag\": 0, \"number\": 0} -> {\"tag\": 5, \"table\": {}}\n"
    "- doc.totals[\"gone\"]: 0\n"
    "+ doc.totals[\"new\"]: 1\n"
    "+ doc.by_number[77]: {\"number\": 77, \"sku\": \"\", \"quantity\": 2}\n"
    "+ doc.words[\"BLUE\"]: [\"azure\"]\n"
    "doc.info.author: \"\" -> \"somebody with a long name\"\n"
    "doc.start: Node#0 -> Node#3\n"
    "root: Node#2 -> Node#3\n"
    "Node#2.weight: 0 -> 1\n"
    "Node#3 new: {\"id\": 0, \"name\": \"the first\", \"weight\": 0, "
    "\"next\": Node#2, \"edges\": [], \"links\": {}}\n";

Test(kinds, counters_and_changes)
{
    struct bundle b = make_bundle();
    struct bundle local = make_bundle();
    graph_Node *old = b.root;
    mw_ctx ctx =
        MW_CTX(.timeout_ms = 20000, .measure = true, .show_changes = true);

    cr_assert_eq(call_mixed(&ctx, &b), MW_OK, "%s", mw_ctx_error(&ctx));
    cr_assert_eq(
        mwt_mix(NULL, &local.doc, &local.root, &local.shape, &local.index),
        MW_OK);
    expect_same(&b, &local);
    cr_expect_eq(b.root->next, old);
    cr_expect_eq(b.doc.start, b.root);
    cr_expect_eq(b.shape.node, old);
    cr_expect_eq(ctx.stats.nodes_new, 1);
    cr_expect_eq(ctx.stats.nodes_changed, 1);
    cr_expect_eq(ctx.stats.nodes_released, 0);
    cr_expect_eq(ctx.stats.nodes_unlinked, 0);
    cr_expect_eq(ctx.stats.values_changed, 13);
    cr_expect_eq(ctx.stats.elements_inserted, 1);
    cr_expect_eq(ctx.stats.elements_removed, 1);
    cr_expect_lt(ctx.stats.bytes_received, ctx.stats.bytes_full);
    cr_expect_str_eq(ctx.changes, mixed_changes);
    mw_ctx_clear(&ctx);
    free_bundle(&b);
    free_bundle(&local);
}

/* Each allocation of a call fails in turn: at the caller, at the server, in the
 * handler.  What fails leaves everything as it was; some do without. */
static void
check_out_of_memory(bool show_changes)
{
    bool done = false;
    uint64_t n_failed = 0;

    for (uint64_t n = 1; !done; n++) {
        struct bundle b = make_bundle();
        struct bundle before = make_bundle();
        mw_ctx ctx = MW_CTX(.timeout_ms = 60000, .measure = true,
            .show_changes = show_changes);
        mw_status status;

        mwi_mem_fail_at(n);
        status = call_mixed(&ctx, &b);
        done = !mwi_mem_has_failed() && status == MW_OK;
        mwi_mem_fail_at(0);
        if (status < 0) {
            cr_expect_neq(mw_ctx_error(&ctx)[0], '\0');
            expect_same(&b, &before);
            n_failed++;
        }
        mw_ctx_clear(&ctx);
        free_bundle(&b);
        free_bundle(&before);
    }
    cr_expect_gt(n_failed, 20);
}

Test(kinds, out_of_memory)
{
    check_out_of_memory(false);
}

Test(kinds, out_of_memory_with_changes)
{
    check_out_of_memory(true);
}
