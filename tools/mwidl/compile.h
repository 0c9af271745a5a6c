/* SPDX-License-Identifier: MIT */
/*
 * From files of IDL to files of C.
 */
#ifndef MWIDL_COMPILE_H
#define MWIDL_COMPILE_H

#include "ast.h"

enum { SIDE_TYPES = 1, SIDE_CLIENT = 2, SIDE_SERVER = 4 };

typedef struct compile_options {
    unit_options idl;
    const char *out_dir;
    unsigned sides;      /* SIDE_; 0: both if there are interfaces */
    const char *depfile; /* NULL: none */
    bool check_only;
    bool format;
} compile_options;

/* Returns the exit status of the program; errors go to stderr. */
int compile_files(const compile_options *options, char *const *paths, size_t n);

#endif
