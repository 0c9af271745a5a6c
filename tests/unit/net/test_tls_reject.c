/* SPDX-License-Identifier: MIT */
/*
 * Whom TLS refuses, and whether each side is told why: the status is right and
 * the text has the cause.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/error.h"
#include "lib/fault_stream.h"
#include "lib/pki.h"
#include "net/poller.h"
#include "net/socket.h"
#include "unit/net/ends.h"

static void
expect_text(const struct end *end, mw_status status, const char *cause)
{
    cr_assert_eq(end->io, MWI_IO_FAILED, "no failure, but want %s", cause);
    cr_assert_eq(end->error.status, status, "%s: %s, want %s",
        mw_status_name(end->error.status), end->error.text, cause);
    cr_assert(strstr(end->error.text, cause) != NULL, "\"%s\", want \"%s\"",
        end->error.text, cause);
}

/* A server that the client refuses. */
static void
refuse_server(const struct mwt_identity *identity, const char *host,
    const char *client_cause, const char *server_cause)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct ends ends;

    server.cert = identity->cert;
    server.key = identity->key;
    ends_open_pair(&ends, &client, &server, host);
    ends_handshake(&ends);
    expect_text(&ends.client, MW_EUNAUTHENTICATED, client_cause);
    expect_text(&ends.server, MW_EUNAUTHENTICATED, server_cause);
    ends_close(&ends);
}

Test(net_tls_reject, servers)
{
    const struct mwt_pki *pki = mwt_pki_get();

    refuse_server(&pki->other, "localhost",
        "the server's certificate is not accepted: certificate signature "
        "failure (depth 0, subject \"CN=other,O=libmw tests\")",
        "the peer");
    refuse_server(&pki->self_signed, "localhost",
        "self-signed certificate (depth 0, subject "
        "\"CN=self-signed,O=libmw tests\")",
        "the peer rejected our certificate: tlsv1 alert unknown ca");
    refuse_server(&pki->expired, "localhost",
        "certificate has expired (depth 0",
        "the peer rejected our certificate: sslv3 alert certificate expired");
    refuse_server(&pki->future, "localhost",
        "certificate is not yet valid (depth 0",
        "the peer rejected our certificate: sslv3 alert bad certificate");
    refuse_server(&pki->client, "localhost", "certificate purpose",
        "the peer rejected our certificate: sslv3 alert unsupported "
        "certificate");
}

Test(net_tls_reject, hosts)
{
    static const char rejected[] = "the peer rejected our certificate: "
                                   "sslv3 alert bad certificate";
    const struct mwt_pki *pki = mwt_pki_get();

    refuse_server(&pki->server, "other.test",
        "not for \"other.test\": hostname mismatch (it is for \"localhost\"; "
        "subject \"CN=server,O=libmw tests\")",
        rejected);
    refuse_server(&pki->server, "127.0.0.2",
        "not for \"127.0.0.2\": IP address mismatch", rejected);
    refuse_server(
        &pki->server, "::2", "not for \"::2\": IP address mismatch", rejected);
    refuse_server(&pki->wrong_host, "localhost",
        "not for \"localhost\": hostname mismatch (it is for \"wrong.test\"",
        rejected);
    /* A name that is in the subject alone does not count. */
    refuse_server(
        &pki->common_name, "localhost", "hostname mismatch", rejected);
    /* Neither does part of a label, nor more than one. */
    refuse_server(
        &pki->wildcard, "www.partial.test", "hostname mismatch", rejected);
    refuse_server(
        &pki->wildcard, "a.b.wild.test", "hostname mismatch", rejected);
    refuse_server(&pki->wildcard, "wild.test", "hostname mismatch", rejected);
    refuse_server(&pki->wildcard, "127.0.0.1", "IP address mismatch", rejected);
}

/* A client that the server refuses.  The client's handshake is over by then:
 * it hears of it when it reads, or, failing that, when it writes. */
