/* SPDX-License-Identifier: MIT */
/*
 * The workload with a fault at one place after the other: at every boundary
 * between messages, or at every byte.
 */
#ifndef MWT_SWEEP_H
#define MWT_SWEEP_H

#include "faults/workload.h"

struct mwt_sweep {
    struct mwt_scene scene;
    mw_ctx options; /* of all calls */
    struct mwt_plan plan;
    uint64_t next_id;
    size_t n_calls; /* of the workload */
    size_t n_runs;
    size_t n_struck;   /* of the runs */
    bool struck_calls; /* the last run, before its calls were over */
    struct mwt_tally tally;

    uint64_t handshake[2]; /* bytes, of TLS and a PING */

    /* Of the workload without a fault. */
    uint64_t messages[2]; /* with TLS: 0 */
    uint64_t bytes[2];
    uint64_t lengths[2][MWT_LENGTHS];
};

/** Begin, and measure the workload. */
void mwt_sweep_begin(
    struct mwt_sweep *sweep, enum mwt_scheme scheme, mw_ctx options);
void mwt_sweep_end(struct mwt_sweep *sweep);

/** Run the workload with the plan's fault at this place of a flow. */
void mwt_sweep_at(struct mwt_sweep *sweep, enum mwt_flow flow,
    uint64_t messages, uint64_t bytes);

/** At every boundary, in both directions. */
void mwt_sweep_boundaries(struct mwt_sweep *sweep);

/** Within message n of a flow, behind each of its bytes but the last. */
void mwt_sweep_bytes(struct mwt_sweep *sweep, enum mwt_flow flow, uint64_t n);

#endif
