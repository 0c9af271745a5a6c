/* SPDX-License-Identifier: MIT */
/*
 * wire: a channel, frames over a stream, with one reader and many writers.
 *
 * Writers hand over whole frames, which go out in the order of the calls.  One
 * of them writes; what others hand over meanwhile it writes next, together,
 * so that many frames share a TLS record and a system call.  What the stream
 * does not take at once stays in a bounded buffer.  The owner is told, under
 * the channel's lock, when something begins and ceases to wait for the
 * stream, so that it can poll the descriptor for writing.
 */
#ifndef MWI_WIRE_CHANNEL_H
#define MWI_WIRE_CHANNEL_H

#include "base/gather.h"
#include "base/sync.h"
#include "codec/apart.h"
#include "net/stream.h"
#include "wire/frame.h"

struct mwi_channel;

/* Called with channel->mutex held; must not call back into the channel.  Not
 * called any more once the channel is closed. */
typedef void (*mwi_want_write_cb)(struct mwi_channel *channel, bool wanted);

struct mwi_channel {
    struct mwi_mutex mutex;       /* only io is locked inside it */
    struct mwi_mutex io;          /* nothing is locked inside it */
    struct mwi_stream *stream;    /* [io] */
    bool closed;                  /* [mutex, io] both to write, one to read */
    bool ended_writing;           /* [mutex] a write has failed */
    bool is_writing;              /* [mutex] a thread is, until out is empty */
    bool wants_write;             /* [mutex] as told to want_write */
    size_t n_writing;             /* [mutex] bytes that this thread took out */
    struct mwi_buf out;           /* [mutex] frames not yet written */
    mw_error why;                 /* [mutex] it is over */
    mwi_want_write_cb want_write; /* constant; NULL allowed */
    int fd;                       /* constant; for polling only */
    size_t message_max;           /* constant; bytes of a message received */
    struct mwi_buf in;            /* reader: bytes not yet handed out */
    size_t in_view;               /* reader: bytes of in handed out last */
    struct mwi_apart apart;       /* reader: of the message that in begins
                                     with ... */
    size_t apart_cap;             /* reader: bytes of its block, so far ... */
    size_t apart_got;             /* reader: ... and of what has come */
    bool splits;                  /* constant; messages may have a payload
                                     apart */
    bool keeps_buffers;           /* constant; until mwi_channel_rest() */
};

/** A channel over a stream.
 *
 * @param stream       [take] handshake done or still to come
 * @param message_max  bytes that a message received may have
 * @param out_max      bytes that may wait to be written
 */
void mwi_channel_init(struct mwi_channel *channel, struct mwi_stream *stream,
    size_t message_max, size_t out_max, mwi_want_write_cb want_write);

/** Close it and free its buffers.  @thread owner, when nobody uses it */
void mwi_channel_fini(struct mwi_channel *channel);

/** End the stream in both directions: whatever is sent or filled later fails
 * with why (with MW_EUNAVAILABLE if that is no failure), and whoever polls the
 * descriptor is woken.  Messages that were read already stay to be had.
 * @thread any */
void mwi_channel_close(struct mwi_channel *channel, const mw_error *why);

/** See mwi_stream_handshake().  @thread reader */
enum mwi_io mwi_channel_handshake(
    struct mwi_channel *channel, mw_error *reterr);

/** Read what is there, once; to be called when mwi_channel_next() has nothing.
 *
 * @retval MWI_IO_DONE       mwi_channel_next() may have something
 * @retval MWI_IO_WANT_READ  nothing is there, also nothing that polling would
 *                           not show
 * @retval MWI_IO_CLOSED     the peer ended the stream behind a whole message
 * @retval MWI_IO_FAILED     the channel is closed or broken
 * @thread reader; does not block */
enum mwi_io mwi_channel_fill(struct mwi_channel *channel, mw_error *reterr);

/** The next whole message that was read: [view] until the next call of this or
 * of mwi_channel_fill().
 *
 * @retval MWI_IO_DONE       *ret_bytes and *ret_len are set
 * @retval MWI_IO_WANT_READ  no whole message is there: fill again
 * @retval MWI_IO_FAILED     the stream holds no frames, or one longer than
 *                           message_max
 * @thread reader; does not block */
enum mwi_io mwi_channel_next(struct mwi_channel *channel,
    const uint8_t **ret_bytes, size_t *ret_len, mw_error *reterr);

/** The payload of the message handed out last that is not among its bytes;
 * without a block if there is none.  [view] like the message, but the block may
 * be taken out.
 * @thread reader */
static inline struct mwi_apart *
mwi_channel_apart(struct mwi_channel *channel)
{
    return &channel->apart;
}

/** Make that payload the caller's own.  To be called before
 * mwi_channel_take().
 *
 * @param ret_apart  [own: mwi_apart_fini()] [out]
 * @thread reader */
void mwi_channel_take_apart(
    struct mwi_channel *channel, struct mwi_apart *ret_apart);

/** Make the message handed out last the caller's own, without copying it, if
 * it is the only one in a buffer, as long messages are.
 *
 * @param ret_bytes  [inout] initialised; what it has is freed, and it holds
 *                   exactly the message
 * @return  false: copy it
 * @thread reader; does not block */
bool mwi_channel_take(struct mwi_channel *channel, struct mwi_buf *ret_bytes);

/** Nothing is expected for a while: give back buffers that hold nothing.
 * @thread reader; does not block */
void mwi_channel_rest(struct mwi_channel *channel);

/** Hand over a frame that may wait until the next is sent, or the caller
 * flushes, which it will.  Returns as mwi_channel_send().
 * @thread any; does not block */
MW_MUST_USE mw_status mwi_channel_put(
    struct mwi_channel *channel, struct mwi_buf *frame, mw_error *reterr);

/** Send the frame in a buffer made with mwi_frame_begin() and _end(), and what
 * was put before it.
 *
 * If another thread is just writing, that one will write it.  What cannot be
 * written at once is kept; see mwi_channel_flush().
 *
 * @param frame  [inout] consumed: what is left in it is of no use
 * @retval MW_EEXHAUSTED  too much waits to be written already; the channel is
 *                        now closed, for this is a peer that does not read
 * @retval MW_EUNAVAILABLE  the channel is closed or broken.  What the peer has
 *                          sent can still be read, up to the end that follows
 * @retval MW_ENOMEM  out of memory; the channel is closed, for a frame that
 *                    was begun could not be kept
 * @thread any; does not block */
MW_MUST_USE mw_status mwi_channel_send(
    struct mwi_channel *channel, struct mwi_buf *frame, mw_error *reterr);

/** The same for a frame with pieces.  They are written from where they are, or
 * copied as far as they cannot be at once: their memory is not needed any more
 * when this returns.
 *
 * @param gather  [inout] consumed; NULL: without pieces */
MW_MUST_USE mw_status mwi_channel_send_gathered(struct mwi_channel *channel,
    struct mwi_buf *frame, struct mwi_gather *gather, mw_error *reterr);

/** Write what waits.  DONE: all is written, or another thread is at it.
 * @thread any; does not block */
enum mwi_io mwi_channel_flush(struct mwi_channel *channel, mw_error *reterr);

/** Whether something waits until the descriptor can be written to.
 * @thread any */
bool mwi_channel_wants_write(struct mwi_channel *channel);

/** Whether there may be bytes to be read that the descriptor does not show.
 * @thread any */
bool mwi_channel_has_unread(struct mwi_channel *channel);

/** Whom it leads to; all empty once it is closed.  @thread any */
void mwi_channel_peer(struct mwi_channel *channel, mw_peer *ret_peer);

#endif
