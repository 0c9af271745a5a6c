/* SPDX-License-Identifier: MIT */
/*
 * TLS over real TCP on a bad line between two hosts: packets are lost, delayed,
 * duplicated and overtake each other, the line is cut and heals, a host goes
 * without a word and comes back.  Skipped where the kernel has no network
 * namespaces or TUN devices, or does not let us use them.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "faults/network.h"
#include "faults/workload.h"
#include "lib/pki.h"
#include "lib/prng.h"

enum {
    SHORT_MS = 300,
    LONG_MS = 120000,
    ROUNDS = 12,
    IDS_PER_ROUND = 20,
};

struct hosts {
    struct mwt_network *network;
    struct mwt_ledger ledger;
    mw_server *server;
    pthread_t thread;
    char address[64];
    mw_client *client;
};

/* The server. */

static void *
run(void *server)
{
    mw_error error;

    if (mw_server_run(server, &error) < 0) {
        (void) fprintf(stderr, "server: %s\n", error.text);
    }
    return NULL;
}

static void
serve(struct hosts *h, const char *listen)
{
    mw_error error;

    mwt_network_enter(h->network, MWT_HOST_SERVER);
    cr_assert_eq(
        mw_server_open(&h->server,
            MW_SERVER(.listen = listen,
                .tls = MW_TLS(.cert = mwt_pki_get()->server.cert,
                    .key = mwt_pki_get()->server.key, .ca = mwt_pki_get()->ca),
                .drain_ms = SHORT_MS),
            &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(
        faults_Ledger_serve(h->server, &mwt_ledger_ops, &h->ledger), MW_OK);
    (void) snprintf(
        h->address, sizeof(h->address), "%s", mw_server_address(h->server, 0));
    cr_assert_eq(pthread_create(&h->thread, NULL, run, h->server), 0);
    mwt_network_enter(h->network, MWT_HOST_CLIENT);
}

static void
stop(struct hosts *h)
{
    mw_server_stop(h->server);
    cr_assert_eq(pthread_join(h->thread, NULL), 0);
    mw_server_close(h->server);
}

static mw_client *
open_client(struct hosts *h)
{
    mw_client *client;
    mw_error error;

    cr_assert_eq(
        mw_client_open(&client, h->address,
            MW_CLIENT(.tls = MW_TLS(.cert = mwt_pki_get()->client.cert,
                          .key = mwt_pki_get()->client.key,
                          .ca = mwt_pki_get()->ca, .server_name = "localhost"),
                .timeout_ms = LONG_MS),
            &error),
        MW_OK, "%s", error.text);
    return client;
}

/* ctest takes the words for a test that is skipped, not for a failure: it is
 * the kernel that cannot, and no package would help. */
static void
begin(struct hosts *h, const char *test)
{
    struct mwt_prng prng = mwt_prng_seeded(test);
    const char *why = NULL;

    *h = (struct hosts){ .network = mwt_network_open(prng.state, &why) };
    if (h->network == NULL) {
        (void) fprintf(stderr, "skipped, not for want of a package: %s\n", why);
        cr_skip("%s", why);
    }
    mwt_ledger_open(&h->ledger, -1);
    serve(h, "tls://" MWT_SERVER_ADDRESS ":0");
    h->client = open_client(h);
}

static void
end(struct hosts *h)
{
    mw_client_close(h->client);
    stop(h);
    mwt_network_close(h->network);
    mwt_ledger_close(&h->ledger);
}

/* In any weather TCP brings all of it, if late. */
static void
assert_works(struct hosts *h, const struct mwt_weather *weather)
{
    struct mwt_workload w[ROUNDS];
    struct mwt_tally tally = { 0 };

    mwt_network_set(h->network, weather);
    for (size_t i = 0; i < ROUNDS; i++) {
        w[i] = (struct mwt_workload){
            .client = h->client,
            .options = MW_CTX(),
            .first_id = 1000 + i * IDS_PER_ROUND,
        };
        mwt_workload_run(&w[i]);
    }
    mwt_network_set(h->network, &(struct mwt_weather){ 0 });
    /* One-way calls may still be under way. */
    for (size_t i = 0; i < ROUNDS; i++) {
        for (size_t k = 0; k < w[i].n_records; k++) {
            while (w[i].records[k].status == MW_OK &&
                   mwt_ledger_runs(&h->ledger, w[i].records[k].id) == 0) {
                (void) poll(NULL, 0, 1);
            }
        }
        mwt_workload_judge(&w[i], &h->ledger, "bad weather", &tally);
        cr_expect_eq(tally.n_done, (i + 1) * w[i].n_records);
    }
}

Test(faults_network, fine_weather)
{
    struct hosts h;
    struct mwt_network_counts counts;

    begin(&h, "faults_network/fine_weather");
    assert_works(&h, &(struct mwt_weather){ 0 });
    mwt_network_counts(h.network, &counts);
    cr_expect_gt(counts.n_carried, ROUNDS);
    cr_expect_eq(counts.n_lost, 0);
    end(&h);
}

Test(faults_network, loss)
{
    struct hosts h;
    struct mwt_network_counts counts;

    begin(&h, "faults_network/loss");
    assert_works(&h, &(struct mwt_weather){ .loss_percent = 5 });
    mwt_network_counts(h.network, &counts);
    cr_log_info("%llu of %llu packets lost", (unsigned long long) counts.n_lost,
        (unsigned long long) (counts.n_lost + counts.n_carried));
    cr_expect_gt(counts.n_lost, 0);
    end(&h);
}

Test(faults_network, delay_duplication_and_reordering)
{
    struct hosts h;
    struct mwt_network_counts counts;

    begin(&h, "faults_network/reordering");
    assert_works(&h,
        &(struct mwt_weather){
            .duplicate_percent = 20, .delay_min_ms = 1, .delay_max_ms = 10 });
    mwt_network_counts(h.network, &counts);
    cr_log_info("%llu packets, %llu duplicated, %llu overtaken",
        (unsigned long long) counts.n_carried,
        (unsigned long long) counts.n_duplicated,
        (unsigned long long) counts.n_overtaken);
    cr_expect_gt(counts.n_duplicated, 0);
    cr_expect_gt(counts.n_overtaken, 0);
    end(&h);
}

/* Long payloads, which fill the window, with all at once. */
Test(faults_network, long_payloads_in_all_weather)
{
    enum { SIZE = 200000 };
    struct hosts h;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_seq_u8 bytes = { 0 };

    begin(&h, "faults_network/long_payloads");
    mwt_network_set(h.network,
        &(struct mwt_weather){
            .loss_percent = 1, .duplicate_percent = 5, .delay_max_ms = 2 });
    cr_assert_eq(faults_Ledger_fill(h.client, &ctx, SIZE, &bytes), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(bytes.len, SIZE);
    for (uint32_t i = 0; i < SIZE; i++) {
        cr_assert_eq(bytes.items[i], (uint8_t) i);
    }
    free(bytes.items);
    end(&h);
}

/* Nothing passes: calls end at their deadlines.  When something does again, so
 * does the connection. */
Test(faults_network, partition_and_heal)
{
    struct hosts h;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    int64_t began;
    uint64_t answer;

    begin(&h, "faults_network/partition");
    mwt_network_set(h.network, &(struct mwt_weather){ .is_partitioned = true });
    began = mwi_now();
    cr_assert_eq(faults_Ledger_post(h.client, &ctx, 1, &answer), MW_ETIMEDOUT);
    cr_expect_geq(mwi_now() - began, (int64_t) SHORT_MS * 1000000);
    cr_expect_not(ctx.not_run);
    mwt_network_set(h.network, &(struct mwt_weather){ 0 });
    ctx = MW_CTX(.timeout_ms = LONG_MS);
    cr_assert_eq(faults_Ledger_post(h.client, &ctx, 2, &answer), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_expect_eq(answer, 2);
    cr_expect_leq(mwt_ledger_runs(&h.ledger, 1), 1);
    end(&h);
}

/* The server's host goes without a word and comes back, and knows nothing of
 * the connection: calls end, and others are made on a new one. */
Test(faults_network, server_that_vanishes)
{
    struct hosts h;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_pending *pending;
    uint64_t answer;
    uint64_t id = 10;
    char listen[64];

    begin(&h, "faults_network/server_that_vanishes");
    cr_assert_eq(
        faults_Ledger_linger_start(h.client, &ctx, 1, SHORT_MS, &pending),
        MW_OK);
    while (mwt_ledger_runs(&h.ledger, 1) == 0) {
        (void) poll(NULL, 0, 1);
    }
    memcpy(listen, h.address, sizeof(listen));
    mwt_network_set(h.network, &(struct mwt_weather){ .is_partitioned = true });
    stop(&h);
    mwt_network_replace(h.network, MWT_HOST_SERVER);
    serve(&h, listen);
    mwt_network_set(h.network, &(struct mwt_weather){ 0 });
    /* It hears of it when it next says something. */
    do {
        mw_ctx other = MW_CTX(.timeout_ms = LONG_MS);
        mw_status status = faults_Ledger_post(h.client, &other, ++id, &answer);

        cr_assert(status == MW_OK || status == MW_EUNAVAILABLE, "%s",
            mw_ctx_error(&other));
        cr_assert_leq(mwt_ledger_runs(&h.ledger, id), status == MW_OK);
    } while (mwt_ledger_runs(&h.ledger, id) == 0);
    cr_expect_eq(
        mw_pending_finish(pending), MW_EUNAVAILABLE, "%s", mw_ctx_error(&ctx));
    cr_expect_not(ctx.not_run);
    cr_expect_eq(mwt_ledger_runs(&h.ledger, 1), 1);
    end(&h);
}

/* The client's host goes: its call runs, once, and the server ends in time. */
Test(faults_network, client_that_vanishes)
{
    struct hosts h;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_ctx other = MW_CTX(.timeout_ms = LONG_MS);
    mw_pending *pending;
    mw_client *lost;
    uint64_t answer;

    begin(&h, "faults_network/client_that_vanishes");
    lost = h.client;
    cr_assert_eq(
        faults_Ledger_linger_start(lost, &ctx, 1, SHORT_MS, &pending), MW_OK);
    while (mwt_ledger_runs(&h.ledger, 1) == 0) {
        (void) poll(NULL, 0, 1);
    }
    mwt_network_replace(h.network, MWT_HOST_CLIENT);
    mwt_network_enter(h.network, MWT_HOST_CLIENT);
    h.client = open_client(&h);
    cr_expect_eq(faults_Ledger_post(h.client, &other, 2, &answer), MW_OK);
    cr_expect_eq(answer, 2);
    mw_pending_cancel(pending);
    mw_client_close(lost);
    end(&h);
}
