/* SPDX-License-Identifier: MIT */
/*
 * Options of the form --name VALUE.  Small enough to copy; replace it by your
 * program's own.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

struct option_text {
    const char *name;   /* "--listen"; NULL ends the table */
    const char **value; /* its default, replaced by what is given */
    const char *help;   /* one line */
};

/* Reads argv.  --help and mistakes print the usage and end the program. */
void options_read(const struct option_text *options, const char *about,
    int argc, char **argv);

#endif
