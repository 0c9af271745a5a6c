/* SPDX-License-Identifier: MIT */
#include "wire/frame.h"

#include <assert.h>
#include <string.h>

#include "codec/cbor.h"

enum {
    BYTE_STRING = 2 << 5, /* RFC 8949 section 3: major type 2 */
    ARGUMENT_MASK = 0x1f,
    ARGUMENT_8 = 24, /* one byte follows; 25: two, 26: four, 27: eight */
    ARGUMENT_64 = 27,
};

mw_status
mwi_frame_begin(struct mwi_buf *buf)
{
    static const uint8_t room[MWI_FRAME_HEAD_MAX];

    assert(mwi_buf_len(buf) == 0);
    return mwi_buf_append(buf, room, sizeof(room));
}

/* Right-aligned in the room before the message, so that nothing moves. */
void
mwi_frame_end_gathered(struct mwi_buf *buf, struct mwi_gather *gather)
{
    uint64_t len = mwi_gather_len(gather, buf) - MWI_FRAME_HEAD_MAX;
    size_t head = mwi_head_size(len);
    uint8_t *at = buf->data + buf->start + MWI_FRAME_HEAD_MAX - head;

    mwi_buf_consume(buf, MWI_FRAME_HEAD_MAX - head);
    mwi_gather_pull(gather, MWI_FRAME_HEAD_MAX - head);
    if (head == 1) {
        at[0] = (uint8_t) (BYTE_STRING | len);
        return;
    }
    at[0] = (uint8_t) (BYTE_STRING |
                       (ARGUMENT_8 + __builtin_ctz((unsigned) (head - 1))));
    for (size_t i = head - 1; i > 0; i--) {
        at[i] = (uint8_t) len;
        len >>= 8;
    }
}

void
mwi_frame_end(struct mwi_buf *buf)
{
    mwi_frame_end_gathered(buf, NULL);
}

enum mwi_frame_state
mwi_frame_parse(const uint8_t *bytes, size_t n, struct mwi_frame *ret_frame)
{
    unsigned info;
    size_t follow;

    *ret_frame = (struct mwi_frame){ 0 };
    if (n == 0) {
        return MWI_FRAME_PARTIAL;
    }
    info = bytes[0] & ARGUMENT_MASK;
    if ((bytes[0] & ~ARGUMENT_MASK) != BYTE_STRING || info > ARGUMENT_64) {
        return MWI_FRAME_BAD;
    }
    follow = info < ARGUMENT_8 ? 0 : (size_t) 1 << (info - ARGUMENT_8);
    if (n < 1 + follow) {
        return MWI_FRAME_PARTIAL;
    }
    ret_frame->head = 1 + follow;
    ret_frame->len = follow == 0 ? info : 0;
    for (size_t i = 1; i <= follow; i++) {
        ret_frame->len = ret_frame->len << 8 | bytes[i];
    }
    return ret_frame->len <= n - ret_frame->head ? MWI_FRAME_WHOLE
                                                 : MWI_FRAME_PARTIAL;
}
