/* SPDX-License-Identifier: MIT */
/*
 * Handlers that wait for other servers: no longer than somebody waits for them.
 *
 * Such a caller polls what tells it that its own call was cancelled, beside the
 * connection if it reads, or beside an eventfd, by which others wake it.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mw/call.h"

#include "base/clock.h"
#include "net/poller.h"
#include "rpc/call.h"
#include "rpc/conn_parts.h"

bool
mwi_conn_is_stopped(const struct mwi_waiter *waiter)
{
    return waiter->handled != NULL &&
           atomic_load(&waiter->handled->is_cancelled);
}

bool
mwi_conn_poll_unless_stopped(
    const struct mwi_waiter *waiter, int fd, uint32_t events, int64_t deadline)
{
    struct pollfd fds[2] = { { .fd = fd }, { .events = POLLIN } };

    if (waiter->handled == NULL) {
        return mwi_poll_one(fd, events, deadline);
    }
    fds[0].events = (short) (((events & MWI_POLL_READ) != 0 ? POLLIN : 0) |
                             ((events & MWI_POLL_WRITE) != 0 ? POLLOUT : 0));
    fds[1].fd = mw_call_cancel_fd(waiter->handled); /* -1: is not polled */
    (void) poll(fds, 2, mwi_deadline_poll_ms(deadline));
    return fds[0].revents != 0;
}

bool
mwi_conn_sleep_unless_stopped_locked(struct mwi_conn *conn,
    struct mwi_waiter *waiter, int64_t deadline) MWI_REQUIRES(conn->mutex)
{
    uint64_t count;

    if (waiter->wake_fd < 0) {
        waiter->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        waiter->owns_wake_fd = waiter->wake_fd >= 0;
    }
    if (waiter->wake_fd < 0) {
        return false;
    }
    mwi_conn_lie_down_locked(conn, waiter);
    mwi_unlock(&conn->mutex);
    (void) mwi_conn_poll_unless_stopped(
        waiter, waiter->wake_fd, MWI_POLL_READ, deadline);
    (void) !read(waiter->wake_fd, &count, sizeof(count));
    mwi_lock(&conn->mutex);
    mwi_conn_get_up_locked(conn, waiter);
    return true;
}
