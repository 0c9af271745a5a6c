/* SPDX-License-Identifier: MIT */
/*
 * net: addresses: "tls://host:port", "plaintext://host:port", "unix:/path".
 * An IPv6 address is written in brackets, also with a zone: "tls://[::1]:7000".
 */
#ifndef MWI_NET_ADDRESS_H
#define MWI_NET_ADDRESS_H

#include "mw/status.h"

enum mwi_scheme {
    MWI_SCHEME_TLS,
    MWI_SCHEME_PLAINTEXT,
    MWI_SCHEME_UNIX,
};

struct mwi_address {
    enum mwi_scheme scheme;
    char host[256]; /* without brackets; empty for unix */
    char name[256]; /* that host was resolved from; or empty */
    char port[6];   /* decimal, "0" to "65535"; empty for unix */
    char path[108]; /* unix: of the socket */
};

/** Parse len bytes of text.  MW_EINVAL names what is wrong. */
MW_MUST_USE mw_status mwi_address_parse(struct mwi_address *ret_address,
    const char *text, size_t len, mw_error *reterr);

/** Whether text begins with a scheme, known or not. */
bool mwi_address_has_scheme(const char *text, size_t len);

/** Whether it is a name, to be resolved. */
bool mwi_address_is_name(const struct mwi_address *address);

/** The host as it was written: what a certificate must be for. */
static inline const char *
mwi_address_name(const struct mwi_address *address)
{
    return address->name[0] != '\0' ? address->name : address->host;
}

enum { MWI_ADDRESS_TEXT_MAX = 300 };

/** Write it as text, NUL included; the inverse of parsing. */
void mwi_address_text(
    const struct mwi_address *address, char text[MWI_ADDRESS_TEXT_MAX]);

#endif
