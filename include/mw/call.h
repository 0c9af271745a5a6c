/* SPDX-License-Identifier: MIT */
/*
 * A call as its handler sees it.  The handler gets it as first argument; it is
 * valid until the handler returns, and belongs to the handler's thread.
 *
 * All parameters live in the call's arena (mw/memory.h).  The handler changes
 * inout parameters in place, sets out parameters, which start with their
 * default values, and returns MW_OK; or it returns one of
 *
 *     return mw_call_fail(call, MW_EINVAL, "amount must be positive");
 *     return orders_OutOfStock_raise(call, &(orders_OutOfStock){ … });
 *
 * and then nothing that it changed reaches the caller.
 */
#ifndef MW_CALL_H
#define MW_CALL_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/memory.h"
#include "mw/seq.h"
#include "mw/status.h"
#include "mw/tls.h"

typedef struct mw_client mw_client; /* mw/client.h */

MW_BEGIN_DECLS

/** Fail the call with a status and a text for the caller.
 *
 * @param call    [borrow: this call] the handler's call
 * @param status  negative; MW_OK and numbers that are no status become
 *                MW_EUNKNOWN
 * @param format  [copy] printf format of one line of UTF-8 text
 * @return  the status, for the handler to return
 * @thread the handler's; does not block
 */
MW_API MW_MUST_USE mw_status mw_call_fail(
    mw_call *call, mw_status status, const char *format, ...) MW_PRINTF(3, 4);

/** Raise an exception.  mwidl writes typed wrappers of it.
 *
 * @param call       [borrow: this call] the handler's call
 * @param type       [borrow: static] descriptor of the exception
 * @param exception  [copy] the exception
 * @retval MW_EEXCEPTION  raised; for the handler to return
 * @retval MW_EINTERNAL   the operation does not declare it, or it cannot be
 *                        encoded; for the handler to return
 * @thread the handler's; does not block
 */
MW_API MW_MUST_USE mw_status mw_call_raise(
    mw_call *call, const mw_type *type, const void *exception);

/** What was passed to the ..._serve() function.
 *
 * @param call  [borrow: this call] the handler's call
 * @return  [view] the pointer
 * @thread the handler's; does not block
 */
MW_API void *mw_call_user(const mw_call *call);

/** Who calls.
 *
 * @param call  [borrow: this call] the handler's call
 * @return  [view] valid until the handler returns
 * @thread the handler's; does not block
 */
MW_API const mw_peer *mw_call_peer(const mw_call *call);

/** The operation's name on the wire, such as "orders.Desk.fill".
 *
 * @param call  [borrow: this call] the handler's call
 * @return  [view] static text
 * @thread the handler's; does not block
 */
MW_API const char *mw_call_target(const mw_call *call);

/** Time until the caller gives up.
 *
 * @param call  [borrow: this call] the handler's call
 * @return  milliseconds; 0 when the deadline has passed; UINT32_MAX when the
 *          caller, a one-way caller for one, no longer waits
 * @thread the handler's; does not block
 */
MW_API uint32_t mw_call_remaining_ms(const mw_call *call);

/** Whether nobody waits for the call any more: the caller has cancelled it, its
 * deadline has passed, or its connection is lost.  What the handler makes will
 * not be received, but the call goes on until it returns.
 *
 * @param call  [borrow: this call] the handler's call
 * @return  true from then on.  Of a one-way call: never, for nobody waits for
 *          it from the start.  Of one that has a key, a lost connection does
 *          not count: the caller may come back for its outcome
 * @thread any, while the handler runs; does not block
 */
MW_API bool mw_call_cancelled(const mw_call *call);

/** A descriptor for handlers that block: to poll() it for reading, together
 * with what the handler waits for, tells when mw_call_cancelled() becomes true.
 *
 * @param call  [inout] the handler's call
 * @return  [view] the descriptor, to be polled only, and valid until the
 * handler returns; -1: of a one-way call, or there are no descriptors left
 * @thread the handler's; does not block
 */
MW_API int mw_call_cancel_fd(mw_call *call);

/** A client of the caller: calls that are made with it go to the program that
 * has made this call, over its connection, and reach the interfaces that it
 * offers with ..._serve_back().
 *
 * It lives on when the handler returns, for as long as it is kept.  Once the
 * connection is lost its calls fail with MW_EUNAVAILABLE; it connects nowhere.
 *
 * @param call        [borrow: this call] the handler's call
 * @param ret_client  [own: mw_client_close(), before the server is closed]
 *                    [out]
 * @retval MW_EUNAVAILABLE  the connection is lost already
 * @retval MW_ENOMEM  out of memory
 * @thread the handler's; does not block
 */
MW_API MW_MUST_USE mw_status mw_call_open_back(
    mw_call *call, mw_client **ret_client);

MW_END_DECLS

#endif
