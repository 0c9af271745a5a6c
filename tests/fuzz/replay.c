/* SPDX-License-Identifier: MIT */
/*
 * Feeds files to a fuzzer's entry, one by one, without a fuzzer.
 *
 *     replay_NAME FILE...
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 16 };

static void
replay(const char *path)
{
    static uint8_t room[INPUT_MAX];
    FILE *in = fopen(path, "rb");
    uint8_t *exact;
    size_t len;

    if (in == NULL) {
        perror(path);
        exit(2);
    }
    len = fread(room, 1, sizeof(room), in);
    (void) fclose(in);
    /* To the byte, so that the sanitizer sees reads beyond the end. */
    exact = malloc(len + 1);
    if (exact == NULL) {
        exit(2);
    }
    for (size_t i = 0; i < len; i++) {
        exact[1 + i] = room[i];
    }
    (void) LLVMFuzzerTestOneInput(exact + 1, len);
    free(exact);
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        (void) fprintf(stderr, "usage: %s file...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        replay(argv[i]);
    }
    (void) printf("%d inputs\n", argc - 1);
    return 0;
}
