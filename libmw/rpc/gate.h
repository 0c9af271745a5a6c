/* SPDX-License-Identifier: MIT */
/*
 * rpc: how many calls of an operation, and of all operations of an interface,
 * run at once (@mw::max_concurrency).
 *
 * Each offered interface that has such limits has a gate.  A call enters before
 * it is given to a thread and leaves when it is answered; one that finds no
 * room waits at the gate, without a thread, and is let in by one that leaves.
 */
#ifndef MWI_RPC_GATE_H
#define MWI_RPC_GATE_H

#include "mw/call.h"

#include "base/list.h"
#include "base/sync.h"

struct mwi_slots {
    uint32_t max; /* constant; 0: any number */
    uint32_t n;   /* [gate.mutex] calls inside */
};

struct mwi_gate {
    struct mwi_mutex mutex;  /* nothing is locked inside it */
    struct mwi_slots all;    /* of the interface */
    uint32_t waiting_max;    /* constant */
    uint32_t n_waiting;      /* [mutex] */
    struct mwi_list waiting; /* [mutex] the highest priority first */
};

enum mwi_gate_way {
    MWI_GATE_ENTERED,
    MWI_GATE_WAITS, /* the call is the gate's */
    MWI_GATE_FULL,
};

void mwi_gate_init(struct mwi_gate *gate, uint32_t max, uint32_t waiting_max);
void mwi_gate_fini(struct mwi_gate *gate);

/** Enter, if there is room.
 *
 * @param call  of an operation with a gate
 * @thread any */
MW_MUST_USE bool mwi_gate_try(mw_call *call);

/** Enter, or wait.
 *
 * @param call  of an operation with a gate; [take] if it waits: by its job's
 *              link
 * @thread any; does not block */
MW_MUST_USE enum mwi_gate_way mwi_gate_enter(mw_call *call);

/** Leave, if the call is inside.  Returns a call that has entered in its place,
 * to be given to a thread; NULL: none.  @thread any */
mw_call *mwi_gate_leave(mw_call *call);

/** Move calls that wait in vain, for they are cancelled or their deadline has
 * passed, to a list.
 * @thread any */
void mwi_gate_take_expired(struct mwi_gate *gate, struct mwi_list *expired);

#endif