static void
refuse_client(const char *cert, const char *key, const char *server_cause,
    const char *client_cause)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct ends ends;

    client.cert = cert;
    client.key = key;
    for (int is_write = 0; is_write < 2; is_write++) {
        struct mwi_stream *lower[2];
        int fds[2];

        /* Over TCP, where a close may reset what was sent before. */
        ends_tcp(fds);
        cr_assert_eq(mwi_socket_stream(&lower[0], fds[0], "", NULL), MW_OK);
        cr_assert_eq(mwi_socket_stream(&lower[1], fds[1], "", NULL), MW_OK);
        ends_open_over(
            &ends, lower[0], lower[1], &client, &server, "localhost");
        ends_handshake(&ends);
        cr_assert_eq(ends.client.io, MWI_IO_DONE, "%s", ends.client.error.text);
        expect_text(&ends.server, MW_EUNAUTHENTICATED, server_cause);
        if (is_write) {
            mwi_stream_close(ends.server.stream);
            ends.server.stream = NULL;
            ends_write_to_end(&ends.client);
        } else {
            ends_read_to_end(&ends.client);
        }
        expect_text(&ends.client, MW_EUNAUTHENTICATED, client_cause);
        /* And again. */
        mwi_error_clear(&ends.client.error);
        ends_read_to_end(&ends.client);
        expect_text(&ends.client, MW_EUNAUTHENTICATED, client_cause);
        ends_close(&ends);
    }
}

Test(net_tls_reject, clients)
{
    const struct mwt_pki *pki = mwt_pki_get();

    refuse_client(NULL, NULL, "peer did not return a certificate",
        "the peer requires a certificate of us: tlsv13 alert certificate "
        "required");
    refuse_client(pki->self_signed.cert, pki->self_signed.key,
        "the client's certificate is not accepted: self-signed certificate "
        "(depth 0, subject \"CN=self-signed,O=libmw tests\")",
        "the peer rejected our certificate: tlsv1 alert unknown ca");
    refuse_client(pki->other.cert, pki->other.key,
        "the client's certificate is not accepted: certificate signature "
        "failure",
        "the peer");
    refuse_client(pki->expired.cert, pki->expired.key,
        "certificate has expired",
        "the peer rejected our certificate: sslv3 alert certificate expired");
    refuse_client(pki->future.cert, pki->future.key,
        "certificate is not yet valid",
        "the peer rejected our certificate: sslv3 alert bad certificate");
    refuse_client(pki->server.cert, pki->server.key, "certificate purpose",
        "the peer rejected our certificate: sslv3 alert unsupported "
        "certificate");
}

/* What the client sent in the meantime does not make the server's close a
 * reset, which could overtake the alert. */
Test(net_tls_reject, a_refusal_ends_in_good_order)
{
    const struct mwt_pki *pki = mwt_pki_get();
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct mwi_stream *lower[2];
    struct ends ends;
    char bytes[4096];
    ssize_t got;
    size_t n;
    int fds[2];

    client.cert = pki->expired.cert;
    client.key = pki->expired.key;
    ends_tcp(fds);
    cr_assert_eq(mwi_socket_stream(&lower[0], fds[0], "", NULL), MW_OK);
    cr_assert_eq(mwi_socket_stream(&lower[1], fds[1], "", NULL), MW_OK);
    ends_open_over(&ends, lower[0], lower[1], &client, &server, "localhost");
    do {
        (void) mwi_stream_handshake(ends.server.stream, NULL);
        ends.client.io = mwi_stream_handshake(ends.client.stream, NULL);
    } while (ends.client.io == MWI_IO_WANT_READ);
    cr_assert_eq(mwi_stream_flush(ends.client.stream, NULL), MWI_IO_DONE);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(mwi_stream_write(
                         ends.client.stream, bytes, sizeof(bytes), &n, NULL),
            MWI_IO_DONE);
        cr_assert_eq(mwi_stream_flush(ends.client.stream, NULL), MWI_IO_DONE);
    }
    do {
        ends.server.io =
            mwi_stream_handshake(ends.server.stream, &ends.server.error);
    } while (ends.server.io == MWI_IO_WANT_READ);
    expect_text(&ends.server, MW_EUNAUTHENTICATED, "certificate has expired");
    mwi_stream_close(ends.server.stream);
    ends.server.stream = NULL;
    do {
        cr_assert(
            mwi_poll_one(fds[0], MWI_POLL_READ, mwi_deadline_in(ENDS_WAIT_MS)));
        got = recv(fds[0], bytes, sizeof(bytes), 0);
    } while (got > 0);
    cr_assert_eq(got, 0, "reset");
    ends_close(&ends);
}

