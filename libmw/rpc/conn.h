/* SPDX-License-Identifier: MIT */
/*
 * rpc: one connection as the client sees it.
 *
 * There is no reader thread.  Of the callers that wait for an answer, one at a
 * time reads the channel, for all of them; when its own answer has come, or its
 * deadline, it hands that role to another that still waits.
 *
 * Or else the connection is a server's, whose session reads it: then calls go
 * from a handler to the client, and all callers sleep.
 */
#ifndef MWI_RPC_CONN_H
#define MWI_RPC_CONN_H

#include <stdatomic.h>

#include "mw/ctx.h"
#include "mw/desc.h"

#include "base/fork.h"
#include "base/list.h"
#include "base/map.h"
#include "base/spin.h"
#include "rpc/running.h"
#include "wire/channel.h"
#include "wire/message.h"

enum { MWI_SHORT_ANSWER_MAX = 256 }; /* bytes */

struct mwi_attend;
struct mwi_callee;
struct mwi_notice;
struct mwi_poller;

struct mwi_conn_limits {
    bool attends;                  /* somebody reads also while nobody makes a
                                      call */
    bool no_spin;                  /* never wait awake */
    size_t message_max;            /* bytes of a message received */
    uint32_t depth_max;            /* of a message received */
    uint32_t keepalive_ms;         /* of silence, before the server is asked;
                                      0: it never is */
    uint32_t keepalive_timeout_ms; /* until it must have answered */
};

/* How long nothing has come that is waited for. */
struct mwi_silence {
    int64_t since;  /* base/clock.h */
    uint64_t moved; /* net/progress.h, at the last look */
    bool is_asked;  /* a PING was sent since */
};

struct mwi_conn {
    struct mwi_channel *channel;   /* constant; thread-safe but for its
                                      reader's side */
    struct mwi_channel own;        /* that, unless it is a session's */
    void (*release)(void *owner);  /* constant; NULL: the channel is own */
    void *owner;                   /* constant */
    struct mwi_callee *callee;     /* constant; what is offered to the server,
                                      or NULL */
    struct mwi_running calls;      /* thread-safe; of the server */
    struct mwi_conn_limits limits; /* constant */
    mw_peer peer;                  /* constant */
    uint64_t serial;               /* constant; no other connection's */
    uint64_t endpoint;             /* constant; whose connection it is */
    _Atomic int64_t heard_at;      /* when a message came; base/clock.h */
    _Atomic uint32_t refs;
    uint32_t generation;        /* constant; of the process, base/fork.h */
    struct mwi_mutex mutex;     /* never held while the channel's is taken */
    struct mwi_list waiting;    /* [mutex] waiters, those that sleep first */
    struct mwi_map waiters;     /* [mutex] id -> waiter */
    struct mwi_map bindings;    /* [mutex] method -> binding */
    uint64_t next_id;           /* [mutex] */
    uint64_t message_max;       /* [mutex] bytes that the server takes */
    int64_t hello_at;           /* [mutex] when it came; base/clock.h */
    uint64_t instance;          /* [mutex] of the server, as that says */
    struct mwi_spin spin;       /* reader */
    struct mwi_silence silence; /* reader */
    struct mwi_buf spare;       /* [mutex] storage for the next frame */
    mw_error why;               /* [mutex] it is draining or broken */

    /* What else happens while nobody waits for an answer: rpc/attend.h. */
    struct mwi_attend *attend;   /* constant once added; NULL: none */
    struct mwi_list attend_link; /* [attend.mutex] */
    uint64_t turn;               /* constant once added; in the attend's list */
    struct mwi_poller *poller;   /* [mutex] that watches it; NULL: none */
    uint32_t polled;             /* [mutex] what it is watched for */
    uint32_t n_noticed;          /* [mutex] waiters with a notice */
    bool is_missed;              /* [mutex] and so is not watched: the poller
                                    has met another reader */
    bool owes_calls;             /* [mutex] of functions that are due, by who
                                    waits here */

    bool has_hello;     /* [mutex] */
    bool has_reader;    /* [mutex] */
    bool reader_sleeps; /* [mutex] until there is something to read */
    bool owes_flush;    /* [mutex] the reader does, of others' frames */
    bool is_draining;   /* [mutex] the server wants no more calls */
    bool is_settled;    /* [mutex] and has answered all that it took */
    bool is_broken;     /* [mutex] */
};

enum {
    MWI_ID_HELLO = 0, /* no call's: waits for HELLO */
};

