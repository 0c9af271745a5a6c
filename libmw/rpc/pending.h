/* SPDX-License-Identifier: MIT */
/*
 * rpc: a pending call, as the functions that wait for it see it.
 */
#ifndef MWI_RPC_PENDING_H
#define MWI_RPC_PENDING_H

#include "mw/pending.h"

#include "rpc/attend.h"
#include "rpc/request.h"

struct mw_pending {
    struct mwi_request request;
    struct mwi_notice notice; /* that it is over; without a function if the
                                 context has none */
    const void *args[];       /* n_params of them; then as many values of in
                                 references */
};

/** Whether it could be finished at once, as far as is known without reading. */
bool mwi_pending_is_over(const mw_pending *pending);

#endif
