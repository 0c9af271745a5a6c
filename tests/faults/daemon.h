/* SPDX-License-Identifier: MIT */
/*
 * A server in a process of its own: ledger_server.c.  It dies with the thread
 * that started it.
 */
#ifndef MWT_DAEMON_H
#define MWT_DAEMON_H

#include <sys/types.h>

#include "faults/ledger.h"

/* Freed memory is kept for a while, and tells nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MWT_IS_SANITIZED true
#else
#define MWT_IS_SANITIZED false
#endif

struct mwt_daemon {
    pid_t pid; /* 0: not running */
    char address[160];
};

/** Start it.  Aborts when it does not come up.
 *
 * @param listen  "unix:...", "plaintext://..." or "tls://...", for which it
 *                has the test certificates
 */
void mwt_daemon_start(struct mwt_daemon *daemon,
    const struct mwt_ledger *ledger, const char *listen);

/** End it at once, with SIGKILL. */
void mwt_daemon_kill(struct mwt_daemon *daemon);

/** Let it drain.  True: all that it had accepted has run. */
bool mwt_daemon_stop(struct mwt_daemon *daemon);

/** A number of /proc/PID/status, such as "RssAnon" in KiB or "Threads"; of this
 * process for pid 0. */
long mwt_process_number(pid_t pid, const char *name);

/** Open descriptors; of this process for pid 0. */
long mwt_process_descriptors(pid_t pid);

#endif
