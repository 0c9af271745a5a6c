/* SPDX-License-Identifier: MIT */
/*
 * tests: what the makers of random values, mutations and graphs share.
 */
#ifndef MWT_RANDOM_PARTS_H
#define MWT_RANDOM_PARTS_H

#include "lib/random_graph.h"
#include "lib/random_value.h"

enum {
    MWT_DEPTH_MAX = 8, /* below which sequences are empty */
    MWT_ROOM = 10000,  /* elements, in sequences within sequences too */
};

/* Where random values come from and what their references may lead to. */
struct mwt_source {
    struct mwt_prng *prng;
    struct mwi_place *place;
    struct mwt_garden *garden; /* NULL: references are NULL */
    size_t *room;              /* elements that sequences may still get */
};

/** The block, or the end of the program. */
void *mwt_must(void *block);

/** Fill zeroed storage at so many sequences, maps and boxes below the top. */
void mwt_fill(const struct mwt_source *source, const mw_type *type,
    void *ret_value, unsigned int depth);

/** The same for a member, which is present then, or an arm. */
void mwt_fill_field(const struct mwt_source *source, const mw_field *field,
    void *record, unsigned int depth);

/** Empty a value to fill it anew. */
void mwt_empty(struct mwi_place *place, const mw_type *type, void *value);

/** Put a text into a STRING or STRING_N, which loses what it had. */
void mwt_set_text(struct mwi_place *place, const mw_type *type, void *value,
    const char *text, size_t len);

/** A tag that a union can have, often one of its cases. */
int64_t mwt_random_tag(struct mwt_prng *prng, const mw_type *type);

/** Whether a map has a key, and where it is or would be. */
bool mwt_map_find(
    const mw_type *type, const void *map, const void *key, size_t *ret_at);

/** Insert an entry, which takes over key and value, or leaves the value zero
 * if that is NULL. */
void mwt_map_insert(const struct mwt_source *source, const mw_type *type,
    void *map, size_t at, const void *key, const void *value);

/** A key for a map, in a block to free(). */
void *mwt_random_key(const struct mwt_source *source, const mw_type *type);

/** Add a random entry, unless there is one with its key. */
void mwt_put_random(const struct mwt_source *source, const mw_type *type,
    void *map, unsigned int depth);

/** Change a value; see mwt_mutate(). */
void mwt_change(const struct mwt_source *source, const mw_type *type,
    void *value, unsigned int depth);

/** What a reference of a type may lead to: NULL, a node, a new node. */
void *mwt_pick_node(const struct mwt_source *source, const mw_type *ref);

#endif
