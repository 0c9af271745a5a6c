/* SPDX-License-Identifier: MIT */
/*
 * What the reader of a connection does with each message.  When the channel
 * fails, or the server breaks the protocol, it marks the connection broken and
 * wakes all.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
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
            mwi_hello_write(&w, conn->limits.message_max, false, 0);
        } else if (kind == MWI_PING) {
            mwi_ping_write(&w, id);
        } else if (kind == MWI_PONG) {
            mwi_pong_write(&w, id);
        } else {
            mwi_fail_write(&w, id, MW_EUNIMPLEMENTED,
                "this client offers no interfaces", true, 0);
        }
        mwi_frame_end(&frame);
        status = mwi_channel_send(&conn->channel, &frame, reterr);
    }
    mwi_buf_fini(&frame);
    return status;
}

static void
finish_locked(struct mwi_waiter *waiter)
{
    mwi_list_remove(&waiter->link);
    waiter->is_done = true;
    if (waiter->is_asleep) {
        mwi_cond_signal(&waiter->cond);
    }
}

void
mwi_conn_break(struct mwi_conn *conn, const mw_error *error)
{
    mwi_channel_close(&conn->channel, error);
    mwi_lock(&conn->mutex);
    if (!conn->is_broken) {
        /* What a GOAWAY gave as reason tells more than the end itself. */
        if (!conn->is_draining) {
            conn->why = *error;
        }
        conn->is_broken = true;
    }
    MWI_LIST_FOREACH(link, &conn->waiting) {
        mwi_cond_signal(&mwi_conn_waiter_of(link)->cond);
    }
    mwi_unlock(&conn->mutex);
}

/* What the reader does with each kind of message.  A negative status breaks
 * the connection. */

/* Keep the message for the one who waits for it. */
static bool
keep_answer(struct mwi_conn *conn, struct mwi_waiter *waiter,
    const uint8_t *bytes, size_t len)
{
    mwi_channel_take_apart(&conn->channel, &waiter->apart);
    if (len <= sizeof(waiter->short_answer)) {
        memcpy(waiter->short_answer, bytes, len);
        waiter->answer = waiter->short_answer;
    } else if (mwi_channel_take(&conn->channel, &waiter->long_answer) ||
               mwi_buf_append(&waiter->long_answer, bytes, len) == MW_OK) {
        waiter->answer = mwi_buf_bytes(&waiter->long_answer);
    }
    waiter->answer_len = len;
    return waiter->answer != NULL;
}

static mw_status
on_answer(struct mwi_conn *conn, const struct mwi_message *m,
    const uint8_t *bytes, size_t len, mw_error *reterr)
{
    struct mwi_waiter *waiter;
    mw_status status = MW_OK;

    mwi_lock(&conn->mutex);
    waiter = mwi_map_remove(&conn->waiters, m->id);
    if (waiter != NULL) {
        waiter->has_failed = !keep_answer(conn, waiter, bytes, len);
        finish_locked(waiter);
    } else if (m->id == 0 || m->id >= conn->next_id) {
        status = mwi_fail(reterr, MW_EPROTO,
            "the server answered %llu, which was never asked",
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
        if (mwi_conn_waiter_of(link)->id == 0) {
            finish_locked(mwi_conn_waiter_of(link));
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

static mw_status
on_message(
    struct mwi_conn *conn, const uint8_t *bytes, size_t len, mw_error *reterr)
{
    struct mwi_reader r;
    struct mwi_message m;

    mwi_reader_init(&r, bytes, len, conn->limits.depth_max);
    mwi_reader_set_apart(&r, mwi_channel_apart(&conn->channel));
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
        return on_answer(conn, &m, bytes, len, reterr);
    case MWI_GOAWAY:
        on_goaway(conn, &m);
        return MW_OK;
    case MWI_PING:
    case MWI_CALL:
        /* A failure to send is found when the channel is read next. */
        (void) !mwi_conn_send_small(
            conn, m.kind == MWI_PING ? MWI_PONG : MWI_FAIL, m.id, reterr);
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
        while ((io = mwi_channel_next(&conn->channel, &bytes, &len, &error)) ==
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
            io = mwi_channel_fill(&conn->channel, &error);
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
