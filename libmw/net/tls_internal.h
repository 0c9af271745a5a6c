/* SPDX-License-Identifier: MIT */
/*
 * net: what the files that speak to OpenSSL share.
 */
#ifndef MWI_NET_TLS_INTERNAL_H
#define MWI_NET_TLS_INTERNAL_H

#include <stdatomic.h>

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/sync.h"
#include "net/tls.h"

enum { MWI_TLS_SESSIONS_MAX = 8 };

struct mwi_tls_session {
    SSL_SESSION *session;
    char *host;  /* for which the server has proven to be */
    int64_t end; /* see mwi_tls_stream.resumable_until */
};

/* Client: what can be resumed, oldest first. */
struct mwi_tls_sessions {
    struct mwi_mutex mutex;                           /* innermost */
    struct mwi_tls_session all[MWI_TLS_SESSIONS_MAX]; /* [mutex] */
    size_t n;                                         /* [mutex] */
};

struct mwi_tls_config {
    atomic_uint refs; /* of its owner and of each stream */
    SSL_CTX *ctx;
    struct mwi_tls_sessions sessions;
    char *server_name; /* client: the name to verify, or NULL for the host */
    int verify_mode;   /* SSL_VERIFY_… */
    bool is_client;
};

struct mwi_tls_stream {
    struct mwi_stream stream;
    struct mwi_stream *lower;
    struct mwi_tls_config *config; /* referenced */
    SSL *ssl;
    int64_t resumable_until; /* time(): what was checked holds good */
    char *host;              /* client: whom the certificate must be for */
    struct mwi_buf out;      /* records that have not left */
    bool is_ready;           /* the handshake is over */
    bool has_read;           /* the peer has sent something that is authentic */
    bool must_send;          /* out has what OpenSSL said of its own accord */
    bool is_lower_end;       /* the lower stream is at its end, or */
    bool is_lower_down;      /* it has failed */
    bool is_failed;          /* for good, see error */
    bool is_mute;            /* nothing more can be written, see error */
    mw_error error; /* of the lower stream, the verification, or final */
};

/** Let OpenSSL read the lower stream and write t->out.  False when out of
 * memory. */
MW_MUST_USE bool mwi_tls_attach(struct mwi_tls_stream *t);

/** Whether t->out takes one more record. */
bool mwi_tls_has_room(const struct mwi_tls_stream *t);

/** Hand t->out to the lower stream.  DONE: all of it.  FAILED: it is dropped.
 */
MW_MUST_USE enum mwi_io mwi_tls_send(
    struct mwi_tls_stream *t, mw_error *reterr);

/** A reference more.  mwi_tls_config_free() drops one. */
struct mwi_tls_config *mwi_tls_config_ref(struct mwi_tls_config *config);

/** Server: hand out tickets and take them back.  False when out of memory. */
MW_MUST_USE bool mwi_tls_give_tickets(struct mwi_tls_config *config);

/** Client: keep sessions of which tickets came. */
void mwi_tls_keep_sessions(struct mwi_tls_config *config);

/** Client: resume a session with t->host if there is one. */
void mwi_tls_offer_session(struct mwi_tls_stream *t);

void mwi_tls_sessions_init(struct mwi_tls_sessions *sessions);
void mwi_tls_sessions_fini(struct mwi_tls_sessions *sessions);

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

/** Make t->error the reason why OpenSSL's last operation failed. */
void mwi_tls_explain(struct mwi_tls_stream *t);

/** Make t->error the text for an alert of the peer. */
void mwi_tls_explain_alert(
    struct mwi_tls_stream *t, int alert, const char *reason);

/** OpenSSL calls it for each certificate of the peer's chain, and for each
 * fault.  Notes the fault in the stream's error, and fails the handshake. */
int mwi_tls_verify(int is_fine, X509_STORE_CTX *store);

/** Tell OpenSSL for whom the server's certificate must be: a DNS name or an IP
 * address.  False if it can be neither, or out of memory. */
MW_MUST_USE bool mwi_tls_expect_host(SSL *ssl, const char *host);

/** Write a certificate's subject as text (RFC 2253, UTF-8), cut to size. */
void mwi_tls_subject(char *to, size_t size, X509 *certificate);

/** Write the name that a certificate is for, see mw_peer.name. */
void mwi_tls_name(char *to, size_t size, X509 *certificate);

#endif