Test(net_tls_reject, anonymous_clients_that_show_a_bad_certificate)
{
    const struct mwt_pki *pki = mwt_pki_get();
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct ends ends;

    server.anonymous_clients = true;
    client.cert = pki->expired.cert;
    client.key = pki->expired.key;
    ends_open_pair(&ends, &client, &server, "localhost");
    ends_handshake(&ends);
    expect_text(&ends.server, MW_EUNAUTHENTICATED, "certificate has expired");
    ends_close(&ends);
}

Test(net_tls_reject, server_of_another_ca)
{
    const struct mwt_pki *pki = mwt_pki_get();
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct ends ends;

    client.ca = NULL; /* the system's, which do not know ours */
    ends_open_pair(&ends, &client, &server, "localhost");
    ends_handshake(&ends);
    expect_text(&ends.client, MW_EUNAUTHENTICATED,
        "unable to get local issuer certificate");
    expect_text(&ends.server, MW_EUNAUTHENTICATED,
        "the peer rejected our certificate: tlsv1 alert unknown ca");
    ends_close(&ends);

    client.ca = pki->other_ca;
    ends_open_pair(&ends, &client, &server, "localhost");
    ends_handshake(&ends);
    expect_text(&ends.client, MW_EUNAUTHENTICATED,
        "the server's certificate is not accepted");
    ends_close(&ends);
}

Test(net_tls_reject, names_that_would_match_anything)
{
    static const char *const names[] = { "", ".", ".test", "%", "%lo",
        "localhost%lo", "a..b.%" };
    mw_tls_options client = ends_client_options();
    struct mwi_tls_config *config;
    struct mwi_stream *pair[2];
    struct mwi_stream *stream;
    mw_error error;

    cr_assert_eq(mwi_stream_pair(pair, NULL), MW_OK);
    cr_assert_eq(mwi_tls_client_config(&config, &client, NULL), MW_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_assert_eq(
            mwi_tls_client_stream(&stream, pair[0], config, names[i], &error),
            MW_EINVAL, "%s", names[i]);
        cr_assert(strstr(error.text, "cannot be the name of a TLS server"));
    }
    mwi_tls_config_free(config);
    mwi_stream_close(pair[0]);
    mwi_stream_close(pair[1]);
}

/* A peer whose TLS is not ours: an SSL over the other half of a pair. */
struct raw {
    SSL_CTX *ctx;
    SSL *ssl;
};

static struct raw
raw_new(bool is_server, int fd, const char *protocol, int version)
{
    const struct mwt_pki *pki = mwt_pki_get();
    const struct mwt_identity *identity =
        is_server ? &pki->server : &pki->client;
    struct raw raw = { .ctx = SSL_CTX_new(TLS_method()) };

    cr_assert(raw.ctx != NULL);
    cr_assert_eq(
        SSL_CTX_use_certificate_chain_file(raw.ctx, identity->cert), 1);
    cr_assert_eq(
        SSL_CTX_use_PrivateKey_file(raw.ctx, identity->key, SSL_FILETYPE_PEM),
        1);
    cr_assert_eq(SSL_CTX_set_max_proto_version(raw.ctx, version), 1);
    if (protocol != NULL && !is_server) {
        unsigned char list[32];
        size_t len = strlen(protocol);

        list[0] = (unsigned char) len;
        memcpy(list + 1, protocol, len);
        cr_assert_eq(
            SSL_CTX_set_alpn_protos(raw.ctx, list, (unsigned) len + 1), 0);
    }
    raw.ssl = SSL_new(raw.ctx);
    cr_assert(raw.ssl != NULL);
    cr_assert_eq(SSL_set_fd(raw.ssl, fd), 1);
    if (is_server) {
        SSL_set_accept_state(raw.ssl);
    } else {
        SSL_set_connect_state(raw.ssl);
    }
    return raw;
}

