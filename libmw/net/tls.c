/* SPDX-License-Identifier: MIT */
/*
 * A stream of TLS 1.3 over a lower stream.
 *
 * OpenSSL reads the lower stream and writes an output buffer, see tls_bio.c, so
 * TLS runs over whatever is a stream, and raises SIGPIPE as little as that
 * does. What the lower stream says when it fails is kept and goes before
 * OpenSSL's reason.  The first failure is final: it is repeated to whoever asks
 * again.
 *
 * Whatever OpenSSL says of its own accord (handshake, alerts, KeyUpdate) is
 * sent at the latest before the reader is told to wait.  So the end of a
 * handshake can go together with what is written first.
 *
 * In TLS 1.3 a client's handshake ends before the server has seen the client's
 * certificate (RFC 8446 section 2).  That a server rejects it arrives as an
 * alert at the client's first read, or breaks its first write; both tell it.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/tls_internal.h"

enum {
    RECORD_MAX = 16 * 1024,  /* bytes in a record, RFC 8446 section 5.1 */
    DISCARD_MAX = 64 * 1024, /* bytes read away before a close */
};

static struct mwi_tls_stream *
from_stream(struct mwi_stream *s)
{
    return (struct mwi_tls_stream *) (void *) s;
}

static const struct mwi_tls_stream *
from_const_stream(const struct mwi_stream *s)
{
    return (const struct mwi_tls_stream *) (const void *) s;
}

/* Failures. */

/* Errors of others would be taken for ours.  To look first is much cheaper than
 * to clear, which frees what each place of the queue may hold. */
static void
forget_errors(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

static enum mwi_io
final(struct mwi_tls_stream *t, mw_error *reterr)
{
    t->is_failed = true;
    if (reterr != NULL) {
        *reterr = t->error;
    }
    return MWI_IO_FAILED;
}

/* What an operation that returned result came to. */
static enum mwi_io
io_result(struct mwi_tls_stream *t, int result, mw_error *reterr)
{
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_NONE:
        return MWI_IO_DONE;
    case SSL_ERROR_WANT_READ:
        return MWI_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return MWI_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return MWI_IO_CLOSED;
    default:
        mwi_tls_explain(t);
        (void) !mwi_tls_send(t, NULL); /* the alert that says why */
        return final(t, reterr);
    }
}

/* The connection broke as we wrote: see whether the peer has said why.  An
 * alert that is there to be read is a better reason, and all that is. */
static bool
find_alert(struct mwi_tls_stream *t)
{
    mw_error broken = t->error;
    struct mwi_tls_cause cause;
    char byte;
    size_t n;
    int result;

    mwi_error_clear(&t->error);
    ERR_clear_error();
    result = SSL_peek_ex(t->ssl, &byte, sizeof(byte), &n);
    if (result != 1 && SSL_get_error(t->ssl, result) == SSL_ERROR_WANT_READ) {
        /* A socket may say so without having looked, but not twice. */
        (void) SSL_peek_ex(t->ssl, &byte, sizeof(byte), &n);
    }
    mwi_tls_drain(&cause, ERR_LIB_SSL);
    if (mwi_tls_peer_alert(&cause) >= 0) {
        mwi_tls_explain_alert(t, mwi_tls_peer_alert(&cause), cause.text);
        return true;
    }
    t->error = broken;
    return false;
}

/* What the peer has sent before can still be read. */
static enum mwi_io
fall_silent(struct mwi_tls_stream *t, mw_error *reterr)
{
    t->is_mute = true;
    if (reterr != NULL) {
        *reterr = t->error;
    }
    return MWI_IO_FAILED;
}

/* It has failed before. */
static enum mwi_io
say_again(struct mwi_tls_stream *t, mw_error *reterr)
{
    return t->is_failed ? final(t, reterr) : fall_silent(t, reterr);
}

/* Hand on what is in the output buffer. */
static enum mwi_io
send_output(struct mwi_tls_stream *t, mw_error *reterr)
{
    enum mwi_io io = mwi_tls_send(t, &t->error);

    t->must_send = false; /* whoever asked knows what still waits */
    if (io == MWI_IO_FAILED) {
        return t->is_ready && !find_alert(t) ? fall_silent(t, reterr)
                                             : final(t, reterr);
    }
    return io;
}

/* What to wait for when OpenSSL wants io: first of all, that what it has said
 * so far leaves. */
static enum mwi_io
wait_for(struct mwi_tls_stream *t, enum mwi_io io, mw_error *reterr)
{
    enum mwi_io sent = send_output(t, reterr);

    return sent == MWI_IO_DONE ? io : sent;
}

/* The stream. */

/* That the peer has agreed to our protocol and not to none. */
static bool
has_protocol(const SSL *ssl)
{
    const unsigned char *selected;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &selected, &len);
    return len == strlen(MWI_ALPN) && memcmp(selected, MWI_ALPN, len) == 0;
}

/* The peer's public key has done what it is for.  Decoded, it is the largest
 * part of what OpenSSL keeps of a client; the certificate has it still.  Not at
 * a client, where connections share the certificate of a session. */
