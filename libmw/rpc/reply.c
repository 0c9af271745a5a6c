/* SPDX-License-Identifier: MIT */
/*
 * Staged, checked, committed.  All that could fail is done before the commit,
 * also for what the caller wants to know about it afterwards.
 */
#include "rpc/reply.h"

#include "base/error.h"
#include "codec/value.h"
#include "delta/changes.h"
#include "delta/graph_stage.h"
#include "delta/patch.h"
#include "delta/reach.h"
#include "rpc/client.h"
#include "rpc/measure.h"
#include "rpc/results.h"

enum { ROOM = 1024 }; /* bytes for the journal of a small reply */

static bool
is_conflict(const struct mwi_request *q, mw_conflict conflict)
{
    return q->ctx != NULL && q->ctx->conflict == conflict;
}

/* Read the results, and the message to its end. */
static mw_status
stage(struct mwi_request *q, struct mwi_patch *patch, struct mwi_reader *r,
    const struct mwi_message *m, size_t *ret_results_len, mw_error *reterr)
{
    const uint8_t *results = r->at;
    mw_status status;

    if (is_conflict(q, MW_CONFLICT_FAIL) &&
        mwi_bases_check(&q->bases, q->method->params, q->args,
            q->method->n_params, &q->nodes, reterr) < 0) {
        return reterr->status;
    }
    if (is_conflict(q, MW_CONFLICT_SERVER) ||
        is_conflict(q, MW_CONFLICT_CALLER)) {
        patch->bases = &q->bases;
        patch->conflict = q->ctx->conflict;
    }
    mwi_results_stage(r, patch, q->method, q->args, &q->nodes);
    *ret_results_len = (size_t) (r->at - results);
    status = mwi_message_finish(r, m);
    if (status < 0) {
        return mwi_fail(reterr, status, "%s", r->error.text);
    }
    return mwi_patch_settle(
        patch, q->method->params, q->args, q->method->n_params, reterr);
}

/* Whether nodes may have been unlinked, and the caller wants to know. */
static bool
must_look_for_unlinked(
    const struct mwi_request *q, const struct mwi_patch *patch)
{
    return q->ctx != NULL && q->nodes.n_known_tables > 0 &&
           mwi_patch_has_refs(patch);
}

static void
tell_unlinked(struct mwi_request *q, struct mwi_reach *reach)
{
    const mw_method *method = q->method;

    for (size_t i = 0; i < method->n_params; i++) {
        mwi_reach_from(reach, method->params[i].type, q->args[i]);
    }
    q->stats.nodes_unlinked = mwi_reach_unlinked(
        reach, q->ctx->on_unlinked, q->ctx->on_unlinked_user);
}

/* Take over the counts; the rest of the stats is not the patch's. */
static void
take_counts(struct mwi_request *q, const mw_stats *from)
{
    mw_stats *stats = &q->stats;

    stats->values_changed = from->values_changed;
    stats->elements_inserted = from->elements_inserted;
    stats->elements_removed = from->elements_removed;
    stats->elements_moved = from->elements_moved;
    stats->splices = from->splices;
    stats->nodes_changed = from->nodes_changed;
    stats->nodes_new = from->nodes_new;
    stats->nodes_released = from->nodes_released;
}

/* Remember what the arguments are, to tell later what has changed. */
static void
watch(const struct mwi_request *q, const struct mwi_patch *patch,
    struct mwi_changes *changes)
{
    const mw_param *params = q->method->params;

    for (size_t i = 0; i < q->method->n_params; i++) {
        if (params[i].dir == MW_DIR_INOUT) {
            mwi_changes_watch(
                changes, params[i].name, params[i].type, q->args[i]);
        }
    }
    for (size_t i = 0; i < q->method->n_params; i++) {
        if (params[i].dir == MW_DIR_IN) {
            mwi_changes_keep(changes, params[i].type, q->args[i]);
        } else if (params[i].dir == MW_DIR_OUT) {
            mwi_changes_expect(changes, params[i].type, q->args[i]);
        }
    }
    for (size_t t = 0; t < patch->released.n_tables; t++) {
        const struct mwi_node_table *table = &q->nodes.tables[t];

        for (size_t i = 0; i < table->n_known; i++) {
            if (mwi_is_released(&patch->released, t, i)) {
                mwi_changes_free_node(changes, mwi_node_at(table, i));
            }
        }
    }
}

/* The patch is staged and checked: do it.  What the message would have been
 * with every result whole is others_len and the results. */
static mw_status
apply(struct mwi_request *q, struct mwi_patch *patch, uint64_t others_len,
    mw_error *reterr)
{
    bool look = must_look_for_unlinked(q, patch);
    bool show = q->ctx != NULL && q->ctx->show_changes;
    struct mwi_reach reach;
    struct mwi_changes changes;

    if (look && mwi_reach_init(&reach, &q->nodes, &patch->released) < 0) {
        return mwi_fail_nomem(reterr);
    }
    take_counts(q, &patch->stats);
    mwi_changes_init(&changes);
    if (show) {
        watch(q, patch, &changes);
    }
    mwi_patch_commit(patch);
    /* All this before the caller is told of nodes, which it may free then. */
    if (show) {
        q->ctx->changes = mwi_changes_text(&changes);
    }
    mwi_changes_fini(&changes);
    if (q->ctx != NULL && q->ctx->measure) {
        q->stats.bytes_full =
            mwi_measure_reply(q->method, q->args, &q->nodes, others_len);
    }
    if (look) {
        tell_unlinked(q, &reach);
        mwi_reach_fini(&reach);
    }
    return MW_OK;
}

mw_status
mwi_reply_take(struct mwi_request *q, struct mwi_reader *r,
    const struct mwi_message *m, mw_error *reterr)
{
    _Alignas(max_align_t) unsigned char room[ROOM];
    struct mwi_patch patch;
    size_t results_len = 0;
    mw_error cause;
    mw_status status;

    mwi_patch_init_in(
        &patch, mwi_client_options(q->client)->memory_max, room, sizeof(room));
    status = stage(q, &patch, r, m, &results_len, &cause);
    if (status == MW_OK) {
        status = apply(
            q, &patch, (uint64_t) (r->last - r->start) - results_len, &cause);
    }
    if (status < 0) {
        mwi_patch_abort(&patch);
        /* Not the caller's arguments are invalid, but what came back. */
        status = status == MW_EINVAL ? MW_EPROTO : status;
        return mwi_fail(reterr, status, "%s%s",
            status == MW_ECONFLICT ? "" : "in the reply: ", cause.text);
    }
    return MW_OK;
}
