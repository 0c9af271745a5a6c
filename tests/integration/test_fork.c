/* SPDX-License-Identifier: MIT */
/*
 * A program that forks: the child has connections of its own, and leaves those
 * of the parent alone.
 */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "integration/fixture.h"
#include "integration/told.h"
#include "lib/pki.h"

enum { LONG_MS = 60000, N_CHILDREN = 3 };

static struct mwt_server server;
static mw_client *client;

static void
begin_with(bool background, uint32_t connections)
{
    mw_error error;

    mwt_server_start(&server, MW_SERVER(.listen = "tls://127.0.0.1:0",
                                  .tls = MWT_SERVER_TLS, .threads_max = 8));
    cr_assert_eq(mw_client_open(&client, mw_server_address(server.server, 0),
                     MW_CLIENT(.tls = MWT_CLIENT_TLS, .timeout_ms = LONG_MS,
                         .background = background, .connections = connections),
                     &error),
        MW_OK, "%s", error.text);
}

static void
begin(bool background)
{
    begin_with(background, 2);
}

static void
end(void)
{
    mw_client_close(client);
    mwt_server_close(&server);
}

static bool
add(void)
{
    double sum = 0;

    return probe_Probe_add(client, NULL, 1, 2, &sum) == MW_OK && sum == 3;
}

