/* SPDX-License-Identifier: MIT */
/*
 * bench: a Reading, written and read by straight-line code for it alone, with
 * libcbor's streaming functions: what one would write by hand.
 */
#ifndef STRAIGHT_H
#define STRAIGHT_H

#include "bench.mw.h"

/** As a map of ids to members, the samples as a plain array: 33 items, the
 * message of the notes.  Returns its length, 0 if it does not fit. */
size_t straight_encode_map(
    const bench_Reading *reading, uint8_t *ret_bytes, size_t cap);

/** The same back.  Whatever is not as expected is false. */
bool straight_decode_map(
    const uint8_t *bytes, size_t len, bench_Reading *ret_reading);

/** The bytes that mwi_encode() makes of it. */
size_t straight_encode_array(
    const bench_Reading *reading, uint8_t *ret_bytes, size_t cap);

/** The same back. */
bool straight_decode_array(
    const uint8_t *bytes, size_t len, bench_Reading *ret_reading);

#endif
