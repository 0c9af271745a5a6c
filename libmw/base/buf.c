/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_MIN = 256 };

void
mwi_buf_init(struct mwi_buf *buf, size_t max)
{
    *buf = (struct mwi_buf){ .max = max };
}

void
mwi_buf_fini(struct mwi_buf *buf)
{
    mwi_free(buf->data);
    mwi_buf_init(buf, buf->max);
}

/* A block of cap bytes with those in use at its start. */
static uint8_t *
new_block(const struct mwi_buf *buf, size_t cap)
{
    size_t len = mwi_buf_len(buf);
    uint8_t *data;

    /* realloc() does not copy the pages of a large block, it gives them new
     * addresses. */
    if (len > 0 && buf->start == 0) {
        return mwi_realloc(buf->data, cap, 1);
    }
    data = mwi_malloc(cap);
    if (data == NULL) {
        return NULL;
    }
    if (len > 0) {
        memcpy(data, mwi_buf_bytes(buf), len);
    }
    mwi_free(buf->data);
    return data;
}

uint8_t *
mwi_buf_grow(struct mwi_buf *buf, size_t n)
{
    size_t len = mwi_buf_len(buf);
    size_t cap;
    uint8_t *data;

    if (!mwi_buf_fits(buf, n)) {
        return NULL;
    }
    /* Moving pays when it frees at least as much as it moves. */
    if (buf->data != NULL && n <= buf->cap - len && len <= buf->start) {
        memmove(buf->data, buf->data + buf->start, len);
        buf->start = 0;
        buf->end = len;
        return buf->data + buf->end;
    }
    cap = buf->cap <= SIZE_MAX / 2 ? buf->cap * 2 : SIZE_MAX;
    cap = cap > buf->max ? buf->max : cap;
    cap = cap < len + n ? len + n : cap;
    cap = cap < BUF_MIN ? BUF_MIN : cap;
    data = new_block(buf, cap);
    if (data == NULL) {
        return NULL;
    }
    buf->data = data;
    buf->cap = cap;
    buf->start = 0;
    buf->end = len;
    return buf->data + buf->end;
}

void
mwi_buf_consume(struct mwi_buf *buf, size_t n)
{
    assert(n <= mwi_buf_len(buf));
    buf->start += n;
    if (buf->start == buf->end) {
        buf->start = buf->end = 0;
    }
}

mw_status
mwi_buf_append(struct mwi_buf *buf, const void *bytes, size_t n)
{
    uint8_t *room;

    if (n == 0) {
        return MW_OK;
    }
    room = mwi_buf_reserve(buf, n);
    if (room == NULL) {
        return mwi_buf_fits(buf, n) ? MW_ENOMEM : MW_ERANGE;
    }
    memcpy(room, bytes, n);
    mwi_buf_commit(buf, n);
    return MW_OK;
}
