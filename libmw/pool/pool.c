/* SPDX-License-Identifier: MIT */
/*
 * One lock, one queue of two lanes.  A thread without a job waits at the
 * source, if there is one and few enough are there, or else sleeps on a
 * condition.  A thread that ends is joined by the next one that ends, the last
 * one by mwi_pool_close(), so none is left behind and none is detached.
 *
 * All threads are alike.  What makes those beyond threads_max ones for jobs
 * with a priority is that an ordinary job starts only while fewer than
 * threads_max of them run.  A thread that finds work at the source while as
 * many run may still look at it, but is told to start nothing.
 *
 * Several wake()s of the source may wake but one thread, so whoever is woken
 * wakes the next if there is something for it to do.
 */
#include "pool/pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sync.h"
#include "base/thread.h"

struct mwi_pool {
    struct mwi_mutex mutex; /* held for moments; nothing is locked inside */
    struct mwi_cond work;   /* a job or the source wants a thread, or closing */
    struct mwi_cond ended;  /* the last thread has ended */
    struct mwi_pool_limits limits; /* constant */
    struct mwi_source source;      /* [mutex] waiting_max is 0: none */
    struct mwi_queue queue;        /* [mutex] */
    uint32_t running;              /* [mutex] jobs, and work of the source */
    uint32_t urgent;               /* [mutex] jobs with a priority that run */
    uint32_t looking;              /* [mutex] threads with work of the source
                                      that may start nothing */
    uint32_t threads;              /* [mutex] alive */
    uint32_t asleep;               /* [mutex] threads, on work */
    uint32_t waiting;              /* [mutex] threads, at the source */
    uint64_t turns;                /* [mutex] that threads went there */
    bool closing;                  /* [mutex] */
    bool has_zombie;               /* [mutex] zombie has ended, not joined */
    pthread_t zombie;              /* [mutex] */
};

static bool
may_start_locked(const struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    return pool->running < pool->limits.threads_max;
}

/* Jobs that wait for nothing but a thread. */
static uint32_t
startable_locked(const struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    uint32_t room =
        may_start_locked(pool) ? pool->limits.threads_max - pool->running : 0;
    uint32_t n = pool->queue.n_ordinary;

    return (n < room ? n : room) + pool->queue.n_urgent;
}

/* Threads that have, or are about to have, something to do. */
static uint64_t
busy_locked(const struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    return (uint64_t) pool->running + pool->urgent + pool->looking +
           startable_locked(pool);
}

static void *worker(void *arg);

static bool
spawn_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    pthread_t thread;

    if (mwi_thread_create(&thread, worker, pool) != 0) {
        return false;
    }
    pool->threads++;
    return true;
}

/* Every thread that runs nothing takes a job before it ends, so a job needs a
 * thread of its own only beyond these.  More than one is missing when some
 * could not be made before, or when one was counted on that has found other
 * work. */
static void
make_threads_locked(struct mwi_pool *pool, uint64_t n) MWI_REQUIRES(pool->mutex)
{
    uint64_t max =
        (uint64_t) pool->limits.threads_max +
        (pool->queue.n_urgent + pool->urgent > 0 ? pool->limits.priority_threads
                                                 : 0);

    while (pool->threads < n && pool->threads < max && spawn_locked(pool)) {
        continue;
    }
}

/* See mwi_pool_relieve(). */
static void
relieve_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    uint64_t busy = busy_locked(pool);

    if (pool->source.waiting_max == 0 || pool->waiting > 0) {
        return;
    }
    if (pool->asleep > 0) {
        mwi_cond_signal(&pool->work);
    } else if (busy >= pool->threads) { /* else one is on its way there */
        make_threads_locked(pool, busy + 1);
        if (busy >= pool->threads) {
            pool->source.unattended(pool->source.user);
        }
    }
}

/* Have a thread that does nothing look at the queue: one that sleeps rather
 * than one that waits at the source, which then is where it should be. */
static void
call_thread_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    if (pool->asleep > 0 && startable_locked(pool) <= pool->asleep) {
        mwi_cond_signal(&pool->work);
    } else if (pool->waiting > 0) {
        pool->source.wake(pool->source.user);
    }
}

