/* SPDX-License-Identifier: MIT */
/*
 * rpc: which call the thread is handling, for what its handler calls.
 */
#ifndef MWI_RPC_CURRENT_H
#define MWI_RPC_CURRENT_H

#include "mw/call.h"

/** The call whose handler runs in this thread, or NULL. */
mw_call *mwi_call_current(void);

/** Set it.  Returns what it was, to be set again when the handler returns. */
mw_call *mwi_call_set_current(mw_call *call);

#endif
