/* SPDX-License-Identifier: MIT */
/*
 * A delta is staged and committed on the baseline, which is copied into the
 * call's arena then.  Whatever fails before the commit leaves the baseline as
 * it was, and it is kept under its old version; what fails after it, but before
 * the handler ran, drops it, for then the client takes it for unchanged.
 */
#include "rpc/mirror_call.h"

#include <inttypes.h>

#include "codec/access.h"
#include "delta/diff.h"
#include "delta/patch.h"
#include "rpc/args.h"
#include "rpc/call.h"
#include "rpc/results.h"

static const mw_param *
param_of(const mw_call *call)
{
    return &call->op->method->params[call->mirror.head.param];
}

void
mwi_call_mirror_check(struct mwi_reader *r, const mw_call *call)
{
    const mw_method *method = call->op->method;
    uint64_t param = call->mirror.head.param;

    if (call->mirror.head.version == 0) {
        return;
    }
    if (param >= method->n_params || method->params[param].dir == MW_DIR_OUT) {
        mwi_reader_fail(r, MW_EINVAL,
            "%s has no argument %" PRIu64 " to mirror", method->target, param);
    }
}

bool
mwi_call_mirror_is_of_all(const mw_call *call)
{
    return call->mirror.head.version != 0 &&
           mwi_type_has_refs(param_of(call)->type);
}

bool
mwi_call_mirror_is_of(const mw_call *call, size_t i)
{
    return call->mirror.head.version != 0 && call->mirror.head.param == i &&
           !mwi_call_mirror_is_of_all(call);
}

/* How much one call may allocate on the heap. */
static size_t
budget_of(const mw_call *call)
{
    return call->inout.limit;
}

/* Make a baseline of what came whole.  Without memory there is none, and the
 * client will be told when it asks for it. */
static void
take_whole(mw_call *call, const mw_type *type, const void *value)
{
    struct mwi_call_mirror *mirror = &call->mirror;
    struct mwi_place heap = { .budget = mirror->kept->limits.weight_max };
    struct mwi_baseline *baseline = mwi_baseline_new(type, mirror->head.id);

    if (baseline == NULL) {
        return;
    }
    baseline->version = mirror->head.version;
    if (mwi_copy(&heap, type, baseline->object, value) < 0) {
        mwi_baseline_free(baseline);
        baseline = NULL;
    }
    mirror->baseline = baseline;
}

/* Patch a baseline.  False, and nothing has changed, after an error. */
static bool
patch_baseline(
    struct mwi_reader *r, const mw_call *call, struct mwi_baseline *baseline)
{
    struct mwi_patch patch;

    mwi_patch_init(&patch, budget_of(call));
    r->depth_max += MWI_DELTA_DEPTH_EXTRA;
    mwi_patch_stage(&patch, r, baseline->type, &mwi_mask_all, baseline->object);
    r->depth_max -= MWI_DELTA_DEPTH_EXTRA;
    if (!mwi_reader_ok(r)) {
        mwi_patch_abort(&patch);
        if (r->error.status == MW_EPROTO) {
            /* It is an argument like any other. */
            r->error.status = MW_EINVAL;
        }
        return false;
    }
    mwi_patch_commit(&patch);
    return true;
}

/* Read a delta into the baseline that it is for.  The call has it then. */
static void
read_delta(struct mwi_reader *r, mw_call *call, const mw_type *type)
{
    struct mwi_call_mirror *mirror = &call->mirror;
    struct mwi_baseline *baseline = mwi_mirrors_take(
        mirror->kept, mirror->head.id, mirror->head.base, type);

    if (baseline == NULL) {
        mwi_reader_fail(r, MW_ESTALE,
            "version %" PRIu64 " of mirror %" PRIu64 " is not there any more",
            mirror->head.base, mirror->head.id);
    } else if (!patch_baseline(r, call, baseline)) {
        mwi_mirrors_keep(mirror->kept, baseline);
    } else {
        baseline->version = mirror->head.version;
        mirror->baseline = baseline;
    }
}

