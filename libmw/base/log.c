/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_MAX_LEN = 1024 };

void
mwi_log(const struct mwi_log *log, mw_log_level level, const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;

    if (log->cb == NULL) {
        return;
    }
    va_start(args, format);
    (void) vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    log->cb(log->user, level, line);
}
