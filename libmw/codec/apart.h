/* SPDX-License-Identifier: MIT */
/*
 * codec: a message one of whose byte strings has its payload elsewhere.
 *
 * A long payload is received into a block of its own, which can become a
 * sequence's items as it is.  The message's bytes are then those before the
 * payload, its head included, and those behind it.  A reader reads such a
 * message like any other; whoever looks at the bytes has them joined first.
 */
#ifndef MWI_CODEC_APART_H
#define MWI_CODEC_APART_H

#include "mw/status.h"

#include "base/buf.h"
#include "base/mem.h"

/* A shorter byte string stays in its message. */
enum { MWI_APART_MIN = 64 << 10 };

struct mwi_apart {
    uint8_t *bytes; /* malloc() block of len bytes; NULL: there is none, or it
                       was taken */
    size_t len;     /* at least MWI_APART_MIN */
    size_t at;      /* bytes of the message before it */
};

/** Look for the first long byte string in the beginning of a message.  Nothing
 * is believed of it: whether it is well-formed, and where it ought to be, is
 * for who reads it.
 *
 * @param ret_apart  [out] where its payload begins, which may be behind the n
 *                   bytes, and how long it is said to be; no block
 * @return  false: none begins there
 */
MW_MUST_USE bool mwi_apart_find(
    const uint8_t *bytes, size_t n, struct mwi_apart *ret_apart);

/** Append a message with the payload in its place.
 *
 * @param len  of the bytes without the payload */
MW_MUST_USE mw_status mwi_apart_join(struct mwi_buf *to, const uint8_t *bytes,
    size_t len, const struct mwi_apart *apart);

/** Free the block, if it is there. */
static inline void
mwi_apart_fini(struct mwi_apart *apart)
{
    if (apart->bytes != NULL) {
        mwi_free(apart->bytes);
    }
    *apart = (struct mwi_apart){ 0 };
}

#endif
