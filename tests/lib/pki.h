/* SPDX-License-Identifier: MIT */
/*
 * Throw-away certificates for tests, good and bad, made in this process at the
 * first use, in a directory that is removed when the process exits.
 *
 * "localhost", 127.0.0.1 and ::1 are what every server identity here is for,
 * unless said otherwise, and what is good is so for three hours.
 */
#ifndef MWT_PKI_H
#define MWT_PKI_H

#include "mw/tls.h"

/* A certificate file, with its chain, and its key file. */
struct mwt_identity {
    char cert[128];
    char key[128];
};

struct mwt_pki {
    char dir[96];
    char ca[128];       /* PEM files */
    char other_ca[128]; /* another CA, of the same subject */

    struct mwt_identity server;     /* CN=server */
    struct mwt_identity client;     /* CN=client,O=libmw tests, DNS
                                       client.test */
    struct mwt_identity named;      /* a client with a UTF-8 common name,
                                       "Zoë", and no alternative name */
    struct mwt_identity uri_client; /* spiffe://test/desk */
    struct mwt_identity uid_client; /* URI uid:0, then DNS last.test */
    struct mwt_identity nul_client; /* DNS "a.test\0b.test", CN=fallback */
    struct mwt_identity chained;    /* a server below an intermediate CA */
    struct mwt_identity brief;      /* good for ten minutes; server or client */
    struct mwt_identity brief_chain; /* its intermediate CA is, likewise */
    struct mwt_identity other;       /* by the other CA; server or client */
    struct mwt_identity expired;     /* until an hour ago; server or client */
    struct mwt_identity future;      /* from in an hour; server or client */
    struct mwt_identity self_signed; /* server or client */
    struct mwt_identity wrong_host;  /* server for wrong.test, 192.0.2.1 */
    struct mwt_identity wildcard;    /* *.wild.test and w*.partial.test */
    struct mwt_identity common_name; /* server, CN=localhost, no alternative
                                        name */

    char encrypted_key[128]; /* of server.cert, with a password */
    char ed25519_key[128];   /* of no certificate */
    char garbled[128];       /* no PEM at all */
    char cut[128];           /* server.cert, its second half missing */
    char missing[128];       /* no such file */
};

/** The certificates.  The same ones for all of the process; aborts when they
 * cannot be made. */
const struct mwt_pki *mwt_pki_get(void);

/** TLS options with the test certificates: of the server, of a good client. */
#define MWT_SERVER_TLS                         \
    MW_TLS(.cert = mwt_pki_get()->server.cert, \
        .key = mwt_pki_get()->server.key, .ca = mwt_pki_get()->ca)
#define MWT_CLIENT_TLS                         \
    MW_TLS(.cert = mwt_pki_get()->client.cert, \
        .key = mwt_pki_get()->client.key, .ca = mwt_pki_get()->ca)

#endif
