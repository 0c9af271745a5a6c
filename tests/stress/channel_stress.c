/* SPDX-License-Identifier: MIT */
/*
 * Channels under many threads, for the thread sanitizer: crowds of random
 * size over streams of random faults, half of them interrupted.
 *
 *     stress_channel [rounds]
 *
 * MW_SEED repeats a run.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/prng.h"
#include "unit/wire/crowd.h"

enum { ROUNDS = 60 };

static struct crowd_options
choose(struct mwt_prng *prng, unsigned round)
{
    static const size_t lens[] = { 20, 300, 3000, 40000 };
    static const size_t chunks[] = { 0, 0, 100, 5000 };
    struct crowd_options options = {
        .seed = mwt_next(prng),
        .n_writers = 1 + (unsigned) mwt_below(prng, 12),
        .len_max = lens[mwt_below(prng, 4)],
        .chunk_max = chunks[mwt_below(prng, 4)],
        .wait_percent = (unsigned) mwt_below(prng, 4) * 10,
        .is_interrupted = round % 2 != 0,
    };

    /* About as many bytes in any round. */
    options.n_messages =
        (unsigned) (700000 / (options.len_max + 500)) / options.n_writers + 1;
    if (options.chunk_max != 0 && options.chunk_max < options.len_max / 10) {
        options.chunk_max = options.len_max / 10;
    }
    return options;
}

int
main(int argc, char **argv)
{
    struct mwt_prng prng = mwt_prng_seeded("stress_channel");
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
    unsigned n_passed = 0;
    unsigned n_failed = 0;

    for (long round = 0; round < rounds; round++) {
        const struct crowd_options options = choose(&prng, (unsigned) round);
        const struct crowd_result result = crowd_run(&options);
        const uint64_t expected =
            UINT64_C(2) * options.n_writers * options.n_messages;

        if (result.n_errors > 0 ||
            (!options.is_interrupted && result.n_received != expected)) {
            (void) fprintf(stderr, "round %ld: %llu of %llu, %u errors\n",
                round, (unsigned long long) result.n_received,
                (unsigned long long) expected, result.n_errors);
            n_failed++;
        } else {
            n_passed++;
        }
    }
    (void) printf("stress_channel: %u passed, %u failed\n", n_passed, n_failed);
    return n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
