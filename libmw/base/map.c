/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include "base/mem.h"

enum { MAP_MIN = 16 };

void
mwi_map_init(struct mwi_map *map)
{
    *map = (struct mwi_map){ 0 };
}

void
mwi_map_fini(struct mwi_map *map)
{
    mwi_free(map->slots);
    mwi_map_init(map);
}

/* Spreads the keys, which are often consecutive, over all bits: the finaliser
 * of Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014. */
static uint64_t
mix(uint64_t key)
{
    key = (key ^ (key >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ (key >> 27)) * UINT64_C(0x94d049bb133111eb);
    return key ^ (key >> 31);
}

/* The slot that holds the key, or the free one where it would go. */
static size_t
find(const struct mwi_map_slot *slots, size_t cap, uint64_t key)
{
    size_t at = (size_t) mix(key) & (cap - 1);

    while (slots[at].value != NULL && slots[at].key != key) {
        at = (at + 1) & (cap - 1);
    }
    return at;
}

void *
mwi_map_get(const struct mwi_map *map, uint64_t key)
{
    return map->len == 0 ? NULL
                         : map->slots[find(map->slots, map->cap, key)].value;
}

static mw_status
grow(struct mwi_map *map)
{
    size_t cap = map->cap == 0 ? MAP_MIN : map->cap * 2;
    struct mwi_map_slot *slots = mwi_calloc(cap, sizeof(*slots));

    if (slots == NULL) {
        return MW_ENOMEM;
    }
    for (size_t i = 0; i < map->cap; i++) {
        if (map->slots[i].value != NULL) {
            slots[find(slots, cap, map->slots[i].key)] = map->slots[i];
        }
    }
    mwi_free(map->slots);
    map->slots = slots;
    map->cap = cap;
    return MW_OK;
}

mw_status
mwi_map_put(struct mwi_map *map, uint64_t key, void *value)
{
    struct mwi_map_slot *slot;

    if (map->len >= map->cap - map->cap / 4) {
        mw_status status = grow(map);

        if (status < 0) {
            return status;
        }
    }
    slot = &map->slots[find(map->slots, map->cap, key)];
    map->len += slot->value == NULL;
    *slot = (struct mwi_map_slot){ .key = key, .value = value };
    return MW_OK;
}

void *
mwi_map_remove(struct mwi_map *map, uint64_t key)
{
    size_t hole;
    void *value;

    if (map->len == 0) {
        return NULL;
    }
    hole = find(map->slots, map->cap, key);
    value = map->slots[hole].value;
    if (value == NULL) {
        return NULL;
    }
    map->slots[hole].value = NULL;
    map->len--;
    /* Later members of the run move up where the hole would hide them. */
    for (size_t at = (hole + 1) & (map->cap - 1); map->slots[at].value != NULL;
         at = (at + 1) & (map->cap - 1)) {
        size_t home = (size_t) mix(map->slots[at].key) & (map->cap - 1);

        if (((at - home) & (map->cap - 1)) >= ((at - hole) & (map->cap - 1))) {
            map->slots[hole] = map->slots[at];
            map->slots[at].value = NULL;
            hole = at;
        }
    }
    return value;
}
