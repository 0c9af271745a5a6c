/* SPDX-License-Identifier: MIT */
/*
 * Connecting: each address of the host in turn, until one is connected; then
 * the handshake, whose failure is final.  An address that does not answer may
 * use up only its share of the time that is left, so that the next one has a
 * chance.
 */
#include "net/dial.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "net/poller.h"
#include "net/resolve.h"
#include "net/socket.h"

enum { UNIX_RETRY_MS = 5 };

/* Puts the address in front of the text. */
static mw_status
name_address(mw_error *reterr, mw_status status, const char *text)
{
    mw_error inner;

    if (reterr != NULL) {
        inner = *reterr;
        (void) mwi_fail(reterr, status, "%.120s: %s", text, inner.text);
        reterr->sys_errno = inner.sys_errno;
    }
    return status;
}

static mw_status
fail_connect(mw_error *reterr, int error)
{
    bool no_memory = error == ENOMEM || error == ENOBUFS;

    return mwi_fail_sys(reterr, no_memory ? MW_ENOMEM : MW_EUNAVAILABLE, error,
        "cannot connect");
}

/* A connect() to a free port of this host may by chance be given that very
 * port and meet itself (RFC 9293 section 3.5, simultaneous open). */
static bool
is_self(int fd)
{
    struct sockaddr_storage own;
    struct sockaddr_storage peer;
    socklen_t own_len = sizeof(own);
    socklen_t peer_len = sizeof(peer);

    return getsockname(fd, (struct sockaddr *) &own, &own_len) == 0 &&
           getpeername(fd, (struct sockaddr *) &peer, &peer_len) == 0 &&
           own_len == peer_len && own.ss_family != AF_UNIX &&
           memcmp(&own, &peer, own_len) == 0;
}

/* The connect() under way: 0, ETIMEDOUT at the deadline, or an errno. */
static int
await_connect(int fd, int64_t deadline)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (!mwi_poll_one(fd, MWI_POLL_WRITE, deadline)) {
        return ETIMEDOUT;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
        return errno;
    }
    if (error == 0 && is_self(fd)) {
        return ECONNREFUSED;
    }
    return error;
}

/* A unix socket whose backlog is full says EAGAIN, and cannot be polled. */
static bool
may_retry(int error, int64_t deadline)
{
    if (error != EAGAIN || mwi_now() >= deadline) {
        return false;
    }
    (void) poll(NULL, 0, UNIX_RETRY_MS);
    return true;
}

/* Connects a new socket. */
static mw_status
connect_one(int *ret_fd, const struct sockaddr *address, socklen_t len,
    int64_t deadline, mw_error *reterr)
{
    int fd = socket(
        address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0) {
        return fail_connect(reterr, errno);
    }
    do {
        error = connect(fd, address, len) == 0 ? 0 : errno;
    } while (may_retry(error, deadline));
    if (error == EINPROGRESS || error == EINTR) {
        error = await_connect(fd, deadline);
    }
    if (error == 0) {
        *ret_fd = fd;
        return MW_OK;
    }
    (void) close(fd);
    if ((error == ETIMEDOUT || error == EAGAIN) && mwi_now() >= deadline) {
        return mwi_fail(reterr, MW_ETIMEDOUT, "not connected in time");
    }
    return fail_connect(reterr, error);
}

static mw_status
connect_unix(int *ret_fd, const struct mwi_address *address, int64_t deadline,
    mw_error *reterr)
{
    struct sockaddr_un to;
    socklen_t len = mwi_unix_address(&to, address);

    return connect_one(
        ret_fd, (const struct sockaddr *) &to, len, deadline, reterr);
}

