/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_MAX_LEN = 1024 };

/* A peer's text must not make a second line, nor steer a terminal. */
static void
tame(char *line)
{
    for (; *line != '\0'; line++) {
        unsigned char c = (unsigned char) *line;

        if (c < ' ' || c == 0x7f) {
            *line = '?';
        }
    }
}

void
mwi_log(const struct mwi_log *log, mw_log_level level, const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;

    if (log->cb == NULL || (log->level_max != 0 && level > log->level_max)) {
        return;
    }
    va_start(args, format);
    (void) vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    tame(line);
    log->cb(log->user, level, line);
}
