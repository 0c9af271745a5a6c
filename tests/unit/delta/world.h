/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a call, without the call: an object of the client on the heap,
 * the server's copy in an arena with its snapshot, and the delta between.
 */
#ifndef WORLD_H
#define WORLD_H

#include "mw/object.h"

#include "base/buf.h"
#include "codec/value.h"
#include "delta/diff.h"
#include "delta/patch.h"
#include "delta/snapshot.h"

enum { DELTA_DEPTH = MWI_DEPTH_LIMIT };

struct server {
    struct mwi_arena arena;
    struct mwi_place place;
    struct mwi_snapshot snapshot;
    const mw_type *type;
    void *object;
};

/** Decode a copy of an object into an arena and take the snapshot. */
void server_open(
    struct server *server, const mw_type *type, const void *object);

/** Decode the object's V(T) as given. */
void server_open_bytes(struct server *server, const mw_type *type,
    const uint8_t *bytes, size_t len);
void server_close(struct server *server);

/** D(T) of what has changed since.  mwi_buf_fini() it. */
struct mwi_buf server_delta(const struct server *server);
struct mwi_buf server_delta_masked(
    const struct server *server, const mw_mask *mask);

/** D(T) between two plain objects. */
struct mwi_buf delta_between(
    const mw_type *type, const void *old, const void *live);
struct mwi_buf delta_masked(const mw_type *type, const mw_mask *mask,
    const void *old, const void *live);

/** V(T). */
struct mwi_buf value_of(const mw_type *type, const void *object);

/** Stage and commit, or abort.  ret_error: NULL allowed. */
mw_status apply(const mw_type *type, void *object, const uint8_t *delta,
    size_t len, mw_error *ret_error, mw_stats *ret_stats);
mw_status apply_masked(const mw_type *type, const mw_mask *mask, void *object,
    const uint8_t *delta, size_t len, mw_error *ret_error, mw_stats *ret_stats);

/** All bytes of an object and of what it points to, pointers included, in a
 * fixed order; two such dumps are the same if and only if nothing at all has
 * changed. */
struct mwi_buf dump(const mw_type *type, const void *object);

/** Whether two buffers hold the same. */
bool same_bytes(const struct mwi_buf *a, const struct mwi_buf *b);

/** Hexadecimal text as bytes; blanks are skipped.  Returns the length. */
size_t unhex(const char *text, uint8_t *ret_bytes, size_t size);

/** Bytes as hexadecimal text, in storage that the next call overwrites. */
const char *hex(const uint8_t *bytes, size_t len);

/** Whether memory has been lost.  Known only under the address sanitizer. */
bool has_leaks(void);

/** Milliseconds of processor time that the process has used. */
double cpu_ms(void);

/** A number from the environment, or the default. */
size_t env_number(const char *name, size_t standard);

#endif
