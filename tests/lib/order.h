/* SPDX-License-Identifier: MIT */
/*
 * tests: an order of 20 lines with 1 KB of notes, 1000 samples, 16 attributes
 * and a customer, which may be others' customer, too; and what a desk does with
 * it.
 */
#ifndef MWT_ORDER_H
#define MWT_ORDER_H

#include "lib/call.h"
#include "order.mw.h"

enum {
    MWT_ORDER_LINES = 20,
    MWT_ORDER_NOTES = 1024,
    MWT_ORDER_SAMPLES = 1000,
    MWT_ORDER_ATTRIBUTES = 16,
};

/** The order as the client sends it, on the heap.  Free it with
 * worked_Order_clear_graph(), and its old customer with
 * worked_Customer_free(). */
void mwt_order_fill(worked_Order *ret_order);

/** What the handler does: two members of line 3 change, a line is put in at 5,
 * line 12 goes, the notes get ten characters more and the samples four other
 * values, there is another status and total, an attribute comes and one goes,
 * and the order belongs to a new customer. */
void mwt_order_handle(struct mwt_call *call, worked_Order *order);

#endif