/* The same: waits for any of those that joined it. */
#define MWI_ID_ANY UINT64_MAX

/* Somebody who waits for an answer, now or later; where its request is. */
struct mwi_waiter {
    struct mwi_list link; /* [conn.mutex] */
    struct mwi_cond cond; /* with conn.mutex: done, or take the role */
    int wake_fd; /* [conn.mutex] an eventfd instead of cond; -1: none */
    struct mwi_notice
        *notice;            /* [conn.mutex] that falls due with it, or NULL */
    struct mwi_waiter *any; /* [conn.mutex] who is done when this is, or NULL */
    bool owns_wake_fd;      /* [conn.mutex] it is to be closed */
    mw_call *handled;       /* who waits, waits no longer than the caller of
                               this call; NULL: none */
    uint64_t id;            /* constant; a call's, or MWI_ID_... */
    bool more;              /* constant from mwi_conn_send() on: more follow at
                               once, so the frame may stay until one without it
                               is sent or anybody waits */
    bool wants_acks;        /* constant: an ACK is not the answer, but tells how
                               far the call is */
    mw_call_state state;    /* [conn.mutex] what ACKs have told */
    bool is_done;           /* [conn.mutex] */
    bool is_asleep;         /* [conn.mutex] until signalled */
    bool has_failed;        /* [conn.mutex] no memory for the answer */
    const uint8_t *answer;  /* [conn.mutex] the message, in short or long, or
                               NULL */
    size_t answer_len;      /* [conn.mutex] bytes */
    uint8_t short_answer[MWI_SHORT_ANSWER_MAX];
    struct mwi_buf long_answer;
    struct mwi_apart apart; /* [conn.mutex] of a REPLY, not among its bytes */
};

/** A connection over a stream whose handshake is done.  Sends HELLO.
 *
 * @param stream  [take] always
 * @param callee  [borrow: ret_conn] answers calls of the server; NULL: they are
 *                refused
 * @return  [own: mwi_conn_unref()] NULL and *reterr on failure
 */
MW_MUST_USE struct mwi_conn *mwi_conn_open(struct mwi_stream *stream,
    const struct mwi_conn_limits *limits, struct mwi_callee *callee,
    mw_error *reterr);

/** The other way, over a channel that somebody else reads, who hands over the
 * answers.
 *
 * @param channel  [borrow: ret_conn]
 * @param release  called when the last reference has gone
 * @return  [own: mwi_conn_unref()] NULL when out of memory: then nothing is
 *          called
 */
MW_MUST_USE struct mwi_conn *mwi_conn_attach(struct mwi_channel *channel,
    const struct mwi_conn_limits *limits, uint64_t message_max,
    const mw_peer *peer, void (*release)(void *owner), void *owner);

/** An answer has come.  Negative: to nothing that was asked.
 * @thread the channel's reader */
MW_MUST_USE mw_status mwi_conn_answer(struct mwi_conn *conn,
    const struct mwi_message *m, const uint8_t *bytes, size_t len,
    mw_error *reterr);

void mwi_conn_ref(struct mwi_conn *conn);
void mwi_conn_unref(struct mwi_conn *conn);
/** A reference, unless the last one was given back. */
bool mwi_conn_try_ref(struct mwi_conn *conn);

/** Whether a new call may be made on it.  Looks, without waiting, whether the
 * server has closed it meanwhile.  @thread any */
bool mwi_conn_is_usable(struct mwi_conn *conn);

/** Wait until the server's HELLO has come.  @thread any; blocks */
MW_MUST_USE mw_status mwi_conn_wait_hello(
    struct mwi_conn *conn, int64_t deadline, mw_error *reterr);

/* What the server's HELLO has told. */
struct mwi_greeting {
    int64_t at; /* when it came; base/clock.h */
    uint64_t instance;
};

/** Once it has come.  @thread any */
void mwi_conn_greeting(
    struct mwi_conn *conn, struct mwi_greeting *ret_greeting);

/** Whether the server has said that it takes no more calls.  @thread any */
bool mwi_conn_is_draining(struct mwi_conn *conn);

/** Whether the server has said that it has answered all that it has taken: what
 * it has not answered, it will not run.  @thread any */
bool mwi_conn_is_settled(struct mwi_conn *conn);

/** Send a PING and wait for its PONG.  @thread any; blocks */
MW_MUST_USE mw_status mwi_conn_ping(
    struct mwi_conn *conn, int64_t deadline, mw_error *reterr);

