/* SPDX-License-Identifier: MIT */
/*
 * codec: write contracts, as masks of what may change.
 */
#ifndef MWI_CODEC_MASK_H
#define MWI_CODEC_MASK_H

#include "mw/desc.h"

/* Everything may change. */
extern const mw_mask mwi_mask_all;

/* Nothing may change. */
extern const mw_mask mwi_mask_none;

/** Whether a mask allows no change at all. */
static inline bool
mwi_mask_is_none(const mw_mask *mask)
{
    return !mask->all && mask->n == 0;
}

/** What a mask says of a struct's member or a union's arm.  Never NULL. */
static inline const mw_mask *
mwi_mask_of(const mw_mask *mask, const mw_type *type, const mw_field *field)
{
    uint32_t index = (uint32_t) (field - type->fields);
    uint32_t low = 0;
    uint32_t high = mask->n;

    if (mask->all) {
        return mask;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (mask->fields[middle].field < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < mask->n && mask->fields[low].field == index &&
        mask->fields[low].mask != NULL) {
        return mask->fields[low].mask;
    }
    return &mwi_mask_none;
}

/** What a contract says of a valuetype: NULL is nothing.  writes: NULL:
 * everything may change. */
const mw_mask *mwi_node_mask(const mw_writes *writes, const mw_type *type);

#endif
