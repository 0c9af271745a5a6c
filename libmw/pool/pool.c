/* SPDX-License-Identifier: MIT */
/*
 * One lock, one queue.  A thread without a job waits at the source, if there is
 * one and few enough are there, or else sleeps on a condition.  A thread that
 * ends is joined by the next one that ends, the last one by mwi_pool_close(),
 * so none is left behind and none is detached.
 *
 * Several wake()s of the source may wake but one thread, so whoever is woken
 * wakes the next if there is something for it to do.
 */
#include "pool/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sync.h"

struct mwi_pool {
    struct mwi_mutex mutex; /* held for moments; nothing is locked inside */
    struct mwi_cond work;   /* a job or the source wants a thread, or closing */
    struct mwi_cond ended;  /* the last thread has ended */
    struct mwi_pool_limits limits; /* constant */
    struct mwi_source source;      /* [mutex] waiting_max is 0: none */
    struct mwi_list queue;         /* [mutex] */
    _Atomic uint32_t queued;       /* [mutex] to write: jobs in the queue */
    uint32_t running;              /* [mutex] jobs, and work of the source */
    uint32_t threads;              /* [mutex] alive */
    uint32_t asleep;               /* [mutex] threads, on work */
    uint32_t waiting;              /* [mutex] threads, at the source */
    uint64_t turns;                /* [mutex] that threads went there */
    bool closing;                  /* [mutex] */
    bool has_zombie;               /* [mutex] zombie has ended, not joined */
    pthread_t zombie;              /* [mutex] */
};

static uint32_t
queued(struct mwi_pool *pool)
{
    return atomic_load_explicit(&pool->queued, memory_order_relaxed);
}

static void
set_queued_locked(struct mwi_pool *pool, uint32_t n) MWI_REQUIRES(pool->mutex)
{
    atomic_store_explicit(&pool->queued, n, memory_order_relaxed);
}

static void *worker(void *arg);

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

/* Every thread that runs nothing takes a job before it ends, so a job needs a
 * thread of its own only beyond these.  More than one is missing when some
 * could not be made before, or when one was counted on that has found other
 * work. */
static void
make_threads_locked(struct mwi_pool *pool, uint32_t n) MWI_REQUIRES(pool->mutex)
{
    while (pool->threads < n && pool->threads < pool->limits.threads_max &&
           spawn_locked(pool)) {
        continue;
    }
}

/* See mwi_pool_relieve(). */
static void
relieve_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    uint32_t busy = pool->running + queued(pool);

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
    if (pool->asleep > 0 && queued(pool) <= pool->asleep) {
        mwi_cond_signal(&pool->work);
    } else if (pool->waiting > 0) {
        pool->source.wake(pool->source.user);
    }
}

static struct mwi_job *
take_job_locked(struct mwi_pool *pool) MWI_REQUIRES(pool->mutex)
{
    struct mwi_list *link = mwi_list_pop(&pool->queue);

    if (link == NULL) {
        return NULL;
    }
    set_queued_locked(pool, queued(pool) - 1);
    if (queued(pool) > pool->asleep && pool->waiting > 0) {
        pool->source.wake(pool->source.user);
    }
    return MWI_CONTAINER(link, struct mwi_job, link);
}

static void
run_job_locked(struct mwi_pool *pool, struct mwi_job *job)
    MWI_REQUIRES(pool->mutex)
{
    pool->running++;
    relieve_locked(pool);
    mwi_unlock(&pool->mutex);
    job->run(job);
    mwi_lock(&pool->mutex);
    pool->running--;
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

    pool->waiting++;
    pool->turns++;
    mwi_unlock(&pool->mutex);
    work = source.wait(source.user, deadline);
    mwi_lock(&pool->mutex);
    pool->waiting--;
    if (work == NULL) {
        return false;
    }
    pool->running++;
    make_threads_locked(pool, pool->running + queued(pool));
    mwi_unlock(&pool->mutex);
    source.run(source.user, work);
    mwi_lock(&pool->mutex);
    pool->running--;
    return true;
}

static void
sleep_locked(struct mwi_pool *pool, int64_t deadline) MWI_REQUIRES(pool->mutex)
{
    pool->asleep++;
    (void) mwi_cond_wait(&pool->work, &pool->mutex, deadline);
    pool->asleep--;
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
        struct mwi_job *job = take_job_locked(pool);
        bool was_busy = job != NULL;

        if (job != NULL) {
            run_job_locked(pool, job);
        } else if (pool->closing) {
            if (pool->waiting > 0) {
                pool->source.wake(pool->source.user);
            }
            return;
        } else if (is_wanted_there_locked(pool)) {
            was_busy = serve_source_locked(pool, deadline);
        } else {
            sleep_locked(pool, deadline);
        }
        if (was_busy) {
            deadline = mwi_deadline_in(pool->limits.idle_ms);
        } else if (queued(pool) == 0 && deadline <= mwi_now()) {
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
submit_locked(struct mwi_pool *pool, struct mwi_job *job, uint64_t capacity)
    MWI_REQUIRES(pool->mutex)
{
    uint64_t accepted = (uint64_t) pool->running + queued(pool);

    if (accepted >= capacity) {
        return MW_EEXHAUSTED;
    }
    make_threads_locked(
        pool, accepted < UINT32_MAX ? (uint32_t) accepted + 1 : UINT32_MAX);
    if (pool->threads == 0) {
        return MW_EEXHAUSTED;
    }
    mwi_list_append(&pool->queue, &job->link);
    set_queued_locked(pool, queued(pool) + 1);
    call_thread_locked(pool);
    return MW_OK;
}

mw_status
mwi_pool_submit(struct mwi_pool *pool, struct mwi_job *job)
{
    mw_status status;

    mwi_lock(&pool->mutex);
    status = submit_locked(pool, job,
        (uint64_t) pool->limits.threads_max + pool->limits.queue_max);
    mwi_unlock(&pool->mutex);
    return status;
}

void
mwi_pool_resubmit(struct mwi_pool *pool, struct mwi_job *job)
{
    mwi_lock(&pool->mutex);
    /* There is a thread: the caller's. */
    (void) !submit_locked(pool, job, UINT64_MAX);
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
    return queued(pool) > 0;
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
        .queued = queued(pool),
        .waiting = pool->waiting,
        .turns = pool->turns,
    };
    mwi_unlock(&pool->mutex);
}
