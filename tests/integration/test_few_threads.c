/* SPDX-License-Identifier: MIT */
/*
 * Threads cannot be made: a server goes on with those that it has, and refuses
 * rather than keeping anybody waiting for ever.  The linker's --wrap stands
 * between the pool and the system.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "integration/load.h"

static _Atomic unsigned creatable = UINT_MAX; /* threads, then it fails */

int __real_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);

int
__wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
    if (atomic_load(&creatable) == 0) {
        return EAGAIN;
    }
    atomic_fetch_sub(&creatable, 1);
    return __real_pthread_create(ret_thread, attr, run, arg);
}

Test(few_threads, the_server_does_not_start_without)
{
    mw_server *server;
    mw_error error;

    atomic_store(&creatable, 0);
    cr_assert_eq(mw_server_open(&server, NULL, NULL), MW_OK);
    cr_assert_eq(mw_server_run(server, &error), MW_ENOMEM);
    cr_assert_str_eq(error.text, "cannot create 2 threads");
    mw_server_close(server);
}

Test(few_threads, goes_on_with_one)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;
    struct load_call *urgent;
    size_t n_full;

    load_begin(
        &s, MW_SERVER(.threads_min = 1, .threads_max = 4, .queue_max = 2));
    client = load_client(&s);
    load_assert_served(client, load_Work_nothing_start);
    atomic_store(&creatable, 0);
    calls = load_start(client, load_Work_hold_start, 10, 0);
    gate_await(&s.gate, 1);
    load_settle(client);
    load_assert_full(client, load_Work_hold_start, "4 calls run and 2 wait");
    urgent = load_start(client, load_Control_check_start, 3, 0);
    load_settle(client);
    cr_assert_not(mw_pending_is_done(urgent[0].pending), "by which thread?");
    gate_let_go(&s.gate, 1);
    cr_assert_eq(load_finish(urgent, 3, NULL), 3);
    gate_let_go(&s.gate, 9);
    cr_assert_geq(load_finish(calls, 10, &n_full), 6);
    cr_assert_gt(n_full, 0);
    free(urgent);

    /* As soon as there are threads again, they are made. */
    atomic_store(&creatable, UINT_MAX);
    free(calls);
    calls = load_start(client, load_Work_hold_start, 4, 0);
    gate_await(&s.gate, 14 - (unsigned) n_full);
    gate_let_go(&s.gate, 4);
    cr_assert_eq(load_finish(calls, 4, NULL), 4);
    free(calls);
    mw_client_close(client);
    load_end(&s);
}

/* An urgent call gets a thread as soon as one can be made. */
Test(few_threads, urgent_calls_wait_for_a_thread)
{
    struct load_server s;
    mw_client *client;
    struct load_call *calls;
    struct load_call *urgent;

    load_begin(
        &s, MW_SERVER(.threads_min = 1, .threads_max = 1, .queue_max = 2));
    client = load_client(&s);
    calls = load_start(client, load_Work_hold_start, 1, 0);
    gate_await(&s.gate, 1);
    atomic_store(&creatable, 0);
    urgent = load_start(client, load_Control_check_start, 3, 0);
    load_settle(client);
    load_await_queued(&s, 3);
    atomic_store(&creatable, UINT_MAX);
    load_assert_served(client, load_Control_check_start);
    cr_assert_eq(load_finish(urgent, 3, NULL), 3);
    gate_let_go(&s.gate, 1);
    cr_assert_eq(load_finish(calls, 1, NULL), 1);
    free(calls);
    free(urgent);
    mw_client_close(client);
    load_end(&s);
}
