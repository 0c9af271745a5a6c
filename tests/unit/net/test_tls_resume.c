/* SPDX-License-Identifier: MIT */
/*
 * Which sessions are resumed, and which must not be.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>
#include <openssl/pem.h>

#include "lib/fault_stream.h"
#include "lib/pki.h"
#include "net/socket.h"
#include "net/tls_internal.h"
#include "unit/net/ends.h"

enum { MINUTE = 60, HOUR = 3600 };

/* OpenSSL and libmw ask this for the time of day. */

static time_t ahead; /* of the true time */

time_t
time(time_t *ret_now)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    if (ret_now != NULL) {
        *ret_now = now.tv_sec + ahead;
    }
    return now.tv_sec + ahead;
}

/* The two ends' configurations, for one connection after the other. */
struct site {
    mw_tls_options client_options;
    mw_tls_options server_options;
    struct mwi_tls_config *client;
    struct mwi_tls_config *server;
};

static struct site
prepare(void)
{
    return (struct site){ .client_options = ends_client_options(),
        .server_options = ends_server_options() };
}

static void
open_site(struct site *site)
{
    mw_error error;

    cr_assert_eq(
        mwi_tls_client_config(&site->client, &site->client_options, &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(
        mwi_tls_server_config(&site->server, &site->server_options, &error),
        MW_OK, "%s", error.text);
}

static void
close_site(struct site *site)
{
    mwi_tls_config_free(site->client);
    mwi_tls_config_free(site->server);
}

static void
begin(struct site *site, struct ends *ends, const char *host)
{
    struct mwi_stream *lower[2];
    mw_error error;

    memset(ends, 0, sizeof(*ends));
    cr_assert_eq(mwi_stream_pair(lower, NULL), MW_OK);
    cr_assert_eq(mwi_tls_client_stream(&ends->client.stream, lower[0],
                     site->client, host, &error),
        MW_OK);
    cr_assert_eq(mwi_tls_server_stream(
                     &ends->server.stream, lower[1], site->server, &error),
        MW_OK);
}

static void
must_connect(struct ends *ends)
{
    ends_handshake(ends);
    cr_assert_eq(
        ends->client.io, MWI_IO_DONE, "client: %s", ends->client.error.text);
    cr_assert_eq(
        ends->server.io, MWI_IO_DONE, "server: %s", ends->server.error.text);
    /* The ticket comes with the first bytes. */
    ends_transfer(&ends->server, &ends->client, 10, 1);
    ends_transfer(&ends->client, &ends->server, 10, 2);
}

/* Connect, and close in good order.  Returns whether that resumed a session. */
static bool
visit(struct site *site, const char *host)
{
    struct ends ends;
    mw_peer client;
    mw_peer server;

    begin(site, &ends, host);
    must_connect(&ends);
    mwi_stream_peer(ends.server.stream, &client);
    mwi_stream_peer(ends.client.stream, &server);
    cr_assert_eq(client.resumed, server.resumed);
    mwi_stream_shutdown(ends.client.stream);
    mwi_stream_shutdown(ends.server.stream);
    ends_close(&ends);
    return client.resumed;
}

Test(net_tls_resume, again_and_again)
{
    struct site site = prepare();

    open_site(&site);
    cr_assert_not(visit(&site, "localhost"));
    for (int i = 0; i < 20; i++) {
        cr_assert(visit(&site, "localhost"));
        cr_assert_eq(site.client->sessions.n, 1);
    }
    close_site(&site);
}

static void
expect_same(const mw_peer *a, const mw_peer *b)
{
    cr_assert_str_eq(a->name, b->name);
    cr_assert_str_eq(a->subject, b->subject);
    cr_assert_str_eq(a->tls, b->tls);
    cr_assert_str_eq(a->cipher, b->cipher);
    cr_assert_str_eq(a->address, b->address);
}

Test(net_tls_resume, both_ends_still_know_each_other)
{
    struct site site = prepare();
    struct ends ends;
    mw_peer peers[2][2];

    open_site(&site);
    for (int i = 0; i < 2; i++) {
        begin(&site, &ends, "localhost");
        mwi_stream_peer(ends.server.stream, &peers[i][0]);
        cr_assert_not(peers[i][0].resumed);
        must_connect(&ends);
        mwi_stream_peer(ends.server.stream, &peers[i][0]);
        mwi_stream_peer(ends.client.stream, &peers[i][1]);
        cr_assert_eq(peers[i][0].resumed, i == 1);
        ends_close(&ends);
    }
    cr_assert_str_eq(peers[0][0].name, "client.test");
    cr_assert_str_eq(peers[0][1].name, "localhost");
    expect_same(&peers[0][0], &peers[1][0]);
    expect_same(&peers[0][1], &peers[1][1]);
    close_site(&site);
}

/* What a server keeps of a client is its certificate, not its decoded key. */
Test(net_tls_resume, certificates_stay_whole)
{
    struct site site = prepare();

    open_site(&site);
    for (int i = 0; i < 3; i++) {
        const struct mwi_tls_stream *t;
        unsigned char *bytes[2] = { NULL, NULL };
        struct ends ends;
        X509 *again;
        FILE *f;
        int len;

        begin(&site, &ends, "localhost");
        must_connect(&ends);
        t = (const struct mwi_tls_stream *) (const void *) ends.server.stream;
        len = i2d_X509(SSL_get0_peer_certificate(t->ssl), &bytes[0]);
        cr_assert_gt(len, 0);
        f = fopen(mwt_pki_get()->client.cert, "re");
        cr_assert(f != NULL);
        again = PEM_read_X509(f, NULL, NULL, NULL);
        cr_assert(again != NULL && fclose(f) == 0);
        cr_assert_eq(i2d_X509(again, &bytes[1]), len);
        cr_assert_eq(memcmp(bytes[0], bytes[1], (size_t) len), 0);
        X509_free(again);
        OPENSSL_free(bytes[0]);
        OPENSSL_free(bytes[1]);
        ends_close(&ends);
    }
    close_site(&site);
}

/* One server, clients with certificates of their own. */
Test(net_tls_resume, nobody_becomes_another)
{
    const struct mwt_pki *pki = mwt_pki_get();
    const struct mwt_identity *identities[] = { &pki->client, &pki->uri_client,
        &pki->named };
    static const char *const names[] = { "client.test", "spiffe://test/desk",
        "Zo\xc3\xab" };
    struct site sites[3];
    struct mwi_tls_config *servers[3];

    for (int i = 0; i < 3; i++) {
        sites[i] = prepare();
        sites[i].client_options.cert = identities[i]->cert;
        sites[i].client_options.key = identities[i]->key;
        open_site(&sites[i]);
        servers[i] = sites[i].server;
        sites[i].server = servers[0];
    }
    for (int i = 0; i < 9; i++) {
        struct ends ends;
        mw_peer peer;

        begin(&sites[i % 3], &ends, "localhost");
        must_connect(&ends);
        mwi_stream_peer(ends.server.stream, &peer);
        cr_assert_eq(peer.resumed, i >= 3);
        cr_assert_str_eq(peer.name, names[i % 3]);
        ends_close(&ends);
    }
    for (int i = 0; i < 3; i++) {
        sites[i].server = servers[i];
        close_site(&sites[i]);
    }
}

/* Each ticket is shown once, RFC 8446 appendix C.4. */
Test(net_tls_resume, one_ticket_for_one_connection)
{
    struct site site = prepare();
    struct ends ends[12];
    mw_peer peer;

    open_site(&site);
    cr_assert_not(visit(&site, "localhost"));
    for (int i = 0; i < 12; i++) {
        begin(&site, &ends[i], "localhost");
    }
    for (int i = 0; i < 12; i++) {
        must_connect(&ends[i]);
        mwi_stream_peer(ends[i].client.stream, &peer);
        cr_assert_eq(peer.resumed, i == 0);
        ends_close(&ends[i]);
    }
    /* Not all of their tickets were kept. */
    cr_assert_eq(site.client->sessions.n, MWI_TLS_SESSIONS_MAX);
    for (int i = 0; i < 12; i++) {
        begin(&site, &ends[i], "localhost");
    }
    for (int i = 0; i < 12; i++) {
        must_connect(&ends[i]);
        mwi_stream_peer(ends[i].client.stream, &peer);
        cr_assert_eq(peer.resumed, i < MWI_TLS_SESSIONS_MAX);
        ends_close(&ends[i]);
    }
    close_site(&site);
}

Test(net_tls_resume, after_a_broken_connection)
{
    struct site site = prepare();
    struct ends ends;

    open_site(&site);
    begin(&site, &ends, "localhost");
    must_connect(&ends);
    mwi_stream_close(ends.server.stream);
    ends.server.stream = NULL;
    ends_read_to_end(&ends.client);
    cr_assert_eq(ends.client.io, MWI_IO_FAILED);
    ends_close(&ends);
    cr_assert(visit(&site, "localhost"));
    close_site(&site);
}

/* A server that was started anew has another key for its tickets. */
Test(net_tls_resume, another_server)
{
    struct site site = prepare();
    mw_error error;

    open_site(&site);
    cr_assert_not(visit(&site, "localhost"));
    cr_assert(visit(&site, "localhost"));
    mwi_tls_config_free(site.server);
    cr_assert_eq(
        mwi_tls_server_config(&site.server, &site.server_options, &error),
        MW_OK);
    cr_assert_not(visit(&site, "localhost"));
    cr_assert(visit(&site, "localhost"));
    close_site(&site);
}

Test(net_tls_resume, another_host)
{
    struct site site = prepare();

    open_site(&site);
    cr_assert_not(visit(&site, "localhost"));
    cr_assert_not(visit(&site, "127.0.0.1"));
    cr_assert_not(visit(&site, "::1"));
    cr_assert_eq(site.client->sessions.n, 3);
    cr_assert(visit(&site, "localhost"));
    cr_assert(visit(&site, "::1"));
    cr_assert(visit(&site, "127.0.0.1"));
    close_site(&site);
}

/* A session with one host is of no use for a host that the server cannot
 * prove to be. */
Test(net_tls_resume, a_host_that_the_server_is_not)
{
    struct site site = prepare();
    struct ends ends;

    open_site(&site);
    cr_assert_not(visit(&site, "localhost"));
    begin(&site, &ends, "other.test");
    ends_handshake(&ends);
    cr_assert_eq(ends.client.io, MWI_IO_FAILED);
    cr_assert_eq(ends.client.error.status, MW_EUNAUTHENTICATED);
    ends_close(&ends);
    close_site(&site);
}

Test(net_tls_resume, can_be_turned_off)
{
    for (int i = 0; i < 2; i++) {
        struct site site = prepare();

        site.client_options.no_resumption = i == 0;
        site.server_options.no_resumption = i == 1;
        open_site(&site);
        for (int j = 0; j < 3; j++) {
            cr_assert_not(visit(&site, "localhost"));
            cr_assert_eq(site.client->sessions.n, 0);
        }
        close_site(&site);
    }
}

Test(net_tls_resume, anonymous_clients)
{
    struct site site = prepare();

    site.client_options.cert = site.client_options.key = NULL;
    site.server_options.anonymous_clients = true;
    for (int i = 0; i < 2; i++) {
        open_site(&site);
        cr_assert_not(visit(&site, "localhost"));
        cr_assert(visit(&site, "localhost"));
        close_site(&site);
        site.server_options.ca = NULL;
    }
}

/* However often it is resumed: an hour after the last handshake in full. */
Test(net_tls_resume, not_for_ever)
{
    struct site site = prepare();

    open_site(&site);
    cr_assert_not(visit(&site, "localhost"));
    for (int minutes = 0; minutes < 60; minutes += 10) {
        ahead = minutes * MINUTE;
        cr_assert(visit(&site, "localhost"), "after %d minutes", minutes);
    }
    ahead = HOUR + 1;
    cr_assert_not(visit(&site, "localhost"));
    cr_assert(visit(&site, "localhost"));
    /* Nor by setting the clock back. */
    ahead = HOUR - 10 * MINUTE;
    cr_assert_not(visit(&site, "localhost"));
    close_site(&site);
}

/* The server does not rely on the client for that. */
Test(net_tls_resume, the_server_counts_as_well)
{
    struct site site = prepare();

    open_site(&site);
    cr_assert_not(visit(&site, "localhost"));
    ahead = HOUR + 1;
    site.client->sessions.all[0].end += HOUR;
    cr_assert_eq(
        SSL_SESSION_set_time(site.client->sessions.all[0].session, time(NULL)),
        time(NULL));
    cr_assert_not(visit(&site, "localhost"));
    close_site(&site);
}

/* A session must not outlive a certificate that was relied on.  What follows
 * is a handshake in full, which fails. */
static void
expect_expiry(struct site *site)
{
    struct ends ends;
    bool is_refused;

    open_site(site);
    cr_assert_not(visit(site, "localhost"));
    ahead = 9 * MINUTE;
    cr_assert(visit(site, "localhost"));
    ahead = 11 * MINUTE;
    begin(site, &ends, "localhost");
    ends_handshake(&ends);
    is_refused =
        ends.server.io == MWI_IO_FAILED || ends.client.io == MWI_IO_FAILED;
    cr_assert(is_refused);
    cr_assert(strstr(ends.client.error.text, "expired") != NULL ||
              strstr(ends.server.error.text, "expired") != NULL);
    ends_close(&ends);
    ahead = 0;
    close_site(site);
}

Test(net_tls_resume, no_longer_than_the_certificates)
{
    const struct mwt_pki *pki = mwt_pki_get();
    const struct mwt_identity *identities[] = { &pki->brief,
        &pki->brief_chain };

    for (int i = 0; i < 2; i++) {
        struct site site = prepare();

        site.client_options.cert = identities[i]->cert;
        site.client_options.key = identities[i]->key;
        expect_expiry(&site);
        site = prepare();
        site.server_options.cert = identities[i]->cert;
        site.server_options.key = identities[i]->key;
        expect_expiry(&site);
    }
}

/* A resumption of which any byte is turned over ends as a handshake in full,
 * or not at all. */
Test(net_tls_resume, corrupted_at_many_bytes)
{
    struct site site = prepare();

    open_site(&site);
    for (uint64_t at = 1; at < 2500; at += 13) {
        struct mwt_faults faults = { .corrupt_read_at = at };
        struct mwi_tls_stream *server;
        struct mwi_stream *faulty;
        struct ends ends;
        mw_peer peer;

        (void) visit(&site, "localhost");
        begin(&site, &ends, "localhost");
        server = (struct mwi_tls_stream *) (void *) ends.server.stream;
        cr_assert_eq(mwt_fault_stream(&faulty, server->lower, &faults), MW_OK);
        server->lower = faulty;
        ends_handshake(&ends);
        if (ends.server.io == MWI_IO_DONE) {
            mwi_stream_peer(ends.server.stream, &peer);
            cr_assert_str_eq(peer.name, "client.test");
        } else {
            cr_assert_str_not_empty(ends.server.error.text);
        }
        ends_close(&ends);
    }
    close_site(&site);
}
