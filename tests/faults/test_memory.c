/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out: each allocation fails in turn, of client and server
 * together, from the connecting of a client over TLS to its end, and from the
 * start of a server to its end.  Single calls on a connection are those of
 * test_failures.c and test_pending_failures.c of the integration tests.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "faults/workload.h"
#include "lib/pki.h"

enum { LONG_MS = 60000, ENOUGH = 100000, IDS_PER_LIFE = 20 };

/* A client's whole life with the n-th allocation failing.  True: there was no
 * such allocation. */
static bool
live_with_failure(struct mwt_scene *scene, uint64_t n, struct mwt_workload *w)
{
    mw_client *client = NULL;
    mw_error error;
    mw_status status;
    bool done;

    mwt_workload_prepare(w);
    mwi_mem_fail_at(n);
    status = mw_client_open(&client, mwt_proxy_address(scene->proxy),
        MW_CLIENT(.tls = MW_TLS(.cert = mwt_pki_get()->client.cert,
                      .key = mwt_pki_get()->client.key,
                      .ca = mwt_pki_get()->ca),
            .timeout_ms = LONG_MS),
        &error);
    if (status < 0) {
        cr_assert_null(client);
        cr_assert(status == MW_ENOMEM || status == MW_EUNAVAILABLE ||
                      status == MW_EUNAUTHENTICATED,
            "allocation %llu: %s", (unsigned long long) n, error.text);
        mwt_workload_drop(w);
    } else {
        w->client = client;
        mwt_workload_run(w);
        mw_client_close(client);
    }
    done = !mwi_mem_has_failed();
    mwi_mem_fail_at(0);
    return done;
}

static void
check_statuses(const struct mwt_workload *w, uint64_t n)
{
    for (size_t i = 0; i < w->n_records; i++) {
        mw_status status = w->records[i].status;

        cr_assert(
            status == MW_OK || status == MW_ENOMEM || status == MW_EUNAVAILABLE,
            "allocation %llu: %s", (unsigned long long) n, w->records[i].text);
    }
}

Test(faults_memory, life_of_a_client)
{
    struct mwt_scene scene;
    struct mwt_tally tally = { 0 };
    struct mwt_workload *lives = calloc(ENOUGH, sizeof(*lives));
    mw_client *bystander;
    size_t n = 0;
    bool done = false;

    cr_assert_not_null(lives);
    mwt_scene_begin(&scene, MWT_TLS, MW_SERVER(.threads_max = 2));
    /* So that the server runs: its start is another test's. */
    bystander = mwt_scene_bystander(&scene);
    cr_assert_eq(mw_client_ping(bystander, NULL), MW_OK);
    mw_client_close(bystander);
    while (!done) {
        lives[n].options = MW_CTX(.timeout_ms = LONG_MS);
        lives[n].first_id = n * IDS_PER_LIFE;
        done = live_with_failure(&scene, n + 1, &lives[n]);
        check_statuses(&lives[n], n);
        cr_assert_lt(++n, ENOUGH);
    }
    mwt_scene_stop(&scene);
    for (size_t i = 0; i < n; i++) {
        mwt_workload_judge(
            &lives[i], &scene.ledger, "an allocation failed", &tally);
    }
    cr_log_info("%zu lives: %zu done, %zu not run, %zu unknown, %zu unknown "
                "but run",
        n, tally.n_done, tally.n_not_run, tally.n_unknown, tally.n_unknown_run);
    cr_expect_gt(n, 50);
    cr_expect_gt(tally.n_done, 0);
    cr_expect_gt(tally.n_not_run + tally.n_unknown + tally.n_unknown_run, 10);
    mwt_scene_end(&scene);
    free(lives);
}

/* A server's, without a client: it ends in good order or does not begin. */
static bool
serve_with_failure(uint64_t n, struct mwt_ledger *ledger)
{
    mw_server *server = NULL;
    mw_error error = { .status = MW_OK };
    mw_status status;
    bool done;

    mwi_mem_fail_at(n);
    status = mw_server_open(&server,
        MW_SERVER(.listen = "tls://127.0.0.1:0",
            .tls = MW_TLS(.cert = mwt_pki_get()->server.cert,
                .key = mwt_pki_get()->server.key, .ca = mwt_pki_get()->ca)),
        &error);
    if (status == MW_OK) {
        status = faults_Ledger_serve(server, &mwt_ledger_ops, ledger);
    }
    if (status == MW_OK) {
        mw_server_stop(server);
        status = mw_server_run(server, &error);
    }
    done = !mwi_mem_has_failed();
    mwi_mem_fail_at(0);
    cr_assert(status == MW_OK || status == MW_ENOMEM, "allocation %llu: %s",
        (unsigned long long) n, error.text);
    cr_assert(status == MW_OK || !done);
    mw_server_close(server);
    return done;
}

Test(faults_memory, life_of_a_server)
{
    struct mwt_ledger ledger;
    uint64_t n = 1;

    mwt_ledger_open(&ledger, -1);
    while (!serve_with_failure(n, &ledger)) {
        cr_assert_lt(++n, ENOUGH);
    }
    cr_expect_gt(n, 5);
    mwt_ledger_close(&ledger);
}
