/* SPDX-License-Identifier: MIT */
/*
 * rpc: who attends to a client's connections when nobody waits for an answer,
 * and tells callers that their calls are over.
 *
 * A notice stands for a pending call whose context has on_done.  It falls due
 * when the answer is read, the connection lost or the deadline passed; then it
 * waits in line until a thread calls its function: one that attends, if there
 * is a poller, else any that waits for an answer of this client.
 *
 * There is a poller once the program has asked for its descriptor, or attends,
 * or when the client has a thread of its own.  It watches each connection, but
 * not while another thread reads that; see mwi_conn_attend().
 */
#ifndef MWI_RPC_ATTEND_H
#define MWI_RPC_ATTEND_H

#include "mw/ctx.h"

#include "base/heap.h"
#include "base/list.h"
#include "base/sync.h"
#include "net/poller.h"

struct mwi_conn;

struct mwi_notice {
    mw_done_fn done;               /* constant; NULL: of a call that has none */
    void *user;                    /* constant */
    mw_pending *pending;           /* constant */
    struct mwi_attend *attend;     /* constant */
    struct mwi_list link;          /* [attend.mutex] in line */
    struct mwi_heap_link deadline; /* [attend.mutex] until it falls due */
    bool is_settled;               /* [attend.mutex] it has fallen due, or
                                      never will */
};

struct mwi_attend {
    struct mwi_mutex mutex;    /* nothing is locked inside it */
    struct mwi_cond returned;  /* with mutex: a function that was called has */
    struct mwi_list conns;     /* [mutex] that live, by their turns */
    uint64_t last_turn;        /* [mutex] */
    struct mwi_list due;       /* [mutex] notices in line */
    struct mwi_list callers;   /* [mutex] threads that call functions */
    struct mwi_heap deadlines; /* [mutex] of notices that are not due */
    int64_t alarm;             /* [mutex] as set; MWI_FOREVER: none */
    int64_t look_at;           /* [mutex] when to look at all connections, for
                                  one was missed, or its server may be gone;
                                  MWI_FOREVER: never */
    uint32_t n_busy;           /* [mutex] threads that will look at the line */
    bool has_poller;           /* [mutex] */
    bool is_closed;            /* [mutex] */
    bool is_leaving;           /* [mutex] the client's own thread shall end */
    struct mwi_poller poller;  /* constant once has_poller */
};

void mwi_attend_init(struct mwi_attend *attend);
void mwi_attend_fini(struct mwi_attend *attend);

/** In a child of the process: forget all, and close the descriptors that belong
 * to the parent, without a word to the other end.  Locks may be held by threads
 * that are not there, so what they guard is not freed.
 * @thread the only one that uses it */
void mwi_attend_renew(struct mwi_attend *attend);

/** Have a poller, from now on. */
MW_MUST_USE mw_status mwi_attend_open(
    struct mwi_attend *attend, mw_error *reterr);

/** Add a connection, until it is freed.
 *
 * @retval MW_ECANCELLED  the client is closed
 * @retval MW_ENOMEM, MW_EEXHAUSTED  it cannot be polled */
MW_MUST_USE mw_status mwi_attend_add(
    struct mwi_attend *attend, struct mwi_conn *conn, mw_error *reterr);
void mwi_attend_remove(struct mwi_attend *attend, struct mwi_conn *conn);

/** End all connections: calls on them fail with MW_ECANCELLED, and none is
 * added any more.  @thread any; does not block */
void mwi_attend_close(struct mwi_attend *attend);
bool mwi_attend_is_closed(struct mwi_attend *attend);

/** Tell the client's own thread to end, once what is due is done. */
void mwi_attend_leave(struct mwi_attend *attend);
bool mwi_attend_is_leaving(struct mwi_attend *attend);

/** Wait until there is something to do, up to the deadline (base/clock.h); do
 * it; and call functions that are due.  There must be a poller.
 * @thread any; blocks up to the deadline and as long as the functions do */
void mwi_attend_step(struct mwi_attend *attend, int64_t deadline);

/** Call the functions of up to max calls that are over, unless this thread is
 * just doing so further up its stack.
 * @thread any, without locks; blocks as long as the functions do */
void mwi_attend_call(struct mwi_attend *attend, size_t max);

/** Look at all connections at that time, if not before.  @thread any */
void mwi_attend_look(struct mwi_attend *attend, int64_t when);

/** The notice is to fall due, at its deadline or before.
 *
 * @param look_at  when to see, if not before, whether its server is there
 * @thread with the connection's mutex */
void mwi_notice_expect(
    struct mwi_notice *notice, int64_t deadline, int64_t look_at);

/** It falls due.
 *
 * @return  whether the caller is to see to it that mwi_attend_call() is called
 * @thread with the connection's mutex */
bool mwi_notice_fall_due(struct mwi_notice *notice);

/** Its function will not be called any more, and is not being called by another
 * thread: waits until it has returned.  Without a function nothing is done.
 * @thread any, without locks */
void mwi_notice_forget(struct mwi_notice *notice);

#endif
