/* SPDX-License-Identifier: MIT */
/*
 * The happy path of a call: begin() notes a waiter, send() writes the frame,
 * wait() becomes the reader, reads the answer, and returns.  With more callers
 * one reads and completes the others' waiters as their answers come.  What is
 * done with each message is in conn_messages.c.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/poller.h"
#include "rpc/attend.h"
#include "rpc/conn_parts.h"
#include "wire/frame.h"

enum {
    OUT_MAX = 1 << 30, /* bytes; each caller waits until its own are out */
    /* While another thread reads, a blocked writer looks this often whether
     * it should read itself. */
    WRITE_SLICE_MS = 20,
    FRESH_NS = 100 * 1000, /* that a connection is taken for alive */
    SPARE_MAX = 16 << 10,  /* bytes of storage kept for the next frame */
};

/* All but the channel and whom it leads to. */
static struct mwi_conn *
new_conn(const struct mwi_conn_limits *limits)
{
    static _Atomic uint64_t last_serial;
    struct mwi_conn *conn = mwi_calloc(1, sizeof(*conn));

    if (conn == NULL) {
        return NULL;
    }
    mwi_spin_init(&conn->spin, limits->no_spin);
    mwi_buf_init(&conn->spare, SIZE_MAX);
    mwi_running_init(&conn->calls);
    conn->limits = *limits;
    conn->serial = atomic_fetch_add(&last_serial, 1) + 1;
    atomic_init(&conn->refs, 1);
    mwi_mutex_init(&conn->mutex);
    mwi_list_init(&conn->waiting);
    mwi_map_init(&conn->waiters);
    mwi_map_init(&conn->bindings);
    mwi_list_init(&conn->attend_link);
    conn->generation = mwi_fork_generation();
    conn->next_id = 1;
    conn->message_max = MWI_MESSAGE_MIN;
    return conn;
}

struct mwi_conn *
mwi_conn_open(struct mwi_stream *stream, const struct mwi_conn_limits *limits,
    struct mwi_callee *callee, mw_error *reterr)
{
    struct mwi_conn *conn = new_conn(limits);

    if (conn == NULL) {
        mwi_stream_close(stream);
        mwi_fail_nomem(reterr);
        return NULL;
    }
    mwi_channel_init(&conn->own, stream, limits->message_max, OUT_MAX, NULL);
    conn->own.keeps_buffers = true;
    conn->own.splits = true;
    conn->channel = &conn->own;
    conn->callee = callee;
    mwi_channel_peer(conn->channel, &conn->peer);
    if (mwi_conn_send_small(conn, MWI_HELLO, 0, reterr) < 0) {
        mwi_conn_unref(conn);
        return NULL;
    }
    return conn;
}

struct mwi_conn *
mwi_conn_attach(struct mwi_channel *channel,
    const struct mwi_conn_limits *limits, uint64_t message_max,
    const mw_peer *peer, void (*release)(void *owner), void *owner)
{
    struct mwi_conn *conn = new_conn(limits);

    if (conn != NULL) {
        conn->channel = channel;
        conn->peer = *peer;
        conn->release = release;
        conn->owner = owner;
        conn->has_hello = true;
        conn->message_max = message_max;
        /* For ever: it is the channel's owner. */
        conn->has_reader = conn->reader_sleeps = true;
    }
    return conn;
}

void
mwi_conn_ref(struct mwi_conn *conn)
{
    atomic_fetch_add(&conn->refs, 1);
}

bool
mwi_conn_try_ref(struct mwi_conn *conn)
{
    uint32_t refs = atomic_load(&conn->refs);

    while (refs != 0) {
        if (atomic_compare_exchange_weak(&conn->refs, &refs, refs + 1)) {
            return true;
        }
    }
    return false;
}

void
mwi_conn_unref(struct mwi_conn *conn)
{
    if (conn != NULL && !mwi_conn_is_inherited(conn) &&
        atomic_fetch_sub(&conn->refs, 1) == 1) {
        if (conn->attend != NULL) {
            mwi_attend_remove(conn->attend, conn);
        }
        if (conn->release == NULL) {
            mwi_channel_fini(conn->channel);
        } else {
            conn->release(conn->owner);
        }
        mwi_running_fini(&conn->calls);
        mwi_buf_fini(&conn->spare);
        mwi_map_fini(&conn->bindings);
        mwi_map_fini(&conn->waiters);
        mwi_mutex_fini(&conn->mutex);
        mwi_free(conn);
    }
}

