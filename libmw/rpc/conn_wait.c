/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an answer: as the reader, for all who wait, or asleep while
 * another thread is that.
 */
#include "base/clock.h"
#include "base/error.h"
#include "rpc/attend.h"
#include "rpc/conn_parts.h"

void
mwi_conn_lie_down_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex)
{
    waiter->is_asleep = true;
    mwi_list_remove(&waiter->link);
    mwi_list_push(&conn->waiting, &waiter->link);
}

void
mwi_conn_get_up_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex)
{
    waiter->is_asleep = false;
    if (!waiter->is_done) {
        mwi_list_remove(&waiter->link);
        mwi_list_append(&conn->waiting, &waiter->link);
    }
}

static void
sleep_locked(struct mwi_conn *conn, struct mwi_waiter *waiter, int64_t deadline)
    MWI_REQUIRES(conn->mutex)
{
    if (waiter->handled == NULL ||
        !mwi_conn_sleep_unless_stopped_locked(conn, waiter, deadline)) {
        mwi_conn_lie_down_locked(conn, waiter);
        (void) mwi_cond_wait(&waiter->cond, &conn->mutex, deadline);
        mwi_conn_get_up_locked(conn, waiter);
    }
}

/* Sleep while another thread reads, or read for all. */
static void
wait_once_locked(struct mwi_conn *conn, struct mwi_waiter *waiter,
    int64_t deadline) MWI_REQUIRES(conn->mutex)
{
    if (conn->has_reader) {
        sleep_locked(conn, waiter, deadline);
        return;
    }
    conn->has_reader = true;
    mwi_unlock(&conn->mutex);
    mwi_conn_read_some(conn, waiter, deadline);
    mwi_lock(&conn->mutex);
    conn->has_reader = false;
    if (deadline <= mwi_now()) {
        mwi_spin_pause(&conn->spin);
    }
}

static mw_status
fail_inherited(mw_error *reterr)
{
    return mwi_fail(reterr, MW_EUNAVAILABLE,
        "the call belongs to the process that this is a child of");
}

bool
mwi_conn_call(struct mwi_conn *conn)
{
    mwi_attend_call(conn->attend, SIZE_MAX);
    return !mwi_conn_is_inherited(conn);
}

/* How the wait has ended. */
static mw_status
outcome_locked(const struct mwi_conn *conn, const struct mwi_waiter *waiter,
    mw_error *reterr) MWI_REQUIRES(conn->mutex)
{
    if (waiter->is_done) {
        return waiter->has_failed ? mwi_fail_nomem(reterr) : MW_OK;
    }
    if (conn->is_broken) {
        *reterr = conn->why;
        return reterr->status;
    }
    return mwi_conn_is_stopped(waiter)
               ? mwi_fail(reterr, MW_ECANCELLED,
                     "the call that is being handled was cancelled")
               : mwi_fail(reterr, MW_ETIMEDOUT, "no answer in time");
}

bool
mwi_conn_is_done(struct mwi_conn *conn, struct mwi_waiter *waiter)
{
    mw_error ignored;

    if (!mwi_conn_is_inherited(conn) && mwi_conn_begin_reading(conn)) {
        (void) mwi_channel_flush(conn->channel, &ignored);
        if (mwi_conn_pump(conn) == MWI_IO_WANT_READ) {
            /* The stream may not have looked, see mwi_stream_is_dry(). */
            (void) mwi_conn_pump(conn);
        }
        mwi_conn_end_reading(conn);
    }
    return mwi_conn_is_over(conn, waiter);
}

bool
mwi_conn_is_over(struct mwi_conn *conn, const struct mwi_waiter *waiter)
{
    bool is_over;

    if (mwi_conn_is_inherited(conn)) {
        return true;
    }
    mwi_lock(&conn->mutex);
    is_over = waiter->is_done || conn->is_broken;
    mwi_unlock(&conn->mutex);
    return is_over;
}

mw_call_state
mwi_conn_state(struct mwi_conn *conn, struct mwi_waiter *waiter)
{
    bool is_over = mwi_conn_is_done(conn, waiter);
    mw_call_state state;

    if (mwi_conn_is_inherited(conn)) {
        return MW_CALL_UNKNOWN;
    }
    mwi_lock(&conn->mutex);
    state = waiter->is_done ? MW_CALL_DONE
            : is_over       ? MW_CALL_UNKNOWN
                            : waiter->state;
    mwi_unlock(&conn->mutex);
    return state;
}

mw_status
mwi_conn_wait(struct mwi_conn *conn, struct mwi_waiter *waiter,
    int64_t deadline, mw_error *reterr)
{
    bool is_polled;
    mw_status status;

    if (mwi_conn_is_inherited(conn)) {
        return fail_inherited(reterr);
    }
    mwi_lock(&conn->mutex);
    while (!waiter->is_done && !conn->is_broken && deadline > mwi_now() &&
           !mwi_conn_is_stopped(waiter)) {
        wait_once_locked(conn, waiter, deadline);
        if (conn->owes_calls) {
            conn->owes_calls = false;
            mwi_conn_pass_on_locked(conn);
            mwi_unlock(&conn->mutex);
            if (!mwi_conn_call(conn)) {
                return fail_inherited(reterr);
            }
            mwi_lock(&conn->mutex);
        }
    }
    mwi_conn_settle_locked(conn);
    if (!waiter->is_done && !conn->is_broken) {
        /* It may have come in time, but nobody has read it. */
        mwi_unlock(&conn->mutex);
        (void) mwi_conn_is_done(conn, waiter);
        mwi_lock(&conn->mutex);
    }
    status = outcome_locked(conn, waiter, reterr);
    is_polled = conn->poller != NULL;
    mwi_unlock(&conn->mutex);
    if (is_polled) {
        mwi_conn_hand_back(conn);
    }
    return status;
}

mw_status
mwi_conn_wait_hello(struct mwi_conn *conn, int64_t deadline, mw_error *reterr)
{
    struct mwi_waiter waiter;
    mw_status status;

    mwi_conn_init_waiter(&waiter);
    mwi_lock(&conn->mutex);
    waiter.is_done = conn->has_hello;
    if (!waiter.is_done) {
        mwi_list_append(&conn->waiting, &waiter.link);
    }
    mwi_unlock(&conn->mutex);
    status = mwi_conn_wait(conn, &waiter, deadline, reterr);
    (void) mwi_conn_end(conn, &waiter);
    return status;
}

mw_status
mwi_conn_ping(struct mwi_conn *conn, int64_t deadline, mw_error *reterr)
{
    struct mwi_waiter waiter;
    mw_status status = mwi_conn_begin(conn, &waiter, reterr);

    if (status < 0) {
        return status;
    }
    status = mwi_conn_send_small(conn, MWI_PING, waiter.id, reterr);
    if (status == MW_OK) {
        status = mwi_conn_wait(conn, &waiter, deadline, reterr);
    }
    (void) mwi_conn_end(conn, &waiter);
    return status;
}
