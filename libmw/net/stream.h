/* SPDX-License-Identifier: MIT */
/*
 * net: a non-blocking, two-way stream of bytes: a TCP or unix socket, TLS over
 * one, or half of a pair within the process.
 *
 * A stream is not thread-safe: its owner serialises all calls.  Polling its
 * descriptor needs no lock.  No function here raises SIGPIPE.
 */
#ifndef MWI_NET_STREAM_H
#define MWI_NET_STREAM_H

#include "mw/status.h"
#include "mw/tls.h"

/* How an operation went. */
enum mwi_io {
    MWI_IO_DONE = 0,       /* it has done what it is there for */
    MWI_IO_WANT_READ = 1,  /* again when the descriptor is readable */
    MWI_IO_WANT_WRITE = 2, /* again when the descriptor is writable */
    MWI_IO_CLOSED = 3,     /* the peer has ended the stream in good order */
    MWI_IO_FAILED = 4,     /* broken; *reterr says why */
};

struct mwi_stream;

struct mwi_stream_ops {
    enum mwi_io (*handshake)(struct mwi_stream *s, mw_error *reterr);
    enum mwi_io (*read)(struct mwi_stream *s, void *bytes, size_t len,
        size_t *ret_n, mw_error *reterr);
    enum mwi_io (*write)(struct mwi_stream *s, const void *bytes, size_t len,
        size_t *ret_n, mw_error *reterr);
    enum mwi_io (*flush)(struct mwi_stream *s, mw_error *reterr);
    bool (*is_dry)(struct mwi_stream *s);     /* NULL: cannot tell */
    bool (*has_unread)(struct mwi_stream *s); /* NULL: never */
    void (*rest)(struct mwi_stream *s);       /* NULL: holds nothing */
    void (*shutdown)(struct mwi_stream *s);
    void (*close)(struct mwi_stream *s);
    int (*fd)(const struct mwi_stream *s);
    void (*peer)(const struct mwi_stream *s, mw_peer *ret_peer);
};

/* Embedded as first member by each kind of stream. */
struct mwi_stream {
    const struct mwi_stream_ops *ops;
};

/** Go on with what must happen before bytes can be moved.  Must be DONE before
 * the first read or write.
 *
 * Before it says WANT_READ, all that this end has to say has left.  But DONE
 * may leave its last words in the stream, so that they go together with the
 * first bytes: the next flush, or read that has to wait, sends them. */
enum mwi_io mwi_stream_handshake(struct mwi_stream *s, mw_error *reterr);

/** Read 1 to len bytes.  DONE sets *ret_n.  A stream may hold bytes that its
 * descriptor does not show: read until WANT_READ before polling.
 *
 * A stream may have to answer what it reads.  It sends such answers itself
 * before it says WANT_READ.  If they cannot leave, it says WANT_WRITE instead:
 * poll for both, and flush when the descriptor is writable. */
enum mwi_io mwi_stream_read(struct mwi_stream *s, void *bytes, size_t len,
    size_t *ret_n, mw_error *reterr);

/** Have the stream take 1 to len bytes.  DONE sets *ret_n; the bytes may still
 * be in the stream, see mwi_stream_flush().  WANT_WRITE: it holds as much as
 * it may, and none of that could leave. */
enum mwi_io mwi_stream_write(struct mwi_stream *s, const void *bytes,
    size_t len, size_t *ret_n, mw_error *reterr);

/** Hand on what the stream holds.  DONE: the kernel has all that was taken. */
enum mwi_io mwi_stream_flush(struct mwi_stream *s, mw_error *reterr);

/** Whether the last read has taken all that there was, which is then forgotten:
 * spares who asks a read that would say WANT_READ.  Should bytes have come
 * since, a poll reports them. */
bool mwi_stream_is_dry(struct mwi_stream *s);

/** Whether it holds bytes to be read that its descriptor does not show. */
bool mwi_stream_has_unread(struct mwi_stream *s);

/** Nothing is expected to be moved for a while: give back memory that is only
 * needed for moving. */
void mwi_stream_rest(struct mwi_stream *s);

/** Tell the peer that no more bytes will come, as far as that is possible
 * without waiting.  Nothing is told while bytes that were taken cannot leave:
 * to a peer over TLS it is a truncation if the stream is closed then. */
void mwi_stream_shutdown(struct mwi_stream *s);

/** Close the descriptor and free the stream.  NULL allowed. */
void mwi_stream_close(struct mwi_stream *s);

/** The descriptor to poll. */
int mwi_stream_fd(const struct mwi_stream *s);

/** Whom it leads to.  Complete once the handshake is over. */
void mwi_stream_peer(const struct mwi_stream *s, mw_peer *ret_peer);

#endif
