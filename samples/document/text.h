/* SPDX-License-Identifier: MIT */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/* Writes prose with slips in it, always the same for the same seed.
 * Returns at least len bytes, for free(), or NULL when out of memory. */
char *text_write(size_t len, unsigned seed);

/* Reads a file.  Returns its text, for free(), or NULL after a message on
 * standard error. */
char *text_read(const char *path);

#endif
