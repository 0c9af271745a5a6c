/* SPDX-License-Identifier: MIT */
/*
 * A server that offers ledger::Bank, run by a thread of its own, and a peer
 * that calls it message by message.  Whatever cannot fail in a test, ends it.
 */
#ifndef MWT_LEDGER_H
#define MWT_LEDGER_H

#include <pthread.h>

#include "mw/mw.h"

#include "base/sync.h"
#include "integration/raw.h"
#include "ledger_client.mw.h"
#include "ledger_server.mw.h"

struct mwt_bank {
    mw_server *server;
    pthread_t thread;
    mw_client *next; /* for nest(); NULL: none */
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    bool is_open;         /* [mutex] add_later() adds */
    int64_t total;        /* [mutex] */
    uint32_t n_runs;      /* [mutex] handlers that have run */
    uint32_t n_inside;    /* [mutex] handlers that wait */
    uint32_t n_cancelled; /* [mutex] handlers that were told */
};

void mwt_bank_start(struct mwt_bank *bank, const mw_server_options *options);
/** Stop it; returns the total at the end. */
int64_t mwt_bank_close(struct mwt_bank *bank);

void mwt_bank_open_gate(struct mwt_bank *bank);

/** Wait until so many handlers wait, have run, were told. */
void mwt_bank_await_inside(struct mwt_bank *bank, uint32_t n);
void mwt_bank_await_runs(struct mwt_bank *bank, uint32_t n);
void mwt_bank_await_cancelled(struct mwt_bank *bank, uint32_t n);

int64_t mwt_bank_total(struct mwt_bank *bank);

/** A client within the process. */
mw_client *mwt_bank_client(struct mwt_bank *bank);

/** A peer, which has said HELLO, and has the server's.  *ret_instance is what
 * that says; NULL allowed. */
void mwt_bank_connect(
    struct mwt_bank *bank, struct mwt_raw *raw, uint64_t *ret_instance);

/** Send a call of an operation of the bank, such as "add", with one integer as
 * argument. */
void mwt_bank_call(struct mwt_raw *raw, uint64_t id, const char *operation,
    const struct mwi_call_head *more, int64_t argument);

/** The same without arguments. */
void mwt_bank_call_plain(struct mwt_raw *raw, uint64_t id,
    const char *operation, const struct mwi_call_head *more);

void mwt_bank_cancel(struct mwt_raw *raw, uint64_t id);

/** A PING is answered behind all that was read before it. */
void mwt_bank_sync(struct mwt_raw *raw);

/** The next message is of this kind and id. */
void mwt_bank_expect(
    struct mwt_raw *raw, enum mwi_message_kind kind, uint64_t id);

/** The next message is a FAIL. */
void mwt_bank_expect_fail(
    struct mwt_raw *raw, uint64_t id, mw_status status, bool not_run);

/** The next message is a REPLY with one integer. */
void mwt_bank_expect_reply(struct mwt_raw *raw, uint64_t id, int64_t result);

#endif
