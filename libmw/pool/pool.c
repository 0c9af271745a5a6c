/* SPDX-License-Identifier: MIT */
/*
 * One lock, one queue, one condition that idle threads wait on.  A thread that
 * ends is joined by the next one that ends, the last one by mwi_pool_close(),
 * so none is left behind and none is detached.
 */
#include "pool/pool.h"

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sync.h"

struct mwi_pool {
    struct mwi_mutex mutex; /* held for moments; nothing is locked inside */
    struct mwi_cond work;   /* a job is queued, or the pool is closing */
    struct mwi_cond ended;  /* the last thread has ended */
    struct mwi_pool_limits limits; /* constant */
    struct mwi_list queue;         /* [mutex] */
    uint32_t queued;               /* [mutex] jobs in the queue */
    uint32_t running;              /* [mutex] jobs */
    uint32_t threads;              /* [mutex] alive */
    bool closing;                  /* [mutex] */
    bool has_zombie;               /* [mutex] zombie has ended, not joined */
    pthread_t zombie;              /* [mutex] */
};

/* Take a job, waiting for one; NULL when this thread should end. */
static struct mwi_job *
next_job_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    int64_t deadline = mwi_deadline_in(pool->limits.idle_ms);
    struct mwi_list *link;

    while (mwi_list_is_empty(&pool->queue)) {
        bool in_time;

        if (pool->closing) {
            return NULL;
        }
        in_time = mwi_cond_wait(&pool->work, &pool->mutex, deadline);
        if (!in_time && mwi_list_is_empty(&pool->queue)) {
            if (pool->threads > pool->limits.threads_min) {
                return NULL;
            }
            /* One of the minimum, which have no reason to look again. */
            deadline = MWI_FOREVER;
        }
    }
    link = mwi_list_pop(&pool->queue);
    pool->queued--;
    return MWI_CONTAINER(link, struct mwi_job, link);
}

static void *
worker(void *arg)
{
    struct mwi_pool *pool = arg;
    struct mwi_job *job;
    pthread_t before;
    bool must_join;

    mwi_lock(&pool->mutex);
    while ((job = next_job_locked(pool)) != NULL) {
        pool->running++;
        mwi_unlock(&pool->mutex);
        job->run(job);
        mwi_lock(&pool->mutex);
        pool->running--;
    }
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

/* Signals are for the program's own threads. */
static bool
spawn_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    sigset_t all;
    sigset_t old;
    pthread_t thread;
    int error;

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&thread, NULL, worker, pool);
    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0) {
        return false;
    }
    pool->threads++;
    return true;
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
    mwi_list_init(&pool->queue);
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

static mw_status
submit_locked(struct mwi_pool *pool, struct mwi_job *job)
    MWI_REQUIRES(pool->mutex)
{
    uint64_t accepted = (uint64_t) pool->running + pool->queued;
    uint64_t capacity =
        (uint64_t) pool->limits.threads_max + pool->limits.queue_max;

    if (accepted >= capacity) {
        return MW_EEXHAUSTED;
    }
    /* Every thread that runs no job takes one before it ends, so a job needs
     * a thread of its own only beyond these.  More than one is missing when
     * some could not be made before. */
    while (accepted >= pool->threads &&
           pool->threads < pool->limits.threads_max && spawn_locked(pool)) {
        continue;
    }
    if (pool->threads == 0) {
        return MW_EEXHAUSTED;
    }
    mwi_list_append(&pool->queue, &job->link);
    pool->queued++;
    mwi_cond_signal(&pool->work);
    return MW_OK;
}

mw_status
mwi_pool_submit(struct mwi_pool *pool, struct mwi_job *job)
{
    mw_status status;

    mwi_lock(&pool->mutex);
    status = submit_locked(pool, job);
    mwi_unlock(&pool->mutex);
    return status;
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
        .queued = pool->queued,
    };
    mwi_unlock(&pool->mutex);
}
