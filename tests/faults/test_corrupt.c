/* SPDX-License-Identifier: MIT */
/*
 * Bytes are damaged on their way.  TLS finds it: the connection fails, and each
 * call has run once, not at all, or is unknown.  Without TLS nobody can know;
 * but whoever reads it stays alive, and an object changes as a whole or not.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "faults/sweep.h"
#include "lib/prng.h"

enum {
    PLACES = 60,    /* of each flow, over TLS */
    TLS_END = 64,   /* bytes: what is sent when all calls are over */
    PATIENCE = 300, /* ms: a damaged length has the reader wait for more */
    LONG_MS = 60000,
};

static uint8_t
random_flip(struct mwt_prng *prng)
{
    return (uint8_t) (1 + mwt_below(prng, 255));
}

/* A damaged connection is not used on: a call fails, or is made on another.
 * During the handshake there are bytes that mean nothing, such as the version
 * of a record (RFC 8446 section 5.1). */
static void
corrupt_tls_at(struct mwt_sweep *sweep, enum mwt_flow flow, uint64_t at)
{
    uint64_t before = mwt_proxy_connections(sweep->scene.proxy);
    size_t n_done = sweep->tally.n_done;

    mwt_sweep_at(sweep, flow, 0, at);
    cr_expect(at < sweep->handshake[flow] || !sweep->struck_calls ||
                  sweep->tally.n_done < n_done + sweep->n_calls ||
                  mwt_proxy_connections(sweep->scene.proxy) > before + 1,
        "byte %llu to the %s", (unsigned long long) at,
        flow == MWT_TO_SERVER ? "server" : "client");
}

Test(faults_corrupt, tls_finds_it)
{
    struct mwt_prng prng = mwt_prng_seeded("faults_corrupt/tls_finds_it");
    struct mwt_sweep sweep;

    mwt_sweep_begin(&sweep, MWT_TLS, MW_CTX());
    sweep.options.timeout_ms = PATIENCE;
    sweep.plan.fault = MWT_CORRUPT;
    for (enum mwt_flow flow = MWT_TO_SERVER; flow <= MWT_TO_CLIENT; flow++) {
        for (size_t i = 0; i < PLACES; i++) {
            sweep.plan.flip = random_flip(&prng);
            corrupt_tls_at(
                &sweep, flow, mwt_below(&prng, (size_t) sweep.bytes[flow]));
        }
    }
    cr_expect_gt(sweep.n_struck, PLACES);
    cr_expect_lt(sweep.tally.n_done, sweep.n_runs * sweep.n_calls);
    mwt_sweep_end(&sweep);
}

/* Make one call with one byte damaged, of its request or of its answer. */
static void
corrupt_plain_at(struct mwt_scene *scene, const struct mwt_plan *plan)
{
    mw_client *client = mwt_scene_client(scene, PATIENCE);
    faults_Account account;
    faults_Account copy;
    faults_Account shallow;

    mwt_account_make(&account, 3);
    cr_assert_eq(faults_Account_copy(&copy, &account), MW_OK);
    memcpy(&shallow, &account, sizeof(account));
    mwt_proxy_plan(scene->proxy, plan);
    if (faults_Ledger_change(client, NULL, &account, 3) < 0) {
        cr_assert_arr_eq(&account, &shallow, sizeof(account));
        cr_assert(faults_Account_equal(&account, &copy));
    }
    faults_Account_clear(&copy);
    /* It is an object, whatever it says. */
    cr_assert_eq(faults_Account_copy(&copy, &account), MW_OK);
    faults_Account_clear(&copy);
    faults_Account_clear(&account);
    mw_client_close(client);
}

Test(faults_corrupt, without_tls_all_or_nothing)
{
    struct mwt_prng prng = mwt_prng_seeded("faults_corrupt/without_tls");
    struct mwt_scene scene;
    mw_client *bystander;
    uint64_t answer;

    mwt_scene_begin(&scene, MWT_UNIX, NULL);
    bystander = mwt_scene_bystander(&scene);
    for (enum mwt_flow flow = MWT_TO_SERVER; flow <= MWT_TO_CLIENT; flow++) {
        uint64_t length;

        corrupt_plain_at(&scene, &(struct mwt_plan){ .fault = MWT_NO_FAULT });
        mwt_proxy_settle(scene.proxy);
        length = mwt_proxy_length(scene.proxy, flow, 1);
        cr_assert_gt(length, 10);
        for (uint64_t at = 0; at < length; at++) {
            corrupt_plain_at(&scene, &(struct mwt_plan){ .fault = MWT_CORRUPT,
                                         .flow = flow,
                                         .messages = 1,
                                         .bytes = at,
                                         .flip = random_flip(&prng) });
        }
        cr_assert_eq(
            faults_Ledger_post(bystander, NULL, 100000, &answer), MW_OK);
        cr_assert_eq(answer, 100000);
    }
    mw_client_close(bystander);
    mwt_scene_end(&scene);
}
