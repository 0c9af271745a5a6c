/* SPDX-License-Identifier: MIT */
/*
 * rpc: the sessions that a server has.
 *
 * The poller reports a session by its number, and only what is still in the
 * roster is found by that: an event that comes late, in whichever thread, leads
 * to nothing that was freed.
 */
#ifndef MWI_RPC_ROSTER_H
#define MWI_RPC_ROSTER_H

#include "mw/status.h"

#include "base/list.h"
#include "base/map.h"
#include "base/sync.h"

struct mwi_session;

struct mwi_roster {
    struct mwi_mutex mutex;   /* a session's channel may be locked inside it */
    struct mwi_map by_id;     /* [mutex] */
    struct mwi_list sessions; /* [mutex] all */
    struct mwi_list greeting; /* [mutex] those that owe a HELLO, the one that
                                 must be quickest first */
    struct mwi_list turns;    /* [mutex] those that a thread of the pool has */
    struct mwi_list active;   /* [mutex] those that may hold buffers */
    size_t n_greeting;        /* [mutex] of those */
    uintptr_t last_id;        /* [mutex] */
};

void mwi_roster_init(struct mwi_roster *roster);
void mwi_roster_fini(struct mwi_roster *roster);

/** Take a session in, which holds a reference to it, unless there are max.
 *
 * @retval MW_EEXHAUSTED  there are
 * @retval MW_ENOMEM  out of memory
 * @thread any
 */
MW_MUST_USE mw_status mwi_roster_add(struct mwi_roster *roster,
    struct mwi_session *session, size_t max, mw_error *reterr);

/** Forget a session.  Returns whether it was there: then the reference is the
 * caller's.  @thread any */
bool mwi_roster_remove(struct mwi_roster *roster, struct mwi_session *session);

/** The session with a number, with a reference for the caller; NULL: it is not
 * there any more.  @thread any */
struct mwi_session *mwi_roster_find(struct mwi_roster *roster, uintptr_t id);

/** Any session, likewise; NULL: there is none.  @thread any */
struct mwi_session *mwi_roster_first(struct mwi_roster *roster);

size_t mwi_roster_count(struct mwi_roster *roster);

/** How many owe a HELLO. */
size_t mwi_roster_count_greeting(struct mwi_roster *roster);

/** The session has sent its HELLO.  @thread any */
void mwi_roster_greeted(struct mwi_roster *roster, struct mwi_session *session);

/** Close the channels of sessions whose HELLO is overdue.  Returns the
 * deadline of the next.  @thread any */
int64_t mwi_roster_close_silent(struct mwi_roster *roster, uint32_t limit_ms);

/** Close the channels of all.  @thread any */
void mwi_roster_close_all(struct mwi_roster *roster, const mw_error *why);

#endif
