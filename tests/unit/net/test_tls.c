/* SPDX-License-Identifier: MIT */
/*
 * TLS between two of ours that get on with each other.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "lib/fault_stream.h"
#include "lib/pki.h"
#include "net/socket.h"
#include "unit/net/ends.h"

static void
open_usual(struct ends *ends)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();

    ends_open_pair(ends, &client, &server, "localhost");
}

static void
must_connect(struct ends *ends)
{
    ends_handshake(ends);
    cr_assert_eq(
        ends->client.io, MWI_IO_DONE, "client: %s", ends->client.error.text);
    cr_assert_eq(
        ends->server.io, MWI_IO_DONE, "server: %s", ends->server.error.text);
}

Test(net_tls, both_ends_know_each_other)
{
    struct ends ends;
    mw_peer peer;

    open_usual(&ends);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_empty(peer.tls);
    cr_assert_str_empty(peer.name);
    must_connect(&ends);

    mwi_stream_peer(ends.client.stream, &peer);
    cr_assert_str_eq(peer.address, "local:");
    cr_assert_str_eq(peer.tls, "TLSv1.3");
    cr_assert_str_eq(peer.cipher, "TLS_AES_128_GCM_SHA256");
    cr_assert_str_eq(peer.subject, "CN=server,O=libmw tests");
    cr_assert_str_eq(peer.name, "localhost");

    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_eq(peer.tls, "TLSv1.3");
    cr_assert_str_eq(peer.subject, "CN=client,O=libmw tests");
    cr_assert_str_eq(peer.name, "client.test");
    ends_close(&ends);
}

static void
expect_client_name(
    const struct mwt_identity *identity, const char *name, const char *subject)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct ends ends;
    mw_peer peer;

    client.cert = identity->cert;
    client.key = identity->key;
    ends_open_pair(&ends, &client, &server, "localhost");
    must_connect(&ends);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_eq(peer.name, name);
    cr_assert_str_eq(peer.subject, subject);
    ends_close(&ends);
}

Test(net_tls, peer_names)
{
    const struct mwt_pki *pki = mwt_pki_get();

    expect_client_name(
        &pki->named, "Zo\xc3\xab", "CN=Zo\xc3\xab,O=libmw tests");
    expect_client_name(
        &pki->uri_client, "spiffe://test/desk", "CN=desk,O=libmw tests");
    /* One that looks like a unix socket's user is passed over. */
    expect_client_name(&pki->uid_client, "last.test", "CN=desk,O=libmw tests");
    /* A name with a NUL in it is never cut into another. */
    expect_client_name(
        &pki->nul_client, "fallback", "CN=fallback,O=libmw tests");
}

static void
expect_host(const struct mwt_identity *identity, const char *host,
    const char *server_name)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct ends ends;

    client.server_name = server_name;
    server.cert = identity->cert;
    server.key = identity->key;
    ends_open_pair(&ends, &client, &server, host);
    must_connect(&ends);
    ends_transfer(&ends.client, &ends.server, 10, 1);
    ends_close(&ends);
}

Test(net_tls, server_names_that_match)
{
    const struct mwt_pki *pki = mwt_pki_get();

    expect_host(&pki->server, "localhost", NULL);
    expect_host(&pki->server, "LOCALHOST", NULL);
    expect_host(&pki->server, "localhost.", NULL);
    expect_host(&pki->server, "127.0.0.1", NULL);
    expect_host(&pki->server, "::1", NULL);
    expect_host(&pki->server, "0:0:0:0:0:0:0:1", NULL);
    expect_host(&pki->chained, "localhost", NULL);
    expect_host(&pki->wildcard, "a.wild.test", NULL);
    expect_host(&pki->wrong_host, "localhost", "wrong.test");
    expect_host(&pki->wrong_host, "localhost", "192.0.2.1");
}

Test(net_tls, anonymous_clients)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct ends ends;
    mw_peer peer;

    client.cert = client.key = NULL;
    server.anonymous_clients = true;
    ends_open_pair(&ends, &client, &server, "localhost");
    must_connect(&ends);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_empty(peer.subject);
    cr_assert_str_empty(peer.name);
    ends_transfer(&ends.server, &ends.client, 10, 1);
    ends_close(&ends);

    /* A certificate that is shown is seen, unless there is no CA to check. */
    client = ends_client_options();
    ends_open_pair(&ends, &client, &server, "localhost");
    must_connect(&ends);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_eq(peer.name, "client.test");
    ends_close(&ends);

    server.ca = NULL;
    ends_open_pair(&ends, &client, &server, "localhost");
    must_connect(&ends);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_empty(peer.name);
    ends_close(&ends);
}

Test(net_tls, big_transfers_both_ways)
{
    struct ends ends;

    open_usual(&ends);
    must_connect(&ends);
    for (size_t len = 1; len <= 4 << 20; len = len * 7 + 1) {
        ends_transfer(&ends.client, &ends.server, len, len);
        ends_transfer(&ends.server, &ends.client, len, len + 1);
    }
    ends_close(&ends);
}