static void
raw_free(struct raw raw)
{
    SSL_free(raw.ssl);
    SSL_CTX_free(raw.ctx);
}

/* Our end, as is_server or client, against a raw one as the opposite.  Returns
 * what the raw end made of it: 1 or an alert's number. */
static int
meet_raw(struct end *ours, bool is_server, const char *protocol, int version)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    int64_t deadline = mwi_deadline_in(ENDS_WAIT_MS);
    struct mwi_stream *pair[2];
    struct ends ends;
    struct raw raw;
    int result = 0;
    char byte;

    cr_assert_eq(mwi_stream_pair(pair, NULL), MW_OK);
    raw = raw_new(!is_server, mwi_stream_fd(pair[1]), protocol, version);
    {
        struct mwi_stream *unused[2];

        cr_assert_eq(mwi_stream_pair(unused, NULL), MW_OK);
        ends_open_over(&ends, is_server ? unused[0] : pair[0],
            is_server ? pair[0] : unused[0], &client, &server, "localhost");
        mwi_stream_close(unused[1]);
    }
    *ours = is_server ? ends.server : ends.client;
    ours->io = MWI_IO_WANT_READ;
    while (
        (ours->io == MWI_IO_WANT_READ || result <= 0) && mwi_now() < deadline) {
        if (ours->io == MWI_IO_WANT_READ) {
            ours->io = mwi_stream_handshake(ours->stream, &ours->error);
            if (ours->io == MWI_IO_DONE) {
                ours->io = mwi_stream_flush(ours->stream, &ours->error);
            }
        }
        if (result <= 0) {
            result = SSL_do_handshake(raw.ssl);
            if (result <= 0 &&
                SSL_get_error(raw.ssl, result) == SSL_ERROR_SSL) {
                break;
            }
        }
        if (ours->io == MWI_IO_FAILED) {
            /* The raw client sees the alert at its first read. */
            result = SSL_read(raw.ssl, &byte, 1);
            break;
        }
    }
    result = result == 1 ? 1 : ERR_GET_REASON(ERR_peek_error());
    ERR_clear_error();
    while (ours->io == MWI_IO_WANT_READ && mwi_now() < deadline) {
        ours->io = mwi_stream_handshake(ours->stream, &ours->error);
    }
    raw_free(raw);
    mwi_stream_close(pair[1]);
    ends_close(&ends);
    return result;
}

Test(net_tls_reject, other_protocols)
{
    struct end ours;

    cr_assert_eq(meet_raw(&ours, true, "mw/1", TLS1_3_VERSION), 1);
    cr_assert_eq(ours.io, MWI_IO_DONE, "%s", ours.error.text);

    cr_assert_eq(meet_raw(&ours, true, "h2", TLS1_3_VERSION),
        SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL);
    expect_text(&ours, MW_EUNAUTHENTICATED,
        "no application protocol (the peer does not offer mw/1)");

    cr_assert_eq(meet_raw(&ours, true, NULL, TLS1_3_VERSION),
        SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL);
    expect_text(&ours, MW_EUNAUTHENTICATED,
        "no application protocol (the peer does not offer mw/1)");

    /* A server that ignores ALPN. */
    (void) meet_raw(&ours, false, NULL, TLS1_3_VERSION);
    expect_text(&ours, MW_EUNAUTHENTICATED,
        "the peer speaks TLS but not the protocol mw/1 (ALPN)");
}

Test(net_tls_reject, old_versions)
{
    struct end ours;

    (void) meet_raw(&ours, true, "mw/1", TLS1_2_VERSION);
    expect_text(&ours, MW_EUNAUTHENTICATED, "unsupported protocol");
    (void) meet_raw(&ours, true, NULL, TLS1_2_VERSION);
    expect_text(&ours, MW_EUNAUTHENTICATED, "unsupported protocol");
    (void) meet_raw(&ours, false, NULL, TLS1_2_VERSION);
    expect_text(&ours, MW_EUNAUTHENTICATED, "alert protocol version");
}

