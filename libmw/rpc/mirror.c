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
#include "codec/access.h"
#include "codec/graph.h"
#include "delta/diff.h"
#include "rpc/mirror_call.h"

enum {
    STALE_FREE = 1, /* times in a row before the mirror pauses */
    STALE_MAX = 6,  /* so it pauses for 64 calls at most */
};

struct mw_mirror {
    const mw_type *type; /* constant */
    const mw_type *kept; /* constant; of the base */
    uint64_t id;         /* constant; no other mirror's of this process */
    struct mwi_mutex mutex;
    bool is_used;  /* [mutex] by a call, which all that follows belongs to */
    bool is_reset; /* [mutex] to be, once the call is over */
    const void *object; /* [mutex] or the node, if the type is a REF */
    void *base;         /* [mutex] or NULL: there is none */
    uint64_t base_version;
    uint64_t next_version;    /* never used before */
    uint64_t serial;          /* of the base's connection */
    uint64_t declined;        /* serial of one whose server has no mirrors */
    uint32_t stale;           /* times in a row that the base was unknown */
    uint32_t pause;           /* [mutex] calls to come that go without it */
    struct mwi_nodes numbers; /* as nodes were numbered last: addresses only,
                                 of nodes that may be gone */
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
    mirror = mwi_calloc(1, sizeof(*mirror));
    if (mirror == NULL) {
        return mwi_fail_nomem(reterr);
    }
    mirror->type = type;
    mirror->kept = mwi_type_has_refs(type) ? &mw_type_seq_u8 : type;
    mirror->object = object;
    mirror->id = atomic_fetch_add(&last_id, 1) + 1;
    mirror->next_version = 1;
    mwi_mutex_init(&mirror->mutex);
    mwi_nodes_init(&mirror->numbers);
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
    free_object(mirror->kept, base);
}

void
mw_mirror_close(mw_mirror *mirror)
{
    if (mirror == NULL) {
        return;
    }
    free_object(mirror->kept, mirror->base);
    mwi_nodes_fini(&mirror->numbers);
    mwi_mutex_fini(&mirror->mutex);
    mwi_free(mirror);
}

/* Whether the mirror's object is passed for a parameter. */
static bool
is_passed(const mw_mirror *mirror, const mw_param *param, const void *arg)
{
    const mw_type *type = param->type;

    if (param->dir == MW_DIR_OUT) {
        return false;
    }
    if (type->kind == MW_KIND_REF) {
        return mirror->type->kind == MW_KIND_REF &&
               mirror->type->elem == type->elem &&
               mirror->object == mwi_load_pointer(arg);
    }
    return mirror->type == type && mirror->object == arg;
}

/* Let a call use the mirror, unless another one does. */
static bool
begin_locked(mw_mirror *mirror) MWI_REQUIRES(mirror->mutex)
{
    if (mirror->is_used) {
        return false;
    }
    if (mirror->pause > 0) {
        mirror->pause--;
        return false;
    }
    mirror->is_used = true;
    return true;
}

void
mwi_mirror_begin(struct mwi_mirror_use *use, const mw_ctx *ctx,
    const mw_method *method, const void *const *args)
{
    mw_mirror *mirror = ctx != NULL ? ctx->mirror : NULL;

    *use = (struct mwi_mirror_use){ .method = method, .args = args };
    if (mirror == NULL) {
        return;
    }
    mwi_lock(&mirror->mutex);
    for (size_t i = 0; i < method->n_params; i++) {
        if (is_passed(mirror, &method->params[i], args[i])) {
            use->mirror = begin_locked(mirror) ? mirror : NULL;
            use->head.param = i;
            break;
        }
    }
    mwi_unlock(&mirror->mutex);
    use->is_of_all = mirror->kept != mirror->type;
}

/* Forget what the try before this one has sent. */
static void
drop_sent(struct mwi_mirror_use *use)
{
    if (use->is_staged) {
        mwi_patch_abort(&use->patch);
        use->is_staged = false;
    }
    free_object(use->mirror->kept, use->copy);
    use->copy = NULL;
}

static void
drop_base(mw_mirror *mirror)
{
    free_object(mirror->kept, mirror->base);
    mirror->base = NULL;
}

uint64_t
mwi_mirror_serial(const struct mwi_mirror_use *use)
{
    const mw_mirror *mirror = use->mirror;

    return mirror != NULL && mirror->base != NULL ? mirror->serial : 0;
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

/* Copy what has been written whole. */
static void
take_copy(struct mwi_mirror_use *use, const mw_type *type, const void *sent)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    use->copy = mwi_calloc(1, type->size);
    if (use->copy != NULL && mwi_copy(&heap, type, use->copy, sent) < 0) {
        free_object(type, use->copy);
        use->copy = NULL;
    }
}

