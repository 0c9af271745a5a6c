/* SPDX-License-Identifier: MIT */
/*
 * The soak's threads that make calls: one and wait for it, or one on each of
 * their connections at once.  What comes back is checked at once; how often it
 * has run, at the end.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "faults/soak.h"
#include "lib/pki.h"

enum {
    SHORTEST_MS = 50, /* deadlines */
    LONGEST_MS = 2000,
    LINGER_MS = 30, /* of a handler, at the most */
};

enum soak_op { POST, CHANGE, LINGER, TELL };

/* A call that is made. */
struct soak_call {
    enum soak_op op;
    uint64_t id;
    mw_ctx ctx;
    mw_pending *pending;
    uint64_t answer;
    faults_Account account;
    faults_Account shallow;
};

/* False: there are no ids any more. */
static bool
begin_call(struct soak_caller *c, size_t client, struct soak_call *call)
{
    struct soak *soak = c->soak;
    uint64_t id = atomic_fetch_add(&soak->next_id, 1);

    if (id >= MWT_LEDGER_IDS) {
        return false;
    }
    *call = (struct soak_call){
        .op = (enum soak_op) mwt_below(&c->prng, TELL + 1),
        .id = id,
        .ctx = MW_CTX(.timeout_ms = SHORTEST_MS +
                                    (uint32_t) mwt_below(&c->prng, LONGEST_MS)),
    };
    if (call->op == CHANGE) {
        mwt_account_make(&call->account, id);
        call->shallow = call->account;
    }
    soak->records[id] = (struct soak_record){
        .flags = (uint8_t) (SOAK_MADE | (call->op == TELL ? SOAK_ONE_WAY : 0)),
        .server = (uint8_t) soak_server_of(client),
        .first = (uint16_t) atomic_load(
            &soak->servers[soak_server_of(client)].generation),
    };
    return true;
}

/* As it is by the status, down to the addresses if that is a failure. */
static bool
is_account_right(struct soak_call *call, mw_status status)
{
    faults_Account expected;
    bool is_right;

    mwt_account_make(&expected, call->id);
    if (status == MW_OK &&
        mwt_account_change(NULL, &expected, call->id) != MW_OK) {
        abort();
    }
    is_right = faults_Account_equal(&call->account, &expected) &&
               (status == MW_OK || memcmp(&call->account, &call->shallow,
                                       sizeof(call->account)) == 0);
    faults_Account_clear(&expected);
    return is_right;
}

static void
end_call(struct soak_caller *c, struct soak_call *call, mw_status status)
{
    struct soak_record *record = &c->soak->records[call->id];
    bool is_right = true;

    if (call->op == POST) {
        is_right = call->answer == (status == MW_OK ? call->id : 0);
    } else if (call->op == CHANGE) {
        is_right = is_account_right(call, status);
        faults_Account_clear(&call->account);
    }
    if (!is_right) {
        (void) fprintf(stderr, "soak: call %llu is wrong; %s\n",
            (unsigned long long) call->id, mw_ctx_error(&call->ctx));
        atomic_fetch_add(&c->soak->n_wrong, 1);
    }
    record->flags |= (uint8_t) ((status == MW_OK ? SOAK_OK : 0) |
                                (call->ctx.not_run ? SOAK_NOT_RUN : 0));
    record->last =
        (uint16_t) atomic_load(&c->soak->servers[record->server].generation);
    mw_ctx_clear(&call->ctx);
}

static uint32_t
random_linger(struct soak_caller *c)
{
    return (uint32_t) mwt_below(&c->prng, LINGER_MS);
}

static mw_status
make(struct soak_caller *c, mw_client *client, struct soak_call *call)
{
    switch (call->op) {
    case POST:
        return faults_Ledger_post(client, &call->ctx, call->id, &call->answer);
    case CHANGE:
        return faults_Ledger_change(
            client, &call->ctx, &call->account, call->id);
    case LINGER:
        return faults_Ledger_linger(
            client, &call->ctx, call->id, random_linger(c));
    case TELL:
        break;
    }
    return faults_Ledger_tell(client, &call->ctx, call->id);
}

