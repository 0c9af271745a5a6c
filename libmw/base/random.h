/* SPDX-License-Identifier: MIT */
/*
 * base: random bytes, of the kernel: as good for keys as for jitter, and no two
 * processes get the same, also after a fork().
 */
#ifndef MWI_BASE_RANDOM_H
#define MWI_BASE_RANDOM_H

#include "mw/base.h"

/** Fill len bytes, up to 256. */
void mwi_random(void *bytes, size_t len);

/** Any number below n, or 0 if n is 0. */
uint64_t mwi_random_below(uint64_t n);

#endif
