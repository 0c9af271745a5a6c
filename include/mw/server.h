/* SPDX-License-Identifier: MIT */
/*
 * A server: listens, reads requests and runs their handlers on a bounded pool
 * of threads.
 *
 *     mw_server *server;
 *     mw_error err;
 *     if (mw_server_open(&server, MW_SERVER(.listen = "tls://[::]:7000",
 *             .tls = MW_TLS(.cert = "server.pem", .key = "server.key",
 *                 .ca = "ca.pem")), &err) < 0 ||
 *         bank_Teller_serve(server, &ops, NULL) < 0 || …
 *     status = mw_server_run(server, &err);
 *     mw_server_close(server);
 */
#ifndef MW_SERVER_H
#define MW_SERVER_H

#include "mw/base.h"
#include "mw/hooks.h"
#include "mw/log.h"
#include "mw/status.h"
#include "mw/tls.h"

typedef struct mw_server mw_server;

enum {
    MW_DEFAULT_THREADS_MIN = 2,
    MW_DEFAULT_THREADS_MAX = 64,
    MW_DEFAULT_QUEUE_MAX = 1024,             /* calls */
    MW_DEFAULT_QUEUE_MEMORY_MAX = 256 << 20, /* bytes */
    MW_DEFAULT_THREADS_IDLE_MS = 10000,
    MW_DEFAULT_PRIORITY_THREADS = 2,
    MW_DEFAULT_PRIORITY_QUEUE_MAX = 64, /* calls */
    MW_DEFAULT_WAITING_MAX = 256,       /* calls */
    MW_DEFAULT_CONNECTIONS_MAX = 10000,
    MW_DEFAULT_HANDSHAKE_MS = 10000,
    MW_DEFAULT_DRAIN_MS = 10000,
    MW_DEFAULT_READ_STALL_MS = 30000,
    MW_DEFAULT_HANDSHAKES_MAX = 256,
    MW_DEFAULT_OUTCOMES_MAX = 10000,
    MW_DEFAULT_OUTCOMES_MEMORY_MAX = 16 << 20, /* bytes */
    MW_DEFAULT_OUTCOMES_MS = 300000,
    MW_DEFAULT_MIRRORS_MAX = 16,
    MW_DEFAULT_MIRROR_MEMORY_MAX = 64 << 20,   /* bytes */
    MW_DEFAULT_MIRRORS_MEMORY_MAX = 512 << 20, /* bytes */
};

/* Whether a client should make calls. */
typedef enum mw_health {
    MW_HEALTH_UNKNOWN = 0, /* not known, or there is no such interface */
    MW_HEALTH_SERVING = 1,
    MW_HEALTH_NOT_SERVING = 2,
} mw_health;

typedef struct mw_server_options {
    size_t size;                 /* sizeof(mw_server_options) */
    const char *listen;          /* [copy] addresses, separated by commas:
                                    "tls://[::]:7000,unix:/run/x"; port 0 takes
                                    a free one.  NULL: only local clients */
    const mw_tls_options *tls;   /* [copy] needed for tls:// addresses */
    uint32_t threads_min;        /* handlers' threads kept; 0: default */
    uint32_t threads_max;        /* handlers that run at once; 0: default */
    uint32_t queue_max;          /* calls that wait for a thread before more are
                                    refused; 0: default */
    size_t queue_memory_max;     /* bytes of the requests of all calls accepted
                                    and not yet answered, before more are
                                    refused; 0: default */
    uint32_t connections_max;    /* at once; 0: default */
    uint32_t handshake_ms;       /* until a peer must have finished TLS and its
                                    HELLO; 0: default */
    uint32_t drain_ms;           /* that mw_server_stop() leaves running calls;
                                    0: default */
    size_t message_max;          /* bytes of a message, received or sent;
                                    0: MW_DEFAULT_MESSAGE_MAX */
    uint32_t depth_max;          /* nesting of a message received;
                                    0: MW_DEFAULT_DEPTH_MAX */
    size_t memory_max;           /* bytes that one call may use for arguments,
                                    results and mw_alloc();
                                    0: MW_DEFAULT_MEMORY_MAX */
    mw_log_cb log;               /* [borrow: server] NULL: silent */
    void *log_user;              /* passed to log */
    uint32_t mirrors_max;        /* mirrored objects kept for a connection;
                                    0: default */
    size_t mirror_memory_max;    /* bytes of those; 0: default */
    size_t mirrors_memory_max;   /* bytes of those of all connections;
                                    0: default */
    bool no_spin;                /* sleep at once when waiting, never stay awake
                                    for a moment, which saves processor time
                                    and makes short calls slower */
    uint32_t threads_idle_ms;    /* after which a thread beyond threads_min that
                                    has nothing to do ends; 0: default */
    uint32_t priority_threads;   /* beyond threads_max, for calls of operations
                                    with @mw::priority; 0: default */
    uint32_t priority_queue_max; /* of those calls that wait for a thread
                                    before more are refused; 0: default */
    uint32_t waiting_max;        /* calls of an interface that wait because of
                                    @mw::max_concurrency before more are
                                    refused; 0: default */
    uint32_t connection_calls_max; /* calls of one connection, running and
                                      waiting, before more are refused; calls
                                      with a priority are counted apart; 0: any
                                      number */
    uint32_t peer_calls_max;       /* likewise of all connections of one peer,
                                      who is known by the name in the
                                      certificate, else by the host; 0: any
                                      number */
    bool adaptive;                 /* find out how many calls the server does
                                      well, and refuse more */
    uint32_t outcomes_max;         /* outcomes of calls with a key that are kept
                                      to be repeated; 0: default */
    size_t outcomes_memory_max;    /* bytes of those, of one a quarter of it;
                                      0: default */
    uint32_t outcomes_ms;          /* for which one is kept; 0: default */
    bool no_introspection;         /* do not offer mw.Server: see
                                      mw_server_set_health() */
    const mw_server_hooks *hooks;  /* [borrow: server] mw/hooks.h; or NULL */
    mw_log_level log_level;        /* lines above it are not made; 0: all are */
    uint32_t keepalive_ms;         /* of silence, before a client that attends
                                      is asked whether it is there, and of
                                      others their hosts; 0: default */
    uint32_t keepalive_timeout_ms; /* until it must have answered, or it is
                                      taken for dead; 0: default */
    uint32_t read_stall_ms;        /* that a client may read nothing of what
                                      waits for it, before it is dropped;
                                      0: default */
    uint32_t idle_ms;              /* without a call, before a connection is
                                      closed; 0: never */
    uint32_t handshakes_max;       /* connections at once that have not finished
                                      TLS and their HELLO; more wait to be
                                      accepted; 0: default */
} mw_server_options;

