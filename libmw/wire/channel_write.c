/* SPDX-License-Identifier: MIT */
/*
 * Writing: one thread at a time takes what waits, or what it was given, and
 * writes it without the lock on the rest, so that others can hand over more.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "wire/channel_parts.h"

/* Frames to be written: the bytes of a buffer with pieces between them. */
struct batch {
    struct mwi_buf *buf;
    struct mwi_gather *gather; /* or NULL */
};

static size_t
batch_len(const struct batch *batch)
{
    return mwi_gather_len(batch->gather, batch->buf);
}

static bool
has_pieces(const struct batch *batch)
{
    return batch->gather != NULL && batch->gather->total > 0;
}

/* Write as much of a batch as the stream takes. */
static enum mwi_io
write_stream(
    struct mwi_channel *channel, const struct batch *batch, mw_error *reterr)
{
    enum mwi_io io = MWI_IO_DONE;
    const uint8_t *bytes;
    size_t len;

    mwi_lock(&channel->io);
    while (io == MWI_IO_DONE &&
           (len = mwi_gather_span(batch->gather, batch->buf, &bytes)) > 0) {
        size_t n = 0;

        io = mwi_stream_write(channel->stream, bytes, len, &n, reterr);
        if (io == MWI_IO_DONE) {
            mwi_gather_consume(batch->gather, batch->buf, n);
        }
    }
    if (io == MWI_IO_DONE) {
        io = mwi_stream_flush(channel->stream, reterr);
    }
    mwi_unlock(&channel->io);
    if (io == MWI_IO_CLOSED) {
        mwi_fail(reterr, MW_EUNAVAILABLE, "the peer closed the connection");
        io = MWI_IO_FAILED;
    }
    return io;
}

/* Exchange two buffers' bytes; each keeps its maximum. */
static void
exchange(struct mwi_buf *a, struct mwi_buf *b)
{
    struct mwi_buf kept = *a;

    *a = *b;
    a->max = kept.max;
    kept.max = b->max;
    *b = kept;
}

/* What waits to be written, by us or by the thread that is at it. */
static size_t
waiting_locked(const struct mwi_channel *channel) MWI_REQUIRES(channel->mutex)
{
    return mwi_buf_len(&channel->out) + channel->n_writing;
}

/* A frame that was begun could not be kept, or too many: it is over. */
static mw_status
fail_keeping_locked(struct mwi_channel *channel, bool has_room,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    mw_status status = MW_ENOMEM;

    if (has_room) {
        mwi_fail_nomem(reterr);
    } else {
        status = mwi_fail(reterr, MW_EEXHAUSTED,
            "the peer does not read: %zu bytes wait to be written",
            waiting_locked(channel));
    }
    mwi_channel_close_locked(channel, reterr);
    return status;
}

/* Put a frame behind what waits already. */
static mw_status
append_locked(struct mwi_channel *channel, const struct batch *frame,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    size_t len = batch_len(frame);
    bool has_room = len <= channel->out.max &&
                    waiting_locked(channel) <= channel->out.max - len;

    if (has_room && mwi_buf_len(&channel->out) == 0 && len >= MWI_TAKE_MIN &&
        !has_pieces(frame)) {
        exchange(&channel->out, frame->buf);
        return MW_OK;
    }
    if (!has_room ||
        mwi_gather_append(&channel->out, frame->gather, frame->buf) < 0) {
        return fail_keeping_locked(channel, has_room, reterr);
    }
    return MW_OK;
}

/* Put what the stream did not take before what came meanwhile. */
static mw_status
put_back_locked(struct mwi_channel *channel, const struct batch *batch,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    struct mwi_buf *out = &channel->out;
    struct mwi_buf later;
    mw_status status = MW_OK;

    if (batch_len(batch) == 0) {
        return MW_OK;
    }
    if (mwi_buf_len(out) == 0) {
        return append_locked(channel, batch, reterr);
    }
    mwi_buf_init(&later, out->max);
    exchange(&later, out);
    if (has_pieces(batch)) {
        status = mwi_gather_append(out, batch->gather, batch->buf);
    } else {
        exchange(out, batch->buf);
    }
    if (status == MW_OK) {
        status =
            mwi_buf_append(out, mwi_buf_bytes(&later), mwi_buf_len(&later));
    }
    mwi_buf_fini(&later);
    return status < 0 ? fail_keeping_locked(channel, true, reterr) : MW_OK;
}

/* Write a batch, which may be empty, and then all that others hand over
 * meanwhile. */
static enum mwi_io
write_batches_locked(struct mwi_channel *channel, const struct batch *batch,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    enum mwi_io io;

    channel->is_writing = true;
    do {
        if (batch_len(batch) == 0) {
            exchange(batch->buf, &channel->out);
        }
        channel->n_writing = batch_len(batch);
        mwi_unlock(&channel->mutex);
        io = write_stream(channel, batch, reterr);
        mwi_lock(&channel->mutex);
        channel->n_writing = 0;
    } while (io == MWI_IO_DONE && mwi_buf_len(&channel->out) > 0);
    channel->is_writing = false;
    return io;
}