static void
forget_key(SSL *ssl)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;

    if (key != NULL) {
        (void) EVP_PKEY_set_type(key, EVP_PKEY_get_base_id(key));
    }
}

static enum mwi_io
tls_handshake(struct mwi_stream *s, mw_error *reterr)
{
    struct mwi_tls_stream *t = from_stream(s);
    enum mwi_io io;

    if (t->is_failed) {
        return final(t, reterr);
    }
    if (t->is_ready) {
        return MWI_IO_DONE;
    }
    io = mwi_stream_handshake(t->lower, reterr);
    if (io == MWI_IO_DONE) {
        io = send_output(t, reterr);
    }
    if (io != MWI_IO_DONE) {
        return io;
    }
    forget_errors();
    io = io_result(t, SSL_do_handshake(t->ssl), reterr);
    switch (io) {
    case MWI_IO_DONE:
        break;
    case MWI_IO_WANT_READ:
    case MWI_IO_WANT_WRITE:
        return wait_for(t, io, reterr);
    case MWI_IO_CLOSED:
        (void) mwi_fail(&t->error, MW_EUNAVAILABLE,
            "connection closed during the TLS handshake");
        return final(t, reterr);
    case MWI_IO_FAILED:
        return io;
    }
    if (!has_protocol(t->ssl)) {
        (void) mwi_fail(&t->error, MW_EUNAUTHENTICATED,
            "the peer speaks TLS but not the protocol %s (ALPN)", MWI_ALPN);
        return final(t, reterr);
    }
    if (SSL_is_server(t->ssl)) {
        forget_key(t->ssl);
    }
    t->is_ready = true;
    t->must_send = mwi_buf_len(&t->out) > 0;
    return MWI_IO_DONE;
}

static enum mwi_io
tls_read(struct mwi_stream *s, void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct mwi_tls_stream *t = from_stream(s);
    size_t n_waiting = mwi_buf_len(&t->out);
    enum mwi_io io;
    bool is_done;

    if (t->is_failed) {
        return final(t, reterr);
    }
    /* A short cut to the same answer, which is the most frequent one. */
    if (!t->must_send && SSL_has_pending(t->ssl) == 0 &&
        mwi_stream_is_dry(t->lower)) {
        return MWI_IO_WANT_READ;
    }
    forget_errors();
    is_done = SSL_read_ex(t->ssl, bytes, len, ret_n) == 1;
    t->must_send |= mwi_buf_len(&t->out) > n_waiting;
    if (is_done) {
        t->has_read = true;
        return MWI_IO_DONE;
    }
    io = io_result(t, 0, reterr);
    return t->must_send && !t->is_mute && io <= MWI_IO_WANT_WRITE
               ? wait_for(t, io, reterr)
               : io;
}

static enum mwi_io
tls_write(struct mwi_stream *s, const void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct mwi_tls_stream *t = from_stream(s);
    enum mwi_io io = MWI_IO_DONE;
    size_t total = 0;

    if (t->is_failed || t->is_mute) {
        return say_again(t, reterr);
    }
    forget_errors();
    while (io == MWI_IO_DONE && total < len) {
        size_t rest = len - total;
        size_t n = 0;

        if (!mwi_tls_has_room(t)) {
            io = send_output(t, reterr);
        } else if (SSL_write_ex(t->ssl, (const char *) bytes + total,
                       rest < RECORD_MAX ? rest : RECORD_MAX, &n) != 1) {
            io = io_result(t, 0, reterr);
        }
        total += n;
    }
    if (io == MWI_IO_FAILED || total == 0) {
        return io;
    }
    *ret_n = total;
    return MWI_IO_DONE;
}

static enum mwi_io
tls_flush(struct mwi_stream *s, mw_error *reterr)
{
    struct mwi_tls_stream *t = from_stream(s);

    if (t->is_failed || t->is_mute) {
        return say_again(t, reterr);
    }
    return send_output(t, reterr);
}

static bool
tls_has_unread(struct mwi_stream *s)
{
    struct mwi_tls_stream *t = from_stream(s);

    return !t->is_failed && SSL_has_pending(t->ssl) == 1;
}

static void
tls_rest(struct mwi_stream *s)
{
    struct mwi_tls_stream *t = from_stream(s);

    if (mwi_buf_len(&t->out) == 0) {
        mwi_buf_fini(&t->out);
    }
    (void) SSL_free_buffers(t->ssl); /* unless there is something in them */
    mwi_stream_rest(t->lower);
}

static void
tls_shutdown(struct mwi_stream *s)
{
    struct mwi_tls_stream *t = from_stream(s);

    if (t->is_ready && !t->is_failed) {
        /* Behind a record that is out in part this is no end in good order. */
        if (mwi_tls_send(t, NULL) == MWI_IO_WANT_WRITE) {
            return;
        }
        if ((SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN) == 0) {
            ERR_clear_error();
            (void) SSL_shutdown(t->ssl);
            ERR_clear_error();
        }
        if (mwi_tls_send(t, NULL) == MWI_IO_WANT_WRITE) {
            return; /* cut off now, it would look like a truncation */
        }
        mwi_error_clear(&t->error);
    }
    mwi_stream_shutdown(t->lower);
}

