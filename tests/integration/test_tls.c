/* SPDX-License-Identifier: MIT */
/*
 * Peers that TLS refuses: each fails with one error that names the cause, and
 * a good client of the same server is served before and after.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "lib/pki.h"

struct scene {
    struct mwt_server s;
    mw_client *good;
    const char *address;
};

static void
assert_good_client_served(struct scene *c)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    char *text = NULL;

    cr_assert_eq(probe_Probe_echo(c->good, &ctx, "good", &text), MW_OK, "%s",
        mw_ctx_error(&ctx));
    free(text);
}

static void
begin(struct scene *c)
{
    mw_error error;

    mwt_server_start(&c->s, MW_SERVER(.listen = "tls://127.0.0.1:0",
                                .tls = MWT_SERVER_TLS, .threads_max = 2));
    c->address = mw_server_address(c->s.server, 0);
    cr_assert_eq(mw_client_open(&c->good, c->address,
                     MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_OK, "%s", error.text);
    assert_good_client_served(c);
}

static void
end(struct scene *c)
{
    assert_good_client_served(c);
    mw_client_close(c->good);
    mwt_server_close(&c->s);
    cr_assert_eq(c->s.status, MW_OK);
}

struct refusal {
    const struct mwt_identity *identity;
    const char *text; /* that the error contains */
};

/* Opening connects, waits for the server's verdict, and reports it. */
Test(tls, clients_refused)
{
    const struct mwt_pki *pki = mwt_pki_get();
    const struct refusal refusals[] = {
        /* Its CA has the name of ours, so that only the signature differs. */
        { &pki->other, "decrypt error" },
        { &pki->expired, "certificate expired" },
        { &pki->self_signed, "unknown ca" },
        { &pki->future, "bad certificate" },
    };
    struct scene c;

    begin(&c);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        mw_client *client;
        mw_error error;
        mw_status status = mw_client_open(&client, c.address,
            MW_CLIENT(.tls = MW_TLS(.cert = refusals[i].identity->cert,
                          .key = refusals[i].identity->key, .ca = pki->ca)),
            &error);

        cr_assert_eq(status, MW_EUNAUTHENTICATED, "%zu: %s", i, error.text);
        cr_assert_not_null(
            strstr(error.text, refusals[i].text), "%s", error.text);
        assert_good_client_served(&c);
    }
    end(&c);
}

Test(tls, client_without_a_certificate)
{
    struct scene c;
    mw_client *client;
    mw_error error;

    begin(&c);
    cr_assert_eq(mw_client_open(&client, c.address,
                     MW_CLIENT(.tls = MW_TLS(.ca = mwt_pki_get()->ca)), &error),
        MW_EUNAUTHENTICATED, "%s", error.text);
    cr_assert_not_null(
        strstr(error.text, "certificate required"), "%s", error.text);
    end(&c);
}

/* The first call of a lazy client reports the same. */
Test(tls, lazy_client_refused)
{
    const struct mwt_pki *pki = mwt_pki_get();
    struct scene c;
    mw_client *client;
    mw_error error;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);
    char *text = NULL;

    begin(&c);
    cr_assert_eq(mw_client_open(&client, c.address,
                     MW_CLIENT(.lazy = true,
                         .tls = MW_TLS(.cert = pki->expired.cert,
                             .key = pki->expired.key, .ca = pki->ca)),
                     &error),
        MW_OK);
    for (size_t i = 0; i < 10; i++) {
        cr_assert_eq(probe_Probe_echo(client, &ctx, "x", &text),
            MW_EUNAUTHENTICATED, "%s", mw_ctx_error(&ctx));
        cr_assert_not_null(strstr(mw_ctx_error(&ctx), "certificate expired"),
            "%s", mw_ctx_error(&ctx));
    }
    mw_client_close(client);
    end(&c);
}

static void
assert_server_refused(const struct mwt_identity *identity, const char *cause)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;

    mwt_server_start(
        &s, MW_SERVER(.listen = "tls://127.0.0.1:0",
                .tls = MW_TLS(.cert = identity->cert, .key = identity->key,
                    .ca = mwt_pki_get()->ca)));
    cr_assert_eq(mw_client_open(&client, mw_server_address(s.server, 0),
                     MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_EUNAUTHENTICATED, "%s", error.text);
    cr_assert_not_null(strstr(error.text, cause), "%s", error.text);
    mwt_server_close(&s);
}

Test(tls, servers_refused)
{
    const struct mwt_pki *pki = mwt_pki_get();

    assert_server_refused(&pki->expired, "certificate has expired");
    assert_server_refused(&pki->other, "certificate");
    assert_server_refused(&pki->self_signed, "self-signed certificate");
    assert_server_refused(&pki->wrong_host, "IP address mismatch");
}

/* Bytes of a peer that knows nothing of TLS, and what comes back for them. */
static void
talk_plainly(const char *address, const char *bytes)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    char answer[512];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_port = htons((uint16_t) atoi(strrchr(address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (struct sockaddr *) &to, sizeof(to)), 0);
    (void) !write(fd, bytes, strlen(bytes));
    while (read(fd, answer, sizeof(answer)) > 0) {
        continue; /* until the server closes */
    }
    (void) close(fd);
}

Test(tls, peer_that_is_not_tls)
{
    struct scene c;

    begin(&c);
    talk_plainly(c.address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_good_client_served(&c);
    talk_plainly(c.address, "\x83\x01\x02\x03 no TLS at all, and some more");
    end(&c);
}

/* A TLS client of a server that is not TLS. */
Test(tls, server_that_is_not_tls)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    char address[128];

    mwt_server_start(&s, MW_SERVER(.listen = "plaintext://127.0.0.1:0"));
    (void) snprintf(address, sizeof(address), "tls://127.0.0.1:%s",
        strrchr(mw_server_address(s.server, 0), ':') + 1);
    cr_assert_eq(mw_client_open(&client, address,
                     MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_EUNAUTHENTICATED, "%s", error.text);
    cr_assert_not_null(
        strstr(error.text, "wrong version number"), "%s", error.text);
    mwt_server_close(&s);
}
