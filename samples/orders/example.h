/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "orders.mw.h"

/* Makes an order of about 100 kB, always the same one.  The caller clears it
 * with orders_Order_clear(). */
mw_status example_order(orders_Order *ret_order);

#endif
