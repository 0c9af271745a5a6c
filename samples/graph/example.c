/* SPDX-License-Identifier: MIT */
/* Builds a graph on the heap. */
#include "example.h"

#include <mw/mw.h>
#include <stdio.h>
#include <string.h>

enum { AMS, BRU, PAR_1, PAR_2, LIL, GNT, N_ROUTERS };
enum { N_CUSTOMERS = 60 };

static const struct {
    const char *name, *city;
    bool in_backbone;
    uint32_t load;
} routers[N_ROUTERS] = {
    { "ams", "Amsterdam", true, 30 },
    { "bru", "Brussels", true, 65 },
    { "par-1", "Paris", true, 40 },
    { "par-2", "Paris", true, 35 },
    { "lil", "Lille", false, 20 },
    { "gnt", "Ghent", false, 15 },
};

static const struct {
    int from, via;
    const char *destination;
} routes[] = {
    { AMS, BRU, "10.4.0.0/16" },
    { AMS, BRU, "10.5.0.0/16" },
    { BRU, GNT, "10.5.0.0/16" },
    { PAR_1, PAR_2, "10.4.0.0/16" },
    { PAR_2, LIL, "10.4.0.0/16" },
    { LIL, PAR_2, "default" },
    { GNT, BRU, "default" },
};

/* The site of a router: a node of its own, or that of the router before it. */
static mw_status
set_site(graph_Router *router, const graph_Router *before, const char *city)
{
    if (before != NULL && strcmp(before->site->city, city) == 0) {
        router->site = before->site;
        router->site->routers++;
        return MW_OK;
    }
    router->site = graph_Site_new(NULL);
    if (router->site == NULL) {
        return MW_ENOMEM;
    }
    router->site->routers = 1;
    return mw_set_string(NULL, &router->site->city, city);
}

static mw_status
add_route(graph_Router *router, const char *destination, graph_Router *via)
{
    graph_Hop *hop =
        graph_Hop_by_string_put(NULL, &router->routes, destination);

    if (hop == NULL || graph_Hop_select(NULL, hop, graph_Way_VIA) < 0) {
        return MW_ENOMEM;
    }
    hop->via = via;
    return MW_OK;
}

static mw_status
add_customers(graph_Router *router, unsigned net)
{
    char text[32];
    unsigned i;

    for (i = 0; i < N_CUSTOMERS; i++) {
        graph_Hop *hop;

        (void) snprintf(text, sizeof(text), "10.%u.%u.0/24", net, i);
        hop = graph_Hop_by_string_put(NULL, &router->routes, text);
        if (hop == NULL || graph_Hop_select(NULL, hop, graph_Way_PORT) < 0) {
            return MW_ENOMEM;
        }
        (void) snprintf(text, sizeof(text), "eth%u", i);
        if (mw_set_string(NULL, &hop->port, text) < 0) {
            return MW_ENOMEM;
        }
    }
    return MW_OK;
}

/* A chain of all, so that the first one leads to the others from the start. */
static mw_status
add_routers(graph_Router **all)
{
    mw_status status = MW_OK;
    int i;

    for (i = 0; i < N_ROUTERS && status == MW_OK; i++) {
        graph_Router *before = i > 0 ? all[i - 1] : NULL;

        all[i] = graph_Router_new(NULL);
        if (all[i] == NULL) {
            return MW_ENOMEM;
        }
        if (before != NULL) {
            before->next = all[i];
        }
        if (routers[i].in_backbone) {
            all[i]->marks = graph_Marks_BACKBONE;
        }
        all[i]->load = routers[i].load;
        status = mw_set_string(NULL, &all[i]->name, routers[i].name);
        if (status == MW_OK) {
            status = set_site(all[i], before, routers[i].city);
        }
    }
    return status;
}

static mw_status
add_routes(graph_Router **all)
{
    mw_status status = MW_OK;
    size_t i;

    for (i = 0; i < sizeof(routes) / sizeof(routes[0]) && status == MW_OK;
         i++) {
        status = add_route(
            all[routes[i].from], routes[i].destination, all[routes[i].via]);
    }
    if (status == MW_OK) {
        status = add_customers(all[LIL], 4);
    }
    if (status == MW_OK) {
        status = add_customers(all[GNT], 5);
    }
    return status;
}

mw_status
example_network(graph_Router **ret_core)
{
    graph_Router *all[N_ROUTERS] = { NULL };
    mw_status status = add_routers(all);

    *ret_core = all[AMS];
    if (status == MW_OK) {
        status = add_routes(all);
    }
    if (status == MW_OK) {
        all[PAR_2]->next = all[AMS]; /* now it is a ring, */
        all[LIL]->next = NULL;       /* which these two are not part of */
    }
    return status;
}
