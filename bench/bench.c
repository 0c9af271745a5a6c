/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
usage(const char *program)
{
    (void) fprintf(stderr,
        "usage: %s [--quick] [--seconds S] [--only NAME] [--tsv FILE]\n",
        program);
    exit(2);
}

struct bench_options
bench_options_of(int argc, char **argv)
{
    struct bench_options options = { .seconds = 1 };
    char *end;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            options.quick = true;
        } else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            options.seconds = strtod(argv[++i], &end);
            if (*end != '\0' || !(options.seconds > 0)) {
                usage(argv[0]);
            }
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            options.only = argv[++i];
        } else if (strcmp(argv[i], "--tsv") == 0 && i + 1 < argc) {
            options.tsv = fopen(argv[++i], "we");
            bench_must(options.tsv != NULL, argv[i]);
        } else {
            usage(argv[0]);
        }
    }
    return options;
}

bool
bench_is_wanted(const struct bench_options *options, const char *name)
{
    return options->only == NULL || strcmp(options->only, name) == 0;
}

void
bench_must(bool truth, const char *what)
{
    if (!truth) {
        (void) fprintf(stderr, "cannot go on: %s\n", what);
        exit(1);
    }
}

double
bench_now(void)
{
    struct timespec now;

    bench_must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0, "no clock");
    return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

uint64_t
bench_random(void)
{
    /* Marsaglia, "Xorshift RNGs", 2003. */
    static uint64_t state = UINT64_C(88172645463325252);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

void
bench_add(struct bench_series *series, double value)
{
    if (series->n == series->cap) {
        series->cap = series->cap > 0 ? 2 * series->cap : 16;
        series->at = realloc(series->at, series->cap * sizeof(*series->at));
        bench_must(series->at != NULL, "out of memory");
    }
    series->at[series->n++] = value;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a;
    double y = *(const double *) b;

    return (x > y) - (x < y);
}

double
bench_median(struct bench_series *series)
{
    if (series->n == 0) {
        return 0;
    }
    qsort(series->at, series->n, sizeof(*series->at), compare);
    return (series->at[(series->n - 1) / 2] + series->at[series->n / 2]) / 2;
}

void
bench_series_fini(struct bench_series *series)
{
    free(series->at);
    *series = (struct bench_series){ 0 };
}

static void
add_cell(struct bench_table *table, char *text)
{
    bench_must(text != NULL, "out of memory");
    table->cells =
        realloc(table->cells, (table->n + 1) * sizeof(*table->cells));
    bench_must(table->cells != NULL, "out of memory");
    table->cells[table->n++] = text;
}

void
bench_table_init(
    struct bench_table *table, const char *name, const char *headings)
{
    *table = (struct bench_table){ .name = name };
    while (*headings != '\0') {
        size_t len = strcspn(headings, " ");

        add_cell(table, strndup(headings, len));
        headings += len + strspn(headings + len, " ");
    }
    table->columns = table->n;
}

void
bench_cell(struct bench_table *table, const char *format, ...)
{
    char text[64];
    va_list args;

    va_start(args, format);
    (void) vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add_cell(table, strdup(text));
}

static int
width_of(const struct bench_table *table, size_t column)
{
    size_t width = 0;

    for (size_t i = column; i < table->n; i += table->columns) {
        size_t len = strlen(table->cells[i]);

        width = len > width ? len : width;
    }
    return (int) width;
}

void
bench_table_print(
    struct bench_table *table, const struct bench_options *options)
{
    (void) printf("\n%s\n\n", table->name);
    for (size_t i = 0; i < table->n; i++) {
        size_t column = i % table->columns;
        bool is_last = column + 1 == table->columns;
        int width = width_of(table, column);

        /* What the rows are called to the left, numbers to the right. */
        (void) printf("%*s%s", column == 0 ? -width : width, table->cells[i],
            is_last ? "\n" : "  ");
        if (options->tsv != NULL) {
            if (column == 0) {
                (void) fprintf(options->tsv, "%s\t", table->name);
            }
            (void) fprintf(
                options->tsv, "%s%s", table->cells[i], is_last ? "\n" : "\t");
        }
    }
    (void) fflush(stdout);
    for (size_t i = 0; i < table->n; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    *table = (struct bench_table){ 0 };
}
