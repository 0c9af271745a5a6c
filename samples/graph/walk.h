/* SPDX-License-Identifier: MIT */
#ifndef WALK_H
#define WALK_H

#include "graph.mw.h"

/* Finds every router that one leads to, itself first, each once.  In a handler
 * pass its call, and free nothing; with NULL the caller clears the sequence
 * with graph_Router_seq_clear(), which leaves the routers alone. */
mw_status walk(
    mw_call *call, graph_Router *from, graph_Router_seq *ret_routers);

#endif
