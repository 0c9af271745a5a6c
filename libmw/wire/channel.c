/* SPDX-License-Identifier: MIT */
/*
 * The lock serialises the stream, which is neither thread-safe nor, being TLS,
 * two independent halves.  Nothing under it waits: the stream is non-blocking.
 */
#include "wire/channel.h"

#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

enum {
    READ_SIZE = 16 << 10,      /* one TLS record, RFC 8446 section 5.1 */
    READ_SIZE_MAX = 256 << 10, /* for the rest of a long message */
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
    channel->closed = true;
    channel->why = *why;
    if (channel->why.status >= 0) {
        /* An end without a fault still is none of success for what follows. */
        channel->why.status = MW_EUNAVAILABLE;
    }
    mwi_buf_fini(&channel->out);
    mwi_stream_shutdown(channel->stream);
    /* The descriptor stays ours while somebody may still poll it; this ends
     * such a poll. */
    (void) shutdown(channel->fd, SHUT_RDWR);
}

void
mwi_channel_close(struct mwi_channel *channel, const mw_error *why)
{
    mwi_lock(&channel->mutex);
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

static void
tell_want_write_locked(struct mwi_channel *channel, bool wanted)
    MWI_REQUIRES(channel->mutex)
{
    if (channel->wants_write != wanted) {
        channel->wants_write = wanted;
        if (channel->want_write != NULL) {
            channel->want_write(channel, wanted);
        }
    }
}

enum mwi_io
mwi_channel_handshake(struct mwi_channel *channel, mw_error *reterr)
{
    enum mwi_io io;

    mwi_lock(&channel->mutex);
    if (channel->closed) {
        io = report_closed_locked(channel, reterr);
    } else {
        io = mwi_stream_handshake(channel->stream, reterr);
        tell_want_write_locked(channel, io == MWI_IO_WANT_WRITE);
    }
    mwi_unlock(&channel->mutex);
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

enum mwi_io
mwi_channel_fill(struct mwi_channel *channel, mw_error *reterr)
{
    size_t size;
    size_t n = 0;
    uint8_t *room;
    enum mwi_io io;

    drop_view(channel);
    size = read_size(channel);
    room = mwi_buf_reserve(&channel->in, size);
    if (room == NULL) {
        mwi_fail_nomem(reterr);
        return MWI_IO_FAILED;
    }
    mwi_lock(&channel->mutex);
    io = channel->closed
             ? report_closed_locked(channel, reterr)
             : mwi_stream_read(channel->stream, room, size, &n, reterr);
    if (io == MWI_IO_WANT_WRITE) {
        tell_want_write_locked(channel, true);
    } else if (io == MWI_IO_WANT_READ && mwi_buf_len(&channel->in) == 0) {
        mwi_stream_rest(channel->stream);
    }
    mwi_unlock(&channel->mutex);
    if (io == MWI_IO_DONE) {
        mwi_buf_commit(&channel->in, n);
    }
    if (mwi_buf_len(&channel->in) == 0) {
        mwi_buf_fini(&channel->in); /* an idle connection holds no buffer */
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

/* Write as much of a buffer as the stream takes, and hand that on. */
static enum mwi_io
write_locked(struct mwi_channel *channel, struct mwi_buf *buf, mw_error *reterr)
    MWI_REQUIRES(channel->mutex)
{
    while (mwi_buf_len(buf) > 0) {
        size_t n = 0;
        enum mwi_io io = mwi_stream_write(
            channel->stream, mwi_buf_bytes(buf), mwi_buf_len(buf), &n, reterr);

        if (io == MWI_IO_CLOSED) {
            mwi_fail(reterr, MW_EUNAVAILABLE, "the peer closed the connection");
            return MWI_IO_FAILED;
        }
        if (io != MWI_IO_DONE) {
            return io;
        }
        mwi_buf_consume(buf, n);
    }
    return mwi_stream_flush(channel->stream, reterr);
}

static enum mwi_io
flush_locked(struct mwi_channel *channel, mw_error *reterr)
    MWI_REQUIRES(channel->mutex)
{
    enum mwi_io io;

    if (channel->closed || channel->ended_writing) {
        return report_closed_locked(channel, reterr);
    }
    io = write_locked(channel, &channel->out, reterr);
    if (io == MWI_IO_FAILED) {
        end_writing_locked(channel, reterr);
        return io;
    }
    if (io == MWI_IO_DONE) {
        mwi_buf_fini(&channel->out); /* an idle connection holds no buffer */
    }
    tell_want_write_locked(channel, io != MWI_IO_DONE);
    return io;
}

enum mwi_io
mwi_channel_flush(struct mwi_channel *channel, mw_error *reterr)
{
    enum mwi_io io;

    mwi_lock(&channel->mutex);
    io = flush_locked(channel, reterr);
    mwi_unlock(&channel->mutex);
    return io;
}

/* Behind what waits already, or else straight to the stream and only the rest
 * into the buffer. */
static mw_status
send_locked(struct mwi_channel *channel, struct mwi_buf *frame,
    mw_error *reterr) MWI_REQUIRES(channel->mutex)
{
    enum mwi_io io = MWI_IO_DONE;
    mw_status status;

    if (channel->closed || channel->ended_writing) {
        report_closed_locked(channel, reterr);
        return reterr->status;
    }
    if (mwi_buf_len(&channel->out) == 0) {
        io = write_locked(channel, frame, reterr);
    }
    if (io == MWI_IO_FAILED) {
        end_writing_locked(channel, reterr);
        return reterr->status;
    }
    if (mwi_buf_len(frame) == 0) {
        tell_want_write_locked(channel, io != MWI_IO_DONE);
        return MW_OK;
    }
    status =
        mwi_buf_append(&channel->out, mwi_buf_bytes(frame), mwi_buf_len(frame));
    if (status < 0) {
        if (status == MW_ERANGE) {
            status = mwi_fail(reterr, MW_EEXHAUSTED,
                "the peer does not read: %zu bytes wait to be written",
                mwi_buf_len(&channel->out));
        } else {
            mwi_fail_nomem(reterr);
        }
        close_locked(channel, reterr);
        return status;
    }
    tell_want_write_locked(channel, true);
    return MW_OK;
}

mw_status
mwi_channel_send(
    struct mwi_channel *channel, struct mwi_buf *frame, mw_error *reterr)
{
    mw_status status;

    mwi_lock(&channel->mutex);
    status = send_locked(channel, frame, reterr);
    mwi_unlock(&channel->mutex);
    return status;
}

void
mwi_channel_peer(struct mwi_channel *channel, mw_peer *ret_peer)
{
    memset(ret_peer, 0, sizeof(*ret_peer));
    mwi_lock(&channel->mutex);
    if (!channel->closed) {
        mwi_stream_peer(channel->stream, ret_peer);
    }
    mwi_unlock(&channel->mutex);
}
