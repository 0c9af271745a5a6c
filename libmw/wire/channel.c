/* SPDX-License-Identifier: MIT */
/*
 * One lock serialises the stream, which is neither thread-safe nor, being TLS,
 * two independent halves; another guards all the rest, so that frames can be
 * handed over while the stream is busy.  Nothing under either waits: the stream
 * is non-blocking.
 */
#include "wire/channel.h"

#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

enum {
    READ_SIZE = 16 << 10,      /* one TLS record, RFC 8446 section 5.1 */
    READ_SIZE_MAX = 256 << 10, /* for the rest of a long message */
    KEEP_MAX = 64 << 10,       /* bytes of a buffer kept for the next frames */
    TAKE_MIN = 64 << 10,       /* bytes that are rather moved than copied */
};

void
mwi_channel_init(struct mwi_channel *channel, struct mwi_stream *stream,
    size_t message_max, size_t out_max, mwi_want_write_cb want_write)
{
    *channel = (struct mwi_channel){
        .stream = stream,
        .want_write = want_write,
        .fd = mwi_stream_fd(stream),
        .message_max = message_max,
    };
    mwi_mutex_init(&channel->mutex);
    mwi_mutex_init(&channel->io);
    mwi_buf_init(&channel->out, out_max);
    mwi_buf_init(
        &channel->in, message_max + MWI_FRAME_HEAD_MAX + READ_SIZE_MAX);
}

static void
close_locked(struct mwi_channel *channel, const mw_error *why)
    MWI_REQUIRES(channel->mutex)
{
    if (channel->closed) {
        return;
    }
    channel->why = *why;
    if (channel->why.status >= 0) {
        /* An end without a fault still is none of success for what follows. */
        channel->why.status = MW_EUNAVAILABLE;
    }
    mwi_buf_fini(&channel->out);
    mwi_lock(&channel->io);
    channel->closed = true;
    mwi_stream_shutdown(channel->stream);
    mwi_unlock(&channel->io);
    /* The descriptor stays ours while somebody may still poll it; this ends
     * such a poll. */
    (void) shutdown(channel->fd, SHUT_RDWR);
}

/* Another thread writes what was handed over before; that does not wait, so it
 * is soon done. */
static void
await_writer_locked(struct mwi_channel *channel) MWI_REQUIRES(channel->mutex)
{
    while (channel->is_writing) {
        mwi_unlock(&channel->mutex);
        (void) sched_yield();
        mwi_lock(&channel->mutex);
    }
}

void
mwi_channel_close(struct mwi_channel *channel, const mw_error *why)
{
    mwi_lock(&channel->mutex);
    await_writer_locked(channel);
    close_locked(channel, why);
    mwi_unlock(&channel->mutex);
}

