/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

enum { NS_PER_MS = 1000000 };

int64_t
mwi_now(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 * NS_PER_MS + now.tv_nsec;
}

int64_t
mwi_deadline_after(int64_t time, uint32_t ms)
{
    return time + (int64_t) ms * NS_PER_MS;
}

int64_t
mwi_deadline_in(uint32_t ms)
{
    return mwi_deadline_after(mwi_now(), ms);
}

static int64_t
left_ms(int64_t deadline)
{
    int64_t now = mwi_now();

    return deadline <= now ? 0 : 1 + (deadline - now - 1) / NS_PER_MS;
}

int
mwi_deadline_poll_ms(int64_t deadline)
{
    int64_t ms;

    if (deadline == MWI_FOREVER) {
        return -1;
    }
    ms = left_ms(deadline);
    return ms > INT_MAX ? INT_MAX : (int) ms;
}

uint32_t
mwi_deadline_left_ms(int64_t deadline)
{
    int64_t ms;

    if (deadline == MWI_FOREVER) {
        return UINT32_MAX;
    }
    ms = left_ms(deadline);
    return ms >= UINT32_MAX ? UINT32_MAX - 1 : (uint32_t) ms;
}
