/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "net/progress.h"

/* Two sockets of a TCP connection. */
static void
make_pair(int ends[2])
{
    struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(to);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(listener, (struct sockaddr *) &to, sizeof(to)), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *) &to, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(ends[0], (struct sockaddr *) &to, sizeof(to)), 0);
    ends[1] = accept(listener, NULL, NULL);
    cr_assert_geq(ends[1], 0);
    (void) close(listener);
}

static void
close_pair(int ends[2])
{
    (void) close(ends[0]);
    (void) close(ends[1]);
}

static int
option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);

    cr_assert_eq(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

Test(net_progress, keepalive)
{
    const struct mwi_keepalive seconds = { .after_ms = 10000,
        .timeout_ms = 5000 };
    const struct mwi_keepalive patient = {
        .after_ms = 1, .timeout_ms = 1, .unread_ms = 30000
    };
    int ends[2];

    make_pair(ends);
    mwi_keepalive_set(ends[0], &seconds);
    cr_assert_eq(option(ends[0], SOL_SOCKET, SO_KEEPALIVE), 1);
    cr_assert_eq(option(ends[0], IPPROTO_TCP, TCP_KEEPIDLE), 10);
    cr_assert_eq(option(ends[0], IPPROTO_TCP, TCP_KEEPINTVL), 2);
    cr_assert_eq(option(ends[0], IPPROTO_TCP, TCP_KEEPCNT), 3);
    cr_assert_eq(option(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 15000);
    /* No shorter than the kernel can, or than a peer may keep us waiting. */
    mwi_keepalive_set(ends[0], &patient);
    cr_assert_eq(option(ends[0], IPPROTO_TCP, TCP_KEEPIDLE), 1);
    cr_assert_eq(option(ends[0], IPPROTO_TCP, TCP_KEEPINTVL), 1);
    cr_assert_eq(option(ends[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 30000);
    close_pair(ends);
}

Test(net_progress, other_sockets)
{
    const struct mwi_keepalive keepalive = { .after_ms = 1, .timeout_ms = 1 };
    struct mwi_progress progress = { 7, 7 };
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    mwi_keepalive_set(ends[0], &keepalive);
    cr_assert_eq(option(ends[0], SOL_SOCKET, SO_KEEPALIVE), 0);
    mwi_progress_of(ends[0], &progress);
    cr_assert_eq(progress.left, 0);
    close_pair(ends);
    mwi_keepalive_set(-1, &keepalive);
    mwi_progress_of(-1, &progress);
    cr_assert_eq(progress.left, 0);
}

/* Fill it, and look while it is being emptied. */
static void
check_moves(int ends[2])
{
    struct mwi_progress full;
    struct mwi_progress now;
    char bytes[65536];
    size_t n = 0;

    memset(bytes, 'x', sizeof(bytes));
    while (send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
        n++;
    }
    cr_assert_gt(n, 0);
    /* TCP may still be moving what there is room for. */
    do {
        mwi_progress_of(ends[0], &full);
        (void) usleep(1000);
        mwi_progress_of(ends[0], &now);
    } while (now.moved != full.moved);
    cr_assert_gt(full.left, 0);
    do {
        (void) recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT);
        mwi_progress_of(ends[0], &now);
    } while (now.moved == full.moved);
    while (now.left > 0) {
        (void) recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT);
        mwi_progress_of(ends[0], &now);
    }
}

Test(net_progress, tcp)
{
    int ends[2];

    make_pair(ends);
    check_moves(ends);
    close_pair(ends);
}

Test(net_progress, unix_sockets)
{
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_moves(ends);
    close_pair(ends);
}
