/* SPDX-License-Identifier: MIT */
#include "rpc/current.h"

static _Thread_local mw_call *current;

mw_call *
mwi_call_current(void)
{
    return current;
}

mw_call *
mwi_call_enter(mw_call *call)
{
    mw_call *before = current;

    current = call;
    return before;
}

void
mwi_call_leave(mw_call *before)
{
    current = before;
}
