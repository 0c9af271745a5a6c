/* SPDX-License-Identifier: MIT */
/*
 * net: what the files that speak to OpenSSL share.
 */
#ifndef MWI_NET_TLS_INTERNAL_H
#define MWI_NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "net/tls.h"

struct mwi_tls_config {
    SSL_CTX *ctx;
    char *server_name; /* client: the name to verify, or NULL for the host */
    int verify_mode;   /* SSL_VERIFY_… */
    bool is_client;
};

/* Why an operation of OpenSSL failed. */
struct mwi_tls_cause {
    unsigned long code; /* of OpenSSL's error queue; 0: it was empty */
    bool no_memory;     /* an allocation was among the reasons */
    char text[160];     /* the reason in OpenSSL's words; empty with code 0 */
};

/** Take all errors off this thread's queue and pick the one that names the
 * cause: the first of OpenSSL's library lib, else the first. */
void mwi_tls_drain(struct mwi_tls_cause *ret_cause, int lib);

/** The alert (RFC 8446 section 6) that the peer sent, or -1 if the cause is
 * another. */
int mwi_tls_peer_alert(const struct mwi_tls_cause *cause);

/** The reason for an operation's failure, drained from the queue into one
 * line: "<text>: <OpenSSL's reason>".  Returns the status, MW_ENOMEM if that
 * was the reason. */
mw_status mwi_tls_fail(mw_error *reterr, mw_status status, const char *format,
    ...) MW_PRINTF(3, 4);

/** Write a certificate's subject as text (RFC 2253, UTF-8), cut to size. */
void mwi_tls_subject(char *to, size_t size, X509 *certificate);

/** Write the name that a certificate is for, see mw_peer.name. */
void mwi_tls_name(char *to, size_t size, X509 *certificate);

#endif
