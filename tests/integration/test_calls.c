/* SPDX-License-Identifier: MIT */
/*
 * Calls that go well, over every kind of stream.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "lib/pki.h"

static void
check_echo(mw_client *client)
{
    char *text = NULL;
    double sum = 0;
    mw_ctx ctx = MW_CTX(.timeout_ms = 20000);

    cr_assert_eq(probe_Probe_echo(client, &ctx, "grüß dich", &text), MW_OK,
        "%s", mw_ctx_error(&ctx));
    cr_assert_str_eq(text, "grüß dich");
    cr_assert_eq(probe_Probe_add(client, &ctx, 1.5, 2.25, &sum), MW_OK);
    cr_assert_eq(sum, 3.75);
    free(text);
}

Test(calls, local)
{
    struct mwt_server s;
    mw_client *client;

    mwt_server_start(&s, MW_SERVER(.threads_max = 2));
    client = mwt_local_client(&s);
    check_echo(client);
    mw_client_close(client);
    mwt_server_close(&s);
    cr_assert_eq(s.status, MW_OK, "%s", s.error.text);
}

static void
check_over(const char *listen, const char *tls_version)
{
    struct mwt_server s;
    mw_client *client;
    mw_error error;
    mw_peer peer;

    mwt_server_start(&s, MW_SERVER(.listen = listen, .tls = MWT_SERVER_TLS));
    cr_assert_eq(mw_client_open(&client, mw_server_address(s.server, 0),
                     MW_CLIENT(.tls = MWT_CLIENT_TLS), &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(mw_client_peer(client, &peer), MW_OK);
    cr_assert_str_eq(peer.tls, tls_version);
    check_echo(client);
    mw_client_close(client);
    mwt_server_close(&s);
    cr_assert_eq(s.status, MW_OK, "%s", s.error.text);
}

Test(calls, tls)
{
    check_over("tls://127.0.0.1:0", "TLSv1.3");
}

Test(calls, plaintext)
{
    check_over("plaintext://127.0.0.1:0", "");
}

Test(calls, unix_socket)
{
    char listen[128];

    (void) snprintf(
        listen, sizeof(listen), "unix:%s/socket", mwt_pki_get()->dir);
    check_over(listen, "");
}
