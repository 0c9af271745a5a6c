/* SPDX-License-Identifier: MIT */
/*
 * What the reader of a connection does with each message.  When the channel
 * fails, or the server breaks the protocol, it marks the connection broken and
 * wakes all.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "rpc/callee.h"
#include "rpc/conn_parts.h"
#include "wire/frame.h"

enum { SMALL_FRAME_MAX = 1024 }; /* of messages without arguments */

/* Messages that are nothing but their heads. */
mw_status
mwi_conn_send_small(struct mwi_conn *conn, enum mwi_message_kind kind,
    uint64_t id, mw_error *reterr)
{
    struct mwi_buf frame;
    struct mwi_writer w;
    mw_status status;

    mwi_buf_init(&frame, SMALL_FRAME_MAX);
    if (mwi_frame_begin(&frame) < 0) {
        status = mwi_fail_nomem(reterr);
    } else {
        mwi_writer_init(&w, &frame);
        if (kind == MWI_HELLO) {
            mwi_hello_write(
                &w, conn->limits.message_max, conn->limits.attends, 0);
        } else if (kind == MWI_PING) {
            mwi_ping_write(&w, id);
        } else if (kind == MWI_PONG) {
            mwi_pong_write(&w, id);
        } else if (kind == MWI_CANCEL) {
            mwi_cancel_write(&w, id);
        } else {
            mwi_fail_write(&w, id, MW_EUNIMPLEMENTED,
                "this client offers no interfaces", true, 0);
        }
        mwi_frame_end(&frame);
        status = mwi_channel_send(conn->channel, &frame, reterr);
    }
    mwi_buf_fini(&frame);
    return status;
}

void
mwi_conn_cancel(struct mwi_conn *conn, uint64_t id)
{
    mw_error ignored; /* then the server will have nobody to answer */

    (void) !mwi_conn_send_small(conn, MWI_CANCEL, id, &ignored);
}

void
mwi_conn_wake(struct mwi_waiter *waiter)
{
    static const uint64_t one = 1;

    if (waiter->wake_fd >= 0) {
        (void) !write(waiter->wake_fd, &one, sizeof(one));
    } else {
        mwi_cond_signal(&waiter->cond);
    }
}

static void
set_done_locked(struct mwi_waiter *waiter)
{
    mwi_list_remove(&waiter->link);
    waiter->is_done = true;
    if (waiter->is_asleep) {
        mwi_conn_wake(waiter);
    }
}

static void
finish_locked(struct mwi_conn *conn, struct mwi_waiter *waiter)
    MWI_REQUIRES(conn->mutex)
{
    set_done_locked(waiter);
    mwi_conn_tell_locked(conn, waiter);
    if (waiter->any != NULL) {
        set_done_locked(waiter->any);
    }
}

void
mwi_conn_break(struct mwi_conn *conn, const mw_error *error)
{
    mwi_channel_close(conn->channel, error);
    mwi_lock(&conn->mutex);
    if (!conn->is_broken) {
        /* What a GOAWAY gave as reason tells more than the end itself, unless
         * the client was closed. */
        if (!conn->is_draining || error->status == MW_ECANCELLED) {
            conn->why = *error;
        }
        conn->is_broken = true;
        mwi_conn_unpoll_locked(conn);
    }
    MWI_LIST_FOREACH(link, &conn->waiting) {
        mwi_conn_tell_locked(conn, mwi_conn_waiter_of(link));
        mwi_conn_wake(mwi_conn_waiter_of(link));
    }
    mwi_unlock(&conn->mutex);
    (void) mwi_running_cancel_all(&conn->calls);
}

/* What the reader does with each kind of message.  A negative status breaks
 * the connection. */

/* Keep the message for the one who waits for it. */
static bool
keep_answer(struct mwi_conn *conn, struct mwi_waiter *waiter,
    const uint8_t *bytes, size_t len)
{
    mwi_channel_take_apart(conn->channel, &waiter->apart);
    if (len <= sizeof(waiter->short_answer)) {
        memcpy(waiter->short_answer, bytes, len);
        waiter->answer = waiter->short_answer;
    } else if (mwi_channel_take(conn->channel, &waiter->long_answer) ||
               mwi_buf_append(&waiter->long_answer, bytes, len) == MW_OK) {
        waiter->answer = mwi_buf_bytes(&waiter->long_answer);
    }
    waiter->answer_len = len;
    return waiter->answer != NULL;
}

/* An ACK of a call that waits for its REPLY. */
static void
note_ack_locked(struct mwi_waiter *waiter, const struct mwi_message *m)
{
    mw_call_state state = m->state == 0 ? MW_CALL_ACCEPTED : MW_CALL_STARTED;

    if (waiter->state < state) {
        waiter->state = state;
    }
}

/* What an answer is for: the waiter is taken out, unless more is to come. */
static struct mwi_waiter *
find_waiter_locked(struct mwi_conn *conn, const struct mwi_message *m)
    MWI_REQUIRES(conn->mutex)
{
    struct mwi_waiter *waiter = mwi_map_get(&conn->waiters, m->id);

    if (waiter != NULL && (m->kind != MWI_ACK || !waiter->wants_acks)) {
        (void) mwi_map_remove(&conn->waiters, m->id);
    }
    return waiter;
}

