/* SPDX-License-Identifier: MIT */
/*
 * Maps: sequences of entries in ascending order of their keys, no two of them
 * equal.
 *
 *     struct { struct { K key; V value; } *items; size_t len, cap; }
 *
 * Numbers and enums are ordered as numbers, texts by their bytes.  A program
 * may read a map like any sequence, and may fill one by hand if it keeps the
 * order, or has mw_map_sort() make it.  mwidl writes typed wrappers of what is
 * here, such as inv_f64_by_string_put().
 *
 * In all of them, call is the handler's call, whose arena gives the memory, or
 * NULL for an object on the heap; key is the address of a value of the key's
 * type: for a text without bound that of a char *, for one with a bound that of
 * its first byte.
 */
#ifndef MW_MAP_H
#define MW_MAP_H

#include "mw/base.h"
#include "mw/desc.h"
#include "mw/status.h"

typedef struct mw_call mw_call;

MW_BEGIN_DECLS

/** Look up a key.  O(log n).
 *
 * @param type  [borrow: this call] descriptor of the map
 * @param map   [borrow: this call] the map
 * @param key   [borrow: this call] address of a key
 * @return  [view] the value, valid until the map changes; NULL if there is none
 * @thread owner of the map; does not block
 */
MW_API MW_MUST_USE void *mw_map_get(
    const mw_type *type, const void *map, const void *key);

/** The value of a key, which is added with a default value if it is not there.
 *
 * O(log n), and O(n) to move entries up when the key is new and not the
 * highest.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param type  [borrow: this call] descriptor of the map
 * @param map   [inout] the map
 * @param key   [copy] address of a key
 * @return  [view] the value, valid until the map changes; NULL, and nothing
 *          changed, when memory or the bound of a text does not allow it
 * @thread owner of the map; does not block
 */
MW_API MW_MUST_USE void *mw_map_put(
    mw_call *call, const mw_type *type, void *map, const void *key);

/** Remove a key and its value, which on the heap are cleared.
 *
 * @param call  [borrow: this call] the handler's call, or NULL for the heap
 * @param type  [borrow: this call] descriptor of the map
 * @param map   [inout] the map
 * @param key   [borrow: this call] address of a key
 * @return  true if it was there
 * @thread owner of the map; does not block
 */
MW_API bool mw_map_remove(
    mw_call *call, const mw_type *type, void *map, const void *key);

/** Bring entries that were filled in by hand into order.  O(n log n).
 *
 * @param type  [borrow: this call] descriptor of the map
 * @param map   [inout] the map
 * @retval MW_EEXIST  two keys are equal; the map is in order otherwise
 * @thread owner of the map; does not block
 */
MW_API MW_MUST_USE mw_status mw_map_sort(const mw_type *type, void *map);

MW_END_DECLS

#endif