/* Run in a child, which tells by its exit code whether all was well. */
static void
in_child(bool (*run)(void))
{
    pid_t pid = fork();
    int status = -1;

    if (pid == 0) {
        _exit(run() ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    cr_assert_gt(pid, 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), EXIT_SUCCESS);
}

static bool
call_and_close(void)
{
    bool ok = add() && add();

    mw_client_close(client);
    return ok;
}

static bool
close_alone(void)
{
    mw_client_close(client);
    return true;
}

static bool
do_nothing(void)
{
    return true;
}

static void
check_child(bool background, bool (*run)(void))
{
    mw_pending *waiting;

    begin(background);
    cr_assert(add());
    cr_assert_eq(probe_Probe_wait_start(client, NULL, &waiting), MW_OK);
    mwt_gate_wait_inside(&server.gate, 1);
    for (int i = 0; i < N_CHILDREN; i++) {
        in_child(run);
        cr_assert(add());
    }
    /* It is on the connection that was there before. */
    cr_expect_not(mw_pending_is_done(waiting));
    mwt_gate_open(&server.gate);
    cr_expect_eq(mw_pending_finish(waiting), MW_OK);
    end();
}

Test(fork, child_calls_and_closes)
{
    check_child(false, call_and_close);
    check_child(true, call_and_close);
}

Test(fork, child_closes)
{
    check_child(false, close_alone);
    check_child(true, close_alone);
}

Test(fork, child_does_nothing)
{
    check_child(false, do_nothing);
}

static bool
calls_in_turn(void)
{
    for (int i = 0; i < 100; i++) {
        if (!add()) {
            return false;
        }
    }
    return call_and_close();
}

/* Both make calls at the same time. */
Test(fork, both_call)
{
    begin(false);
    for (int i = 0; i < N_CHILDREN; i++) {
        pid_t pid;
        int status = -1;

        cr_assert(add());
        pid = fork();
        if (pid == 0) {
            _exit(calls_in_turn() ? EXIT_SUCCESS : EXIT_FAILURE);
        }
        for (int j = 0; j < 100; j++) {
            cr_assert(add());
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert_eq(status, 0);
    }
    end();
}

/* What the parent has under way fails in the child, and only there. */
static struct mwt_told pending[4];

static bool
finish_the_parents(void)
{
    mw_pending *pendings[2] = { pending[0].pending, pending[1].pending };
    size_t at;
    bool ok = mw_pending_is_done(pendings[0]) &&
              mw_pending_wait(pendings[0], LONG_MS) == MW_OK &&
              mw_pending_wait_any(pendings, 2, LONG_MS, &at) == MW_OK &&
              at == 0 && mw_pending_state(pendings[1]) == MW_CALL_UNKNOWN;

    ok = ok && mw_pending_finish(pending[0].pending) == MW_EUNAVAILABLE &&
         pending[0].ctx.state == MW_CALL_UNKNOWN && !pending[0].ctx.not_run &&
         pending[0].text == NULL;
    mw_pending_cancel(pending[1].pending);
    ok = ok && add();
    /* After the client has begun anew, too. */
    ok = ok && mw_pending_finish(pending[2].pending) == MW_EUNAVAILABLE;
    mw_pending_cancel(pending[3].pending);
    ok = ok && call_and_close();
    for (int i = 0; i < 4; i++) {
        ok = ok && mwt_told_count(&pending[i]) == 0;
    }
    return ok;
}

Test(fork, pending_calls_are_the_parents)
{
    for (int background = 0; background <= 1; background++) {
        begin(background != 0);
        cr_assert(add());
        for (int i = 0; i < 4; i++) {
            mwt_told_init(&pending[i], LONG_MS);
        }
        for (int i = 0; i < 4; i++) {
            cr_assert_eq(probe_Probe_wait_start(
                             client, &pending[i].ctx, &pending[i].pending),
                MW_OK);
        }
        mwt_gate_wait_inside(&server.gate, 4);
        in_child(finish_the_parents);
        mwt_gate_open(&server.gate);
        for (int i = 0; i < 4; i++) {
            cr_expect_eq(mw_pending_finish(pending[i].pending), MW_OK);
        }
        mwt_gate_close(&server.gate);
        end();
    }
}

/* The child's own callbacks, in its own thread. */
static bool
be_told(void)
{
    struct mwt_told t;

    mwt_told_init(&t, LONG_MS);
    t.then = mwt_told_finish;
    if (mwt_told_start(&t, client) < 0) {
        return false;
    }
    mwt_told_wait(&t, 1);
    return t.status == MW_OK && call_and_close();
}

Test(fork, child_has_a_thread_of_its_own)
{
    begin(true);
    cr_assert(add());
    in_child(be_told);
    cr_assert(add());
    end();
}

/* The child's own event loop. */
static bool
process(void)
{
    struct mwt_told t;
    struct pollfd watched = { .events = POLLIN };

    watched.fd = mw_client_fd(client);
    mwt_told_init(&t, LONG_MS);
    t.then = mwt_told_finish;
    if (watched.fd < 0 || mwt_told_start(&t, client) < 0) {
        return false;
    }
    while (mwt_told_count(&t) == 0) {
        if (poll(&watched, 1, LONG_MS) != 1 || mw_client_process(client) < 0) {
            return false;
        }
    }
    return t.status == MW_OK && call_and_close();
}

Test(fork, child_has_a_poller_of_its_own)
{
    struct mwt_told t;
    struct pollfd watched = { .events = POLLIN };

    begin(false);
    cr_assert(add());
    watched.fd = mw_client_fd(client);
    in_child(process);
    mwt_told_init(&t, LONG_MS);
    t.then = mwt_told_finish;
    cr_assert_eq(mwt_told_start(&t, client), MW_OK);
    while (mwt_told_count(&t) == 0) {
        cr_assert_eq(poll(&watched, 1, LONG_MS), 1);
        cr_assert_eq(mw_client_process(client), MW_OK);
    }
    cr_expect_eq(t.status, MW_OK);
    free(t.text);
    end();
}

/* In the midst of on_done: in the child, that returns into a call that is none
 * of its own. */
static pid_t child = -1;

static void
fork_now(struct mwt_told *t)
{
    mwt_told_finish(t);
    child = fork();
}

Test(fork, within_on_done)
{
    struct mwt_told t;
    mw_status status;
    int code = -1;

    begin_with(false, 1); /* so that who waits reads for both */
    mwt_told_init(&t, LONG_MS);
    t.then = fork_now;
    cr_assert_eq(mwt_told_start(&t, client), MW_OK);
    mwt_gate_open(&server.gate);
    status = MW_OK;
    while (status == MW_OK && mwt_told_count(&t) == 0) {
        status = probe_Probe_wait(client, NULL);
    }
    if (child == 0) {
        _exit(status == MW_EUNAVAILABLE && call_and_close() ? 0 : 1);
    }
    cr_expect_eq(status, MW_OK);
    free(t.text);
    cr_assert_eq(waitpid(child, &code, 0), child);
    cr_expect_eq(code, 0);
    cr_expect(add());
    end();
}

/* No descriptor of the parent's is left in a child that closes the client. */
static size_t
count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    cr_assert_not_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    (void) closedir(dir);
    return n;
}

static size_t n_before;

static bool
closes_descriptors(void)
{
    mw_client_close(client);
    return count_descriptors() == n_before;
}

Test(fork, descriptors)
{
    mw_error error;

    mwt_server_start(&server,
        MW_SERVER(.listen = "tls://127.0.0.1:0", .tls = MWT_SERVER_TLS));
    cr_assert_eq(mw_client_open(&client, mw_server_address(server.server, 0),
                     MW_CLIENT(.tls = MWT_CLIENT_TLS, .lazy = true), &error),
        MW_OK);
    n_before = count_descriptors();
    cr_assert_geq(mw_client_fd(client), 0);
    /* Of the server's one, for the connection. */
    cr_assert(add());
    n_before++;
    in_child(closes_descriptors);
    cr_assert(add());
    end();
}
