/* SPDX-License-Identifier: MIT */
/*
 * What comes back of a graph, at the client: replies that are well-formed CBOR
 * and yet not what the caller's nodes can be patched with.  Each is refused
 * with a text of its own, and nothing has changed.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/memory.h"
#include "mw/node.h"
#include "mw/object.h"

#include "base/mem.h"
#include "delta/graph_stage.h"
#include "delta/patch.h"
#include "graph_types.h"
#include "hex.h"
#include "rpc/args.h"
#include "rpc/results.h"

/* void tidy(inout Node list, in Node other) */
static const mw_param params[] = {
    { .name = "list", .type = &node_ref_type, .dir = MW_DIR_INOUT },
    { .name = "other", .type = &node_ref_type, .dir = MW_DIR_IN },
};

static const mw_method tidy = {
    .name = "tidy",
    .target = "graph.Desk.tidy",
    .params = params,
    .n_params = 2,
};

/* @mw::writes("Node.name") */
static const mw_mask everything = { .all = true };
static const mw_mask_field name_field = { .field = 1, .mask = &everything };
static const mw_mask name_mask = { .fields = &name_field, .n = 1 };
static const mw_node_mask node_masks[] = { { &node_type, &name_mask } };
static const mw_mask *const param_masks[] = { NULL, NULL };
static const mw_writes name_only = {
    .params = param_masks,
    .nodes = node_masks,
    .n_nodes = 1,
};
static const mw_method rename_nodes = {
    .name = "rename",
    .target = "graph.Desk.rename",
    .params = params,
    .n_params = 2,
    .writes = &name_only,
};

/* A call that was sent: nodes 0 to 2 are the list's, 3 is other. */
struct sent {
    const mw_method *method;
    node *list;
    node *copy; /* of what list was */
    node *own[3];
    node *other;
    bool freed[3]; /* of own, by the reply */
    const void *args[2];
    struct mwi_nodes nodes;
};

static void
sent_open(struct sent *s, const mw_method *method)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    *s = (struct sent){ .method = method };
    s->list = new_list(3, false);
    s->own[0] = s->list;
    s->own[1] = s->list->next;
    s->own[2] = s->list->next->next;
    s->other = new_node(9, "other");
    s->other->next = s->own[2];
    cr_assert_eq(mw_object_copy(&node_ref_type, &s->copy, &s->list), MW_OK);
    s->args[0] = &s->list;
    s->args[1] = &s->other;
    mwi_buf_init(&buf, 10000);
    mwi_writer_init(&w, &buf);
    mwi_args_write(&w, method, s->args, &s->nodes, NULL);
    cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
    mwi_buf_fini(&buf);
}

static void
sent_close(struct sent *s)
{
    mwi_nodes_fini(&s->nodes);
    s->other->next = NULL;
    free_graph(s->other);
    free_graph(s->list);
    free_graph(s->copy);
}

/* Stage and commit results. */
static mw_status
take(struct sent *s, const uint8_t *bytes, size_t len, mw_error *reterr)
{
    struct mwi_patch patch;
    struct mwi_reader r;
    mw_status status;

    mwi_patch_init(&patch, 1 << 20);
    mwi_reader_init(&r, bytes, len, 64);
    mwi_results_stage(&r, &patch, s->method, s->args, &s->nodes);
    status = mwi_reader_finish(&r);
    *reterr = r.error;
    if (status == MW_OK) {
        status = mwi_patch_settle(
            &patch, params, s->args, s->method->n_params, reterr);
    }
    if (status < 0) {
        mwi_patch_abort(&patch);
    } else {
        for (size_t i = 0; i < 3; i++) {
            s->freed[i] = mwi_is_released(&patch.released, 0, i);
        }
        mwi_patch_commit(&patch);
    }
    return status;
}

static bool
is_untouched(const struct sent *s)
{
    return s->list == s->own[0] && s->list->next == s->own[1] &&
           s->own[1]->next == s->own[2] &&
           mw_object_equal(&node_ref_type, &s->list, &s->copy);
}

struct refused {
    const mw_method *method;
    const char *hex;
    mw_status status;
    const char *text;
};

#define NODE "6b 67726170683a3a4e6f6465"
#define TAG  "6a 67726170683a3a546167"

