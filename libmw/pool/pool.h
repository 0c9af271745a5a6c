/* SPDX-License-Identifier: MIT */
/*
 * pool: a bounded number of threads that run jobs from a bounded queue.
 *
 * A job is embedded in the object that it works on.  Jobs start in the order
 * of their submission.  Whenever a job waits and fewer than threads_max
 * threads exist that are not about to take one, another is made: with
 * threads_max of n, n jobs that block run at once, always.
 *
 * Jobs with a priority go first, have a queue of their own, and for them
 * priority_threads more are made if need be: they get through while ordinary
 * jobs block all others.
 *
 * Work may also come from elsewhere, such as sockets: a source.  Threads
 * without a job then wait there instead of asleep, at most so many of them at
 * once, and deal themselves with what they find: no other thread has to be
 * woken for it.
 */
#ifndef MWI_POOL_POOL_H
#define MWI_POOL_POOL_H

#include "mw/status.h"

#include "pool/queue.h"

struct mwi_pool_limits {
    uint32_t threads_min; /* kept once they exist; made at mwi_pool_open() */
    uint32_t threads_max; /* at least 1 and threads_min */
    uint32_t queue_max;   /* jobs that may wait while threads_max run */
    uint32_t idle_ms;     /* after which a thread above the minimum ends */
    uint32_t priority_threads;   /* beyond threads_max */
    uint32_t priority_queue_max; /* jobs with a priority that may wait while
                                    priority_threads run */
};

struct mwi_pool;

/* Where work comes from besides the queue. */
struct mwi_source {
    void *user;
    uint32_t waiting_max; /* threads that wait there at once; at least 1 */
    /* Wait until there is something to do or the deadline; NULL: there is
     * nothing, or wake() was called. */
    void *(*wait)(void *user, int64_t deadline);
    /* Do what wait() returned.  Counts as a running job meanwhile, but if it
     * may not start what takes its time, for threads_max jobs run already. */
    void (*run)(void *user, void *work, bool may_start);
    /* Make one wait() return NULL, now or when it is called next. */
    void (*wake)(void *user);
    /* All threads are busy with what takes its time, and no more can be made:
     * nobody waits.  Called with the pool's lock held. */
    void (*unattended)(void *user);
};

/** Make a pool and its first threads_min threads, with all signals blocked.
 *
 * @retval MW_ENOMEM  out of memory or threads
 */
MW_MUST_USE mw_status mwi_pool_open(struct mwi_pool **ret_pool,
    const struct mwi_pool_limits *limits, mw_error *reterr);

/** Queue a job.
 *
 * @param job  [take] until it has run; on success only
 * @retval MW_EEXHAUSTED  threads_max jobs run and queue_max wait (with a
 *                        priority: priority_threads, priority_queue_max), or
 *                        there is no thread and none can be made
 * @thread any, also a job's; does not block
 */
MW_MUST_USE mw_status mwi_pool_submit(
    struct mwi_pool *pool, struct mwi_job *job);

/** Queue a job although the limits may be reached: one that has been accepted
 * before.  @thread a job's or source's */
void mwi_pool_resubmit(struct mwi_pool *pool, struct mwi_job *job);

/** Have threads wait at a source, too.
 *
 * @param source  [copy]
 * @thread any, once */
void mwi_pool_attach(struct mwi_pool *pool, const struct mwi_source *source);

/** See to it that a thread waits at the source, or is about to: for one that is
 * there and will now be busy for long.  If none can, the source is told that it
 * is unattended.  Threads that take jobs do this themselves.
 * @thread any; does not block */
void mwi_pool_relieve(struct mwi_pool *pool);

/** Whether jobs wait in the queue.  @thread any */
bool mwi_pool_has_queue(struct mwi_pool *pool);

/** Move queued jobs that are in vain, or whose deadline has passed, to a list;
 * they are the caller's.
 *
 * @param look_again  some may have become so
 * @thread any; does not block */
void mwi_pool_take_expired(
    struct mwi_pool *pool, bool look_again, struct mwi_list *expired);

/** How long an ordinary job that was submitted now would wait, in ns, about.
 * @thread any */
int64_t mwi_pool_wait(const struct mwi_pool *pool);

/** Finish all jobs that were submitted, end the threads, and free the pool.
 * Nobody may submit any more.  NULL allowed.
 * @thread any but a job's; blocks */
void mwi_pool_close(struct mwi_pool *pool);

struct mwi_pool_stats {
    uint32_t threads; /* alive */
    uint32_t running; /* ordinary jobs, and work of the source */
    uint32_t queued;  /* jobs, both kinds */
    uint32_t waiting; /* threads, at the source */
    uint64_t turns;   /* how often one has begun to wait there */
    uint32_t urgent;  /* running jobs with a priority */
};

void mwi_pool_stats(struct mwi_pool *pool, struct mwi_pool_stats *ret_stats);

#endif
