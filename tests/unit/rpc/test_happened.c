/* SPDX-License-Identifier: MIT */
/*
 * The results of calls that get a list, byte by byte: the table in
 * docs/delta.md section 3.  What is sent is applied, too.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "mw/memory.h"
#include "mw/node.h"
#include "mw/object.h"

#include "base/mem.h"
#include "codec/graph.h"
#include "delta/graph_stage.h"
#include "hex.h"
#include "rpc/args.h"
#include "rpc/call.h"
#include "rpc/results.h"
#include "wire/frame.h"
#include "wire/message.h"

typedef struct node node;

/* valuetype Node */
struct node {
    uint64_t id;
    char *name;
    node *next;
};

static const mw_type node_type;

static const mw_type node_ref_type = {
    .name = "graph::Node",
    .kind = MW_KIND_REF,
    .flags = MW_TYPE_FLAT | MW_TYPE_REFS,
    .size = sizeof(node *),
    .align = _Alignof(node *),
    .elem = &node_type,
};

static const mw_field node_fields[] = {
    { .name = "id",
        .type = &mw_type_u64,
        .id = 0,
        .offset = offsetof(node, id) },
    { .name = "name",
        .type = &mw_type_string,
        .id = 1,
        .offset = offsetof(node, name) },
    { .name = "next",
        .type = &node_ref_type,
        .id = 2,
        .offset = offsetof(node, next) },
};

static const mw_type node_type = {
    .name = "graph::Node",
    .kind = MW_KIND_STRUCT,
    .flags = MW_TYPE_REFS | MW_TYPE_NODE,
    .size = sizeof(node),
    .align = _Alignof(node),
    .n_members = 3,
    .fields = node_fields,
};

static const mw_param params[] = {
    { .name = "list", .type = &node_ref_type, .dir = MW_DIR_INOUT },
};

static const mw_method tidy = {
    .name = "tidy",
    .target = "graph.Desk.tidy",
    .params = params,
    .n_params = 1,
};

/* Handlers. */

typedef mw_status (*handler)(mw_call *call, node **list);

static node *
add(mw_call *call, uint64_t id, const char *name, node *next)
{
    node *made = mw_node_new(call, &node_type);

    cr_assert_not_null(made);
    made->id = id;
    made->next = next;
    cr_assert_eq(mw_set_string(call, &made->name, name), MW_OK);
    return made;
}

static mw_status
nothing(mw_call *call, node **list)
{
    (void) call;
    (void) list;
    return MW_OK;
}

static mw_status
renames(mw_call *call, node **list)
{
    return mw_set_string(call, &(*list)->next->name, "b");
}

static mw_status
reverses(mw_call *call, node **list)
{
    node *done = NULL;

    (void) call;
    for (node *at = *list; at != NULL;) {
        node *next = at->next;

        at->next = done;
        done = at;
        at = next;
    }
    *list = done;
    return MW_OK;
}

static mw_status
makes_a_ring(mw_call *call, node **list)
{
    (void) call;
    (*list)->next->next->next = *list;
    return MW_OK;
}

static mw_status
puts_in_front(mw_call *call, node **list)
{
    *list = add(call, 9, "new", *list);
    return MW_OK;
}

static mw_status
unlinks(mw_call *call, node **list)
{
    (void) call;
    (*list)->next = (*list)->next->next;
    return MW_OK;
}

static mw_status
releases(mw_call *call, node **list)
{
    node *dead = (*list)->next;

    (*list)->next = dead->next;
    mw_release(call, dead);
    return MW_OK;
}

/* The node that clings to it can only be found from one that has changed. */
static mw_status
releases_what_is_linked(mw_call *call, node **list)
{
    node *dead = (*list)->next;

    (*list)->next = add(call, 9, "new", dead);
    mw_release(call, dead);
    return MW_OK;
}

static mw_status
returns_another(mw_call *call, node **list)
{
    *list = add(call, 7, "x", add(call, 8, "y", NULL));
    return MW_OK;
}

/* ops is the handler's address. */
static mw_status
run(mw_call *call, const void *ops, void *const args[])
{
    return (*(const handler *) ops)(call, (node **) args[0]);
}

/* A whole call without a connection: request, handler, reply.  Returns the
 * reply's message. */
