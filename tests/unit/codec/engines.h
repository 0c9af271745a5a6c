/* SPDX-License-Identifier: MIT */
/*
 * The codec's two builds side by side (lib/engine.h): heads in place, and
 * libcbor for all.
 */
#ifndef ENGINES_H
#define ENGINES_H

#include <string.h>

#include "hex.h"
#include "lib/engine.h"

static const struct mwt_engine *const engines[] = { &mwt_engine,
    &mwt_engine_pure };

enum { ENGINES = sizeof(engines) / sizeof(engines[0]) };

/* That the same has come of the same calls. */
static inline void
assert_same_reader(const struct mwi_reader *a, const struct mwi_reader *b,
    const uint8_t *bytes, size_t len)
{
    enum { SHOWN = 100 };
    char *hex;

    if (a->at == b->at && a->depth == b->depth &&
        a->error.status == b->error.status &&
        strcmp(a->error.text, b->error.text) == 0) {
        return;
    }
    hex = to_hex(bytes, len < SHOWN ? len : SHOWN);
    cr_assert_fail("%s: at %zu and %zu, depth %u and %u: %s | %s", hex,
        (size_t) (a->at - bytes), (size_t) (b->at - bytes), a->depth, b->depth,
        a->error.text, b->error.text);
}

/* The same of what was written. */
static inline void
assert_same_writer(const struct mwi_writer *a, const struct mwi_writer *b)
{
    size_t len = mwi_buf_len(a->buf);

    cr_assert_eq(a->error.status, b->error.status, "%s | %s", a->error.text,
        b->error.text);
    cr_assert_str_eq(a->error.text, b->error.text);
    cr_assert_eq(len, mwi_buf_len(b->buf));
    cr_assert(len == 0 ||
              memcmp(mwi_buf_bytes(a->buf), mwi_buf_bytes(b->buf), len) == 0);
}

#endif
