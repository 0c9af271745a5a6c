/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lib/fault_stream.h"
#include "net/poller.h"
#include "net/socket.h"
#include "unit/net/ends.h"

static void
open_pair(struct ends *ends)
{
    struct mwi_stream *pair[2];

    memset(ends, 0, sizeof(*ends));
    cr_assert_eq(mwi_stream_pair(pair, NULL), MW_OK);
    ends->client.stream = pair[0];
    ends->server.stream = pair[1];
}

static void
open_tcp(struct ends *ends)
{
    int fds[2];

    memset(ends, 0, sizeof(*ends));
    ends_tcp(fds);
    cr_assert_eq(mwi_socket_stream(
                     &ends->client.stream, fds[0], "plaintext://a:1", NULL),
        MW_OK);
    cr_assert_eq(mwi_socket_stream(
                     &ends->server.stream, fds[1], "plaintext://b:2", NULL),
        MW_OK);
}

Test(net_socket, pair)
{
    struct ends ends;
    char uid[32];
    mw_peer peer;

    open_pair(&ends);
    ends_handshake(&ends);
    cr_assert_eq(ends.client.io, MWI_IO_DONE);
    ends_transfer(&ends.client, &ends.server, 3 << 20, 1);
    ends_transfer(&ends.server, &ends.client, 3 << 20, 2);
    (void) snprintf(uid, sizeof(uid), "uid:%u", (unsigned) getuid());
    memset(&peer, 'x', sizeof(peer));
    mwi_stream_peer(ends.client.stream, &peer);
    cr_assert_str_eq(peer.address, "local:");
    cr_assert_str_eq(peer.name, uid);
    cr_assert_str_empty(peer.tls);
    cr_assert_str_empty(peer.cipher);
    cr_assert_str_empty(peer.subject);
    ends_close(&ends);
}

Test(net_socket, tcp)
{
    struct ends ends;
    mw_peer peer;
    int fd;
    int value = 0;
    socklen_t size = sizeof(value);

    open_tcp(&ends);
    fd = mwi_stream_fd(ends.client.stream);
    cr_assert((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    cr_assert_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    cr_assert_neq(value, 0);
    ends_handshake(&ends);
    ends_transfer(&ends.client, &ends.server, 3 << 20, 1);
    ends_transfer(&ends.server, &ends.client, 3 << 20, 2);
    mwi_stream_peer(ends.server.stream, &peer);
    cr_assert_str_eq(peer.address, "plaintext://b:2");
    cr_assert_str_empty(peer.name);
    ends_close(&ends);
}

Test(net_socket, short_reads_and_writes)
{
    struct mwt_faults faults = {
        .seed = 5, .chunk_max = 7, .wait_percent = 30
    };
    struct ends ends;

    open_pair(&ends);
    cr_assert_eq(
        mwt_fault_stream(&ends.client.stream, ends.client.stream, &faults),
        MW_OK);
    ends_transfer(&ends.client, &ends.server, 20000, 1);
    ends_transfer(&ends.server, &ends.client, 20000, 2);
    ends_close(&ends);
}

/* A writer whose peer does not read is told to wait, and can go on later. */
static void
push_back(struct ends *ends)
{
    static char bytes[1 << 16];
    size_t total = 0;
    size_t got = 0;
    size_t n;

    while ((ends->client.io = mwi_stream_write(ends->client.stream, bytes,
                sizeof(bytes), &n, NULL)) == MWI_IO_DONE) {
        total += n;
        cr_assert_lt(total, (size_t) 1 << 30);
    }
    cr_assert_eq(ends->client.io, MWI_IO_WANT_WRITE);
    cr_assert_not(mwi_poll_one(
        mwi_stream_fd(ends->client.stream), MWI_POLL_WRITE, mwi_now()));
    while (got < total) {
        ends->server.io = mwi_stream_read(
            ends->server.stream, bytes, sizeof(bytes), &n, NULL);
        if (ends->server.io == MWI_IO_DONE) {
            got += n;
        } else {
            cr_assert_eq(ends->server.io, MWI_IO_WANT_READ);
            cr_assert(mwi_poll_one(mwi_stream_fd(ends->server.stream),
                MWI_POLL_READ, mwi_deadline_in(ENDS_WAIT_MS)));
        }
    }
    cr_assert_eq(got, total);
    cr_assert(mwi_poll_one(mwi_stream_fd(ends->client.stream), MWI_POLL_WRITE,
        mwi_deadline_in(ENDS_WAIT_MS)));
    ends_transfer(&ends->client, &ends->server, 10, 1);
    ends_close(ends);
}

Test(net_socket, backpressure)
{
    struct ends ends;

    open_pair(&ends);
    push_back(&ends);
    open_tcp(&ends);
    push_back(&ends);
}

Test(net_socket, half_close)
{
    struct ends ends;

    open_tcp(&ends);
    mwi_stream_shutdown(ends.client.stream);
    ends_read_to_end(&ends.server);
    cr_assert_eq(ends.server.io, MWI_IO_CLOSED);
    ends_transfer(&ends.server, &ends.client, 1000, 1);
    mwi_stream_close(ends.server.stream);
    ends.server.stream = NULL;
    ends_read_to_end(&ends.client);
    cr_assert_eq(ends.client.io, MWI_IO_CLOSED);
    ends_close(&ends);
}

Test(net_socket, no_sigpipe)
{
    struct ends ends;

    (void) signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            open_pair(&ends);
        } else {
            open_tcp(&ends);
        }
        mwi_stream_close(ends.server.stream);
        ends.server.stream = NULL;
        ends_write_to_end(&ends.client);
        cr_assert_eq(ends.client.error.status, MW_EUNAVAILABLE);
        cr_assert(ends.client.error.sys_errno == EPIPE ||
                  ends.client.error.sys_errno == ECONNRESET);
        cr_assert_eq(
            strncmp(ends.client.error.text, "writing failed: ", 16), 0);
        mwi_stream_shutdown(ends.client.stream);
        ends_close(&ends);
    }
}

