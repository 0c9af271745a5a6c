/* SPDX-License-Identifier: MIT */
/*
 * A client: a server's address, or those of several servers that offer the
 * same, and connections to them that any number of threads share.
 *
 * Calls are made through the stubs that mwidl writes.  Each goes to the server
 * with the fewest calls of this client.  A connection that was lost or that
 * its server is closing is replaced at the next call, and calls that it is
 * safe to send again are (docs/guide/connections.md).
 *
 * A client runs no thread of its own, unless it is opened with .background.  A
 * program with an event loop of its own has it watch mw_client_fd(), and calls
 * mw_client_process() when that is readable.
 *
 * After fork() the child may use the client, too: at its first call it makes
 * connections of its own.  Those of the parent are not touched; calls that the
 * parent has under way fail in the child with MW_EUNAVAILABLE.
 */
#ifndef MW_CLIENT_H
#define MW_CLIENT_H

#include "mw/base.h"
#include "mw/ctx.h"
#include "mw/hooks.h"
#include "mw/log.h"
#include "mw/status.h"
#include "mw/tls.h"

typedef struct mw_client mw_client;
typedef struct mw_server mw_server;

enum {
    MW_DEFAULT_TIMEOUT_MS = 5000,
    MW_DEFAULT_MESSAGE_MAX = 16 << 20, /* bytes */
    MW_DEFAULT_DEPTH_MAX = 64,         /* levels */
    MW_DEFAULT_MEMORY_MAX = 64 << 20,  /* bytes */
    MW_DEFAULT_RECONNECT_MIN_MS = 50,
    MW_DEFAULT_RECONNECT_MAX_MS = 5000,
    MW_DEFAULT_RETRIES_MAX = 3,
    MW_DEFAULT_RETRY_MIN_MS = 10,
    MW_DEFAULT_RETRY_MAX_MS = 1000,
    MW_DEFAULT_KEEPALIVE_MS = 10000,
    MW_DEFAULT_KEEPALIVE_TIMEOUT_MS = 5000,
};

typedef struct mw_client_options {
    size_t size;               /* sizeof(mw_client_options) */
    const mw_tls_options *tls; /* [copy] needed for tls:// addresses */
    uint32_t timeout_ms;       /* of a call; 0: MW_DEFAULT_TIMEOUT_MS */
    bool lazy;                 /* connect at the first call, not at once */
    size_t message_max;        /* bytes of a message received;
                                  0: MW_DEFAULT_MESSAGE_MAX */
    uint32_t depth_max;        /* nesting of a message received;
                                  0: MW_DEFAULT_DEPTH_MAX */
    size_t memory_max;         /* bytes that the results of a call may
                                  allocate; 0: MW_DEFAULT_MEMORY_MAX */
    bool check_unique;         /* for debugging: refuse arguments that break a
                                  promise of @mw::unique, which are not looked
                                  for otherwise */
    mw_log_cb log;             /* [borrow: client] NULL: silent */
    void *log_user;            /* passed to log */
    uint32_t connections;      /* at the most, to each server, up to 64;
                                  0: one */
    bool no_spin;              /* sleep at once when waiting, never stay awake
                                  for a moment, which saves processor time
                                  and makes short calls slower */
    bool background;           /* a thread of the client's own reads when nobody
                                  waits: it runs the on_done of calls, answers
                                  the server's PINGs, and notices at once that a
                                  connection is lost */
    uint32_t threads_max;      /* handlers that run at once of interfaces that
                                  the client offers to its server; 0: 4 */
    uint32_t queue_max;        /* calls that wait for one; 0: 64 */
    const mw_client_hooks *hooks; /* [borrow: client] mw/hooks.h; or NULL */
    mw_log_level log_level;       /* lines above it are not made; 0: all are */
    bool fail_fast;            /* a call fails when no address can be reached,
                                  rather than wait for one until its deadline */
    uint32_t reconnect_min_ms; /* the longest pause after an address could not
                                  be reached; it doubles each time ...
                                  0: default */
    uint32_t reconnect_max_ms; /* ... up to this; 0: default */
    bool no_retry;             /* send each call once, see mw_ctx.no_retry */
    uint32_t retries_max;      /* how often a call may be sent again;
                                  0: default */
    uint32_t retry_min_ms;     /* the longest pause before the first time; it
                                  doubles each time ...  0: default */
    uint32_t retry_max_ms;     /* ... up to this; 0: default */
    uint32_t keepalive_ms;     /* that calls wait while nothing comes from the
                                  server, before it is asked whether it is
                                  there; 0: default */
    uint32_t keepalive_timeout_ms; /* until it must have answered, or it is
                                      taken for dead; 0: default */
} mw_client_options;

