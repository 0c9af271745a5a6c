/* SPDX-License-Identifier: MIT */
/*
 * Mirrored graphs: what goes as a delta, however nodes come and go, and that
 * the server has got the same as without a mirror.
 *
 * MW_SEED sets the seed, MW_CASES the number of cases.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "integration/mirrored.h"
#include "lib/graph.h"
#include "lib/random_graph.h"

enum {
    LENGTH = 1000, /* nodes of a list */
    CASES = 1500,
};

struct scene {
    struct mwt_desk desk;
    mw_client *client;
    mirror_Node *list;
    mw_mirror *mirror;
    mw_ctx ctx;
};

static mirror_Node *
make_node(const char *name, mirror_Node *next)
{
    mirror_Node *node = mirror_Node_new(NULL);

    cr_assert_not_null(node);
    cr_assert_eq(mw_set_string(NULL, &node->name, name), MW_OK);
    node->next = next;
    return node;
}

static mirror_Node *
make_list(size_t n)
{
    mirror_Node *list = NULL;
    char name[32];

    while (n-- > 0) {
        (void) snprintf(name, sizeof(name), "node %zu", n);
        list = make_node(name, list);
    }
    return list;
}

static void
open_mirror(struct scene *c)
{
    mw_error error;

    cr_assert_eq(
        mw_mirror_open(&c->mirror, &mirror_Node_ref_type, c->list, &error),
        MW_OK, "%s", error.text);
    c->ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = c->mirror);
}

static void
begin(struct scene *c, const mw_server_options *options, size_t length)
{
    memset(c, 0, sizeof(*c));
    mwt_desk_start(&c->desk, options);
    c->client = mwt_desk_client(&c->desk);
    c->list = make_list(length);
    open_mirror(c);
}

static void
end(struct scene *c)
{
    mw_ctx_clear(&c->ctx);
    mw_mirror_close(c->mirror);
    cr_assert_eq(mirror_Node_free_graph(c->list), MW_OK);
    mw_client_close(c->client);
    mwt_desk_close(&c->desk);
}

/* Assert that bytes are an object as mw_object_encode() writes it. */
static void
assert_got(mw_seq_u8 *got, const mw_type *type, const void *object)
{
    uint8_t *bytes;
    size_t len;

    cr_assert_eq(mw_object_encode(type, object, &bytes, &len, NULL), MW_OK);
    cr_assert_eq(got->len, len);
    cr_assert_eq(memcmp(got->items, bytes, len), 0);
    free(bytes);
    free(got->items);
    *got = (mw_seq_u8){ 0 };
}

/* Have the server walk the list. */
static void
walk(struct scene *c)
{
    mw_seq_u8 got = { 0 };

    cr_assert_eq(mirror_Desk_walk(c->client, &c->ctx, c->list, &got), MW_OK,
        "%s", mw_ctx_error(&c->ctx));
    assert_got(&got, &mirror_Node_ref_type, &c->list);
}

static void
walk_delta(struct scene *c)
{
    walk(c);
    mwt_assert_delta(&c->ctx);
}

static void
walk_whole(struct scene *c)
{
    walk(c);
    mwt_assert_whole(&c->ctx);
}

static mirror_Node *
nth(mirror_Node *node, size_t n)
{
    while (n-- > 0) {
        node = node->next;
    }
    return node;
}

