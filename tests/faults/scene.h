/* SPDX-License-Identifier: MIT */
/*
 * A server of faults::Ledger in this process, a proxy of it, and clients that
 * go through the proxy.  What cannot fail in a test aborts.
 */
#ifndef MWT_SCENE_H
#define MWT_SCENE_H

#include <pthread.h>

#include "mw/mw.h"

#include "faults/ledger.h"
#include "faults/proxy.h"

enum mwt_scheme {
    MWT_UNIX,
    MWT_PLAINTEXT,
    MWT_TLS,
};

struct mwt_scene {
    mw_server *server;
    pthread_t thread;
    mw_status status; /* of mw_server_run(), once it is stopped */
    mw_error error;
    struct mwt_ledger ledger;
    struct mwt_proxy *proxy;
    enum mwt_scheme scheme;
    bool is_running;
};

/** Begin, with what is set of the options besides .listen and .tls; NULL for
 * the defaults. */
void mwt_scene_begin(struct mwt_scene *scene, enum mwt_scheme scheme,
    const mw_server_options *options);

/** Stop the server, if need be, and wait for it: all calls that it has
 * accepted have run then. */
void mwt_scene_stop(struct mwt_scene *scene);

/** Serve again, on the same proxy, with the same ledger. */
void mwt_scene_serve(struct mwt_scene *scene, const mw_server_options *options);

/** Free all of it. */
void mwt_scene_end(struct mwt_scene *scene);

/** Open a client, lazily, through the proxy; and another one past it. */
mw_client *mwt_scene_client(struct mwt_scene *scene, uint32_t timeout_ms);
mw_client *mwt_scene_bystander(struct mwt_scene *scene);

/** A file's name in a directory that is removed when the process ends. */
void mwt_scene_path(char path[128], const char *name);

#endif
