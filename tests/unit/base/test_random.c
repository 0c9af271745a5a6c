/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/random.h"

/* 128 bits do not come twice, nor does any of them stay the same. */
Test(base_random, differs)
{
    unsigned char all[64][16];
    unsigned char ones[16] = { 0 };
    unsigned char zeros[16] = { 0 };

    for (size_t i = 0; i < 64; i++) {
        mwi_random(all[i], sizeof(all[i]));
        for (size_t j = 0; j < i; j++) {
            cr_assert_neq(memcmp(all[i], all[j], sizeof(all[i])), 0);
        }
        for (size_t j = 0; j < 16; j++) {
            ones[j] |= all[i][j];
            zeros[j] |= (unsigned char) ~all[i][j];
        }
    }
    for (size_t j = 0; j < 16; j++) {
        cr_assert_eq(ones[j] & zeros[j], 0xff);
    }
}

Test(base_random, none_and_most)
{
    unsigned char bytes[256] = { 0 };

    mwi_random(bytes, 0);
    mwi_random(bytes, sizeof(bytes));
    cr_assert_neq(memcmp(bytes, bytes + 128, 128), 0);
}

Test(base_random, below)
{
    bool seen[5] = { false };

    cr_assert_eq(mwi_random_below(0), 0);
    cr_assert_eq(mwi_random_below(1), 0);
    for (size_t i = 0; i < 1000; i++) {
        uint64_t n = mwi_random_below(5);

        cr_assert_lt(n, 5);
        seen[n] = true;
    }
    for (size_t i = 0; i < 5; i++) {
        cr_assert(seen[i]);
    }
}

/* A child does not repeat what its parent has. */
Test(base_random, fork)
{
    unsigned char ours[16];
    unsigned char theirs[16];
    int ends[2];
    pid_t child;

    cr_assert_eq(pipe(ends), 0);
    child = fork();
    cr_assert_geq(child, 0);
    mwi_random(ours, sizeof(ours));
    if (child == 0) {
        _exit(write(ends[1], ours, sizeof(ours)) != sizeof(ours));
    }
    cr_assert_eq(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert_neq(memcmp(ours, theirs, sizeof(ours)), 0);
    (void) close(ends[0]);
    (void) close(ends[1]);
}