Test(mirror_graph, few_bytes_for_few_changes)
{
    struct scene c;
    mirror_Node *before;
    mirror_Node *gone;

    begin(&c, NULL, LENGTH);
    c.ctx.measure = true;
    walk_whole(&c);
    cr_assert_eq(c.ctx.stats.bytes_full_sent, c.ctx.stats.bytes_sent);
    walk_delta(&c);
    cr_assert_gt(c.ctx.stats.bytes_full_sent, MWT_BLOB);
    nth(c.list, 500)->weight = 2.5;
    cr_assert_eq(mw_set_string(NULL, &nth(c.list, 7)->name, "seven"), MW_OK);
    walk_delta(&c);
    /* One more, and one less, in the middle. */
    before = nth(c.list, 300);
    before->next = make_node("one more", before->next);
    walk_delta(&c);
    before = nth(c.list, 100);
    gone = before->next;
    before->next = gone->next;
    mirror_Node_free(gone);
    walk_delta(&c);
    /* A circle, and shared nodes. */
    nth(c.list, LENGTH - 1)->next = c.list;
    *mirror_Node_seq_add(NULL, &c.list->others) = nth(c.list, 10);
    *mirror_Node_seq_add(NULL, &c.list->others) = nth(c.list, 10);
    walk_delta(&c);
    end(&c);
}

Test(mirror_graph, what_the_server_changes)
{
    struct scene c;
    struct mwt_graph graph;
    mw_seq_u8 got = { 0 };

    begin(&c, NULL, LENGTH);
    mwt_graph_init(&graph);
    mwt_graph_add_root(&graph, &mirror_Node_ref_type, &c.list);
    for (uint64_t seed = 1; seed < 40; seed++) {
        mirror_Node *local;

        mwt_graph_discover(&graph);
        cr_assert_eq(mirror_Node_copy_graph(&local, c.list), MW_OK);
        cr_assert_eq(mirror_Desk_grow(c.client, &c.ctx, &c.list, seed, &got),
            MW_OK, "%s", mw_ctx_error(&c.ctx));
        assert_got(&got, &mirror_Node_ref_type, &local);
        cr_assert_eq(mirror_Node_free_graph(local), MW_OK);
        if (c.list == NULL) {
            break;
        }
        walk(&c);
        /* The mirror is of what the argument leads to now. */
        cr_assert_eq(c.ctx.stats.deltas_sent, 1);
    }
    mwt_graph_discover(&graph);
    c.list = NULL;
    mwt_graph_free_nodes(&graph);
    mwt_graph_fini(&graph);
    end(&c);
}

Test(mirror_graph, of_a_struct_and_with_others)
{
    struct scene c;
    mirror_Plan plan = { 0 };
    mw_mirror *mirror;
    mw_ctx ctx;
    mw_error error;
    mw_seq_u8 got = { 0 };

    begin(&c, NULL, LENGTH);
    cr_assert_eq(mw_set_string(NULL, &plan.title, "A plan"), MW_OK);
    *mirror_Node_seq_add(NULL, &plan.roots) = c.list;
    *mirror_Node_seq_add(NULL, &plan.roots) = c.list;
    *mirror_Node_by_string_put(NULL, &plan.by_name, "x") = nth(c.list, 400);
    cr_assert_eq(
        mw_mirror_open(&mirror, &mirror_Plan_type, &plan, &error), MW_OK);
    ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = mirror);
    for (size_t i = 0; i < 5; i++) {
        plan.roots.items[0]->weight += 1;
        cr_assert_eq(mirror_Desk_arrange(
                         c.client, &ctx, &plan, nth(c.list, 20 * i), 0, &got),
            MW_OK, "%s", mw_ctx_error(&ctx));
        cr_assert_eq(ctx.stats.deltas_sent, i > 0);
        cr_assert(i == 0 || ctx.stats.bytes_sent < MWT_SMALL);
        cr_assert_eq(plan.roots.items[0], nth(c.list, 20 * i));
        free(got.items);
        got = (mw_seq_u8){ 0 };
    }
    mw_mirror_close(mirror);
    cr_assert_eq(mirror_Plan_clear_graph(&plan), MW_OK);
    c.list = NULL;
    end(&c);
}

Test(mirror_graph, forgotten)
{
    struct scene c;
    mw_seq_u8 got = { 0 };
    mirror_Doc doc;
    mw_mirror *mirror;
    mw_ctx ctx;

    begin(&c, MW_SERVER(.mirrors_max = 1), LENGTH);
    mwt_make_doc(&doc);
    mwt_open_mirror(&mirror, &doc);
    ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS, .mirror = mirror);
    walk_whole(&c);
    walk_delta(&c);
    cr_assert_eq(mirror_Desk_see(c.client, &ctx, &doc, &got), MW_OK);
    free(got.items);
    walk_whole(&c);
    walk_delta(&c);
    mw_mirror_close(mirror);
    mirror_Doc_clear(&doc);
    end(&c);
}

