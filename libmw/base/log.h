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
};

/** Format a line and pass it on.  Call with no lock held. */
void mwi_log(const struct mwi_log *log, mw_log_level level, const char *format,
    ...) MW_PRINTF(3, 4);

#endif
