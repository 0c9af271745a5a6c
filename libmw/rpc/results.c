/* SPDX-License-Identifier: MIT */
#include "rpc/results.h"

#include "delta/base.h"
#include "delta/diff.h"
#include "delta/graph_diff.h"
#include "delta/graph_stage.h"
#include "rpc/args.h"
#include "wire/message.h"

const mw_mask *
mwi_result_mask(const mw_method *method, size_t i)
{
    return method->writes == NULL ? &mwi_mask_all : method->writes->params[i];
}

/* The server. */

static void
write_result(
    struct mwi_writer *w, mw_call *call, size_t i, struct mwi_gather *gather)
{
    const mw_method *method = call->op->method;
    const mw_param *param = &method->params[i];
    struct mwi_path path = { .name = param->name };

    w->path = &path;
    if (param->dir == MW_DIR_OUT ||
        (param->dir == MW_DIR_INOUT && call->full_values)) {
        w->gather = gather;
        mwi_encode(w, param->type, call->args[i]);
        w->gather = NULL;
    } else if (param->dir == MW_DIR_INOUT) {
        mwi_diff(w, param->type, mwi_result_mask(method, i), &call->snapshot,
            mwi_snapshot_of(&call->snapshot, call->args[i]), call->args[i]);
    }
    w->path = NULL;
}

/* Pieces of values that are whole may be noted, if there is a gather; a delta
 * goes back. */
static void
write_values(struct mwi_writer *w, mw_call *call, struct mwi_gather *gather)
{
    w->depth = MWI_BODY_DEPTH;
    for (size_t i = 0; i < call->op->method->n_params && mwi_writer_ok(w);
         i++) {
        write_result(w, call, i, gather);
    }
}

/* The results say which nodes are new, so they are written first, but come
 * after the nodes. */
static void
write_with_nodes(struct mwi_writer *w, mw_call *call)
{
    const mw_method *method = call->op->method;
    struct mwi_graph_diff diff = {
        .nodes = &call->nodes,
        .snapshot = &call->snapshot,
        .writes = method->writes,
        .full_values = call->full_values,
        .released = call->released,
        .n_released = call->n_released,
        .params = method->params,
        .args = call->args,
        .n_params = method->n_params,
    };
    struct mwi_writer own = *w;
    struct mwi_buf buf;

    mwi_buf_init(&buf, w->buf->max);
    own.buf = &buf;
    own.nodes = &call->nodes;
    write_values(&own, call, NULL);
    w->error = own.error;
    if (mwi_writer_ok(w)) {
        w->depth = MWI_BODY_DEPTH;
        mwi_graph_diff(w, &diff);
        mwi_write_raw(w, mwi_buf_bytes(&buf), mwi_buf_len(&buf));
    }
    mwi_buf_fini(&buf);
}

void
mwi_results_write(struct mwi_writer *w, mw_call *call)
{
    const mw_method *method = call->op->method;
    size_t n = mwi_count_params(method, MW_DIR_IN);
    struct mwi_gather *gather = w->gather;

    mwi_snapshot_look(&call->snapshot);
    w->gather = NULL;
    if (mwi_method_has_refs(method)) {
        mwi_write_array(w, n + 1);
        write_with_nodes(w, call);
    } else {
        mwi_write_array(w, n);
        write_values(w, call, gather);
    }
}

/* The client. */

static void
stage_result(struct mwi_reader *r, struct mwi_patch *patch,
    const mw_method *method, size_t i, void *object)
{
    const mw_param *param = &method->params[i];
    struct mwi_path path = { .name = param->name };

    r->path = &path;
    if (param->dir == MW_DIR_OUT) {
        mwi_patch_stage_out(patch, r, param->type, object);
    } else if (param->dir == MW_DIR_INOUT) {
        mwi_patch_stage_over(patch, r, param->type, mwi_result_mask(method, i),
            object, patch->bases != NULL ? patch->bases->params[i] : NULL);
    }
    r->path = NULL;
}

static void
stage_nodes(struct mwi_reader *r, struct mwi_patch *patch,
    const mw_method *method, struct mwi_nodes *nodes)
{
    struct mwi_type_set types = { 0 };

    if (mwi_method_node_types(&types, method) < 0) {
        mwi_reader_fail(r, MW_ENOMEM, "out of memory");
    }
    mwi_patch_stage_nodes(patch, r, nodes, &types, method->writes);
    mwi_type_set_fini(&types);
}

void
mwi_results_stage(struct mwi_reader *r, struct mwi_patch *patch,
    const mw_method *method, const void *const *args, struct mwi_nodes *nodes)
{
    bool has_refs = mwi_method_has_refs(method);
    size_t expected = mwi_count_params(method, MW_DIR_IN) + has_refs;
    size_t n = mwi_read_array(r);

    if (mwi_reader_ok(r) && n != expected) {
        mwi_reader_fail(r, MW_EPROTO, "%s returns %zu results%s, found %zu",
            method->target, expected - has_refs,
            has_refs ? " and their nodes" : "", n);
    }
    if (has_refs && mwi_reader_ok(r)) {
        stage_nodes(r, patch, method, nodes);
    }
    for (size_t i = 0; i < method->n_params && mwi_reader_ok(r); i++) {
        /* The stub got it as an address to write to. */
        stage_result(r, patch, method, i, (void *) (uintptr_t) args[i]);
    }
    mwi_leave(r);
}
