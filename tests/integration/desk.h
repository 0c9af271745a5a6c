/* SPDX-License-Identifier: MIT */
/*
 * A server that offers mirror::Desk.  Whatever cannot fail in a test, aborts
 * here.
 */
#ifndef MWT_DESK_H
#define MWT_DESK_H

#include <pthread.h>

#include "mw/mirror.h"
#include "mw/mw.h"

#include "base/sync.h"
#include "mirror_client.mw.h"
#include "mirror_server.mw.h"

struct mwt_desk {
    mw_server *server;
    pthread_t thread;
    struct mwi_mutex mutex;
    struct mwi_cond changed;
    bool is_open;      /* [mutex] hold() returns */
    uint32_t n_inside; /* [mutex] handlers in hold() */
    uint8_t *last;     /* [mutex] what put() has got */
    size_t last_len;   /* [mutex] */
    /* Called by change() before it begins, with the caller waiting: NULL, or
     * what the caller does meanwhile. */
    void (*meanwhile)(void *user);
    void *meanwhile_user;
};

/** Open a server, run it in a thread. */
void mwt_desk_start(struct mwt_desk *desk, const mw_server_options *options);

/** Stop it, wait for its thread, free it. */
void mwt_desk_close(struct mwt_desk *desk);

/** A client within the process. */
mw_client *mwt_desk_client(struct mwt_desk *desk);

/** Let hold() go on; wait until so many are in it. */
void mwt_desk_let_go(struct mwt_desk *desk);
void mwt_desk_wait_inside(struct mwt_desk *desk, uint32_t n);

/** What change() does with a document, in a call or without one. */
void mwt_desk_mutate(mw_call *call, mirror_Doc *doc, uint64_t seed);

/** What grow() and arrange() do with what a value leads to, likewise. */
void mwt_desk_mutate_graph(
    mw_call *call, const mw_type *type, void *value, uint64_t seed);

/** What edit() does, likewise. */
MW_MUST_USE mw_status mwt_desk_edit(mw_call *call, mirror_Doc *doc);

#endif
