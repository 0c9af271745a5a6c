/* SPDX-License-Identifier: MIT */
/*
 * net: a descriptor that becomes readable at a deadline, and stays so.
 */
#ifndef MWI_NET_ALARM_H
#define MWI_NET_ALARM_H

#include "mw/base.h"

/** A new descriptor, to be closed with close(); -1 and errno on failure. */
int mwi_alarm_open(void);

/** Set it: at a deadline (base/clock.h), which may have passed; never for
 * MWI_FOREVER. */
void mwi_alarm_set(int fd, int64_t deadline);

#endif
