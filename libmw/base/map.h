/* SPDX-License-Identifier: MIT */
/*
 * base: a hash map from numbers to pointers.  Open addressing with linear
 * probing.  Not thread-safe.
 */
#ifndef MWI_BASE_MAP_H
#define MWI_BASE_MAP_H

#include "mw/base.h"
#include "mw/status.h"

struct mwi_map_slot {
    uint64_t key;
    void *value; /* NULL: free slot */
};

struct mwi_map {
    struct mwi_map_slot *slots; /* cap of them, a power of two, or NULL */
    size_t cap;
    size_t len;
};

void mwi_map_init(struct mwi_map *map);
void mwi_map_fini(struct mwi_map *map);

/** The value of a key, or NULL. */
void *mwi_map_get(const struct mwi_map *map, uint64_t key);

/** Add or replace.  value is not NULL.  MW_ENOMEM leaves the map unchanged. */
MW_MUST_USE mw_status mwi_map_put(
    struct mwi_map *map, uint64_t key, void *value);

/** Take out and return the value, or NULL if there was none. */
void *mwi_map_remove(struct mwi_map *map, uint64_t key);

#endif
