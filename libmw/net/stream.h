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
    MWI_IO_DONE = 0,       /* something was moved, or the handshake is over */
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
 * the first read or write. */
enum mwi_io mwi_stream_handshake(struct mwi_stream *s, mw_error *reterr);

/** Read 1 to len bytes.  DONE sets *ret_n.  A stream may hold bytes that its
 * descriptor does not show: read until WANT_READ before polling. */
enum mwi_io mwi_stream_read(struct mwi_stream *s, void *bytes, size_t len,
    size_t *ret_n, mw_error *reterr);

/** Write 1 to len bytes.  DONE sets *ret_n.  After WANT_WRITE or WANT_READ the
 * next write must begin with the same bytes (their address may differ, and
 * more may follow them). */
enum mwi_io mwi_stream_write(struct mwi_stream *s, const void *bytes,
    size_t len, size_t *ret_n, mw_error *reterr);

/** Tell the peer that no more bytes will come, as far as that is possible
 * without waiting.  To a peer over TLS it is a truncation if the last write
 * had to wait and was not gone on with. */
void mwi_stream_shutdown(struct mwi_stream *s);

/** Close the descriptor and free the stream.  NULL allowed. */
void mwi_stream_close(struct mwi_stream *s);

/** The descriptor to poll. */
int mwi_stream_fd(const struct mwi_stream *s);

/** Whom it leads to.  Complete once the handshake is over. */
void mwi_stream_peer(const struct mwi_stream *s, mw_peer *ret_peer);

#endif
