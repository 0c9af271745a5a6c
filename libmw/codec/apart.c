/* SPDX-License-Identifier: MIT */
#include "codec/apart.h"

#include <string.h>

#include "codec/quick_read.h"

/* Containers and tags are nothing but their heads here. */
bool
mwi_apart_find(const uint8_t *bytes, size_t n, struct mwi_apart *ret_apart)
{
    size_t at = 0;

    while (at < n) {
        uint8_t initial = bytes[at] & (uint8_t) ~MWI_INFO_MASK;
        uint64_t argument;
        size_t size = mwi_quick_argument(bytes + at, n - at, &argument);

        if (size == 0) {
            return false;
        }
        at += size;
        if (initial != MWI_INITIAL_BYTES && initial != MWI_INITIAL_TEXT) {
            continue;
        }
        if (initial == MWI_INITIAL_BYTES && argument >= MWI_APART_MIN) {
            *ret_apart =
                (struct mwi_apart){ .at = at, .len = (size_t) argument };
            return argument <= SIZE_MAX;
        }
        if (argument > n - at) {
            return false;
        }
        at += (size_t) argument;
    }
    return false;
}

mw_status
mwi_apart_join(struct mwi_buf *to, const uint8_t *bytes, size_t len,
    const struct mwi_apart *apart)
{
    uint8_t *room = apart->len <= SIZE_MAX - len
                        ? mwi_buf_reserve(to, len + apart->len)
                        : NULL;

    if (room == NULL) {
        return MW_ENOMEM;
    }
    memcpy(room, bytes, apart->at);
    memcpy(room + apart->at, apart->bytes, apart->len);
    memcpy(room + apart->at + apart->len, bytes + apart->at, len - apart->at);
    mwi_buf_commit(to, len + apart->len);
    return MW_OK;
}
