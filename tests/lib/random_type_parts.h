/* SPDX-License-Identifier: MIT */
/*
 * tests: what the makers of random types share.
 */
#ifndef MWT_RANDOM_TYPE_PARTS_H
#define MWT_RANDOM_TYPE_PARTS_H

#include "lib/random_type.h"

struct mwt_made_type {
    struct mwt_made_type *next;
    mw_type type;
    unsigned height; /* containers within each other, this one included */
    bool is_entry;   /* of a map */
    mw_type *ref;    /* to it, if it is a valuetype */
};

/** n * size zeroed bytes that live as long as the family. */
void *mwt_take(struct mwt_types *types, size_t n, size_t size);

static inline bool
mwt_allows(const struct mwt_types *types, uint32_t kind)
{
    return (types->kinds & 1u << kind) != 0;
}

/** "Stem7" */
const char *mwt_make_name(
    struct mwt_types *types, const char *stem, size_t number);

/** The record of a type of the family, which is not a basic one. */
static inline struct mwt_made_type *
mwt_made_of(const mw_type *type)
{
    return (void *) ((uintptr_t) type - offsetof(struct mwt_made_type, type));
}

/** Containers within each other; 0 for what is none. */
unsigned mwt_height_of(const mw_type *type);

mw_type *mwt_new_type(struct mwt_types *types, const char *stem, uint32_t kind,
    size_t size, size_t align);

/** Give a struct its size and its members their places, as a C compiler
 * would. */
void mwt_lay_out(mw_type *type, mw_field *fields);

/** A type of known size with at most room containers within each other. */
const mw_type *mwt_make(struct mwt_types *types, unsigned room);

/* The same of some kind. */
const mw_type *mwt_make_leaf(struct mwt_types *types);
const mw_type *mwt_make_seq(struct mwt_types *types, unsigned room);
const mw_type *mwt_make_bounded(
    struct mwt_types *types, uint32_t kind, unsigned room);
const mw_type *mwt_make_map(struct mwt_types *types, unsigned room);
const mw_type *mwt_make_union(struct mwt_types *types, unsigned room);

/** A box for a member, which if it is optional may be of a struct that is
 * still being made. */
const mw_type *mwt_make_box(
    struct mwt_types *types, unsigned room, bool is_optional);

#endif
