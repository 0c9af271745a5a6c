/* SPDX-License-Identifier: MIT */
#include "faults/scene.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pki.h"

static void
must(mw_status status, const mw_error *error)
{
    if (status < 0) {
        (void) fprintf(stderr, "scene: %s\n", error->text);
        abort();
    }
}

void
mwt_scene_path(char path[128], const char *name)
{
    (void) snprintf(path, 128, "%s/%s", mwt_pki_get()->dir, name);
}

static void *
run(void *arg)
{
    struct mwt_scene *scene = arg;

    scene->status = mw_server_run(scene->server, &scene->error);
    return NULL;
}

static const mw_tls_options *
tls_of(const struct mwt_identity *identity, mw_tls_options *tls)
{
    *tls = (mw_tls_options){
        .size = sizeof(*tls),
        .cert = identity->cert,
        .key = identity->key,
        .ca = mwt_pki_get()->ca,
    };
    return tls;
}

void
mwt_scene_serve(struct mwt_scene *scene, const mw_server_options *options)
{
    static atomic_uint number;
    mw_server_options all = { .size = sizeof(all) };
    mw_tls_options tls;
    char listen[160];

    if (options != NULL) {
        all = *options;
    }
    if (scene->scheme == MWT_UNIX) {
        (void) snprintf(listen, sizeof(listen), "unix:%s/scene%u",
            mwt_pki_get()->dir, atomic_fetch_add(&number, 1));
    } else {
        (void) snprintf(listen, sizeof(listen), "%s://127.0.0.1:0",
            scene->scheme == MWT_TLS ? "tls" : "plaintext");
    }
    all.listen = listen;
    all.tls =
        scene->scheme == MWT_TLS ? tls_of(&mwt_pki_get()->server, &tls) : NULL;
    must(mw_server_open(&scene->server, &all, &scene->error), &scene->error);
    must(faults_Ledger_serve(scene->server, &mwt_ledger_ops, &scene->ledger),
        &scene->error);
    if (scene->proxy != NULL) {
        mwt_proxy_retarget(scene->proxy, mw_server_address(scene->server, 0));
    }
    if (pthread_create(&scene->thread, NULL, run, scene) != 0) {
        abort();
    }
    scene->is_running = true;
}

void
mwt_scene_begin(struct mwt_scene *scene, enum mwt_scheme scheme,
    const mw_server_options *options)
{
    *scene = (struct mwt_scene){ .scheme = scheme };
    mwt_ledger_open(&scene->ledger, -1);
    mwt_scene_serve(scene, options);
    scene->proxy = mwt_proxy_open(mw_server_address(scene->server, 0));
}

void
mwt_scene_stop(struct mwt_scene *scene)
{
    if (!scene->is_running) {
        return;
    }
    mw_server_stop(scene->server);
    if (pthread_join(scene->thread, NULL) != 0) {
        abort();
    }
    mw_server_close(scene->server);
    scene->server = NULL;
    scene->is_running = false;
}

void
mwt_scene_end(struct mwt_scene *scene)
{
    mwt_scene_stop(scene);
    mwt_proxy_close(scene->proxy);
    mwt_ledger_close(&scene->ledger);
}

static mw_client *
open_client(struct mwt_scene *scene, const char *address, uint32_t timeout_ms)
{
    mw_tls_options tls;
    mw_client *client;
    mw_error error;

    must(mw_client_open(&client, address,
             MW_CLIENT(.tls = scene->scheme == MWT_TLS
                                  ? tls_of(&mwt_pki_get()->client, &tls)
                                  : NULL,
                 .timeout_ms = timeout_ms, .lazy = true),
             &error),
        &error);
    return client;
}

mw_client *
mwt_scene_client(struct mwt_scene *scene, uint32_t timeout_ms)
{
    return open_client(scene, mwt_proxy_address(scene->proxy), timeout_ms);
}

mw_client *
mwt_scene_bystander(struct mwt_scene *scene)
{
    return open_client(scene, mw_server_address(scene->server, 0), 0);
}
