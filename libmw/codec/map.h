/* SPDX-License-Identifier: MIT */
/*
 * codec: maps that are known by descriptor: what mw/map.h offers, with a place
 * instead of a call.
 *
 * A map is a sequence of entries, and mwi_items_of() gives these.  Keys are
 * BOOL, integers, ENUM, STRING or STRING_N.
 */
#ifndef MWI_CODEC_MAP_H
#define MWI_CODEC_MAP_H

#include "codec/value.h"

/** Compare two keys: negative, 0 or positive.  Numbers as such, texts by their
 * bytes, a shorter one before what it begins. */
int mwi_key_compare(const mw_type *key, const void *a, const void *b);

/** Look up a key in a map whose keys ascend.
 *
 * @param ret_index  [out] position of its entry, or where it would go
 * @return  true if it is there
 */
bool mwi_map_find(
    const mw_type *type, const void *map, const void *key, size_t *ret_index);

/** The value of a key, added with a default value if it is not there; NULL, and
 * nothing changed, when memory or the budget does not allow it. */
MW_MUST_USE void *mwi_map_put_key(
    struct mwi_place *place, const mw_type *type, void *map, const void *key);

/** Remove a key and its value, which on the heap are cleared.  False if it was
 * not there. */
bool mwi_map_remove_key(
    bool on_heap, const mw_type *type, void *map, const void *key);

/** Bring the entries into order.  Allocates nothing.  MW_EEXIST if two keys are
 * equal. */
MW_MUST_USE mw_status mwi_map_sort(const mw_type *type, void *map);

/** Note the writer's error if an entry's key, which the path leads to, is not
 * above that of the entry before it. */
void mwi_map_check_key(struct mwi_writer *w, const mw_type *type,
    struct mwi_items entries, size_t index);

/** The same for the reader; the key was read at a place in the message. */
void mwi_map_check_read_key(struct mwi_reader *r, const uint8_t *at,
    const mw_type *type, struct mwi_items entries, size_t index);

#endif
