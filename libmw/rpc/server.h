/* SPDX-License-Identifier: MIT */
/*
 * rpc: a server's parts, shared by what opens and closes it (server.c) and what
 * runs it (loop.c).
 */
#ifndef MWI_RPC_SERVER_H
#define MWI_RPC_SERVER_H

#include "net/dial.h"
#include "rpc/session.h"

/* What an event of the loop's poller is about.  First member of what is
 * watched. */
enum mwi_watch_kind { MWI_WATCH_LISTENER, MWI_WATCH_SESSIONS };

struct mwi_watch {
    enum mwi_watch_kind kind;
};

struct mwi_server_listener {
    struct mwi_watch watch;
    bool is_tls;                        /* constant */
    struct mwi_server_listener *next;   /* constant */
    struct mwi_listener *impl;          /* loop; NULL once closed */
    char address[MWI_ADDRESS_TEXT_MAX]; /* constant; with the actual port */
};

/* A stream of a local client that the loop has not yet taken up. */
struct mwi_arrival {
    struct mwi_list link;
    struct mwi_stream *stream;
};

enum mwi_phase { MWI_PHASE_NEW, MWI_PHASE_RUNNING, MWI_PHASE_STOPPED };

struct mw_server {
    struct mwi_host host;
    struct mwi_tls_config *tls;            /* constant; NULL without tls:// */
    struct mwi_server_listener *listeners; /* constant */
    struct mwi_watch sessions_watch;       /* constant; of host.poller */
    bool helps;               /* loop: it waits for events of sessions, too */
    int64_t look_again;       /* loop: at the pool's turns; or MWI_FOREVER */
    int64_t upkeep_again;     /* loop: at all sessions; or MWI_FOREVER */
    int64_t greet_again;      /* loop: when the next HELLO is overdue */
    int64_t accept_again;     /* loop; MWI_FOREVER: not paused */
    atomic_bool stopping;     /* as asked by mw_server_stop() */
    struct mwi_mutex mutex;   /* nothing is locked inside it */
    struct mwi_list arrivals; /* [mutex] */
    enum mwi_phase phase;     /* [mutex] */
    bool is_closed;           /* [mutex] while it ran; constant once it does
                                 not */
    bool has_pool;            /* [mutex] host.pool is there, for those that are
                                 not its threads */
};

/** Serve until server->stopping, then drain.  See mw_server_run().
 * @thread the one in mw_server_run(); blocks */
MW_MUST_USE mw_status mwi_server_loop(mw_server *server, mw_error *reterr);

/** Close the listeners; their addresses stay. */
void mwi_server_close_listeners(mw_server *server);

#endif
