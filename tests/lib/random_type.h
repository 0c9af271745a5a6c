/* SPDX-License-Identifier: MIT */
/*
 * tests: random types: descriptors as mwidl would write them, of all kinds,
 * that nest, contain themselves where IDL allows it, and share valuetypes.
 *
 * A family of types depends on the seed alone.  Running out of memory ends the
 * program.
 */
#ifndef MWT_RANDOM_TYPE_H
#define MWT_RANDOM_TYPE_H

#include "mw/desc.h"

#include "base/arena.h"
#include "lib/prng.h"

enum {
    MWT_VALUETYPES_MAX = 4,
    MWT_OPEN_MAX = 16,
};

/* What types may be made of, for mwt_types_init(): a bit for each kind, 1u <<
 * MW_KIND_…, and these.  Numbers, bool and structs are always there. */
#define MWT_MUTABLE (1u << 30) /* @mutable structs */
#define MWT_RANGES  (1u << 31) /* @range, @min, @max */
#define MWT_ALL     UINT32_MAX

struct mwt_made_type;

/* A family. */
struct mwt_types {
    struct mwi_arena arena; /* of all descriptors */
    struct mwt_prng *prng;
    uint32_t kinds;             /* that may be used, a bit of each */
    struct mwt_made_type *made; /* all, the latest first */
    size_t n_made;
    mw_type *valuetypes[MWT_VALUETYPES_MAX]; /* STRUCTs */
    mw_type *refs[MWT_VALUETYPES_MAX];       /* to them */
    mw_type *uniques[MWT_VALUETYPES_MAX];    /* to them, @mw::unique */
    size_t n_valuetypes;
    mw_type *open[MWT_OPEN_MAX]; /* structs that are being made */
    size_t n_open;
};

/** Begin a family, with none to four valuetypes that refer to each other.
 *
 * @param prng   [borrow: until mwt_types_fini()] what decides
 * @param kinds  what may occur
 */
void mwt_types_init(
    struct mwt_types *types, struct mwt_prng *prng, uint32_t kinds);

/** Free all types of the family. */
void mwt_types_fini(struct mwt_types *types);

/** Another struct of the family, of up to ten members. */
const mw_type *mwt_types_struct(struct mwt_types *types);

/** A type such as a parameter may have: mostly a struct or a valuetype, but
 * any may come. */
const mw_type *mwt_types_any(struct mwt_types *types);

/** Whether a type is, or has somewhere within (REFs are followed), something
 * of a kind. */
bool mwt_type_has(const mw_type *type, mw_kind kind);

/** Say what is wrong with a descriptor and with all that it leads to: sizes,
 * offsets, flags, order of tables.  NULL: nothing. */
const char *mwt_type_fault(const mw_type *type);

#endif
