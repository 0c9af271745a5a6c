/* SPDX-License-Identifier: MIT */
/*
 * Two channels that lead to each other, in one thread, and messages whose
 * content follows from a number.
 */
#ifndef MWT_SIDES_H
#define MWT_SIDES_H

#include "lib/fault_stream.h"
#include "unit/wire/valve.h"
#include "wire/channel.h"

struct side {
    struct mwi_channel channel;
    struct valve *valve; /* NULL: the stream has none */
    unsigned n_wanted;   /* calls of want_write with true */
    unsigned n_unwanted; /* and with false */
    bool is_told_twice;  /* the same as before; never right */
};

struct sides {
    struct side a;
    struct side b;
};

/** Over a pair of streams, a's with a valve before it. */
void sides_open(struct sides *sides, size_t message_max, size_t out_max);

/** Over a pair of streams with these faults; NULL: without. */
void sides_open_faulty(struct sides *sides, size_t message_max, size_t out_max,
    const struct mwt_faults *a, const struct mwt_faults *b);

/** Over two given streams, which it takes. */
void sides_open_over(struct sides *sides, struct mwi_stream *a,
    struct mwi_stream *b, size_t message_max, size_t out_max);

/** Close both, and check that no stream was misused. */
void sides_close(struct sides *sides);

/** The content of message number i. */
void message_fill(uint8_t *bytes, size_t len, unsigned i);
bool message_is(const uint8_t *bytes, size_t len, unsigned i);

/** Send message number i of len bytes. */
mw_status side_try_send(
    struct side *side, unsigned i, size_t len, mw_error *reterr);
void side_send(struct side *side, unsigned i, size_t len);

/** The next message, filling as often as that helps. */
enum mwi_io side_receive(struct side *side, const uint8_t **ret_bytes,
    size_t *ret_len, mw_error *reterr);

/** It is message number i of len bytes. */
void side_expect(struct side *side, unsigned i, size_t len);

/** There is nothing to receive. */
void side_expect_nothing(struct side *side);

/** Write bytes past a channel, all at once. */
void side_write_raw(struct side *side, const void *bytes, size_t len);

#endif
