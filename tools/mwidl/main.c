/* SPDX-License-Identifier: MIT */
/*
 * mwidl: makes C from IDL.  See docs/man/mwidl.1 and docs/idl.md.
 *
 * Each file of the command line is a compilation of its own.  Files are
 * written under temporary names, and get their own only when everything went
 * well.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile.h"

#ifndef MWIDL_VERSION
#define MWIDL_VERSION "unknown"
#endif

static const char usage[] =
    "usage: mwidl [-I dir]... [-o dir] [--types] [--client] [--server]\n"
    "             [--depfile file] file.idl...\n"
    "       mwidl --check [-I dir]... file.idl...\n"
    "       mwidl --format [-I dir]... file.idl\n"
    "       mwidl --help | --version\n";

static const char help[] =
    "\nMakes C types, client stubs and server skeletons from IDL.\n\n"
    "  -I dir          look for included files in dir too\n"
    "  -o dir          write to dir, not to the working directory\n"
    "  --types         make x.mw.h and x.mw.c only\n"
    "  --client        make the types and x_client.mw.h and .c\n"
    "  --server        make the types and x_server.mw.h and .c\n"
    "                  (without these three: what x.idl has use for)\n"
    "  --depfile file  write a make rule of what was read\n"
    "  --library       for libmw's own IDL: C names may begin with mw_\n"
    "  --check         report errors, write nothing\n"
    "  --format        print the IDL in its canonical form\n";

enum {
    OPT_CLIENT = 256,
    OPT_SERVER,
    OPT_TYPES,
    OPT_DEPFILE,
    OPT_CHECK,
    OPT_FORMAT,
    OPT_LIBRARY,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option long_options[] = {
    { "client", no_argument, NULL, OPT_CLIENT },
    { "server", no_argument, NULL, OPT_SERVER },
    { "types", no_argument, NULL, OPT_TYPES },
    { "depfile", required_argument, NULL, OPT_DEPFILE },
    { "check", no_argument, NULL, OPT_CHECK },
    { "format", no_argument, NULL, OPT_FORMAT },
    { "library", no_argument, NULL, OPT_LIBRARY },
    { "help", no_argument, NULL, OPT_HELP },
    { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

static void
add_include_dir(compile_options *options, const char *dir)
{
    size_t n = options->idl.n_dirs;
    const char **dirs =
        realloc((void *) options->idl.dirs, (n + 1) * sizeof(*dirs));

    if (dirs == NULL) {
        out_of_memory();
    }
    dirs[n] = dir;
    options->idl.dirs = dirs;
    options->idl.n_dirs = n + 1;
}

/* Sets one option.  Returns the exit status if the program is to end, -1 if
 * not. */
static int
set_option(compile_options *options, int c)
{
    switch (c) {
    case 'I':
        add_include_dir(options, optarg);
        return -1;
    case 'o':
        options->out_dir = optarg;
        return -1;
    case OPT_TYPES:
        options->sides |= SIDE_TYPES;
        return -1;
    case OPT_CLIENT:
        options->sides |= SIDE_CLIENT;
        return -1;
    case OPT_SERVER:
        options->sides |= SIDE_SERVER;
        return -1;
    case OPT_DEPFILE:
        options->depfile = optarg;
        return -1;
    case OPT_CHECK:
        options->check_only = true;
        return -1;
    case OPT_FORMAT:
        options->format = true;
        return -1;
    case OPT_LIBRARY:
        options->idl.library = true;
        return -1;
    case OPT_HELP:
        fputs(usage, stdout);
        fputs(help, stdout);
        return EXIT_SUCCESS;
    case OPT_VERSION:
        puts("mwidl " MWIDL_VERSION);
        return EXIT_SUCCESS;
    default:
        fputs(usage, stderr);
        return EXIT_TROUBLE;
    }
}

static int
run(compile_options *options, int argc, char **argv)
{
    int c;

    while ((c = getopt_long(argc, argv, "I:o:", long_options, NULL)) != -1) {
        int status = set_option(options, c);

        if (status >= 0) {
            return status;
        }
    }
    if (optind == argc) {
        fputs(usage, stderr);
        return EXIT_TROUBLE;
    }
    return compile_files(options, argv + optind, (size_t) (argc - optind));
}

int
main(int argc, char **argv)
{
    compile_options options = { .out_dir = "." };
    int status = run(&options, argc, argv);

    free((void *) options.idl.dirs);
    if (fflush(stdout) != 0 && status == EXIT_SUCCESS) {
        fputs("mwidl: cannot write to the standard output\n", stderr);
        status = EXIT_TROUBLE;
    }
    return status;
}