void
mwi_channel_fini(struct mwi_channel *channel)
{
    static const mw_error gone = { .status = MW_EUNAVAILABLE };

    mwi_channel_close(channel, &gone);
    mwi_stream_close(channel->stream);
    mwi_buf_fini(&channel->in);
    mwi_mutex_fini(&channel->io);
    mwi_mutex_fini(&channel->mutex);
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

/* For all that is tried when it is over. */
static enum mwi_io
report_closed_locked(struct mwi_channel *channel, mw_error *reterr)
    MWI_REQUIRES(channel->mutex)
{
    *reterr = channel->why;
    return MWI_IO_FAILED;
}

static enum mwi_io
report_closed(struct mwi_channel *channel, mw_error *reterr)
{
    mwi_lock(&channel->mutex);
    (void) report_closed_locked(channel, reterr);
    mwi_unlock(&channel->mutex);
    return MWI_IO_FAILED;
}

static void
tell_want_write_locked(struct mwi_channel *channel, bool wanted)
    MWI_REQUIRES(channel->mutex)
{
    if (channel->wants_write != wanted && !channel->closed) {
        channel->wants_write = wanted;
        if (channel->want_write != NULL) {
            channel->want_write(channel, wanted);
        }
    }
}

static void
tell_want_write(struct mwi_channel *channel, bool wanted)
{
    mwi_lock(&channel->mutex);
    tell_want_write_locked(channel, wanted);
    mwi_unlock(&channel->mutex);
}

enum mwi_io
mwi_channel_handshake(struct mwi_channel *channel, mw_error *reterr)
{
    enum mwi_io io = MWI_IO_FAILED;
    bool closed;

    mwi_lock(&channel->io);
    closed = channel->closed;
    if (!closed) {
        io = mwi_stream_handshake(channel->stream, reterr);
    }
    mwi_unlock(&channel->io);
    if (closed) {
        return report_closed(channel, reterr);
    }
    tell_want_write(channel, io == MWI_IO_WANT_WRITE);
    return io;
}

/* A long message is read in larger pieces: its length is known by then. */
static size_t
read_size(const struct mwi_channel *channel)
{
    struct mwi_frame frame;
    size_t have = mwi_buf_len(&channel->in);
    size_t missing;

    if (have == 0 ||
        mwi_frame_parse(mwi_buf_bytes(&channel->in), have, &frame) !=
            MWI_FRAME_PARTIAL ||
        frame.len <= have) {
        return READ_SIZE;
    }
    missing = (size_t) frame.len + frame.head - have;
    missing = missing > READ_SIZE ? missing : READ_SIZE;
    return missing < READ_SIZE_MAX ? missing : READ_SIZE_MAX;
}

static void
drop_view(struct mwi_channel *channel)
{
    mwi_buf_consume(&channel->in, channel->in_view);
    channel->in_view = 0;
}

static enum mwi_io
read_stream(
    struct mwi_channel *channel, uint8_t *room, size_t size, mw_error *reterr)
{
    enum mwi_io io = MWI_IO_FAILED;
    size_t n = 0;
    bool closed;

    mwi_lock(&channel->io);
    closed = channel->closed;
    if (!closed) {
        io = mwi_stream_read(channel->stream, room, size, &n, reterr);
    }
    if (io == MWI_IO_WANT_READ && !channel->keeps_buffers &&
        mwi_buf_len(&channel->in) == 0) {
        mwi_stream_rest(channel->stream);
    }
    mwi_unlock(&channel->io);
    if (closed) {
        return report_closed(channel, reterr);
    }
    if (io == MWI_IO_WANT_WRITE) {
        tell_want_write(channel, true);
    }
    if (io == MWI_IO_DONE) {
        mwi_buf_commit(&channel->in, n);
    }
    return io;
}

enum mwi_io
mwi_channel_fill(struct mwi_channel *channel, mw_error *reterr)
{
    size_t size;
    uint8_t *room;
    enum mwi_io io;

    drop_view(channel);
    size = read_size(channel);
    room = mwi_buf_reserve(&channel->in, size);
    if (room == NULL) {
        mwi_fail_nomem(reterr);
        return MWI_IO_FAILED;
    }
    io = read_stream(channel, room, size, reterr);
    if (mwi_buf_len(&channel->in) == 0) {
        if (!channel->keeps_buffers || io >= MWI_IO_CLOSED ||
            channel->in.cap > KEEP_MAX) {
            mwi_buf_fini(&channel->in);
        }
    } else if (io == MWI_IO_CLOSED) {
        mwi_fail(reterr, MW_EUNAVAILABLE,
            "the peer closed the connection within a message");
        io = MWI_IO_FAILED;
    }
    return io;
}

enum mwi_io
mwi_channel_next(struct mwi_channel *channel, const uint8_t **ret_bytes,
    size_t *ret_len, mw_error *reterr)
{
    struct mwi_frame frame;
    const uint8_t *bytes;
    enum mwi_frame_state state;

    drop_view(channel);
    if (mwi_buf_len(&channel->in) == 0) {
        return MWI_IO_WANT_READ;
    }
    bytes = mwi_buf_bytes(&channel->in);
    state = mwi_frame_parse(bytes, mwi_buf_len(&channel->in), &frame);
    if (state == MWI_FRAME_BAD) {
        mwi_fail(reterr, MW_EPROTO,
            "the peer sent 0x%02x where a frame should begin", bytes[0]);
        return MWI_IO_FAILED;
    }
    if (frame.len > channel->message_max) {
        mwi_fail(reterr, MW_EPROTO,
            "the peer sent a message of %llu bytes, the limit is %zu",
            (unsigned long long) frame.len, channel->message_max);
        return MWI_IO_FAILED;
    }
    if (state == MWI_FRAME_PARTIAL) {
        return MWI_IO_WANT_READ;
    }
    *ret_bytes = bytes + frame.head;
    *ret_len = (size_t) frame.len;
    channel->in_view = frame.head + (size_t) frame.len;
    return MWI_IO_DONE;
}

bool
mwi_channel_take(struct mwi_channel *channel, struct mwi_buf *ret_bytes)
{
    struct mwi_buf *in = &channel->in;
    struct mwi_frame frame;

    if (channel->in_view < TAKE_MIN || channel->in_view < mwi_buf_len(in)) {
        return false;
    }
    (void) mwi_frame_parse(mwi_buf_bytes(in), mwi_buf_len(in), &frame);
    *ret_bytes = *in;
    mwi_buf_consume(ret_bytes, frame.head);
    mwi_buf_init(in, in->max);
    channel->in_view = 0;
    return true;
}

void
mwi_channel_rest(struct mwi_channel *channel)
{
    drop_view(channel);
    if (mwi_buf_len(&channel->in) == 0) {
        mwi_buf_fini(&channel->in);
    }
    mwi_lock(&channel->mutex);
    if (!channel->is_writing && mwi_buf_len(&channel->out) == 0) {
        mwi_buf_fini(&channel->out);
    }
    mwi_unlock(&channel->mutex);
    mwi_lock(&channel->io);
    mwi_stream_rest(channel->stream);
    mwi_unlock(&channel->io);
}

/* Writing. */

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
    close_locked(channel, reterr);
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

    if (has_room && mwi_buf_len(&channel->out) == 0 && len >= TAKE_MIN &&
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

/* Write the frame, or what waits when there is none. */
static enum mwi_io
write_locked(struct mwi_channel *channel, const struct batch *frame,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    enum mwi_io io = write_batches_locked(channel, frame, reterr);

    if (channel->closed) {
        return report_closed_locked(channel, reterr);
    }
    if (io == MWI_IO_FAILED) {
        end_writing_locked(channel, reterr);
        return io;
    }
    if (put_back_locked(channel, frame, reterr) < 0) {
        return MWI_IO_FAILED;
    }
    if (io == MWI_IO_DONE &&
        (!channel->keeps_buffers || channel->out.cap > KEEP_MAX)) {
        mwi_buf_fini(&channel->out); /* an idle connection holds no buffer */
    }
    tell_want_write_locked(channel, io != MWI_IO_DONE);
    return io;
}

static bool
is_over_locked(const struct mwi_channel *channel) MWI_REQUIRES(channel->mutex)
{
    return channel->closed || channel->ended_writing;
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
        io = report_closed_locked(channel, reterr);
    } else if (!channel->is_writing) {
        io = write_locked(channel, &none, reterr);
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
        (void) report_closed_locked(channel, reterr);
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

bool
mwi_channel_wants_write(struct mwi_channel *channel)
{
    bool wants;

    mwi_lock(&channel->mutex);
    wants = channel->wants_write;
    mwi_unlock(&channel->mutex);
    return wants;
}

void
mwi_channel_peer(struct mwi_channel *channel, mw_peer *ret_peer)
{
    memset(ret_peer, 0, sizeof(*ret_peer));
    mwi_lock(&channel->io);
    if (!channel->closed) {
        mwi_stream_peer(channel->stream, ret_peer);
    }
    mwi_unlock(&channel->io);
}
