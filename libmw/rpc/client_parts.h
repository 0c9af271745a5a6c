/* SPDX-License-Identifier: MIT */
/*
 * rpc: what the files of a client share.
 */
#ifndef MWI_RPC_CLIENT_PARTS_H
#define MWI_RPC_CLIENT_PARTS_H

#include "base/log.h"
#include "net/tls.h"
#include "rpc/client.h"
#include "rpc/endpoints.h"
#include "rpc/life.h"
#include "rpc/watch.h"

/* A connection that calls may be made on. */
struct mwi_link {
    struct mwi_conn *conn; /* with a reference */
    struct mwi_endpoint *endpoint;
};

struct mw_client {
    mw_client_options options;  /* constant */
    struct mwi_log log;         /* constant */
    struct mwi_tls_config *tls; /* constant; NULL without tls:// */
    mw_server *server;          /* constant; of a local client */
    struct mwi_conn *back;      /* constant; the only one of a client that a
                                   handler has opened */
    struct mwi_callee *callee;  /* constant once connected; what is offered to
                                   the server, or NULL */
    struct mwi_budget budget;   /* thread-safe */
    struct mwi_mutex mutex;     /* held for moments; before conn.mutex */
    struct mwi_cond changed;    /* with mutex: a thread is through with
                                   connecting or resolving */
    struct mwi_link *links;     /* [mutex] n_links of them, in room for so many
                                   as there may be */
    size_t n_links;             /* [mutex] */
    size_t next;                /* [mutex] of links, where to begin to look:
                                   endpoints take turns */
    bool is_closed;             /* [mutex] */
    struct mwi_endpoints endpoints; /* [mutex] */
    struct mwi_client_meter meter;  /* thread-safe */
    struct mwi_life life;           /* thread-safe */
};

/** The connection with the fewest calls, referenced, or NULL.  @thread any */
struct mwi_conn *mwi_client_best_conn(mw_client *client);

/** Have no new calls on a connection, to which the caller has a reference,
 * which it takes.  @thread any */
void mwi_client_drop_conn(mw_client *client, struct mwi_conn *conn);

#endif
