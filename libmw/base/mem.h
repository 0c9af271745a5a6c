/* SPDX-License-Identifier: MIT */
/*
 * base: heap memory.
 *
 * All of libmw allocates here, so that the tests can make any single
 * allocation fail.  What is returned is malloc() memory: objects pass to
 * programs, which may free() them.
 */
#ifndef MWI_BASE_MEM_H
#define MWI_BASE_MEM_H

#include "mw/base.h"

/** malloc() of size bytes, of 1 for size 0.  NULL when out of memory. */
MW_MUST_USE void *mwi_malloc(size_t size);

/** n * size zeroed bytes.  NULL when out of memory or the product overflows. */
MW_MUST_USE void *mwi_calloc(size_t n, size_t size);

/** realloc() to n * size bytes; the old block stays valid on failure. */
MW_MUST_USE void *mwi_realloc(void *block, size_t n, size_t size);

/** A copy of len bytes of text with a NUL behind it. */
MW_MUST_USE char *mwi_strndup(const char *text, size_t len);

/** free(). */
void mwi_free(void *block);

#ifdef MWI_TESTING
/** Make the n-th allocation from now on fail, counted from 1 over all threads,
 * and no other.  0: none. */
void mwi_mem_fail_at(uint64_t n);

/** Whether the allocation named to mwi_mem_fail_at() has come and failed. */
bool mwi_mem_has_failed(void);

/** Allocations so far, of this process. */
uint64_t mwi_mem_count(void);
#endif

#endif
