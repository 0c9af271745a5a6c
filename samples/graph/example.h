/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "graph.mw.h"

/* Makes a network of six routers, always the same one: a ring of four, and two
 * with customers.  The caller frees what there is of it, also after a failure,
 * with graph_Router_free_graph(). */
mw_status example_network(graph_Router **ret_core);

#endif
