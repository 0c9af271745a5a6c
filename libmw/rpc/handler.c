/* SPDX-License-Identifier: MIT */
/*
 * What a handler may do with its call: mw/call.h, mw/memory.h,
 * mw/node.h and mw/seq.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mw/node.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/graph.h"
#include "codec/seq.h"
#include "rpc/call.h"
#include "wire/frame.h"

void *
mw_alloc(mw_call *call, size_t size)
{
    struct mwi_place place = mwi_call_place(call);

    return mwi_place_alloc(&place, 1, size, _Alignof(max_align_t));
}

char *
mw_strdup(mw_call *call, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    char *copy = mw_alloc(call, len + 1);

    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *
mw_sprintf(mw_call *call, const char *format, ...)
{
    va_list args;
    int len;
    char *text;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = len < 0 ? NULL : mw_alloc(call, (size_t) len + 1);
    if (text != NULL) {
        va_start(args, format);
        (void) vsnprintf(text, (size_t) len + 1, format, args);
        va_end(args);
    }
    return text;
}

mw_status
mw_set_string(mw_call *call, char **member, const char *text)
{
    char *copy = NULL;

    if (text != NULL) {
        copy = mw_strdup(call, text);
        if (copy == NULL) {
            return MW_ENOMEM;
        }
    }
    if (call == NULL) {
        mwi_free(*member);
    }
    *member = copy;
    return MW_OK;
}

void *
mw_seq_insert(
    mw_call *call, const mw_type *type, void *seq, size_t at, size_t n)
{
    struct mwi_place place = mwi_call_place(call);

    return mwi_seq_insert(&place, type, seq, at, n);
}

void *
mw_seq_add(mw_call *call, const mw_type *type, void *seq)
{
    return mw_seq_insert(call, type, seq, mwi_items_of(type, seq).len, 1);
}

void
mw_seq_remove(
    mw_call *call, const mw_type *type, void *seq, size_t at, size_t n)
{
    mwi_seq_remove(call == NULL, type, seq, at, n);
}

void *
mw_node_new(mw_call *call, const mw_type *type)
{
    struct mwi_place place = mwi_call_place(call);
    void *node = mwi_place_alloc(&place, 1, type->size, type->align);

    if (node != NULL && mwi_init(&place, type, node) < 0) {
        if (call == NULL) {
            mw_node_free(type, node);
        }
        node = NULL;
    }
    return node;
}

void
mw_release(mw_call *call, void *node)
{
    if (node == NULL) {
        return;
    }
    if (call->n_released == call->cap_released) {
        size_t cap = call->cap_released > 0 ? 2 * call->cap_released : 8;
        void **released = mwi_realloc(call->released, cap, sizeof(*released));

        if (released == NULL) {
            /* Then the call fails: to forget it would be a leak. */
            call->has_lost_release = true;
            return;
        }
        call->released = released;
        call->cap_released = cap;
    }
    call->released[call->n_released++] = node;
}

mw_status
mw_call_fail(mw_call *call, mw_status status, const char *format, ...)
{
    va_list args;

    if (status >= 0 || strcmp(mw_status_name(status), "MW_?") == 0 ||
        status == MW_EEXCEPTION) {
        status = MW_EUNKNOWN;
    }
    va_start(args, format);
    mwi_vfail(&call->failure, status, format, args);
    va_end(args);
    return status;
}

static bool
may_raise(const mw_method *method, const mw_type *type)
{
    for (size_t i = 0; i < method->n_raises; i++) {
        if (method->raises[i] == type) {
            return true;
        }
    }
    return false;
}

mw_status
mw_call_raise(mw_call *call, const mw_type *type, const void *exception)
{
    struct mwi_writer w;

    if (!may_raise(call->op->method, type)) {
        return mw_call_fail(call, MW_EINTERNAL,
            "the handler raised %s, which %s does not declare", type->name,
            call->op->method->target);
    }
    mwi_buf_fini(&call->exception);
    if (mwi_frame_begin(&call->exception) < 0) {
        return mw_call_fail(call, MW_ENOMEM, "out of memory");
    }
    mwi_writer_init(&w, &call->exception);
    mwi_exception_begin(&w, call->id, type->name);
    w.depth = MWI_EXCEPTION_DEPTH;
    mwi_encode_graph(&w, type, exception);
    if (!mwi_writer_ok(&w)) {
        mwi_buf_fini(&call->exception);
        return mw_call_fail(call, MW_EINTERNAL, "cannot raise %s: %s",
            type->name, w.error.text);
    }
    mwi_frame_end(&call->exception);
    return MW_EEXCEPTION;
}

void *
mw_call_user(const mw_call *call)
{
    return call->op->user;
}

const mw_peer *
mw_call_peer(const mw_call *call)
{
    return call->peer;
}

const char *
mw_call_target(const mw_call *call)
{
    return call->op->method->target;
}

uint32_t
mw_call_remaining_ms(const mw_call *call)
{
    return mwi_deadline_left_ms(call->deadline);
}