Test(net_socket, reset)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    struct ends ends;

    open_tcp(&ends);
    cr_assert_eq(setsockopt(mwi_stream_fd(ends.server.stream), SOL_SOCKET,
                     SO_LINGER, &at_once, sizeof(at_once)),
        0);
    mwi_stream_close(ends.server.stream);
    ends.server.stream = NULL;
    ends_read_to_end(&ends.client);
    cr_assert_eq(ends.client.io, MWI_IO_FAILED);
    cr_assert_eq(ends.client.error.status, MW_EUNAVAILABLE);
    cr_assert_eq(ends.client.error.sys_errno, ECONNRESET);
    cr_assert_str_eq(
        ends.client.error.text, "reading failed: Connection reset by peer");
    ends_close(&ends);
}

Test(net_socket, what_is_no_socket)
{
    struct mwi_stream *stream;
    mw_error error;
    int fds[2];

    cr_assert_eq(mwi_socket_stream(&stream, -1, "", &error), MW_EINVAL);
    cr_assert_str_eq(error.text, "not a usable socket: Bad file descriptor");
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    cr_assert_eq(mwi_socket_stream(&stream, fds[0], "", &error), MW_EINVAL);
    cr_assert_str_eq(
        error.text, "not a usable socket: Socket operation on non-socket");
    (void) close(fds[0]);
    (void) close(fds[1]);
}

Test(net_socket, out_of_memory)
{
    struct mwi_stream *pair[2];
    mw_error error;
    uint64_t n = 0;
    int before = dup(0);
    int after;

    (void) close(before);
    do {
        mwi_mem_fail_at(++n);
        if (mwi_stream_pair(pair, &error) == MW_OK) {
            mwi_stream_close(pair[0]);
            mwi_stream_close(pair[1]);
        } else {
            cr_assert_eq(error.status, MW_ENOMEM);
        }
    } while (mwi_mem_has_failed());
    mwi_mem_fail_at(0);
    cr_assert_eq(n, 3);
    after = dup(0);
    (void) close(after);
    cr_assert_eq(before, after, "a descriptor was leaked");
}

Test(net_socket, close_of_nothing)
{
    mwi_stream_close(NULL);
}
