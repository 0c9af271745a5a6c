/* SPDX-License-Identifier: MIT */
/*
 * To cancel a call is to set a flag, and to make a descriptor readable that its
 * handler may be polling.  That is a timer's, which goes off at the call's
 * deadline as well: so one descriptor tells of both.
 */
#include "rpc/running.h"

#include "base/clock.h"
#include "net/alarm.h"
#include "rpc/call.h"

void
mwi_running_init(struct mwi_running *running)
{
    mwi_mutex_init(&running->mutex);
    mwi_list_init(&running->calls);
}

void
mwi_running_fini(struct mwi_running *running)
{
    mwi_mutex_fini(&running->mutex);
}

void
mwi_running_add(struct mwi_running *running, mw_call *call)
{
    call->running = running;
    mwi_lock(&running->mutex);
    mwi_list_push(&running->calls, &call->among);
    mwi_unlock(&running->mutex);
}

void
mwi_running_remove(mw_call *call)
{
    struct mwi_running *running = call->running;

    if (running != NULL) {
        mwi_lock(&running->mutex);
        mwi_list_remove(&call->among);
        mwi_unlock(&running->mutex);
    }
}

static void
cancel_locked(mw_call *call)
{
    atomic_store(&call->is_cancelled, true);
    atomic_store(&call->job.in_vain, true);
    if (call->cancel_fd >= 0) {
        mwi_alarm_set(call->cancel_fd, 0);
    }
}

const struct mwi_operation *
mwi_running_cancel(struct mwi_running *running, uint64_t id)
{
    const struct mwi_operation *op = NULL;

    mwi_lock(&running->mutex);
    MWI_LIST_FOREACH(link, &running->calls) {
        mw_call *call = MWI_CONTAINER(link, mw_call, among);

        if (call->id == id) {
            cancel_locked(call);
            op = call->op;
            break;
        }
    }
    mwi_unlock(&running->mutex);
    return op;
}

bool
mwi_running_cancel_all(struct mwi_running *running)
{
    bool any = false;

    mwi_lock(&running->mutex);
    MWI_LIST_FOREACH(link, &running->calls) {
        mw_call *call = MWI_CONTAINER(link, mw_call, among);

        if (call->outcome == NULL) {
            cancel_locked(call);
            any = true;
        }
    }
    mwi_unlock(&running->mutex);
    return any;
}

bool
mw_call_cancelled(const mw_call *call)
{
    return atomic_load(&call->is_cancelled) ||
           (call->running != NULL && call->deadline <= mwi_now());
}

int
mw_call_cancel_fd(mw_call *call)
{
    struct mwi_running *running = call->running;

    if (running == NULL) {
        return -1;
    }
    mwi_lock(&running->mutex);
    if (call->cancel_fd < 0) {
        call->cancel_fd = mwi_alarm_open();
        if (call->cancel_fd >= 0) {
            mwi_alarm_set(call->cancel_fd,
                atomic_load(&call->is_cancelled) ? 0 : call->deadline);
        }
    }
    mwi_unlock(&running->mutex);
    return call->cancel_fd;
}
