/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_usage(FILE *out, const struct option_text *options, const char *about,
    const char *program)
{
    fprintf(out, "%s\n\nusage: %s [--option VALUE]...\n", about, program);
    for (; options->name != NULL; options++) {
        fprintf(out, "  %-10s %s", options->name, options->help);
        if (*options->value != NULL) {
            fprintf(out, " [%s]", *options->value);
        }
        fputc('\n', out);
    }
}

static const struct option_text *
find_option(const struct option_text *options, const char *name)
{
    for (; options->name != NULL; options++) {
        if (strcmp(options->name, name) == 0) {
            return options;
        }
    }
    return NULL;
}

void
options_read(
    const struct option_text *options, const char *about, int argc, char **argv)
{
    const struct option_text *option;
    int i;

    for (i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            print_usage(stdout, options, about, argv[0]);
            exit(EXIT_SUCCESS);
        }
        option = find_option(options, argv[i]);
        if (option == NULL || i + 1 == argc) {
            fprintf(stderr, "%s: %s %s\n\n", argv[0], argv[i],
                option == NULL ? "is no option of mine" : "needs a value");
            print_usage(stderr, options, about, argv[0]);
            exit(2);
        }
        *option->value = argv[i + 1];
    }
}
