/* SPDX-License-Identifier: MIT */
/*
 * Streams over connected sockets.  Every send carries MSG_NOSIGNAL, so that a
 * peer that went away is an error and never a SIGPIPE.
 */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

struct socket_stream {
    struct mwi_stream stream;
    int fd;
    bool is_unix;
    bool is_drained; /* the last read took less than there was room for */
    char address[sizeof(((mw_peer *) NULL)->address)]; /* the peer's */
};

static struct socket_stream *
from_stream(struct mwi_stream *s)
{
    return (struct socket_stream *) (void *) s;
}

static const struct socket_stream *
from_const_stream(const struct mwi_stream *s)
{
    return (const struct socket_stream *) (const void *) s;
}

static bool
is_try_again(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

static enum mwi_io
fail(int error, const char *doing, mw_error *reterr)
{
    bool no_memory = error == ENOMEM || error == ENOBUFS;

    (void) mwi_fail_sys(reterr, no_memory ? MW_ENOMEM : MW_EUNAVAILABLE, error,
        "%s failed", doing);
    return MWI_IO_FAILED;
}

static enum mwi_io
socket_handshake(struct mwi_stream *s, mw_error *reterr)
{
    (void) s;
    (void) reterr;
    return MWI_IO_DONE;
}

static bool
socket_is_dry(struct mwi_stream *s)
{
    struct socket_stream *sock = from_stream(s);
    bool is_dry = sock->is_drained;

    sock->is_drained = false;
    return is_dry;
}

static enum mwi_io
socket_read(struct mwi_stream *s, void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct socket_stream *sock = from_stream(s);
    ssize_t n;

    /* A short read has emptied the socket: spare the system call that would
     * say so.  Should bytes have come since, a poll reports them. */
    if (socket_is_dry(s)) {
        return MWI_IO_WANT_READ;
    }
    do {
        n = recv(sock->fd, bytes, len, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return is_try_again(errno) ? MWI_IO_WANT_READ
                                   : fail(errno, "reading", reterr);
    }
    if (n == 0) {
        return MWI_IO_CLOSED;
    }
    sock->is_drained = (size_t) n < len;
    *ret_n = (size_t) n;
    return MWI_IO_DONE;
}

static enum mwi_io
socket_write(struct mwi_stream *s, const void *bytes, size_t len, size_t *ret_n,
    mw_error *reterr)
{
    struct socket_stream *sock = from_stream(s);
    ssize_t n;

    do {
        n = send(sock->fd, bytes, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return is_try_again(errno) ? MWI_IO_WANT_WRITE
                                   : fail(errno, "writing", reterr);
    }
    *ret_n = (size_t) n;
    return MWI_IO_DONE;
}

/* What was taken is the kernel's already. */
static enum mwi_io
socket_flush(struct mwi_stream *s, mw_error *reterr)
{
    (void) s;
    (void) reterr;
    return MWI_IO_DONE;
}

static void
socket_shutdown(struct mwi_stream *s)
{
    (void) shutdown(from_stream(s)->fd, SHUT_WR);
}

static void
socket_close(struct mwi_stream *s)
{
    struct socket_stream *sock = from_stream(s);

    (void) close(sock->fd);
    mwi_free(sock);
}

static int
socket_fd(const struct mwi_stream *s)
{
    return from_const_stream(s)->fd;
}

static void
socket_peer(const struct mwi_stream *s, mw_peer *ret_peer)
{
    const struct socket_stream *sock = from_const_stream(s);
    struct ucred cred;
    socklen_t size = sizeof(cred);

    memcpy(ret_peer->address, sock->address, sizeof(ret_peer->address));
    if (sock->is_unix &&
        getsockopt(sock->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0) {
        (void) snprintf(ret_peer->name, sizeof(ret_peer->name), "uid:%u",
            (unsigned) cred.uid);
    }
}

static const struct mwi_stream_ops socket_ops = {
    .handshake = socket_handshake,
    .read = socket_read,
    .is_dry = socket_is_dry,
    .write = socket_write,
    .flush = socket_flush,
    .shutdown = socket_shutdown,
    .close = socket_close,
    .fd = socket_fd,
    .peer = socket_peer,
};

mw_status
mwi_socket_stream(struct mwi_stream **ret_stream, int fd, const char *address,
    mw_error *reterr)
{
    const int on = 1;
    int domain = 0;
    socklen_t size = sizeof(domain);
    int flags = fcntl(fd, F_GETFL);
    struct socket_stream *sock;

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0) {
        return mwi_fail_sys(reterr, MW_EINVAL, errno, "not a usable socket");
    }
    sock = mwi_calloc(1, sizeof(*sock));
    if (sock == NULL) {
        return mwi_fail_nomem(reterr);
    }
    if (domain == AF_INET || domain == AF_INET6) {
        /* What is written is a whole batch of messages already. */
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    sock->stream.ops = &socket_ops;
    sock->fd = fd;
    sock->is_unix = domain == AF_UNIX;
    (void) snprintf(sock->address, sizeof(sock->address), "%s", address);
    *ret_stream = &sock->stream;
    return MW_OK;
}

mw_status
mwi_stream_pair(struct mwi_stream *ret_ends[2], mw_error *reterr)
{
    struct mwi_stream *ends[2] = { NULL, NULL };
    mw_status status;
    int fds[2];

    if (socketpair(
            AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) {
        return mwi_fail_sys(
            reterr, MW_EUNAVAILABLE, errno, "making a pair of sockets");
    }
    status = mwi_socket_stream(&ends[0], fds[0], "local:", reterr);
    if (status == MW_OK) {
        status = mwi_socket_stream(&ends[1], fds[1], "local:", reterr);
    }
    if (status < 0) {
        if (ends[0] != NULL) {
            mwi_stream_close(ends[0]);
        } else {
            (void) close(fds[0]);
        }
        (void) close(fds[1]);
        return status;
    }
    ret_ends[0] = ends[0];
    ret_ends[1] = ends[1];
    return MW_OK;
}
