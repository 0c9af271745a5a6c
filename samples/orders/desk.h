/* SPDX-License-Identifier: MIT */
/*
 * The desk: the handlers of orders::Desk and the state that they share.
 *
 * Handlers run on several threads at once, so what they share has a lock.
 */
#ifndef DESK_H
#define DESK_H

#include <pthread.h>

#include "orders_server.mw.h"

struct desk {
    pthread_mutex_t mutex;
    uint32_t n_parcels; /* [mutex] */
    uint32_t n_audited; /* [mutex] */
};

int desk_init(struct desk *desk);
void desk_fini(struct desk *desk);

/* The handlers; mw_call_user() of their calls is the struct desk. */
extern const orders_Desk_ops desk_ops;

#endif