mw_status
mwi_conn_answer(struct mwi_conn *conn, const struct mwi_message *m,
    const uint8_t *bytes, size_t len, mw_error *reterr)
{
    struct mwi_waiter *waiter;
    mw_status status = MW_OK;

    mwi_lock(&conn->mutex);
    waiter = find_waiter_locked(conn, m);
    if (waiter != NULL && m->kind == MWI_ACK && waiter->wants_acks) {
        note_ack_locked(waiter, m);
    } else if (waiter != NULL) {
        waiter->has_failed = !keep_answer(conn, waiter, bytes, len);
        finish_locked(conn, waiter);
    } else if (m->id == 0 || m->id >= conn->next_id) {
        status = mwi_fail(reterr, MW_EPROTO,
            "an answer to %llu, which was never asked",
            (unsigned long long) m->id);
    } /* else late: its caller has given up */
    mwi_unlock(&conn->mutex);
    return status;
}

static mw_status
on_hello(struct mwi_conn *conn, const struct mwi_message *m, mw_error *reterr)
{
    if (m->version != MWI_WIRE_VERSION) {
        return mwi_fail(reterr, MW_EPROTO,
            "the server speaks version %llu, this client version %d",
            (unsigned long long) m->version, (int) MWI_WIRE_VERSION);
    }
    mwi_lock(&conn->mutex);
    conn->has_hello = true;
    conn->hello_at = mwi_now();
    conn->instance = m->instance;
    if (m->message_max > conn->message_max) {
        conn->message_max = m->message_max;
    }
    MWI_LIST_FOREACH(link, &conn->waiting) {
        if (mwi_conn_waiter_of(link)->id == MWI_ID_HELLO) {
            finish_locked(conn, mwi_conn_waiter_of(link));
        }
    }
    mwi_unlock(&conn->mutex);
    return MW_OK;
}

static void
on_goaway(struct mwi_conn *conn, const struct mwi_message *m)
{
    mwi_lock(&conn->mutex);
    conn->is_draining = true;
    conn->is_settled = conn->is_settled || m->status == MW_OK;
    mwi_fail(&conn->why, m->status < 0 ? m->status : MW_EUNAVAILABLE,
        "the server closed the connection: %.*s", (int) m->text.len,
        m->text.at);
    conn->why.origin = MW_ORIGIN_PEER;
    mwi_unlock(&conn->mutex);
}

static void
on_call(struct mwi_conn *conn, const struct mwi_message *m,
    const struct mwi_reader *r)
{
    mw_error ignored; /* is found when the channel is read next */

    if (conn->callee != NULL) {
        mwi_callee_call(conn->callee, conn, m, r);
    } else {
        (void) !mwi_conn_send_small(conn, MWI_FAIL, m->id, &ignored);
    }
}

static mw_status
on_message(
    struct mwi_conn *conn, const uint8_t *bytes, size_t len, mw_error *reterr)
{
    struct mwi_reader r;
    struct mwi_message m;

    mwi_reader_init(&r, bytes, len, conn->limits.depth_max);
    mwi_reader_set_apart(&r, mwi_channel_apart(conn->channel));
    mwi_message_read(&r, &m);
    if (!mwi_reader_ok(&r)) {
        return mwi_fail(
            reterr, MW_EPROTO, "malformed message: %s", r.error.text);
    }
    switch (m.kind) {
    case MWI_HELLO:
        return on_hello(conn, &m, reterr);
    case MWI_ACK:
    case MWI_REPLY:
    case MWI_FAIL:
    case MWI_PONG:
        return mwi_conn_answer(conn, &m, bytes, len, reterr);
    case MWI_GOAWAY:
        on_goaway(conn, &m);
        return MW_OK;
    case MWI_CANCEL:
        (void) mwi_running_cancel(&conn->calls, m.id);
        return MW_OK;
    case MWI_CALL:
        on_call(conn, &m, &r);
        return MW_OK;
    case MWI_PING:
        /* A failure to send is found when the channel is read next. */
        (void) !mwi_conn_send_small(conn, MWI_PONG, m.id, reterr);
        return MW_OK;
    default:
        return MW_OK;
    }
}

/* Deal with all that is there.  WANT_READ when nothing is left, DONE when
 * something was, FAILED when the connection is broken. */
enum mwi_io
mwi_conn_pump(struct mwi_conn *conn)
{
    mw_error error = { .status = MW_OK };
    const uint8_t *bytes;
    size_t len;
    size_t n = 0;
    bool came = false; /* a piece of a message */
    enum mwi_io io;

    do {
        while ((io = mwi_channel_next(conn->channel, &bytes, &len, &error)) ==
               MWI_IO_DONE) {
            if (on_message(conn, bytes, len, &error) < 0) {
                mwi_conn_break(conn, &error);
                return MWI_IO_FAILED;
            }
            n++;
        }
        if (n > 0) {
            atomic_store(&conn->heard_at, mwi_now());
            return MWI_IO_DONE;
        }
        if (io == MWI_IO_WANT_READ) {
            io = mwi_channel_fill(conn->channel, &error);
            came = came || io == MWI_IO_DONE;
        }
    } while (io == MWI_IO_DONE);
    if (came) {
        atomic_store(&conn->heard_at, mwi_now());
    }
    if (io == MWI_IO_CLOSED) {
        mwi_fail(&error, MW_EUNAVAILABLE, "the server closed the connection");
        io = MWI_IO_FAILED;
    }
    if (io == MWI_IO_FAILED) {
        mwi_conn_break(conn, &error);
    }
    return io;
}
