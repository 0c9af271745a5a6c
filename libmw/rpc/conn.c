/* SPDX-License-Identifier: MIT */
/*
 * The happy path of a call: begin() notes a waiter, send() writes the frame,
 * wait() becomes the reader, reads the answer, and returns.  With more callers
 * one reads and completes the others' waiters as their answers come.  What is
 * done with each message is in conn_messages.c.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/poller.h"
#include "rpc/conn_parts.h"
#include "wire/frame.h"

enum {
    OUT_MAX = 1 << 30, /* bytes; each caller waits until its own are out */
    BOUND_MAX = 1024,  /* methods named by numbers */
    /* While another thread reads, a blocked writer looks this often whether
     * it should read itself. */
    WRITE_SLICE_MS = 20,
    FRESH_NS = 100 * 1000, /* that a connection is taken for alive */
    SPARE_MAX = 16 << 10,  /* bytes of storage kept for the next frame */
};

/* A binding is in the map as a number in a pointer: number << 1 | confirmed,
 * where numbers start at 1, so that it is never NULL. */

struct mwi_conn *
mwi_conn_open(struct mwi_stream *stream, const struct mwi_conn_limits *limits,
    mw_error *reterr)
{
    static _Atomic uint64_t last_serial;
    struct mwi_conn *conn = mwi_calloc(1, sizeof(*conn));

    if (conn == NULL) {
        mwi_stream_close(stream);
        mwi_fail_nomem(reterr);
        return NULL;
    }
    mwi_channel_init(
        &conn->channel, stream, limits->message_max, OUT_MAX, NULL);
    conn->channel.keeps_buffers = true;
    conn->channel.splits = true;
    mwi_spin_init(&conn->spin, limits->no_spin);
    mwi_buf_init(&conn->spare, SIZE_MAX);
    mwi_channel_peer(&conn->channel, &conn->peer);
    conn->limits = *limits;
    conn->serial = atomic_fetch_add(&last_serial, 1) + 1;
    atomic_init(&conn->refs, 1);
    mwi_mutex_init(&conn->mutex);
    mwi_list_init(&conn->waiting);
    mwi_map_init(&conn->waiters);
    mwi_map_init(&conn->bindings);
    conn->next_id = 1;
    conn->message_max = MWI_MESSAGE_MIN;
    if (mwi_conn_send_small(conn, MWI_HELLO, 0, reterr) < 0) {
        mwi_conn_unref(conn);
        return NULL;
    }
    return conn;
}

void
mwi_conn_ref(struct mwi_conn *conn)
{
    atomic_fetch_add(&conn->refs, 1);
}

void
mwi_conn_unref(struct mwi_conn *conn)
{
    if (conn != NULL && atomic_fetch_sub(&conn->refs, 1) == 1) {
        mwi_channel_fini(&conn->channel);
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

/* Sleep until something can be read, or what could not be written can be.
 * What others hand over until it is said that the reader sleeps, they leave to
 * it to write. */
static void
sleep_until_ready(struct mwi_conn *conn, uint32_t events, int64_t deadline)
{
    int64_t alive_until = mwi_conn_alive_until(conn);
    mw_error ignored; /* the next pump() finds it, too */

    mwi_spin_pause(&conn->spin);
    set_reader_sleeps(conn, true);
    if (mwi_channel_flush(&conn->channel, &ignored) == MWI_IO_WANT_WRITE) {
        events |= MWI_POLL_WRITE;
    }
    if (!mwi_poll_one(conn->channel.fd, events,
            alive_until < deadline ? alive_until : deadline) &&
        alive_until <= deadline) {
        mwi_conn_doubt(conn);
    }
    set_reader_sleeps(conn, false);
}

/* The caller is the reader: deal with what comes until something did, or the
 * deadline. */
static void
read_some(struct mwi_conn *conn, int64_t deadline)
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
            (void) mwi_channel_flush(&conn->channel, &ignored);
        } else {
            sleep_until_ready(conn, events, deadline);
        }
    } else if (io == MWI_IO_DONE) {
        mwi_spin_end(&conn->spin);
    }
}

/* Wake one that sleeps.  One that does not will look for itself before it
 * sleeps. */
static void
pass_on_reader_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex)
{
    if (!conn->has_reader && !mwi_list_is_empty(&conn->waiting)) {
        struct mwi_waiter *first = mwi_conn_waiter_of(conn->waiting.next);

        if (first->is_asleep) {
            mwi_cond_signal(&first->cond);
        }
    }
}

