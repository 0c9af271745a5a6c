/* SPDX-License-Identifier: MIT */
#include "picture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "walk.h"

char
album_letter(struct album *album, graph_Router *router)
{
    size_t i;

    for (i = 0; i < album->n; i++) {
        if (album->pages[i].router == router) {
            return (char) ('A' + i);
        }
    }
    if (i == ALBUM_PAGES) {
        return '?';
    }
    album->n++;
    album->pages[i].router = router;
    (void) snprintf(
        album->pages[i].name, sizeof(album->pages[i].name), "%s", router->name);
    return (char) ('A' + i);
}

char
album_forget(struct album *album, const char *name)
{
    size_t i;

    for (i = 0; i < album->n; i++) {
        if (album->pages[i].router != NULL &&
            strcmp(album->pages[i].name, name) == 0) {
            album->pages[i].router = NULL;
            return (char) ('A' + i);
        }
    }
    return '?';
}

/* The routes of a router; those to customers are only counted. */
static void
print_routes(struct album *album, const graph_Hop_by_string *routes)
{
    size_t n_ports = 0, i;

    for (i = 0; i < routes->len; i++) {
        const graph_Hop *hop = &routes->items[i].value;

        switch (hop->tag) {
        case graph_Way_DROP:
            printf("  %s dropped", routes->items[i].key);
            break;
        case graph_Way_PORT:
            n_ports++;
            break;
        case graph_Way_VIA:
            printf("  %s via %c", routes->items[i].key,
                album_letter(album, hop->via));
            break;
        }
    }
    if (n_ports > 0) {
        printf("  %zu to customers", n_ports);
    }
}

static void
print_router(struct album *album, graph_Router *router)
{
    printf("    %c %-8s %3" PRIu32 " %%  %-9s %7" PRIu32 "  ",
        album_letter(album, router), router->name, router->load,
        router->site->city, router->site->routers);
    if (router->next != NULL) {
        printf("to %c", album_letter(album, router->next));
    } else {
        printf("    ");
    }
    print_routes(album, &router->routes);
    printf(
        "%s\n", (router->marks & graph_Marks_FAULTY) != 0 ? "  is FAULTY" : "");
}

size_t
print_network(struct album *album, graph_Router *core)
{
    graph_Router_seq routers;
    size_t n, i;

    if (walk(NULL, core, &routers) < 0) {
        return 0;
    }
    n = routers.len;
    for (i = 0; i < n; i++) {
        (void) album_letter(album, routers.items[i]);
    }
    printf("      name      load  site      routers  ring  routes\n");
    for (i = 0; i < n; i++) {
        print_router(album, routers.items[i]);
    }
    graph_Router_seq_clear(&routers);
    return n;
}

void
print_changes(const char *changes)
{
    if (changes == NULL) {
        printf("    no memory to tell what has changed\n");
        return;
    }
    while (changes[0] != '\0') {
        size_t len = strcspn(changes, "\n");

        printf("    %.*s\n", (int) len, changes);
        changes += len + 1;
    }
}

void
print_stats(const mw_stats *stats)
{
    printf("    nodes: %" PRIu64 " changed, %" PRIu64 " new, %" PRIu64
           " released, %" PRIu64 " unlinked\n",
        stats->nodes_changed, stats->nodes_new, stats->nodes_released,
        stats->nodes_unlinked);
    printf("    %" PRIu64 " bytes sent, %" PRIu64
           " came back; whole values would have been %" PRIu64
           ": %.2f %% saved\n",
        stats->bytes_sent, stats->bytes_received, stats->bytes_full,
        100 - 100.0 * (double) stats->bytes_received /
                  (double) stats->bytes_full);
}
