/* SPDX-License-Identifier: MIT */
/*
 * Log lines of a client or server.  They name connections, methods and causes;
 * they never contain arguments or results.
 */
#ifndef MW_LOG_H
#define MW_LOG_H

#include "mw/base.h"

typedef enum mw_log_level {
    MW_LOG_ERROR = 1, /* something is lost: a connection, a listener */
    MW_LOG_WARN = 2,  /* a peer was refused */
    MW_LOG_INFO = 3,  /* started, stopped, drained */
    MW_LOG_DEBUG = 4, /* connections come and go */
} mw_log_level;

/* Called for each line, from any thread and from several at once, with no lock
 * of libmw held.  It must not call into the client or server that it serves.
 * line: [copy] one line of text without a newline. */
typedef void (*mw_log_cb)(void *user, mw_log_level level, const char *line);

#endif
