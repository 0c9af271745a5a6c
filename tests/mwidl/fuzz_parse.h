/* SPDX-License-Identifier: MIT */
/*
 * The compiler as a function of bytes, for fuzzers and the mutation test.
 */
#ifndef TESTS_MWIDL_FUZZ_PARSE_H
#define TESTS_MWIDL_FUZZ_PARSE_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
