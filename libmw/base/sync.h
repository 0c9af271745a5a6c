/* SPDX-License-Identifier: MIT */
/*
 * base: mutexes and condition variables, with clang's thread-safety
 * annotations, and condition waits against a monotonic deadline.
 */
#ifndef MWI_BASE_SYNC_H
#define MWI_BASE_SYNC_H

#include <pthread.h>

#include "mw/base.h"

#if defined(__clang__)
#define MWI_CAPABILITY(name) __attribute__((capability(name)))
#define MWI_ACQUIRES(...)    __attribute__((acquire_capability(__VA_ARGS__)))
#define MWI_RELEASES(...)    __attribute__((release_capability(__VA_ARGS__)))
/* The caller holds the lock. */
#define MWI_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define MWI_NO_ANALYSIS   __attribute__((no_thread_safety_analysis))
#else
#define MWI_CAPABILITY(name)
#define MWI_ACQUIRES(...)
#define MWI_RELEASES(...)
#define MWI_REQUIRES(...)
#define MWI_NO_ANALYSIS
#endif

struct MWI_CAPABILITY("mutex") mwi_mutex {
    pthread_mutex_t impl;
};

struct mwi_cond {
    pthread_cond_t impl;
};

void mwi_mutex_init(struct mwi_mutex *mutex);
void mwi_mutex_fini(struct mwi_mutex *mutex);
void mwi_lock(struct mwi_mutex *mutex) MWI_ACQUIRES(*mutex);
void mwi_unlock(struct mwi_mutex *mutex) MWI_RELEASES(*mutex);

void mwi_cond_init(struct mwi_cond *cond);
void mwi_cond_fini(struct mwi_cond *cond);
void mwi_cond_signal(struct mwi_cond *cond);
void mwi_cond_broadcast(struct mwi_cond *cond);

/** Wait for a signal or the deadline (base/clock.h).  False once the deadline
 * has passed.  Wakes may be spurious: wait in a loop. */
bool mwi_cond_wait(struct mwi_cond *cond, struct mwi_mutex *mutex,
    int64_t deadline) MWI_REQUIRES(*mutex);

#endif
