/* SPDX-License-Identifier: MIT */
/*
 * The wall clock jumps by hours, forth and back, while calls run: deadlines
 * stay what they are.  The jumps are this program's alone: its clock_gettime(),
 * time() and gettimeofday() stand before libc's for all that is linked to it.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "faults/workload.h"

enum {
    HOUR = 3600,
    SHORT_MS = 200,
    LONG_MS = 60000,
    BOUND_MS = 30000,
    ROUNDS = 20,
    IDS_PER_ROUND = 20,
};

static atomic_long offset; /* seconds that the wall clock is ahead */

int
clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int result = (int) syscall(SYS_clock_gettime, clock, ret_time);

    if (result == 0 &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        ret_time->tv_sec += atomic_load(&offset);
    }
    return result;
}

time_t
time(time_t *ret_time)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time != NULL) {
        *ret_time = now.tv_sec;
    }
    return now.tv_sec;
}

int
gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    struct timespec now;

    (void) zone;
    (void) clock_gettime(CLOCK_REALTIME, &now);
    *ret_time = (struct timeval){
        .tv_sec = now.tv_sec,
        .tv_usec = now.tv_nsec / 1000,
    };
    return 0;
}

struct jumps {
    pthread_t thread;
    atomic_bool is_over;
    atomic_uint n;
};

static void *
jump(void *arg)
{
    static const long to[] = { 10L * HOUR, -10L * HOUR, 0, 24L * 365 * HOUR,
        -24L * 365 * HOUR, 1 };
    struct jumps *jumps = arg;

    while (!atomic_load(&jumps->is_over)) {
        unsigned n = atomic_fetch_add(&jumps->n, 1);

        atomic_store(&offset, to[n % (sizeof(to) / sizeof(to[0]))]);
        (void) poll(NULL, 0, 1);
    }
    atomic_store(&offset, 0);
    return NULL;
}

static void
begin_jumps(struct jumps *jumps)
{
    *jumps = (struct jumps){ .is_over = false };
    cr_assert_eq(pthread_create(&jumps->thread, NULL, jump, jumps), 0);
    while (atomic_load(&jumps->n) < 2) {
        (void) poll(NULL, 0, 1);
    }
}

static void
end_jumps(struct jumps *jumps)
{
    atomic_store(&jumps->is_over, true);
    cr_assert_eq(pthread_join(jumps->thread, NULL), 0);
}

/* Who asks does see the jumps. */
Test(faults_clock, the_wall_clock_jumps)
{
    struct timeval now;
    time_t before = time(NULL);

    atomic_store(&offset, 10L * HOUR);
    (void) gettimeofday(&now, NULL);
    cr_expect_geq(time(NULL) - before, 10L * HOUR);
    cr_expect_geq(now.tv_sec - before, 10L * HOUR);
    atomic_store(&offset, 0);
}

/* Calls that have time do not lose it. */
static void
run_long_calls(enum mwt_scheme scheme)
{
    struct mwt_scene scene;
    struct mwt_workload w[ROUNDS];
    struct mwt_tally tally = { 0 };
    struct jumps jumps;
    mw_client *client;

    mwt_scene_begin(&scene, scheme, NULL);
    client = mwt_scene_client(&scene, LONG_MS);
    /* Certificates may be checked against the wall clock. */
    cr_assert_eq(mw_client_ping(client, NULL), MW_OK);
    begin_jumps(&jumps);
    for (size_t i = 0; i < ROUNDS; i++) {
        w[i] = (struct mwt_workload){
            .client = client,
            .options = MW_CTX(),
            .first_id = i * IDS_PER_ROUND,
        };
        mwt_workload_run(&w[i]);
    }
    end_jumps(&jumps);
    mw_client_close(client);
    mwt_scene_stop(&scene);
    for (size_t i = 0; i < ROUNDS; i++) {
        mwt_workload_judge(&w[i], &scene.ledger, "jumps", &tally);
    }
    cr_expect_eq(tally.n_done, ROUNDS * w[0].n_records);
    mwt_scene_end(&scene);
}

Test(faults_clock, long_deadlines)
{
    run_long_calls(MWT_UNIX);
    run_long_calls(MWT_TLS);
}

/* Calls that have little time get that, and no more. */
Test(faults_clock, short_deadlines)
{
    struct mwt_scene scene;
    struct jumps jumps;
    mw_client *client;
    mw_ctx ctx = MW_CTX(.timeout_ms = SHORT_MS);

    mwt_scene_begin(&scene, MWT_UNIX, NULL);
    client = mwt_scene_client(&scene, LONG_MS);
    cr_assert_eq(mw_client_ping(client, NULL), MW_OK);
    begin_jumps(&jumps);
    for (uint64_t i = 0; i < 3; i++) {
        int64_t began = mwi_now();
        int64_t lasted;
        mw_status status = faults_Ledger_linger(client, &ctx, i, 3 * SHORT_MS);

        lasted = (mwi_now() - began) / 1000000;
        cr_assert_eq(status, MW_ETIMEDOUT);
        cr_assert_geq(lasted, SHORT_MS);
        cr_assert_lt(lasted, BOUND_MS);
    }
    end_jumps(&jumps);
    mw_client_close(client);
    mwt_scene_end(&scene);
}

/* What travels is the time that is left. */
Test(faults_clock, remaining_time)
{
    struct mwt_scene scene;
    struct jumps jumps;
    mw_client *client;
    mw_ctx ctx = MW_CTX(.timeout_ms = LONG_MS);

    mwt_scene_begin(&scene, MWT_UNIX, NULL);
    client = mwt_scene_client(&scene, LONG_MS);
    begin_jumps(&jumps);
    for (uint64_t i = 0; i < 200; i++) {
        uint32_t ms = 0;

        cr_assert_eq(faults_Ledger_remaining(client, &ctx, &ms), MW_OK);
        cr_assert_leq(ms, LONG_MS);
        cr_assert_gt(ms, LONG_MS - BOUND_MS);
    }
    end_jumps(&jumps);
    mw_client_close(client);
    mwt_scene_end(&scene);
}