#define MW_SERVER(...) MW_OPTIONS(mw_server_options, __VA_ARGS__)

MW_BEGIN_DECLS

/** Make a server and open its listening sockets.
 *
 * Nothing is accepted before mw_server_run().
 *
 * @param ret_server  [own: mw_server_close()] [out]
 * @param options  [copy] what to listen on, and limits
 * @param reterr   [out] NULL allowed; filled only on failure
 * @retval MW_EINVAL  an address or an option is wrong, or a file of
 *                    options->tls cannot be used
 * @retval MW_EUNAVAILABLE  an address cannot be bound
 * @retval MW_ENOMEM  out of memory
 * @thread any; does not block (but for resolving a host's name)
 */
MW_API MW_MUST_USE mw_status mw_server_open(
    mw_server **ret_server, const mw_server_options *options, mw_error *reterr);

/** An address that the server is bound to, in the form a client takes.
 *
 * @param server  [borrow: this call] server
 * @param index   0 for the first of options->listen, and so on
 * @return  [view] the address with its actual port, valid until the server is
 *          closed; NULL beyond the last
 * @thread any; does not block
 */
MW_API const char *mw_server_address(const mw_server *server, size_t index);

/** Serve until mw_server_stop(), then drain.
 *
 * Draining closes the listeners, tells clients to go elsewhere, refuses new
 * calls, waits up to options->drain_ms for accepted ones, and sends their
 * replies.
 *
 * @param server  [borrow: this call] server
 * @param reterr  [out] NULL allowed; filled only on failure
 * @retval MW_OK  stopped, and every accepted call was finished
 * @retval MW_ETIMEDOUT  stopped, but handlers were still running after
 *                       options->drain_ms; mw_server_close() waits for them
 * @retval MW_EINVAL  already run
 * @retval MW_ENOMEM  out of memory or threads at the start
 * @thread any one; blocks until stopped; must not be called by a handler
 */
MW_API MW_MUST_USE mw_status mw_server_run(mw_server *server, mw_error *reterr);

/** Ask mw_server_run() to drain and return.
 *
 * Before mw_server_run() it makes that return at once.
 *
 * @param server  [borrow: this call] server
 * @thread any, also a handler or a signal handler; does not block
 */
MW_API void mw_server_stop(mw_server *server);

/** Say whether an interface, or the server as a whole, should be called.
 *
 * That is what clients are told who ask the interface mw.Server
 * (mw/introspect.idl), which every server offers unless its option
 * no_introspection is set.  Calls are run all the same.  At first all is
 * MW_HEALTH_SERVING; while the server drains all is MW_HEALTH_NOT_SERVING,
 * whatever was said.
 *
 * @param server     [borrow: this call] server
 * @param interface  [copy] its name, such as "orders.Desk"; NULL: the server,
 *                   whose health is that of all interfaces as long as it is
 *                   not MW_HEALTH_SERVING
 * @param health     what to tell
 * @retval MW_ENOTFOUND  the server does not offer the interface
 * @retval MW_EINVAL  health is none
 * @thread any, also a handler's; does not block
 */
MW_API MW_MUST_USE mw_status mw_server_set_health(
    mw_server *server, const char *interface, mw_health health);

/** Close a server and free it.
 *
 * While mw_server_run() runs it does what mw_server_stop() does, and the server
 * is freed when that returns: nobody may use it any more.
 *
 * @param server  [inout] server, or NULL
 * @thread any, also a handler.  If it does not run: blocks until handlers that
 *         are still running have returned, but not in a handler, which leaves
 *         that to another thread
 */
MW_API void mw_server_close(mw_server *server);

MW_END_DECLS

#endif