static mw_status
connect_tcp(int *ret_fd, const struct mwi_address *address, char *text,
    size_t text_size, int64_t deadline, mw_error *reterr)
{
    struct addrinfo *list;
    mw_status status =
        mwi_resolve(&list, address, false, MW_EUNAVAILABLE, reterr);
    int64_t n_left = 0;

    if (status < 0) {
        return status;
    }
    for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        n_left++;
    }
    for (struct addrinfo *a = list; a != NULL; a = a->ai_next, n_left--) {
        int64_t now = mwi_now();
        int64_t until = deadline;

        if (deadline != MWI_FOREVER && deadline > now) {
            until = now + (deadline - now) / n_left;
        }
        status = connect_one(ret_fd, a->ai_addr, a->ai_addrlen, until, reterr);
        if (status == MW_OK) {
            mwi_sockaddr_text(text, text_size, address->scheme, a->ai_addr);
            break;
        }
    }
    freeaddrinfo(list);
    return status;
}

static mw_status
finish_handshake(struct mwi_stream *s, int64_t deadline, mw_error *reterr)
{
    for (;;) {
        enum mwi_io io = mwi_stream_handshake(s, reterr);
        uint32_t events;

        switch (io) {
        case MWI_IO_DONE:
            return MW_OK;
        case MWI_IO_WANT_READ:
            events = MWI_POLL_READ;
            break;
        case MWI_IO_WANT_WRITE:
            events = MWI_POLL_WRITE;
            break;
        case MWI_IO_CLOSED:
            return mwi_fail(reterr, MW_EUNAVAILABLE,
                "connection closed during the handshake");
        default:
            return MW_EUNAUTHENTICATED; /* corrected by the caller */
        }
        if (!mwi_poll_one(mwi_stream_fd(s), events, deadline)) {
            return mwi_fail(reterr, MW_ETIMEDOUT,
                "connected, but the TLS handshake was not finished in time");
        }
    }
}

/* From a connected socket, which it takes, to a stream that is ready. */
static mw_status
make_stream(struct mwi_stream **ret_stream, int fd, const char *peer,
    const struct mwi_address *address, struct mwi_tls_config *config,
    int64_t deadline, mw_error *reterr)
{
    struct mwi_stream *stream;
    mw_status status = mwi_socket_stream(&stream, fd, peer, reterr);

    if (status < 0) {
        (void) close(fd);
        return status;
    }
    if (address->scheme == MWI_SCHEME_TLS) {
        struct mwi_stream *lower = stream;

        status = mwi_tls_client_stream(
            &stream, lower, config, mwi_address_name(address), reterr);
        if (status == MW_OK) {
            status = finish_handshake(stream, deadline, reterr);
        }
    }
    if (status < 0) {
        mwi_stream_close(stream);
        return status;
    }
    *ret_stream = stream;
    return MW_OK;
}

/* As it was written, with what the name has led to. */
static void
describe(const struct mwi_address *address, char *text, size_t size)
{
    char at[MWI_ADDRESS_TEXT_MAX];
    struct mwi_address written = *address;

    memcpy(written.host, mwi_address_name(address), sizeof(written.host));
    mwi_address_text(&written, at);
    if (address->name[0] != '\0') {
        (void) snprintf(text, size, "%.80s (%.64s)", at, address->host);
    } else {
        (void) snprintf(text, size, "%s", at);
    }
}

mw_status
mwi_dial(struct mwi_stream **ret_stream, const struct mwi_address *address,
    struct mwi_tls_config *config, int64_t deadline, mw_error *reterr)
{
    char text[MWI_ADDRESS_TEXT_MAX];
    char peer[MWI_ADDRESS_TEXT_MAX];
    mw_error error;
    mw_status status;
    int fd;

    mwi_error_clear(&error);
    describe(address, text, sizeof(text));
    if (address->scheme == MWI_SCHEME_TLS && config == NULL) {
        return mwi_fail(
            reterr, MW_EINVAL, "%.120s: TLS needs mw_tls_options", text);
    }
    mwi_address_text(address, peer);
    status =
        address->scheme == MWI_SCHEME_UNIX
            ? connect_unix(&fd, address, deadline, &error)
            : connect_tcp(&fd, address, peer, sizeof(peer), deadline, &error);
    if (status == MW_OK) {
        status = make_stream(
            ret_stream, fd, peer, address, config, deadline, &error);
    }
    if (status < 0 && reterr != NULL) {
        *reterr = error;
        return name_address(reterr, error.status, text);
    }
    return status < 0 ? error.status : MW_OK;
}
