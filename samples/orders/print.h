/* SPDX-License-Identifier: MIT */
/* What the client says to the person in front of it. */
#ifndef PRINT_H
#define PRINT_H

#include <mw/mw.h>

/* Prints lines as mw_object_changes() and mw_ctx.changes have them. */
void print_changes(const char *changes);

/* Prints what the call moved. */
void print_bytes(const mw_stats *stats);

#endif
