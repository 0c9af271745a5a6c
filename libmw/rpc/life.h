/* SPDX-License-Identifier: MIT */
/*
 * rpc: how long a client lives, and in which process.
 *
 * The program has a reference to it until mw_client_close(), and so has each
 * call until it is over: so a client can be closed while calls are under way.
 * All that a call does begins with mwi_client_enter().  In a child of the
 * process that used the client last, this makes it a new one without
 * connections.
 */
#ifndef MWI_RPC_LIFE_H
#define MWI_RPC_LIFE_H

#include <pthread.h>
#include <stdatomic.h>

#include "mw/client.h"

#include "rpc/attend.h"

struct mwi_life {
    _Atomic uint32_t refs;
    _Atomic uint32_t generation; /* of the process, base/fork.h */
    struct mwi_attend attend;    /* thread-safe */
    bool has_thread;             /* constant while it is open, but in renewing:
                                    its own */
    pthread_t thread;            /* constant, likewise */
};

/** One reference, no thread. */
void mwi_life_begin(struct mwi_life *life);

/** Have a thread that attends. */
MW_MUST_USE mw_status mwi_life_start_thread(
    mw_client *client, mw_error *reterr);

/** End all connections, the thread, and then the reference; calling the
 * functions of all calls that have one.
 * @thread any; blocks for the thread, unless it is that */
void mwi_life_end(mw_client *client);

/** A call begins, and is over; the last one frees the client.
 * @thread any; does not block */
void mwi_client_enter(mw_client *client);
void mwi_client_leave(mw_client *client);

#endif
