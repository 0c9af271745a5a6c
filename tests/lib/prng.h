/* SPDX-License-Identifier: MIT */
/*
 * tests: pseudo-random numbers that are the same on every machine, for tests
 * that must be repeatable by their seed.
 */
#ifndef MWT_PRNG_H
#define MWT_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct mwt_prng {
    uint64_t state;
};

/** 64 random bits: the generator of Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014. */
static inline uint64_t
mwt_next(struct mwt_prng *prng)
{
    uint64_t z = prng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/** From 0 to n - 1; 0 for n 0. */
static inline size_t
mwt_below(struct mwt_prng *prng, size_t n)
{
    return n == 0 ? 0 : (size_t) (mwt_next(prng) % n);
}

/** True so many times in a hundred. */
static inline bool
mwt_chance(struct mwt_prng *prng, unsigned int percent)
{
    return mwt_next(prng) % 100 < percent;
}

/** A generator that starts at the environment's MW_SEED, or else anywhere.
 * Prints the seed, so that a failure can be repeated. */
static inline struct mwt_prng
mwt_prng_seeded(const char *test)
{
    const char *text = getenv("MW_SEED");
    struct mwt_prng prng = { 0 };
    struct timespec now;

    if (text != NULL) {
        prng.state = strtoull(text, NULL, 0);
    } else {
        (void) clock_gettime(CLOCK_REALTIME, &now);
        prng.state =
            (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
        prng.state = mwt_next(&prng) >> 32; /* few digits to type */
    }
    (void) fprintf(
        stderr, "%s: MW_SEED=%llu\n", test, (unsigned long long) prng.state);
    return prng;
}

#endif
