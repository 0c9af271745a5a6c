/* SPDX-License-Identifier: MIT */
/*
 * A walk over a graph that has cycles.  The sequence of what was found is also
 * the queue of what is to be looked at.  It is searched from end to end, which
 * is good enough for hundreds of nodes; for more, use a hash of addresses.
 */
#include "walk.h"

static mw_status
visit(mw_call *call, graph_Router_seq *found, graph_Router *router)
{
    graph_Router **slot;
    size_t i;

    if (router == NULL) {
        return MW_OK;
    }
    for (i = 0; i < found->len; i++) {
        if (found->items[i] == router) {
            return MW_OK;
        }
    }
    slot = graph_Router_seq_add(call, found);
    if (slot == NULL) {
        return MW_ENOMEM;
    }
    *slot = router;
    return MW_OK;
}

static mw_status
visit_neighbours(
    mw_call *call, graph_Router_seq *found, const graph_Router *router)
{
    mw_status status = visit(call, found, router->next);
    size_t i;

    for (i = 0; i < router->routes.len && status == MW_OK; i++) {
        const graph_Hop *hop = &router->routes.items[i].value;

        if (hop->tag == graph_Way_VIA) {
            status = visit(call, found, hop->via);
        }
    }
    return status;
}

mw_status
walk(mw_call *call, graph_Router *from, graph_Router_seq *ret_routers)
{
    mw_status status;
    size_t i;

    *ret_routers = (graph_Router_seq){ .len = 0 };
    status = visit(call, ret_routers, from);
    for (i = 0; i < ret_routers->len && status == MW_OK; i++) {
        status = visit_neighbours(call, ret_routers, ret_routers->items[i]);
    }
    if (status < 0 && call == NULL) {
        graph_Router_seq_clear(ret_routers);
    }
    return status;
}