static const struct refused refused[] = {
    { &tidy, "81 80", MW_EPROTO,
        "graph.Desk.tidy returns 1 results and their nodes, found 1" },
    { &tidy, "82 a0 a0", MW_EINVAL, "expected array, found map" },
    { &tidy, "82 81 80 a0", MW_EPROTO, "new nodes are announced but missing" },
    /* new nodes */
    { &tidy, "82 82 81 00 80 a0", MW_EPROTO,
        "types of new nodes are an array of 1" },
    { &tidy, "82 82 82 07 01 81 80 a0", MW_EPROTO,
        "there is no type 7 of nodes" },
    { &tidy, "82 82 84 00 01 00 01 82 80 80 a0", MW_EPROTO,
        "nodes of type 0 after type 0" },
    { &tidy, "82 82 82 00 1a 7fffffff 81 80 a0", MW_EPROTO,
        "2147483647 new nodes cannot be in the message" },
    { &tidy, "82 82 82 00 1b ffffffffffffffff 81 80 a0", MW_EPROTO,
        "new nodes cannot be in the message" },
    { &tidy, "82 82 82 " NODE " 01 81 80 a0", MW_EPROTO,
        "nodes of graph::Node twice" },
    { &tidy, "82 82 82 00 02 81 80 a0", MW_EINVAL,
        "1 nodes are not as many as were announced" },
    { &tidy, "82 82 82 00 01 82 80 80 a0", MW_EINVAL,
        "1 nodes more than were announced" },
    { &tidy, "82 82 82 00 01 81 83 05 61 78 18 63 a0", MW_EINVAL,
        "graph::Node[4].next: there is no node 99 of graph::Node" },
    { &tidy, "82 82 82 00 01 81 83 05 61 78 61 78 a0", MW_EINVAL,
        "graph::Node[4].next: expected" },
    /* changed ones */
    { &tidy, "82 83 80 80 a1 01 a0 a0", MW_EPROTO,
        "there is no type 1 of nodes" },
    { &tidy, "82 83 80 80 a2 00 a0 00 a0 a0", MW_EPROTO,
        "nodes of type 0 after type 0" },
    { &tidy, "82 83 80 80 a1 00 a1 03 a1 00 07 a0", MW_EPROTO,
        "graph::Node[3]: is no node of an inout argument" },
    { &tidy, "82 83 80 80 a1 00 a1 18 64 a1 00 07 a0", MW_EPROTO,
        "graph::Node[100]: is no node of an inout argument" },
    { &tidy, "82 83 80 80 a1 00 a2 01 a1 00 07 01 a1 00 07 a0", MW_EPROTO,
        "node 1 after node 1" },
    { &tidy, "82 83 80 80 a1 00 a1 00 a1 01 05 a0", MW_EINVAL,
        "graph::Node[0].name: expected text, found unsigned integer" },
    { &tidy, "82 83 80 80 a1 00 a1 00 a1 01 a1 00 81 83 18 32 01 60 a0",
        MW_EPROTO, "graph::Node[0].name: splice at 50 removes 1 of 1" },
    { &tidy, "82 83 80 80 a1 00 a1 01 a1 02 18 4d a0", MW_EINVAL,
        "graph::Node[1].next: there is no node 77 of graph::Node" },
    { &tidy, "82 83 80 80 a1 00 a1 01 a1 02 20 a0", MW_EINVAL,
        "graph::Node[1].next: expected" },
    { &tidy, "82 83 80 80 a1 00 a1 01 a1 02 a1 00 00 a0", MW_EPROTO,
        "graph::Node[1].next: " },
    { &tidy, "82 83 80 80 a1 00 a1 01 a1 03 a1 00 81 83 05 00 81 00 a0",
        MW_EPROTO, "graph::Node[1].edges: splice at 5 removes 0 of 0" },
    { &tidy, "82 83 80 80 a1 00 a1 01 a1 04 00 a0", MW_EINVAL,
        "graph::Node[1].mark: there is no node 0 of graph::Tag" },
    /* the argument itself */
    { &tidy, "82 80 18 63", MW_EINVAL, "list: there is no node 99" },
    { &tidy, "82 80 a1 00 01", MW_EPROTO, "list: " },
    { &tidy, "82 80 61 78", MW_EINVAL, "list: expected" },
    /* released ones */
    { &tidy, "82 84 80 80 a1 00 a1 01 a1 02 f6 a1 00 82 02 02 a0", MW_EPROTO,
        "graph::Node[2] was released twice" },
    { &tidy, "82 84 80 80 a0 a1 00 81 03 a0", MW_EPROTO,
        "graph::Node[3] was released, but is no node of an inout argument" },
    { &tidy, "82 84 80 80 a0 a1 00 81 1b ffffffffffffffff a0", MW_EPROTO,
        "graph::Node[18446744073709551615] was released, but is no node" },
    { &tidy, "82 84 80 80 a0 a1 05 81 00 a0", MW_EPROTO,
        "there is no type 5 of nodes" },
    { &tidy, "82 84 80 80 a0 a1 00 81 00 a0", MW_EPROTO,
        "graph::Node[0] was released, but list still refers to it" },
    { &tidy, "82 84 80 80 a0 a1 00 81 01 a0", MW_EPROTO,
        "graph::Node[1] was released, but graph::Node[0] still refers to it" },
    /* by an argument that may not change */
    { &tidy, "82 84 80 80 a1 00 a1 01 a1 02 f6 a1 00 81 02 a0", MW_EPROTO,
        "graph::Node[2] was released, but graph::Node[3] still refers to it" },
    /* by a node that is new */
    { &tidy,
        "82 84 82 00 01 81 83 05 61 78 01 a1 00 a1 00 a1 02 04 a1 00 81 01 a0",
        MW_EPROTO,
        "graph::Node[1] was released, but graph::Node[4] still refers to it" },
    /* the contract */
    { &rename_nodes, "82 83 80 80 a1 00 a1 00 a1 00 07 a0", MW_ECONTRACT,
        "graph::Node[0].id: may not be changed by this operation" },
    { &rename_nodes, "82 83 80 80 a1 00 a1 00 a1 02 f6 a0", MW_ECONTRACT,
        "graph::Node[0].next: may not be changed by this operation" },
    { &rename_nodes, "82 83 80 80 a1 00 a1 00 83 07 61 78 01 a0", MW_ECONTRACT,
        "graph::Node[0].id: may not be changed by this operation" },
    { &rename_nodes, "82 80 01", MW_ECONTRACT,
        "list: may not be changed by this operation" },
    { &rename_nodes, "82 84 80 80 a0 a1 00 81 01 a0", MW_ECONTRACT,
        "graph::Node[1] may not be released by this operation" },
};

