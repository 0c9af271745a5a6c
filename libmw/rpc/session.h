/* SPDX-License-Identifier: MIT */
/*
 * rpc: one connection as the server sees it.
 *
 * Whoever has its turn (rpc/turn.h) reads it and alone decides when it ends;
 * workers hold a reference while they run a call of it, and send their replies
 * themselves.
 */
#ifndef MWI_RPC_SESSION_H
#define MWI_RPC_SESSION_H

#include <stdatomic.h>

#include "mw/server.h"

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/spin.h"
#include "net/poller.h"
#include "pool/pool.h"
#include "rpc/admission.h"
#include "rpc/call.h"
#include "rpc/conn.h"
#include "rpc/mirrors.h"
#include "rpc/outcomes.h"
#include "rpc/registry.h"
#include "rpc/roster.h"
#include "rpc/upkeep.h"
#include "wire/channel.h"
#include "wire/message.h"

/* What the sessions of a server share. */
struct mwi_host {
    struct mwi_registry registry;      /* constant while the server runs */
    mw_server_options options;         /* constant */
    struct mwi_log log;                /* constant */
    struct mwi_poller poller;          /* thread-safe; of the sessions */
    struct mwi_poller control;         /* thread-safe; of the server's loop */
    struct mwi_pool *pool;             /* constant while the server runs */
    struct mwi_roster roster;          /* thread-safe */
    struct mwi_call_cache calls_ended; /* thread-safe */
    struct mwi_outcomes outcomes;      /* thread-safe */
    struct mwi_admission admission;    /* thread-safe */
    _Atomic uint64_t calls;            /* accepted and not yet answered */
    _Atomic uint64_t call_bytes;       /* of their requests and arguments */
    _Atomic uint64_t mirror_bytes;     /* of all sessions' mirrors */
    atomic_bool leaving;               /* peers are told so, new ones too */
    struct mwi_host_meter meter;       /* thread-safe */
    _Atomic uint32_t health;           /* enum mw_health, of all it offers */
    atomic_bool draining;              /* accept no more */
    atomic_bool is_watched;          /* the loop is going to look after turns */
    atomic_bool wants_help;          /* no thread is left to read */
    atomic_bool upkeep_called;       /* since the loop has looked */
    atomic_bool upkeep_sees_writing; /* it will look often for it */
    atomic_bool wants_room; /* the loop waits for handshakes to be over */
    uint64_t seen_turns;    /* loop: of the pool, at the last look */
};

struct mwi_session {
    uintptr_t id;               /* constant; in the roster */
    struct mwi_list link;       /* [roster.mutex] */
    struct mwi_list greeting;   /* [roster.mutex] */
    struct mwi_list turn;       /* [roster.mutex] */
    struct mwi_list active;     /* [roster.mutex] */
    struct mwi_host *host;      /* constant; outlives the session */
    struct mwi_channel channel; /* thread-safe but for its reader's side */
    _Atomic uint32_t refs;
    _Atomic uint64_t message_max;   /* bytes that the peer takes */
    mw_peer peer;                   /* constant once is_open */
    atomic_bool is_open;            /* the handshake is done */
    bool has_hello;                 /* turn */
    atomic_bool attends;            /* it answers a PING at any time */
    atomic_bool is_leaving;         /* no more calls are accepted */
    _Atomic uint64_t n_called;      /* calls that have come */
    struct mwi_upkeep upkeep;       /* [roster.mutex] */
    int64_t hello_deadline;         /* constant; base/clock.h */
    struct mwi_map bound;           /* turn: number -> struct mwi_operation */
    struct mwi_mirrors mirrors;     /* thread-safe */
    struct mwi_tally calls;         /* rpc/admission.h */
    struct mwi_peer_tally *of_peer; /* constant once is_open; or NULL */
    struct mwi_running unanswered;  /* thread-safe */
    struct mwi_mutex back_mutex;    /* nothing is locked inside it */
    struct mwi_conn *back;          /* [back_mutex] for calls to the peer; NULL:
                                       none yet */
    bool has_ended;                 /* [back_mutex] */
    int64_t hello_at;               /* constant once is_open: when our HELLO was
                                       made */

