/* SPDX-License-Identifier: MIT */
/*
 * The context of a call at the client: what the caller wants of it, and what
 * it may want to know afterwards.
 *
 *     mw_ctx ctx = MW_CTX(.timeout_ms = 500);
 *     if (bank_Teller_deposit(client, &ctx, &account, 100.0) < 0)
 *         fprintf(stderr, "deposit: %s\n", mw_ctx_error(&ctx));
 *     mw_ctx_clear(&ctx);
 *
 * Every stub takes NULL for a caller that wants nothing of this.  A context
 * serves any number of calls one after the other, each of which first forgets
 * the outcome of the one before.  It serves one thread at a time.
 */
#ifndef MW_CTX_H
#define MW_CTX_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

/* What a call moved and changed.  All zero when it failed before that. */
typedef struct mw_stats {
    uint64_t bytes_sent;     /* request, in bytes of plaintext on the wire */
    uint64_t bytes_received; /* reply, likewise */
    uint64_t bytes_full;     /* what the reply would have taken with every
                                value whole, with nodes by an estimate; 0
                                unless .measure was set */
    uint64_t values_changed; /* members, elements and runs assigned */
    uint64_t elements_inserted;
    uint64_t elements_removed;
    uint64_t elements_moved;
    uint64_t splices;       /* pieces replaced in texts and byte sequences */
    uint64_t nodes_changed; /* valuetypes of the caller's that were patched */
    uint64_t nodes_new;
    uint64_t nodes_released;  /* freed, as the handler said mw_release() */
    uint64_t nodes_unlinked;  /* not reachable from the arguments any more, and
                                 not freed */
    uint64_t deltas_sent;     /* arguments that went as a delta, for they are
                                 mirrored */
    uint64_t bytes_full_sent; /* what the request would have taken with every
                                 argument whole; 0 unless .measure was set */
    uint64_t reserved[6];     /* 0 */
} mw_stats;

typedef struct mw_mirror mw_mirror; /* mw/mirror.h */

/* What happens when the caller's object was changed, by another thread with
 * the caller's consent, while the call was under way. */
typedef enum mw_conflict {
    MW_CONFLICT_UNCHECKED = 0, /* the caller sees to it that it cannot happen;
                                  nothing is compared */
    MW_CONFLICT_FAIL = 1,      /* the call fails with MW_ECONFLICT and the
                                  object stays as the caller has changed it */
    MW_CONFLICT_SERVER = 2,    /* where both have changed something the server
                                  wins */
    MW_CONFLICT_CALLER = 3,    /* where both have, the caller wins */
} mw_conflict;

typedef struct mw_pending mw_pending; /* mw/pending.h */

/* How far a call has come, as far as the client knows. */
typedef enum mw_call_state {
    MW_CALL_NEW = 0,      /* not sent, or sent and nothing heard of it */
    MW_CALL_ACCEPTED = 1, /* the server has taken it and will run it, or say
                             why not.  Told with .ack */
    MW_CALL_STARTED = 2,  /* its handler runs.  Told with .ack */
    MW_CALL_DONE = 3,     /* its handler has returned */
    MW_CALL_REFUSED = 4,  /* its handler was not started and will not be */
    MW_CALL_EXPIRED = 5,  /* the same: its deadline passed in the queue */
    MW_CALL_UNKNOWN = 6,  /* the client waits no more and does not know whether
                             the handler has run or will */
} mw_call_state;

/* Told that a call that was started is over: mw_pending_finish(), which it may
 * call, returns at once.  Runs once for each call that was started, unless that
 * is finished or cancelled before; see mw/pending.h for the thread. */
typedef void (*mw_done_fn)(void *user, mw_pending *pending);

/* Told of a node that the caller passed and that no argument leads to any
 * more.  It is still the caller's.  Called after everything was applied, in
 * the caller's thread; it may free the node. */
typedef void (*mw_unlinked_fn)(void *user, const mw_type *type, void *node);

