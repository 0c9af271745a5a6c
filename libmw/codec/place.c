/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "codec/value.h"

bool
mwi_place_charge(struct mwi_place *place, size_t n, size_t size)
{
    size_t cost;

    if (__builtin_mul_overflow(n, size, &cost) ||
        (place->arena == NULL &&
            __builtin_add_overflow(cost, MWI_HEAP_BLOCK_COST, &cost)) ||
        cost > place->budget) {
        return false;
    }
    place->budget -= cost;
    return true;
}

void *
mwi_place_alloc(struct mwi_place *place, size_t n, size_t size, size_t align)
{
    size_t budget = place->budget;
    void *block;

    if (place->has_failed || !mwi_place_charge(place, n, size)) {
        return NULL;
    }
    block = place->arena != NULL ? mwi_arena_alloc(place->arena, n, size, align)
                                 : mwi_calloc(n, size);
    if (block == NULL) {
        place->budget = budget;
        place->has_failed = true;
    }
    return block;
}

void *
mwi_place_alloc_raw(
    struct mwi_place *place, size_t n, size_t size, size_t align)
{
    size_t budget = place->budget;
    void *block;

    if (place->has_failed || !mwi_place_charge(place, n, size)) {
        return NULL;
    }
    /* What was charged did not overflow. */
    block = place->arena != NULL
                ? mwi_arena_alloc_raw(place->arena, n * size, align)
                : mwi_malloc(n * size);
    if (block == NULL) {
        place->budget = budget;
        place->has_failed = true;
    }
    return block;
}

mw_status
mwi_place_status(const struct mwi_place *place, size_t n, size_t size)
{
    struct mwi_place as_is = *place;
    size_t bytes;

    if (!mwi_place_charge(&as_is, n, size)) {
        return MW_ERANGE;
    }
    bytes = n * size;
    if (place->arena != NULL &&
        bytes > place->arena->limit - place->arena->total) {
        return MW_ERANGE;
    }
    return MW_ENOMEM;
}

char *
mwi_place_strndup(struct mwi_place *place, const char *text, size_t len)
{
    char *copy =
        len < SIZE_MAX ? mwi_place_alloc_raw(place, len + 1, 1, 1) : NULL;

    if (copy != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}
