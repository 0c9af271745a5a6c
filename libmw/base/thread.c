/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <signal.h>

int
mwi_thread_create(pthread_t *ret_thread, void *(*run)(void *arg), void *arg)
{
    sigset_t all;
    sigset_t old;
    int error;

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(ret_thread, NULL, run, arg);
    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

bool
mwi_thread_run(void *(*run)(void *arg), void *arg)
{
    pthread_t thread;

    if (mwi_thread_create(&thread, run, arg) != 0) {
        return false;
    }
    (void) pthread_detach(thread);
    return true;
}
