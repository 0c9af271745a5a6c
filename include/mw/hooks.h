/* SPDX-License-Identifier: MIT */
/*
 * Hooks: functions of the program's that a server or client calls around each
 * call, for metrics, tracing, logs and permissions.  They see who calls what
 * and how it ends, never arguments or results.
 *
 *     static void
 *     on_end(void *user, mw_call *call, const mw_call_outcome *outcome)
 *     {
 *         printf("%s: %s, %llu ns\n", mw_call_target(call),
 *             mw_status_name(outcome->status),
 *             (unsigned long long) outcome->duration_ns);
 *     }
 *
 *     static const mw_server_hooks hooks = {
 *         .size = sizeof(hooks), .end = on_end,
 *     };
 *     mw_server_open(&server, MW_SERVER(…, .hooks = &hooks), &err);
 *
 * Hooks run in the thread of the call, with no lock of libmw held, and it waits
 * for them.  Those of several calls run at once.  They may use the library,
 * but must not close the server or client that they belong to.
 */
#ifndef MW_HOOKS_H
#define MW_HOOKS_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

typedef struct mw_call mw_call; /* mw/call.h */

/* How a call has ended at the server. */
typedef struct mw_call_outcome {
    size_t size; /* sizeof(mw_call_outcome), of the library */
    mw_status status;
    bool not_run;         /* the handler was not started: the deadline had
                             passed, or the arguments were wrong */
    uint64_t duration_ns; /* from begin() until the answer was written, to be
                             sent after end() */
    uint64_t bytes_in;    /* the request's frame */
    uint64_t bytes_out;   /* the answer's; 0 for a one-way call */
} mw_call_outcome;

typedef struct mw_server_hooks mw_server_hooks;

/* Each function may be NULL.  Those of several hooks in a chain are called in
 * its order, end() in the opposite one. */
struct mw_server_hooks {
    size_t size;                 /* sizeof(mw_server_hooks) */
    const mw_server_hooks *next; /* [borrow: server] or NULL */
    void *user;                  /* first argument of the following */

    /* Whether to take a call at all: MW_OK, or what the caller gets, perhaps
     * by mw_call_fail(), which gives it a text; then neither the hooks behind
     * this one nor the handler are called.  A one-way call is acknowledged
     * after this.  Runs in the thread that reads the connection: what takes
     * its time here, such as a look at a database, delays its other calls. */
    mw_status (*admit)(void *user, mw_call *call);

    /* A thread has taken the call up, and will run the handler, or find that
     * it cannot. */
    void (*begin)(void *user, mw_call *call);

    /* The call that began is over. */
    void (*end)(void *user, mw_call *call, const mw_call_outcome *outcome);
};

/* A call of a client's.  Before it begins only the first members are set. */
typedef struct mw_client_call {
    size_t size;             /* sizeof(mw_client_call), of the library */
    uint64_t number;         /* of the client's calls, from 0 */
    const mw_method *method; /* the operation */
    mw_status status;
    bool not_run;         /* after a failure: see mw_ctx.not_run */
    uint32_t attempts;    /* how often it was sent */
    uint64_t duration_ns; /* from start() on */
    uint64_t bytes_sent;  /* of the last attempt */
    uint64_t bytes_received;
} mw_client_call;

typedef struct mw_client_hooks mw_client_hooks;

/* Likewise. */
struct mw_client_hooks {
    size_t size;                 /* sizeof(mw_client_hooks) */
    const mw_client_hooks *next; /* [borrow: client] or NULL */
    void *user;                  /* first argument of the following */

    /* A call begins, in the thread that makes or starts it. */
    void (*start)(void *user, const mw_client_call *call);

    /* It has ended, in the thread that made, finished or cancelled it. */
    void (*end)(void *user, const mw_client_call *call);
};

#endif
