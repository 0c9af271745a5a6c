/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.3 settings of a client or server, and what is known of a peer.
 *
 * Mutual authentication is the default: each side shows a certificate and
 * checks the other's against its CA file, and the client checks that the
 * server's certificate is for the host that it asked for.
 */
#ifndef MW_TLS_H
#define MW_TLS_H

#include "mw/base.h"
#include "mw/status.h"

typedef struct mw_tls_options {
    size_t size;      /* sizeof(mw_tls_options) */
    const char *cert; /* [copy] PEM file: own certificate, then intermediates */
    const char *key;  /* [copy] PEM file: its private key, not encrypted */
    const char *ca;   /* [copy] PEM file: certificates that the peer's must
                         lead to.  NULL at a client: the system's */
    const char *server_name; /* [copy] client: the name that the server's
                                certificate must be for; NULL: the host in
                                the address */
    bool anonymous_clients;  /* server: accept clients without a certificate.
                                One that is shown is checked all the same */
    bool no_resumption;      /* a handshake in full for each connection; see
                                MW_TLS(3) */
} mw_tls_options;

#define MW_TLS(...) MW_OPTIONS(mw_tls_options, __VA_ARGS__)

/* What is known of the other end of a connection.  Texts are empty when they
 * do not apply, and cut short to fit; but name is whole or empty, for access
 * may depend on it. */
typedef struct mw_peer {
    char address[128]; /* "tls://127.0.0.1:40312", "unix:/run/x" */
    char tls[16];      /* "TLSv1.3"; empty on a plaintext connection */
    char cipher[64];   /* "TLS_AES_128_GCM_SHA256" */
    char subject[256]; /* certificate subject, RFC 2253; empty if none shown */
    char name[256];    /* first DNS, URI, IP or e-mail subject alternative
                          name of the certificate, else its common name */
    bool resumed;      /* its certificate was seen on an earlier connection */
} mw_peer;

#endif
