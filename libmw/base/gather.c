/* SPDX-License-Identifier: MIT */
#include "base/gather.h"

#include <assert.h>
#include <string.h>

enum { CAP_MIN = 4 };

static bool
grow(struct mwi_gather *gather)
{
    size_t cap = gather->cap > 0 ? gather->cap * 2 : CAP_MIN;
    struct mwi_piece *pieces =
        mwi_realloc(gather->pieces, cap, sizeof(*pieces));

    if (pieces != NULL) {
        gather->pieces = pieces;
        gather->cap = cap;
    }
    return pieces != NULL;
}

bool
mwi_gather_note(struct mwi_gather *gather, const struct mwi_buf *buf,
    const void *bytes, size_t len)
{
    assert(len > 0);
    if (gather->n == gather->cap && !grow(gather)) {
        return false;
    }
    gather->pieces[gather->n++] = (struct mwi_piece){
        .at = mwi_buf_len(buf),
        .bytes = bytes,
        .len = len,
    };
    gather->total += len;
    return true;
}

void
mwi_gather_push(struct mwi_gather *gather, size_t n)
{
    for (size_t i = gather != NULL ? gather->first : 0;
         gather != NULL && i < gather->n; i++) {
        gather->pieces[i].at += n;
    }
}

void
mwi_gather_pull(struct mwi_gather *gather, size_t n)
{
    for (size_t i = gather != NULL ? gather->first : 0;
         gather != NULL && i < gather->n; i++) {
        assert(gather->pieces[i].at >= n);
        gather->pieces[i].at -= n;
    }
}

/* The piece that comes next, or NULL. */
static struct mwi_piece *
next_piece(const struct mwi_gather *gather)
{
    return gather != NULL && gather->first < gather->n
               ? &gather->pieces[gather->first]
               : NULL;
}

size_t
mwi_gather_span(const struct mwi_gather *gather, const struct mwi_buf *buf,
    const uint8_t **ret_bytes)
{
    const struct mwi_piece *piece = next_piece(gather);

    if (piece != NULL && piece->at == 0) {
        *ret_bytes = piece->bytes;
        return piece->len;
    }
    *ret_bytes = mwi_buf_bytes(buf);
    return piece != NULL ? piece->at : mwi_buf_len(buf);
}

void
mwi_gather_consume(struct mwi_gather *gather, struct mwi_buf *buf, size_t n)
{
    struct mwi_piece *piece = next_piece(gather);

    if (piece == NULL || piece->at > 0) {
        mwi_buf_consume(buf, n);
        mwi_gather_pull(gather, n);
        return;
    }
    assert(n <= piece->len);
    piece->bytes += n;
    piece->len -= n;
    gather->total -= n;
    gather->first += piece->len == 0;
}

static uint8_t *
copy(uint8_t *room, const uint8_t *bytes, size_t n)
{
    if (n > 0) {
        memcpy(room, bytes, n);
    }
    return room + n;
}

mw_status
mwi_gather_append(struct mwi_buf *to, const struct mwi_gather *gather,
    const struct mwi_buf *buf)
{
    size_t len = mwi_gather_len(gather, buf);
    size_t done = 0; /* bytes of the buffer */
    uint8_t *room;

    if (gather == NULL || gather->total == 0) {
        return mwi_buf_append(to, mwi_buf_bytes(buf), len);
    }
    room = mwi_buf_reserve(to, len);
    if (room == NULL) {
        return mwi_buf_fits(to, len) ? MW_ENOMEM : MW_ERANGE;
    }
    for (size_t i = gather->first; i < gather->n; i++) {
        const struct mwi_piece *piece = &gather->pieces[i];

        room = copy(room, mwi_buf_bytes(buf) + done, piece->at - done);
        room = copy(room, piece->bytes, piece->len);
        done = piece->at;
    }
    (void) copy(room, mwi_buf_bytes(buf) + done, mwi_buf_len(buf) - done);
    mwi_buf_commit(to, len);
    return MW_OK;
}
