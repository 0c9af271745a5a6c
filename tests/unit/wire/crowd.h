/* SPDX-License-Identifier: MIT */
/*
 * Two channels that lead to each other, many threads that write to each, and
 * one owner of each that reads and flushes as its descriptor allows.  Without
 * criterion, so that it also runs under the thread sanitizer.
 */
#ifndef MWT_CROWD_H
#define MWT_CROWD_H

#include "mw/base.h"

enum { CROWD_WRITERS_MAX = 32 };

struct crowd_options {
    uint64_t seed;
    unsigned n_writers;    /* to each channel */
    unsigned n_messages;   /* by each writer */
    size_t len_max;        /* of a message */
    size_t chunk_max;      /* bytes that the streams move at a time; 0: any */
    unsigned wait_percent; /* how often the streams say to wait */
    bool is_interrupted;   /* a thread closes one channel in the midst */
};

struct crowd_result {
    uint64_t n_received; /* messages, which were whole and in order */
    unsigned n_errors;   /* each of which was printed to stderr */
};

/** Send all, receive all, compare.  Blocks until all threads have ended. */
struct crowd_result crowd_run(const struct crowd_options *options);

#endif
