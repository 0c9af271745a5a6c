/* SPDX-License-Identifier: MIT */
/* What the client says to the person in front of it. */
#ifndef PICTURE_H
#define PICTURE_H

#include <mw/mw.h>

#include "graph.mw.h"

enum { ALBUM_PAGES = 26 };

/* Pointers to routers that the client keeps beside the network.  Each has a
 * letter for as long as the program runs: the same letter, the same address. */
struct album {
    struct {
        graph_Router *router; /* NULL: is no more */
        char name[16];
    } pages[ALBUM_PAGES];
    size_t n;
};

/* The letter of a router, which gets one if it has none. */
char album_letter(struct album *album, graph_Router *router);

/* Forgets a router that was freed; returns its letter, or '?'. */
char album_forget(struct album *album, const char *name);

/* Prints every router that one leads to, a line each, and returns how many
 * there are; 0 when out of memory. */
size_t print_network(struct album *album, graph_Router *core);

/* Prints lines as mw_object_changes() and mw_ctx.changes have them. */
void print_changes(const char *changes);

/* Prints what the call changed and moved. */
void print_stats(const mw_stats *stats);

#endif
