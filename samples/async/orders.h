/* SPDX-License-Identifier: MIT */
/*
 * What both clients order: some quick dishes, and one that nobody has the
 * patience to wait for.
 */
#ifndef ORDERS_H
#define ORDERS_H

#include "async_client.mw.h"

enum { N_ORDERS = 6 };

/* One call.  All of this must live until the call is over. */
struct order {
    const char *dish;
    uint32_t ms;
    mw_ctx ctx;
    mw_pending *pending; /* NULL: not under way */
    char *plate;
};

/* The orders, none of which is under way, and how long each may take. */
void orders_init(struct order orders[N_ORDERS], uint32_t timeout_ms);

/* Starts a call.  False: it could not be started, which was printed. */
bool order_start(struct order *order, mw_client *client);

/* Finishes one that is over, and prints how it went.  True: with a success. */
bool order_finish(struct order *order);

/* Drops one.  Nothing of it is written after this. */
void order_cancel(struct order *order);

/* Whether all went as it should, which is printed: some were served, and all
 * others cancelled. */
bool orders_are_right(unsigned n_served, unsigned n_cancelled);

#endif
