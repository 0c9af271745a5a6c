/* SPDX-License-Identifier: MIT */
/*
 * Calls that are under way while their caller does something else.
 *
 *     mw_pending *one, *two;
 *     if (bank_Teller_deposit_start(client, &ctx1, &mine, 5.0, &one) < 0) …
 *     if (bank_Teller_deposit_start(client, &ctx2, &yours, 7.0, &two) < 0) …
 *     status = mw_pending_finish(one);    only now mine may have changed
 *     status = mw_pending_finish(two);
 *
 * A call that was started does what the synchronous one does, but its results
 * are applied when it is finished, in the thread that does so, and nothing is
 * written before.  Until then belong to it, and must live: the client, the
 * context, objects that are passed inout or that take results, nodes of a
 * graph, and in arguments that lead to some.  Other in arguments may go as soon
 * as the call was started.  An object takes part in one such call at a time.
 *
 * Any number of calls may be pending on one connection.  They may be finished
 * in any order and by any threads; whoever waits for one reads for all of them.
 * The deadline counts from the start.
 *
 * A caller that does not want to wait is told: .on_done of the context runs
 * when the call is over, once for each call whose start has returned MW_OK (it
 * may be before that returns), unless the call is finished or cancelled before.
 * Where:
 *
 *  - in the client's own thread, if it was opened with .background;
 *  - else in mw_client_process(), if the program has asked for mw_client_fd();
 *  - else in a thread that waits for an answer on the same connection.
 *
 * No lock of libmw is held then.  It may finish the call, start others, cancel
 * any, and close the client.  To finish or cancel a call whose on_done is just
 * running in another thread waits until that has returned: after that, nobody
 * uses what belongs to the call.  If on_done finishes the call, nobody else
 * may.
 */
#ifndef MW_PENDING_H
#define MW_PENDING_H

#include "mw/base.h"
#include "mw/ctx.h"
#include "mw/status.h"

MW_BEGIN_DECLS

/** Wait for the reply, apply it as the synchronous call would, and free the
 * pending call.
 *
 * When the deadline has passed, a reply that is there is taken all the same.
 * The context that was given at the start has the details.
 *
 * @param pending  [own: this call] a pending call, or NULL
 * @retval MW_ETIMEDOUT  the deadline has passed; the server may have run it
 * @retval MW_EINVAL  pending is NULL: starting has failed; or as mw_stub_call()
 * @return  as mw_stub_call(); only after MW_OK has anything changed
 * @thread any, one at a time; blocks up to the deadline
 */
MW_API MW_MUST_USE mw_status mw_pending_finish(mw_pending *pending);

/** Whether mw_pending_finish() would return at once.  Reads what has come.
 *
 * @param pending  [inout] a pending call, or NULL
 * @return  true: its reply is there, its deadline has passed, its connection
 *          was lost, or pending is NULL
 * @thread any, one at a time; does not block
 */
MW_API bool mw_pending_is_done(mw_pending *pending);

/** Wait until mw_pending_finish() would return at once: the reply is there, the
 * deadline of the call has passed, or its connection was lost.
 *
 * @param pending     [inout] a pending call, or NULL
 * @param timeout_ms  how long, at the most; 0: reads what has come
 * @retval MW_ETIMEDOUT  it still is under way
 * @retval MW_EINVAL  pending is NULL
 * @thread any, one at a time; blocks up to timeout_ms or the call's deadline
 */
MW_API MW_MUST_USE mw_status mw_pending_wait(
    mw_pending *pending, uint32_t timeout_ms);

/** Wait until any of several calls could be finished at once; they may be of
 * several clients.
 *
 * It looks at all of them each time: who has thousands under way rather has
 * callbacks.
 *
 * @param pendings    [borrow: this call] pending calls; those that are NULL are
 *                    left out
 * @param n           how many there are
 * @param timeout_ms  how long, at the most; 0: reads what has come
 * @param ret_index   [out] the first that is over
 * @retval MW_ETIMEDOUT  all still are under way
 * @retval MW_EINVAL  there is none but NULL
 * @retval MW_ENOMEM  out of memory
 * @retval MW_EEXHAUSTED  out of descriptors
 * @thread any, one at a time for each call; blocks up to timeout_ms or the
 *         earliest deadline
 */
MW_API MW_MUST_USE mw_status mw_pending_wait_any(mw_pending *const pendings[],
    size_t n, uint32_t timeout_ms, size_t *ret_index);

/** How far the call is.  Reads what has come.
 *
 * Unless the context asked for it with .ack, nothing is heard of it between
 * MW_CALL_NEW and its end.
 *
 * @param pending  [inout] a pending call, or NULL
 * @return  the state, which at the end is that of mw_ctx.state after
 *          mw_pending_finish(), unless a reply overtakes the deadline
 * @retval MW_CALL_REFUSED  also: pending is NULL, for starting has failed
 * @retval MW_CALL_UNKNOWN  the deadline has passed, or the connection was lost
 * @thread any, one at a time; does not block
 */
MW_API mw_call_state mw_pending_state(mw_pending *pending);

/** Drop a pending call.  Nothing of the caller's is written then or later, nor
 * looked at: it may be gone.
 *
 * The server is told: it does not run a call that still waits in its queue, and
 * lets the handler of one that runs know.
 *
 * @param pending  [own: this call] a pending call, or NULL
 * @thread any, one at a time; does not block
 */
MW_API void mw_pending_cancel(mw_pending *pending);

MW_END_DECLS

#endif
