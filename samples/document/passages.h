/* SPDX-License-Identifier: MIT */
#ifndef PASSAGES_H
#define PASSAGES_H

#include <stddef.h>

/* Prints up to max passages in which two texts differ, evenly spread over the
 * text, and returns how many there are. */
size_t passages_print(const char *before, const char *after, size_t max);

#endif