    /* See rpc/turn.c. */
    bool has_turn;        /* [channel.mutex] some thread has */
    bool was_called;      /* [channel.mutex] there was an event meanwhile */
    bool is_paused;       /* [channel.mutex] is not polled for reading */
    bool has_more;        /* [channel.mutex] was given back with more to do */
    _Atomic uint64_t run; /* what the thread that has the turn is doing */
    uint64_t n_runs;      /* turn */
    uint32_t n_turns;     /* turn: up to YOUNG_TURNS */
    const struct mwi_operation *running; /* turn */
    uint64_t seen_run;                   /* [roster.mutex] at the last look */
    int64_t active_at;    /* [roster.mutex] its last turn began */
    struct mwi_spin spin; /* turn */
};

/** A session on a stream whose handshake is still to come, in the roster and
 * watched by the host's poller.
 *
 * @param stream  [take] always
 * @param may_write  a first event comes as soon as it can be written to, for
 *                   the peer may be waiting for us
 * @retval MW_EEXHAUSTED  there are too many sessions, or things to watch
 * @retval MW_ENOMEM  out of memory
 * @thread any
 */
MW_MUST_USE mw_status mwi_session_open(struct mwi_host *host,
    struct mwi_stream *stream, bool may_write, mw_error *reterr);

void mwi_session_ref(struct mwi_session *session);
void mwi_session_unref(struct mwi_session *session);

/** What the poller reports for it. */
static inline void *
mwi_session_owner(const struct mwi_session *session)
{
    return (void *) session->id;
}

/** A connection for calls to the peer, on the session's channel.
 *
 * @return  [own: mwi_conn_unref()] NULL and *reterr when the session has ended,
 *          or out of memory
 * @thread any */
MW_MUST_USE struct mwi_conn *mwi_session_back(
    struct mwi_session *session, mw_error *reterr);

struct mwi_turn;

enum mwi_session_state {
    MWI_SESSION_WAITS, /* for the poller */
    MWI_SESSION_MORE,  /* has more to do, but others may want a turn */
    MWI_SESSION_LOST,  /* another thread has taken the turn over */
    MWI_SESSION_ENDED, /* to be closed */
};

/** Do what can be done without waiting: handshake, write, read, accept calls.
 * *ret_why says why a session has ended.
 * @thread the one that has the turn */
enum mwi_session_state mwi_session_advance(
    struct mwi_session *session, struct mwi_turn *turn, mw_error *ret_why);

/** Send a message of no more than a head: put it before what is sent next, or
 * flushed.  @thread any */
void mwi_session_put_head(
    struct mwi_session *session, enum mwi_message_kind kind, uint64_t id);

/** Likewise an ACK that says that the call's handler starts. */
void mwi_session_put_started(struct mwi_session *session, uint64_t id);

/** Send a FAIL for a call that was not accepted, likewise.  not_run: it has
 * certainly not run, whenever it was sent.  retry_after_ms: see
 * mwi_fail_write(). */
void mwi_session_put_fail(struct mwi_session *session, uint64_t id,
    const mw_error *error, bool not_run, uint32_t retry_after_ms);

/** Why it is told so: the server stops, or nothing was called. */
extern const char mwi_session_stopping[];
extern const char mwi_session_idle[];

/** Ask the peer whether it is there.  @thread any */
void mwi_session_send_ping(struct mwi_session *session, uint64_t id);

/** Tell the peer to send no more calls; with MW_OK, that all that were accepted
 * are answered.  @thread any */
void mwi_session_send_goaway(
    struct mwi_session *session, mw_status status, const char *text);

/** What the peer waits for cannot be made: close the channel.  @thread any */
void mwi_session_close_without_memory(struct mwi_session *session);

/** Whether all that was to be sent has been.  @thread any */
bool mwi_session_is_flushed(struct mwi_session *session);

/** Take it out of the roster and close it.  @thread the one that has the turn,
 * or when no other uses it */
void mwi_session_end(struct mwi_session *session, const mw_error *why);

#endif
