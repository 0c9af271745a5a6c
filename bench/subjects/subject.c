/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void
subject_must(bool truth, const char *what)
{
    if (!truth) {
        (void) fprintf(stderr, "cannot go on: %s\n", what);
        _exit(1);
    }
}

static void
usage(const struct subject *subject)
{
    (void) fprintf(stderr,
        "usage: %s server --certs DIR [--threads N] [--variant WORDS]\n"
        "       %s client --certs DIR --port PORT --workload NAME\n"
        "           [--server PID] [--seconds S] [--size N] [--depth N]\n"
        "           [--threads N] [--connections N] [--variant WORDS]\n"
        "variants: %s\n",
        subject->name, subject->name, subject->variants);
    exit(2);
}

/* ---- options ---- */

/* An option, and where it goes: one of the three. */
struct option {
    const char *name;
    const char **text;
    size_t *number;
    double *real;
};

static bool
read_value(const struct option *option, const char *value)
{
    char *end = (char *) "";

    if (option->text != NULL) {
        *option->text = value;
    } else if (option->number != NULL) {
        *option->number = strtoull(value, &end, 10);
    } else {
        *option->real = strtod(value, &end);
    }
    return *value != '\0' && *end == '\0';
}

static bool
read_options(struct subject_options *options, int argc, char **argv)
{
    size_t port = 0;
    size_t server = 0;
    const struct option known[] = {
        { "--certs", &options->certs, NULL, NULL },
        { "--workload", &options->workload, NULL, NULL },
        { "--variant", &options->variant, NULL, NULL },
        { "--port", NULL, &port, NULL },
        { "--server", NULL, &server, NULL },
        { "--seconds", NULL, NULL, &options->seconds },
        { "--size", NULL, &options->size, NULL },
        { "--depth", NULL, &options->depth, NULL },
        { "--threads", NULL, &options->threads, NULL },
        { "--connections", NULL, &options->connections, NULL },
    };
    const size_t n_known = sizeof(known) / sizeof(*known);

    for (int i = 0; i < argc; i += 2) {
        size_t k = 0;

        while (k < n_known && strcmp(known[k].name, argv[i]) != 0) {
            k++;
        }
        if (k == n_known || i + 1 == argc ||
            !read_value(&known[k], argv[i + 1])) {
            return false;
        }
    }
    options->port = (uint16_t) port;
    options->server = (pid_t) server;
    return options->certs != NULL;
}

/* Whether a word of n bytes is in a list, separated by commas. */
static bool
is_in(const char *list, const char *word, size_t n)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ",");

        if (len == n && memcmp(list, word, n) == 0) {
            return true;
        }
        list += len + (list[len] == ',');
    }
    return false;
}

static bool
knows_all(const struct subject *subject, const char *words)
{
    while (*words != '\0') {
        size_t len = strcspn(words, ",");

        if (!is_in(subject->variants, words, len)) {
            return false;
        }
        words += len + (words[len] == ',');
    }
    return true;
}

bool
subject_is(const struct subject_options *options, const char *word)
{
    return is_in(options->variant, word, strlen(word));
}

int
subject_main(int argc, char **argv, const struct subject *subject)
{
    struct subject_options options = {
        .variant = "", .seconds = 1, .connections = 1, .depth = 64
    };

    (void) signal(SIGPIPE, SIG_IGN);
    if (argc < 2 || !read_options(&options, argc - 2, argv + 2) ||
        !knows_all(subject, options.variant)) {
        usage(subject);
    }
    if (strcmp(argv[1], "server") == 0) {
        subject->serve(&options);
    } else if (strcmp(argv[1], "client") == 0 && options.port != 0 &&
               options.workload != NULL) {
        subject_run(subject, &options);
    } else {
        usage(subject);
    }
    return 0;
}

/* ---- what subjects need ---- */

char *
subject_cert_path(const struct subject_options *options, const char *name)
{
    char *path = NULL;

    subject_must(
        asprintf(&path, "%s/%s", options->certs, name) > 0, "out of memory");
    return path;
}

char *
subject_cert_text(const struct subject_options *options, const char *name)
{
    enum { TEXT_MAX = 1 << 16 };
    char *path = subject_cert_path(options, name);
    char *text = calloc(1, TEXT_MAX);
    FILE *file = fopen(path, "re");

    subject_must(file != NULL && text != NULL, path);
    subject_must(fread(text, 1, TEXT_MAX - 1, file) > 0, path);
    (void) fclose(file);
    free(path);
    return text;
}

struct end {
    void (*stop)(void *user);
    void *user;
};

static void *
wait_for_end(void *user)
{
    struct end end = *(struct end *) user;
    char buffer[64];

    free(user);
    while (read(STDIN_FILENO, buffer, sizeof(buffer)) > 0) {
    }
    if (end.stop == NULL) {
        _exit(0);
    }
    end.stop(end.user);
    return NULL;
}

void
subject_ready(uint16_t port, void (*stop)(void *user), void *user)
{
    struct end *end = malloc(sizeof(*end));
    pthread_t thread;

    subject_must(end != NULL, "out of memory");
    *end = (struct end){ .stop = stop, .user = user };
    subject_must(pthread_create(&thread, NULL, wait_for_end, end) == 0 &&
                     pthread_detach(thread) == 0,
        "no thread");
    (void) printf("ready %u\n", (unsigned) port);
    (void) fflush(stdout);
}

void
subject_sleep(unsigned ms)
{
    struct timespec time = {
        .tv_sec = (time_t) (ms / 1000),
        .tv_nsec = (long) (ms % 1000) * 1000000,
    };

    (void) nanosleep(&time, NULL);
}

void
subject_print(const char *name, double value)
{
    (void) printf("%s\t%.9g\n", name, value);
}