/* Take the role of the reader, unless somebody has it. */
static bool
begin_reading(struct mwi_conn *conn)
{
    bool may;

    mwi_lock(&conn->mutex);
    may = !conn->has_reader && !conn->is_broken;
    conn->has_reader = conn->has_reader || may;
    mwi_unlock(&conn->mutex);
    return may;
}

static void
end_reading(struct mwi_conn *conn)
{
    mwi_spin_cancel(&conn->spin);
    mwi_lock(&conn->mutex);
    conn->has_reader = false;
    pass_on_reader_locked(conn);
    mwi_unlock(&conn->mutex);
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
    return may && begin_reading(conn);
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
                     mwi_poll_one(conn->channel.fd, MWI_POLL_READ, 0)));
        end_reading(conn);
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

static void
init_waiter(struct mwi_waiter *waiter)
{
    *waiter = (struct mwi_waiter){ .id = 0 };
    mwi_list_init(&waiter->link);
    mwi_cond_init(&waiter->cond);
    mwi_buf_init(&waiter->long_answer, SIZE_MAX);
}

mw_status
mwi_conn_begin(
    struct mwi_conn *conn, struct mwi_waiter *ret_waiter, mw_error *reterr)
{
    mw_status status;

    init_waiter(ret_waiter);
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

void
mwi_conn_end(struct mwi_conn *conn, struct mwi_waiter *waiter)
{
    mwi_lock(&conn->mutex);
    if (!waiter->is_done && waiter->id != 0) {
        (void) mwi_map_remove(&conn->waiters, waiter->id);
    }
    mwi_list_remove(&waiter->link);
    pass_on_reader_locked(conn);
    mwi_unlock(&conn->mutex);
    mwi_cond_fini(&waiter->cond);
    mwi_buf_fini(&waiter->long_answer);
    mwi_apart_fini(&waiter->apart);
    waiter->answer = NULL;
}

/* Write what waits, reading meanwhile, so that two peers that both have much
 * to say do not wait for each other. */
static mw_status
flush(struct mwi_conn *conn, int64_t deadline, mw_error *reterr)
{
    enum mwi_io io;

    while ((io = mwi_channel_flush(&conn->channel, reterr)) != MWI_IO_DONE) {
        if (io == MWI_IO_FAILED) {
            return reterr->status;
        }
        if (deadline <= mwi_now()) {
            return mwi_fail(
                reterr, MW_ETIMEDOUT, "the server does not read the request");
        }
        if (begin_reading(conn)) {
            read_some(conn, deadline);
            end_reading(conn);
        } else {
            int64_t slice = mwi_deadline_in(WRITE_SLICE_MS);

            (void) mwi_poll_one(conn->channel.fd, MWI_POLL_WRITE,
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
        mwi_channel_send_gathered(&conn->channel, frame, gather, reterr);

    *ret_is_sent = status == MW_OK;
    return status == MW_OK && mwi_channel_wants_write(&conn->channel)
               ? flush(conn, deadline, reterr)
               : status;
}

/* Hand over a frame, and see to it that it is sent: by us, or by the thread
 * that reads, unless that sleeps. */
static mw_status
send_with_others(struct mwi_conn *conn, struct mwi_buf *frame, bool more,
    int64_t deadline, bool *ret_is_sent, mw_error *reterr)
{
    mw_status status = mwi_channel_put(&conn->channel, frame, reterr);
    bool is_for_reader;

    *ret_is_sent = status == MW_OK;
    if (status < 0 || more) {
        return status;
    }
    mwi_lock(&conn->mutex);
    is_for_reader = conn->has_reader && !conn->reader_sleeps;
    conn->owes_flush = conn->owes_flush || is_for_reader;
    mwi_unlock(&conn->mutex);
    return is_for_reader ? MW_OK : flush(conn, deadline, reterr);
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

/* Sleep, before those that do not, until the answer is there or nobody reads.
 */
static void
sleep_locked(struct mwi_conn *conn, struct mwi_waiter *waiter, int64_t deadline)
    MWI_REQUIRES(conn->mutex)
{
    waiter->is_asleep = true;
    mwi_list_remove(&waiter->link);
    mwi_list_push(&conn->waiting, &waiter->link);
    (void) mwi_cond_wait(&waiter->cond, &conn->mutex, deadline);
    waiter->is_asleep = false;
    if (!waiter->is_done) {
        mwi_list_remove(&waiter->link);
        mwi_list_append(&conn->waiting, &waiter->link);
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
    read_some(conn, deadline);
    mwi_lock(&conn->mutex);
    conn->has_reader = false;
    if (deadline <= mwi_now()) {
        mwi_spin_pause(&conn->spin);
    }
}

/* Who has read leaves: what others have left to it must not stay. */
static void
settle_locked(struct mwi_conn *conn) MWI_REQUIRES(conn->mutex)
{
    mw_error ignored; /* the next reader finds it, too */

    if (conn->owes_flush && !conn->has_reader) {
        conn->owes_flush = false;
        mwi_unlock(&conn->mutex);
        (void) mwi_channel_flush(&conn->channel, &ignored);
        mwi_lock(&conn->mutex);
    }
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
    return mwi_fail(reterr, MW_ETIMEDOUT, "no answer in time");
}

bool
mwi_conn_is_done(struct mwi_conn *conn, struct mwi_waiter *waiter)
{
    mw_error ignored;
    bool done;

    if (begin_reading(conn)) {
        (void) mwi_channel_flush(&conn->channel, &ignored);
        if (mwi_conn_pump(conn) == MWI_IO_WANT_READ) {
            /* The stream may not have looked, see mwi_stream_is_dry(). */
            (void) mwi_conn_pump(conn);
        }
        end_reading(conn);
    }
    mwi_lock(&conn->mutex);
    done = waiter->is_done || conn->is_broken;
    mwi_unlock(&conn->mutex);
    return done;
}

mw_status
mwi_conn_wait(struct mwi_conn *conn, struct mwi_waiter *waiter,
    int64_t deadline, mw_error *reterr)
{
    mw_status status;

    mwi_lock(&conn->mutex);
    while (!waiter->is_done && !conn->is_broken && deadline > mwi_now()) {
        wait_once_locked(conn, waiter, deadline);
    }
    settle_locked(conn);
    if (!waiter->is_done && !conn->is_broken) {
        /* It may have come in time, but nobody has read it. */
        mwi_unlock(&conn->mutex);
        (void) mwi_conn_is_done(conn, waiter);
        mwi_lock(&conn->mutex);
    }
    status = outcome_locked(conn, waiter, reterr);
    mwi_unlock(&conn->mutex);
    return status;
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

mw_status
mwi_conn_wait_hello(struct mwi_conn *conn, int64_t deadline, mw_error *reterr)
{
    struct mwi_waiter waiter;
    mw_status status;

    init_waiter(&waiter);
    mwi_lock(&conn->mutex);
    waiter.is_done = conn->has_hello;
    if (!waiter.is_done) {
        mwi_list_append(&conn->waiting, &waiter.link);
    }
    mwi_unlock(&conn->mutex);
    status = mwi_conn_wait(conn, &waiter, deadline, reterr);
    mwi_conn_end(conn, &waiter);
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
    mwi_conn_end(conn, &waiter);
    return status;
}

/* The key of a method in the map of bindings. */
static uint64_t
key_of(const mw_method *method)
{
    return (uint64_t) (uintptr_t) method;
}

void
mwi_conn_name_target(
    struct mwi_conn *conn, const mw_method *method, struct mwi_call_head *head)
{
    uintptr_t binding;

    mwi_lock(&conn->mutex);
    binding = (uintptr_t) mwi_map_get(&conn->bindings, key_of(method));
    if (binding == 0 && conn->bindings.len < BOUND_MAX) {
        binding = (uintptr_t) (conn->bindings.len + 1) << 1;
        if (mwi_map_put(&conn->bindings, key_of(method), (void *) binding) <
            0) {
            binding = 0; /* then by name alone */
        }
    }
    mwi_unlock(&conn->mutex);
    if ((binding & 1) != 0) {
        head->target_number = binding >> 1;
        return;
    }
    head->target = (struct mwi_text){ method->target, strlen(method->target) };
    head->has_bind = binding != 0;
    head->bind = binding >> 1;
}

void
mwi_conn_confirm_target(struct mwi_conn *conn, const mw_method *method)
{
    uintptr_t binding;

    mwi_lock(&conn->mutex);
    binding = (uintptr_t) mwi_map_get(&conn->bindings, key_of(method));
    if (binding != 0) {
        /* Cannot fail: it is there. */
        (void) !mwi_map_put(
            &conn->bindings, key_of(method), (void *) (binding | 1));
    }
    mwi_unlock(&conn->mutex);
}
