/* SPDX-License-Identifier: MIT */
/*
 * What the code that mwidl writes calls.  Not for use by hand, though nothing
 * forbids it.
 */
#ifndef MW_STUB_H
#define MW_STUB_H

#include "mw/base.h"
#include "mw/client.h"
#include "mw/ctx.h"
#include "mw/desc.h"
#include "mw/pending.h"
#include "mw/server.h"
#include "mw/status.h"

typedef struct mw_call mw_call;

/* Calls the handler in an ops struct with its arguments cast to their types.
 * ops: the ops struct.  args: for each parameter, in the order of
 * mw_method.params, the address of its value (see mw_stub_call()). */
typedef mw_status (*mw_run_fn)(
    mw_call *call, const void *ops, void *const args[]);

/* How to reach the handlers in an interface's ops struct. */
typedef struct mw_skeleton_method {
    mw_run_fn run;
    size_t ops_offset; /* of the handler's pointer in the ops struct, bytes */
} mw_skeleton_method;

typedef struct mw_skeleton {
    const mw_interface *interface;
    const mw_skeleton_method *methods; /* interface->n_methods of them */
    const void *reserved[2];           /* NULL */
} mw_skeleton;

MW_BEGIN_DECLS

/** Make a call and wait: for the reply, or for the acceptance of a one-way
 * operation.
 *
 * args[i] is the address of parameter i's value, as its descriptor describes
 * it.  in and inout values are sent; out values are replaced and inout values
 * patched, all or none of them.  What an out parameter held before is not
 * freed: out parameters are storage that holds no object.
 *
 * @param client  [borrow: this call] client
 * @param ctx     [inout] context, or NULL
 * @param method  [borrow: static] the operation
 * @param args    [inout] method->n_params addresses; those of out and inout
 *                parameters are of writable objects
 * @retval MW_EINVAL  an argument cannot be encoded or the server could not
 *                    decode it; the text says which and where
 * @retval MW_ETIMEDOUT  deadline passed
 * @retval MW_EUNAVAILABLE  no connection, or it was lost during the call
 * @retval MW_EEXHAUSTED  the server's queue is full; it did not run the call
 * @retval MW_EUNIMPLEMENTED  the server has no such operation
 * @retval MW_EEXCEPTION  the handler raised an exception, see
 *                        mw_ctx_exception()
 * @retval MW_EPROTO  the reply was not valid
 * @return  any status that the handler failed with
 * @thread any; blocks up to the deadline
 */
MW_API MW_MUST_USE mw_status mw_stub_call(mw_client *client, mw_ctx *ctx,
    const mw_method *method, const void *const args[]);

/** Start a call of an operation that is not one-way, and return at once.
 *
 * Arguments are as those of mw_stub_call().  The array may go when this
 * returns, and what in arguments without references point to; of a reference
 * the node must live, of an argument that holds references all of it.
 * mw_pending_finish() applies the results.
 *
 * @param client  [borrow: the pending call] client
 * @param ctx     [borrow: the pending call] context, or NULL.  Its mirror is
 * not used
 * @param method  [borrow: static] the operation
 * @param args    [inout] method->n_params addresses; those of out and inout
 *                parameters are of writable objects, which must live until the
 *                call is finished
 * @param ret_pending  [own: mw_pending_finish() or mw_pending_cancel()] [out]
 *                     NULL after a failure
 * @retval MW_EINVAL  an argument cannot be encoded, or the operation is one-way
 * @retval MW_ETIMEDOUT  not sent within the deadline
 * @retval MW_EUNAVAILABLE  no connection
 * @retval MW_ENOMEM  out of memory
 * @return  MW_OK: it was sent; what becomes of it mw_pending_finish() tells
 * @thread any; blocks only for a connection and for room to write, up to the
 *         deadline
 */
MW_API MW_MUST_USE mw_status mw_stub_start(mw_client *client, mw_ctx *ctx,
    const mw_method *method, const void *const args[],
    mw_pending **ret_pending);

/** Offer an interface.
 *
 * @param server    [borrow: this call] server that is not yet running
 * @param skeleton  [borrow: static] from generated code
 * @param ops       [borrow: server] the ops struct; a handler that is NULL
 *                  answers MW_EUNIMPLEMENTED
 * @param user      [borrow: server] for mw_call_user()
 * @retval MW_EEXIST  an interface of this name is offered already
 * @retval MW_EINVAL  made for another MW_DESC_VERSION, or the server runs
 * @retval MW_ENOMEM  out of memory
 * @thread owner of the server; does not block
 */
MW_API MW_MUST_USE mw_status mw_stub_serve(mw_server *server,
    const mw_skeleton *skeleton, const void *ops, void *user);

/** Offer an interface to the server that a client is connected to.
 *
 * @param client    [borrow: this call] client with .background, not yet
 *                  connected
 * @param skeleton  [borrow: static] from generated code
 * @param ops       [borrow: client] the ops struct, as above
 * @param user      [borrow: client] for mw_call_user()
 * @retval MW_EEXIST  an interface of this name is offered already
 * @retval MW_EINVAL  made for another MW_DESC_VERSION; the client has no
 *                    background thread, or has connected
 * @retval MW_ENOMEM  out of memory or threads
 * @thread owner of the client; does not block
 */
MW_API MW_MUST_USE mw_status mw_stub_serve_back(mw_client *client,
    const mw_skeleton *skeleton, const void *ops, void *user);

MW_END_DECLS

#endif
