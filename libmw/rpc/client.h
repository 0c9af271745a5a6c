/* SPDX-License-Identifier: MIT */
/*
 * rpc: a client, which keeps connections and replaces each when it must.
 */
#ifndef MWI_RPC_CLIENT_H
#define MWI_RPC_CLIENT_H

#include "mw/client.h"

#include "base/log.h"
#include "rpc/conn.h"
#include "rpc/endpoints.h"
#include "rpc/retry.h"

struct mw_client;
struct mwi_client_meter;
struct mwi_life;

/** A connection that a call can be made on: of those there are, or a new one.
 * The call keeps the reference until it is over, for that is how a client knows
 * how busy its connections are.
 *
 * While no endpoint can be reached it waits, unless that is in vain.
 *
 * @param ret_conn  [own: mwi_conn_unref()] [out]
 * @return  why the endpoint that was tried last could not be reached
 * @retval MW_ETIMEDOUT  not in time, and none has failed
 * @thread any; blocks up to the deadline
 */
MW_MUST_USE mw_status mwi_client_connect(mw_client *client,
    const struct mwi_wish *wish, int64_t deadline, struct mwi_conn **ret_conn,
    mw_error *reterr);

/** The client's options, with defaults filled in: constant. */
const mw_client_options *mwi_client_options(const mw_client *client);

/** What its calls may spend on being sent again. */
struct mwi_budget *mwi_client_budget(mw_client *client);

/** Wait until then, or until it is closed.  @thread any; blocks */
void mwi_client_pause(mw_client *client, int64_t until);

/** See rpc/life.h. */
struct mwi_life *mwi_client_life(mw_client *client);

/** Begin to be a client without connections: a new one, or in a child of the
 * process that had it. */
void mwi_client_renew(mw_client *client);

/** Free it.  @thread who gives back the last reference */
void mwi_client_free(mw_client *client);

/** When a call fails that began at a time (base/clock.h): by the context, the
 * method (NULL allowed), or the client; and no later than the call that this
 * thread handles, unless the context is detached from that. */
int64_t mwi_client_deadline(const mw_client *client, const mw_ctx *ctx,
    const mw_method *method, int64_t began);

/** Where its log lines go: constant. */
const struct mwi_log *mwi_client_log(const mw_client *client);

/** What the client counts. */
struct mwi_client_meter *mwi_client_meter(mw_client *client);

/** How many connections it has.  @thread any */
size_t mwi_client_n_connections(mw_client *client);

#endif