#define MW_CLIENT(...) MW_OPTIONS(mw_client_options, __VA_ARGS__)

MW_BEGIN_DECLS

/** Make a client and, unless options->lazy, connect it to one of its servers.
 * Fails at once when none of them can be reached, whatever options->fail_fast
 * says.
 *
 * @param ret_client  [own: mw_client_close()] [out]
 * @param address  [copy] "tls://host:port", "unix:/path" or
 *                 "plaintext://host:port" (no TLS: for tests only); an IPv6
 *                 address in brackets.  Several are separated by commas, where
 *                 the scheme of the one before holds good for those without:
 *                 "tls://a:7000,b:7000".  A name that has several addresses
 *                 counts as that many
 * @param options  [copy] NULL for defaults
 * @param reterr   [out] NULL allowed; filled only on failure
 * @retval MW_EINVAL  the address or an option is wrong, or a file of
 *                    options->tls cannot be used
 * @retval MW_EUNAVAILABLE  no connection to the host
 * @retval MW_EUNAUTHENTICATED  TLS failed; the text has OpenSSL's reason
 * @retval MW_ETIMEDOUT  not connected within options->timeout_ms
 * @retval MW_ENOMEM  out of memory
 * @thread any; blocks up to options->timeout_ms (resolving the host's name may
 *         take longer)
 */
MW_API MW_MUST_USE mw_status mw_client_open(mw_client **ret_client,
    const char *address, const mw_client_options *options, mw_error *reterr);

/** Make a client of a server in the same process, over an in-memory pair
 * without TLS.  For tests.
 *
 * @param ret_client  [own: mw_client_close()] [out]
 * @param server   [borrow: client] a server that mw_server_run() serves, or
 *                 will serve before the first call's deadline
 * @param options  [copy] NULL for defaults; tls is ignored
 * @param reterr   [out] NULL allowed; filled only on failure
 * @retval MW_EUNAVAILABLE  the server is stopped
 * @retval MW_ENOMEM  out of memory
 * @thread any; does not block
 */
MW_API MW_MUST_USE mw_status mw_client_open_local(mw_client **ret_client,
    mw_server *server, const mw_client_options *options, mw_error *reterr);

/** Close the connections and give the client back.
 *
 * Calls that are under way fail with MW_ECANCELLED, also those that other
 * threads wait in, which return soon; one that is just connecting does so at
 * its deadline at the latest.  Pending calls can still be finished, which has
 * the same outcome unless the reply was there already, or cancelled, and must
 * be.  For each of them that has one, on_done runs before this returns; within
 * on_done, when that returns.
 *
 * @param client  [own: this call] client on which no call begins any more, or
 *                NULL
 * @thread any, also in on_done; blocks as long as an on_done does that runs in
 *         the client's own thread
 */
MW_API void mw_client_close(mw_client *client);

/** A descriptor for an event loop of the program's own.
 *
 * It polls readable whenever mw_client_process() has something to do: something
 * came for calls with on_done or from the server, or a deadline of such a call
 * has passed.  It may be watched for that by poll(), epoll, or what is built on
 * them, and must not be read or closed.  From the first call of this on,
 * on_done runs in mw_client_process() alone.
 *
 * @param client  [inout] client
 * @return  the descriptor, always the same, until the client is closed; in a
 *          child of the process another one; -1: out of descriptors or memory
 * @thread any; does not block
 */
MW_API int mw_client_fd(mw_client *client);

/** Read what has come on all connections, and run the on_done of calls that are
 * over, up to some dozens: the descriptor stays readable if there are more.
 *
 * @param client  [inout] client, which on_done may close
 * @retval MW_EEXHAUSTED  out of descriptors
 * @retval MW_ENOMEM  out of memory
 * @thread any; does not block, but for what on_done does
 */
MW_API MW_MUST_USE mw_status mw_client_process(mw_client *client);

/** Whom the client is connected to.
 *
 * @param client    [borrow: this call] client
 * @param ret_peer  [out] the server
 * @retval MW_EUNAVAILABLE  not connected at the moment
 * @thread any; does not block
 */
MW_API MW_MUST_USE mw_status mw_client_peer(
    mw_client *client, mw_peer *ret_peer);

/** Send a PING and wait for the PONG.
 *
 * Tells that a server's process answers; connects if need be, and fails once
 * all addresses have been tried, whatever options->fail_fast says.
 *
 * @param client  [borrow: this call] client
 * @param ctx     [inout] context, or NULL
 * @retval MW_ETIMEDOUT  no answer in time
 * @retval MW_EUNAVAILABLE  no connection
 * @thread any; blocks up to the deadline
 */
MW_API MW_MUST_USE mw_status mw_client_ping(mw_client *client, mw_ctx *ctx);

MW_END_DECLS

#endif
