/* SPDX-License-Identifier: MIT */
/*
 * rpc: a call at the server, from the request to the reply's bytes.
 *
 * Made by the thread that reads the request; from its submission to the pool
 * on it belongs to the worker.  It knows nothing of where the reply goes.
 */
#ifndef MWI_RPC_CALL_H
#define MWI_RPC_CALL_H

#include <stdatomic.h>

#include "mw/call.h"
#include "mw/trace.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/sync.h"
#include "codec/nodes.h"
#include "codec/value.h"
#include "delta/snapshot.h"
#include "pool/pool.h"
#include "rpc/mirror_call.h"
#include "rpc/registry.h"
#include "rpc/running.h"
#include "rpc/ticket.h"
#include "wire/message.h"

struct mwi_conn;
struct mwi_outcome;
struct mwi_turn;

struct mw_call {
    struct mwi_job job; /* the owner's */
    void *owner;        /* the owner's: where it came from */
    struct mwi_conn *(*back)(mw_call *call, mw_error *reterr); /* the owner's:
                                       a way to the caller, referenced */
    struct mwi_turn *turn;          /* the owner's: that it runs in, or NULL */
    const struct mwi_operation *op; /* constant */
    const mw_peer *peer;            /* constant; outlives the call */
    uint64_t id;                    /* constant */
    int64_t deadline;               /* constant; base/clock.h */
    bool full_values;               /* constant; no deltas in the reply */
    uint32_t depth_max;             /* constant */
    uint8_t ack;                    /* constant; enum mwi_ack_wish */
    atomic_bool is_cancelled;       /* the caller has given up */
    int cancel_fd;                  /* [running.mutex] -1: none */
    struct mwi_running *running;    /* constant once accepted; NULL: it cannot
                                       be cancelled */
    struct mwi_list among;          /* [running.mutex] the others of these */
    struct mwi_outcome *outcome;    /* the owner's: of a call with a key */
    void (*started)(mw_call *call); /* the owner's: the handler is about to
                                       run; NULL allowed */
    bool is_decoded;                /* args are there */
    bool is_prepared;               /* the handler may start */
    size_t charge;                  /* the owner's: bytes, while it waits */
    struct mwi_ticket ticket;       /* the owner's */
    size_t bytes_in;                /* the owner's: of the request's frame */
    void **args;                    /* in the arena; one for each parameter */
    struct mwi_arena arena;         /* what cannot change, or is new */
    struct mwi_arena inout;         /* what inout parameters consist of */
    struct mwi_snapshot snapshot;   /* inout before the handler ran */
    struct mwi_nodes nodes;         /* of the request, in inout, and new ones
                                       that the results refer to */
    struct mwi_call_mirror mirror;  /* of an argument; kept is the owner's */
    void **released;                /* n_released of them, by mw_release() */
    size_t n_released;
    size_t cap_released;
    bool has_lost_release;           /* for want of memory */
    char trace[MW_TRACEPARENT_SIZE]; /* the caller's; empty: none */
    uint64_t span;            /* of this call in it; 0: not asked for yet */
    mw_error failure;         /* as told by mw_call_fail() */
    struct mwi_buf exception; /* the frame of a FAIL, as by mw_call_raise() */
    struct mwi_buf request; /* the message, while it waits to be decoded ... */
    struct mwi_apart apart; /* ... and what is not among its bytes */
    struct mwi_buf reply;   /* the owner's: for the frame of the answer ... */
    struct mwi_gather gather; /* ... and long pieces of it */
};

/** Where what a handler makes goes: the call's arena, or the heap for NULL. */
static inline struct mwi_place
mwi_call_place(mw_call *call)
{
    return (struct mwi_place){
        .arena = call != NULL ? &call->arena : NULL,
        .budget = SIZE_MAX,
    };
}

struct mwi_call_limits {
    size_t memory_max;  /* bytes of both arenas */
    uint32_t depth_max; /* of the request */
};

/* Calls that have ended, kept with their first pieces of memory: calls one
 * after the other allocate nothing.  Thread-safe. */
struct mwi_call_cache {
    struct mwi_mutex mutex;
    struct mwi_list calls; /* [mutex] the one that ended last first */
    size_t bytes;          /* [mutex] that they hold, about */
};

void mwi_call_cache_init(struct mwi_call_cache *cache);
void mwi_call_cache_fini(struct mwi_call_cache *cache);

/** Free those that hold more than a little. */
void mwi_call_cache_trim(struct mwi_call_cache *cache);

/** Begin a call of an operation.
 *
 * @param cache  to take it from, or NULL
 * @param head   [copy] what mwi_message_read() made of the CALL
 * @return  [own: mwi_call_close(), mwi_call_free()] NULL when out of memory
 */
MW_MUST_USE mw_call *mwi_call_open(struct mwi_call_cache *cache,
    const struct mwi_operation *op, const struct mwi_message *head,
    const mw_peer *peer, const struct mwi_call_limits *limits);

/** Keep a copy of the whole message, to be decoded later.  False: out of
 * memory.  (Or put what mwi_channel_take() gave into call->request.) */
MW_MUST_USE bool mwi_call_keep_request(
    mw_call *call, const uint8_t *message, size_t len);

/** Both at once, without a cache. */
MW_MUST_USE mw_call *mwi_call_new(const struct mwi_operation *op,
    const struct mwi_message *head, const uint8_t *message, size_t len,
    const mw_peer *peer, const struct mwi_call_limits *limits);

/** End it, and perhaps keep it in the cache. */
void mwi_call_close(struct mwi_call_cache *cache, mw_call *call);

void mwi_call_free(mw_call *call);

/** Decode the arguments from a message whose head was read; nothing of it is
 * needed afterwards.
 *
 * @param r     [inout] at the arguments
 * @param head  [borrow: this call] what was read of the message
 * @retval MW_EINVAL  they are not what the operation takes
 * @retval MW_ERANGE  they are nested too deep or take too much memory
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwi_call_decode_rest(mw_call *call, struct mwi_reader *r,
    const struct mwi_message *head, mw_error *reterr);

/** The same from the request that was kept, unless it is done. */
MW_MUST_USE mw_status mwi_call_decode(mw_call *call, mw_error *reterr);

/** Do all that can fail before the handler may start, with the arguments
 * decoded or a request kept.  Returns as mwi_call_decode(), also MW_ETIMEDOUT
 * when it waited for too long. */
MW_MUST_USE mw_status mwi_call_prepare(mw_call *call, mw_error *reterr);

/** Run the handler, after mwi_call_prepare() if that is still to be done, and
 * make the frame of a REPLY or FAIL.  Long pieces of it are in call->gather;
 * they are there until the call ends.
 *
 * @param ret_frame   [out] an initialised buffer, whose maximum is what the
 *                    peer takes; left empty by a one-way operation, and when
 *                    there is no memory even for a FAIL
 * @param ret_outcome [out] MW_OK, or how it failed
 */
void mwi_call_execute(
    mw_call *call, struct mwi_buf *ret_frame, mw_error *ret_outcome);

/** Whether a reply of its operation may carry changes instead of values. */
bool mwi_call_has_delta(const mw_call *call);

/** Make the frame of a FAIL; not_run: the handler was not started;
 * retry_after_ms: 0 says nothing.  Leaves the buffer empty when out of memory.
 */
void mwi_call_make_fail(struct mwi_buf *frame, uint64_t id,
    const mw_error *error, bool not_run, uint32_t retry_after_ms);

#endif
