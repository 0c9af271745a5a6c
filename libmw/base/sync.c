/* SPDX-License-Identifier: MIT */
/*
 * The pthread functions used here fail only on misuse or, for the inits, in
 * ways glibc and musl do not have; a failure is a bug, and stops the program.
 */
#include "base/sync.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum { NS_PER_S = 1000000000 };

static void
must(int error)
{
    if (error != 0) {
        abort();
    }
}

void
mwi_mutex_init(struct mwi_mutex *mutex)
{
    must(pthread_mutex_init(&mutex->impl, NULL));
}

void
mwi_mutex_fini(struct mwi_mutex *mutex)
{
    must(pthread_mutex_destroy(&mutex->impl));
}

MWI_NO_ANALYSIS void
mwi_lock(struct mwi_mutex *mutex)
{
    must(pthread_mutex_lock(&mutex->impl));
}

MWI_NO_ANALYSIS void
mwi_unlock(struct mwi_mutex *mutex)
{
    must(pthread_mutex_unlock(&mutex->impl));
}

void
mwi_cond_init(struct mwi_cond *cond)
{
    pthread_condattr_t attr;

    must(pthread_condattr_init(&attr));
    must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    must(pthread_cond_init(&cond->impl, &attr));
    must(pthread_condattr_destroy(&attr));
}

void
mwi_cond_fini(struct mwi_cond *cond)
{
    must(pthread_cond_destroy(&cond->impl));
}

void
mwi_cond_signal(struct mwi_cond *cond)
{
    must(pthread_cond_signal(&cond->impl));
}

void
mwi_cond_broadcast(struct mwi_cond *cond)
{
    must(pthread_cond_broadcast(&cond->impl));
}

bool
mwi_cond_wait(struct mwi_cond *cond, struct mwi_mutex *mutex, int64_t deadline)
{
    struct timespec until;
    int error;

    if (deadline == MWI_FOREVER) {
        must(pthread_cond_wait(&cond->impl, &mutex->impl));
        return true;
    }
    until.tv_sec = (time_t) (deadline / NS_PER_S);
    until.tv_nsec = (long) (deadline % NS_PER_S);
    error = pthread_cond_timedwait(&cond->impl, &mutex->impl, &until);
    if (error == ETIMEDOUT) {
        return false;
    }
    must(error);
    return true;
}
