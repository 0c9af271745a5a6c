/* SPDX-License-Identifier: MIT */
/*
 * Traces: which call was made because of which, across programs, as "Trace
 * Context" of the W3C says.  A call carries a text like
 *
 *     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *
 * with the number of the trace, the number of the step (the span) that makes
 * the call, and flags.  A program begins a trace, or goes on with one that
 * came over HTTP, by putting such a text into mw_ctx.traceparent.  From there
 * on it goes by itself: what a handler calls carries the same trace, with a
 * span of the handler's.  libmw carries and makes these texts; to record spans
 * is for hooks (mw/hooks.h).
 */
#ifndef MW_TRACE_H
#define MW_TRACE_H

#include "mw/base.h"
#include "mw/status.h"

enum { MW_TRACEPARENT_SIZE = 56 }; /* bytes of a text, NUL included */

typedef struct mw_call mw_call; /* mw/call.h */

MW_BEGIN_DECLS

/** Make the text for a new trace, or for a new span in a trace.
 *
 *     mw_ctx ctx = MW_CTX(.timeout_ms = 500);
 *     mw_traceparent_new(NULL, ctx.traceparent);
 *
 * @param parent    [copy] text of a trace to go on with; NULL, or one that is
 *                  not valid: a new trace, with the flag "sampled"
 * @param ret_text  [out] MW_TRACEPARENT_SIZE bytes
 * @thread any; does not block
 */
MW_API void mw_traceparent_new(const char *parent, char *ret_text);

/** The trace of a call, as its caller has sent it.
 *
 * @param call  [borrow: this call] the handler's call
 * @return  [view] the text, valid until the handler returns; empty if the
 *          caller sent none, or none that is valid
 * @thread the handler's or a hook's; does not block
 */
MW_API const char *mw_call_traceparent(const mw_call *call);

/** The trace that calls of the handler's carry: the caller's, with a span of
 * this call's own, which stays the same.
 *
 * @param call      [borrow: this call] the handler's call
 * @param ret_text  [out] MW_TRACEPARENT_SIZE bytes
 * @retval MW_ENOTFOUND  the call belongs to no trace
 * @thread the handler's or a hook's; does not block
 */
MW_API MW_MUST_USE mw_status mw_call_span(mw_call *call, char *ret_text);

MW_END_DECLS

#endif