static void
set_reader_sleeps(struct mwi_conn *conn, bool sleeps)
{
    mwi_lock(&conn->mutex);
    conn->reader_sleeps = sleeps;
    conn->owes_flush = false;
    mwi_unlock(&conn->mutex);
}

/* What others hand over until it is said that the reader sleeps, they leave to
 * it to write. */
uint32_t
mwi_conn_fall_asleep(struct mwi_conn *conn, uint32_t events, int64_t *deadline)
{
    int64_t alive_until = mwi_conn_alive_until(conn);
    mw_error ignored; /* the next pump() finds it, too */

    mwi_spin_pause(&conn->spin);
    set_reader_sleeps(conn, true);
    if (mwi_channel_flush(conn->channel, &ignored) == MWI_IO_WANT_WRITE) {
        events |= MWI_POLL_WRITE;
    }
    *deadline = alive_until < *deadline ? alive_until : *deadline;
    return events;
}

void
mwi_conn_wake_up(struct mwi_conn *conn)
{
    set_reader_sleeps(conn, false);
}

/* The caller is the reader: deal with what comes until something did, or the
 * deadline. */
void
mwi_conn_read_some(
    struct mwi_conn *conn, const struct mwi_waiter *waiter, int64_t deadline)
{
    uint32_t events = MWI_POLL_READ;
    mw_error ignored; /* pump() finds it, too */
    enum mwi_io io = mwi_conn_pump(conn);

    if (io == MWI_IO_WANT_READ || io == MWI_IO_WANT_WRITE) {
        mwi_spin_begin(&conn->spin);
        if (io == MWI_IO_WANT_WRITE) {
            events |= MWI_POLL_WRITE;
        }
        if (mwi_spin_again(&conn->spin)) {
            (void) mwi_channel_flush(conn->channel, &ignored);
        } else {
            events = mwi_conn_fall_asleep(conn, events, &deadline);
            if (!mwi_conn_poll_unless_stopped(
                    waiter, conn->channel->fd, events, deadline)) {
                mwi_conn_doubt(conn);
            }
            mwi_conn_wake_up(conn);
        }
    } else if (io == MWI_IO_DONE) {
        mwi_spin_end(&conn->spin);
    }
}

/* Wake one that sleeps.  One that does not will look for itself before it
 * sleeps. */
void
mwi_conn_pass_on_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex)
{
    if (!conn->has_reader && !mwi_list_is_empty(&conn->waiting)) {
        struct mwi_waiter *first = mwi_conn_waiter_of(conn->waiting.next);

        if (first->is_asleep) {
            mwi_conn_wake(first);
        }
    }
}

bool
mwi_conn_begin_reading(struct mwi_conn *conn)
{
    bool may;

    mwi_lock(&conn->mutex);
    may = !conn->has_reader && !conn->is_broken;
    conn->has_reader = conn->has_reader || may;
    mwi_unlock(&conn->mutex);
    return may;
}

/* Who has read leaves: what others have left to it must not stay. */
void
mwi_conn_settle_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex)
{
    mw_error ignored; /* the next reader finds it, too */

    if (conn->owes_flush && !conn->has_reader) {
        conn->owes_flush = false;
        mwi_unlock(&conn->mutex);
        (void) mwi_channel_flush(conn->channel, &ignored);
        mwi_lock(&conn->mutex);
    }
}

void
mwi_conn_end_reading(struct mwi_conn *conn)
{
    bool is_polled;

    mwi_spin_cancel(&conn->spin);
    mwi_lock(&conn->mutex);
    conn->has_reader = false;
    mwi_conn_pass_on_locked(conn);
    mwi_conn_settle_locked(conn);
    is_polled = conn->poller != NULL;
    mwi_unlock(&conn->mutex);
    if (is_polled) {
        mwi_conn_hand_back(conn);
    }
}

/* Without a reader, nobody has noticed a GOAWAY or the end.  Where others wait
 * for answers, somebody will; and a server that has just spoken is there. */
