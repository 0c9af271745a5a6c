/* SPDX-License-Identifier: MIT */
/*
 * net: between our addresses and the system's.
 */
#ifndef MWI_NET_RESOLVE_H
#define MWI_NET_RESOLVE_H

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mw/status.h"

#include "net/address.h"

/** Find the socket addresses of a TCP address.
 *
 * @param ret_list    [own: freeaddrinfo()] at least one
 * @param is_passive  for bind(), else for connect()
 * @param unresolved  the status for a host that has no address
 * @retval MW_ENOMEM  out of memory
 * @retval MW_EUNAVAILABLE  the resolver failed
 * @thread any; blocks
 */
MW_MUST_USE mw_status mwi_resolve(struct addrinfo **ret_list,
    const struct mwi_address *address, bool is_passive, mw_status unresolved,
    mw_error *reterr);

/** Find the addresses of the host of a TCP address: for each a copy of it with
 * that in place of the host, which is the name then.
 *
 * @param ret_addresses  [out] room for max
 * @param ret_n  [out] at least 1, no two alike
 * @return  as mwi_resolve()
 * @thread any; blocks
 */
MW_MUST_USE mw_status mwi_resolve_each(struct mwi_address *ret_addresses,
    size_t max, size_t *ret_n, const struct mwi_address *address,
    mw_error *reterr);

/** The socket address of a unix address; returns its length. */
socklen_t mwi_unix_address(
    struct sockaddr_un *ret_unix, const struct mwi_address *address);

/** Write an IP socket address as "scheme://ip:port", an IPv4 address that is
 * mapped into IPv6 as IPv4. */
void mwi_sockaddr_text(char *to, size_t size, enum mwi_scheme scheme,
    const struct sockaddr *address);

#endif
