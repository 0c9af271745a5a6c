/* SPDX-License-Identifier: MIT */
/*
 * rpc: what a call leaves in the caller's context.
 */
#ifndef MWI_RPC_CTX_H
#define MWI_RPC_CTX_H

#include "mw/ctx.h"

/** Forget the outcome of the call before.  MW_EINVAL when ctx->size is not
 * set. */
MW_MUST_USE mw_status mwi_ctx_begin(mw_ctx *ctx);

/** Note how the call went: error is that of a failure.  Returns status. */
mw_status mwi_ctx_end(mw_ctx *ctx, mw_status status, const mw_error *error);

/** Give it an exception.
 *
 * @param exception  [take] on the heap */
void mwi_ctx_set_exception(mw_ctx *ctx, const mw_type *type, void *exception);

#endif