/* What our end says to a peer that sends these bytes and ends. */
static void
meet_bytes(bool is_server, const char *bytes, size_t len, mw_status status,
    const char *cause)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct mwi_stream *lower[2];
    struct ends ends;
    struct end *ours = is_server ? &ends.server : &ends.client;
    int peer;

    cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
    ends_open_over(&ends, lower[0], lower[1], &client, &server, "localhost");
    peer = mwi_stream_fd(is_server ? lower[0] : lower[1]);
    cr_assert_eq(send(peer, bytes, len, 0), (ssize_t) len);
    cr_assert_eq(shutdown(peer, SHUT_WR), 0);
    do {
        ours->io = mwi_stream_handshake(ours->stream, &ours->error);
    } while (ours->io == MWI_IO_WANT_READ);
    expect_text(ours, status, cause);
    ends_close(&ends);
}

Test(net_tls_reject, peers_that_speak_no_tls)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    static const char cbor[] = "\x58\x20\x84\x01 plain text of another kind";
    static const char closing[] = "\x15\x03\x03\x00\x02\x01\x00";

    meet_bytes(true, http, sizeof(http) - 1, MW_EUNAUTHENTICATED,
        "TLS handshake failed: http request (the peer does not seem to speak "
        "TLS)");
    meet_bytes(false, answer, sizeof(answer) - 1, MW_EUNAUTHENTICATED,
        "TLS handshake failed: wrong version number (the peer does not seem "
        "to speak TLS)");
    meet_bytes(true, cbor, sizeof(cbor) - 1, MW_EUNAUTHENTICATED,
        "TLS handshake failed: wrong version number (the peer");
    meet_bytes(false, cbor, sizeof(cbor) - 1, MW_EUNAUTHENTICATED,
        "TLS handshake failed: wrong version number (the peer");
    meet_bytes(true, http, 3, MW_EUNAVAILABLE,
        "connection closed during the TLS handshake");
    meet_bytes(false, "", 0, MW_EUNAVAILABLE,
        "connection closed during the TLS handshake");
    meet_bytes(true, closing, sizeof(closing) - 1, MW_EUNAUTHENTICATED,
        "unexpected message");
    meet_bytes(false, closing, sizeof(closing) - 1, MW_EUNAVAILABLE,
        "connection closed during the TLS handshake");
}

/* A handshake that breaks at any byte ends with a status and a text, on both
 * sides. */
Test(net_tls_reject, broken_at_every_byte)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    bool is_over = false;

    for (uint64_t at = 1; !is_over; at += at < 20 ? 1 : 41) {
        struct mwt_faults faults = { .break_read_after = at,
            .break_how = at % 2 == 0 ? MWI_IO_CLOSED : MWI_IO_FAILED };
        struct mwi_stream *lower[2];
        struct ends ends;

        cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
        cr_assert_eq(mwt_fault_stream(&lower[0], lower[0], &faults), MW_OK);
        ends_open_over(
            &ends, lower[0], lower[1], &client, &server, "localhost");
        ends_handshake(&ends);
        is_over = ends.client.io == MWI_IO_DONE;
        if (!is_over) {
            expect_text(&ends.client, MW_EUNAVAILABLE,
                at % 2 == 0 ? "connection closed during the TLS handshake"
                            : "injected fault");
            cr_assert_eq(ends.server.error.status, MW_EUNAVAILABLE);
        }
        cr_assert_lt(at, 10000);
        ends_close(&ends);
    }
}

/* A handshake with any byte turned is refused. */
Test(net_tls_reject, corrupted_at_many_bytes)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();

    for (uint64_t at = 1; at < 600; at += 7) {
        struct mwt_faults faults = { .corrupt_read_at = at };
        struct mwi_stream *lower[2];
        struct ends ends;

        cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
        cr_assert_eq(mwt_fault_stream(&lower[0], lower[0], &faults), MW_OK);
        ends_open_over(
            &ends, lower[0], lower[1], &client, &server, "localhost");
        ends_handshake(&ends);
        /* Only the legacy bytes that RFC 8446 says to ignore go unnoticed. */
        if (ends.client.io == MWI_IO_FAILED) {
            cr_assert_neq(ends.client.error.status, MW_OK);
            cr_assert_str_not_empty(ends.client.error.text);
        }
        ends_close(&ends);
    }
}