Test(results, refused)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct hex hex = unhex(refused[i].hex);
        struct sent s;
        mw_error error;

        sent_open(&s, refused[i].method);
        cr_expect_eq(take(&s, hex.bytes, hex.len, &error), refused[i].status,
            "%s: %s %s", refused[i].hex, mw_status_name(error.status),
            error.text);
        cr_expect_not_null(strstr(error.text, refused[i].text),
            "%s: %s, not %s", refused[i].hex, error.text, refused[i].text);
        cr_expect(is_untouched(&s), "%s", refused[i].hex);
        sent_close(&s);
        free(hex.bytes);
    }
}

/* What a later version may add is skipped: parts of the nodes, a valuetype. */
Test(results, from_the_future)
{
    static const char *const hexes[] = {
        "82 85 80 80 a0 a0 81 61 78 a0",
        "82 82 82 66 667574757265 02 82 81 01 a0 a0",
        "82 83 80 80 a1 00 a1 00 a1 18 63 07 a0",
    };

    for (size_t i = 0; i < sizeof(hexes) / sizeof(*hexes); i++) {
        struct hex hex = unhex(hexes[i]);
        struct sent s;
        mw_error error;

        sent_open(&s, &tidy);
        cr_expect_eq(take(&s, hex.bytes, hex.len, &error), MW_OK, "%s: %s",
            hexes[i], error.text);
        cr_expect(is_untouched(&s));
        sent_close(&s);
        free(hex.bytes);
    }
}

/* New nodes that nothing refers to are not kept: on their own, in a ring, and
 * where only a node that is not kept refers to another. */
