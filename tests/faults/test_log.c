/* SPDX-License-Identifier: MIT */
/*
 * Where the log goes is full: lines are lost, calls are not.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "faults/workload.h"

enum { LONG_MS = 60000, ROUNDS = 5, IDS_PER_ROUND = 20 };

struct full_log {
    int fd;
    atomic_uint n_lines;
    atomic_uint n_lost;
};

/* As a program would: it writes, and cannot do anything about a failure. */
static void
write_line(void *user, mw_log_level level, const char *line)
{
    struct full_log *log = user;

    (void) level;
    atomic_fetch_add(&log->n_lines, 1);
    if (write(log->fd, line, strlen(line)) < 0 && errno == ENOSPC) {
        atomic_fetch_add(&log->n_lost, 1);
    }
}

Test(faults_log, disk_full)
{
    struct full_log log = { .fd = open("/dev/full", O_WRONLY | O_CLOEXEC) };
    struct mwt_scene scene;
    struct mwt_workload w[ROUNDS];
    struct mwt_tally tally = { 0 };

    cr_assert_geq(log.fd, 0);
    mwt_scene_begin(
        &scene, MWT_TLS, MW_SERVER(.log = write_line, .log_user = &log));
    for (size_t i = 0; i < ROUNDS; i++) {
        w[i] = (struct mwt_workload){ .options = MW_CTX(),
            .first_id = i * IDS_PER_ROUND };
        /* Something to complain of, too. */
        mwt_proxy_plan(scene.proxy,
            &(struct mwt_plan){ .fault = i % 2 == 0 ? MWT_CORRUPT : MWT_CUT,
                .bytes = 100 + 600 * i,
                .flip = 1 });
        w[i].client = mwt_scene_client(&scene, LONG_MS);
        mwt_workload_run(&w[i]);
        mw_client_close(w[i].client);
    }
    mwt_scene_stop(&scene);
    cr_expect_eq(scene.status, MW_OK);
    for (size_t i = 0; i < ROUNDS; i++) {
        mwt_workload_judge(&w[i], &scene.ledger, "a full log", &tally);
    }
    cr_expect_gt(tally.n_done, 0);
    cr_expect_gt(atomic_load(&log.n_lines), ROUNDS);
    cr_expect_eq(atomic_load(&log.n_lines), atomic_load(&log.n_lost));
    mwt_scene_end(&scene);
    (void) close(log.fd);
}
