/* SPDX-License-Identifier: MIT */
/*
 * wire: frames.  A frame is a CBOR byte string of definite length that holds
 * one message, so a stream of frames is a CBOR Sequence (RFC 8742).
 */
#ifndef MWI_WIRE_FRAME_H
#define MWI_WIRE_FRAME_H

#include "mw/status.h"

#include "base/gather.h"

enum { MWI_FRAME_HEAD_MAX = 9 }; /* bytes */

/** Start a frame in an empty buffer: leaves room for the head, behind which
 * the message is to be written. */
MW_MUST_USE mw_status mwi_frame_begin(struct mwi_buf *buf);

/** Put the head before the message.  The buffer's bytes are the frame. */
void mwi_frame_end(struct mwi_buf *buf);

/** The same with pieces of the message noted (NULL: none). */
void mwi_frame_end_gathered(struct mwi_buf *buf, struct mwi_gather *gather);

enum mwi_frame_state {
    MWI_FRAME_WHOLE,   /* head and message are there */
    MWI_FRAME_PARTIAL, /* more bytes are needed */
    MWI_FRAME_BAD,     /* not the head of a definite byte string */
};

struct mwi_frame {
    size_t head;  /* bytes of the head; 0: not known yet */
    uint64_t len; /* bytes of the message, as announced */
};

/** Look at the frame that bytes begin with.  Believes nothing: the caller
 * compares len with its limit before it waits for the rest. */
enum mwi_frame_state mwi_frame_parse(
    const uint8_t *bytes, size_t n, struct mwi_frame *ret_frame);

#endif
