/* SPDX-License-Identifier: MIT */
/*
 * rpc: what the files of a connection share.
 */
#ifndef MWI_RPC_CONN_PARTS_H
#define MWI_RPC_CONN_PARTS_H

#include "rpc/conn.h"

static inline struct mwi_waiter *
mwi_conn_waiter_of(struct mwi_list *link)
{
    return MWI_CONTAINER(link, struct mwi_waiter, link);
}

static inline struct mwi_conn *
mwi_conn_of_attend(struct mwi_list *link)
{
    return MWI_CONTAINER(link, struct mwi_conn, attend_link);
}

/** The waiter's answer is there, or will not come: its notice falls due. */
void mwi_conn_tell_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex);

/** The waiter has no notice any more. */
void mwi_conn_mute_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex);

/** Nobody reads any more: have the poller watch again.  @thread any */
void mwi_conn_hand_back(struct mwi_conn *conn);

/** The poller forgets it. */
void mwi_conn_unpoll_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex);

void mwi_conn_init_waiter(struct mwi_waiter *waiter);

/** Call functions that are due.  False: this is a child of the process now, and
 * the connection is not to be touched.  @thread any, without locks or roles */
bool mwi_conn_call(struct mwi_conn *conn);

/** Wake whoever sleeps as this waiter; with the connection's mutex. */
void mwi_conn_wake(struct mwi_waiter *waiter);

/** Take the role of the reader, unless somebody has it or there is nothing to
 * be read any more; and give it back. */
bool mwi_conn_begin_reading(struct mwi_conn *conn);
void mwi_conn_end_reading(struct mwi_conn *conn);

/** The caller is the reader: deal with what comes until something did, or the
 * deadline. */
void mwi_conn_read_some(
    struct mwi_conn *conn, const struct mwi_waiter *waiter, int64_t deadline);

/** Nobody reads: wake one who sleeps. */
void mwi_conn_pass_on_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex);

/** Nobody reads: write what others have left to who did. */
void mwi_conn_settle_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex);

/** The reader is going to sleep, having written what others have left to it;
 * and is awake again.
 *
 * @param events  MWI_POLL_… that it wants to be woken by
 * @param deadline  [inout] until when it wants to sleep; made earlier if it is
 *                  to mwi_conn_doubt() before, should nothing have come
 * @return  the same and, if need be, MWI_POLL_WRITE */
uint32_t mwi_conn_fall_asleep(
    struct mwi_conn *conn, uint32_t events, int64_t *deadline);
void mwi_conn_wake_up(struct mwi_conn *conn);

/** Sleep, and be found by who leaves the reader's role: put the waiter before
 * those that do not; and behind them again. */
void mwi_conn_lie_down_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex);
void mwi_conn_get_up_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex);

/** Send a message that is nothing but its head. */
MW_MUST_USE mw_status mwi_conn_send_small(struct mwi_conn *conn,
    enum mwi_message_kind kind, uint64_t id, mw_error *reterr);

/** Deal with all that is there.
 *
 * @retval MWI_IO_WANT_READ  nothing is left
 * @retval MWI_IO_DONE       something was
 * @retval MWI_IO_FAILED     the connection is broken
 * @thread reader; does not block */
enum mwi_io mwi_conn_pump(struct mwi_conn *conn);

/* For a reader that sleeps, rpc/conn_alive.c. */

/** Until when it may, without doubting that the server is there. */
int64_t mwi_conn_alive_until(struct mwi_conn *conn);

/** Nothing has come until then: ask the server, or break the connection. */
void mwi_conn_doubt(struct mwi_conn *conn);

/* For a waiter whose caller handles a call, rpc/conn_stop.c. */

/** Whether that was cancelled: then nobody is to wait any more. */
bool mwi_conn_is_stopped(const struct mwi_waiter *waiter);

/** Poll a descriptor, once, until the deadline or until it is stopped.  Whether
 * there is something. */
bool mwi_conn_poll_unless_stopped(
    const struct mwi_waiter *waiter, int fd, uint32_t events, int64_t deadline);

/** Sleep until woken, the deadline, or until it is stopped.  False: there are
 * no descriptors for that. */
bool mwi_conn_sleep_unless_stopped_locked(struct mwi_conn *conn,
    struct mwi_waiter *waiter, int64_t deadline) MWI_REQUIRES(conn->mutex);

#endif
