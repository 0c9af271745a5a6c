/* SPDX-License-Identifier: MIT */
/*
 * The pace is a mean over jobs that were queued: how long each has waited,
 * divided by its place.  So it needs to know nothing of threads, processors and
 * handlers; and where nothing waits it says that there is no wait, whatever it
 * was before.
 */
#include "pool/queue.h"

#include "base/clock.h"

enum { PACE_WEIGHT = 16 }; /* jobs that the mean is over, about */

static struct mwi_job *
job_of(struct mwi_list *link)
{
    return MWI_CONTAINER(link, struct mwi_job, link);
}

void
mwi_queue_init(struct mwi_queue *queue)
{
    mwi_list_init(&queue->ordinary);
    mwi_list_init(&queue->urgent);
    queue->n_ordinary = queue->n_urgent = 0;
    queue->next_expiry = MWI_FOREVER;
    atomic_init(&queue->n, 0);
    atomic_init(&queue->pace, 0);
}

static void
count(struct mwi_queue *queue, const struct mwi_job *job, uint32_t change)
{
    uint32_t *n = job->priority > 0 ? &queue->n_urgent : &queue->n_ordinary;

    *n += change;
    atomic_store_explicit(
        &queue->n, queue->n_ordinary + queue->n_urgent, memory_order_relaxed);
}

/* Behind those of the same priority. */
static void
insert_urgent(struct mwi_queue *queue, struct mwi_job *job)
{
    struct mwi_list *before = &queue->urgent;

    MWI_LIST_FOREACH(link, &queue->urgent) {
        if (job_of(link)->priority < job->priority) {
            before = link;
            break;
        }
    }
    mwi_list_append(before, &job->link);
}

void
mwi_queue_put(struct mwi_queue *queue, struct mwi_job *job, int64_t now)
{
    if (job->priority > 0) {
        insert_urgent(queue, job);
    } else {
        mwi_list_append(&queue->ordinary, &job->link);
    }
    count(queue, job, 1);
    job->ahead = queue->n_ordinary;
    job->put_at = now;
    if (job->deadline != 0 && job->deadline < queue->next_expiry) {
        queue->next_expiry = job->deadline;
    }
}

void
mwi_queue_withdraw(struct mwi_queue *queue, struct mwi_job *job)
{
    mwi_list_remove(&job->link);
    count(queue, job, UINT32_MAX);
}

static void
note_wait(struct mwi_queue *queue, const struct mwi_job *job, int64_t now)
{
    int64_t sample = (now - job->put_at) / job->ahead;
    int64_t pace = atomic_load_explicit(&queue->pace, memory_order_relaxed);

    pace += (sample - pace) / PACE_WEIGHT;
    atomic_store_explicit(&queue->pace, pace, memory_order_relaxed);
}

struct mwi_job *
mwi_queue_take(struct mwi_queue *queue, bool ordinary, int64_t now)
{
    struct mwi_list *link = mwi_list_pop(&queue->urgent);
    struct mwi_job *job;

    if (link == NULL && ordinary) {
        link = mwi_list_pop(&queue->ordinary);
    }
    if (link == NULL) {
        return NULL;
    }
    job = job_of(link);
    count(queue, job, UINT32_MAX);
    if (job->priority == 0) {
        note_wait(queue, job, now);
    }
    return job;
}

static bool
is_in_vain(const struct mwi_job *job, int64_t now)
{
    return atomic_load_explicit(&job->in_vain, memory_order_relaxed) ||
           (job->deadline != 0 && job->deadline <= now);
}

static void
sift(struct mwi_queue *queue, struct mwi_list *lane, int64_t now,
    struct mwi_list *expired)
{
    MWI_LIST_FOREACH(link, lane) {
        struct mwi_job *job = job_of(link);

        if (is_in_vain(job, now)) {
            mwi_queue_withdraw(queue, job);
            mwi_list_append(expired, link);
        } else if (job->deadline != 0 && job->deadline < queue->next_expiry) {
            queue->next_expiry = job->deadline;
        }
    }
}

void
mwi_queue_take_expired(
    struct mwi_queue *queue, int64_t now, struct mwi_list *expired)
{
    if (queue->next_expiry > now) {
        return;
    }
    queue->next_expiry = MWI_FOREVER;
    sift(queue, &queue->urgent, now, expired);
    sift(queue, &queue->ordinary, now, expired);
}

void
mwi_queue_look_again(struct mwi_queue *queue)
{
    queue->next_expiry = 0;
}

int64_t
mwi_queue_wait(const struct mwi_queue *queue)
{
    int64_t pace = atomic_load_explicit(&queue->pace, memory_order_relaxed);

    return pace * mwi_queue_len(queue);
}
