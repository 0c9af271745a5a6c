/* SPDX-License-Identifier: MIT */
/*
 * Threads cannot be made, with the linker's --wrap between the library and the
 * system: a server that cannot start says so; one that runs does with the
 * threads it has, and makes more once it can.  The pool alone is
 * test_pool_threads.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "faults/daemon.h"
#include "faults/scene.h"

enum { LONG_MS = 60000, N_CALLS = 8, LINGER_MS = 20 };

static atomic_bool fails;
static atomic_uint n_failed;

int __real_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);

int
__wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
    if (atomic_load(&fails)) {
        atomic_fetch_add(&n_failed, 1);
        return EAGAIN;
    }
    return __real_pthread_create(ret_thread, attr, run, arg);
}

Test(faults_threads, at_the_start)
{
    mw_server *server;
    mw_error error;
    char path[128];
    char listen[160];
    long before = mwt_process_descriptors(0);

    mwt_scene_path(path, "threads");
    (void) snprintf(listen, sizeof(listen), "unix:%s", path);
    atomic_store(&fails, true);
    if (mw_server_open(&server, MW_SERVER(.listen = listen), &error) == MW_OK) {
        cr_assert_eq(mw_server_run(server, &error), MW_ENOMEM);
        mw_server_close(server);
    }
    cr_expect_eq(error.status, MW_ENOMEM);
    cr_expect_not_null(strstr(error.text, "threads"), "%s", error.text);
    cr_expect_gt(atomic_load(&n_failed), 0);
    cr_expect_eq(mwt_process_descriptors(0), before);
}

/* Calls that keep a thread busy, all at once, and notes between them. */
static void
make_calls(struct mwt_scene *scene, mw_client *client, uint64_t first)
{
    mw_ctx ctx[N_CALLS];
    mw_pending *pending[N_CALLS];

    for (uint64_t i = 0; i < N_CALLS; i++) {
        ctx[i] = MW_CTX(.timeout_ms = LONG_MS);
        cr_assert_eq(faults_Ledger_linger_start(client, &ctx[i], first + 2 * i,
                         LINGER_MS, &pending[i]),
            MW_OK);
        cr_assert_eq(
            faults_Ledger_tell(client, NULL, first + 2 * i + 1), MW_OK);
    }
    for (uint64_t i = 0; i < N_CALLS; i++) {
        cr_assert_eq(
            mw_pending_finish(pending[i]), MW_OK, "%s", mw_ctx_error(&ctx[i]));
        cr_assert_eq(mwt_ledger_runs(&scene->ledger, first + 2 * i), 1);
    }
}

Test(faults_threads, under_load)
{
    struct mwt_scene scene;
    mw_client *client;
    enum { ROUNDS = 3, IDS = 100 };

    mwt_scene_begin(
        &scene, MWT_UNIX, MW_SERVER(.threads_min = 1, .threads_max = 16));
    client = mwt_scene_client(&scene, LONG_MS);
    cr_assert_eq(mw_client_ping(client, NULL), MW_OK);
    atomic_store(&fails, true);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        make_calls(&scene, client, i * IDS);
    }
    cr_expect_gt(atomic_load(&n_failed), 0);
    atomic_store(&fails, false);
    for (uint64_t i = ROUNDS; i < 2 * ROUNDS; i++) {
        make_calls(&scene, client, i * IDS);
    }
    mw_client_close(client);
    mwt_scene_stop(&scene);
    cr_expect_eq(scene.status, MW_OK);
    for (uint64_t i = 0; i < 2 * ROUNDS; i++) {
        for (uint64_t k = 0; k < N_CALLS; k++) {
            cr_expect_eq(
                mwt_ledger_runs(&scene.ledger, i * IDS + 2 * k + 1), 1);
        }
    }
    mwt_scene_end(&scene);
}
