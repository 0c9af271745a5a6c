/* SPDX-License-Identifier: MIT */
/*
 * rpc: traceparent texts, as "Trace Context" of the W3C defines them.
 */
#ifndef MWI_RPC_TRACE_H
#define MWI_RPC_TRACE_H

#include "mw/ctx.h"
#include "mw/trace.h"

#include "wire/message.h"

/** Take over a text that a peer or the program gave, if it is valid.  Of a
 * later version what this one knows is taken.
 *
 * @param ret_text  [out] NUL-terminated; empty if it is not valid
 * @return  whether it is valid
 */
bool mwi_trace_take(
    const char *text, size_t len, char ret_text[MW_TRACEPARENT_SIZE]);

/** The text for a call that a thread makes: its context's, or one of the call
 * that the thread handles, or none.
 *
 * @param ctx   NULL allowed
 * @param room  [out] where the text is, if it is to be made
 */
struct mwi_text mwi_trace_to_send(
    const mw_ctx *ctx, char room[MW_TRACEPARENT_SIZE]);

#endif
