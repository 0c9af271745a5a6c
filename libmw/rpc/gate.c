/* SPDX-License-Identifier: MIT */
/*
 * No call that waits could enter: there is no room in the interface, or none in
 * its operation.  One that leaves makes room for one of its own operation, or,
 * where the interface was full, for one of any operation that has room.  So one
 * at most enters then, the first that can.
 */
#include "rpc/gate.h"

#include "base/clock.h"
#include "rpc/call.h"

void
mwi_gate_init(struct mwi_gate *gate, uint32_t max, uint32_t waiting_max)
{
    mwi_mutex_init(&gate->mutex);
    gate->all = (struct mwi_slots){ .max = max };
    gate->waiting_max = waiting_max;
    gate->n_waiting = 0;
    mwi_list_init(&gate->waiting);
}

void
mwi_gate_fini(struct mwi_gate *gate)
{
    mwi_mutex_fini(&gate->mutex);
}

static mw_call *
call_of(struct mwi_list *link)
{
    return MWI_CONTAINER(link, mw_call, job.link);
}

static bool
has_room(const struct mwi_slots *slots)
{
    return slots->max == 0 || slots->n < slots->max;
}

static bool
enter_locked(struct mwi_gate *gate, mw_call *call) MWI_REQUIRES(gate->mutex)
{
    struct mwi_slots *own = call->op->slots;

    if (!has_room(&gate->all) || !has_room(own)) {
        return false;
    }
    gate->all.n++;
    own->n++;
    call->ticket.is_inside = true;
    return true;
}

/* Behind those of the same priority. */
static void
wait_locked(struct mwi_gate *gate, mw_call *call) MWI_REQUIRES(gate->mutex)
{
    struct mwi_list *before = &gate->waiting;

    MWI_LIST_FOREACH(link, &gate->waiting) {
        if (call_of(link)->job.priority < call->job.priority) {
            before = link;
            break;
        }
    }
    mwi_list_append(before, &call->job.link);
    gate->n_waiting++;
}

static void
take_out_locked(struct mwi_gate *gate, mw_call *call) MWI_REQUIRES(gate->mutex)
{
    mwi_list_remove(&call->job.link);
    gate->n_waiting--;
}

bool
mwi_gate_try(mw_call *call)
{
    struct mwi_gate *gate = call->op->gate;
    bool entered;

    mwi_lock(&gate->mutex);
    entered = enter_locked(gate, call);
    mwi_unlock(&gate->mutex);
    return entered;
}

enum mwi_gate_way
mwi_gate_enter(mw_call *call)
{
    struct mwi_gate *gate = call->op->gate;
    enum mwi_gate_way way = MWI_GATE_FULL;

    mwi_lock(&gate->mutex);
    if (enter_locked(gate, call)) {
        way = MWI_GATE_ENTERED;
    } else if (gate->n_waiting < gate->waiting_max) {
        wait_locked(gate, call);
        way = MWI_GATE_WAITS;
    }
    mwi_unlock(&gate->mutex);
    return way;
}

static mw_call *
let_in_locked(struct mwi_gate *gate) MWI_REQUIRES(gate->mutex)
{
    MWI_LIST_FOREACH(link, &gate->waiting) {
        if (enter_locked(gate, call_of(link))) {
            take_out_locked(gate, call_of(link));
            return call_of(link);
        }
    }
    return NULL;
}

mw_call *
mwi_gate_leave(mw_call *call)
{
    struct mwi_gate *gate = call->op->gate;
    struct mwi_slots *own = call->op->slots;
    mw_call *next;

    if (!call->ticket.is_inside) {
        return NULL;
    }
    call->ticket.is_inside = false;
    mwi_lock(&gate->mutex);
    gate->all.n--;
    own->n--;
    next = let_in_locked(gate);
    mwi_unlock(&gate->mutex);
    return next;
}

void
mwi_gate_take_expired(struct mwi_gate *gate, struct mwi_list *expired)
{
    int64_t now = mwi_now();

    mwi_lock(&gate->mutex);
    MWI_LIST_FOREACH(link, &gate->waiting) {
        mw_call *call = call_of(link);

        if (atomic_load(&call->job.in_vain) ||
            (call->job.deadline != 0 && call->job.deadline <= now)) {
            take_out_locked(gate, call);
            mwi_list_append(expired, link);
        }
    }
    mwi_unlock(&gate->mutex);
}
