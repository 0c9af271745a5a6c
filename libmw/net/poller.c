/* SPDX-License-Identifier: MIT */
/*
 * Level-triggered: an event that was not dealt with is reported again, so no
 * wake-up is ever lost between threads.  Only wakes and alarms are reported on
 * their edge, so that each reaches one thread, and nobody has to read them.
 */
#include "net/poller.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

enum {
    WAIT_MAX = 64, /* events taken from the kernel at once */
    NS_PER_S = 1000000000,
};

static uint32_t
to_epoll(uint32_t events)
{
    return ((events & MWI_POLL_READ) != 0 ? (uint32_t) EPOLLIN : 0) |
           ((events & MWI_POLL_WRITE) != 0 ? (uint32_t) EPOLLOUT : 0) |
           ((events & MWI_POLL_ONCE) != 0 ? (uint32_t) EPOLLONESHOT : 0);
}

static uint32_t
from_epoll(uint32_t events)
{
    return ((events & EPOLLIN) != 0 ? (uint32_t) MWI_POLL_READ : 0) |
           ((events & EPOLLOUT) != 0 ? (uint32_t) MWI_POLL_WRITE : 0) |
           ((events & (EPOLLHUP | EPOLLERR)) != 0 ? (uint32_t) MWI_POLL_HANGUP
                                                  : 0);
}

static int
control(struct mwi_poller *poller, int operation, int fd, uint32_t events,
    void *owner)
{
    struct epoll_event event = { .events = to_epoll(events),
        .data.ptr = owner };

    return epoll_ctl(poller->epoll_fd, operation, fd, &event);
}

/* A descriptor of the poller's own, whose edges are reported without owner. */
static bool
watch_edges(struct mwi_poller *poller, int fd)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET };

    return fd >= 0 &&
           epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

mw_status
mwi_poller_init(struct mwi_poller *poller, mw_error *reterr)
{
    mw_status status;

    poller->wake_fd = poller->alarm_fd = -1;
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd >= 0) {
        poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        poller->alarm_fd =
            timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (watch_edges(poller, poller->wake_fd) &&
            watch_edges(poller, poller->alarm_fd)) {
            return MW_OK;
        }
    }
    status = mwi_fail_sys(reterr, errno == ENOMEM ? MW_ENOMEM : MW_EEXHAUSTED,
        errno, "making a poller");
    mwi_poller_fini(poller);
    return status;
}

void
mwi_poller_fini(struct mwi_poller *poller)
{
    if (poller->alarm_fd >= 0) {
        (void) close(poller->alarm_fd);
    }
    if (poller->wake_fd >= 0) {
        (void) close(poller->wake_fd);
    }
    if (poller->epoll_fd >= 0) {
        (void) close(poller->epoll_fd);
    }
    poller->wake_fd = poller->alarm_fd = poller->epoll_fd = -1;
}

mw_status
mwi_poller_add(struct mwi_poller *poller, int fd, uint32_t events, void *owner,
    mw_error *reterr)
{
    if (control(poller, EPOLL_CTL_ADD, fd, events, owner) == 0) {
        return MW_OK;
    }
    switch (errno) {
    case ENOMEM:
        return mwi_fail_nomem(reterr);
    case ENOSPC: /* fs.epoll.max_user_watches */
        return mwi_fail_sys(
            reterr, MW_EEXHAUSTED, errno, "watching a descriptor");
    default:
        return mwi_fail_sys(
            reterr, MW_EINVAL, errno, "watching descriptor %d", fd);
    }
}

void
mwi_poller_modify(
    struct mwi_poller *poller, int fd, uint32_t events, void *owner)
{
    (void) control(poller, EPOLL_CTL_MOD, fd, events, owner);
}

void
mwi_poller_remove(struct mwi_poller *poller, int fd)
{
    (void) control(poller, EPOLL_CTL_DEL, fd, 0, NULL);
}

size_t
mwi_poller_wait(struct mwi_poller *poller, struct mwi_poll_event *ret_events,
    size_t max, int64_t deadline)
{
    struct epoll_event events[WAIT_MAX];
    int n;

    n = epoll_wait(poller->epoll_fd, events,
        max < WAIT_MAX ? (int) max : WAIT_MAX, mwi_deadline_poll_ms(deadline));
    for (int i = 0; i < n; i++) {
        ret_events[i].owner = events[i].data.ptr;
        ret_events[i].events = from_epoll(events[i].events);
    }
    return n > 0 ? (size_t) n : 0;
}

void
mwi_poller_wake(struct mwi_poller *poller)
{
    static const uint64_t one = 1;
    int saved = errno; /* a signal handler must not change it */

    /* Only its edge counts; the counter is full after 2^64 wakes. */
    (void) !write(poller->wake_fd, &one, sizeof(one));
    errno = saved;
}

void
mwi_poller_alarm(struct mwi_poller *poller, int64_t ns)
{
    const struct itimerspec when = {
        .it_value = { .tv_sec = (time_t) (ns / NS_PER_S),
            .tv_nsec = (long) (ns % NS_PER_S) },
    };

    (void) timerfd_settime(poller->alarm_fd, 0, &when, NULL);
}

bool
mwi_poll_one(int fd, uint32_t events, int64_t deadline)
{
    struct pollfd watched = { .fd = fd };
    int n;

    if ((events & MWI_POLL_READ) != 0) {
        watched.events |= POLLIN;
    }
    if ((events & MWI_POLL_WRITE) != 0) {
        watched.events |= POLLOUT;
    }
    do {
        n = poll(&watched, 1, mwi_deadline_poll_ms(deadline));
        /* A deadline beyond what poll() can count waits in rounds. */
    } while ((n < 0 && errno == EINTR) || (n == 0 && mwi_now() < deadline));
    /* Other errors are lasting; let the caller's next call meet them. */
    return n != 0;
}