/* Run the next job.  False: there is none that may start. */
static bool
run_job_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    struct mwi_job *job;
    uint32_t *n;

    if (startable_locked(pool) == 0) {
        return false;
    }
    job = mwi_queue_take(&pool->queue, may_start_locked(pool), mwi_now());
    n = job->priority > 0 ? &pool->urgent : &pool->running;
    ++*n;
    if (startable_locked(pool) > pool->asleep && pool->waiting > 0) {
        pool->source.wake(pool->source.user);
    }
    relieve_locked(pool);
    mwi_unlock(&pool->mutex);
    job->run(job);
    mwi_lock(&pool->mutex);
    --*n;
    return true;
}

/* Whether a thread without a job should be at the source. */
static bool
is_wanted_there_locked(const struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    return pool->waiting < pool->source.waiting_max;
}

/* Wait at the source, and deal with what comes.  False: nothing came. */
static bool
serve_source_locked(struct mwi_pool *pool, int64_t deadline)
    MWI_REQUIRES(pool->mutex)
{
    const struct mwi_source source = pool->source;
    void *work;
    bool may_start;
    uint32_t *n;

    pool->waiting++;
    pool->turns++;
    mwi_unlock(&pool->mutex);
    work = source.wait(source.user, deadline);
    mwi_lock(&pool->mutex);
    pool->waiting--;
    if (work == NULL) {
        return false;
    }
    may_start = may_start_locked(pool);
    n = may_start ? &pool->running : &pool->looking;
    ++*n;
    make_threads_locked(pool, busy_locked(pool));
    mwi_unlock(&pool->mutex);
    source.run(source.user, work, may_start);
    mwi_lock(&pool->mutex);
    --*n;
    return true;
}

static void
sleep_locked(struct mwi_pool *pool, int64_t deadline) MWI_REQUIRES(pool->mutex)
{
    pool->asleep++;
    (void) mwi_cond_wait(&pool->work, &pool->mutex, deadline);
    pool->asleep--;
}

/* Wait for a job, or for the source, and then deal with what that has.  False:
 * it had nothing. */
static bool
wait_locked(struct mwi_pool *pool, int64_t deadline) MWI_REQUIRES(pool->mutex)
{
    if (is_wanted_there_locked(pool)) {
        return serve_source_locked(pool, deadline);
    }
    sleep_locked(pool, deadline);
    return false;
}

/* Whether a thread that has long had nothing to do may end: not the last one at
 * the source, while others are busy. */
static bool
may_end_locked(const struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    return pool->threads > pool->limits.threads_min &&
           (pool->source.waiting_max == 0 || pool->waiting > 0);
}

/* Run what there is to do; returns when this thread should end. */
static void
work_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    int64_t deadline = mwi_deadline_in(pool->limits.idle_ms);

    for (;;) {
        bool was_busy = run_job_locked(pool);

        if (!was_busy && pool->closing) {
            if (pool->waiting > 0) {
                pool->source.wake(pool->source.user);
            }
            return;
        }
        if (was_busy || wait_locked(pool, deadline)) {
            deadline = mwi_deadline_in(pool->limits.idle_ms);
        } else if (startable_locked(pool) == 0 && deadline <= mwi_now()) {
            if (may_end_locked(pool)) {
                return;
            }
            /* One that must stay, which has no reason to look again. */
            deadline = MWI_FOREVER;
        }
    }
}

static void *
worker(void *arg)
{
    struct mwi_pool *pool = arg;
    pthread_t before;
    bool must_join;

    mwi_lock(&pool->mutex);
    work_locked(pool);
    before = pool->zombie;
    must_join = pool->has_zombie;
    pool->zombie = pthread_self();
    pool->has_zombie = true;
    if (--pool->threads == 0) {
        mwi_cond_signal(&pool->ended);
    }
    mwi_unlock(&pool->mutex);
    if (must_join) {
        (void) pthread_join(before, NULL);
    }
    return NULL;
}

mw_status
mwi_pool_open(struct mwi_pool **ret_pool, const struct mwi_pool_limits *limits,
    mw_error *reterr)
{
    struct mwi_pool *pool = mwi_calloc(1, sizeof(*pool));
    bool spawned = true;

    if (pool == NULL) {
        return mwi_fail_nomem(reterr);
    }
    mwi_mutex_init(&pool->mutex);
    mwi_cond_init(&pool->work);
    mwi_cond_init(&pool->ended);
    mwi_queue_init(&pool->queue);
    pool->limits = *limits;
    mwi_lock(&pool->mutex);
    while (spawned && pool->threads < limits->threads_min) {
        spawned = spawn_locked(pool);
    }
    mwi_unlock(&pool->mutex);
    if (!spawned) {
        mwi_pool_close(pool);
        return mwi_fail(
            reterr, MW_ENOMEM, "cannot create %u threads", limits->threads_min);
    }
    *ret_pool = pool;
    return MW_OK;
}

