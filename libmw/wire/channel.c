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
#include "base/mem.h"
#include "wire/channel_parts.h"

enum {
    READ_SIZE = 16 << 10,      /* one TLS record, RFC 8446 section 5.1 */
    READ_SIZE_MAX = 256 << 10, /* for the rest of a long message */
    SPLIT_MIN = 128 << 10,     /* bytes of a message that may have a payload
                                  apart */
    APART_STEP = 1 << 20,      /* bytes that are allocated for one at first */
    APART_GROWTH = 16,         /* and then, times those that have come */
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

void
mwi_channel_close_locked(struct mwi_channel *channel, const mw_error *why)
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
    mwi_channel_close_locked(channel, why);
    mwi_unlock(&channel->mutex);
}

void
mwi_channel_fini(struct mwi_channel *channel)
{
    static const mw_error gone = { .status = MW_EUNAVAILABLE };

    mwi_channel_close(channel, &gone);
    mwi_stream_close(channel->stream);
    mwi_buf_fini(&channel->in);
    mwi_apart_fini(&channel->apart);
    mwi_mutex_fini(&channel->io);
    mwi_mutex_fini(&channel->mutex);
}

/* For all that is tried when it is over. */
enum mwi_io
mwi_channel_report_closed_locked(struct mwi_channel *channel, mw_error *reterr)
    MWI_REQUIRES(channel->mutex)
{
    *reterr = channel->why;
    return MWI_IO_FAILED;
}

static enum mwi_io
report_closed(struct mwi_channel *channel, mw_error *reterr)
{
    mwi_lock(&channel->mutex);
    (void) mwi_channel_report_closed_locked(channel, reterr);
    mwi_unlock(&channel->mutex);
    return MWI_IO_FAILED;
}

void
mwi_channel_tell_want_write_locked(struct mwi_channel *channel, bool wanted)
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
    mwi_channel_tell_want_write_locked(channel, wanted);
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

/* What in begins with, and what is apart of it. */
static enum mwi_frame_state
parse(const struct mwi_channel *channel, struct mwi_frame *ret_frame)
{
    size_t len = mwi_buf_len(&channel->in);
    enum mwi_frame_state state =
        mwi_frame_parse(mwi_buf_bytes(&channel->in), len, ret_frame);

    if (channel->apart.bytes != NULL &&
        ret_frame->len <= len - ret_frame->head + channel->apart_got) {
        state = MWI_FRAME_WHOLE;
    }
    return state;
}

