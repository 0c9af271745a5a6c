/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#ifdef MWI_TESTING
#include <stdatomic.h>

/* Allocations to go until one fails; negative once it has. */
static _Atomic int64_t countdown;

void
mwi_mem_fail_at(uint64_t n)
{
    atomic_store(&countdown, (int64_t) n);
}

bool
mwi_mem_has_failed(void)
{
    return atomic_load(&countdown) < 0;
}

static _Atomic uint64_t n_allocations;

uint64_t
mwi_mem_count(void)
{
    return atomic_load(&n_allocations);
}

static bool
must_fail(void)
{
    int64_t left = atomic_load(&countdown);

    atomic_fetch_add(&n_allocations, 1);

    while (left > 0) {
        int64_t next = left == 1 ? -1 : left - 1;

        if (atomic_compare_exchange_weak(&countdown, &left, next)) {
            return next == -1;
        }
    }
    return false;
}
#else
static bool
must_fail(void)
{
    return false;
}
#endif

void *
mwi_malloc(size_t size)
{
    return must_fail() ? NULL : malloc(size > 0 ? size : 1);
}

void *
mwi_calloc(size_t n, size_t size)
{
    if (n == 0 || size == 0) {
        n = size = 1;
    }
    return must_fail() ? NULL : calloc(n, size);
}

void *
mwi_realloc(void *block, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total) || must_fail()) {
        return NULL;
    }
    return realloc(block, total > 0 ? total : 1);
}

char *
mwi_strndup(const char *text, size_t len)
{
    char *copy = mwi_malloc(len + 1);

    if (copy != NULL) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

void
mwi_free(void *block)
{
    free(block);
}
