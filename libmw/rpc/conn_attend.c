/* SPDX-License-Identifier: MIT */
/*
 * A connection that is looked after while nobody waits for an answer.
 *
 * The poller watches it as long as nobody reads.  A caller who waits reads for
 * himself, for that is quicker; the poller is not told when he begins, which
 * would cost each call a system call or two.  Instead it finds out, once
 * something comes that the caller is reading, and pauses.  Then it is due to
 * look again after a while, or at once when the last reader leaves and somebody
 * is to be told of an answer.
 */
#include "base/clock.h"
#include "net/poller.h"
#include "rpc/attend.h"
#include "rpc/conn_parts.h"

/* Messages come as fast as they are read: others have their turn between. */
enum { ROUNDS_MAX = 64 };

static void
watch_locked(struct mwi_conn *conn, uint32_t events) MWI_REQUIRES(conn->mutex)
{
    if (conn->poller != NULL && conn->polled != events) {
        conn->polled = events;
        mwi_poller_modify(conn->poller, conn->channel->fd, events, conn);
    }
}

mw_status
mwi_conn_poll(
    struct mwi_conn *conn, struct mwi_poller *poller, mw_error *reterr)
{
    mw_status status = MW_OK;

    mwi_lock(&conn->mutex);
    if (conn->poller == NULL && !conn->is_broken) {
        status = mwi_poller_add(
            poller, conn->channel->fd, MWI_POLL_READ, conn, reterr);
        if (status == MW_OK) {
            conn->poller = poller;
            conn->polled = MWI_POLL_READ;
            mwi_poller_wake(poller); /* something may have been read already */
        }
    }
    mwi_unlock(&conn->mutex);
    return status;
}

void
mwi_conn_unpoll_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex)
{
    if (conn->poller != NULL) {
        mwi_poller_remove(conn->poller, conn->channel->fd);
        conn->poller = NULL;
    }
}

/* Another thread reads, unless the connection is broken, or it has just left:
 * then it did not see that it was to tell us.  True: it is not missed. */
static bool
leave_to_reader(struct mwi_conn *conn)
{
    bool is_missed;

    mwi_lock(&conn->mutex);
    is_missed = !conn->is_broken;
    if (is_missed && conn->has_reader) {
        conn->is_missed = true;
        watch_locked(conn, 0);
    }
    mwi_unlock(&conn->mutex);
    return !is_missed;
}

/* While calls are to be told of: see that the server is there, now and later.
 */
static void
keep_alive(struct mwi_conn *conn)
{
    bool is_waited_for;

    mwi_lock(&conn->mutex);
    is_waited_for = conn->n_noticed > 0 && !conn->is_broken;
    mwi_unlock(&conn->mutex);
    if (is_waited_for) {
        mwi_conn_doubt(conn);
        mwi_attend_look(conn->attend, mwi_conn_alive_until(conn));
    }
}

bool
mwi_conn_attend(struct mwi_conn *conn)
{
    enum mwi_io io = MWI_IO_DONE;
    bool must_write;
    mw_error ignored; /* pump() finds it, too */

    if (!mwi_conn_begin_reading(conn)) {
        return leave_to_reader(conn);
    }
    for (size_t i = 0; i < ROUNDS_MAX && io == MWI_IO_DONE; i++) {
        io = mwi_conn_pump(conn);
    }
    keep_alive(conn);
    must_write =
        mwi_channel_flush(conn->channel, &ignored) == MWI_IO_WANT_WRITE;
    mwi_lock(&conn->mutex);
    conn->is_missed = false;
    watch_locked(
        conn, must_write ? MWI_POLL_READ | MWI_POLL_WRITE : MWI_POLL_READ);
    if (io == MWI_IO_DONE && conn->poller != NULL) {
        mwi_poller_wake(conn->poller);
    }
    mwi_unlock(&conn->mutex);
    mwi_conn_end_reading(conn);
    return true;
}

void
mwi_conn_hand_back(struct mwi_conn *conn)
{
    bool has_unread = mwi_channel_has_unread(conn->channel);

    mwi_lock(&conn->mutex);
    if (!conn->has_reader && conn->is_missed && conn->n_noticed > 0) {
        conn->is_missed = false;
        watch_locked(conn, MWI_POLL_READ);
    }
    if (!conn->has_reader && has_unread && conn->poller != NULL) {
        mwi_poller_wake(conn->poller);
    }
    mwi_unlock(&conn->mutex);
}

void
mwi_conn_tell_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex)
{
    struct mwi_notice *notice = waiter->notice;

    if (notice != NULL) {
        mwi_conn_mute_locked(conn, waiter);
        conn->owes_calls |= mwi_notice_fall_due(notice);
    }
}

void
mwi_conn_mute_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex)
{
    if (waiter->notice != NULL) {
        waiter->notice = NULL;
        conn->n_noticed--;
    }
}

void
mwi_conn_notify(struct mwi_conn *conn, struct mwi_waiter *waiter,
    struct mwi_notice *notice, int64_t deadline)
{
    mwi_lock(&conn->mutex);
    waiter->notice = notice;
    conn->n_noticed++;
    if (waiter->is_done || conn->is_broken) {
        mwi_conn_tell_locked(conn, waiter);
    } else {
        mwi_notice_expect(notice, deadline,
            conn->limits.keepalive_ms > 0
                ? mwi_deadline_in(conn->limits.keepalive_ms)
                : MWI_FOREVER);
        if (conn->is_missed && !conn->has_reader) {
            conn->is_missed = false;
            watch_locked(conn, MWI_POLL_READ);
        }
    }
    mwi_unlock(&conn->mutex);
}
