/* SPDX-License-Identifier: MIT */
/*
 * TCP_USER_TIMEOUT goes before the number of keepalive probes, and it also ends
 * a connection whose peer is there but takes nothing (tcp(7)).  So it must not
 * be shorter than either may be.
 */
#include "net/progress.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { PROBES = 3, MS_PER_S = 1000 };

static bool
is_tcp(int fd)
{
    int protocol = 0;
    socklen_t size = sizeof(protocol);

    return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           protocol == IPPROTO_TCP;
}

void
mwi_progress_of(int fd, struct mwi_progress *ret_progress)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof(info);
    int left = 0;

    (void) ioctl(fd, SIOCOUTQ, &left);
    ret_progress->left = left > 0 ? (uint64_t) left : 0;
    if (is_tcp(fd) &&
        getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
        ret_progress->moved = info.tcpi_bytes_acked;
    } else {
        ret_progress->moved = ret_progress->left; /* nothing else can be seen */
    }
}

static void
set(int fd, int option, uint32_t value)
{
    int number = value < INT32_MAX ? (int) value : INT32_MAX;

    (void) setsockopt(fd, IPPROTO_TCP, option, &number, sizeof(number));
}

static uint32_t
whole_seconds(uint32_t ms)
{
    return ms < MS_PER_S ? 1 : (ms + MS_PER_S - 1) / MS_PER_S;
}

void
mwi_keepalive_set(int fd, const struct mwi_keepalive *keepalive)
{
    const int on = 1;
    uint32_t silent_ms = keepalive->after_ms + keepalive->timeout_ms;

    if (!is_tcp(fd)) {
        return;
    }
    (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    set(fd, TCP_KEEPIDLE, whole_seconds(keepalive->after_ms));
    set(fd, TCP_KEEPINTVL, whole_seconds(keepalive->timeout_ms / PROBES));
    set(fd, TCP_KEEPCNT, PROBES);
    set(fd, TCP_USER_TIMEOUT,
        silent_ms > keepalive->unread_ms ? silent_ms : keepalive->unread_ms);
}
