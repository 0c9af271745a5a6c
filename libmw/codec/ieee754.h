/* SPDX-License-Identifier: MIT */
/*
 * codec: floating-point numbers as bits.  A conversion in the processor sets
 * the quiet bit of a NaN; these keep all bits, or say that they cannot.
 */
#ifndef MWI_CODEC_IEEE754_H
#define MWI_CODEC_IEEE754_H

#include <float.h>
#include <string.h>

#include "codec/cbor.h"

enum {
    MWI_FLOAT_NAN_SHIFT = 29, /* mantissa bits that only a double has */
};

/** Whether bits are a binary32 NaN. */
static inline bool
mwi_float_is_nan32(uint32_t bits)
{
    return (bits & UINT32_C(0x7fffffff)) > UINT32_C(0x7f800000);
}

/** Whether bits are a binary64 NaN. */
static inline bool
mwi_float_is_nan64(uint64_t bits)
{
    return (bits & UINT64_C(0x7fffffffffffffff)) > UINT64_C(0x7ff0000000000000);
}

/** A binary32 as binary64. */
static inline uint64_t
mwi_float_widen(uint32_t bits)
{
    uint64_t wide;
    float narrow_value;
    double value;

    if (mwi_float_is_nan32(bits)) {
        wide = (uint64_t) (bits >> 31) << 63 | UINT64_C(0x7ff0000000000000);
        return wide | (uint64_t) (bits & UINT32_C(0x7fffff))
                          << MWI_FLOAT_NAN_SHIFT;
    }
    memcpy(&narrow_value, &bits, sizeof(bits));
    value = (double) narrow_value;
    memcpy(&wide, &value, sizeof(wide));
    return wide;
}

/** A binary64 as binary32.  False when that loses something. */
static inline bool
mwi_float_narrow(uint64_t bits, uint32_t *ret_bits)
{
    uint32_t narrow;
    double value;
    float narrow_value;

    if (mwi_float_is_nan64(bits)) {
        narrow =
            (uint32_t) (bits >> 63) << 31 | UINT32_C(0x7f800000) |
            ((uint32_t) (bits >> MWI_FLOAT_NAN_SHIFT) & UINT32_C(0x7fffff));
    } else {
        memcpy(&value, &bits, sizeof(value));
        /* A conversion beyond the range of float is undefined in C. */
        if ((value > 0 ? value : -value) > (double) FLT_MAX &&
            (value > 0 ? value : -value) <= DBL_MAX) {
            return false;
        }
        narrow_value = (float) value;
        memcpy(&narrow, &narrow_value, sizeof(narrow));
    }
    *ret_bits = narrow;
    return mwi_float_widen(narrow) == bits;
}

/** Read a floating-point number.  Returns its width, 4 or 8 (a half is given
 * as 4), or 0 after an error. */
uint32_t mwi_read_float_bits(struct mwi_reader *r, uint64_t *ret_bits);

#endif
