/* SPDX-License-Identifier: MIT */
/*
 * A peer that sends what it is told, byte by byte, and reads frames.
 */
#ifndef MWT_RAW_H
#define MWT_RAW_H

#include "mw/mw.h"

#include "codec/cbor.h"
#include "net/stream.h"
#include "wire/channel.h"
#include "wire/message.h"

struct mwt_raw {
    struct mwi_channel channel;
    struct mwi_message message; /* of mwt_raw_receive(): its head ... */
    struct mwi_reader reader;   /* ... and its body */
    const uint8_t *bytes;       /* the whole message, as is the next */
    size_t len;
};

/** Over a stream whose handshake is done.  [take] the stream. */
void mwt_raw_open(struct mwt_raw *raw, struct mwi_stream *stream);
void mwt_raw_close(struct mwt_raw *raw);

/** Bytes, as hexadecimal digits with spaces. */
void mwt_raw_send_hex(struct mwt_raw *raw, const char *hex);

/** A message in a frame, as hexadecimal digits with spaces. */
void mwt_raw_send_message(struct mwt_raw *raw, const char *hex);

/** Bytes. */
void mwt_raw_send(struct mwt_raw *raw, const void *bytes, size_t len);

/** Wait for a message and read its head.  False at the end of the stream. */
bool mwt_raw_receive(struct mwt_raw *raw);

/** The text of the message received last, as a string. */
const char *mwt_raw_text(const struct mwt_raw *raw);

#endif
