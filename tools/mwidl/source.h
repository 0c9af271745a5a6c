/* SPDX-License-Identifier: MIT */
/*
 * Source files, places in them, and the errors that name those places.
 */
#ifndef MWIDL_SOURCE_H
#define MWIDL_SOURCE_H

#include <sys/types.h>

#include "util.h"

enum {
    SOURCE_SIZE_MAX = 16 << 20,  /* bytes of a file */
    SOURCE_TOTAL_MAX = 64 << 20, /* bytes of a file and all that it includes */
    SOURCE_FILES_MAX = 1000,
    INCLUDE_DEPTH_MAX = 32,
    ERRORS_MAX = 20,
};

/* A file that was read; lives as long as the arena. */
typedef struct source {
    const char *path; /* as it was found, for errors */
    const char *base; /* last part of path */
    const char *stem; /* base without its extension */
    const char *data; /* len bytes of UTF-8, then a NUL */
    size_t len;       /* bytes */
    dev_t device;     /* with inode: which file it is */
    ino_t inode;
    bool open;                /* being parsed */
    struct source *parent;    /* the file that includes it, while open */
    struct source *next;      /* in the order of reading */
    struct include *includes; /* in order */
} source;

typedef struct include {
    source *file;
    const char *name; /* as written */
    bool system;      /* in angle brackets */
    struct include *next;
} include;

/* A byte in a file. */
typedef struct place {
    const source *file; /* NULL: nowhere */
    size_t offset;      /* bytes from the start */
} place;

/* Collects error messages. */
typedef struct diag {
    text messages;   /* complete lines */
    unsigned errors; /* counts all, also beyond ERRORS_MAX */
} diag;

/* The files of one compilation. */
typedef struct sources {
    arena *mem;
    diag *diag;
    source *first, *last;
    size_t total; /* bytes */
    size_t n_files;
    const char *const *dirs; /* of -I, in order */
    size_t n_dirs;
} sources;

/* Line and column, from 1; columns count code points. */
void place_resolve(place at, size_t *ret_line, size_t *ret_column);

/* "file:line" of a place, for "see there" in messages. */
const char *place_text(arena *mem, place at);

/* Adds "file:line:column: error: ..." with the source line and a caret. */
void error_at(diag *d, place at, const char *format, ...) MWIDL_PRINTF(3, 4);

/* True when so many errors were found that the rest would be noise. */
bool diag_full(const diag *d);

/* Reads a file, or finds it if it was read before.  On failure NULL, and
 * *ret_why is a text. */
source *source_open(sources *all, const char *path, const char **ret_why);

/* Makes a file of text in memory, which must outlive the compilation. */
source *source_from_text(
    sources *all, const char *path, const char *data, size_t len);

/* Finds the file that an #include names.  Reports the error at `at`. */
source *source_include(sources *all, place at, const char *name, bool system);

#endif
