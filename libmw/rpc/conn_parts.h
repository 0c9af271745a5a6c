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

#endif
