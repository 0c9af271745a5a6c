/* SPDX-License-Identifier: MIT */
/*
 * Has a network reorganised by a planner on a server, and shows that it is
 * still the same network afterwards: the client's own pointers into it are
 * valid, and see what has changed.  Exits 0 when all was as it must be.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "example.h"
#include "graph_client.mw.h"
#include "options.h"
#include "picture.h"

struct visit {
    mw_client *client;
    mw_ctx ctx;
    graph_Router *core;     /* leads to all others, until some are unlinked */
    struct album album;     /* the client's own pointers to routers, */
    graph_Router *watched;  /* another one, */
    const graph_Site *site; /* and one to something that routers share */
    graph_Router_seq spare; /* routers that were unlinked */
    int n_wrong;
};

static void
expect(struct visit *visit, bool as_it_must_be, const char *what)
{
    if (!as_it_must_be) {
        printf("    WRONG: %s\n", what);
        visit->n_wrong++;
    }
}

/* Whether a call succeeded. */
static bool
expect_ok(struct visit *visit, mw_status status, const char *what)
{
    if (status < 0) {
        printf("    WRONG: %s: %s: %s\n", what, mw_status_name(status),
            mw_ctx_error(&visit->ctx));
        visit->n_wrong++;
    }
    return status == MW_OK;
}

/* Told of every node of ours that the network does not lead to any more.  It is
 * ours to free, or to keep. */
static void
on_unlinked(void *user, const mw_type *type, void *node)
{
    struct visit *visit = user;
    graph_Router **slot = NULL;

    if (type == &graph_Router_type) {
        slot = graph_Router_seq_add(NULL, &visit->spare);
    }
    if (slot == NULL) {
        expect(visit, false, "only routers are unlinked, and kept");
        mw_node_free(type, node);
        return;
    }
    *slot = node;
}

/* Looks at the network through pointers that lead into it from outside. */
static void
show_pointers(struct visit *visit, const char *when)
{
    printf("    by our own pointers, %s: %c at %" PRIu32
           " %%, routers in %s: %" PRIu32 "\n",
        when, album_letter(&visit->album, visit->watched), visit->watched->load,
        visit->site->city, visit->site->routers);
}

static void
look_around(struct visit *visit)
{
    graph_Router *bru = visit->core->next;

    bru->marks |= graph_Marks_FAULTY;
    printf("the network\n");
    expect(visit, print_network(&visit->album, visit->core) == 6,
        "there are six routers");
    visit->watched = bru->next;
    visit->site = visit->watched->site;
    show_pointers(visit, "before");
}

/* A freed router must not be looked at, not even by whoever has a pointer of
 * its own to it.  That is why the operation names them. */
static void
forget_retired(struct visit *visit, mw_seq_string *retired)
{
    size_t i;

    for (i = 0; i < retired->len; i++) {
        printf("    %c was %s, which has been freed\n",
            album_forget(&visit->album, retired->items[i]), retired->items[i]);
    }
    expect(visit, visit->ctx.stats.nodes_released == retired->len,
        "what was retired was freed");
    mw_object_clear(&mw_type_seq_string, retired);
}

static void
show_spare(struct visit *visit)
{
    expect(visit, visit->spare.len == 1, "one router was unlinked");
    if (visit->spare.len == 1) {
        const graph_Router *spare = visit->spare.items[0];

        printf("    %c is %s, which is not in the network any more, but still "
               "ours: at %" PRIu32 " %%, %zu routes\n",
            album_letter(&visit->album, visit->spare.items[0]), spare->name,
            spare->load, spare->routes.len);
        expect(visit, spare->next == NULL && spare->routes.len == 0,
            "it was changed like any other");
    }
}

