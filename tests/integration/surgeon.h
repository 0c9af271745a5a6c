/* SPDX-License-Identifier: MIT */
/*
 * What the handlers of graph::Surgery do, for tests that do the same without a
 * call, and a server that offers it.
 */
#ifndef MWT_SURGEON_H
#define MWT_SURGEON_H

#include <pthread.h>

#include "mw/mw.h"

#include "graph_client.mw.h"
#include "graph_server.mw.h"
#include "lib/graph.h"

struct mwt_surgery {
    mw_server *server;
    mw_client *client; /* within the process */
    pthread_t thread;
    graph_Surgery_ops ops;
    /* Called by the handlers of edit() and partial() before they begin, with
     * the caller waiting: NULL, or what the caller does meanwhile. */
    void (*meanwhile)(void *user);
    void *meanwhile_user;
};

/** Serve, and connect a client.  Ends the program on failure. */
void mwt_surgery_open(struct mwt_surgery *s, const mw_client_options *options);
void mwt_surgery_close(struct mwt_surgery *s);

/** Offer the interface at a server.
 *
 * @param s  [borrow: server] whose meanwhile the handlers use, and no more */
MW_MUST_USE mw_status mwt_surgery_serve(
    mw_server *server, struct mwt_surgery *s);

/** Set the handlers of surgeon_kinds.c, which change their arguments at
 * random: what they are told is the seed, a number; see mwt_mutate_roots(). */
void mwt_add_kinds(graph_Surgery_ops *ops);

/* What the handlers do: in a call, or without one (NULL) to objects on the
 * heap, where a node that is released is freed.  What is not known, and what
 * cannot be done to the graph at hand, fails with MW_EINVAL. */

/** @param what  one of mwt_edits */
MW_MUST_USE mw_status mwt_edit(
    mw_call *call, graph_Node **root, const char *what);
extern const char *const mwt_edits[]; /* ends with NULL */

/** @param what  "left", "right", "insert" or "remove" */
MW_MUST_USE mw_status mwt_rotate(
    mw_call *call, graph_Tree **root, const char *what);

/** Change roots, and the nodes that they lead to, at random.  The seed and what
 * is there alone decide.  Out parameters are filled.
 *
 * @param call   the handler's call, or NULL for the heap
 * @param graph  all of whose nodes are listed; what is marked as released then
 *               is the caller's to release */
void mwt_mutate_roots(mw_call *call, struct mwt_graph *graph, uint64_t seed);

/** The seed of the operation that is told of none. */
uint64_t mwt_settings_seed(const graph_Settings *s);

/** What mixed() does when it is told "all": something to each kind.  Nodes that
 * cannot be reached any more are left to the caller. */
MW_MUST_USE mw_status mwt_mix(mw_call *call, graph_Doc *doc, graph_Node **root,
    graph_Shape *shape, graph_Node_by_string *index);

/** Turn a list around. */
void mwt_reverse(graph_Node **list);

/** A list of n nodes with ids from 1; a ring if asked for. */
MW_MUST_USE graph_Node *mwt_make(mw_call *call, uint32_t n, bool ring);

#endif