typedef struct mw_ctx {
    size_t size; /* sizeof(mw_ctx) */

    /* Set by the caller. */
    uint32_t timeout_ms; /* until the call fails with MW_ETIMEDOUT, which
                            includes connecting; 0: the operation's or the
                            client's default */
    bool full_values;    /* ask the server for whole values, not deltas */
    bool measure;        /* compute stats.bytes_full, at the price of one
                            encoding pass over the results */
    bool show_changes;   /* fill changes, at the price of a copy of the inout
                            arguments and a comparison */
    bool more;           /* more calls are started at once after this one: it
                            may wait to be sent together with them, until one
                            without .more or until a call is waited for.  Of
                            calls that are started; mw/pending.h */
    mw_conflict conflict;
    mw_mirror *mirror;          /* of one of the arguments, or NULL */
    mw_unlinked_fn on_unlinked; /* NULL allowed */
    void *on_unlinked_user;
    bool ack;        /* have the server say when it has accepted the call and
                        when the handler starts: mw_pending_state(), .state */
    bool keyed;      /* give the call a key: should it be sent again, the server
                        runs it once and repeats its outcome */
    const char *key; /* [borrow: the call] a key of the caller's, of up to 64
                        bytes, which serves also after a restart; else NULL */
    bool no_retry;   /* send the call at most once */
    bool detached;   /* in a handler: do not take over deadline, cancellation
                        and trace from the call that is being handled */
    mw_done_fn on_done; /* of a call that is started; NULL allowed */
    void *on_done_user;
    char traceparent[56]; /* W3C trace context to send, NUL-terminated; empty,
                             or not valid: the handled call's, or none; see
                             mw/trace.h */

    /* Set by the call. */
    char *changes;  /* with show_changes, after a success: what has changed in
                       the inout arguments, a line each (mw_object_changes());
                       NULL when out of memory.  Freed by mw_ctx_clear() and the
                       next call */
    mw_error error; /* status MW_OK after a success */
    bool not_run;   /* after a failure: the server has certainly not run the
                       call, so that making it again cannot do its work
                       twice.  false: it may have run */
    mw_call_state state;     /* how far it came */
    uint32_t attempts;       /* how often it was sent */
    uint32_t retry_after_ms; /* after a refusal: when the server thinks that it
                                may be tried again; 0: it did not say */
    mw_stats stats;

    /* Private. */
    const mw_type *exception_type;
    void *exception;
    void *reserved[4];
} mw_ctx;

/* An initialised context: mw_ctx ctx = MW_CTX(.timeout_ms = 500). */
#ifdef __cplusplus
#define MW_CTX(...) (mw_ctx{ .size = sizeof(mw_ctx), __VA_ARGS__ })
#else
#define MW_CTX(...) ((mw_ctx){ .size = sizeof(mw_ctx), __VA_ARGS__ })
#endif

MW_BEGIN_DECLS

/** The error text of the last call.
 *
 * @param ctx  [borrow: this call] context, or NULL
 * @return  [view] one line; "success" after a success; valid until the context
 *          is used again
 * @thread owner of the context; does not block
 */
MW_API const char *mw_ctx_error(const mw_ctx *ctx);

/** The exception that the last call raised, if it is of this type.
 *
 * mwidl writes a typed wrapper of it for each exception, such as
 * orders_OutOfStock_caught().
 *
 * @param ctx   [borrow: this call] context, or NULL
 * @param type  [borrow: this call] descriptor of the exception
 * @return  [view] the exception, valid until the context is used again or
 *          cleared; NULL if there is none of this type
 * @thread owner of the context; does not block
 */
MW_API const void *mw_ctx_exception(const mw_ctx *ctx, const mw_type *type);

/** Free what the last call left in the context, and forget its outcome.
 *
 * Needed only after a call that raised an exception or was to show changes,
 * harmless otherwise.
 *
 * @param ctx  [inout] context, or NULL
 * @thread owner of the context; does not block
 */
MW_API void mw_ctx_clear(mw_ctx *ctx);

MW_END_DECLS

#endif
