/* SPDX-License-Identifier: MIT */
/*
 * A stream over another one that behaves badly on purpose: it moves few bytes
 * at a time, asks to wait although it need not, breaks or corrupts.  The same
 * seed does the same things.
 */
#ifndef MWT_FAULT_STREAM_H
#define MWT_FAULT_STREAM_H

#include "net/stream.h"

/* Zeroed, it changes nothing. */
struct mwt_faults {
    uint64_t seed;
    size_t chunk_max;      /* bytes moved at a time: 1 to this many; 0: any */
    unsigned wait_percent; /* how often to say WANT_READ or WANT_WRITE instead.
                              A caller that polls the descriptor is woken by a
                              socket that is still readable or writable. */

    /* How the stream breaks, once so many bytes have passed; 0: never. */
    uint64_t break_read_after;
    uint64_t break_write_after;
    enum mwi_io break_how; /* MWI_IO_FAILED or, for reads, MWI_IO_CLOSED */

    /* The byte, counted from 1, whose lowest bit is turned over; 0: none. */
    uint64_t corrupt_read_at;
    uint64_t corrupt_write_at;
};

/** A stream over lower.
 *
 * @param ret_stream  [own: mwi_stream_close()] [out]
 * @param lower   [take] on success only
 * @param faults  [copy]
 * @retval MW_ENOMEM  out of memory
 */
MW_MUST_USE mw_status mwt_fault_stream(struct mwi_stream **ret_stream,
    struct mwi_stream *lower, const struct mwt_faults *faults);

/** Bytes that have passed so far. */
uint64_t mwt_fault_stream_n_read(const struct mwi_stream *s);
uint64_t mwt_fault_stream_n_written(const struct mwi_stream *s);

#endif
