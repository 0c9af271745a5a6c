/* SPDX-License-Identifier: MIT */
/*
 * Certificates that one side refuses, as a call of a lazy client sees it.
 */
#include <criterion/criterion.h>

#include "faults/scene.h"
#include "lib/pki.h"

enum { LONG_MS = 60000, N_CALLS = 5 };

static void
assert_refused(const char *cert, const char *key, const char *ca, bool not_run)
{
    struct mwt_scene scene;
    mw_client *client;
    mw_error error;

    mwt_scene_begin(&scene, MWT_TLS, NULL);
    cr_assert_eq(
        mw_client_open(&client, mw_server_address(scene.server, 0),
            MW_CLIENT(.tls = MW_TLS(.cert = cert, .key = key, .ca = ca),
                .lazy = true),
            &error),
        MW_OK, "%s", error.text);
    for (uint64_t id = 0; id < N_CALLS; id++) {
        mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
        uint64_t answer = 7;

        cr_assert_eq(faults_Ledger_post(client, &ctx, id, &answer),
            MW_EUNAUTHENTICATED, "%s", mw_ctx_error(&ctx));
        cr_assert(ctx.not_run || !not_run);
        cr_assert_eq(answer, 7);
    }
    mw_client_close(client);
    mwt_scene_stop(&scene);
    for (uint64_t id = 0; id < N_CALLS; id++) {
        cr_assert_eq(mwt_ledger_runs(&scene.ledger, id), 0);
    }
    mwt_scene_end(&scene);
}

Test(faults_refused, server)
{
    const struct mwt_pki *pki = mwt_pki_get();

    assert_refused(pki->client.cert, pki->client.key, pki->other_ca, true);
}

Test(faults_refused, client)
{
    const struct mwt_pki *pki = mwt_pki_get();

    assert_refused(pki->expired.cert, pki->expired.key, pki->ca, false);
}