/* A long message is read in larger pieces: its length is known by then. */
static size_t
read_size(const struct mwi_channel *channel)
{
    struct mwi_frame frame;
    size_t have = mwi_buf_len(&channel->in) + channel->apart_got;
    size_t missing;

    if (have == 0 || parse(channel, &frame) != MWI_FRAME_PARTIAL ||
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
    if (channel->in_view == 0) {
        return;
    }
    mwi_buf_consume(&channel->in, channel->in_view);
    channel->in_view = 0;
    mwi_apart_fini(&channel->apart);
    channel->apart_cap = channel->apart_got = 0;
}

static enum mwi_io
read_stream(struct mwi_channel *channel, uint8_t *room, size_t size,
    size_t *ret_n, mw_error *reterr)
{
    enum mwi_io io = MWI_IO_FAILED;
    bool closed;

    mwi_lock(&channel->io);
    closed = channel->closed;
    if (!closed) {
        io = mwi_stream_read(channel->stream, room, size, ret_n, reterr);
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
    return io;
}

/* A long message has begun: if a long byte string is seen to begin in it, the
 * rest of that goes into a block of its own. */
static void
split(struct mwi_channel *channel)
{
    struct mwi_buf *in = &channel->in;
    struct mwi_frame frame;
    struct mwi_apart apart;
    const uint8_t *message;
    size_t have;

    if (parse(channel, &frame) != MWI_FRAME_PARTIAL || frame.len < SPLIT_MIN ||
        frame.len > channel->message_max) {
        return;
    }
    message = mwi_buf_bytes(in) + frame.head;
    have = mwi_buf_len(in) - frame.head;
    if (!mwi_apart_find(message, have, &apart) || apart.at > frame.len ||
        apart.len > frame.len - apart.at || have - apart.at >= apart.len) {
        return;
    }
    have -= apart.at;
    channel->apart_cap = apart.len < APART_STEP ? apart.len : APART_STEP;
    apart.bytes = mwi_malloc(channel->apart_cap);
    if (apart.bytes == NULL) {
        return; /* then it is read like any other message */
    }
    memcpy(apart.bytes, message + apart.at, have);
    in->end -= have;
    channel->apart_got = have;
    channel->apart = apart;
}

/* Read more of the message's own bytes. */
static enum mwi_io
fill_in(struct mwi_channel *channel, mw_error *reterr)
{
    struct mwi_buf *in = &channel->in;
    size_t size = read_size(channel);
    uint8_t *room = mwi_buf_reserve(in, size);
    size_t n = 0;
    enum mwi_io io;

    if (room == NULL) {
        mwi_fail_nomem(reterr);
        return MWI_IO_FAILED;
    }
    io = read_stream(channel, room, size, &n, reterr);
    if (io == MWI_IO_DONE) {
        mwi_buf_commit(in, n);
        /* Only at first: where the heads are many, none is looked at often. */
        if (channel->splits && channel->apart.bytes == NULL &&
            mwi_buf_len(in) <= (size_t) 2 * READ_SIZE) {
            split(channel);
        }
    }
    return io;
}

/* Read more of the payload that is apart.  Its announced length costs nothing
 * but a fraction of it that has come already, and a little. */
static enum mwi_io
fill_apart(struct mwi_channel *channel, mw_error *reterr)
{
    struct mwi_apart *apart = &channel->apart;
    size_t n = 0;
    enum mwi_io io;

    if (channel->apart_got == channel->apart_cap) {
        size_t cap = apart->len / APART_GROWTH > channel->apart_got
                         ? channel->apart_got * APART_GROWTH
                         : apart->len;
        uint8_t *block = mwi_realloc(apart->bytes, cap, 1);

        if (block == NULL) {
            mwi_fail_nomem(reterr);
            return MWI_IO_FAILED;
        }
        apart->bytes = block;
        channel->apart_cap = cap;
    }
    io = read_stream(channel, apart->bytes + channel->apart_got,
        channel->apart_cap - channel->apart_got, &n, reterr);
    channel->apart_got += n;
    return io;
}

enum mwi_io
mwi_channel_fill(struct mwi_channel *channel, mw_error *reterr)
{
    enum mwi_io io;

    drop_view(channel);
    io = channel->apart_got < channel->apart.len ? fill_apart(channel, reterr)
                                                 : fill_in(channel, reterr);
    if (mwi_buf_len(&channel->in) == 0) {
        if (!channel->keeps_buffers || io >= MWI_IO_CLOSED ||
            channel->in.cap > MWI_KEEP_MAX) {
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
    state = parse(channel, &frame);
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
    *ret_len = (size_t) frame.len - channel->apart.len;
    channel->in_view = frame.head + *ret_len;
    return MWI_IO_DONE;
}

void
mwi_channel_take_apart(struct mwi_channel *channel, struct mwi_apart *ret_apart)
{
    *ret_apart = channel->apart;
    channel->apart = (struct mwi_apart){ 0 };
    channel->apart_cap = channel->apart_got = 0;
}

bool
mwi_channel_take(struct mwi_channel *channel, struct mwi_buf *ret_bytes)
{
    struct mwi_buf *in = &channel->in;
    struct mwi_frame frame;

    if (channel->in_view < MWI_TAKE_MIN || channel->in_view < mwi_buf_len(in)) {
        return false;
    }
    (void) mwi_frame_parse(mwi_buf_bytes(in), mwi_buf_len(in), &frame);
    mwi_buf_fini(ret_bytes);
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

bool
mwi_channel_wants_write(struct mwi_channel *channel)
{
    bool wants;

    mwi_lock(&channel->mutex);
    wants = channel->wants_write;
    mwi_unlock(&channel->mutex);
    return wants;
}

bool
mwi_channel_has_unread(struct mwi_channel *channel)
{
    bool has_unread;

    mwi_lock(&channel->io);
    has_unread = !channel->closed && mwi_stream_has_unread(channel->stream);
    mwi_unlock(&channel->io);
    return has_unread;
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