void
mwi_call_mirror_read(
    struct mwi_reader *r, mw_call *call, struct mwi_place *place)
{
    const mw_type *type = param_of(call)->type;
    void *arg = call->args[call->mirror.head.param];
    mw_status status = MW_OK;

    if (call->mirror.head.base == 0) {
        mwi_decode(r, place, type, arg);
        if (mwi_reader_ok(r)) {
            take_whole(call, type, arg);
        }
        return;
    }
    read_delta(r, call, type);
    if (mwi_reader_ok(r)) {
        status = mwi_copy(place, type, arg, call->mirror.baseline->object);
    }
    if (status < 0) {
        mwi_reader_fail_memory(r, status);
    }
}

void
mwi_call_mirror_take_all(
    const struct mwi_reader *r, mw_call *call, const uint8_t *at)
{
    /* It is only read. */
    struct mwi_seq bytes = { .items = (void *) (uintptr_t) at,
        .len = (size_t) (r->at - at) };

    if (mwi_reader_ok(r)) {
        take_whole(call, &mw_type_seq_u8, &bytes);
    }
}

bool
mwi_call_mirror_patch_all(
    struct mwi_reader *r, mw_call *call, struct mwi_reader *ret_reader)
{
    struct mwi_seq bytes;

    read_delta(r, call, &mw_type_seq_u8);
    if (!mwi_reader_ok(r)) {
        return false;
    }
    bytes = mwi_load_seq(call->mirror.baseline->object);
    mwi_reader_init(ret_reader, bytes.items, bytes.len, r->depth_max);
    ret_reader->depth = r->depth;
    return true;
}

static void
keep(mw_call *call)
{
    struct mwi_baseline *baseline = call->mirror.baseline;

    call->mirror.baseline = NULL;
    mwi_mirrors_keep(call->mirror.kept, baseline);
}

void
mwi_call_mirror_end_args(mw_call *call)
{
    if (call->mirror.baseline != NULL &&
        (param_of(call)->dir == MW_DIR_IN || mwi_call_mirror_is_of_all(call))) {
        keep(call);
    }
}

void
mwi_call_mirror_end(mw_call *call, const uint8_t *reply, size_t len)
{
    struct mwi_baseline *baseline = call->mirror.baseline;

    if (baseline == NULL) {
        return;
    }
    if (reply != NULL) {
        if (mwi_mirror_apply(call->op->method, call->mirror.head.param, reply,
                len, budget_of(call), baseline->object) < 0) {
            mwi_call_mirror_drop(call);
            return;
        }
        baseline->version++;
    }
    keep(call);
}

void
mwi_call_mirror_drop(mw_call *call)
{
    mwi_baseline_free(call->mirror.baseline);
    call->mirror.baseline = NULL;
}

/* Both ends. */

mw_status
mwi_mirror_apply(const mw_method *method, size_t param, const uint8_t *reply,
    size_t len, size_t budget, void *object)
{
    struct mwi_reader r;
    struct mwi_message m;
    struct mwi_patch patch;

    /* The bytes have been checked, or were made here. */
    mwi_reader_init(&r, reply, len, MWI_DEPTH_LIMIT);
    mwi_message_read(&r, &m);
    (void) mwi_read_array(&r);
    if (mwi_method_has_refs(method)) {
        mwi_skip(&r);
    }
    for (size_t i = 0; i < param; i++) {
        if (method->params[i].dir != MW_DIR_IN) {
            mwi_skip(&r);
        }
    }
    mwi_patch_init(&patch, budget);
    mwi_patch_stage(&patch, &r, method->params[param].type,
        mwi_result_mask(method, param), object);
    if (!mwi_reader_ok(&r)) {
        mwi_patch_abort(&patch);
        return r.error.status;
    }
    mwi_patch_commit(&patch);
    return MW_OK;
}