static void
reorganise(struct visit *visit)
{
    graph_Router *old_core = visit->core, *bru = visit->core->next;
    mw_seq_string retired;

    printf("\nreorganise()\n");
    if (!expect_ok(visit,
            graph_Planner_reorganise(
                visit->client, &visit->ctx, &visit->core, &retired),
            "reorganise")) {
        return;
    }
    print_changes(visit->ctx.changes);
    print_stats(&visit->ctx.stats);

    printf("\nthe network\n");
    expect(visit, print_network(&visit->album, visit->core) == 5,
        "there are five routers");
    show_pointers(visit, "after");
    forget_retired(visit, &retired);
    show_spare(visit);

    expect(visit, visit->core == old_core, "the core is where it was");
    expect(visit, visit->core->next != bru, "another router is in its place");
    expect(visit, visit->core->next->site == bru->site, "in the same building");
    expect(visit, visit->core->next->next == visit->watched,
        "which comes before the one that we watch");
    expect(visit, visit->watched->next == visit->core, "the ring is closed");
    expect(visit, visit->watched->site == visit->site, "Paris is in its place");
    expect(visit, visit->watched->load == 75 && visit->site->routers == 1,
        "both have changed");
    expect(visit,
        visit->ctx.stats.bytes_received * 3 < visit->ctx.stats.bytes_full,
        "two thirds of the way back are saved");
}

static void
balance(struct visit *visit)
{
    printf("\nbalance()\n");
    if (!expect_ok(visit,
            graph_Planner_balance(visit->client, &visit->ctx, &visit->core),
            "balance")) {
        return;
    }
    print_changes(visit->ctx.changes);
    print_stats(&visit->ctx.stats);
    expect(visit, visit->watched->load == visit->core->load,
        "the backbone's load is shared evenly");
    expect(visit, visit->watched->next == visit->core,
        "the ring is as it was: loads are all that may change");
}

static void
find_busiest(struct visit *visit)
{
    graph_Router_seq routers;

    printf("\nbusiest()\n");
    visit->watched->load = 99;
    if (!expect_ok(visit,
            graph_Planner_busiest(
                visit->client, &visit->ctx, visit->core, 1, &routers),
            "busiest")) {
        return;
    }
    expect(visit, routers.len == 1 && routers.items[0] == visit->watched,
        "the result refers to our own router");
    if (routers.len == 1) {
        printf("    it is %c, not a copy of it\n",
            album_letter(&visit->album, routers.items[0]));
    }
    graph_Router_seq_clear(&routers); /* which leaves the routers alone */
}

/* Routers that were unlinked one by one, the network as a whole. */
static void
free_network(struct visit *visit)
{
    size_t i;

    for (i = 0; i < visit->spare.len; i++) {
        graph_Router_free(visit->spare.items[i]);
    }
    graph_Router_seq_clear(&visit->spare);
    expect(visit, graph_Router_free_graph(visit->core) == MW_OK,
        "memory to remember what was freed");
}

int
main(int argc, char **argv)
{
    const char *address = "tls://127.0.0.1:7000", *cert = "certs/client.pem",
               *key = "certs/client.key", *ca = "certs/ca.pem";
    const struct option_text options[] = {
        { "--connect", &address, "address of the server" },
        { "--cert", &cert, "PEM file with the client's certificate" },
        { "--key", &key, "PEM file with its private key" },
        { "--ca", &ca, "PEM file of who vouches for the server" },
        { NULL, NULL, NULL },
    };
    static void (*const steps[])(struct visit * visit) = {
        look_around,
        reorganise,
        balance,
        find_busiest,
    };
    struct visit visit = {
        .ctx = MW_CTX(.measure = true, .show_changes = true,
            .on_unlinked = on_unlinked, .on_unlinked_user = &visit),
    };
    mw_error err;
    size_t i;

    options_read(options, "Has a network reorganised.", argc, argv);
    if (mw_client_open(&visit.client, address,
            MW_CLIENT(.tls = MW_TLS(.cert = cert, .key = key, .ca = ca)),
            &err) < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 1;
    }
    expect(
        &visit, example_network(&visit.core) == MW_OK, "memory for a network");
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && visit.n_wrong == 0;
         i++) {
        steps[i](&visit);
    }

    mw_ctx_clear(&visit.ctx);
    free_network(&visit);
    mw_client_close(visit.client);
    if (visit.n_wrong > 0) {
        fprintf(stderr, "%s: %d things were wrong\n", argv[0], visit.n_wrong);
    }
    return visit.n_wrong > 0;
}
