/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets.
 *
 * A unix socket leaves its path behind when its process dies.  A path on which
 * nobody listens is taken over; of two servers that start on it at the same
 * moment, the later one wins.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/resolve.h"
#include "net/socket.h"

struct mwi_listener {
    int fd;
    struct mwi_address address;      /* bound to */
    char text[MWI_ADDRESS_TEXT_MAX]; /* the same as text */
    struct mwi_tls_config *config;   /* [borrow] NULL but for TLS */
    dev_t device;                    /* unix: whose path is ours to remove */
    ino_t inode;
};

enum { SOCKET_FLAGS = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC };

/* A bound socket or -1 with errno set. */
static int
bind_tcp(const struct addrinfo *a)
{
    const int on = 1;
    const int off = 0;
    int fd = socket(a->ai_family, SOCKET_FLAGS, 0);
    int saved;

    if (fd < 0) {
        return -1;
    }
    /* Connections of a former server that linger do not block the port. */
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6) {
        /* [::] takes IPv4 connections too, whatever the system's default. */
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
        listen(fd, SOMAXCONN) == 0) {
        return fd;
    }
    saved = errno;
    (void) close(fd);
    errno = saved;
    return -1;
}

static mw_status
fail_bind(mw_error *reterr, int error)
{
    bool no_memory = error == ENOMEM || error == ENOBUFS;

    return mwi_fail_sys(reterr, no_memory ? MW_ENOMEM : MW_EUNAVAILABLE, error,
        "cannot listen");
}

/* Notes the port that was bound. */
static mw_status
note_port(struct mwi_listener *l, mw_error *reterr)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound;
    socklen_t len = sizeof(bound);
    in_port_t port;

    if (getsockname(l->fd, &bound.any, &len) < 0) {
        return fail_bind(reterr, errno);
    }
    port = bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port
                                           : bound.v4.sin_port;
    (void) snprintf(
        l->address.port, sizeof(l->address.port), "%u", (unsigned) ntohs(port));
    return MW_OK;
}

static mw_status
try_tcp(struct mwi_listener *l, mw_error *reterr)
{
    struct addrinfo *list;
    mw_status status = mwi_resolve(&list, &l->address, true, MW_EINVAL, reterr);

    if (status < 0) {
        return status;
    }
    for (struct addrinfo *a = list; a != NULL && l->fd < 0; a = a->ai_next) {
        l->fd = bind_tcp(a);
        if (l->fd < 0) {
            status = fail_bind(reterr, errno);
        }
    }
    freeaddrinfo(list);
    return l->fd < 0 ? status : note_port(l, reterr);
}

static mw_status
open_tcp(struct mwi_listener *l, mw_error *reterr)
{
    mw_error error;
    mw_status status = try_tcp(l, &error);

    /* On a host without IPv6, "all addresses" are those of IPv4. */
    if (status < 0 && strcmp(l->address.host, "::") == 0 &&
        (error.sys_errno == EAFNOSUPPORT || error.sys_errno == EADDRNOTAVAIL)) {
        memcpy(l->address.host, "0.0.0.0", sizeof("0.0.0.0"));
        status = try_tcp(l, &error);
    }
    if (status < 0 && reterr != NULL) {
        *reterr = error;
    }
    return status;
}

/* Whether a socket is at the path on which nobody listens. */
static bool
is_stale(const struct sockaddr_un *path, socklen_t len)
{
    struct stat found;
    bool is_refused;
    int fd;

    if (lstat(path->sun_path, &found) < 0 || !S_ISSOCK(found.st_mode)) {
        return false;
    }
    fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
    if (fd < 0) {
        return false;
    }
    is_refused = connect(fd, (const struct sockaddr *) path, len) < 0 &&
                 errno == ECONNREFUSED;
    (void) close(fd);
    return is_refused;
}

static mw_status
open_unix(struct mwi_listener *l, mw_error *reterr)
{
    struct sockaddr_un path;
    socklen_t len = mwi_unix_address(&path, &l->address);
    struct stat bound;
    int result;

    l->fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
    if (l->fd < 0) {
        return fail_bind(reterr, errno);
    }
    result = bind(l->fd, (const struct sockaddr *) &path, len);
    if (result < 0 && errno == EADDRINUSE && is_stale(&path, len)) {
        (void) unlink(path.sun_path);
        result = bind(l->fd, (const struct sockaddr *) &path, len);
    } else if (result < 0 && errno != EADDRINUSE) {
        return fail_bind(reterr, errno);
    }
    if (result < 0) {
        return fail_bind(reterr, EADDRINUSE);
    }
    if (lstat(path.sun_path, &bound) == 0) {
        l->device = bound.st_dev;
        l->inode = bound.st_ino;
    }
    return listen(l->fd, SOMAXCONN) < 0 ? fail_bind(reterr, errno) : MW_OK;
}

