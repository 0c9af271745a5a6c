/* SPDX-License-Identifier: MIT */
/*
 * Many writers and one reader at each end: every frame is whole, and those of
 * a writer are in its order.
 */
#include <criterion/criterion.h>

#include "lib/prng.h"
#include "unit/wire/crowd.h"

static void
run(const struct crowd_options *options)
{
    struct crowd_result result = crowd_run(options);

    cr_assert_eq(result.n_errors, 0);
    if (!options->is_interrupted) {
        cr_assert_eq(result.n_received,
            UINT64_C(2) * options->n_writers * options->n_messages);
    }
}

Test(wire_channel_threads, many_writers)
{
    const struct crowd_options options = {
        .seed = 1, .n_writers = 16, .n_messages = 500, .len_max = 3000
    };

    run(&options);
}

Test(wire_channel_threads, long_messages)
{
    const struct crowd_options options = {
        .seed = 2, .n_writers = 4, .n_messages = 40, .len_max = 300000
    };

    run(&options);
}

Test(wire_channel_threads, in_pieces)
{
    const struct crowd_options options = { .seed = 3,
        .n_writers = 8,
        .n_messages = 100,
        .len_max = 500,
        .chunk_max = 40,
        .wait_percent = 20 };

    run(&options);
}

Test(wire_channel_threads, interrupted)
{
    struct mwt_prng prng = mwt_prng_seeded("interrupted");

    for (unsigned i = 0; i < 100; i++) {
        const struct crowd_options options = { .seed = mwt_next(&prng),
            .n_writers = 1 + (unsigned) mwt_below(&prng, 8),
            .n_messages = 50,
            .len_max = 1000,
            .chunk_max = mwt_below(&prng, 2) * 300,
            .wait_percent = (unsigned) mwt_below(&prng, 3) * 15,
            .is_interrupted = true };

        run(&options);
    }
}
