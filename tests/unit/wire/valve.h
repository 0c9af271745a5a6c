/* SPDX-License-Identifier: MIT */
/*
 * A stream over another one that passes exactly what a test lets it pass.
 */
#ifndef MWT_VALVE_H
#define MWT_VALVE_H

#include "net/stream.h"

struct valve {
    struct mwi_stream stream;
    struct mwi_stream *lower;
    size_t n_writable;          /* bytes that may still be written */
    enum mwi_io write_stop;     /* what a write says then */
    enum mwi_io read_stop;      /* what a read says; DONE: what lower says */
    enum mwi_io handshake_stop; /* likewise */
};

/** An open valve over lower, which it takes. */
struct valve *valve_new(struct mwi_stream *lower);

#endif
