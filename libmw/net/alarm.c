/* SPDX-License-Identifier: MIT */
#include "net/alarm.h"

#include <sys/timerfd.h>
#include <time.h>

#include "base/clock.h"

enum { NS_PER_S = 1000000000 };

int
mwi_alarm_open(void)
{
    return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

void
mwi_alarm_set(int fd, int64_t deadline)
{
    struct itimerspec when = { .it_value = { .tv_nsec = 0 } };

    if (deadline != MWI_FOREVER) {
        /* All zero would disarm it. */
        deadline = deadline > 0 ? deadline : 1;
        when.it_value.tv_sec = (time_t) (deadline / NS_PER_S);
        when.it_value.tv_nsec = (long) (deadline % NS_PER_S);
    }
    (void) timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}
