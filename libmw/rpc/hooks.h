/* SPDX-License-Identifier: MIT */
/*
 * rpc: calling the program's hooks.  Who has none is not to come here.
 */
#ifndef MWI_RPC_HOOKS_H
#define MWI_RPC_HOOKS_H

#include "mw/hooks.h"

/** Look at the chains of options.  MW_EINVAL: a size is not set, or the chain
 * is too long to be one. */
MW_MUST_USE mw_status mwi_server_hooks_check(
    const mw_server_hooks *hooks, mw_error *reterr);
MW_MUST_USE mw_status mwi_client_hooks_check(
    const mw_client_hooks *hooks, mw_error *reterr);

/** Ask all whether to take a call.  Returns as the first that says no. */
MW_MUST_USE mw_status mwi_hooks_admit(
    const mw_server_hooks *hooks, mw_call *call, mw_error *reterr);

void mwi_hooks_begin(const mw_server_hooks *hooks, mw_call *call);
void mwi_hooks_end(const mw_server_hooks *hooks, mw_call *call,
    const mw_call_outcome *outcome);

void mwi_client_hooks_start(
    const mw_client_hooks *hooks, const mw_client_call *call);
void mwi_client_hooks_end(
    const mw_client_hooks *hooks, const mw_client_call *call);

#endif
