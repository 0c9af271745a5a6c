/* SPDX-License-Identifier: MIT */
/*
 * pool: jobs that wait, in two lanes: ordinary ones in the order in which they
 * came, and before them those with a priority, the highest first.
 *
 * It knows how long the jobs that it gave out had waited, and for how many, so
 * it can tell how long another would.  Not thread-safe, but for what says so.
 */
#ifndef MWI_POOL_QUEUE_H
#define MWI_POOL_QUEUE_H

#include <stdatomic.h>

#include "base/list.h"

struct mwi_job {
    struct mwi_list link;             /* the queue's; [pool] */
    void (*run)(struct mwi_job *job); /* may free the job */
    uint32_t priority;                /* constant while it waits; 0: ordinary */
    uint32_t ahead;   /* the queue's: ordinary jobs there, with this one */
    int64_t deadline; /* constant while it waits: after which it is in vain to
                         run it; 0: never */
    int64_t put_at;   /* the queue's */
    atomic_bool in_vain; /* it need not be run any more: may be set while it
                            waits, see mwi_queue_look_again() */
};

struct mwi_queue {
    struct mwi_list ordinary;
    struct mwi_list urgent;
    uint32_t n_ordinary;
    uint32_t n_urgent;
    int64_t next_expiry;  /* no deadline is before this one; base/clock.h */
    _Atomic uint32_t n;   /* of both */
    _Atomic int64_t pace; /* ns that an ordinary job takes to get one place
                             ahead, of late */
};

void mwi_queue_init(struct mwi_queue *queue);

void mwi_queue_put(struct mwi_queue *queue, struct mwi_job *job, int64_t now);

/** The job to run next; NULL: there is none.
 *
 * @param ordinary  it need not have a priority
 */
struct mwi_job *mwi_queue_take(
    struct mwi_queue *queue, bool ordinary, int64_t now);

/** Take back a job that was just put.  */
void mwi_queue_withdraw(struct mwi_queue *queue, struct mwi_job *job);

/** Move jobs that are in vain, or whose deadline has passed, to a list.  Quick
 * when there are none.
 */
void mwi_queue_take_expired(
    struct mwi_queue *queue, int64_t now, struct mwi_list *expired);

/** How many wait.  @thread any */
static inline uint32_t
mwi_queue_len(const struct mwi_queue *queue)
{
    return atomic_load_explicit(&queue->n, memory_order_relaxed);
}

/** Some job that waits may be in vain now. */
void mwi_queue_look_again(struct mwi_queue *queue);

/** How long an ordinary job would wait that came now, in ns, about.
 * @thread any */
int64_t mwi_queue_wait(const struct mwi_queue *queue);

#endif
