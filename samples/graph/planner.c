/* SPDX-License-Identifier: MIT */
/*
 * The network is made of ordinary structs and pointers here: change them, and
 * return.  Nothing says which routers were changed, re-linked or made anew;
 * libmw compares.  Only one thing is to be said: which routers are dead, by
 * graph_Router_release(), since a router that merely is not referred to any
 * more stays with the client.
 */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

#include "walk.h"

/* A call of reorganise(). */
struct plan {
    mw_call *call;
    graph_Router **core;
    graph_Router_seq routers; /* all that were met or made */
    mw_seq_string *retired;
};

static bool
leads_to(const graph_Hop *hop, const graph_Router *router)
{
    return hop->tag == graph_Way_VIA && hop->via == router;
}

/* Has whatever refers to a router refer to another one. */
static mw_status
redirect(struct plan *plan, const graph_Router *from, graph_Router *to)
{
    mw_status status = MW_OK;
    size_t i, j;

    if (*plan->core == from) {
        *plan->core = to;
    }
    for (i = 0; i < plan->routers.len; i++) {
        graph_Router *router = plan->routers.items[i];

        if (router->next == from) {
            router->next = to;
        }
        for (j = 0; j < router->routes.len && status == MW_OK; j++) {
            graph_Hop *hop = &router->routes.items[j].value;

            if (!leads_to(hop, from)) {
                continue;
            }
            if (router == to) { /* no router is the hop of its own packets */
                status = graph_Hop_select(plan->call, hop, graph_Way_DROP);
            } else {
                hop->via = to;
            }
        }
    }
    return status;
}

/* Adds routes to those of another router where it has none. */
static mw_status
take_over_routes(
    mw_call *call, graph_Router *heir, const graph_Hop_by_string *routes)
{
    size_t i;

    for (i = 0; i < routes->len; i++) {
        const graph_Hop_by_string_entry *route = &routes->items[i];
        graph_Hop *hop =
            graph_Hop_by_string_put(call, &heir->routes, route->key);

        if (hop == NULL) {
            return MW_ENOMEM;
        }
        /* What was added is a DROP.  Memory may be shared here, it is copied
         * when it travels. */
        if (hop->tag == graph_Way_DROP && !leads_to(&route->value, heir)) {
            *hop = route->value;
        }
    }
    return MW_OK;
}

/* Makes one router of two; the other one is dead then. */
static mw_status
merge(struct plan *plan, graph_Router *heir, graph_Router *dead)
{
    uint32_t load = heir->load + dead->load;
    char **name = mw_seq_string_add(plan->call, plan->retired);

    if (name == NULL || mw_set_string(plan->call, name, dead->name) < 0) {
        return MW_ENOMEM;
    }
    heir->load = load < 100 ? load : 100; /* the IDL says so */
    heir->next = dead->next;
    heir->site->routers--;
    dead->next = NULL;
    if (redirect(plan, dead, heir) < 0 ||
        take_over_routes(plan->call, heir, &dead->routes) < 0) {
        return MW_ENOMEM;
    }
    graph_Router_release(plan->call, dead);
    return MW_OK;
}

/* Puts a new router in the place of one.  Nothing refers to the old one then;
 * it is not released, for its owner may want to have a look at it. */
static mw_status
replace(struct plan *plan, graph_Router *old)
{
    graph_Router *fresh = graph_Router_new(plan->call);
    graph_Router **slot = graph_Router_seq_add(plan->call, &plan->routers);

    if (fresh == NULL || slot == NULL) {
        return MW_ENOMEM;
    }
    *slot = fresh;
    fresh->name = mw_sprintf(plan->call, "%s-new", old->name);
    if (fresh->name == NULL) {
        return MW_ENOMEM;
    }
    fresh->marks = old->marks & (graph_Marks) ~graph_Marks_FAULTY;
    fresh->load = old->load;
    fresh->site = old->site; /* shared */
    fresh->next = old->next;
    fresh->routes = old->routes;
    old->load = 0;
    old->next = NULL;
    old->routes = (graph_Hop_by_string){ .len = 0 };
    return redirect(plan, old, fresh);
}

static bool
can_merge(const graph_Router *router, const graph_Router *next)
{
    return next != NULL && next != router && router->site != NULL &&
           router->site == next->site;
}

static mw_status
reorganise(mw_call *call, graph_Router **core, mw_seq_string *retired)
{
    struct plan plan = { .call = call, .core = core, .retired = retired };
    mw_status status = walk(call, *core, &plan.routers);
    size_t n = plan.routers.len, i;

    for (i = 0; i < n && status == MW_OK; i++) {
        graph_Router *router = plan.routers.items[i];

        while (status == MW_OK && can_merge(router, router->next)) {
            status = merge(&plan, router, router->next);
        }
    }
    for (i = 0; i < n && status == MW_OK; i++) {
        graph_Router *router = plan.routers.items[i];

        if ((router->marks & graph_Marks_FAULTY) != 0 && router->next != NULL) {
            status = replace(&plan, router);
        }
    }
    return status;
}

/* The contract in the IDL lets this one change loads, so that libmw looks for
 * changes, and the client accepts them, nowhere else. */
static mw_status
balance(mw_call *call, graph_Router **core)
{
    graph_Router_seq routers;
    uint64_t sum = 0;
    size_t n = 0, i;

    if (walk(call, *core, &routers) < 0) {
        return MW_ENOMEM;
    }
    for (i = 0; i < routers.len; i++) {
        if ((routers.items[i]->marks & graph_Marks_BACKBONE) != 0) {
            sum += routers.items[i]->load;
            n++;
        }
    }
    for (i = 0; i < routers.len; i++) {
        if ((routers.items[i]->marks & graph_Marks_BACKBONE) != 0) {
            routers.items[i]->load = (uint32_t) (sum / n);
        }
    }
    return MW_OK;
}

/* The highest load first; names decide between equals. */
static int
compare_loads(const void *a, const void *b)
{
    const graph_Router *x = *(graph_Router *const *) a;
    const graph_Router *y = *(graph_Router *const *) b;

    if (x->load != y->load) {
        return x->load > y->load ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

/* A result may refer to what the caller has passed: it gets pointers to its own
 * routers, not copies of them. */
static mw_status
busiest(mw_call *call, const graph_Router *core, uint32_t n,
    graph_Router_seq *ret_value)
{
    if (walk(call, (graph_Router *) core, ret_value) < 0) {
        return MW_ENOMEM;
    }
    qsort(ret_value->items, ret_value->len, sizeof(ret_value->items[0]),
        compare_loads);
    if (ret_value->len > n) {
        ret_value->len = n;
    }
    return MW_OK;
}

const graph_Planner_ops planner_ops = {
    .reorganise = reorganise,
    .balance = balance,
    .busiest = busiest,
};