/* Append what makes the base what is to be sent, and stage it. */
static void
write_delta(struct mwi_mirror_use *use, struct mwi_writer *w,
    const mw_type *type, const void *value)
{
    const struct mwi_snapshot none = { 0 };
    size_t mark = mwi_writer_mark(w);
    struct mwi_reader r;

    mwi_diff(w, type, &mwi_mask_all, &none, use->mirror->base, value);
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

    if (mwi_mirror_is_delta(use)) {
        write_delta(use, w, type, arg);
    } else {
        mwi_encode(w, type, arg);
        if (mwi_writer_ok(w)) {
            take_copy(use, type, arg);
        }
    }
    use->sent = mwi_writer_mark(w) - mark;
}

void
mwi_mirror_write_all(struct mwi_mirror_use *use, struct mwi_writer *w,
    const uint8_t *bytes, size_t len)
{
    /* It is only read. */
    struct mwi_seq seq = { .items = (void *) (uintptr_t) bytes, .len = len };
    size_t mark = mwi_writer_mark(w);

    if (mwi_mirror_is_delta(use)) {
        write_delta(use, w, &mw_type_seq_u8, &seq);
    } else {
        mwi_write_raw(w, bytes, len);
        take_copy(use, &mw_type_seq_u8, &seq);
    }
    use->sent = mwi_writer_mark(w) - mark;
    use->full = len;
}

/* Add all that the arguments of a direction lead to. */
static mw_status
collect(const struct mwi_mirror_use *use, mw_dir dir, struct mwi_nodes *live)
{
    const mw_param *params = use->method->params;
    mw_status status = MW_OK;

    for (size_t i = 0; i < use->method->n_params && status == MW_OK; i++) {
        if (params[i].dir == (uint32_t) dir) {
            status = mwi_nodes_collect(live, params[i].type, use->args[i]);
        }
    }
    return status;
}

void
mwi_mirror_number(
    struct mwi_mirror_use *use, struct mwi_nodes *nodes, mw_dir dir)
{
    struct mwi_nodes live;

    /* A debugging client sees for itself what a unique reference leads to. */
    if (!mwi_mirror_is_of_all(use) || nodes->check_unique) {
        return;
    }
    nodes->trust_unique = false;
    mwi_nodes_init(&live);
    if (collect(use, dir, &live) == MW_OK) {
        (void) !mwi_number_again(nodes, &live, &use->mirror->numbers);
    }
    mwi_nodes_fini(&live);
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

/* The mirror's object is the node that the argument leads to by now.  Other
 * calls look whether it is theirs meanwhile. */
static void
follow_node(mw_mirror *mirror, const void *arg)
{
    const void *node =
        mirror->type->kind == MW_KIND_REF ? mwi_load_pointer(arg) : NULL;

    if (node != NULL) {
        mwi_lock(&mirror->mutex);
        mirror->object = node;
        mwi_unlock(&mirror->mutex);
    }
}

void
mwi_mirror_follow(
    struct mwi_mirror_use *use, const uint8_t *reply, size_t len, size_t budget)
{
    mw_mirror *mirror = use->mirror;
    size_t i = (size_t) use->head.param;

    if (mirror == NULL || use->head.version == 0) {
        return;
    }
    follow_sent(use);
    use->is_settled = true;
    if (reply == NULL || use->method->params[i].dir != MW_DIR_INOUT) {
        return;
    }
    if (use->is_of_all) {
        follow_node(mirror, use->args[i]);
        return;
    }
    if (mirror->base != NULL && mwi_mirror_apply(use->method, i, reply, len,
                                    budget, mirror->base) < 0) {
        drop_base(mirror);
    }
    mirror->base_version++;
}

/* Remember how the nodes were numbered. */
static void
take_numbers(mw_mirror *mirror, struct mwi_nodes *nodes)
{
    mwi_nodes_fini(&mirror->numbers);
    mirror->numbers = *nodes;
    mwi_nodes_init(nodes);
    if (mwi_nodes_index(&mirror->numbers) < 0) {
        mwi_nodes_fini(&mirror->numbers);
    }
}

void
mwi_mirror_end(
    struct mwi_mirror_use *use, bool not_run, struct mwi_nodes *nodes)
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
    if (use->is_of_all && use->is_settled) {
        take_numbers(mirror, nodes);
    }
    mwi_lock(&mirror->mutex);
    if (mirror->is_reset) {
        base = mirror->base;
        mirror->base = NULL;
        mirror->is_reset = false;
    }
    mirror->is_used = false;
    mwi_unlock(&mirror->mutex);
    free_object(mirror->kept, base);
}
