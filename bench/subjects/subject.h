/* SPDX-License-Identifier: MIT */
/*
 * What is compared: a subject is a program that is a server and a client of one
 * RPC library, or of none.
 *
 *     SUBJECT server --certs DIR [--threads N] [--variant WORDS]
 *     SUBJECT client --certs DIR --port PORT --workload NAME [OPTION]...
 *
 * The server prints "ready PORT" and serves until its standard input ends.  The
 * client runs one workload and prints what it measured, "name<TAB>value" a
 * line.  A subject implements single calls; workloads.c makes workloads of them
 * and measures, alike for all.
 *
 * Whatever fails ends the program: a benchmark that goes on measures nothing.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "measure.h"

#ifdef __cplusplus
extern "C" {
#endif

struct subject_options {
    const char *certs;    /* folder that tools/pki has filled */
    const char *workload; /* name */
    const char
        *variant; /* words, separated by commas, that the subject knows */
    uint16_t port;
    pid_t server;   /* whose processor time and memory are looked at, or 0 */
    double seconds; /* that a workload takes, about */
    size_t size;    /* bytes of "octets", elements of "doubles" */
    size_t depth;   /* calls outstanding, calls at once */
    size_t threads; /* server: that handlers may use; client: that call;
                       0: as the subject likes */
    size_t connections; /* of the client */
};

/* Calls that are kept outstanding on one connection. */
struct subject_flow {
    size_t depth;
    double until;              /* of measure_now(): start none after it */
    struct histogram *latency; /* to note each call in */
};

/* What a subject can do.  A connection is what open() has returned; one thread
 * at a time uses it, unless stream or naps is NULL.  Every call checks the
 * answer, as far as that costs next to nothing. */
struct subject {
    const char *name;
    const char *variants; /* that it knows, separated by commas; or "" */

    /* Serve; return or end the process when the standard input ends. */
    void (*serve)(const struct subject_options *options);

    void *(*open)(const struct subject_options *options);
    void (*close)(void *connection);
    /* Close, and open again with the TLS session resumed.  NULL: cannot. */
    void (*reopen)(void *connection);

    void (*echo)(void *connection);  /* {SUBJECT_NUMBER, SUBJECT_TEXT} */
    void (*touch)(void *connection); /* an object of records, see records.h */
    void (*octets)(void *connection, size_t n);  /* there and back */
    void (*doubles)(void *connection, size_t n); /* there and back */
    void (*nap)(void *connection, unsigned ms);  /* the handler blocks */

    /* Keep calls of echo outstanding.  NULL, or variant "threads": as many
     * threads call echo(). */
    void (*stream)(void *connection, const struct subject_flow *flow);
    /* n calls of nap at once.  NULL, or variant "threads": as many threads
     * call nap(). */
    void (*naps)(void *connection, size_t n, unsigned ms);
};

enum { SUBJECT_NUMBER = 1234567 };

#define SUBJECT_TEXT "thirty-two bytes of text no more" /* 32 and a 0 */

/** All of main(). */
int subject_main(int argc, char **argv, const struct subject *subject);

/** Whether a word is among the variant's. */
bool subject_is(const struct subject_options *options, const char *word);

/** End the program unless something is true. */
void subject_must(bool truth, const char *what);

/** A new string: a file in the folder of certificates, its path or its text. */
char *subject_cert_path(
    const struct subject_options *options, const char *name);
char *subject_cert_text(
    const struct subject_options *options, const char *name);

/** Server: say where it listens, and have a thread call stop(user) when the
 * standard input ends; NULL: end the process. */
void subject_ready(uint16_t port, void (*stop)(void *user), void *user);

/** What the handler of nap() does: block. */
void subject_sleep(unsigned ms);

/** Print what was measured. */
void subject_print(const char *name, double value);

/** Run the client's workload, of workloads.c. */
void subject_run(
    const struct subject *subject, const struct subject_options *options);

/** The payload of doubles: i-th element. */
static inline double
subject_double(size_t i)
{
    return (double) i * 0.5;
}

#ifdef __cplusplus
}
#endif

#endif
