/* SPDX-License-Identifier: MIT */
/*
 * The happy path: the first call sends the object whole and keeps a copy of it;
 * each later one sends a delta against the copy, which then follows.
 *
 * A server that has forgotten its baseline says so, and the call is made again
 * with the object whole.  When that happens time and again, because it keeps
 * nothing or too little, the mirror pauses for more and more calls.
 */
#include "rpc/mirror.h"

#include <stdatomic.h>

#include "mw/client.h"
#include "mw/mirror.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/sync.h"
#include "codec/value.h"
#include "delta/diff.h"
#include "rpc/mirror_call.h"

enum {
    STALE_FREE = 1, /* times in a row before the mirror pauses */
    STALE_MAX = 6,  /* so it pauses for 64 calls at most */
};

struct mw_mirror {
    const mw_type *type; /* constant */
    const void *object;  /* constant */
    uint64_t id;         /* constant; no other mirror's of this process */
    struct mwi_mutex mutex;
    bool is_used;  /* [mutex] by a call, which all that follows belongs to */
    bool is_reset; /* [mutex] to be, once the call is over */
    void *base;    /* [mutex] or NULL: there is none */
    uint64_t base_version;
    uint64_t next_version; /* never used before */
    uint64_t serial;       /* of the base's connection */
    uint64_t declined;     /* serial of one whose server has no mirrors */
    uint32_t stale;        /* times in a row that the base was unknown */
    uint32_t pause;        /* calls to come that go without the mirror */
};

mw_status
mw_mirror_open(mw_mirror **ret_mirror, const mw_type *type, const void *object,
    mw_error *reterr)
{
    static _Atomic uint64_t last_id;
    mw_mirror *mirror;

    *ret_mirror = NULL;
    if (type == NULL || object == NULL) {
        return mwi_fail(reterr, MW_EINVAL, "the %s is NULL",
            type == NULL ? "type" : "object");
    }
    if ((type->flags & MW_TYPE_REFS) != 0) {
        return mwi_fail(reterr, MW_EUNIMPLEMENTED,
            "%s refers to nodes and cannot be mirrored", type->name);
    }
    mirror = mwi_calloc(1, sizeof(*mirror));
    if (mirror == NULL) {
        return mwi_fail_nomem(reterr);
    }
    mirror->type = type;
    mirror->object = object;
    mirror->id = atomic_fetch_add(&last_id, 1) + 1;
    mirror->next_version = 1;
    mwi_mutex_init(&mirror->mutex);
    *ret_mirror = mirror;
    return MW_OK;
}

static void
free_object(const mw_type *type, void *object)
{
    if (object != NULL) {
        mwi_clear(type, object);
        mwi_free(object);
    }
}

void
mw_mirror_reset(mw_mirror *mirror)
{
    void *base = NULL;

    if (mirror == NULL) {
        return;
    }
    mwi_lock(&mirror->mutex);
    if (mirror->is_used) {
        mirror->is_reset = true;
    } else {
        base = mirror->base;
        mirror->base = NULL;
    }
    mwi_unlock(&mirror->mutex);
    free_object(mirror->type, base);
}

void
mw_mirror_close(mw_mirror *mirror)
{
    if (mirror == NULL) {
        return;
    }
    free_object(mirror->type, mirror->base);
    mwi_mutex_fini(&mirror->mutex);
    mwi_free(mirror);
}

/* The parameter that the mirror's object is passed for; n_params if none. */
static size_t
find_param(
    const mw_mirror *mirror, const mw_method *method, const void *const *args)
{
    size_t i = 0;

    while (i < method->n_params && (args[i] != mirror->object ||
                                       method->params[i].type != mirror->type ||
                                       method->params[i].dir == MW_DIR_OUT)) {
        i++;
    }
    return i;
}

void
mwi_mirror_begin(struct mwi_mirror_use *use, const mw_ctx *ctx,
    const mw_method *method, const void *const *args)
{
    mw_mirror *mirror = ctx != NULL ? ctx->mirror : NULL;
    size_t param;
    bool is_free;

    *use = (struct mwi_mirror_use){ .mirror = NULL };
    if (mirror == NULL) {
        return;
    }
    param = find_param(mirror, method, args);
    if (param == method->n_params) {
        return;
    }
    mwi_lock(&mirror->mutex);
    is_free = !mirror->is_used;
    if (is_free && mirror->pause > 0) {
        mirror->pause--;
        is_free = false;
    }
    mirror->is_used = mirror->is_used || is_free;
    mwi_unlock(&mirror->mutex);
    if (is_free) {
        use->mirror = mirror;
        use->head.param = param;
    }
}

/* Forget what the try before this one has sent. */
static void
drop_sent(struct mwi_mirror_use *use)
{
    if (use->is_staged) {
        mwi_patch_abort(&use->patch);
        use->is_staged = false;
    }
    free_object(use->mirror->type, use->copy);
    use->copy = NULL;
}

static void
drop_base(mw_mirror *mirror)
{
    free_object(mirror->type, mirror->base);
    mirror->base = NULL;
}

