/* SPDX-License-Identifier: MIT */
/*
 * codec: default values, for the engine's own use.
 */
#ifndef MWI_CODEC_INIT_H
#define MWI_CODEC_INIT_H

#include "codec/value.h"

/** Give a struct's member, in zeroed storage, its default value; an optional
 * one is absent.  MW_ENOMEM, MW_ERANGE. */
MW_MUST_USE mw_status mwi_init_field(
    struct mwi_place *place, const mw_field *field, void *ret_record);

#endif
