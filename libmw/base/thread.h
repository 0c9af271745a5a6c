/* SPDX-License-Identifier: MIT */
/*
 * base: threads of the library's own, in which all signals are blocked: those
 * are for the program's.
 */
#ifndef MWI_BASE_THREAD_H
#define MWI_BASE_THREAD_H

#include <pthread.h>

#include "mw/base.h"

/** Make one.  0 or an errno. */
MW_MUST_USE int mwi_thread_create(
    pthread_t *ret_thread, void *(*run)(void *arg), void *arg);

/** Run a function in one that nobody waits for.  False: none could be made. */
MW_MUST_USE bool mwi_thread_run(void *(*run)(void *arg), void *arg);

#endif