static bool
may_be_stale(struct mwi_conn *conn)
{
    bool may = mwi_now() - atomic_load(&conn->heard_at) > FRESH_NS;

    if (may) {
        mwi_lock(&conn->mutex);
        may = mwi_list_is_empty(&conn->waiting);
        mwi_unlock(&conn->mutex);
    }
    return may && mwi_conn_begin_reading(conn);
}

bool
mwi_conn_is_usable(struct mwi_conn *conn)
{
    bool usable;

    if (may_be_stale(conn)) {
        enum mwi_io io;

        do {
            io = mwi_conn_pump(conn);
        } while (io == MWI_IO_DONE ||
                 (io != MWI_IO_FAILED &&
                     mwi_poll_one(conn->channel->fd, MWI_POLL_READ, 0)));
        mwi_conn_end_reading(conn);
    }
    mwi_lock(&conn->mutex);
    usable = !conn->is_broken && !conn->is_draining;
    mwi_unlock(&conn->mutex);
    return usable;
}

void
mwi_conn_greeting(struct mwi_conn *conn, struct mwi_greeting *ret_greeting)
{
    mwi_lock(&conn->mutex);
    *ret_greeting = (struct mwi_greeting){
        .at = conn->hello_at,
        .instance = conn->instance,
    };
    mwi_unlock(&conn->mutex);
}

bool
mwi_conn_is_draining(struct mwi_conn *conn)
{
    bool draining;

    mwi_lock(&conn->mutex);
    draining = conn->is_draining;
    mwi_unlock(&conn->mutex);
    return draining;
}

bool
mwi_conn_is_settled(struct mwi_conn *conn)
{
    bool settled;

    mwi_lock(&conn->mutex);
    settled = conn->is_settled;
    mwi_unlock(&conn->mutex);
    return settled;
}

uint64_t
mwi_conn_message_max(struct mwi_conn *conn)
{
    uint64_t message_max;

    mwi_lock(&conn->mutex);
    message_max = conn->message_max;
    mwi_unlock(&conn->mutex);
    return message_max;
}

void
mwi_conn_init_waiter(struct mwi_waiter *waiter)
{
    *waiter = (struct mwi_waiter){ .id = MWI_ID_HELLO, .wake_fd = -1 };
    mwi_list_init(&waiter->link);
    mwi_cond_init(&waiter->cond);
    mwi_buf_init(&waiter->long_answer, SIZE_MAX);
}

mw_status
mwi_conn_begin(
    struct mwi_conn *conn, struct mwi_waiter *ret_waiter, mw_error *reterr)
{
    mw_status status;

    mwi_conn_init_waiter(ret_waiter);
    mwi_lock(&conn->mutex);
    ret_waiter->id = conn->next_id++;
    status = mwi_map_put(&conn->waiters, ret_waiter->id, ret_waiter);
    if (status == MW_OK) {
        mwi_list_append(&conn->waiting, &ret_waiter->link);
    }
    mwi_unlock(&conn->mutex);
    if (status < 0) {
        mwi_cond_fini(&ret_waiter->cond);
        return mwi_fail_nomem(reterr);
    }
    return MW_OK;
}

/* Whether an answer may still come. */
static bool
take_out(struct mwi_conn *conn, struct mwi_waiter *waiter)
{
    bool is_expected;

    mwi_lock(&conn->mutex);
    is_expected = !waiter->is_done && !conn->is_broken;
    mwi_conn_mute_locked(conn, waiter);
    if (!waiter->is_done) {
        (void) mwi_map_remove(&conn->waiters, waiter->id);
    }
    mwi_list_remove(&waiter->link);
    mwi_conn_pass_on_locked(conn);
    mwi_unlock(&conn->mutex);
    return is_expected;
}

bool
mwi_conn_end(struct mwi_conn *conn, struct mwi_waiter *waiter)
{
    bool is_expected = !mwi_conn_is_inherited(conn) && take_out(conn, waiter);

    if (waiter->owns_wake_fd) {
        (void) close(waiter->wake_fd);
    }
    mwi_cond_fini(&waiter->cond);
    mwi_buf_fini(&waiter->long_answer);
    mwi_apart_fini(&waiter->apart);
    waiter->answer = NULL;
    return is_expected;
}

