/* SPDX-License-Identifier: MIT */
/*
 * Calls whose end is told, and a place to count what was told.
 */
#ifndef MWT_TOLD_H
#define MWT_TOLD_H

#include <pthread.h>

#include "mw/mw.h"

#include "base/sync.h"

/* A call of probe::Probe::echo(). */
struct mwt_told {
    mw_ctx ctx;
    mw_pending *pending;
    char *text;
    pthread_t thread; /* [mwt_told_mutex] that was told */
    uint32_t n_told;  /* [mwt_told_mutex] how often */
    mw_status status; /* [mwt_told_mutex] of finishing, when then does so */
    void (*then)(struct mwt_told *t); /* what to do when told; NULL allowed */
    void *user;                       /* then's */
};

extern struct mwi_mutex mwt_told_mutex;

/** Start it, with on_done.  Its context may be changed before. */
void mwt_told_init(struct mwt_told *t, uint32_t timeout_ms);
MW_MUST_USE mw_status mwt_told_start(struct mwt_told *t, mw_client *client);

/** Finish it, when told: expects that nothing was written before. */
void mwt_told_finish(struct mwt_told *t);

uint32_t mwt_told_count(struct mwt_told *t);

/** Wait, without a call, until it was told so often. */
void mwt_told_wait(struct mwt_told *t, uint32_t n);

#endif
