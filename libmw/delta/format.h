/* SPDX-License-Identifier: MIT */
/*
 * delta: what differ and stager agree on: numbers of the format D(T), see
 * docs/delta.md, and how write contracts are read.
 */
#ifndef MWI_DELTA_FORMAT_H
#define MWI_DELTA_FORMAT_H

#include "codec/value.h"

/* The keys of the maps that patch texts and sequences. */
enum {
    MWI_PATCH_SPLICES = 0,
    MWI_PATCH_ELEMENTS = 1, /* or ranges of numbers */
    MWI_PATCH_RUNS = 2,
};

/* The parts of the array that patches a map. */
enum {
    MWI_PATCH_PUTS = 0,
    MWI_PATCH_DELS = 1,
    MWI_PATCH_SUBS = 2,
    MWI_PATCH_PARTS = 3,
};

/** What a patch of a type is: an array where the value is a map, else a map. */
static inline enum mwi_item
mwi_patch_item(const mw_type *type)
{
    while (type->kind == MW_KIND_BOX) {
        type = type->elem;
    }
    return mwi_is_map_value(type) ? MWI_ITEM_ARRAY : MWI_ITEM_MAP;
}

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

#endif