/* A TCP connection that is closed with bytes unread is reset, and the reset
 * may overtake the alert that says why. */
static void
discard_input(struct mwi_stream *lower)
{
    char bytes[4096];
    size_t total = 0;
    size_t n;

    mwi_stream_shutdown(lower);
    while (total < DISCARD_MAX && mwi_stream_read(lower, bytes, sizeof(bytes),
                                      &n, NULL) == MWI_IO_DONE) {
        total += n;
    }
}

static void
stream_free(struct mwi_tls_stream *t)
{
    SSL_free(t->ssl);
    ERR_clear_error();
    mwi_tls_config_free(t->config);
    mwi_buf_fini(&t->out);
    mwi_free(t->host);
    mwi_free(t);
}

static void
tls_close(struct mwi_stream *s)
{
    struct mwi_tls_stream *t = from_stream(s);

    if (t->is_failed && !t->is_lower_end && !t->is_lower_down) {
        discard_input(t->lower);
    }
    mwi_stream_close(t->lower);
    stream_free(t);
}

static int
tls_fd(const struct mwi_stream *s)
{
    return mwi_stream_fd(from_const_stream(s)->lower);
}

static void
tls_peer(const struct mwi_stream *s, mw_peer *ret_peer)
{
    const struct mwi_tls_stream *t = from_const_stream(s);
    X509 *certificate;

    mwi_stream_peer(t->lower, ret_peer);
    ret_peer->resumed = t->is_ready && SSL_session_reused(t->ssl);
    ret_peer->name[0] = '\0'; /* only what TLS has proven */
    if (!t->is_ready) {
        return;
    }
    (void) snprintf(
        ret_peer->tls, sizeof(ret_peer->tls), "%s", SSL_get_version(t->ssl));
    (void) snprintf(ret_peer->cipher, sizeof(ret_peer->cipher), "%s",
        SSL_get_cipher_name(t->ssl));
    certificate = SSL_get0_peer_certificate(t->ssl);
    if (certificate != NULL) {
        mwi_tls_subject(
            ret_peer->subject, sizeof(ret_peer->subject), certificate);
        mwi_tls_name(ret_peer->name, sizeof(ret_peer->name), certificate);
    }
}

static const struct mwi_stream_ops tls_ops = {
    .handshake = tls_handshake,
    .read = tls_read,
    .write = tls_write,
    .flush = tls_flush,
    .has_unread = tls_has_unread,
    .rest = tls_rest,
    .shutdown = tls_shutdown,
    .close = tls_close,
    .fd = tls_fd,
    .peer = tls_peer,
};

static mw_status
stream_new(struct mwi_tls_stream **ret_t, struct mwi_tls_config *config,
    mw_error *reterr)
{
    struct mwi_tls_stream *t = mwi_calloc(1, sizeof(*t));
    mw_status status;

    if (t == NULL) {
        return mwi_fail_nomem(reterr);
    }
    ERR_clear_error();
    t->stream.ops = &tls_ops;
    t->config = mwi_tls_config_ref(config);
    t->ssl = SSL_new(config->ctx);
    if (t->ssl == NULL || !mwi_tls_attach(t) ||
        SSL_set_app_data(t->ssl, t) != 1) {
        status = mwi_tls_fail(reterr, MW_ENOMEM, "cannot set up TLS");
        stream_free(t);
        return status;
    }
    SSL_set_verify(t->ssl, config->verify_mode, mwi_tls_verify);
    *ret_t = t;
    return MW_OK;
}

mw_status
mwi_tls_client_stream(struct mwi_stream **ret_stream, struct mwi_stream *lower,
    struct mwi_tls_config *config, const char *host, mw_error *reterr)
{
    const char *expected =
        config->server_name != NULL ? config->server_name : host;
    struct mwi_tls_stream *t;
    mw_status status = stream_new(&t, config, reterr);

    if (status < 0) {
        return status;
    }
    t->host = mwi_strndup(expected, strlen(expected));
    if (t->host == NULL) {
        status = mwi_fail_nomem(reterr);
    } else if (!mwi_tls_expect_host(t->ssl, expected)) {
        status = mwi_tls_fail(reterr, MW_EINVAL,
            "\"%s\" cannot be the name of a TLS server", expected);
    }
    if (status < 0) {
        stream_free(t);
        return status;
    }
    SSL_set_connect_state(t->ssl);
    mwi_tls_offer_session(t);
    t->lower = lower;
    *ret_stream = &t->stream;
    return MW_OK;
}

mw_status
mwi_tls_server_stream(struct mwi_stream **ret_stream, struct mwi_stream *lower,
    struct mwi_tls_config *config, mw_error *reterr)
{
    struct mwi_tls_stream *t;
    mw_status status = stream_new(&t, config, reterr);

    if (status < 0) {
        return status;
    }
    SSL_set_accept_state(t->ssl);
    t->lower = lower;
    *ret_stream = &t->stream;
    return MW_OK;
}
