/* SPDX-License-Identifier: MIT */
#include "rpc/args.h"

#include "base/mem.h"
#include "codec/access.h"
#include "codec/value.h"
#include "rpc/results.h"
#include "wire/message.h"

bool
mwi_method_has_refs(const mw_method *method)
{
    for (size_t i = 0; i < method->n_params; i++) {
        if (mwi_type_has_refs(method->params[i].type)) {
            return true;
        }
    }
    return false;
}

size_t
mwi_count_params(const mw_method *method, mw_dir not_of)
{
    size_t n = 0;

    for (size_t i = 0; i < method->n_params; i++) {
        n += method->params[i].dir != (uint32_t) not_of;
    }
    return n;
}

mw_status
mwi_method_node_types(struct mwi_type_set *set, const mw_method *method)
{
    mw_status status = MW_OK;

    for (size_t i = 0; i < method->n_params && status == MW_OK; i++) {
        status = mwi_type_set_add(set, method->params[i].type);
    }
    return status;
}

/* The client. */

/* What is written. */
struct arguments {
    const mw_method *method;
    const void *const *args;
    struct mwi_mirror_use *mirror;
};

static void
write_arg(struct mwi_writer *w, const struct arguments *a, size_t i)
{
    const mw_param *param = &a->method->params[i];
    struct mwi_path path = { .name = param->name };

    w->path = &path;
    if (mwi_mirror_is_of(a->mirror, i)) {
        mwi_mirror_write(a->mirror, w, param->type, a->args[i]);
    } else {
        mwi_encode(w, param->type, a->args[i]);
    }
    w->path = NULL;
}

static void
write_values(struct mwi_writer *w, const struct arguments *a)
{
    mwi_write_array(w, mwi_count_params(a->method, MW_DIR_OUT));
    w->depth = MWI_BODY_DEPTH;
    for (size_t i = 0; i < a->method->n_params; i++) {
        if (a->method->params[i].dir != MW_DIR_OUT) {
            write_arg(w, a, i);
        }
    }
}

/* An argument on its own, until it is known which nodes it leads to. */
struct piece {
    size_t start;
    size_t len;
};

/* Write the arguments of one direction and what they lead to. */
static void
write_pieces(struct mwi_writer *w, struct mwi_graph *graph,
    const struct arguments *a, mw_dir dir, struct piece *pieces)
{
    for (size_t i = 0; i < a->method->n_params; i++) {
        if (a->method->params[i].dir == (uint32_t) dir) {
            pieces[i].start = mwi_writer_mark(w);
            write_arg(w, a, i);
            pieces[i].len = mwi_writer_mark(w) - pieces[i].start;
        }
    }
    mwi_graph_drain(graph, w);
}

/* Nodes that inout arguments lead to are met, and so numbered, first. */
static void
write_graph(struct mwi_writer *w, const struct arguments *a,
    struct mwi_nodes *nodes, struct piece *pieces)
{
    const mw_method *method = a->method;
    struct mwi_graph graph;
    struct mwi_buf buf;
    struct mwi_writer own = *w;

    mwi_graph_init(&graph, nodes);
    mwi_buf_init(&buf, w->buf->max);
    own.buf = &buf;
    own.nodes = nodes;
    own.depth = MWI_BODY_DEPTH;
    mwi_mirror_number(a->mirror, nodes, MW_DIR_INOUT);
    write_pieces(&own, &graph, a, MW_DIR_INOUT, pieces);
    mwi_graph_end_inout(&graph);
    mwi_mirror_number(a->mirror, nodes, MW_DIR_IN);
    write_pieces(&own, &graph, a, MW_DIR_IN, pieces);
    w->error = own.error;
    mwi_write_array(w, 1 + mwi_count_params(method, MW_DIR_OUT));
    mwi_graph_write(&graph, w);
    for (size_t i = 0; i < method->n_params && mwi_writer_ok(w); i++) {
        if (method->params[i].dir != MW_DIR_OUT) {
            mwi_write_raw(
                w, mwi_buf_bytes(&buf) + pieces[i].start, pieces[i].len);
        }
    }
    mwi_nodes_end_request(nodes);
    mwi_buf_fini(&buf);
    mwi_graph_fini(&graph);
}

/* Write the array of arguments. */
static void
write_args(
    struct mwi_writer *w, const struct arguments *a, struct mwi_nodes *nodes)
{
    struct piece *pieces;

    if (!mwi_method_has_refs(a->method)) {
        write_values(w, a);
        return;
    }
    w->gather = NULL; /* graphs go by buffers of their own */
    pieces = mwi_calloc(a->method->n_params, sizeof(*pieces));
    if (pieces == NULL) {
        mwi_writer_fail(w, MW_ENOMEM, "out of memory");
        return;
    }
    write_graph(w, a, nodes, pieces);
    mwi_free(pieces);
}

void
mwi_args_write(struct mwi_writer *w, const mw_method *method,
    const void *const *args, struct mwi_nodes *nodes,
    struct mwi_mirror_use *mirror)
{
    struct arguments a = { method, args, mirror };
    struct mwi_writer own;
    struct mwi_buf buf;

