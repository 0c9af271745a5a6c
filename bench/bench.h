/* SPDX-License-Identifier: MIT */
/*
 * bench: what the programs share: a clock, medians, tables.
 *
 * Every program measures all that it compares in turns within one run, so that
 * what disturbs the machine disturbs all of it alike; ratios are taken in each
 * turn, and it is their median that counts.  Times are those of the processor.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mw/base.h"

struct bench_options {
    double seconds; /* of processor time that a case takes, about */
    bool quick;     /* small cases only, one turn each: to see that it works */
    const char *only; /* name of the table to make; NULL: all */
    FILE *tsv;        /* where all tables go, too, or NULL */
};

/** Read "[--quick] [--seconds S] [--only NAME] [--tsv FILE]"; ends the program
 * when it cannot be read. */
struct bench_options bench_options_of(int argc, char **argv);

/** Whether a table is to be made. */
bool bench_is_wanted(const struct bench_options *options, const char *name);

/** End the program unless something is true. */
void bench_must(bool truth, const char *what);

/** Microseconds of processor time that the thread has used. */
double bench_now(void);

/** Numbers that look random, and are the same in every run. */
uint64_t bench_random(void);

/* Measurements of one thing. */
struct bench_series {
    double *at;
    size_t n;
    size_t cap;
};

void bench_add(struct bench_series *series, double value);

/** The median; 0 without a measurement. */
double bench_median(struct bench_series *series);
void bench_series_fini(struct bench_series *series);

/* A table in the making. */
struct bench_table {
    const char *name;
    char **cells; /* row by row; the first one is the heading */
    size_t n;
    size_t columns;
};

/** Begin with the headings, which are separated by blanks; those in TSV too. */
void bench_table_init(
    struct bench_table *table, const char *name, const char *headings);

/** Add the next cell. */
void bench_cell(struct bench_table *table, const char *format, ...)
    MW_PRINTF(2, 3);

/** Print it, as text and as TSV, and free it. */
void bench_table_print(
    struct bench_table *table, const struct bench_options *options);

#endif