Test(net_tls, over_tcp)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct mwi_stream *lower[2];
    struct ends ends;
    mw_peer peer;
    int fds[2];

    ends_tcp(fds);
    cr_assert_eq(mwi_socket_stream(&lower[0], fds[0], "tls://a:1", NULL), 0);
    cr_assert_eq(mwi_socket_stream(&lower[1], fds[1], "tls://b:2", NULL), 0);
    ends_open_over(&ends, lower[0], lower[1], &client, &server, "127.0.0.1");
    cr_assert_eq(mwi_stream_fd(ends.client.stream), fds[0]);
    must_connect(&ends);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_eq(peer.address, "tls://b:2");
    ends_transfer(&ends.client, &ends.server, 1 << 20, 1);
    ends_transfer(&ends.server, &ends.client, 1 << 20, 2);
    ends_close(&ends);
}

/* Every cut of the stream into pieces, and waits at any moment, make no
 * difference. */
Test(net_tls, short_reads_and_writes)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();

    for (uint64_t seed = 0; seed < 9; seed++) {
        struct mwt_faults faults = { .seed = seed,
            .chunk_max = seed < 4 ? 1 : (size_t) 1 << seed,
            .wait_percent = (unsigned) (seed % 4) * 20 };
        struct mwi_stream *lower[2];
        struct ends ends;

        cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
        cr_assert_eq(mwt_fault_stream(&lower[0], lower[0], &faults), MW_OK);
        faults.seed += 1000;
        cr_assert_eq(mwt_fault_stream(&lower[1], lower[1], &faults), MW_OK);
        ends_open_over(
            &ends, lower[0], lower[1], &client, &server, "localhost");
        must_connect(&ends);
        ends_transfer(&ends.client, &ends.server, 9000, seed);
        ends_transfer(&ends.server, &ends.client, 9000, seed);
        ends_close(&ends);
    }
}

Test(net_tls, close_notification_ends_one_direction)
{
    struct ends ends;

    open_usual(&ends);
    must_connect(&ends);
    mwi_stream_shutdown(ends.client.stream);
    ends_read_to_end(&ends.server);
    cr_assert_eq(ends.server.io, MWI_IO_CLOSED, "%s", ends.server.error.text);
    /* The other direction is still open. */
    ends_transfer(&ends.server, &ends.client, 1000, 1);
    mwi_stream_shutdown(ends.server.stream);
    ends_read_to_end(&ends.client);
    cr_assert_eq(ends.client.io, MWI_IO_CLOSED, "%s", ends.client.error.text);
    mwi_stream_shutdown(ends.client.stream);
    ends_close(&ends);
}

static size_t
read_all(struct end *end)
{
    static char bytes[1 << 16];
    size_t total = 0;
    size_t n;

    while (mwi_stream_read(end->stream, bytes, sizeof(bytes), &n, NULL) ==
           MWI_IO_DONE) {
        total += n;
    }
    return total;
}

/* Nor does it cut off what has not left yet. */
Test(net_tls, close_notification_waits_for_room)
{
    static char bytes[1 << 16];
    struct ends ends;
    size_t n;

    open_usual(&ends);
    must_connect(&ends);
    while (mwi_stream_write(ends.client.stream, bytes, sizeof(bytes), &n,
               NULL) == MWI_IO_DONE) {
    }
    mwi_stream_shutdown(ends.client.stream);
    (void) read_all(&ends.server);
    while (mwi_stream_write(ends.client.stream, bytes, sizeof(bytes), &n,
               NULL) != MWI_IO_DONE) {
        (void) read_all(&ends.server);
    }
    while (mwi_stream_flush(ends.client.stream, NULL) != MWI_IO_DONE) {
        (void) read_all(&ends.server);
    }
    mwi_stream_shutdown(ends.client.stream);
    ends_read_to_end(&ends.server);
    cr_assert_eq(ends.server.io, MWI_IO_CLOSED, "%s", ends.server.error.text);
    ends_close(&ends);
}

Test(net_tls, streams_outlive_their_configuration)
{
    struct ends ends;

    open_usual(&ends);
    mwi_tls_config_free(ends.client_config);
    mwi_tls_config_free(ends.server_config);
    ends.client_config = ends.server_config = NULL;
    must_connect(&ends);
    ends_transfer(&ends.client, &ends.server, 1000, 1);
    ends_close(&ends);
}

Test(net_tls, handshake_is_over_only_once)
{
    struct ends ends;

    open_usual(&ends);
    must_connect(&ends);
    cr_assert_eq(mwi_stream_handshake(ends.client.stream, NULL), MWI_IO_DONE);
    cr_assert_eq(mwi_stream_handshake(ends.server.stream, NULL), MWI_IO_DONE);
    ends_close(&ends);
}

