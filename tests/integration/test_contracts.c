/* SPDX-License-Identifier: MIT */
/*
 * Write contracts, from end to end: whatever a handler does, what its contract
 * does not name stays as it was, and what it names arrives.
 *
 * MW_SEED sets the seed, MW_CASES the number of cases of each operation.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/kinds_case.h"
#include "lib/value.h"

enum { CASES = 300 };

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

TestSuite(contracts, .init = open_server, .fini = close_server);

/* ---- what a mask means, told once more ---- */

/* Objects before the call, as the handler has left its own, and after the
 * call.  Listed are the nodes that were there before, with the same numbers;
 * then new ones, as they are met. */
struct triple {
    struct mwt_graph before;
    struct mwt_graph local;
    struct mwt_graph after;
    size_t n_known;
};

struct values {
    const void *before;
    const void *local;
    const void *after;
};

static bool
as_before(void *user, const mw_type *ref, void *a, void *b)
{
    const struct triple *t = user;
    size_t at_a;
    size_t at_b;

    (void) ref;
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return mwt_graph_find(&t->before, a, &at_a) &&
           mwt_graph_find(&t->after, b, &at_b) && at_a == at_b;
}

static bool
as_local(void *user, const mw_type *ref, void *a, void *b)
{
    struct triple *t = user;
    size_t at_a;
    size_t at_b;
    bool has_a;
    bool has_b;

    if (a == NULL || b == NULL) {
        return a == b;
    }
    has_a = mwt_graph_find(&t->local, a, &at_a);
    has_b = mwt_graph_find(&t->after, b, &at_b);
    if (!has_a && !has_b) {
        at_a = mwt_graph_add(&t->local, ref->elem, a);
        at_b = mwt_graph_add(&t->after, ref->elem, b);
    }
    return has_a == has_b && at_a == at_b;
}

static struct values
members(const mw_field *field, struct values v)
{
    return (struct values){ (const char *) v.before + field->offset,
        (const char *) v.local + field->offset,
        (const char *) v.after + field->offset };
}

static const mw_mask *
part_of(const mw_mask *mask, uint32_t field)
{
    for (uint32_t i = 0; i < mask->n; i++) {
        if (mask->fields[i].field == field) {
            return mask->fields[i].mask;
        }
    }
    return NULL;
}

static bool check_value(struct triple *t, const mw_type *type,
    const mw_mask *mask, struct values v);

static bool
check_struct(
    struct triple *t, const mw_type *type, const mw_mask *mask, struct values v)
{
    for (uint32_t i = 0; i < type->n_members; i++) {
        const mw_field *field = &type->fields[i];
        const mw_mask *part = part_of(mask, i);
        const void *from = part != NULL && part->all ? v.local : v.before;
        bool is_part =
            part != NULL && (part->all || mwt_is_present(field, v.before) ==
                                              mwt_is_present(field, v.local));

        if (mwt_is_present(field, v.after) != mwt_is_present(field, from)) {
            return false;
        }
        if (mwt_is_present(field, v.after) &&
            !check_value(
                t, field->type, is_part ? part : NULL, members(field, v))) {
            return false;
        }
    }
    return true;
}

/* Elements without a key, or whose key the contract does not name: at their
 * positions. */
static bool
check_items(
    struct triple *t, const mw_type *type, const mw_mask *mask, struct values v)
{
    struct mwi_items before = mwt_items(type, v.before);
    struct mwi_items local = mwt_items(type, v.local);
    struct mwi_items after = mwt_items(type, v.after);
    const mw_field *key = &type->elem->fields[0];
    bool has_key = (key->flags & MW_FIELD_KEY) != 0;
    bool ok = after.len == before.len;

    for (size_t i = 0; ok && i < before.len; i++) {
        size_t at = i * type->elem->size;
        bool is_there = has_key ? i < local.len &&
                                      mwt_compare(key->type,
                                          mwi_field_at(key, before.at + at),
                                          mwi_field_at(key, local.at + at)) == 0
                                : local.len == before.len;

        ok = check_value(t, type->elem, is_there ? mask : NULL,
            (struct values){ before.at + at,
                is_there ? local.at + at : before.at + at, after.at + at });
    }
    return ok;
}

