/* SPDX-License-Identifier: MIT */
/*
 * The ledger: how often each call has run.  It is memory that processes share,
 * and what a server noted stays when the server is killed.  And handlers of
 * faults::Ledger, which note.
 */
#ifndef MWT_LEDGER_H
#define MWT_LEDGER_H

#include "faults_client.mw.h"
#include "faults_server.mw.h"

enum { MWT_LEDGER_IDS = 8 << 20 }; /* ids are below it */

struct mwt_ledger {
    int fd;
    _Atomic uint8_t *runs; /* by id; stays at 255 */
};

/** Open a ledger: that of a descriptor, or a new one for fd -1. */
void mwt_ledger_open(struct mwt_ledger *ledger, int fd);
void mwt_ledger_close(struct mwt_ledger *ledger);

void mwt_ledger_note(struct mwt_ledger *ledger, uint64_t id);

/** How often a call has run. */
unsigned mwt_ledger_runs(const struct mwt_ledger *ledger, uint64_t id);

/** Handlers; their user is the mwt_ledger. */
extern const faults_Ledger_ops mwt_ledger_ops;

/** An account whose shape depends on the id. */
void mwt_account_make(faults_Account *account, uint64_t id);

/** What the handler of change() does; NULL for one of the caller's. */
MW_MUST_USE mw_status mwt_account_change(
    mw_call *call, faults_Account *account, uint64_t id);

#endif
