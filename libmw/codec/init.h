/* SPDX-License-Identifier: MIT */
/*
 * codec: default values, for the engine's own use.
 */
#ifndef MWI_CODEC_INIT_H
#define MWI_CODEC_INIT_H

#include "codec/value.h"

/** Give a struct's member, in zeroed storage, its default value; an optional
 * one is absent.  As mwi_init(). */
MW_MUST_USE mw_status mwi_init_field(
    struct mwi_place *place, const mw_field *field, void *ret_record);

/** The same with an empty text wherever a text would be NULL: handlers may rely
 * on it that what was decoded has none, whatever the peer left out. */
MW_MUST_USE mw_status mwi_init_field_filled(
    struct mwi_place *place, const mw_field *field, void *ret_record);

/** The tag of a union's default value: 0 if that is one, else the lowest that
 * selects an arm. */
int64_t mwi_union_first_tag(const mw_type *type);

#endif