static bool
check_union(
    struct triple *t, const mw_type *type, const mw_mask *mask, struct values v)
{
    const mw_field *arm = mwt_arm(type, v.before);
    bool is_same = mwt_load_integer(type->elem, v.before) ==
                   mwt_load_integer(type->elem, v.local);

    if (mwt_load_integer(type->elem, v.after) !=
        mwt_load_integer(type->elem, v.before)) {
        return false;
    }
    return arm == NULL ||
           check_value(t, arm->type,
               is_same ? part_of(mask, (uint32_t) (arm - type->fields)) : NULL,
               members(arm, v));
}

static bool
check_box(
    struct triple *t, const mw_type *type, const mw_mask *mask, struct values v)
{
    struct values inner = { mwt_load_pointer(v.before),
        mwt_load_pointer(v.local), mwt_load_pointer(v.after) };

    if (inner.before == NULL || inner.after == NULL) {
        return inner.before == inner.after;
    }
    if (inner.local == NULL) {
        return mwt_same_value(
            type->elem, inner.before, inner.after, as_before, t);
    }
    return check_value(t, type->elem, mask, inner);
}

/* Whether the call made of a value what it may: of all that the mask names what
 * the handler made of it, of all else nothing. */
static bool
check_value(
    struct triple *t, const mw_type *type, const mw_mask *mask, struct values v)
{
    if (mask == NULL) {
        return mwt_same_value(type, v.before, v.after, as_before, t);
    }
    if (mask->all) {
        return mwt_same_value(type, v.local, v.after, as_local, t);
    }
    switch (type->kind) {
    case MW_KIND_STRUCT:
        return check_struct(t, type, mask, v);
    case MW_KIND_SEQ:
        return check_items(t, type, mask, v);
    case MW_KIND_UNION:
        return check_union(t, type, mask, v);
    case MW_KIND_BOX:
        return check_box(t, type, mask, v);
    default:
        cr_assert_fail(
            "no contract of these tests leads through %s", type->name);
        return false;
    }
}

/* ---- random handlers ---- */

static const mw_writes *
writes_of(const char *name)
{
    for (uint32_t i = 0; i < graph_Surgery_interface.n_methods; i++) {
        const mw_method *method = &graph_Surgery_interface.methods[i];

        if (strcmp(method->name, name) == 0) {
            return method->writes;
        }
    }
    return NULL;
}

static const mw_mask *
node_mask(const mw_writes *writes, const mw_type *type)
{
    for (uint32_t i = 0; i < writes->n_nodes; i++) {
        if (writes->nodes[i].type == type) {
            return writes->nodes[i].mask;
        }
    }
    return NULL;
}

static bool
check_triple(struct triple *t, const mw_writes *writes)
{
    const mw_type *type = t->before.roots[0].type;
    bool ok = check_value(t, type, writes->params[0],
        (struct values){ t->before.roots[0].at, t->local.roots[0].at,
            t->after.roots[0].at });

    for (size_t i = 0; ok && i < t->n_known; i++) {
        type = t->before.nodes[i].type;
        ok = check_value(t, type, node_mask(writes, type),
            (struct values){ t->before.nodes[i].at, t->local.nodes[i].at,
                t->after.nodes[i].at });
    }
    /* New nodes are under no contract. */
    for (size_t i = t->n_known; ok && i < t->after.n_nodes; i++) {
        type = t->after.nodes[i].type;
        ok = type == t->local.nodes[i].type &&
             mwt_same_value(
                 type, t->local.nodes[i].at, t->after.nodes[i].at, as_local, t);
    }
    return ok;
}

/* A list of a graph's root and its first n nodes. */
static struct mwt_graph
list_known(const struct mwt_graph *graph, size_t n)
{
    struct mwt_graph list;

    mwt_graph_init(&list);
    mwt_graph_add_root(&list, graph->roots[0].type, graph->roots[0].at);
    for (size_t i = 0; i < n; i++) {
        (void) mwt_graph_add(&list, graph->nodes[i].type, graph->nodes[i].at);
    }
    return list;
}

