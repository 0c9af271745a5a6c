/* SPDX-License-Identifier: MIT */
/*
 * base: sets of numbers, a bit each, in words of 64.
 */
#ifndef MWI_BASE_BITS_H
#define MWI_BASE_BITS_H

#include "mw/base.h"

static inline bool
mwi_bit_is_set(const uint64_t *bits, size_t i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static inline void
mwi_bit_set(uint64_t *bits, size_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

#endif
