/* SPDX-License-Identifier: MIT */
/*
 * net: waiting for many descriptors at once, with epoll (level-triggered), and
 * ways to end the wait from elsewhere: at once, or after a while.
 *
 * Several threads may wait.  What happens, and a wake, is reported to one of
 * them, mostly the one that came last, whose caches are warm.
 */
#ifndef MWI_NET_POLLER_H
#define MWI_NET_POLLER_H

#include "mw/status.h"

enum {
    MWI_POLL_READ = 1u << 0,
    MWI_POLL_WRITE = 1u << 1,
    MWI_POLL_ONCE = 1u << 3,   /* report once, then pause until modified */
    MWI_POLL_HANGUP = 1u << 2, /* reported only: both ways ended, or broken */
};

struct mwi_poll_event {
    void *owner;     /* as registered; NULL: mwi_poller_wake() was called,
                        or the alarm went off */
    uint32_t events; /* MWI_POLL_… */
};

struct mwi_poller {
    int epoll_fd;
    int wake_fd;  /* eventfd */
    int alarm_fd; /* timerfd */
};

MW_MUST_USE mw_status mwi_poller_init(
    struct mwi_poller *poller, mw_error *reterr);
void mwi_poller_fini(struct mwi_poller *poller);

/** Watch a descriptor for MWI_POLL_READ and/or _WRITE.  owner is not NULL.
 * @thread any */
MW_MUST_USE mw_status mwi_poller_add(struct mwi_poller *poller, int fd,
    uint32_t events, void *owner, mw_error *reterr);

/** Change what a descriptor is watched for; 0 pauses it but for HANGUP.
 * Cannot fail for a descriptor that was added.  @thread any */
void mwi_poller_modify(
    struct mwi_poller *poller, int fd, uint32_t events, void *owner);

/** Stop watching.  An event already collected by a mwi_poller_wait() that is
 * under way may still be reported.  @thread any */
void mwi_poller_remove(struct mwi_poller *poller, int fd);

/** Wait until something happens or the deadline (base/clock.h) passes, and
 * report up to max events.  Returns how many; 0 at the deadline or when a
 * signal came.  @thread any; blocks */
size_t mwi_poller_wait(struct mwi_poller *poller,
    struct mwi_poll_event *ret_events, size_t max, int64_t deadline);

/** Make the wait return, or the next one; of several threads one returns.
 * Wakes between two waits are one.  @thread any, also a signal handler */
void mwi_poller_wake(struct mwi_poller *poller);

/** Make the wait return in ns nanoseconds, which replaces the alarm set before.
 * Unlike a wake it disturbs nobody until then.  @thread any */
void mwi_poller_alarm(struct mwi_poller *poller, int64_t ns);

/** Wait for one descriptor without a poller.  Returns false once the deadline
 * has passed.  @thread any; blocks */
bool mwi_poll_one(int fd, uint32_t events, int64_t deadline);

#endif
