/* SPDX-License-Identifier: MIT */
/*
 * The files around a compilation.
 */
#include "compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "emit.h"
#include "format.h"
#include "parser.h"

/* A file written under a temporary name. */
typedef struct pending {
    char *path;
    char *temporary;
    struct pending *next;
} pending;

typedef struct job {
    const compile_options *options;
    pending *pending; /* the newest first */
    text rules;       /* for the depfile */
    arena mem;
} job;

static bool
write_pending(job *j, const char *path, const text *content)
{
    pending *file = arena_alloc(&j->mem, sizeof(*file));

    file->path = arena_format(&j->mem, "%s", path);
    file->temporary = arena_format(&j->mem, "%s.tmp%ld", path, (long) getpid());
    FILE *out = fopen(file->temporary, "wb");

    if (out == NULL) {
        fprintf(stderr, "mwidl: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    file->next = j->pending;
    j->pending = file;
    size_t written =
        content->len > 0 ? fwrite(content->data, 1, content->len, out) : 0;

    if (fclose(out) != 0 || written != content->len) {
        fprintf(stderr, "mwidl: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

/* Gives the files their names, or removes them. */
static bool
finish_pending(job *j, bool keep)
{
    bool ok = true;

    for (const pending *file = j->pending; file != NULL; file = file->next) {
        if (keep && ok && rename(file->temporary, file->path) == 0) {
            continue;
        }
        if (keep && ok) {
            fprintf(stderr, "mwidl: cannot write %s: %s\n", file->path,
                strerror(errno));
            ok = false;
        }
        unlink(file->temporary);
    }
    return ok;
}

/* A path as make wants it. */
static void
add_make_path(text *out, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == ' ' || *path == '#' || *path == '\\') {
            text_puts(out, "\\");
        } else if (*path == '$') {
            text_puts(out, "$");
        }
        text_add(out, path, 1);
    }
}

static void
add_rule(job *j, const unit *u, const text *targets)
{
    if (j->options->depfile == NULL) {
        return;
    }
    text_add(&j->rules, targets->data, targets->len);
    text_puts(&j->rules, ":");
    for (const source *file = u->sources.first; file != NULL;
         file = file->next) {
        text_puts(&j->rules, " \\\n  ");
        add_make_path(&j->rules, file->path);
    }
    text_puts(&j->rules, "\n");
}

/* Is this one of the files that were asked for? */
static bool
is_wanted(const compile_options *options, const unit *u, output_kind kind)
{
    unsigned sides = options->sides;

    if (sides == 0 && has_interfaces(u)) {
        sides = SIDE_CLIENT | SIDE_SERVER;
    }
    switch (kind) {
    case OUTPUT_CLIENT_H:
    case OUTPUT_CLIENT_C:
        return (sides & SIDE_CLIENT) != 0;
    case OUTPUT_SERVER_H:
    case OUTPUT_SERVER_C:
        return (sides & SIDE_SERVER) != 0;
    default:
        return true;
    }
}

static bool
generate(job *j, unit *u)
{
    const char *dir = j->options->out_dir;
    emitter e;
    text targets = { 0 };
    bool ok = true;

    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "mwidl: cannot make %s: %s\n", dir, strerror(errno));
        return false;
    }
    emitter_init(&e, u);
    for (int kind = 0; kind < N_OUTPUTS && ok; kind++) {
        text out = { 0 };

        if (!is_wanted(j->options, u, (output_kind) kind)) {
            continue;
        }
        const char *name = output_name(u, (output_kind) kind);
        const char *path = strcmp(dir, ".") == 0
                               ? name
                               : arena_format(&u->mem, "%s/%s", dir, name);

        emit_output(&e, (output_kind) kind, &out);
        ok = write_pending(j, path, &out);
        text_puts(&targets, kind > 0 ? " " : "");
        add_make_path(&targets, path);
        text_free(&out);
    }
    if (ok) {
        add_rule(j, u, &targets);
    }
    text_free(&targets);
    emitter_free(&e);
    return ok;
}

/* The name becomes that of headers and, in capitals, of their guards. */
static bool
is_good_stem(const char *stem)
{
    for (const char *s = stem; *s != '\0'; s++) {
        if (!is_alpha(*s) && !is_digit(*s) && strchr("_-+.", *s) == NULL) {
            return false;
        }
    }
    return *stem != '\0';
}

static int
produce(job *j, unit *u)
{
    if (u->diag.errors > 0) {
        return EXIT_IDL_ERROR;
    }
    if (j->options->check_only) {
        return EXIT_SUCCESS;
    }
    if (j->options->format) {
        text out = { 0 };

        format_unit(u, &out);
        fwrite(out.data, 1, out.len, stdout);
        text_free(&out);
        return EXIT_SUCCESS;
    }
    return generate(j, u) ? EXIT_SUCCESS : EXIT_TROUBLE;
}

static int
compile_file(job *j, const char *path)
{
    unit u;
    const char *why = "";

    unit_init(&u, &j->options->idl);
    source *file = source_open(&u.sources, path, &why);

    if (file == NULL || !is_good_stem(file->stem)) {
        fprintf(stderr, "mwidl: %s: %s\n", path,
            file == NULL ? why
                         : "the file's name has characters other than "
                           "letters, digits, '_', '-', '+' and '.'");
        unit_free(&u);
        return EXIT_TROUBLE;
    }
    parse_unit(&u, file);
    check_unit(&u);
    if (u.diag.messages.len > 0) {
        fputs(u.diag.messages.data, stderr);
    }
    int status = produce(j, &u);

    unit_free(&u);
    return status;
}

int
compile_files(const compile_options *options, char *const *paths, size_t n)
{
    job j = { .options = options };
    int status = EXIT_SUCCESS;

    for (size_t i = 0; i < n; i++) {
        int own = compile_file(&j, paths[i]);

        status = own > status ? own : status;
    }
    if (status == EXIT_SUCCESS && options->depfile != NULL &&
        !options->check_only && !options->format &&
        !write_pending(&j, options->depfile, &j.rules)) {
        status = EXIT_TROUBLE;
    }
    if (!finish_pending(&j, status == EXIT_SUCCESS)) {
        status = EXIT_TROUBLE;
    }
    text_free(&j.rules);
    arena_free(&j.mem);
    return status;
}
