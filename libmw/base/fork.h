/* SPDX-License-Identifier: MIT */
/*
 * base: noticing that the process is a child of the one that made something.
 *
 * After fork() a child has its parent's memory and descriptors, but only the
 * thread that forked, so locks may be held by nobody.  What must not be used in
 * a child notes the generation in which it was made, and compares.
 */
#ifndef MWI_BASE_FORK_H
#define MWI_BASE_FORK_H

#include <stdatomic.h>

#include "mw/base.h"

/* How many fork()s lie between this process and the first that called
 * mwi_fork_watch().  Written in a child while it has a single thread. */
extern _Atomic uint32_t mwi_fork_count;

/** Begin to count, in this process and its children. */
void mwi_fork_watch(void);

/** What is done once in a child is done under this lock, which a child always
 * finds free. */
void mwi_fork_lock(void);
void mwi_fork_unlock(void);

static inline uint32_t
mwi_fork_generation(void)
{
    return atomic_load_explicit(&mwi_fork_count, memory_order_relaxed);
}

#endif
