/* SPDX-License-Identifier: MIT */
/*
 * rpc: what a server does about sessions in which nothing happens: peers that
 * do not read, that do not answer, that need nothing any more.
 *
 * The loop looks at all of them from time to time, as long as there is any such
 * thing to look for, and sleeps otherwise.  Times are kept to an eighth.
 */
#ifndef MWI_RPC_UPKEEP_H
#define MWI_RPC_UPKEEP_H

#include "mw/base.h"

struct mwi_host;

/* Ids of PINGs count from here, so that they are none of calls to the peer. */
#define MWI_UPKEEP_ID (UINT64_C(1) << 63)

/* Of a session.  [roster.mutex] */
struct mwi_upkeep {
    int64_t stalled_at; /* since when its peer has read nothing of what waits
                           for it; 0: nothing waits */
    uint64_t moved;     /* net/progress.h, at the last look */
    uint64_t n_called;  /* calls that had come, at the last look */
    int64_t busy_at;    /* when there was last seen to be any use of it */
    int64_t asked_at;   /* when it was sent a PING that is not answered */
    uint64_t n_pings;   /* that were sent */
    int64_t left_at;    /* when it was told to go elsewhere; 0: it was not */
    bool is_settled;    /* and that nothing more comes */
};

/** There is a session to be looked after.  @thread any; takes no lock */
void mwi_upkeep_call(struct mwi_host *host);

/** The same, for something waits to be written.  @thread any; takes no lock */
void mwi_upkeep_call_writing(struct mwi_host *host);

/** When to look, if that is earlier: after a call. */
int64_t mwi_upkeep_soon(const struct mwi_host *host, int64_t again);

/** Look after all.  Returns when to look again; MWI_FOREVER: when it was
 * called.  @thread loop */
int64_t mwi_upkeep_look(struct mwi_host *host);

#endif
