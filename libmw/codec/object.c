/* SPDX-License-Identifier: MIT */
/*
 * mw/object.h, and of mw/node.h what needs no call: the engine for programs, on
 * the heap.
 */
#include "mw/object.h"

#include <string.h>

#include "mw/client.h"
#include "mw/node.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/access.h"
#include "codec/graph.h"

enum { DECODE_BUDGET = 1 << 30 }; /* bytes */

/* Empty an object that was not completed. */
static mw_status
undo(const mw_type *type, void *obj, mw_status status)
{
    if (status < 0) {
        mwi_clear(type, obj);
    }
    return status;
}

mw_status
mw_object_init(const mw_type *type, void *ret_obj)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    memset(ret_obj, 0, type->size);
    return undo(type, ret_obj, mwi_init(&heap, type, ret_obj));
}

void
mw_object_clear(const mw_type *type, void *obj)
{
    if (obj != NULL) {
        mwi_clear(type, obj);
    }
}

mw_status
mw_object_copy(const mw_type *type, void *ret_obj, const void *src)
{
    struct mwi_place heap = { .budget = SIZE_MAX };

    memset(ret_obj, 0, type->size);
    return undo(type, ret_obj, mwi_copy_graph(&heap, type, ret_obj, src));
}

bool
mw_object_equal(const mw_type *type, const void *a, const void *b)
{
    return mwi_equal_graph(type, a, b);
}

char *
mw_object_text(const mw_type *type, const void *obj)
{
    return mwi_print_graph(type, obj);
}

mw_status
mw_object_encode(const mw_type *type, const void *obj, uint8_t **ret_bytes,
    size_t *ret_len, mw_error *reterr)
{
    struct mwi_buf buf;
    struct mwi_writer w;

    mwi_buf_init(&buf, SIZE_MAX / 2);
    mwi_writer_init(&w, &buf);
    mwi_encode_graph(&w, type, obj);
    if (!mwi_writer_ok(&w)) {
        mwi_buf_fini(&buf);
        if (reterr != NULL) {
            *reterr = w.error;
        }
        return w.error.status;
    }
    /* Nothing was consumed, so the bytes start where the block does. */
    *ret_bytes = buf.data;
    *ret_len = mwi_buf_len(&buf);
    return MW_OK;
}

mw_status
mw_object_decode(const mw_type *type, const uint8_t *bytes, size_t len,
    void *ret_obj, mw_error *reterr)
{
    struct mwi_place heap = { .budget = DECODE_BUDGET };
    struct mwi_reader r;
    mw_status status;

    memset(ret_obj, 0, type->size);
    mwi_reader_init(&r, bytes, len, MW_DEFAULT_DEPTH_MAX);
    if (mwi_type_has_refs(type)) {
        /* To free decoded nodes takes memory, so that nothing follows them is
         * known before. */
        struct mwi_reader ahead = r;

        mwi_skip(&ahead);
        (void) mwi_reader_finish(&ahead);
        r.error = ahead.error;
    }
    mwi_decode_graph(&r, &heap, type, ret_obj);
    status = mwi_reader_finish(&r);
    if (status < 0 && reterr != NULL) {
        *reterr = r.error;
    }
    return undo(type, ret_obj, status);
}

void
mw_node_free(const mw_type *type, void *node)
{
    if (node != NULL) {
        mwi_clear(type, node);
        mwi_free(node);
    }
}

mw_status
mw_graph_clear(const mw_type *type, void *obj)
{
    struct mwi_nodes nodes;
    mw_status status;

    mwi_nodes_init(&nodes);
    status = mwi_nodes_collect(&nodes, type, obj);
    if (status == MW_OK) {
        for (size_t t = 0; t < nodes.n_tables; t++) {
            nodes.tables[t].n_known = 0;
        }
        mwi_nodes_free_new(&nodes);
        mwi_clear(type, obj);
    }
    mwi_nodes_fini(&nodes);
    return status;
}
