/* SPDX-License-Identifier: MIT */
/*
 * base: where log lines go.  Never a payload, only names and causes.
 */
#ifndef MWI_BASE_LOG_H
#define MWI_BASE_LOG_H

#include "mw/log.h"

struct mwi_log {
    mw_log_cb cb; /* NULL: silent */
    void *user;
    mw_log_level level_max; /* 0: all lines */
};

/** Format a line and pass it on, with a '?' for each control character that
 * a peer may have put into it.  Call with no lock held. */
void mwi_log(const struct mwi_log *log, mw_log_level level, const char *format,
    ...) MW_PRINTF(3, 4);

#endif
