/* SPDX-License-Identifier: MIT */
/*
 * Reads source files with limits on their size, once each, checks that they
 * are UTF-8 without control characters, so that nothing behind this file has
 * to care, and formats error messages.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CARET_WIDTH = 200 }; /* bytes of a source line that are worth showing */

void
place_resolve(place at, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < at.offset && i < at.file->len; i++) {
        if (at.file->data[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char) at.file->data[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

const char *
place_text(arena *mem, place at)
{
    size_t line;
    size_t column;

    place_resolve(at, &line, &column);
    return arena_format(mem, "%s:%zu", at.file->path, line);
}

/* The source line and below it a caret, unless the line is unreasonable. */
static void
show_line(text *out, place at)
{
    const char *data = at.file->data;
    size_t begin = at.offset < at.file->len ? at.offset : at.file->len;
    size_t end = begin;

    while (begin > 0 && data[begin - 1] != '\n') {
        begin--;
    }
    while (end < at.file->len && data[end] != '\n' && data[end] != '\r') {
        end++;
    }
    if (end - begin == 0 || end - begin > CARET_WIDTH) {
        return;
    }
    text_puts(out, "    ");
    text_add(out, data + begin, end - begin);
    text_puts(out, "\n    ");
    for (size_t i = begin; i < at.offset && i < end; i++) {
        if (((unsigned char) data[i] & 0xc0) != 0x80) {
            text_puts(out, data[i] == '\t' ? "\t" : " ");
        }
    }
    text_puts(out, "^\n");
}

void
error_at(diag *d, place at, const char *format, ...)
{
    size_t line;
    size_t column;
    va_list args;

    d->errors++;
    if (d->errors > ERRORS_MAX) {
        if (d->errors == ERRORS_MAX + 1) {
            text_printf(&d->messages,
                "%s: error: more than %d errors; the rest is not shown\n",
                at.file->path, ERRORS_MAX);
        }
        return;
    }
    place_resolve(at, &line, &column);
    text_printf(
        &d->messages, "%s:%zu:%zu: error: ", at.file->path, line, column);
    va_start(args, format);
    text_vprintf(&d->messages, format, args);
    va_end(args);
    text_puts(&d->messages, "\n");
    show_line(&d->messages, at);
}

bool
diag_full(const diag *d)
{
    return d->errors > ERRORS_MAX;
}

/* Where the text stops being UTF-8 without control characters; len if
 * nowhere. */
static size_t
find_bad_byte(const char *data, size_t len)
{
    size_t i = 0;

    while (i < len) {
        uint32_t point;
        size_t n = utf8_decode(data + i, len - i, &point);

        if (n == 0 || point == 0x7f ||
            (point < 0x20 && (point < 9 || point > 13))) {
            break;
        }
        i += n;
    }
    return i;
}

static source *
add_source(sources *all, const char *path, const char *data, size_t len)
{
    source *file = arena_alloc(all->mem, sizeof(*file));
    const char *slash = strrchr(path, '/');

    file->path = arena_copy(all->mem, path, strlen(path));
    file->base = slash == NULL ? file->path : file->path + (slash + 1 - path);
    const char *dot = strrchr(file->base, '.');

    file->stem =
        dot == NULL || dot == file->base
            ? file->base
            : arena_copy(all->mem, file->base, (size_t) (dot - file->base));
    size_t bad = find_bad_byte(data, len);

    file->data = data;
    file->len = bad;
    if (bad < len) {
        error_at(all->diag, (place){ file, bad },
            "byte 0x%02x is not text: IDL files are UTF-8 without control "
            "characters",
            (unsigned char) data[bad]);
    }
    if (all->last == NULL) {
        all->first = file;
    } else {
        all->last->next = file;
    }
    all->last = file;
    all->n_files++;
    all->total += len;
    return file;
}

source *
source_from_text(sources *all, const char *path, const char *data, size_t len)
{
    return add_source(all, path, arena_copy(all->mem, data, len), len);
}

/* Reads len bytes; false when the file has become shorter or cannot be
 * read. */
static bool
read_all(int fd, char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, data, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t) n;
    }
    return true;
}

static source *
find_open_file(const sources *all, const struct stat *st)
{
    for (source *file = all->first; file != NULL; file = file->next) {
        if (file->device == st->st_dev && file->inode == st->st_ino &&
            st->st_ino != 0) {
            return file;
        }
    }
    return NULL;
}

static source *
read_source(sources *all, int fd, const char *path, const char **ret_why)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        *ret_why = strerror(errno);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        *ret_why = "not a regular file";
        return NULL;
    }
    source *file = find_open_file(all, &st);

    if (file != NULL) {
        return file;
    }
    if (st.st_size > SOURCE_SIZE_MAX ||
        (size_t) st.st_size > SOURCE_TOTAL_MAX - all->total) {
        *ret_why = "larger than 16 MiB, or than 64 MiB with all its includes";
        return NULL;
    }
    if (all->n_files >= SOURCE_FILES_MAX) {
        *ret_why = "more than 1000 files";
        return NULL;
    }
    size_t len = (size_t) st.st_size;
    char *data = arena_alloc(all->mem, len + 1);

    if (!read_all(fd, data, len)) {
        *ret_why = "cannot be read";
        return NULL;
    }
    file = add_source(all, path, data, len);
    file->device = st.st_dev;
    file->inode = st.st_ino;
    return file;
}

source *
source_open(sources *all, const char *path, const char **ret_why)
{
    /* Non-blocking, lest a named pipe makes us wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        *ret_why = strerror(errno);
        return NULL;
    }
    source *file = read_source(all, fd, path, ret_why);

    close(fd);
    return file;
}

source *
source_include(sources *all, place at, const char *name, bool system)
{
    const char *why = "No such file or directory";
    const char *own = at.file->path;
    size_t own_len = (size_t) (at.file->base - own);
    bool absolute = name[0] == '/';

    if (absolute || !system) {
        const char *path = absolute ? name
                                    : arena_format(all->mem, "%.*s%s",
                                          (int) own_len, own, name);

        if (access(path, F_OK) == 0 || absolute) {
            source *file = source_open(all, path, &why);

            if (file == NULL) {
                error_at(all->diag, at, "cannot include '%s': %s", name, why);
            }
            return file;
        }
    }
    for (size_t i = 0; i < all->n_dirs; i++) {
        const char *path = arena_format(all->mem, "%s/%s", all->dirs[i], name);

        if (access(path, F_OK) == 0) {
            source *file = source_open(all, path, &why);

            if (file == NULL) {
                error_at(all->diag, at, "cannot include '%s': %s", name, why);
            }
            return file;
        }
    }
    error_at(all->diag, at, "cannot include '%s': not found %s", name,
        system ? "in the directories of -I"
               : "beside this file or in the directories of -I");
    return NULL;
}
