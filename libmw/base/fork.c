/* SPDX-License-Identifier: MIT */
#include "base/fork.h"

#include "base/sync.h"

_Atomic uint32_t mwi_fork_count;

static struct mwi_mutex mutex;

static void
count(void)
{
    mwi_mutex_init(&mutex);
    atomic_fetch_add(&mwi_fork_count, 1);
}

static void
register_handler(void)
{
    mwi_mutex_init(&mutex);
    /* Without memory for it, a child is not noticed; nothing can be done. */
    (void) pthread_atfork(NULL, NULL, count);
}

void
mwi_fork_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void) pthread_once(&once, register_handler);
}

MWI_NO_ANALYSIS void
mwi_fork_lock(void)
{
    mwi_lock(&mutex);
}

MWI_NO_ANALYSIS void
mwi_fork_unlock(void)
{
    mwi_unlock(&mutex);
}
