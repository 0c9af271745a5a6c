/* SPDX-License-Identifier: MIT */
/*
 * rpc: the call whose handler runs in this thread.  Calls that the handler
 * makes in turn take over its deadline, and end when it is cancelled.
 */
#ifndef MWI_RPC_CURRENT_H
#define MWI_RPC_CURRENT_H

#include "mw/call.h"

/** The call that this thread handles, or NULL. */
mw_call *mwi_call_current(void);

/** Before a handler runs, and after it with what this returned: a handler may
 * run inside another, of a server in the same process. */
mw_call *mwi_call_enter(mw_call *call);
void mwi_call_leave(mw_call *before);

#endif
