/* SPDX-License-Identifier: MIT */
/*
 * base: how many processors there are for this process.
 */
#ifndef MWI_BASE_CPU_H
#define MWI_BASE_CPU_H

#include "mw/base.h"

/** Processors that the process may run on, at least 1, as it was when this was
 * first asked.  @thread any */
uint32_t mwi_cpu_count(void);

/** Whether the machine has but one.  @thread any */
bool mwi_cpu_is_single(void);

#endif
