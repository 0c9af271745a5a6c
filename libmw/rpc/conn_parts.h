/* SPDX-License-Identifier: MIT */
/*
 * rpc: what the files of a connection share.
 */
#ifndef MWI_RPC_CONN_PARTS_H
#define MWI_RPC_CONN_PARTS_H

#include "rpc/conn.h"

static inline struct mwi_waiter *
mwi_conn_waiter_of(struct mwi_list *link)
{
    return MWI_CONTAINER(link, struct mwi_waiter, link);
}

/** Send a message that is nothing but its head. */
MW_MUST_USE mw_status mwi_conn_send_small(struct mwi_conn *conn,
    enum mwi_message_kind kind, uint64_t id, mw_error *reterr);

/** Deal with all that is there.
 *
 * @retval MWI_IO_WANT_READ  nothing is left
 * @retval MWI_IO_DONE       something was
 * @retval MWI_IO_FAILED     the connection is broken
 * @thread reader; does not block */
enum mwi_io mwi_conn_pump(struct mwi_conn *conn);

/** It is over: wake all who wait.  @thread reader */
void mwi_conn_break(struct mwi_conn *conn, const mw_error *why);

/* For a reader that sleeps, rpc/conn_alive.c. */

/** Until when it may, without doubting that the server is there. */
int64_t mwi_conn_alive_until(struct mwi_conn *conn);

/** Nothing has come until then: ask the server, or break the connection. */
void mwi_conn_doubt(struct mwi_conn *conn);

#endif
