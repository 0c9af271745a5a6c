/* SPDX-License-Identifier: MIT */
#include "rpc/ctx.h"

#include <string.h>

#include "mw/node.h"

#include "base/error.h"
#include "base/mem.h"
#include "codec/value.h"

const char *
mw_ctx_error(const mw_ctx *ctx)
{
    if (ctx == NULL || ctx->error.text[0] == '\0') {
        return mw_status_text(ctx == NULL ? MW_OK : ctx->error.status);
    }
    return ctx->error.text;
}

const void *
mw_ctx_exception(const mw_ctx *ctx, const mw_type *type)
{
    return ctx != NULL && ctx->exception_type == type ? ctx->exception : NULL;
}

void
mw_ctx_clear(mw_ctx *ctx)
{
    if (ctx == NULL) {
        return;
    }
    if (ctx->exception != NULL) {
        /* Without memory to walk a graph by, its nodes are lost. */
        if (mw_graph_clear(ctx->exception_type, ctx->exception) < 0) {
            mwi_clear(ctx->exception_type, ctx->exception);
        }
        mwi_free(ctx->exception);
    }
    mwi_free(ctx->changes);
    ctx->changes = NULL;
    ctx->exception = NULL;
    ctx->exception_type = NULL;
    ctx->not_run = false;
    ctx->attempts = 0;
    ctx->retry_after_ms = 0;
    ctx->state = MW_CALL_NEW;
    mwi_error_clear(&ctx->error);
    memset(&ctx->stats, 0, sizeof(ctx->stats));
}

mw_status
mwi_ctx_begin(mw_ctx *ctx)
{
    if (ctx != NULL && ctx->size < sizeof(*ctx)) {
        return MW_EINVAL;
    }
    mw_ctx_clear(ctx);
    return MW_OK;
}

mw_status
mwi_ctx_end(mw_ctx *ctx, mw_status status, const mw_error *error)
{
    if (ctx != NULL && status < 0) {
        ctx->error = *error;
        ctx->error.status = status;
    }
    return status;
}

void
mwi_ctx_set_exception(mw_ctx *ctx, const mw_type *type, void *exception)
{
    ctx->exception_type = type;
    ctx->exception = exception;
}
