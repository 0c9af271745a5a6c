/* SPDX-License-Identifier: MIT */
/*
 * net: making connections, from either side.
 */
#ifndef MWI_NET_DIAL_H
#define MWI_NET_DIAL_H

#include "mw/status.h"

#include "net/address.h"
#include "net/stream.h"
#include "net/tls.h"

/** Connect and finish the handshake.  Tries each address of the host in turn.
 * The handshake's last words leave with the stream's first flush, or when a
 * read has to wait.
 *
 * @param config    for MWI_SCHEME_TLS, else NULL
 * @param deadline  see base/clock.h
 * @retval MW_EUNAVAILABLE  no connection; the text has the last reason
 * @retval MW_EUNAUTHENTICATED  the TLS handshake failed; the text has
 *                              OpenSSL's reason
 * @retval MW_ETIMEDOUT  not in time; the text says at which step
 * @retval MW_ENOMEM  out of memory
 * @thread any; blocks up to the deadline, resolving a name may take longer
 */
MW_MUST_USE mw_status mwi_dial(struct mwi_stream **ret_stream,
    const struct mwi_address *address, struct mwi_tls_config *config,
    int64_t deadline, mw_error *reterr);

struct mwi_listener;

/** Bind and listen, without blocking accepts.
 *
 * A unix socket's path is removed first if a socket is there that nobody
 * listens on, and again at the close.
 *
 * @retval MW_EUNAVAILABLE  the address cannot be bound
 * @retval MW_EINVAL  the host does not resolve
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwi_listener_open(struct mwi_listener **ret_listener,
    const struct mwi_address *address, struct mwi_tls_config *config,
    mw_error *reterr);

void mwi_listener_close(struct mwi_listener *listener);

/** The descriptor to poll for reading. */
int mwi_listener_fd(const struct mwi_listener *listener);

/** The address that it is bound to, with the actual port: [view] valid as long
 * as the listener. */
const char *mwi_listener_address(const struct mwi_listener *listener);

/** Accept one connection, whose handshake is still to come.
 *
 * @retval MWI_IO_WANT_READ  there is none
 * @retval MWI_IO_FAILED  *reterr says why: MW_EEXHAUSTED when descriptors or
 *                        memory ran out (wait before the next try), else
 *                        something that concerns this connection alone
 */
enum mwi_io mwi_listener_accept(struct mwi_listener *listener,
    struct mwi_stream **ret_stream, mw_error *reterr);

#endif
