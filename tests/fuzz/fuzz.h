/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers share.  The first two bytes of an input choose the types;
 * what the others are each fuzzer says.
 *
 * clang builds them with libFuzzer; any compiler builds programs that replay
 * inputs from files.
 */
#ifndef MWT_FUZZ_H
#define MWT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

enum {
    FUZZ_HEAD = 2,         /* bytes of the seed */
    FUZZ_NODES_MAX = 100,  /* larger cases are passed over: they are slow, */
    FUZZ_BYTES_MAX = 6000, /* and find nothing that small ones do not */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline uint16_t
fuzz_u16(const uint8_t *bytes)
{
    return (uint16_t) (bytes[0] | bytes[1] << 8);
}

#endif
