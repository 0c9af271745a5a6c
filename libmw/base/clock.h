/* SPDX-License-Identifier: MIT */
/*
 * base: monotonic time.  A deadline is an absolute time in nanoseconds of
 * CLOCK_MONOTONIC; the wall clock is used nowhere.
 */
#ifndef MWI_BASE_CLOCK_H
#define MWI_BASE_CLOCK_H

#include "mw/base.h"

#define MWI_FOREVER INT64_MAX /* a deadline that never passes */

/** Now. */
int64_t mwi_now(void);

/** The deadline that is ms milliseconds away. */
int64_t mwi_deadline_in(uint32_t ms);

/** The deadline that is ms milliseconds after a time. */
int64_t mwi_deadline_after(int64_t time, uint32_t ms);

/** Milliseconds from now to the deadline, rounded up, at least 0, for poll();
 * -1 for MWI_FOREVER. */
int mwi_deadline_poll_ms(int64_t deadline);

/** Milliseconds from now to the deadline, rounded up; UINT32_MAX for
 * MWI_FOREVER. */
uint32_t mwi_deadline_left_ms(int64_t deadline);

#endif