void
mwi_mirror_try(struct mwi_mirror_use *use, uint64_t serial)
{
    mw_mirror *mirror = use->mirror;

    if (mirror == NULL) {
        return;
    }
    drop_sent(use);
    use->head.version = 0;
    use->serial = serial;
    if (use->is_declined || mirror->declined == serial) {
        return;
    }
    use->head.id = mirror->id;
    use->head.base = mirror->base != NULL && mirror->serial == serial
                         ? mirror->base_version
                         : 0;
    /* The one after it is of what the REPLY makes of the object. */
    use->head.version = mirror->next_version;
    mirror->next_version += 2;
}

static void
write_whole(struct mwi_mirror_use *use, struct mwi_writer *w,
    const mw_type *type, const void *arg)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    mwi_encode(w, type, arg);
    use->copy = mwi_writer_ok(w) ? mwi_calloc(1, type->size) : NULL;
    if (use->copy != NULL && mwi_copy(&heap, type, use->copy, arg) < 0) {
        free_object(type, use->copy);
        use->copy = NULL;
    }
}

static void
write_delta(struct mwi_mirror_use *use, struct mwi_writer *w,
    const mw_type *type, const void *arg)
{
    const struct mwi_snapshot none = { 0 };
    size_t mark = mwi_writer_mark(w);
    struct mwi_reader r;

    mwi_diff(w, type, &mwi_mask_all, &none, use->mirror->base, arg);
    if (!mwi_writer_ok(w)) {
        return;
    }
    mwi_reader_init(&r, mwi_buf_bytes(w->buf) + mark, mwi_writer_mark(w) - mark,
        MW_DEFAULT_DEPTH_MAX + MWI_DELTA_DEPTH_EXTRA);
    mwi_patch_init(&use->patch, SIZE_MAX);
    mwi_patch_stage(&use->patch, &r, type, &mwi_mask_all, use->mirror->base);
    use->is_staged = mwi_reader_ok(&r);
    if (!use->is_staged) {
        mwi_patch_abort(&use->patch);
    }
}

void
mwi_mirror_write(struct mwi_mirror_use *use, struct mwi_writer *w,
    const mw_type *type, const void *arg)
{
    size_t mark = mwi_writer_mark(w);

    if (use->head.base == 0) {
        write_whole(use, w, type, arg);
    } else {
        write_delta(use, w, type, arg);
    }
    use->sent = mwi_writer_mark(w) - mark;
}

bool
mwi_mirror_again(struct mwi_mirror_use *use, const mw_error *refusal)
{
    mw_mirror *mirror = use->mirror;

    if (mirror == NULL) {
        return false;
    }
    if (use->head.version == 0) {
        /* It did not go without the mirror either: that was not the reason. */
        use->is_declined =
            use->is_declined && refusal->status != MW_EUNIMPLEMENTED;
        return false;
    }
    if (refusal->origin != MW_ORIGIN_PEER) {
        return false;
    }
    if (refusal->status == MW_EUNIMPLEMENTED) {
        use->is_declined = true;
        return true;
    }
    if (refusal->status != MW_ESTALE || use->head.base == 0) {
        return false;
    }
    drop_sent(use);
    drop_base(mirror);
    if (mirror->stale < STALE_MAX) {
        mirror->stale++;
    }
    if (mirror->stale > STALE_FREE) {
        mirror->pause = UINT32_C(1) << mirror->stale;
    }
    return true;
}

/* The base becomes what was sent, if that is known. */
static void
follow_sent(struct mwi_mirror_use *use)
{
    mw_mirror *mirror = use->mirror;

    if (use->head.base == 0 || !use->is_staged) {
        drop_base(mirror);
        mirror->base = use->copy;
        use->copy = NULL;
    } else {
        mwi_patch_commit(&use->patch);
        use->is_staged = false;
        mirror->stale = 0;
    }
    mirror->base_version = use->head.version;
    mirror->serial = use->serial;
}

void
mwi_mirror_follow(struct mwi_mirror_use *use, const mw_method *method,
    const uint8_t *reply, size_t len, size_t budget)
{
    mw_mirror *mirror = use->mirror;
    size_t param = (size_t) use->head.param;

    if (mirror == NULL || use->head.version == 0) {
        return;
    }
    follow_sent(use);
    use->is_settled = true;
    if (mirror->base == NULL || reply == NULL ||
        method->params[param].dir != MW_DIR_INOUT) {
        return;
    }
    if (mwi_mirror_apply(method, param, reply, len, budget, mirror->base) < 0) {
        drop_base(mirror);
    }
    mirror->base_version++;
}

void
mwi_mirror_end(struct mwi_mirror_use *use, bool not_run)
{
    mw_mirror *mirror = use->mirror;
    void *base = NULL;

    if (mirror == NULL) {
        return;
    }
    drop_sent(use);
    if (use->is_declined) {
        mirror->declined = use->serial;
    }
    if (use->head.version != 0 && !use->is_settled && !not_run) {
        drop_base(mirror);
    }
    mwi_lock(&mirror->mutex);
    if (mirror->is_reset) {
        base = mirror->base;
        mirror->base = NULL;
        mirror->is_reset = false;
    }
    mirror->is_used = false;
    mwi_unlock(&mirror->mutex);
    free_object(mirror->type, base);
}