Test(results, lost_nodes)
{
    static const char *const hexes[] = {
        "82 82 82 00 01 81 80 a0",
        "82 82 82 00 02 82 83 05 61 78 05 83 06 61 79 04 a0",
        "82 82 82 00 03 83 80 83 05 61 78 06 83 06 61 79 05 a0",
        "82 82 84 00 01 " TAG " 01 82 85 05 61 78 f6 80 00 82 01 04 a0",
    };

    for (size_t i = 0; i < sizeof(hexes) / sizeof(*hexes); i++) {
        struct hex hex = unhex(hexes[i]);
        struct sent s;
        mw_error error;

        sent_open(&s, &tidy);
        cr_expect_eq(take(&s, hex.bytes, hex.len, &error), MW_OK, "%s: %s",
            hexes[i], error.text);
        cr_expect(is_untouched(&s));
        sent_close(&s);
        free(hex.bytes);
    }
}

/* Two new nodes before the list, its second released: {0: {0: {2: 2, 3: [4]},
 * with the argument the first new one. */
static const char valid_hex[] =
    "82 84 82 00 02 82 83 05 61 78 05 85 06 61 79 00 80 f6"
    "a1 00 a1 00 a2 02 02 03 81 04 a1 00 81 01 04";

static void
check_valid(const struct sent *s)
{
    node *added = s->list;

    cr_assert_neq(added, s->own[0]);
    cr_expect_eq(added->id, 5);
    cr_expect_eq(added->next->id, 6);
    cr_expect_eq(added->next->next, s->own[0]);
    cr_expect_eq(s->own[0]->next, s->own[2]);
    cr_assert_eq(s->own[0]->edges.len, 1);
    cr_expect_eq(s->own[0]->edges.items[0], added);
}

Test(results, applied)
{
    struct hex hex = unhex(valid_hex);
    struct sent s;
    mw_error error;

    sent_open(&s, &tidy);
    cr_assert_eq(take(&s, hex.bytes, hex.len, &error), MW_OK, "%s", error.text);
    cr_expect_null(s.nodes.tables[0].linked, "it was the patch's");
    check_valid(&s);
    sent_close(&s);
    free(hex.bytes);
}

/* Free what is still there, whoever refers to it: the list, the caller's own
 * nodes. */
static void
free_rest(struct sent *s)
{
    album rest = { .first = s->list };
    node **at = mw_seq_insert(NULL, &seq_node_type, &rest.all, 0, 4);

    cr_assert_not_null(at);
    at[3] = s->other;
    for (size_t i = 0; i < 3; i++) {
        at[i] = s->freed[i] ? NULL : s->own[i];
    }
    mwi_nodes_fini(&s->nodes);
    cr_expect_eq(mw_graph_clear(&album_type, &rest), MW_OK);
    free_graph(s->copy);
}

/* With each byte changed and at each length: untouched, or a valid graph. */
Test(results, truncated_and_corrupted)
{
    struct hex hex = unhex(valid_hex);

    for (size_t cut = 0; cut < hex.len; cut++) {
        struct sent s;
        mw_error error;

        sent_open(&s, &tidy);
        cr_expect_lt(take(&s, hex.bytes, cut, &error), 0);
        cr_expect(is_untouched(&s), "cut at %zu", cut);
        sent_close(&s);
    }
    for (size_t at = 0; at < hex.len; at++) {
        for (unsigned change = 1; change < 256; change++) {
            struct sent s;
            mw_error error;

            sent_open(&s, &tidy);
            hex.bytes[at] ^= (uint8_t) change;
            if (take(&s, hex.bytes, hex.len, &error) < 0) {
                cr_expect(is_untouched(&s), "byte %zu, bits %x", at, change);
                sent_close(&s);
            } else {
                free_rest(&s);
            }
            hex.bytes[at] ^= (uint8_t) change;
        }
    }
    free(hex.bytes);
}

Test(results, out_of_memory)
{
    struct hex hex = unhex(valid_hex);
    bool done = false;

    for (uint64_t n = 1; !done; n++) {
        struct sent s;
        mw_error error;
        mw_status status;

        sent_open(&s, &tidy);
        mwi_mem_fail_at(n);
        status = take(&s, hex.bytes, hex.len, &error);
        done = !mwi_mem_has_failed();
        mwi_mem_fail_at(0);
        cr_assert_eq(status, done ? MW_OK : MW_ENOMEM, "%s", error.text);
        if (done) {
            check_valid(&s);
        } else {
            cr_expect(is_untouched(&s));
        }
        sent_close(&s);
    }
    free(hex.bytes);
}
