/* SPDX-License-Identifier: MIT */
/*
 * Clocks, percentiles, and what the kernel knows of a process.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Seconds of a clock that only goes forward. */
double measure_now(void);

/* Latencies, to less than a hundredth: 128 buckets for each power of two of
 * nanoseconds. */
enum { HISTOGRAM_SUB = 128, HISTOGRAM_POWERS = 40 };

struct histogram {
    uint64_t n;
    uint64_t buckets[HISTOGRAM_POWERS * HISTOGRAM_SUB];
};

/** Note n times the same latency. */
void histogram_add(struct histogram *histogram, double seconds, uint64_t n);

/** Add another one's. */
void histogram_join(struct histogram *histogram, const struct histogram *other);

/** Microseconds that a part of all does not exceed: 0.5 is the median. */
double histogram_percentile(const struct histogram *histogram, double part);

/* What a client and its server have used in a time. */
struct usage {
    double wall;       /* seconds */
    double client_cpu; /* seconds of processor time */
    double server_cpu;
    double switches; /* times that a thread of either went to sleep */
    double sent;     /* bytes of the client's connections, TLS included */
    double received;
};

/** Begin to measure this process, its connections to a port, and a server's
 * process (0: none). */
struct usage measure_begin(pid_t server, uint16_t port);

/** What has been used since then. */
struct usage measure_end(
    const struct usage *begin, pid_t server, uint16_t port);

/** KiB of memory of a process: its share (Pss), and what it alone has written
 * to (Private_Dirty). */
void measure_memory(pid_t process, double *ret_pss, double *ret_dirty);

/** Break all connections of this process to a port, as a network would. */
void measure_break(uint16_t port);

#ifdef __cplusplus
}
#endif

#endif
