/* SPDX-License-Identifier: MIT */
/*
 * rpc: who watches the calls of a client: its counters, hooks and log.
 */
#ifndef MWI_RPC_WATCH_H
#define MWI_RPC_WATCH_H

#include "rpc/meter.h"
#include "rpc/request.h"

/* Thread-safe. */
struct mwi_client_meter {
    struct mwi_meter calls;
    _Atomic uint64_t made; /* connections ... */
    _Atomic uint64_t not_made;
};

/** The call begins.  @thread the one that makes it */
void mwi_watch_begin(struct mwi_request *q);

/** The call has ended with a status; q->stats and q->attempts say what it has
 * taken.  @thread the one that ends it */
void mwi_watch_end(struct mwi_request *q, mw_status status);

#endif
