/* SPDX-License-Identifier: MIT */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

mw_status
mwi_resolve(struct addrinfo **ret_list, const struct mwi_address *address,
    bool is_passive, mw_status unresolved, mw_error *reterr)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV | (is_passive ? AI_PASSIVE : 0),
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_protocol = IPPROTO_TCP,
    };
    int error = getaddrinfo(address->host, address->port, &hints, ret_list);

    switch (error) {
    case 0:
        return MW_OK;
    case EAI_MEMORY:
        return mwi_fail_nomem(reterr);
    case EAI_SYSTEM:
        return mwi_fail_sys(reterr, MW_EUNAVAILABLE, errno,
            "resolving \"%.100s\"", address->host);
    case EAI_AGAIN: /* the name server did not answer */
        unresolved = MW_EUNAVAILABLE;
        break;
    default:
        break;
    }
    return mwi_fail(reterr, unresolved, "resolving \"%.100s\": %s",
        address->host, gai_strerror(error));
}

static bool
is_among(const struct mwi_address *addresses, size_t n, const char *host)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(addresses[i].host, host) == 0) {
            return true;
        }
    }
    return false;
}

mw_status
mwi_resolve_each(struct mwi_address *ret_addresses, size_t max, size_t *ret_n,
    const struct mwi_address *address, mw_error *reterr)
{
    struct addrinfo *list;
    size_t n = 0;
    mw_status status =
        mwi_resolve(&list, address, false, MW_EUNAVAILABLE, reterr);

    if (status < 0) {
        return status;
    }
    for (struct addrinfo *a = list; a != NULL && n < max; a = a->ai_next) {
        struct mwi_address *to = &ret_addresses[n];
        char host[sizeof(to->host)];

        if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), NULL, 0,
                NI_NUMERICHOST) == 0 &&
            !is_among(ret_addresses, n, host)) {
            *to = *address;
            memcpy(to->name, address->host, sizeof(to->name));
            memcpy(to->host, host, sizeof(to->host));
            n++;
        }
    }
    freeaddrinfo(list);
    if (n == 0) {
        return mwi_fail(reterr, MW_EUNAVAILABLE,
            "resolving \"%.100s\": no usable address", address->host);
    }
    *ret_n = n;
    return MW_OK;
}

socklen_t
mwi_unix_address(
    struct sockaddr_un *ret_unix, const struct mwi_address *address)
{
    memset(ret_unix, 0, sizeof(*ret_unix));
    ret_unix->sun_family = AF_UNIX;
    memcpy(ret_unix->sun_path, address->path, sizeof(ret_unix->sun_path));
    return (socklen_t) sizeof(*ret_unix);
}

static const char *
prefix(enum mwi_scheme scheme)
{
    return scheme == MWI_SCHEME_TLS ? "tls://" : "plaintext://";
}

void
mwi_sockaddr_text(char *to, size_t size, enum mwi_scheme scheme,
    const struct sockaddr *address)
{
    char ip[INET6_ADDRSTRLEN] = "?";
    char zone[IF_NAMESIZE] = "";

    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, address, sizeof(v4));
        (void) inet_ntop(AF_INET, &v4.sin_addr, ip, sizeof(ip));
        (void) snprintf(to, size, "%s%s:%u", prefix(scheme), ip,
            (unsigned) ntohs(v4.sin_port));
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        bool is_mapped;
        bool has_zone;

        memcpy(&v6, address, sizeof(v6));
        is_mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
        has_zone = v6.sin6_scope_id != 0 &&
                   if_indextoname(v6.sin6_scope_id, zone) != NULL;
        if (is_mapped) {
            (void) inet_ntop(
                AF_INET, &v6.sin6_addr.s6_addr[12], ip, sizeof(ip));
        } else {
            (void) inet_ntop(AF_INET6, &v6.sin6_addr, ip, sizeof(ip));
        }
        (void) snprintf(to, size, is_mapped ? "%s%s%s%s:%u" : "%s[%s%s%s]:%u",
            prefix(scheme), ip, has_zone ? "%" : "", zone,
            (unsigned) ntohs(v6.sin6_port));
    } else {
        (void) snprintf(to, size, "%s?", prefix(scheme));
    }
}