    /* It looks at what was written. */
    if (mirror != NULL && mirror->head.version != 0) {
        w->gather = NULL;
    }
    if (!mwi_mirror_is_of_all(mirror)) {
        write_args(w, &a, nodes);
        return;
    }
    mwi_buf_init(&buf, w->buf->max);
    own = *w;
    own.buf = &buf;
    write_args(&own, &a, nodes);
    w->error = own.error;
    if (mwi_writer_ok(w)) {
        mwi_mirror_write_all(mirror, w, mwi_buf_bytes(&buf), mwi_buf_len(&buf));
    }
    mwi_buf_fini(&buf);
}

/* The server. */

/* Have a parameter's value live where it should: only what may change needs a
 * snapshot. */
static void
go_to(struct mwi_place *place, mw_call *call, size_t i)
{
    const mw_method *method = call->op->method;
    const mw_mask *mask = method->params[i].dir == MW_DIR_INOUT
                              ? mwi_result_mask(method, i)
                              : NULL;

    place->arena = mask != NULL ? &call->inout : &call->arena;
    place->mask = mask != NULL && !mask->all ? mask : NULL;
}

/* Zeroed storage for every parameter's value. */
static mw_status
allocate(mw_call *call, struct mwi_place *place)
{
    const mw_method *method = call->op->method;

    place->arena = &call->arena;
    call->args = mwi_place_alloc(
        place, method->n_params, sizeof(void *), _Alignof(void *));
    if (call->args == NULL) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < method->n_params; i++) {
        const mw_type *type = method->params[i].type;

        go_to(place, call, i);
        call->args[i] = mwi_place_alloc(place, 1, type->size, type->align);
        if (call->args[i] == NULL) {
            return MW_ENOMEM;
        }
    }
    return MW_OK;
}

static void
read_arg(struct mwi_reader *r, mw_call *call, struct mwi_place *place, size_t i)
{
    const mw_param *param = &call->op->method->params[i];
    struct mwi_path path = { .name = param->name };

    go_to(place, call, i);
    r->path = &path;
    if (mwi_call_mirror_is_of(call, i)) {
        mwi_call_mirror_read(r, call, place);
    } else if (param->dir != MW_DIR_OUT) {
        mwi_decode(r, place, param->type, call->args[i]);
    } else if (mwi_init(place, param->type, call->args[i]) < 0) {
        mwi_reader_fail(r, MW_ENOMEM, "out of memory");
    }
    r->path = NULL;
}

/* What is left is the handler's.  That may be nothing: arenas take more than
 * they hand out. */
static void
share_rest(mw_call *call)
{
    struct mwi_arena *arena = &call->arena;
    size_t left = arena->limit - call->inout.total;

    arena->limit = left > arena->total ? left : arena->total;
}

/* Read the array of arguments. */
static void
read_args(struct mwi_reader *r, mw_call *call)
{
    const mw_method *method = call->op->method;
    struct mwi_place place = {
        .budget = call->arena.limit,
        .writes = method->writes,
        .adopts = true,
        .rest = &call->arena,
    };
    bool has_refs = mwi_method_has_refs(method);
    size_t expected = mwi_count_params(method, MW_DIR_OUT) + has_refs;
    const uint8_t *at = r->at;
    size_t n = mwi_read_array(r);

    if (mwi_reader_ok(r) && n != expected) {
        r->at = at;
        mwi_reader_fail(r, MW_EINVAL, "%s takes %zu arguments%s, found %zu",
            method->target, expected - has_refs,
            has_refs ? " and their nodes" : "", n);
    }
    if (mwi_reader_ok(r) && allocate(call, &place) < 0) {
        mwi_reader_fail(r, MW_ENOMEM, "out of memory");
    }
    if (has_refs && mwi_reader_ok(r)) {
        place.arena = &call->inout;
        place.mask = NULL;
        mwi_graph_read(r, &place, &call->op->node_types, &call->nodes);
        mwi_nodes_end_request(&call->nodes);
    }
    for (size_t i = 0; i < method->n_params && mwi_reader_ok(r); i++) {
        read_arg(r, call, &place, i);
    }
    mwi_leave(r);
    share_rest(call);
}

void
mwi_args_read(struct mwi_reader *r, mw_call *call)
{
    const uint8_t *at = r->at;
    struct mwi_reader own;

    mwi_call_mirror_check(r, call);
    if (!mwi_reader_ok(r)) {
        return;
    }
    if (!mwi_call_mirror_is_of_all(call)) {
        read_args(r, call);
    } else if (call->mirror.head.base == 0) {
        read_args(r, call);
        mwi_call_mirror_take_all(r, call, at);
    } else if (mwi_call_mirror_patch_all(r, call, &own)) {
        read_args(&own, call);
        if (mwi_reader_finish(&own) < 0) {
            r->error = own.error;
        }
    }
}
