/* SPDX-License-Identifier: MIT */
/*
 * rpc: options structs, whose first member is their size, so that programs and
 * library may know longer and shorter versions of them.
 */
#ifndef MWI_RPC_OPTIONS_H
#define MWI_RPC_OPTIONS_H

#include "mw/client.h"
#include "mw/server.h"
#include "mw/status.h"

/** Copy with defaults in place of zeros.  The pointers in the copy are the
 * caller's.
 *
 * @param options  NULL for all defaults
 * @retval MW_EINVAL  the size is not set, an option is out of range, or one is
 *                    set that this version does not know
 */
MW_MUST_USE mw_status mwi_server_options_take(mw_server_options *ret_options,
    const mw_server_options *options, mw_error *reterr);
MW_MUST_USE mw_status mwi_client_options_take(mw_client_options *ret_options,
    const mw_client_options *options, mw_error *reterr);

#endif
