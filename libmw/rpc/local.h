/* SPDX-License-Identifier: MIT */
/*
 * rpc: connections to a server from within its process.
 */
#ifndef MWI_RPC_LOCAL_H
#define MWI_RPC_LOCAL_H

#include "mw/server.h"

#include "net/stream.h"

/** Make a pair of streams and give one end to the server.
 *
 * @param ret_stream  [own: mwi_stream_close()] [out] the other end
 * @retval MW_EUNAVAILABLE  the server has stopped
 * @retval MW_ENOMEM  out of memory
 * @thread any; does not block
 */
MW_MUST_USE mw_status mwi_server_connect(
    mw_server *server, struct mwi_stream **ret_stream, mw_error *reterr);

#endif
