/* SPDX-License-Identifier: MIT */
/*
 * One or two messages of each kind, as they are to be on the wire.
 */
#ifndef MWT_MESSAGE_SAMPLES_H
#define MWT_MESSAGE_SAMPLES_H

#include "unit/codec/hex.h"
#include "wire/message.h"

enum { SAMPLE_DEPTH_MAX = 16 };

struct message_sample {
    const char *diagnostic; /* RFC 8949 section 8 */
    const char *hex;
    void (*write)(struct mwi_writer *w);
    struct mwi_message message; /* what reading gives, but for the texts */
    const char *text;           /* NULL: none */
    const char *exception;      /* NULL: none */
    const char *value;          /* of the exception, in hex; NULL: none */
    const char *target;         /* NULL: none */
    const char *trace;          /* NULL: none */
    const char *key;            /* NULL: none */
};

extern const struct message_sample message_samples[];
extern const size_t n_message_samples;

/* A message in memory and its reader. */
struct reading {
    struct hex hex;
    struct mwi_reader r;
    struct mwi_message m;
};

/** Read a message up to its body, of SAMPLE_DEPTH_MAX levels. */
void reading_open(struct reading *x, const char *hex);

/** The same of bytes, which are copied. */
void reading_open_bytes(
    struct reading *x, const uint8_t *bytes, size_t len, uint32_t depth_max);

/** Skip the body, if there is one, and finish.  Returns the status. */
mw_status reading_finish(struct reading *x);

void reading_close(struct reading *x);

/** That a text of a message is expected, or NULL. */
void assert_text(const struct mwi_text *text, const char *expected);

#endif
