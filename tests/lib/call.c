/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "delta/diff.h"
#include "delta/graph_diff.h"
#include "delta/graph_stage.h"

enum { MEMORY_MAX = 1 << 30, DEPTH_MAX = 64 + MWI_DELTA_DEPTH_EXTRA };

static void
must(bool truth, const char *what)
{
    if (!truth) {
        (void) fprintf(stderr, "cannot go on: %s\n", what);
        abort();
    }
}

void
mwt_call_open(struct mwt_call *call, const mw_type *type, void *client)
{
    *call = (struct mwt_call){ .client = client };
    call->param =
        (mw_param){ .name = "graph", .type = type, .dir = MW_DIR_INOUT };
    must(mwi_type_set_add(&call->types, type) == MW_OK, "out of memory");
    call->client_nodes.trust_unique = true;
    mwi_arena_init(&call->inout, MEMORY_MAX);
    mwi_arena_init(&call->other, MEMORY_MAX);
}

static void
writer_open(struct mwi_writer *w, struct mwi_buf *buf, struct mwi_nodes *nodes)
{
    mwi_buf_init(buf, MEMORY_MAX);
    mwi_writer_init(w, buf);
    w->nodes = nodes;
}

void
mwt_call_write_request(struct mwt_call *call)
{
    struct mwi_graph graph;
    struct mwi_buf buf;
    struct mwi_writer own;
    struct mwi_writer w;

    mwi_graph_init(&graph, &call->client_nodes);
    writer_open(&own, &buf, &call->client_nodes);
    writer_open(&w, &call->request, &call->client_nodes);
    mwi_encode(&own, call->param.type, call->client);
    mwi_graph_drain(&graph, &own);
    must(mwi_writer_ok(&own), own.error.text);
    mwi_graph_end_inout(&graph);
    mwi_write_array(&w, 2);
    mwi_graph_write(&graph, &w);
    mwi_write_raw(&w, mwi_buf_bytes(&buf), mwi_buf_len(&buf));
    must(mwi_writer_ok(&w), w.error.text);
    mwi_nodes_end_request(&call->client_nodes);
    mwi_graph_fini(&graph);
    mwi_buf_fini(&buf);
}

void
mwt_call_read_request(struct mwt_call *call)
{
    const mw_type *type = call->param.type;
    struct mwi_place place = { .arena = &call->inout, .budget = MEMORY_MAX };
    struct mwi_reader r;

    mwi_reader_init(&r, mwi_buf_bytes(&call->request),
        mwi_buf_len(&call->request), DEPTH_MAX);
    (void) mwi_read_array(&r);
    call->server = mwi_place_alloc(&place, 1, type->size, type->align);
    must(call->server != NULL, "out of memory");
    mwi_graph_read(&r, &place, &call->types, &call->server_nodes);
    mwi_nodes_end_request(&call->server_nodes);
    mwi_decode(&r, &place, type, call->server);
    mwi_leave(&r);
    must(mwi_reader_finish(&r) == MW_OK, r.error.text);
}

void
mwt_call_take_snapshot(struct mwt_call *call)
{
    must(mwi_snapshot_take(&call->snapshot, &call->inout) == MW_OK,
        "out of memory");
}

void *
mwt_call_alloc(struct mwt_call *call, size_t size)
{
    void *block = mwi_arena_alloc(&call->other, 1, size, alignof(max_align_t));

    must(block != NULL, "out of memory");
    return block;
}

void
mwt_call_write_reply(struct mwt_call *call)
{
    struct mwi_graph_diff diff = {
        .nodes = &call->server_nodes,
        .snapshot = &call->snapshot,
        .released = call->released,
        .n_released = call->n_released,
        .params = &call->param,
        .args = &call->server,
        .n_params = 1,
    };
    struct mwi_buf buf;
    struct mwi_writer own;
    struct mwi_writer w;

    writer_open(&own, &buf, &call->server_nodes);
    writer_open(&w, &call->reply, &call->server_nodes);
    mwi_write_array(&w, 2);
    mwi_diff(&own, call->param.type, &mwi_mask_all, &call->snapshot,
        mwi_snapshot_of(&call->snapshot, call->server), call->server);
    must(mwi_writer_ok(&own), own.error.text);
    mwi_graph_diff(&w, &diff);
    mwi_write_raw(&w, mwi_buf_bytes(&buf), mwi_buf_len(&buf));
    must(mwi_writer_ok(&w), w.error.text);
    mwi_buf_fini(&buf);
}

void
mwt_call_stage(struct mwt_call *call)
{
    const void *args[] = { call->client };
    struct mwi_reader r;
    mw_error error;

    mwi_patch_init(&call->patch, MEMORY_MAX);
    mwi_reader_init(
        &r, mwi_buf_bytes(&call->reply), mwi_buf_len(&call->reply), DEPTH_MAX);
    (void) mwi_read_array(&r);
    mwi_patch_stage_nodes(
        &call->patch, &r, &call->client_nodes, &call->types, NULL);
    mwi_patch_stage(
        &call->patch, &r, call->param.type, &mwi_mask_all, call->client);
    mwi_leave(&r);
    must(mwi_reader_finish(&r) == MW_OK, r.error.text);
    must(mwi_patch_settle(&call->patch, &call->param, args, 1, &error) == MW_OK,
        error.text);
}

void
mwt_call_commit(struct mwt_call *call)
{
    mwi_patch_commit(&call->patch);
}

void
mwt_call_close(struct mwt_call *call)
{
    mwi_buf_fini(&call->request);
    mwi_buf_fini(&call->reply);
    mwi_snapshot_fini(&call->snapshot);
    mwi_nodes_fini(&call->client_nodes);
    mwi_nodes_fini(&call->server_nodes);
    mwi_type_set_fini(&call->types);
    mwi_arena_fini(&call->inout);
    mwi_arena_fini(&call->other);
    free(call->released);
}