static struct mwi_buf
call_handler(handler does, const void *const *args, struct mwi_nodes *nodes,
    mw_error *reterr)
{
    struct mwi_operation op = { .method = &tidy, .run = run, .ops = &does };
    const struct mwi_call_limits limits = { 1 << 20, 64 };
    const struct mwi_call_head call_head = {
        .target = { tidy.target, strlen(tidy.target) },
        .timeout_ms = UINT64_MAX,
    };
    struct mwi_message head;
    struct mwi_reader r;
    struct mwi_writer w;
    struct mwi_buf buf;
    struct mwi_buf frame;
    mw_call *call;

    *reterr = (mw_error){ .status = MW_OK };
    cr_assert_eq(mwi_method_node_types(&op.node_types, &tidy), MW_OK);
    mwi_buf_init(&buf, SIZE_MAX / 2);
    mwi_writer_init(&w, &buf);
    mwi_call_begin(&w, 1, &call_head);
    mwi_args_write(&w, &tidy, args, nodes, NULL);
    cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
    mwi_reader_init(&r, mwi_buf_bytes(&buf), mwi_buf_len(&buf), 64);
    mwi_message_read(&r, &head);
    call = mwi_call_new(
        &op, &head, mwi_buf_bytes(&buf), mwi_buf_len(&buf), NULL, &limits);
    cr_assert_not_null(call);
    mwi_buf_init(&frame, 1 << 20);
    mwi_call_execute(call, &frame, reterr);
    mwi_call_free(call);
    mwi_buf_fini(&buf);
    mwi_type_set_fini(&op.node_types);
    return frame;
}

static void
check(handler does, const char *results_hex, uint64_t n_released)
{
    node *list = add(NULL, 0, "a", add(NULL, 1, "m", add(NULL, 2, "z", NULL)));
    node *own[3] = { list, list->next, list->next->next };
    const void *args[] = { &list };
    struct hex expected = unhex(results_hex);
    struct mwi_nodes nodes = { 0 };
    mw_error error;
    struct mwi_buf frame = call_handler(does, args, &nodes, &error);
    struct mwi_message head;
    struct mwi_patch patch;
    struct mwi_reader r;

    cr_assert_eq(error.status, MW_OK, "%s", error.text);
    /* A byte of frame head, then [3, 1, results]. */
    mwi_reader_init(&r, mwi_buf_bytes(&frame) + 1, mwi_buf_len(&frame) - 1, 64);
    mwi_message_read(&r, &head);
    cr_assert_eq(head.kind, MWI_REPLY, "%s", r.error.text);
    cr_assert_eq(mwi_reader_left(&r), expected.len, "%s: %zu bytes",
        results_hex, mwi_reader_left(&r));
    cr_assert_eq(
        memcmp(r.at, expected.bytes, expected.len), 0, "%s", results_hex);
    mwi_patch_init(&patch, 1 << 20);
    mwi_results_stage(&r, &patch, &tidy, args, &nodes);
    cr_assert_eq(mwi_message_finish(&r, &head), MW_OK, "%s", r.error.text);
    cr_assert_eq(mwi_patch_settle(&patch, params, args, 1, &error), MW_OK);
    cr_expect_eq(patch.stats.nodes_released, n_released);
    mwi_patch_commit(&patch);
    mwi_nodes_fini(&nodes);
    if (n_released > 0) {
        own[1] = NULL;
    }
    /* One after the other, whatever they refer to by now. */
    for (node *at = list;
         at != NULL && at != own[0] && at != own[1] && at != own[2];) {
        node *next = at->next;

        mw_node_free(&node_type, at);
        at = next;
    }
    for (size_t i = 0; i < 3; i++) {
        mw_node_free(&node_type, own[i]);
    }
    mwi_buf_fini(&frame);
    free(expected.bytes);
}

Test(happened, nothing)
{
    check(nothing, "82 80 a0", 0);
}

Test(happened, a_node_changed)
{
    check(renames, "82 83 80 80 a1 00 a1 01 a1 01 6162 a0", 0);
}

Test(happened, links_changed)
{
    check(reverses,
        "82 83 80 80 a1 00 a3 00 a1 02 f6 01 a1 02 00 02 a1 02 01 02", 0);
    check(makes_a_ring, "82 83 80 80 a1 00 a1 02 a1 02 00 a0", 0);
}

Test(happened, new_nodes)
{
    check(puts_in_front, "82 82 82 00 01 81 83 09 63 6e6577 00 03", 0);
    check(returns_another, "82 82 82 00 02 82 83 07 61 78 04 83 08 61 79 f6 03",
        0);
}

Test(happened, unlinked_and_released)
{
    check(unlinks, "82 83 80 80 a1 00 a1 00 a1 02 02 a0", 0);
    check(releases, "82 84 80 80 a1 00 a1 00 a1 02 02 a1 00 81 01 a0", 1);
}

Test(happened, released_but_linked)
{
    node *list = add(NULL, 0, "a", add(NULL, 1, "m", NULL));
    const void *args[] = { &list };
    struct mwi_nodes nodes = { 0 };
    mw_error error;
    struct mwi_buf frame =
        call_handler(releases_what_is_linked, args, &nodes, &error);

    cr_expect_eq(error.status, MW_EINTERNAL);
    cr_expect_str_eq(error.text,
        "in the results: graph::Node[1] was released, but graph::Node[2] "
        "still refers to it");
    mwi_buf_fini(&frame);
    mwi_nodes_fini(&nodes);
    cr_assert_eq(mw_graph_clear(&node_ref_type, &list), MW_OK);
}
