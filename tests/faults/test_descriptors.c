/* SPDX-License-Identifier: MIT */
/*
 * Descriptors run out, at the client or at the server: connections that are
 * there go on, new ones fail and say why, and all is well once there are some
 * again.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "faults/daemon.h"
#include "faults/scene.h"
#include "lib/pki.h"

enum { SHORT_MS = 500, LONG_MS = 60000, N_CALLS = 200 };

#define CLIENT_TLS                             \
    MW_TLS(.cert = mwt_pki_get()->client.cert, \
        .key = mwt_pki_get()->client.key, .ca = mwt_pki_get()->ca)

struct short_of {
    struct mwt_ledger ledger;
    struct mwt_daemon daemon;
    mw_client *client; /* connected before */
    struct rlimit before;
};

static void
begin(struct short_of *s, const char *listen)
{
    mw_error error;

    mwt_ledger_open(&s->ledger, -1);
    mwt_daemon_start(&s->daemon, &s->ledger, listen);
    cr_assert_eq(mw_client_open(&s->client, s->daemon.address,
                     MW_CLIENT(.tls = CLIENT_TLS), &error),
        MW_OK, "%s", error.text);
    cr_assert_eq(mw_client_ping(s->client, NULL), MW_OK);
}

static void
end(struct short_of *s)
{
    mw_client_close(s->client);
    cr_expect(mwt_daemon_stop(&s->daemon));
    mwt_ledger_close(&s->ledger);
}

/* From now on a process, 0 for this one, gets no more descriptors. */
static void
take_all(struct short_of *s, pid_t pid)
{
    struct rlimit none;

    cr_assert_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &s->before), 0);
    none = s->before;
    none.rlim_cur = 3;
    cr_assert_eq(prlimit(pid, RLIMIT_NOFILE, &none, NULL), 0);
}

static void
give_back(struct short_of *s, pid_t pid)
{
    cr_assert_eq(prlimit(pid, RLIMIT_NOFILE, &s->before, NULL), 0);
}

/* Calls of every form on the connection that was there. */
static void
assert_served(struct short_of *s, uint64_t first)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    mw_pending *pending;
    uint64_t answer;

    for (uint64_t id = first; id < first + N_CALLS; id++) {
        cr_assert_eq(faults_Ledger_post(s->client, &ctx, id, &answer), MW_OK,
            "%s", mw_ctx_error(&ctx));
        cr_assert_eq(answer, id);
    }
    cr_assert_eq(faults_Ledger_tell(s->client, &ctx, first + N_CALLS), MW_OK);
    cr_assert_eq(faults_Ledger_post_start(
                     s->client, &ctx, first + N_CALLS + 1, &answer, &pending),
        MW_OK);
    cr_assert_eq(mw_pending_finish(pending), MW_OK);
}

/* A client whose address and options are fine cannot connect. */
static void
assert_refused(struct short_of *s, mw_client *client, const char *why)
{
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);
    mw_status status = faults_Ledger_tell(client, &ctx, 0);

    cr_assert(status == MW_EUNAVAILABLE || status == MW_ETIMEDOUT ||
                  status == MW_EEXHAUSTED,
        "%s: %s", mw_status_name(status), mw_ctx_error(&ctx));
    cr_assert(ctx.not_run);
    cr_assert_eq(mwt_ledger_runs(&s->ledger, 0), 0);
    cr_assert_not_null(
        strstr(mw_ctx_error(&ctx), why), "%s", mw_ctx_error(&ctx));
}

static mw_client *
open_lazily(struct short_of *s)
{
    mw_client *client;
    mw_error error;

    cr_assert_eq(mw_client_open(&client, s->daemon.address,
                     MW_CLIENT(.tls = CLIENT_TLS, .lazy = true), &error),
        MW_OK, "%s", error.text);
    return client;
}

Test(faults_descriptors, client)
{
    struct short_of s;
    mw_client *other;
    mw_client *third = NULL;
    mw_error error;
    uint64_t answer;

    begin(&s, "tls://127.0.0.1:0");
    other = open_lazily(&s);
    take_all(&s, 0);
    assert_served(&s, 1000);
    assert_refused(&s, other, "Too many open files");
    cr_assert_lt(mw_client_open(&third, s.daemon.address,
                     MW_CLIENT(.tls = CLIENT_TLS), &error),
        0);
    cr_assert_null(third);
    cr_assert_not_null(
        strstr(error.text, "Too many open files"), "%s", error.text);
    assert_served(&s, 2000);
    give_back(&s, 0);
    cr_expect_eq(faults_Ledger_post(other, NULL, 1, &answer), MW_OK);
    mw_client_close(other);
    end(&s);
}

/* A server that cannot be opened says why, and can be later. */
Test(faults_descriptors, server_that_starts)
{
    struct short_of s = { .client = NULL };
    mw_server *server = NULL;
    mw_error error;
    char path[128];
    char listen[160];
    long before;

    mwt_scene_path(path, "late");
    (void) snprintf(listen, sizeof(listen), "unix:%s", path);
    before = mwt_process_descriptors(0);
    take_all(&s, 0);
    cr_assert_lt(
        mw_server_open(&server, MW_SERVER(.listen = listen), &error), 0);
    cr_assert_null(server);
    cr_assert_not_null(
        strstr(error.text, "Too many open files"), "%s", error.text);
    give_back(&s, 0);
    cr_expect_eq(mwt_process_descriptors(0), before);
    cr_assert_eq(mw_server_open(&server, MW_SERVER(.listen = listen), &error),
        MW_OK, "%s", error.text);
    mw_server_close(server);
    cr_expect_eq(mwt_process_descriptors(0), before);
}

/* A server that runs: those who come are not accepted, and time out; they are
 * once it can. */
Test(faults_descriptors, server)
{
    struct short_of s;
    mw_client *other;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
    uint64_t answer;
    long before;

    begin(&s, "tls://127.0.0.1:0");
    before = mwt_process_descriptors(s.daemon.pid);
    other = open_lazily(&s);
    take_all(&s, s.daemon.pid);
    for (uint64_t i = 0; i < 3; i++) {
        assert_refused(&s, other, "in time");
        assert_served(&s, 1000 * (i + 1));
    }
    give_back(&s, s.daemon.pid);
    cr_expect_eq(faults_Ledger_post(other, &ctx, 1, &answer), MW_OK, "%s",
        mw_ctx_error(&ctx));
    mw_client_close(other);
    assert_served(&s, 5000);
    /* What it could not accept and what has left it does not hold. */
    while (mwt_process_descriptors(s.daemon.pid) > before) {
        (void) poll(NULL, 0, 1);
    }
    end(&s);
}
