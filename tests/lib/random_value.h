/* SPDX-License-Identifier: MIT */
/*
 * tests: random values of any type, and random changes of them such as a
 * handler makes.  Both end the program when memory runs out.
 *
 * What they do depends on the seed and on the values alone, not on where these
 * live: equal objects on the heap and in an arena stay equal under mutations
 * with the same seed.
 */
#ifndef MWT_RANDOM_VALUE_H
#define MWT_RANDOM_VALUE_H

#include "mw/desc.h"

#include "codec/value.h"
#include "lib/prng.h"

/** Fill zeroed storage with a random encodable value: empty and large, NULL
 * strings, characters of all lengths, boundary numbers, NaNs. */
void mwt_random(struct mwt_prng *prng, struct mwi_place *place,
    const mw_type *type, void *ret_value);

/** The same on the heap, without a limit. */
void mwt_random_object(
    struct mwt_prng *prng, const mw_type *type, void *ret_obj);

/** Change a value at a few random places, as deep as it goes: overwrite
 * scalars, edit texts here and there, insert, remove, swap and move elements,
 * change the presence of optional members.  The value stays encodable.  It may
 * happen to be what it was. */
void mwt_mutate(struct mwt_prng *prng, struct mwi_place *place,
    const mw_type *type, void *value);

/** The same on the heap, without a limit. */
void mwt_mutate_object(struct mwt_prng *prng, const mw_type *type, void *obj);

#endif
