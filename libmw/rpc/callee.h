/* SPDX-License-Identifier: MIT */
/*
 * rpc: what a client offers to its server: calls that come the other way, on a
 * connection that the client has made.
 *
 * They run on a small pool of the client's own, so that whoever reads the
 * connection goes on reading: a handler may make calls itself, and wait.
 */
#ifndef MWI_RPC_CALLEE_H
#define MWI_RPC_CALLEE_H

#include "mw/client.h"

#include "base/log.h"
#include "pool/pool.h"
#include "rpc/conn.h"
#include "rpc/registry.h"

struct mwi_callee {
    struct mwi_registry registry; /* constant once the client has connected */
    struct mwi_pool *pool;        /* constant */
    const mw_client_options *options; /* [borrow: callee] */
    struct mwi_log log;               /* constant */
};

/** With a pool, but no interfaces yet.
 *
 * @return  [own: mwi_callee_free()] NULL and *reterr when out of memory or
 *          threads
 */
MW_MUST_USE struct mwi_callee *mwi_callee_new(
    const mw_client_options *options, mw_error *reterr);

/** Wait for handlers that run, and free.  NULL allowed.
 * @thread any but a handler's; blocks */
void mwi_callee_free(struct mwi_callee *callee);

/** Accept a call, or answer it with a FAIL that says why not.
 *
 * @param conn  where it came
 * @param m     what mwi_message_read() made of the CALL
 * @param r     behind that, in the message that mwi_channel_next() gave
 * @thread the connection's reader */
void mwi_callee_call(struct mwi_callee *callee, struct mwi_conn *conn,
    const struct mwi_message *m, const struct mwi_reader *r);

#endif