/* What other code of the program left in OpenSSL's error queue is not ours. */
Test(net_tls, errors_of_others_do_not_matter)
{
    struct ends ends;
    char byte;
    size_t n;

    open_usual(&ends);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_SIGNATURE);
    cr_assert_eq(
        mwi_stream_handshake(ends.client.stream, NULL), MWI_IO_WANT_READ);
    must_connect(&ends);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_SIGNATURE);
    cr_assert_eq(mwi_stream_read(ends.client.stream, &byte, 1, &n, NULL),
        MWI_IO_WANT_READ);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_SIGNATURE);
    while ((ends.client.io = mwi_stream_write(
                ends.client.stream, "x", 1, &n, NULL)) == MWI_IO_DONE) {
        ERR_raise(ERR_LIB_SSL, SSL_R_BAD_SIGNATURE);
    }
    cr_assert_eq(ends.client.io, MWI_IO_WANT_WRITE);
    ends_close(&ends);
    cr_assert_eq(ERR_peek_error(), 0);
}

Test(net_tls, truncation_is_noticed)
{
    struct ends ends;

    open_usual(&ends);
    must_connect(&ends);
    ends_transfer(&ends.client, &ends.server, 100, 1);
    cr_assert_eq(shutdown(mwi_stream_fd(ends.client.stream), SHUT_WR), 0);
    ends_read_to_end(&ends.server);
    cr_assert_eq(ends.server.io, MWI_IO_FAILED);
    cr_assert_eq(ends.server.error.status, MW_EUNAVAILABLE);
    cr_assert_str_eq(ends.server.error.text,
        "connection closed without a TLS close notification");
    /* The failure is final. */
    ends_write_to_end(&ends.server);
    cr_assert_str_eq(ends.server.error.text,
        "connection closed without a TLS close notification");
    ends_close(&ends);
}

Test(net_tls, corruption_is_noticed)
{
    mw_tls_options client = ends_client_options();
    mw_tls_options server = ends_server_options();
    struct mwt_faults faults = { .seed = 1 };
    struct mwi_stream *lower[2];
    struct ends ends;
    size_t n;

    /* How many bytes the client sends in its handshake. */
    cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
    cr_assert_eq(mwt_fault_stream(&lower[0], lower[0], &faults), MW_OK);
    ends_open_over(&ends, lower[0], lower[1], &client, &server, "localhost");
    must_connect(&ends);
    faults.corrupt_write_at = mwt_fault_stream_n_written(lower[0]) + 300;
    ends_close(&ends);

    cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
    cr_assert_eq(mwt_fault_stream(&lower[0], lower[0], &faults), MW_OK);
    ends_open_over(&ends, lower[0], lower[1], &client, &server, "localhost");
    must_connect(&ends);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(
            mwi_stream_write(ends.client.stream, "0123456789", 10, &n, NULL),
            MWI_IO_DONE);
        cr_assert_eq(mwi_stream_flush(ends.client.stream, NULL), MWI_IO_DONE);
    }
    ends_transfer(&ends.server, &ends.client, 10, 1);
    ends_read_to_end(&ends.server);
    cr_assert_eq(ends.server.io, MWI_IO_FAILED);
    cr_assert_eq(ends.server.error.status, MW_EUNAVAILABLE);
    cr_assert(strstr(ends.server.error.text, "bad record mac") != NULL, "%s",
        ends.server.error.text);
    /* And the other side is told. */
    ends_read_to_end(&ends.client);
    cr_assert_eq(ends.client.io, MWI_IO_FAILED);
    cr_assert_eq(ends.client.error.status, MW_EUNAVAILABLE);
    cr_assert(strstr(ends.client.error.text, "bad record mac") != NULL, "%s",
        ends.client.error.text);
    ends_close(&ends);
}

/* Criterion leaves SIGPIPE as it is, so a signal would end this test. */
Test(net_tls, no_sigpipe)
{
    struct ends ends;

    (void) signal(SIGPIPE, SIG_DFL);
    open_usual(&ends);
    must_connect(&ends);
    mwi_stream_close(ends.server.stream);
    ends.server.stream = NULL;
    ends_write_to_end(&ends.client);
    cr_assert_eq(ends.client.error.status, MW_EUNAVAILABLE);
    mwi_stream_shutdown(ends.client.stream);
    ends_close(&ends);

    open_usual(&ends);
    mwi_stream_close(ends.server.stream);
    ends.server.stream = NULL;
    ends.client.io =
        mwi_stream_handshake(ends.client.stream, &ends.client.error);
    cr_assert_eq(ends.client.io, MWI_IO_FAILED);
    cr_assert_eq(ends.client.error.status, MW_EUNAVAILABLE);
    mwi_stream_shutdown(ends.client.stream);
    ends_close(&ends);
}