/* Reads meanwhile, so that two peers that both have much to say do not wait for
 * each other. */
mw_status
mwi_conn_flush(struct mwi_conn *conn, int64_t deadline, mw_error *reterr)
{
    static const struct mwi_waiter nobody;
    enum mwi_io io;

    while ((io = mwi_channel_flush(conn->channel, reterr)) != MWI_IO_DONE) {
        if (io == MWI_IO_FAILED) {
            return reterr->status;
        }
        if (deadline <= mwi_now()) {
            return mwi_fail(
                reterr, MW_ETIMEDOUT, "the server does not read the request");
        }
        if (mwi_conn_begin_reading(conn)) {
            mwi_conn_read_some(conn, &nobody, deadline);
            mwi_conn_end_reading(conn);
        } else {
            int64_t slice = mwi_deadline_in(WRITE_SLICE_MS);

            (void) mwi_poll_one(conn->channel->fd, MWI_POLL_WRITE,
                slice < deadline ? slice : deadline);
        }
    }
    return MW_OK;
}

static mw_status
send_at_once(struct mwi_conn *conn, struct mwi_buf *frame,
    struct mwi_gather *gather, int64_t deadline, bool *ret_is_sent,
    mw_error *reterr)
{
    mw_status status =
        mwi_channel_send_gathered(conn->channel, frame, gather, reterr);

    *ret_is_sent = status == MW_OK;
    return status == MW_OK && mwi_channel_wants_write(conn->channel)
               ? mwi_conn_flush(conn, deadline, reterr)
               : status;
}

/* Hand over a frame, and see to it that it is sent: by us, or by the thread
 * that reads, unless that sleeps. */
static mw_status
send_with_others(struct mwi_conn *conn, struct mwi_buf *frame, bool more,
    int64_t deadline, bool *ret_is_sent, mw_error *reterr)
{
    mw_status status = mwi_channel_put(conn->channel, frame, reterr);
    bool is_for_reader;

    *ret_is_sent = status == MW_OK;
    if (status < 0 || more) {
        return status;
    }
    mwi_lock(&conn->mutex);
    is_for_reader = conn->has_reader && !conn->reader_sleeps;
    conn->owes_flush = conn->owes_flush || is_for_reader;
    mwi_unlock(&conn->mutex);
    return is_for_reader ? MW_OK : mwi_conn_flush(conn, deadline, reterr);
}

mw_status
mwi_conn_send(struct mwi_conn *conn, struct mwi_waiter *waiter,
    struct mwi_buf *frame, struct mwi_gather *gather, int64_t deadline,
    bool *ret_is_sent, mw_error *reterr)
{
    bool at_once;
    mw_status status;

    mwi_lock(&conn->mutex);
    /* Pieces that waited would have to be copied. */
    at_once = gather->total > 0 || (!waiter->more && !conn->has_reader);
    mwi_unlock(&conn->mutex);
    status = at_once ? send_at_once(
                           conn, frame, gather, deadline, ret_is_sent, reterr)
                     : send_with_others(conn, frame, waiter->more, deadline,
                           ret_is_sent, reterr);
    if (status == MW_OK || status == MW_ETIMEDOUT) {
        return status;
    }
    /* The stream has ended; what came before may be the reason, or even the
     * answer. */
    return mwi_conn_wait(conn, waiter, deadline, reterr);
}

void
mwi_conn_take_buf(struct mwi_conn *conn, struct mwi_buf *ret_buf)
{
    mwi_lock(&conn->mutex);
    *ret_buf = conn->spare;
    mwi_buf_init(&conn->spare, SIZE_MAX);
    mwi_unlock(&conn->mutex);
}

void
mwi_conn_return_buf(struct mwi_conn *conn, struct mwi_buf *buf)
{
    mwi_lock(&conn->mutex);
    if (conn->spare.data == NULL && buf->cap <= SPARE_MAX) {
        conn->spare = *buf;
        conn->spare.start = conn->spare.end = 0;
        mwi_buf_init(buf, buf->max);
    }
    mwi_unlock(&conn->mutex);
    mwi_buf_fini(buf);
}