static bool
keeps_contract(const struct kinds_case *c, const struct mwt_graph *local,
    const struct mwt_graph *objects)
{
    size_t n = c->caller.n_nodes;
    struct triple t = { list_known(&c->caller, n), list_known(local, n),
        list_known(objects, n), n };
    bool ok = check_triple(&t, writes_of(c->op->name));

    mwt_graph_fini(&t.before);
    mwt_graph_fini(&t.local);
    mwt_graph_fini(&t.after);
    return ok;
}

/* As whole values all comes back, and may be refused as a whole. */
static mw_status
check_call(const struct kinds_case *c, const struct mwt_graph *local, bool full)
{
    struct mwt_graph objects = kinds_objects(c);
    unsigned long long seed = c->seed;
    mw_ctx ctx = MW_CTX(.timeout_ms = 60000, .full_values = full);
    mw_status status = kinds_call(c, s.client, &ctx, &objects);
    size_t where;

    if (full && status == MW_ECONTRACT) {
        cr_assert(
            mwt_graph_same(&objects, &c->caller, c->caller.n_nodes, &where),
            "%s %llu", c->op->name, seed);
        cr_expect_not_null(
            strstr(mw_ctx_error(&ctx), "may not be"), "%s", ctx.error.text);
    } else {
        cr_assert_eq(status, MW_OK, "%s %llu: %s", c->op->name, seed,
            mw_ctx_error(&ctx));
        cr_assert(keeps_contract(c, local, &objects), "%s %llu, %s",
            c->op->name, seed, full ? "whole values" : "delta");
    }
    kinds_free(&objects);
    return status;
}

static void
check_op(const char *name)
{
    struct mwt_prng prng = mwt_prng_seeded(name);
    const char *text = getenv("MW_CASES");
    size_t n = text != NULL ? strtoull(text, NULL, 10) : CASES;
    size_t n_refused = 0;

    for (size_t i = 0; i < n; i++) {
        struct kinds_case c;
        struct mwt_graph local;

        kinds_open(&c, kinds_op(name), &prng);
        local = kinds_objects(&c);
        kinds_mutate(&c, &local);
        /* Under these contracts nothing is released. */
        for (size_t k = 0; k < local.n_nodes; k++) {
            local.nodes[k].is_released = false;
        }
        (void) check_call(&c, &local, false);
        n_refused += check_call(&c, &local, true) < 0;
        kinds_free(&local);
        kinds_close(&c);
    }
    cr_log_info("%s: %zu of %zu whole replies refused", name, n_refused, n);
    cr_expect_gt(n_refused, n / 4);
    cr_expect_lt(n_refused, n);
}

Test(contracts, partial)
{
    check_op("partial");
}

Test(contracts, deep)
{
    check_op("deep");
}

Test(contracts, look)
{
    check_op("look");
}

Test(contracts, relink)
{
    check_op("relink");
}

/* ---- told in so many words ---- */

/* What is not named cannot be released either. */
Test(contracts, release)
{
    graph_Node *node = mwt_make(NULL, 1, false);
    graph_Node_seq roots = { .items = &node, .len = 1, .cap = 1 };
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_not_null(node);
    cr_expect_eq(
        graph_Surgery_relink(s.client, &ctx, &roots, "release"), MW_ECONTRACT);
    cr_expect_not_null(strstr(mw_ctx_error(&ctx),
                           "graph::Node[0] may not be released by this"),
        "%s", mw_ctx_error(&ctx));
    cr_expect_eq(roots.len, 1);
    graph_Node_free(node);
}

/* Lines have a key, which the contract does not name: a line whose place is
 * taken by another one keeps what it has. */
Test(contracts, keys_at_their_places)
{
    graph_Doc doc;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(graph_Doc_init(&doc), MW_OK);
    for (uint32_t i = 0; i < 4; i++) {
        graph_Line *line = graph_Line_seq_add(NULL, &doc.lines);

        cr_assert_not_null(line);
        line->number = i;
        line->quantity = 10 * (i + 1);
    }
    cr_assert_eq(graph_Surgery_partial(s.client, &ctx, &doc, "swapped"), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_expect_str_eq(doc.title, "swapped");
    cr_assert_eq(doc.lines.len, 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(doc.lines.items[i].number, i);
        cr_expect_eq(doc.lines.items[i].quantity,
            10 * (i + 1) + (i == 1 || i == 2 ? 0 : 1), "%u", i);
    }
    graph_Doc_clear(&doc);
}
