/* SPDX-License-Identifier: MIT */
/*
 * A server is killed with SIGKILL at random moments while threads call it, and
 * started again.  The ledger outlives it: no call has run twice, none that
 * succeeded has not, and calls go on with the next server.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "faults/daemon.h"
#include "faults/scene.h"
#include "lib/pki.h"
#include "lib/prng.h"

enum {
    LONG_MS = 60000,
    N_THREADS = 4,
    N_KILLS = 12,
    IDS = 200000, /* of each thread, at the most */
    LIFE_MS = 40, /* of a server, at the most */
};

struct record {
    mw_status status;
    bool not_run;
    bool is_one_way;
    bool is_wrong; /* what came back is not what it must be by the status */
};

struct killed {
    struct mwt_ledger ledger;
    struct mwt_daemon daemon;
    mw_client *client;
    atomic_bool is_over;
    atomic_uint_fast64_t n_done; /* calls that succeeded */
};

struct caller {
    struct killed *k;
    pthread_t thread;
    uint64_t first_id;
    size_t n;
    struct record *records; /* IDS of them */
};

static mw_status
call(struct caller *c, uint64_t id, mw_ctx *ctx, bool *ret_is_wrong)
{
    faults_Account account;
    uint64_t answer = 0;
    mw_status status;

    switch (id % 3) {
    case 0:
        status = faults_Ledger_post(c->k->client, ctx, id, &answer);
        *ret_is_wrong = answer != (status == MW_OK ? id : 0);
        return status;
    case 1:
        return faults_Ledger_tell(c->k->client, ctx, id);
    default:
        mwt_account_make(&account, id);
        status = faults_Ledger_change(c->k->client, ctx, &account, id);
        *ret_is_wrong = account.serial != (status == MW_OK ? id + 1 : id);
        faults_Account_clear(&account);
        return status;
    }
}

static void *
make_calls(void *arg)
{
    struct caller *c = arg;

    while (!atomic_load(&c->k->is_over) && c->n < IDS) {
        mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);
        uint64_t id = c->first_id + c->n;
        bool is_wrong = false;
        mw_status status = call(c, id, &ctx, &is_wrong);

        c->records[c->n++] = (struct record){
            .status = status,
            .not_run = ctx.not_run,
            .is_one_way = id % 3 == 1,
            .is_wrong = is_wrong,
        };
        if (status == MW_OK) {
            atomic_fetch_add(&c->k->n_done, 1);
        } else {
            (void) poll(NULL, 0, 1); /* there may be no server for a while */
        }
    }
    return NULL;
}

static void
judge(const struct caller *c, struct killed *k, size_t n_by_runs[3])
{
    for (size_t i = 0; i < c->n; i++) {
        const struct record *r = &c->records[i];
        unsigned runs = mwt_ledger_runs(&k->ledger, c->first_id + i);

        cr_assert_not(r->is_wrong);
        cr_assert_leq(runs, 1);
        if (r->status == MW_OK && !r->is_one_way) {
            cr_assert_eq(runs, 1);
        } else if (r->status != MW_OK && r->not_run) {
            cr_assert_eq(runs, 0);
        }
        /* An ACK holds while the server lives. */
        n_by_runs[r->status == MW_OK ? 2 : runs]++;
    }
}

static void
await_calls(struct killed *k, uint64_t n)
{
    uint64_t enough = atomic_load(&k->n_done) + n;

    while (atomic_load(&k->n_done) < enough) {
        (void) poll(NULL, 0, 1);
    }
}

static void
kill_and_restart(struct killed *k, struct mwt_prng *prng)
{
    char address[160];

    for (size_t i = 0; i < N_KILLS; i++) {
        await_calls(k, 1);
        (void) poll(NULL, 0, (int) mwt_below(prng, LIFE_MS));
        mwt_daemon_kill(&k->daemon);
        (void) snprintf(address, sizeof(address), "%s", k->daemon.address);
        mwt_daemon_start(&k->daemon, &k->ledger, address);
    }
    await_calls(k, 100);
    atomic_store(&k->is_over, true);
}

static void
run(const char *test, const char *listen)
{
    struct mwt_prng prng = mwt_prng_seeded(test);
    struct killed k = { .is_over = false };
    struct caller callers[N_THREADS];
    size_t n_by_runs[3] = { 0 }; /* failed: none, one; succeeded */
    mw_error error;

    mwt_ledger_open(&k.ledger, -1);
    mwt_daemon_start(&k.daemon, &k.ledger, listen);
    cr_assert_eq(mw_client_open(&k.client, k.daemon.address,
                     MW_CLIENT(.tls = MW_TLS(.cert = mwt_pki_get()->client.cert,
                                   .key = mwt_pki_get()->client.key,
                                   .ca = mwt_pki_get()->ca)),
                     &error),
        MW_OK, "%s", error.text);
    for (size_t i = 0; i < N_THREADS; i++) {
        callers[i] = (struct caller){
            .k = &k,
            .first_id = i * IDS,
            .records = calloc(IDS, sizeof(struct record)),
        };
        cr_assert_not_null(callers[i].records);
        cr_assert_eq(
            pthread_create(&callers[i].thread, NULL, make_calls, &callers[i]),
            0);
    }
    kill_and_restart(&k, &prng);
    for (size_t i = 0; i < N_THREADS; i++) {
        cr_assert_eq(pthread_join(callers[i].thread, NULL), 0);
    }
    mw_client_close(k.client);
    cr_expect(mwt_daemon_stop(&k.daemon));
    for (size_t i = 0; i < N_THREADS; i++) {
        judge(&callers[i], &k, n_by_runs);
        free(callers[i].records);
    }
    cr_log_info("%zu done, %zu failed, %zu failed but run", n_by_runs[2],
        n_by_runs[0], n_by_runs[1]);
    cr_expect_gt(n_by_runs[0] + n_by_runs[1], 0);
    mwt_ledger_close(&k.ledger);
}

Test(faults_kill, unix_socket)
{
    char path[128];
    char listen[160];

    mwt_scene_path(path, "killed");
    (void) snprintf(listen, sizeof(listen), "unix:%s", path);
    run("faults_kill/unix_socket", listen);
}

Test(faults_kill, tls)
{
    run("faults_kill/tls", "tls://127.0.0.1:0");
}
