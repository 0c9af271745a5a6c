/* SPDX-License-Identifier: MIT */
/*
 * Methods that are named by numbers.  A binding is in the map as a number in a
 * pointer: number << 1 | confirmed, where numbers start at 1, so that it is
 * never NULL.
 */
#include <string.h>

#include "rpc/conn.h"

enum { BOUND_MAX = 1024 }; /* methods named by numbers */

/* The key of a method in the map of bindings. */
static uint64_t
key_of(const mw_method *method)
{
    return (uint64_t) (uintptr_t) method;
}

void
mwi_conn_name_target(
    struct mwi_conn *conn, const mw_method *method, struct mwi_call_head *head)
{
    uintptr_t binding;

    mwi_lock(&conn->mutex);
    binding = (uintptr_t) mwi_map_get(&conn->bindings, key_of(method));
    if (binding == 0 && conn->release == NULL &&
        conn->bindings.len < BOUND_MAX) {
        binding = (uintptr_t) (conn->bindings.len + 1) << 1;
        if (mwi_map_put(&conn->bindings, key_of(method), (void *) binding) <
            0) {
            binding = 0; /* then by name alone */
        }
    }
    mwi_unlock(&conn->mutex);
    if ((binding & 1) != 0) {
        head->target_number = binding >> 1;
        return;
    }
    head->target = (struct mwi_text){ method->target, strlen(method->target) };
    head->has_bind = binding != 0;
    head->bind = binding >> 1;
}

void
mwi_conn_confirm_target(struct mwi_conn *conn, const mw_method *method)
{
    uintptr_t binding;

    mwi_lock(&conn->mutex);
    binding = (uintptr_t) mwi_map_get(&conn->bindings, key_of(method));
    if (binding != 0) {
        /* Cannot fail: it is there. */
        (void) !mwi_map_put(
            &conn->bindings, key_of(method), (void *) (binding | 1));
    }
    mwi_unlock(&conn->mutex);
}
