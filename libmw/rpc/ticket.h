/* SPDX-License-Identifier: MIT */
/*
 * rpc: what a call holds of what is limited.  Part of struct mw_call; see
 * rpc/admission.h and rpc/gate.h.
 */
#ifndef MWI_RPC_TICKET_H
#define MWI_RPC_TICKET_H

#include "mw/base.h"

/* Zeroed: nothing. */
struct mwi_ticket {
    bool is_counted; /* by the tallies of connection and peer */
    bool is_inside;  /* the gate of its interface */
    int64_t since;   /* base/clock.h; when the limit is adaptive, else 0 */
};

static inline bool
mwi_ticket_holds(const struct mwi_ticket *ticket)
{
    return ticket->is_counted || ticket->is_inside;
}

#endif