Test(mirror_graph, client_that_checks_unique)
{
    struct scene c;
    mw_error error;

    begin(&c, NULL, LENGTH);
    mw_client_close(c.client);
    cr_assert_eq(mw_client_open_local(&c.client, c.desk.server,
                     MW_CLIENT(.check_unique = true), &error),
        MW_OK);
    walk_whole(&c);
    nth(c.list, 30)->weight = 9;
    walk_delta(&c);
    end(&c);
}

/* Each allocation of a call fails in turn, at either end.  Returns how often
 * the call failed. */
static size_t
fail_each_allocation(struct scene *c, bool is_whole)
{
    mirror_Doc doc = { 0 };
    size_t n_errors = 0;
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        mw_seq_u8 got = { 0 };
        mw_status status;

        cr_assert_eq(mw_set_string(NULL, &c->list->name, "anew"), MW_OK);
        if (is_whole) {
            mw_mirror_reset(c->mirror);
        }
        mwi_mem_fail_at(n);
        status =
            mirror_Desk_with_nodes(c->client, &c->ctx, &c->list, &doc, 0, &got);
        done = !mwi_mem_has_failed() && status == MW_OK;
        mwi_mem_fail_at(0);
        free(got.items);
        n_errors += status < 0;
        cr_assert(
            status == MW_OK || status == MW_ENOMEM || status == MW_EUNAVAILABLE,
            "%llu: %s", (unsigned long long) n, mw_ctx_error(&c->ctx));
        cr_assert_str_eq(c->list->name, status < 0 ? "anew" : "renamed");
        walk(c);
        cr_assert_lt(n, 100000);
    }
    mirror_Doc_clear(&doc);
    return n_errors;
}

Test(mirror_graph, out_of_memory)
{
    struct scene c;
    size_t n_errors;

    begin(&c, NULL, 5);
    n_errors = fail_each_allocation(&c, true);
    n_errors += fail_each_allocation(&c, false);
    cr_log_info("%zu failures", n_errors);
    cr_assert_gt(n_errors, 20); /* there was something to fail */
    end(&c);
}

/* The oracle: one graph with a mirror, an equal one without. */
struct side {
    mirror_Node *root;
    struct mwt_graph graph; /* all nodes that there ever were */
    mw_ctx ctx;
};

static void
begin_side(struct side *side, mirror_Node *root)
{
    side->root = root;
    mwt_graph_init(&side->graph);
    mwt_graph_add_root(&side->graph, &mirror_Node_ref_type, &side->root);
    mwt_graph_discover(&side->graph);
    side->ctx = MW_CTX(.timeout_ms = MWT_PATIENCE_MS);
}

static void
end_side(struct side *side)
{
    side->root = NULL;
    for (size_t i = 0; i < side->graph.n_nodes; i++) {
        side->graph.nodes[i].is_released = false;
    }
    mwt_graph_free_nodes(&side->graph);
    mwt_graph_fini(&side->graph);
    mw_ctx_clear(&side->ctx);
}

static void
mutate_side(struct side *side, uint64_t seed)
{
    struct mwt_prng prng = { .state = seed };
    struct mwi_place heap = { .budget = SIZE_MAX };
    size_t counts[MWT_CHANGES] = { 0 };

    mwt_mutate_graph(&prng, &heap, &side->graph, counts);
    mwt_graph_discover(&side->graph);
}

static mw_status
call_side(struct scene *c, struct side *side, bool is_inout, uint64_t seed,
    mw_seq_u8 *got)
{
    mw_status status;

    if (!is_inout) {
        return mirror_Desk_walk(c->client, &side->ctx, side->root, got);
    }
    status = mirror_Desk_grow(c->client, &side->ctx, &side->root, seed, got);
    mwt_graph_discover(&side->graph);
    return status;
}

