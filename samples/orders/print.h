/* SPDX-License-Identifier: MIT */
/* What the client says to the person in front of it. */
#ifndef PRINT_H
#define PRINT_H

#include <mw/mw.h>

#include "orders.mw.h"

/* Prints what differs, old → new. */
void print_changes(const orders_Order *before, const orders_Order *after);

/* Prints what the call moved. */
void print_bytes(const mw_stats *stats);

#endif
