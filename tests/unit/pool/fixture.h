/* SPDX-License-Identifier: MIT */
/*
 * Jobs that block until they are let go, and waits for what a pool does.  Each
 * wait here has an end, behind which the test has failed.
 */
#ifndef MWT_POOL_FIXTURE_H
#define MWT_POOL_FIXTURE_H

#include "base/sync.h"
#include "pool/pool.h"

enum { POOL_WAIT_MS = 60000 }; /* a test that waits longer has failed */

#define POOL_ANY       UINT32_MAX /* for await_stats() */
#define POOL_IDLE_LONG UINT32_MAX /* idle_ms: longer than any test runs */

/* Where jobs wait. */
struct gate {
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    unsigned inside;  /* [mutex] jobs that have come so far */
    unsigned tickets; /* [mutex] jobs that may still go on */
};

void gate_init(struct gate *gate);
void gate_fini(struct gate *gate);

/** Wait until n jobs have come in, all told. */
void gate_await(struct gate *gate, unsigned n);

/** How many have come in. */
unsigned gate_inside(struct gate *gate);

/** Let n jobs go on, no matter which. */
void gate_let_go(struct gate *gate, unsigned n);

/** Come to the gate, wait there, and go. */
void gate_pass(struct gate *gate);

/* A job that comes to the gate, waits there, and goes. */
struct blocker {
    struct mwi_job job;
    struct gate *gate;
};

/** n of them.  free() it. */
struct blocker *blockers_new(struct gate *gate, unsigned n);

/** Open a pool or fail the test. */
struct mwi_pool *open_pool(uint32_t threads_min, uint32_t threads_max,
    uint32_t queue_max, uint32_t idle_ms);

/** Submit a job, which must be accepted. */
void must_submit(struct mwi_pool *pool, struct mwi_job *job);

/** Wait until the pool's numbers are these. */
void await_stats(
    struct mwi_pool *pool, uint32_t threads, uint32_t running, uint32_t queued);

/** They are these now. */
void assert_stats(
    struct mwi_pool *pool, uint32_t threads, uint32_t running, uint32_t queued);

#endif