struct totals {
    size_t n;        /* calls */
    uint64_t sent;   /* bytes, with a mirror ... */
    uint64_t whole;  /* ... and without */
    uint64_t deltas; /* sent */
};

static void
check_case(struct scene *c, struct mwt_prng *prng, struct side *mirrored,
    struct side *plain, struct totals *totals)
{
    bool is_inout = mwt_chance(prng, 50);
    uint64_t seed = mwt_next(prng);
    mw_seq_u8 got = { 0 };
    mw_seq_u8 other = { 0 };

    mirrored->ctx.full_values = mwt_chance(prng, 10);
    cr_assert_eq(call_side(c, mirrored, is_inout, seed, &got), MW_OK, "%s",
        mw_ctx_error(&mirrored->ctx));
    cr_assert_eq(call_side(c, plain, is_inout, seed, &other), MW_OK, "%s",
        mw_ctx_error(&plain->ctx));
    cr_assert_eq(got.len, other.len);
    cr_assert_eq(memcmp(got.items, other.items, got.len), 0);
    cr_assert(mirror_Node_equal(mirrored->root, plain->root));
    free(got.items);
    free(other.items);
    totals->n++;
    totals->sent += mirrored->ctx.stats.bytes_sent;
    totals->deltas += mirrored->ctx.stats.deltas_sent;
    totals->whole += plain->ctx.stats.bytes_sent;
}

/* Calls, between which the caller changes both. */
static void
check_calls(struct scene *c, struct mwt_prng *prng, struct side *mirrored,
    struct side *plain, struct totals *totals)
{
    const mirror_Node *object = NULL;

    for (size_t i = 0; i < 30 && mirrored->root != NULL; i++) {
        uint64_t seed = mwt_next(prng);
        mw_error error;

        if (object != mirrored->root) {
            mw_mirror_close(c->mirror);
            cr_assert_eq(mw_mirror_open(&c->mirror, &mirror_Node_ref_type,
                             mirrored->root, &error),
                MW_OK);
            mirrored->ctx.mirror = c->mirror;
        }
        check_case(c, prng, mirrored, plain, totals);
        object = mirrored->root;
        if (mwt_chance(prng, 60)) {
            mutate_side(mirrored, seed);
            mutate_side(plain, seed);
        }
    }
}

/* A graph of its own for some calls. */
static void
check_graph(struct scene *c, struct mwt_prng *prng, struct totals *totals)
{
    static const mw_type *const types[] = { &mirror_Node_type };
    struct side mirrored = { 0 };
    struct side plain = { 0 };
    mirror_Node *copy = NULL;

    begin_side(&mirrored, NULL);
    mwt_random_graph(prng, &mirrored.graph, types, 1);
    if (mirrored.root != NULL) {
        cr_assert_eq(mirror_Node_copy_graph(&copy, mirrored.root), MW_OK);
        begin_side(&plain, copy);
        check_calls(c, prng, &mirrored, &plain, totals);
        end_side(&plain);
    }
    end_side(&mirrored);
}

Test(mirror_graph, with_mirrors_and_without)
{
    struct mwt_prng prng = mwt_prng_seeded("mirror_graph");
    const char *text = getenv("MW_CASES");
    size_t n = text != NULL ? strtoull(text, NULL, 10) : CASES;
    struct totals totals = { 0 };
    struct scene c;

    begin(&c, MW_SERVER(.threads_max = 2), 1);
    while (totals.n < n) {
        check_graph(&c, &prng, &totals);
    }
    cr_log_info("requests: %llu bytes, %llu deltas; without mirrors %llu",
        (unsigned long long) totals.sent, (unsigned long long) totals.deltas,
        (unsigned long long) totals.whole);
    cr_assert_gt(totals.deltas, n / 4);
    cr_assert_lt(totals.sent, totals.whole);
    end(&c);
}