/* Nothing more can be written, but what the peer has sent before may say why:
 * that can still be read, and then comes the end. */
static void
end_writing_locked(struct mwi_channel *channel, const mw_error *why)
    MWI_REQUIRES(channel->mutex)
{
    channel->ended_writing = true;
    channel->why = *why;
    mwi_buf_fini(&channel->out);
    (void) shutdown(channel->fd, SHUT_RDWR);
}

/* Write the frame, or what waits when there is none. */
static enum mwi_io
write_locked(struct mwi_channel *channel, const struct batch *frame,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    enum mwi_io io = write_batches_locked(channel, frame, reterr);

    if (channel->closed) {
        return mwi_channel_report_closed_locked(channel, reterr);
    }
    if (io == MWI_IO_FAILED) {
        end_writing_locked(channel, reterr);
        return io;
    }
    if (put_back_locked(channel, frame, reterr) < 0) {
        return MWI_IO_FAILED;
    }
    if (io == MWI_IO_DONE &&
        (!channel->keeps_buffers || channel->out.cap > MWI_KEEP_MAX)) {
        mwi_buf_fini(&channel->out); /* an idle connection holds no buffer */
    }
    mwi_channel_tell_want_write_locked(channel, io != MWI_IO_DONE);
    return io;
}

static bool
is_over_locked(const struct mwi_channel *channel) MWI_REQUIRES(channel->mutex)
{
    return channel->closed || channel->ended_writing;
}

/* Keep the storage of what was written for the frames to come. */
static void
keep_storage_locked(struct mwi_channel *channel, struct mwi_buf *batch)
    MWI_REQUIRES(channel->mutex)
{
    if (channel->keeps_buffers && channel->out.data == NULL &&
        mwi_buf_len(batch) == 0 && batch->cap <= MWI_KEEP_MAX &&
        !channel->closed) {
        exchange(&channel->out, batch);
    }
}

enum mwi_io
mwi_channel_flush(struct mwi_channel *channel, mw_error *reterr)
{
    enum mwi_io io = MWI_IO_DONE;
    struct mwi_buf buf;
    struct batch none = { .buf = &buf };

    mwi_buf_init(&buf, SIZE_MAX);
    mwi_lock(&channel->mutex);
    if (is_over_locked(channel)) {
        io = mwi_channel_report_closed_locked(channel, reterr);
    } else if (!channel->is_writing) {
        io = write_locked(channel, &none, reterr);
        keep_storage_locked(channel, &buf);
    }
    mwi_unlock(&channel->mutex);
    mwi_buf_fini(&buf);
    return io;
}

static mw_status
put_locked(struct mwi_channel *channel, const struct batch *frame,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    if (is_over_locked(channel)) {
        (void) mwi_channel_report_closed_locked(channel, reterr);
        return reterr->status;
    }
    return append_locked(channel, frame, reterr);
}

mw_status
mwi_channel_put(
    struct mwi_channel *channel, struct mwi_buf *frame, mw_error *reterr)
{
    struct batch batch = { .buf = frame };
    mw_status status;

    mwi_lock(&channel->mutex);
    status = put_locked(channel, &batch, reterr);
    mwi_unlock(&channel->mutex);
    return status;
}

/* Put the bytes that wait before those of a frame, whose pieces stay apart. */
static mw_status
put_before_locked(struct mwi_channel *channel, const struct batch *frame,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    struct batch bytes = { .buf = frame->buf };
    size_t before = mwi_buf_len(&channel->out);

    if (before == 0) {
        return MW_OK;
    }
    if (append_locked(channel, &bytes, reterr) < 0) {
        return reterr->status;
    }
    mwi_buf_consume(frame->buf, mwi_buf_len(frame->buf));
    exchange(frame->buf, &channel->out);
    mwi_gather_push(frame->gather, before);
    return MW_OK;
}

/* Behind what waits already, or else straight to the stream and only the rest
 * into the buffer. */
static mw_status
send_locked(struct mwi_channel *channel, const struct batch *frame,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    if (is_over_locked(channel) || channel->is_writing ||
        channel->wants_write) {
        return put_locked(channel, frame, reterr);
    }
    if (put_before_locked(channel, frame, reterr) < 0) {
        return reterr->status;
    }
    return write_locked(channel, frame, reterr) == MWI_IO_FAILED
               ? reterr->status
               : MW_OK;
}

mw_status
mwi_channel_send_gathered(struct mwi_channel *channel, struct mwi_buf *frame,
    struct mwi_gather *gather, mw_error *reterr)
{
    struct batch batch = { .buf = frame, .gather = gather };
    mw_status status;

    mwi_lock(&channel->mutex);
    status = send_locked(channel, &batch, reterr);
    mwi_unlock(&channel->mutex);
    return status;
}

mw_status
mwi_channel_send(
    struct mwi_channel *channel, struct mwi_buf *frame, mw_error *reterr)
{
    return mwi_channel_send_gathered(channel, frame, NULL, reterr);
}
