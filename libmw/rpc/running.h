/* SPDX-License-Identifier: MIT */
/*
 * rpc: the calls of a session that wait for a thread or have one, so that their
 * callers can still give up.  One-way calls are not among them: nobody waits.
 *
 * There are not many, and few are cancelled, so that they are a list: nothing
 * is allocated for a call.
 */
#ifndef MWI_RPC_RUNNING_H
#define MWI_RPC_RUNNING_H

#include "mw/call.h"

#include "base/list.h"
#include "base/sync.h"

struct mwi_operation;

/* Thread-safe. */
struct mwi_running {
    struct mwi_mutex mutex; /* nothing is locked inside it */
    struct mwi_list calls;  /* [mutex] the one that came last first */
};

void mwi_running_init(struct mwi_running *running);
void mwi_running_fini(struct mwi_running *running);

/** The call can be cancelled from now on, until it is removed. */
void mwi_running_add(struct mwi_running *running, mw_call *call);

/** Of a call that was not added: does nothing. */
void mwi_running_remove(mw_call *call);

/** Cancel the call with an id.  Returns its operation; NULL: it is not there.
 */
const struct mwi_operation *mwi_running_cancel(
    struct mwi_running *running, uint64_t id);

/** The caller has gone: cancel all, but those of which it may ask for the
 * outcome later.  Returns whether there were any. */
bool mwi_running_cancel_all(struct mwi_running *running);

#endif
