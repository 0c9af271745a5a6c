/* SPDX-License-Identifier: MIT */
/*
 * rpc: what is noted of a call that runs at a server: counts, for hooks, in the
 * log.
 */
#ifndef MWI_RPC_OBSERVE_H
#define MWI_RPC_OBSERVE_H

#include "rpc/session.h"

/* Between the two. */
struct mwi_observed {
    uint64_t n; /* calls of the operation before it */
};

/** Before it is run, and when its answer is made, which took ns.
 * @thread the one that runs it, without locks */
void mwi_observe_begin(struct mwi_session *session, mw_call *call,
    struct mwi_observed *ret_observed);
void mwi_observe_end(struct mwi_session *session, mw_call *call,
    const struct mwi_observed *observed, int64_t ns, const mw_error *outcome);

/** The text of an error as it may go to the log, without any of a payload. */
const char *mwi_observe_text(const mw_error *error);

#endif
