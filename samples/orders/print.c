/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
print_changes(const char *changes)
{
    if (changes == NULL) {
        printf("    no memory to tell what has changed\n");
        return;
    }
    if (changes[0] == '\0') {
        printf("    nothing has changed\n");
    }
    while (changes[0] != '\0') {
        size_t len = strcspn(changes, "\n");

        printf("    %.*s\n", (int) len, changes);
        changes += len + 1;
    }
}

void
print_bytes(const mw_stats *stats)
{
    printf("    %" PRIu64 " bytes sent, %" PRIu64 " came back",
        stats->bytes_sent, stats->bytes_received);
    if (stats->bytes_full > 0) {
        printf("; whole values would have been %" PRIu64 ": %.2f %% saved",
            stats->bytes_full,
            100 - 100.0 * (double) stats->bytes_received /
                      (double) stats->bytes_full);
    }
    putchar('\n');
}
