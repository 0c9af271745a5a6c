/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { WHOLE_MAX = 256 }; /* getrandom(2): so many come at once */

void
mwi_random(void *bytes, size_t len)
{
    ssize_t n;

    assert(len <= WHOLE_MAX);
    do {
        n = getrandom(bytes, len, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0 || (size_t) n < len) {
        abort(); /* a kernel without it: nothing here is safe to guess */
    }
}

/* The bias of the remainder is below n / 2^64. */
uint64_t
mwi_random_below(uint64_t n)
{
    uint64_t number;

    mwi_random(&number, sizeof(number));
    return n == 0 ? 0 : number % n;
}
