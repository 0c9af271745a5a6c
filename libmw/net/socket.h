/* SPDX-License-Identifier: MIT */
/*
 * net: streams over sockets, and within the process.
 */
#ifndef MWI_NET_SOCKET_H
#define MWI_NET_SOCKET_H

#include "mw/status.h"

#include "net/stream.h"

/** A stream over a connected socket, which is made non-blocking and, for TCP,
 * TCP_NODELAY.
 *
 * @param fd      [take] the socket, on success only
 * @param address [copy] the peer's, for mw_peer.address
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwi_socket_stream(struct mwi_stream **ret_stream, int fd,
    const char *address, mw_error *reterr);

/** Two streams that lead to each other, within the process. */
MW_MUST_USE mw_status mwi_stream_pair(
    struct mwi_stream *ret_ends[2], mw_error *reterr);

#endif
