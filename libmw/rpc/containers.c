/* SPDX-License-Identifier: MIT */
/*
 * mw/map.h and mw/union.h: maps and unions for handlers, whose memory is the
 * call's, and for programs, whose is the heap's.
 */
#include "mw/map.h"
#include "mw/union.h"

#include "codec/access.h"
#include "codec/map.h"
#include "rpc/call.h"

void *
mw_map_get(const mw_type *type, const void *map, const void *key)
{
    size_t at;

    if (!mwi_map_find(type, map, key, &at)) {
        return NULL;
    }
    return mwi_field_at(mwi_map_value(type),
        mwi_items_of(type, map).at + at * type->elem->size);
}

void *
mw_map_put(mw_call *call, const mw_type *type, void *map, const void *key)
{
    struct mwi_place place = mwi_call_place(call);

    return mwi_map_put_key(&place, type, map, key);
}

bool
mw_map_remove(mw_call *call, const mw_type *type, void *map, const void *key)
{
    return mwi_map_remove_key(call == NULL, type, map, key);
}

mw_status
mw_map_sort(const mw_type *type, void *map)
{
    return mwi_map_sort(type, map);
}

mw_status
mw_union_select(mw_call *call, const mw_type *type, void *obj, int64_t tag)
{
    struct mwi_place place = mwi_call_place(call);
    mw_status status = mwi_union_select(&place, type, obj, tag);

    /* Beyond the call's limit is out of memory to a handler. */
    return status == MW_ERANGE ? MW_ENOMEM : status;
}
