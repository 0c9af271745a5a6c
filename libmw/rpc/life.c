/* SPDX-License-Identifier: MIT */
#include "rpc/life.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/thread.h"
#include "rpc/client.h"

enum { AT_ONCE = 0 }; /* a deadline that has passed */

void
mwi_life_begin(struct mwi_life *life)
{
    mwi_fork_watch();
    mwi_attend_init(&life->attend);
    atomic_init(&life->refs, 1);
    atomic_init(&life->generation, mwi_fork_generation());
    life->has_thread = false;
}

/* The thread. */

static void *
attend_always(void *arg)
{
    mw_client *client = arg;
    struct mwi_attend *attend = &mwi_client_life(client)->attend;

    while (!mwi_attend_is_leaving(attend)) {
        mwi_attend_step(attend, MWI_FOREVER);
    }
    mwi_attend_call(attend, SIZE_MAX);
    mwi_client_leave(client);
    return NULL;
}

mw_status
mwi_life_start_thread(mw_client *client, mw_error *reterr)
{
    struct mwi_life *life = mwi_client_life(client);
    int error;

    if (mwi_attend_open(&life->attend, reterr) < 0) {
        return reterr->status;
    }
    atomic_fetch_add(&life->refs, 1);
    error = mwi_thread_create(&life->thread, attend_always, client);
    if (error != 0) {
        atomic_fetch_sub(&life->refs, 1); /* not the last one */
        return mwi_fail_sys(
            reterr, MW_EEXHAUSTED, error, "starting the client's thread");
    }
    life->has_thread = true;
    return MW_OK;
}

static void
end_thread(struct mwi_life *life)
{
    if (!life->has_thread) {
        return;
    }
    mwi_attend_leave(&life->attend);
    if (pthread_equal(life->thread, pthread_self())) {
        (void) pthread_detach(life->thread); /* it ends when on_done returns */
    } else {
        (void) pthread_join(life->thread, NULL);
    }
}

void
mwi_life_end(mw_client *client)
{
    struct mwi_life *life = mwi_client_life(client);

    mwi_attend_close(&life->attend);
    end_thread(life);
    mwi_attend_call(&life->attend, SIZE_MAX);
    mwi_client_leave(client);
}

/* Calls. */

/* In a child, of whose threads several may be the first to come here. */
static void
renew(mw_client *client)
{
    struct mwi_life *life = mwi_client_life(client);
    mw_error ignored; /* then somebody else has to attend */

    mwi_fork_lock();
    if (atomic_load(&life->generation) != mwi_fork_generation()) {
        mwi_attend_renew(&life->attend);
        mwi_client_renew(client);
        if (life->has_thread) {
            life->has_thread = false;
            (void) !mwi_life_start_thread(client, &ignored);
        }
        atomic_store(&life->generation, mwi_fork_generation());
    }
    mwi_fork_unlock();
}

void
mwi_client_enter(mw_client *client)
{
    struct mwi_life *life = mwi_client_life(client);

    if (atomic_load_explicit(&life->generation, memory_order_acquire) !=
        mwi_fork_generation()) {
        renew(client);
    }
    atomic_fetch_add_explicit(&life->refs, 1, memory_order_relaxed);
}

void
mwi_client_leave(mw_client *client)
{
    struct mwi_life *life = mwi_client_life(client);

    if (atomic_fetch_sub(&life->refs, 1) == 1) {
        mwi_client_free(client);
    }
}

/* The program's own event loop. */

int
mw_client_fd(mw_client *client)
{
    struct mwi_life *life = mwi_client_life(client);
    mw_error ignored;
    int fd = -1;

    mwi_client_enter(client);
    if (mwi_attend_open(&life->attend, &ignored) == MW_OK) {
        fd = life->attend.poller.epoll_fd;
    }
    mwi_client_leave(client);
    return fd;
}

mw_status
mw_client_process(mw_client *client)
{
    struct mwi_life *life = mwi_client_life(client);
    mw_error error;
    mw_status status;

    mwi_client_enter(client);
    status = mwi_attend_open(&life->attend, &error);
    if (status == MW_OK) {
        mwi_attend_step(&life->attend, AT_ONCE);
    }
    mwi_client_leave(client);
    return status;
}
