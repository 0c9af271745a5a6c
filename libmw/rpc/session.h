/* SPDX-License-Identifier: MIT */
/*
 * rpc: one connection as the server sees it.
 *
 * The loop's thread reads it and alone decides when it ends; workers hold a
 * reference while they run a call of it, and send their replies themselves.
 */
#ifndef MWI_RPC_SESSION_H
#define MWI_RPC_SESSION_H

#include <stdatomic.h>

#include "mw/server.h"

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "net/poller.h"
#include "pool/pool.h"
#include "rpc/call.h"
#include "rpc/mirrors.h"
#include "rpc/registry.h"
#include "wire/channel.h"

/* What the sessions of a server share. */
struct mwi_host {
    struct mwi_registry registry;  /* constant while the server runs */
    mw_server_options options;     /* constant */
    struct mwi_log log;            /* constant */
    struct mwi_poller poller;      /* thread-safe */
    struct mwi_pool *pool;         /* constant while the server runs */
    _Atomic uint64_t calls;        /* accepted and not yet answered */
    _Atomic uint64_t call_bytes;   /* of their requests and arguments */
    _Atomic uint64_t mirror_bytes; /* of all sessions' mirrors */
    atomic_bool draining;          /* accept no more */
};

/* What an event of the poller is about. First member of what it watches. */
enum mwi_watch_kind { MWI_WATCH_LISTENER, MWI_WATCH_SESSION };

struct mwi_watch {
    enum mwi_watch_kind kind;
};

struct mwi_session {
    struct mwi_watch watch;
    struct mwi_list link;       /* loop: of all sessions */
    struct mwi_list greeting;   /* loop: of those that owe a HELLO */
    struct mwi_list turn;       /* loop: of those that have more to do */
    struct mwi_host *host;      /* constant; outlives the session */
    struct mwi_channel channel; /* thread-safe but for its reader's side */
    _Atomic uint32_t refs;
    _Atomic uint64_t message_max; /* bytes that the peer takes */
    mw_peer peer;                 /* constant once is_open */
    bool is_open;                 /* loop: the handshake is done */
    bool has_hello;               /* loop */
    bool is_paused;               /* [channel.mutex] not polled for reading */
    int64_t hello_deadline;       /* constant; base/clock.h */
    struct mwi_map bound;         /* loop: number -> struct mwi_operation */
    struct mwi_mirrors mirrors;   /* thread-safe */
};

/** A session on a stream whose handshake is still to come, watched by the
 * host's poller.
 *
 * @param stream  [take] on success only
 * @return  [own: mwi_session_unref()] NULL and *reterr on failure
 * @thread loop
 */
MW_MUST_USE struct mwi_session *mwi_session_new(
    struct mwi_host *host, struct mwi_stream *stream, mw_error *reterr);

void mwi_session_ref(struct mwi_session *session);
void mwi_session_unref(struct mwi_session *session);

enum mwi_session_state {
    MWI_SESSION_WAITS, /* for the poller */
    MWI_SESSION_MORE,  /* has more to do, but others should have a turn */
    MWI_SESSION_ENDED, /* to be closed */
};

/** Do what can be done without waiting: handshake, write, read, accept calls.
 * *ret_why says why a session has ended.
 * @thread loop */
enum mwi_session_state mwi_session_advance(
    struct mwi_session *session, mw_error *ret_why);

/** Tell the peer to send no more calls.  @thread loop */
void mwi_session_send_goaway(
    struct mwi_session *session, mw_status status, const char *text);

/** Whether all that was to be sent has been.  @thread any */
bool mwi_session_is_flushed(struct mwi_session *session);

/** Stop watching and close the channel.  @thread loop */
void mwi_session_close(struct mwi_session *session, const mw_error *why);

#endif
