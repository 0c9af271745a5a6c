/* SPDX-License-Identifier: MIT */
/*
 * base: long pieces of what a buffer holds, noted instead of copied.
 *
 * A buffer with a gather stands for its bytes with the pieces between them.
 * The pieces' memory is somebody else's, and stays as it is until they have
 * been taken out, which is done from the front: span by span.  Not thread-safe.
 */
#ifndef MWI_BASE_GATHER_H
#define MWI_BASE_GATHER_H

#include "base/buf.h"
#include "base/mem.h"

/* A shorter piece is copied sooner than it is kept track of. */
enum { MWI_PIECE_MIN = 64 << 10 };

struct mwi_piece {
    size_t at; /* bytes in use of the buffer that come before it */
    const uint8_t *bytes;
    size_t len; /* more than 0 */
};

struct mwi_gather {
    struct mwi_piece *pieces; /* in order; NULL: there never was one */
    size_t first;             /* those before it are taken out */
    size_t n;
    size_t cap;
    size_t total; /* bytes of those that are left */
};

/** Without pieces.  Allocates nothing. */
static inline void
mwi_gather_init(struct mwi_gather *gather)
{
    *gather = (struct mwi_gather){ 0 };
}

/** Forget the pieces.  It may be used again. */
static inline void
mwi_gather_fini(struct mwi_gather *gather)
{
    if (gather->pieces != NULL) {
        mwi_free(gather->pieces);
        mwi_gather_init(gather);
    }
}

/** Note a piece behind what is in the buffer so far.  False: out of memory,
 * nothing was noted. */
MW_MUST_USE bool mwi_gather_note(struct mwi_gather *gather,
    const struct mwi_buf *buf, const void *bytes, size_t len);

/* In the following gather may be NULL: there are no pieces. */

/** Bytes of buffer and pieces. */
static inline size_t
mwi_gather_len(const struct mwi_gather *gather, const struct mwi_buf *buf)
{
    return mwi_buf_len(buf) + (gather != NULL ? gather->total : 0);
}

/** So many bytes were put before those in the buffer. */
void mwi_gather_push(struct mwi_gather *gather, size_t n);

/** So many bytes of the buffer, behind which all pieces are, were dropped. */
void mwi_gather_pull(struct mwi_gather *gather, size_t n);

/** What comes first: a view of up to a piece's begin or end.  Returns its
 * length, 0 if nothing is left. */
size_t mwi_gather_span(const struct mwi_gather *gather,
    const struct mwi_buf *buf, const uint8_t **ret_bytes);

/** Take out the first n bytes of the span. */
void mwi_gather_consume(
    struct mwi_gather *gather, struct mwi_buf *buf, size_t n);

/** Append a copy of all to another buffer, as mwi_buf_append() does. */
MW_MUST_USE mw_status mwi_gather_append(struct mwi_buf *to,
    const struct mwi_gather *gather, const struct mwi_buf *buf);

#endif
