/* SPDX-License-Identifier: MIT */
/*
 * base: a growable run of bytes with a hard maximum, filled at the end and
 * consumed at the start.  Not thread-safe.
 */
#ifndef MWI_BASE_BUF_H
#define MWI_BASE_BUF_H

#include <assert.h>

#include "mw/base.h"
#include "mw/status.h"

struct mwi_buf {
    uint8_t *data; /* malloc() block of cap bytes, or NULL */
    size_t start;  /* first byte in use */
    size_t end;    /* behind the last byte in use */
    size_t cap;
    size_t max; /* that end - start may not exceed */
};

/** An empty buffer that may hold max bytes.  Allocates nothing. */
void mwi_buf_init(struct mwi_buf *buf, size_t max);

/** Free the bytes.  The buffer is empty and may be used again. */
void mwi_buf_fini(struct mwi_buf *buf);

static inline size_t
mwi_buf_len(const struct mwi_buf *buf)
{
    return buf->end - buf->start;
}

static inline const uint8_t *
mwi_buf_bytes(const struct mwi_buf *buf)
{
    return buf->data + buf->start;
}

/** Whether n more bytes are within the maximum. */
static inline bool
mwi_buf_fits(const struct mwi_buf *buf, size_t n)
{
    return n <= buf->max - mwi_buf_len(buf);
}

/** Bytes that can be appended without new memory. */
static inline size_t
mwi_buf_room(const struct mwi_buf *buf)
{
    size_t room = buf->cap - buf->end;
    size_t fit = buf->max - mwi_buf_len(buf);

    return room < fit ? room : fit;
}

/** What mwi_buf_reserve() does when there is no room yet. */
MW_MUST_USE uint8_t *mwi_buf_grow(struct mwi_buf *buf, size_t n);

/** Make room for n bytes behind the end and point to it.  NULL when out of
 * memory or over the maximum; mwi_buf_fits() tells which.  The bytes in use
 * may move. */
MW_MUST_USE static inline uint8_t *
mwi_buf_reserve(struct mwi_buf *buf, size_t n)
{
    return buf->data != NULL && n <= mwi_buf_room(buf) ? buf->data + buf->end
                                                       : mwi_buf_grow(buf, n);
}

/** The first n bytes of the reserved room are now in use. */
static inline void
mwi_buf_commit(struct mwi_buf *buf, size_t n)
{
    assert(n <= buf->cap - buf->end);
    buf->end += n;
}

/** Drop the first n bytes in use. */
void mwi_buf_consume(struct mwi_buf *buf, size_t n);

/** Append n bytes.  MW_ERANGE over the maximum, MW_ENOMEM out of memory; then
 * nothing was appended. */
MW_MUST_USE mw_status mwi_buf_append(
    struct mwi_buf *buf, const void *bytes, size_t n);

#endif
