/* SPDX-License-Identifier: MIT */
/*
 * rpc: whose turn it is: which thread reads a session, and what becomes of it
 * when that thread has something else to do.
 *
 * Threads of the pool wait at the poller.  The one that gets a session's event
 * has its turn: it reads, and runs the calls of quick operations right away,
 * and their replies leave together.  Calls of slow ones go to the pool, but for
 * the last, which the thread runs itself once it has given the session back.
 *
 * Should a handler that was run right away turn out slow, the server's loop,
 * which looks after this, takes the session over: no message waits for a
 * handler for long.
 */
#ifndef MWI_RPC_TURN_H
#define MWI_RPC_TURN_H

#include "rpc/session.h"

struct mwi_turn {
    struct mwi_session *session;
    bool may_run;       /* this thread may run handlers */
    bool is_lost;       /* the loop has taken it over: nothing more to do */
    bool made_progress; /* a message was there since the last look */
    uint64_t n_run;     /* the handler that runs now */
    size_t n_put;       /* bytes of replies that wait for a flush, about */
    mw_call *deferred;  /* to be run once the session was given back, or NULL */
    uint32_t
        retry_after_ms; /* of the call that is being refused; 0: no guess */
};

/* The pool's source of work, whose user is a struct mwi_host. */

/** Wait for an event of a session, and return that with a reference. */
void *mwi_turn_await(void *user, int64_t deadline);

/** Have the session's turn, and drop the reference.  may_run: handlers, too. */
void mwi_turn_run(void *user, void *session, bool may_run);

void mwi_turn_wake(void *user);

/** Have the loop help. */
void mwi_turn_unattended(void *user);

/* For those who have the turn. */

/** Before and after a handler runs in this thread, which may not touch the
 * session's reading side meanwhile; and not later, if turn->is_lost then. */
void mwi_turn_begin_run(struct mwi_turn *turn, const struct mwi_operation *op);
void mwi_turn_end_run(struct mwi_turn *turn);

/** The handler that runs is going to wait for the session's peer: another
 * thread has the turn from now on, as if the loop had taken it over.  Does
 * nothing if that has happened already.
 * @thread the handler's */
void mwi_turn_let_go(struct mwi_turn *turn);

/** A frame of so many bytes was put into the channel.  Flushes if they are
 * many. */
void mwi_turn_note_put(struct mwi_turn *turn, size_t len);

/* For the owner of a channel: as mwi_want_write_cb. */
void mwi_turn_want_write(struct mwi_channel *channel, bool wanted);

/** Read the peer no further until it has read what waits for it, if that is
 * too much.  Returns whether it is. */
bool mwi_turn_must_pause(struct mwi_turn *turn);

/* For the loop. */

/** Take an event of the sessions, as the threads of the pool do, but do not run
 * handlers; calls go to the pool.  False: it was a wake for one of these
 * threads, to be passed on.
 * @thread loop; does not block */
bool mwi_turn_help(struct mwi_host *host);

/** Take over the sessions of threads that run a handler for too long, have idle
 * sessions give back their buffers, and see to it that some thread waits at the
 * poller.
 *
 * @return  when to look again even if no alarm goes off
 * @thread loop; when the alarm of host->control goes off */
int64_t mwi_turn_look_after(struct mwi_host *host);

#endif
