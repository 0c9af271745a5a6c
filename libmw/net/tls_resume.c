/* SPDX-License-Identifier: MIT */
/*
 * Resumption, RFC 8446 section 2.2: after a handshake the server hands out a
 * ticket, with which the client's next connection needs no certificates.
 *
 * The server keeps nothing: all is in the ticket, encrypted with a key that its
 * SSL_CTX made and that nobody else has.  The client keeps a few sessions per
 * configuration and uses each once (appendix C.4).  So on a reconnect nothing
 * is checked again, both ends hold on to the time up to which what was checked
 * at the last full handshake holds good; it travels within the ticket, and a
 * resumed connection hands it on to its own tickets.
 *
 * When a ticket is not taken, for whatever reason, a full handshake follows.
 */
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "base/mem.h"
#include "net/tls_internal.h"

enum { LIFETIME_S = 3600 }; /* from a full handshake to the last resumption */

/* Until when sessions may be resumed that begin with the full handshake of this
 * connection: at the most until the first certificate that was relied on
 * expires.  As certificates are, this is of the wall clock. */
static int64_t
end_of_trust(SSL *ssl)
{
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    int64_t end = (int64_t) time(NULL) + LIFETIME_S;

    for (int i = 0; i < sk_X509_num(chain); i++) {
        struct tm tm;
        int64_t expiry;

        if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, i)), &tm) !=
            1) {
            return 0;
        }
        expiry = (int64_t) timegm(&tm);
        end = expiry < end ? expiry : end;
    }
    return end;
}

/* A clock that was set back does not prolong anything. */
static bool
is_over(int64_t end)
{
    int64_t now = (int64_t) time(NULL);

    return now >= end || end > now + LIFETIME_S;
}

static void
note_end(struct mwi_tls_stream *t)
{
    if (!SSL_session_reused(t->ssl)) {
        t->resumable_until = end_of_trust(t->ssl);
    }
}

/* The server. */

/* OpenSSL is about to make a ticket of the connection's session. */
static int
on_making_ticket(SSL *ssl, void *unused)
{
    struct mwi_tls_stream *t = SSL_get_app_data(ssl);
    SSL_SESSION *session = SSL_get_session(ssl);
    int64_t left;

    (void) unused;
    note_end(t);
    left = t->resumable_until - (int64_t) time(NULL);
    (void) SSL_SESSION_set_timeout(session, left > 0 ? (long) left : 0);
    return SSL_SESSION_set1_ticket_appdata(
        session, &t->resumable_until, sizeof(t->resumable_until));
}

/* OpenSSL has looked at a client's ticket. */
static SSL_TICKET_RETURN
on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
    size_t key_name_len, SSL_TICKET_STATUS status, void *unused)
{
    struct mwi_tls_stream *t = SSL_get_app_data(ssl);
    int64_t end;
    void *data;
    size_t len;

    (void) key_name;
    (void) key_name_len;
    (void) unused;
    if ((status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) ||
        SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 ||
        len != sizeof(end)) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    memcpy(&end, data, sizeof(end));
    if (is_over(end)) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    t->resumable_until = end;
    return SSL_TICKET_RETURN_USE_RENEW;
}

bool
mwi_tls_give_tickets(struct mwi_tls_config *config)
{
    static const unsigned char id[] = MWI_ALPN;

    /* Each resumption uses up a ticket and brings a new one. */
    return SSL_CTX_set_num_tickets(config->ctx, 1) == 1 &&
           SSL_CTX_set_session_id_context(config->ctx, id, sizeof(id)) == 1 &&
           SSL_CTX_set_session_ticket_cb(
               config->ctx, on_making_ticket, on_ticket, NULL) == 1;
}

/* The client. */

static void
drop_locked(struct mwi_tls_sessions *sessions, size_t i)
    MWI_REQUIRES(sessions->mutex)
{
    SSL_SESSION_free(sessions->all[i].session);
    mwi_free(sessions->all[i].host);
    sessions->n--;
    memmove(&sessions->all[i], &sessions->all[i + 1],
        (sessions->n - i) * sizeof(sessions->all[0]));
}

/* A ticket has come: OpenSSL has made a session of it.  What is kept is a copy,
 * for OpenSSL marks its own as useless when the connection breaks. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
    struct mwi_tls_stream *t = SSL_get_app_data(ssl);
    struct mwi_tls_sessions *sessions = &t->config->sessions;
    struct mwi_tls_session kept = { .session = SSL_SESSION_dup(session) };

    if (kept.session != NULL) {
        kept.host = mwi_strndup(t->host, strlen(t->host));
    }
    if (kept.host == NULL) {
        SSL_SESSION_free(kept.session);
        ERR_clear_error(); /* this one is not resumed, that is all */
        return 0;
    }
    note_end(t);
    kept.end = t->resumable_until;
    mwi_lock(&sessions->mutex);
    if (sessions->n == MWI_TLS_SESSIONS_MAX) {
        drop_locked(sessions, 0);
    }
    sessions->all[sessions->n++] = kept;
    mwi_unlock(&sessions->mutex);
    return 0; /* OpenSSL's own remains OpenSSL's */
}

void
mwi_tls_keep_sessions(struct mwi_tls_config *config)
{
    (void) SSL_CTX_set_session_cache_mode(
        config->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(config->ctx, on_session);
}

/* Take out the latest that is good for a host. */
static SSL_SESSION *
take(struct mwi_tls_sessions *sessions, const char *host, int64_t *ret_end)
{
    SSL_SESSION *session = NULL;

    mwi_lock(&sessions->mutex);
    for (size_t i = sessions->n; i-- > 0 && session == NULL;) {
        struct mwi_tls_session *kept = &sessions->all[i];

        if (!is_over(kept->end) && strcmp(kept->host, host) == 0) {
            session = kept->session;
            kept->session = NULL;
            *ret_end = kept->end;
        }
        if (session != NULL || is_over(kept->end)) {
            drop_locked(sessions, i);
        }
    }
    mwi_unlock(&sessions->mutex);
    return session;
}

void
mwi_tls_offer_session(struct mwi_tls_stream *t)
{
    SSL_SESSION *session =
        take(&t->config->sessions, t->host, &t->resumable_until);

    if (session != NULL && SSL_set_session(t->ssl, session) != 1) {
        ERR_clear_error(); /* then it is a full handshake */
    }
    SSL_SESSION_free(session);
}

void
mwi_tls_sessions_init(struct mwi_tls_sessions *sessions)
{
    mwi_mutex_init(&sessions->mutex);
    sessions->n = 0;
}

void
mwi_tls_sessions_fini(struct mwi_tls_sessions *sessions)
{
    mwi_lock(&sessions->mutex);
    while (sessions->n > 0) {
        drop_locked(sessions, sessions->n - 1);
    }
    mwi_unlock(&sessions->mutex);
    mwi_mutex_fini(&sessions->mutex);
}