/** Bytes of the longest message that the server takes, as far as is known. */
uint64_t mwi_conn_message_max(struct mwi_conn *conn);

/** Begin to wait for an answer, under a new id.  Must be followed by
 * mwi_conn_end().
 *
 * @retval MW_ENOMEM  out of memory; not begun
 */
MW_MUST_USE mw_status mwi_conn_begin(
    struct mwi_conn *conn, struct mwi_waiter *ret_waiter, mw_error *reterr);

/** Send a frame that asks for the waiter's answer.  Reads what comes in while
 * it cannot write.
 *
 * @param frame   [inout] consumed
 * @param gather  [inout] pieces of it, consumed; not needed any more when this
 *                returns
 * @param ret_is_sent  [out] false: the server cannot have got all of it
 * @thread any; blocks */
MW_MUST_USE mw_status mwi_conn_send(struct mwi_conn *conn,
    struct mwi_waiter *waiter, struct mwi_buf *frame, struct mwi_gather *gather,
    int64_t deadline, bool *ret_is_sent, mw_error *reterr);

/** Write what waits.  Reads what comes in while it cannot write.
 * @thread any; blocks */
MW_MUST_USE mw_status mwi_conn_flush(
    struct mwi_conn *conn, int64_t deadline, mw_error *reterr);

/** Wait for the answer, which then is waiter->answer.  @thread any; blocks */
MW_MUST_USE mw_status mwi_conn_wait(struct mwi_conn *conn,
    struct mwi_waiter *waiter, int64_t deadline, mw_error *reterr);

/** Whether the answer is there, or will not come any more.  Reads what is there
 * without waiting.  @thread any; does not block */
bool mwi_conn_is_done(struct mwi_conn *conn, struct mwi_waiter *waiter);

/** An empty buffer for a frame, perhaps with storage of one before it; and
 * giving it back. */
void mwi_conn_take_buf(struct mwi_conn *conn, struct mwi_buf *ret_buf);
void mwi_conn_return_buf(struct mwi_conn *conn, struct mwi_buf *buf);

/** Whether the answer has been read, or will not come any more. */
bool mwi_conn_is_over(struct mwi_conn *conn, const struct mwi_waiter *waiter);

/** The connection is of the process that this one is a child of, and nothing
 * but its generation may be touched. */
static inline bool
mwi_conn_is_inherited(const struct mwi_conn *conn)
{
    return conn->generation != mwi_fork_generation();
}

/** Have a notice fall due when the waiter's answer is there, or will not come,
 * or at its deadline.  It may be gone when this returns.  @thread any */
void mwi_conn_notify(struct mwi_conn *conn, struct mwi_waiter *waiter,
    struct mwi_notice *notice, int64_t deadline);

/** End it: all calls on it fail with this error.  @thread any; does not block
 */
void mwi_conn_break(struct mwi_conn *conn, const mw_error *error);

/** Have it watched by a poller, until it is broken. */
MW_MUST_USE mw_status mwi_conn_poll(
    struct mwi_conn *conn, struct mwi_poller *poller, mw_error *reterr);

/** Read what is there, for all who wait, and write what waits.
 *
 * @return  false: another thread reads.  It is not watched then, until that
 *          thread leaves and a notice waits, or this is called again
 * @thread any; does not block */
bool mwi_conn_attend(struct mwi_conn *conn);

/** How far the call is.  Reads what is there without waiting.
 *
 * @return  what ACKs have told, or MW_CALL_DONE: the answer is there
 * @retval MW_CALL_UNKNOWN  none will come any more
 * @thread any; does not block */
mw_call_state mwi_conn_state(struct mwi_conn *conn, struct mwi_waiter *waiter);

/** Wait no more, and free the answer.  One that comes later is dropped.
 *
 * @return  whether an answer may still be on its way */
bool mwi_conn_end(struct mwi_conn *conn, struct mwi_waiter *waiter);

/** Tell the server that nobody waits for the answer to a call any more.
 * @thread any; does not block */
void mwi_conn_cancel(struct mwi_conn *conn, uint64_t id);

/** How to name a method in the next CALL: by its target and, the first times,
 * a number to bind it to; once the server has answered such a call, by the
 * number alone. */
void mwi_conn_name_target(
    struct mwi_conn *conn, const mw_method *method, struct mwi_call_head *head);

/** The server has carried out a call that was named by mwi_conn_name_target():
 * what that bound, is bound. */
void mwi_conn_confirm_target(struct mwi_conn *conn, const mw_method *method);

#endif
