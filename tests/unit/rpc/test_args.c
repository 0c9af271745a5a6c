/* SPDX-License-Identifier: MIT */
/*
 * Where a call's arguments live at the server: what may change in the arena
 * that a snapshot is taken of, the rest outside of it.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "mw/memory.h"
#include "mw/node.h"
#include "mw/object.h"

#include "base/mem.h"
#include "graph_types.h"
#include "rpc/args.h"
#include "rpc/call.h"
#include "wire/message.h"

enum { TEXT_LEN = 100000 };

static const mw_param params[] = {
    { .name = "album", .type = &album_type, .dir = MW_DIR_INOUT },
    { .name = "other", .type = &album_type, .dir = MW_DIR_IN },
};

#define METHOD(its_writes)                                             \
    {                                                                  \
        .name = "sort", .target = "graph.Desk.sort", .params = params, \
        .n_params = 2, .writes = (its_writes),                         \
    }

static const mw_mask everything = { .all = true };

/* @mw::writes("album") */
static const mw_mask *const album_masks[] = { &everything, NULL };
static const mw_writes album_only = { .params = album_masks };

/* @mw::writes("Node.id") */
static const mw_mask_field id_field = { .field = 0, .mask = &everything };
static const mw_mask id_mask = { .fields = &id_field, .n = 1 };
static const mw_node_mask node_masks[] = { { &node_type, &id_mask } };
static const mw_mask *const no_masks[] = { NULL, NULL };
static const mw_writes ids_only = {
    .params = no_masks,
    .nodes = node_masks,
    .n_nodes = 1,
};

/* @mw::writes("album.first") */
static const mw_mask_field first_field = { .field = 1, .mask = &everything };
static const mw_mask first_mask = { .fields = &first_field, .n = 1 };
static const mw_mask *const first_masks[] = { &first_mask, NULL };
static const mw_writes first_only = { .params = first_masks };

static void
set_long_text(char **text)
{
    *text = mw_alloc(NULL, TEXT_LEN + 1);
    cr_assert_not_null(*text);
    memset(*text, 'x', TEXT_LEN);
}

/* Album and other have long titles, and share a node with a long name. */
static void
make_albums(album albums[2])
{
    node *shared = new_node(1, "");

    memset(albums, 0, 2 * sizeof(*albums));
    mwi_free(shared->name);
    set_long_text(&shared->name);
    for (size_t i = 0; i < 2; i++) {
        set_long_text(&albums[i].title);
        albums[i].first = shared;
    }
}

/* The call as it is when its arguments have been decoded. */
static mw_call *
decoded(const struct mwi_operation *op, size_t memory_max)
{
    struct mwi_nodes nodes = { 0 };
    struct mwi_message head;
    struct mwi_reader r;
    struct mwi_writer w;
    struct mwi_buf buf;
    album albums[2];
    const void *args[] = { &albums[0], &albums[1] };
    const struct mwi_call_limits limits = { memory_max, 64 };
    const struct mwi_call_head call_head = {
        .target = { op->method->target, strlen(op->method->target) },
        .timeout_ms = UINT64_MAX,
    };
    mw_error error = { .status = MW_OK };
    mw_call *call;

    make_albums(albums);
    mwi_buf_init(&buf, SIZE_MAX / 2);
    mwi_writer_init(&w, &buf);
    mwi_call_begin(&w, 1, &call_head);
    mwi_args_write(&w, op->method, args, &nodes, NULL);
    cr_assert(mwi_writer_ok(&w), "%s", w.error.text);
    mwi_nodes_fini(&nodes);
    free_graph(albums[0].first);
    mw_object_clear(&album_type, &albums[0]);
    mw_object_clear(&album_type, &albums[1]);
    mwi_reader_init(&r, mwi_buf_bytes(&buf), mwi_buf_len(&buf), 64);
    mwi_message_read(&r, &head);
    call = mwi_call_new(
        op, &head, mwi_buf_bytes(&buf), mwi_buf_len(&buf), NULL, &limits);
    mwi_buf_fini(&buf);
    cr_assert_not_null(call);
    cr_assert_eq(mwi_call_decode(call, &error), MW_OK, "%s", error.text);
    return call;
}

/* Bytes handed out. */
static size_t
used(const struct mwi_arena *arena)
{
    size_t n = 0;

    for (const struct mwi_arena_chunk *chunk = arena->first; chunk != NULL;
         chunk = chunk->next) {
        n += chunk->used;
    }
    return n;
}

static void
check(const mw_writes *writes, size_t texts_inout)
{
    const mw_method method = METHOD(writes);
    struct mwi_operation op = { .method = &method };
    mw_call *call;
    const album *got[2];

    cr_assert_eq(mwi_method_node_types(&op.node_types, &method), MW_OK);
    call = decoded(&op, 10 * TEXT_LEN);
    got[0] = call->args[0];
    got[1] = call->args[1];
    cr_expect_eq(strlen(got[0]->title), TEXT_LEN);
    cr_expect_eq(strlen(got[1]->title), TEXT_LEN);
    cr_expect_eq(strlen(got[0]->first->name), TEXT_LEN);
    cr_expect_eq(got[0]->first, got[1]->first);
    cr_expect_eq(used(&call->inout) / TEXT_LEN, texts_inout);
    cr_expect_eq(used(&call->arena) / TEXT_LEN, 3 - texts_inout);
    mwi_call_free(call);
    mwi_type_set_fini(&op.node_types);
}

Test(args, in_arguments_need_no_snapshot)
{
    check(NULL, 2);
}

Test(args, what_the_contract_excludes_needs_none)
{
    check(&album_only, 1);
    check(&ids_only, 0);
    check(&first_only, 0);
}

/* The two arenas round up what they take, together beyond the limit. */
Test(args, leave_no_more_than_the_limit)
{
    const mw_method method = METHOD(NULL);
    struct mwi_operation op = { .method = &method };

    cr_assert_eq(mwi_method_node_types(&op.node_types, &method), MW_OK);
    for (size_t memory_max = 302000; memory_max < 1000000; memory_max += 9000) {
        mw_call *call = decoded(&op, memory_max);

        cr_expect_null(mw_alloc(call, memory_max), "of %zu", memory_max);
        cr_expect_leq(call->arena.limit, memory_max);
        mwi_call_free(call);
    }
    mwi_type_set_fini(&op.node_types);
}

static mw_status
release_without_memory(mw_call *call, const void *ops, void *const args[])
{
    const album *it = args[0];

    (void) ops;
    mwi_mem_fail_at(1);
    mw_release(call, it->first);
    cr_assert(mwi_mem_has_failed());
    mwi_mem_fail_at(0);
    return MW_OK;
}

/* To forget what was released would be a leak at the client. */
Test(args, a_lost_release_fails_the_call)
{
    const mw_method method = METHOD(NULL);
    struct mwi_operation op = {
        .method = &method,
        .run = release_without_memory,
    };
    struct mwi_buf frame;
    mw_error outcome;
    mw_call *call;

    cr_assert_eq(mwi_method_node_types(&op.node_types, &method), MW_OK);
    call = decoded(&op, 10 * TEXT_LEN);
    mwi_buf_init(&frame, 1 << 20);
    mwi_call_execute(call, &frame, &outcome);
    cr_expect_eq(outcome.status, MW_ENOMEM);
    cr_expect_gt(mwi_buf_len(&frame), 0);
    mwi_buf_fini(&frame);
    mwi_call_free(call);
    mwi_type_set_fini(&op.node_types);
}
