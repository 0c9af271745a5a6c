/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "net/poller.h"

enum { WAIT_MS = 10000 };

static void
make_pair(int fds[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

/* Expects one event or, for owner NULL, none within no time. */
static void
expect_event(struct mwi_poller *poller, void *owner, uint32_t events)
{
    struct mwi_poll_event got[4];
    size_t n = mwi_poller_wait(
        poller, got, 4, owner != NULL ? mwi_deadline_in(WAIT_MS) : mwi_now());

    cr_assert_eq(n, owner != NULL ? 1u : 0u);
    if (owner != NULL) {
        cr_assert_eq(got[0].owner, owner);
        cr_assert_eq(got[0].events, events, "%x", got[0].events);
    }
}

Test(net_poller, add_modify_remove)
{
    struct mwi_poller poller;
    int fds[2];
    int a;
    int b;

    make_pair(fds);
    cr_assert_eq(mwi_poller_init(&poller, NULL), MW_OK);
    cr_assert_eq(
        mwi_poller_add(&poller, fds[0], MWI_POLL_READ, &a, NULL), MW_OK);
    expect_event(&poller, NULL, 0);
    cr_assert_eq(send(fds[1], "x", 1, 0), 1);
    expect_event(&poller, &a, MWI_POLL_READ);
    expect_event(&poller, &a, MWI_POLL_READ); /* level-triggered */
    mwi_poller_modify(&poller, fds[0], MWI_POLL_READ | MWI_POLL_WRITE, &b);
    expect_event(&poller, &b, MWI_POLL_READ | MWI_POLL_WRITE);
    mwi_poller_modify(&poller, fds[0], MWI_POLL_WRITE, &b);
    expect_event(&poller, &b, MWI_POLL_WRITE);
    mwi_poller_modify(&poller, fds[0], 0, &b);
    expect_event(&poller, NULL, 0);
    /* The end of both ways is reported even so. */
    (void) close(fds[1]);
    expect_event(&poller, &b, MWI_POLL_HANGUP);
    mwi_poller_modify(&poller, fds[0], MWI_POLL_READ, &a);
    expect_event(&poller, &a, MWI_POLL_READ | MWI_POLL_HANGUP);
    mwi_poller_remove(&poller, fds[0]);
    expect_event(&poller, NULL, 0);
    mwi_poller_remove(&poller, fds[0]);
    (void) close(fds[0]);
    mwi_poller_fini(&poller);
}

Test(net_poller, half_close_is_no_hangup)
{
    struct mwi_poller poller;
    int fds[2];

    make_pair(fds);
    cr_assert_eq(mwi_poller_init(&poller, NULL), MW_OK);
    cr_assert_eq(
        mwi_poller_add(&poller, fds[0], MWI_POLL_READ, fds, NULL), MW_OK);
    cr_assert_eq(shutdown(fds[1], SHUT_WR), 0);
    expect_event(&poller, fds, MWI_POLL_READ);
    (void) close(fds[0]);
    (void) close(fds[1]);
    mwi_poller_fini(&poller);
}

Test(net_poller, wakes_are_counted_as_one)
{
    struct mwi_poller poller;
    struct mwi_poll_event got;

    cr_assert_eq(mwi_poller_init(&poller, NULL), MW_OK);
    for (int i = 0; i < 3; i++) {
        mwi_poller_wake(&poller);
    }
    cr_assert_eq(mwi_poller_wait(&poller, &got, 1, MWI_FOREVER), 1);
    cr_assert_null(got.owner);
    cr_assert_eq(mwi_poller_wait(&poller, &got, 1, mwi_now()), 0);
    mwi_poller_fini(&poller);
    mwi_poller_fini(&poller);
}

static void *
wake(void *poller)
{
    mwi_poller_wake(poller);
    return NULL;
}

Test(net_poller, wake_from_another_thread)
{
    struct mwi_poller poller;
    struct mwi_poll_event got;
    pthread_t thread;

    cr_assert_eq(mwi_poller_init(&poller, NULL), MW_OK);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(pthread_create(&thread, NULL, wake, &poller), 0);
        cr_assert_eq(
            mwi_poller_wait(&poller, &got, 1, mwi_deadline_in(WAIT_MS)), 1);
        cr_assert_null(got.owner);
        cr_assert_eq(pthread_join(thread, NULL), 0);
    }
    mwi_poller_fini(&poller);
}

static struct mwi_poller *woken_by_signal;

static void
on_alarm(int number)
{
    (void) number;
    if (woken_by_signal != NULL) {
        mwi_poller_wake(woken_by_signal);
    }
}

static void
start_timer(void)
{
    const struct itimerval soon = { .it_value.tv_usec = 2000,
        .it_interval.tv_usec = 2000 };
    const struct sigaction action = { .sa_handler = on_alarm };

    cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
    cr_assert_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
}

static void
stop_timer(void)
{
    const struct itimerval never = { 0 };

    cr_assert_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
}

Test(net_poller, signals)
{
    struct mwi_poller poller;
    struct mwi_poll_event got;
    int fds[2];
    int64_t from;

    make_pair(fds);
    cr_assert_eq(mwi_poller_init(&poller, NULL), MW_OK);
    start_timer();
    /* A signal ends the wait with nothing to report. */
    cr_assert_eq(mwi_poller_wait(&poller, &got, 1, MWI_FOREVER), 0);
    /* One whose handler wakes ends it with a wake, at once or at the next. */
    woken_by_signal = &poller;
    while (mwi_poller_wait(&poller, &got, 1, MWI_FOREVER) == 0) {
    }
    cr_assert_null(got.owner);
    woken_by_signal = NULL;
    /* mwi_poll_one() waits on. */
    from = mwi_now();
    cr_assert_not(mwi_poll_one(fds[0], MWI_POLL_READ, mwi_deadline_in(30)));
    cr_assert_geq(mwi_now() - from, 30 * 1000000);
    stop_timer();
    (void) close(fds[0]);
    (void) close(fds[1]);
    mwi_poller_fini(&poller);
}

Test(net_poller, many_at_once)
{
    enum { N = 150 };
    struct mwi_poller poller;
    struct mwi_poll_event got[N];
    int fds[N][2];
    bool is_seen[N] = { false };
    size_t n_seen = 0;

    cr_assert_eq(mwi_poller_init(&poller, NULL), MW_OK);
    for (int i = 0; i < N; i++) {
        make_pair(fds[i]);
        cr_assert_eq(mwi_poller_add(
                         &poller, fds[i][0], MWI_POLL_WRITE, &is_seen[i], NULL),
            MW_OK);
    }
    while (n_seen < N) {
        size_t n = mwi_poller_wait(&poller, got, N, mwi_deadline_in(WAIT_MS));

        cr_assert_gt(n, 0);
        for (size_t i = 0; i < n; i++) {
            bool *seen = got[i].owner;

            cr_assert_not(*seen);
            *seen = true;
            mwi_poller_modify(&poller, fds[seen - is_seen][0], 0, seen);
        }
        n_seen += n;
    }
    for (int i = 0; i < N; i++) {
        (void) close(fds[i][0]);
        (void) close(fds[i][1]);
    }
    mwi_poller_fini(&poller);
}

Test(net_poller, failures)
{
    struct rlimit before;
    struct rlimit none;
    struct mwi_poller poller;
    mw_error error;

    cr_assert_eq(mwi_poller_init(&poller, NULL), MW_OK);
    cr_assert_eq(
        mwi_poller_add(&poller, -1, MWI_POLL_READ, &error, &error), MW_EINVAL);
    cr_assert_str_eq(error.text, "watching descriptor -1: Bad file descriptor");
    cr_assert_eq(
        mwi_poller_add(&poller, poller.wake_fd, MWI_POLL_READ, &error, &error),
        MW_EINVAL);
    mwi_poller_fini(&poller);

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    cr_assert_eq(mwi_poller_init(&poller, &error), MW_EEXHAUSTED);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert_str_eq(error.text, "making a poller: Too many open files");
}

Test(net_poller, poll_one)
{
    int fds[2];

    make_pair(fds);
    cr_assert_not(mwi_poll_one(fds[0], MWI_POLL_READ, mwi_now() - 1));
    cr_assert(mwi_poll_one(fds[0], MWI_POLL_WRITE, mwi_now()));
    cr_assert(
        mwi_poll_one(fds[0], MWI_POLL_READ | MWI_POLL_WRITE, MWI_FOREVER));
    (void) close(fds[1]);
    cr_assert(mwi_poll_one(fds[0], MWI_POLL_READ, MWI_FOREVER));
    (void) close(fds[0]);
}