static mw_status
start(struct soak_caller *c, mw_client *client, struct soak_call *call)
{
    switch (call->op) {
    case POST:
        return faults_Ledger_post_start(
            client, &call->ctx, call->id, &call->answer, &call->pending);
    case CHANGE:
        return faults_Ledger_change_start(
            client, &call->ctx, &call->account, call->id, &call->pending);
    case LINGER:
        return faults_Ledger_linger_start(
            client, &call->ctx, call->id, random_linger(c), &call->pending);
    case TELL:
        break;
    }
    return faults_Ledger_tell(client, &call->ctx, call->id);
}

static void
note_lateness(struct soak_caller *c, uint32_t timeout_ms, int64_t lasted_ms)
{
    struct soak_lateness *l = &c->lateness;
    int64_t late = lasted_ms - timeout_ms;

    l->n++;
    l->n_late += late > timeout_ms / 10 + SOAK_ALLOWANCE_MS;
    l->n_gross += late > SOAK_GROSS_MS;
    l->n_early += late < -1;
    l->worst_ms = late > l->worst_ms ? late : l->worst_ms;
}

static bool
call_one(struct soak_caller *c)
{
    size_t client = mwt_below(&c->prng, SOAK_CLIENTS);
    struct soak_call call;
    int64_t began;
    mw_status status;

    if (!begin_call(c, client, &call)) {
        return false;
    }
    began = mwi_now();
    status = make(c, c->clients[client], &call);
    if (status == MW_ETIMEDOUT) {
        note_lateness(c, call.ctx.timeout_ms, (mwi_now() - began) / 1000000);
    }
    end_call(c, &call, status);
    return true;
}

/* One on each connection; now and then one of them is dropped. */
static bool
call_all(struct soak_caller *c)
{
    struct soak_call calls[SOAK_CLIENTS];
    mw_status status[SOAK_CLIENTS];
    size_t n = 0;

    while (n < SOAK_CLIENTS && begin_call(c, n, &calls[n])) {
        status[n] = start(c, c->clients[n], &calls[n]);
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        if (calls[i].pending != NULL && mwt_chance(&c->prng, 5)) {
            mw_pending_cancel(calls[i].pending);
            status[i] = MW_ECANCELLED;
        } else if (calls[i].pending != NULL) {
            status[i] = mw_pending_finish(calls[i].pending);
        }
        end_call(c, &calls[i], status[i]);
    }
    return n == SOAK_CLIENTS;
}

static void *
run(void *arg)
{
    struct soak_caller *c = arg;

    while (!atomic_load(&c->soak->is_over)) {
        bool goes_on = mwt_chance(&c->prng, 95) ? call_one(c) : call_all(c);

        if (!goes_on) {
            (void) poll(NULL, 0, 10); /* until the end */
        }
    }
    return NULL;
}

void
soak_caller_begin(
    struct soak *soak, struct soak_caller *c, size_t n, uint64_t seed)
{
    *c = (struct soak_caller){ .soak = soak, .prng = { .state = seed + n } };
    for (size_t i = 0; i < SOAK_CLIENTS; i++) {
        mw_error error;

        if (mw_client_open(&c->clients[i],
                mwt_proxy_address(soak->servers[soak_server_of(i)].proxy),
                MW_CLIENT(.tls = MW_TLS(.cert = mwt_pki_get()->client.cert,
                              .key = mwt_pki_get()->client.key,
                              .ca = mwt_pki_get()->ca),
                    .lazy = true),
                &error) < 0) {
            (void) fprintf(stderr, "soak: %s\n", error.text);
            abort();
        }
    }
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        abort();
    }
}

void
soak_caller_end(struct soak_caller *c)
{
    if (pthread_join(c->thread, NULL) != 0) {
        abort();
    }
    for (size_t i = 0; i < SOAK_CLIENTS; i++) {
        mw_client_close(c->clients[i]);
    }
}
