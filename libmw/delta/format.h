/* SPDX-License-Identifier: MIT */
/*
 * delta: what differ and stager agree on: numbers of the format D(T), see
 * docs/delta.md, and how write contracts are read.
 */
#ifndef MWI_DELTA_FORMAT_H
#define MWI_DELTA_FORMAT_H

#include "codec/mask.h"
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

#endif
