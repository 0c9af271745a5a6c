/* SPDX-License-Identifier: MIT */
/*
 * codec: finding references in values, and valuetypes in types.
 */
#ifndef MWI_CODEC_REFS_H
#define MWI_CODEC_REFS_H

#include "mw/desc.h"
#include "mw/status.h"

/* Told of one reference.  ref: descriptor of the REF.  node: not NULL. */
typedef mw_status (*mwi_ref_fn)(void *user, const mw_type *ref, void *node);

/** Call a function for each reference in a value that is not NULL, not for
 * those in the nodes themselves, until it fails.  Returns its status.  value:
 * NULL leads nowhere. */
mw_status mwi_each_ref(
    const mw_type *type, const void *value, mwi_ref_fn fn, void *user);

/* Types that were met.  Those that are no valuetypes are among them. */
struct mwi_type_set {
    const mw_type **at;
    size_t n;
    size_t cap;
};

/** Free the set, not the types.  Harmless on zeroed storage. */
void mwi_type_set_fini(struct mwi_type_set *set);

/** Add all valuetypes that values of a type can lead to.  MW_ENOMEM. */
MW_MUST_USE mw_status mwi_type_set_add(
    struct mwi_type_set *set, const mw_type *type);

/** The valuetype in a set with a name, or NULL. */
const mw_type *mwi_type_set_node(
    const struct mwi_type_set *set, const char *name, size_t len);

#endif