/* Whether another such job would be more than may run and wait. */
static bool
is_full_locked(const struct mwi_pool *pool, const struct mwi_job *job)
    MWI_REQUIRES(pool->mutex)
{
    const struct mwi_pool_limits *limits = &pool->limits;

    return job->priority > 0
               ? (uint64_t) pool->urgent + pool->queue.n_urgent >=
                     (uint64_t) limits->priority_threads +
                         limits->priority_queue_max
               : (uint64_t) pool->running + pool->queue.n_ordinary >=
                     (uint64_t) limits->threads_max + limits->queue_max;
}

static mw_status
submit_locked(struct mwi_pool *pool, struct mwi_job *job)
    MWI_REQUIRES(pool->mutex)
{
    mwi_queue_put(&pool->queue, job, mwi_now());
    make_threads_locked(pool, busy_locked(pool));
    if (pool->threads == 0) {
        mwi_queue_withdraw(&pool->queue, job);
        return MW_EEXHAUSTED;
    }
    if (startable_locked(pool) > 0) {
        call_thread_locked(pool);
    }
    return MW_OK;
}

mw_status
mwi_pool_submit(struct mwi_pool *pool, struct mwi_job *job)
{
    mw_status status;

    mwi_lock(&pool->mutex);
    status =
        is_full_locked(pool, job) ? MW_EEXHAUSTED : submit_locked(pool, job);
    mwi_unlock(&pool->mutex);
    return status;
}

void
mwi_pool_resubmit(struct mwi_pool *pool, struct mwi_job *job)
{
    mwi_lock(&pool->mutex);
    /* There is a thread: the caller's. */
    (void) !submit_locked(pool, job);
    mwi_unlock(&pool->mutex);
}

void
mwi_pool_attach(struct mwi_pool *pool, const struct mwi_source *source)
{
    mwi_lock(&pool->mutex);
    pool->source = *source;
    /* Threads that sleep already. */
    mwi_cond_broadcast(&pool->work);
    mwi_unlock(&pool->mutex);
}

void
mwi_pool_relieve(struct mwi_pool *pool)
{
    mwi_lock(&pool->mutex);
    relieve_locked(pool);
    mwi_unlock(&pool->mutex);
}

bool
mwi_pool_has_queue(struct mwi_pool *pool)
{
    return mwi_queue_len(&pool->queue) > 0;
}

void
mwi_pool_take_expired(
    struct mwi_pool *pool, bool look_again, struct mwi_list *expired)
{
    mwi_lock(&pool->mutex);
    if (look_again) {
        mwi_queue_look_again(&pool->queue);
    }
    mwi_queue_take_expired(&pool->queue, mwi_now(), expired);
    mwi_unlock(&pool->mutex);
}

int64_t
mwi_pool_wait(const struct mwi_pool *pool)
{
    return mwi_queue_wait(&pool->queue);
}

void
mwi_pool_close(struct mwi_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    mwi_lock(&pool->mutex);
    pool->closing = true;
    mwi_cond_broadcast(&pool->work);
    if (pool->waiting > 0) {
        pool->source.wake(pool->source.user);
    }
    while (pool->threads > 0) {
        (void) mwi_cond_wait(&pool->ended, &pool->mutex, MWI_FOREVER);
    }
    mwi_unlock(&pool->mutex);
    if (pool->has_zombie) {
        (void) pthread_join(pool->zombie, NULL);
    }
    mwi_cond_fini(&pool->ended);
    mwi_cond_fini(&pool->work);
    mwi_mutex_fini(&pool->mutex);
    mwi_free(pool);
}

void
mwi_pool_stats(struct mwi_pool *pool, struct mwi_pool_stats *ret_stats)
{
    mwi_lock(&pool->mutex);
    *ret_stats = (struct mwi_pool_stats){
        .threads = pool->threads,
        .running = pool->running,
        .urgent = pool->urgent,
        .queued = mwi_queue_len(&pool->queue),
        .waiting = pool->waiting,
        .turns = pool->turns,
    };
    mwi_unlock(&pool->mutex);
}