mw_status
mwi_listener_open(struct mwi_listener **ret_listener,
    const struct mwi_address *address, struct mwi_tls_config *config,
    mw_error *reterr)
{
    struct mwi_listener *l = mwi_calloc(1, sizeof(*l));
    mw_error error;
    mw_status status;

    if (l == NULL) {
        return mwi_fail_nomem(reterr);
    }
    l->fd = -1;
    l->address = *address;
    if (address->scheme == MWI_SCHEME_UNIX) {
        status = open_unix(l, &error);
    } else if (address->scheme == MWI_SCHEME_TLS && config == NULL) {
        status = mwi_fail(&error, MW_EINVAL, "TLS needs mw_tls_options");
    } else {
        status = open_tcp(l, &error);
        l->config = address->scheme == MWI_SCHEME_TLS ? config : NULL;
    }
    mwi_address_text(&l->address, l->text);
    if (status < 0) {
        (void) mwi_fail(reterr, status, "%.120s: %s", l->text, error.text);
        if (reterr != NULL) {
            reterr->sys_errno = error.sys_errno;
        }
        mwi_listener_close(l);
        return status;
    }
    *ret_listener = l;
    return MW_OK;
}

void
mwi_listener_close(struct mwi_listener *l)
{
    struct stat found;

    if (l == NULL) {
        return;
    }
    /* Unless another server has taken the path over. */
    if (lstat(l->address.path, &found) == 0 && found.st_dev == l->device &&
        found.st_ino == l->inode) {
        (void) unlink(l->address.path);
    }
    if (l->fd >= 0) {
        (void) close(l->fd);
    }
    mwi_free(l);
}

int
mwi_listener_fd(const struct mwi_listener *l)
{
    return l->fd;
}

const char *
mwi_listener_address(const struct mwi_listener *l)
{
    return l->text;
}

/* A connected socket or -1 with errno set. */
static int
accept_one(struct mwi_listener *l, char *text, size_t size)
{
    struct sockaddr_storage peer;
    socklen_t len;
    int fd;

    do {
        len = sizeof(peer);
        memset(&peer, 0, sizeof(peer));
        fd = accept4(l->fd, (struct sockaddr *) &peer, &len,
            SOCK_NONBLOCK | SOCK_CLOEXEC);
        /* A connection that is gone already is none. */
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd >= 0 && l->address.scheme != MWI_SCHEME_UNIX) {
        mwi_sockaddr_text(
            text, size, l->address.scheme, (const struct sockaddr *) &peer);
    }
    return fd;
}

static enum mwi_io
fail_accept(mw_error *reterr, int error)
{
    mw_status status = MW_EUNAVAILABLE;

    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        status = MW_EEXHAUSTED;
        break;
    default:
        break;
    }
    (void) mwi_fail_sys(reterr, status, error, "accepting a connection");
    return MWI_IO_FAILED;
}

enum mwi_io
mwi_listener_accept(
    struct mwi_listener *l, struct mwi_stream **ret_stream, mw_error *reterr)
{
    char text[MWI_ADDRESS_TEXT_MAX];
    struct mwi_stream *stream;
    int fd;

    memcpy(text, l->text, sizeof(text));
    fd = accept_one(l, text, sizeof(text));
    if (fd < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK
                   ? MWI_IO_WANT_READ
                   : fail_accept(reterr, errno);
    }
    if (mwi_socket_stream(&stream, fd, text, NULL) < 0) {
        (void) close(fd);
        return fail_accept(reterr, ENOMEM);
    }
    if (l->config != NULL) {
        struct mwi_stream *lower = stream;

        if (mwi_tls_server_stream(&stream, lower, l->config, NULL) < 0) {
            mwi_stream_close(lower);
            return fail_accept(reterr, ENOMEM);
        }
    }
    *ret_stream = stream;
    return MWI_IO_DONE;
}
