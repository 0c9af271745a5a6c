/* SPDX-License-Identifier: MIT */
/*
 * A seed, then what a handler does to the objects it is given: two bytes say
 * what each step is.  What is found to have changed, once applied, makes the
 * caller's objects the same as the handler's.
 */
#include "fuzz.h"
#include "oracle_check.h"

enum { STEP = 2 }; /* bytes */

static bool
is_small(const struct oracle_case *c)
{
    struct mwi_buf bytes = oracle_dump(&c->caller);
    bool is_small = c->caller.n_nodes <= FUZZ_NODES_MAX &&
                    mwi_buf_len(&bytes) <= FUZZ_BYTES_MAX;

    mwi_buf_fini(&bytes);
    return is_small;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct oracle_plan plan = { .kinds = MWT_ALL };
    struct oracle_case c;

    if (size < FUZZ_HEAD + STEP) {
        return 0;
    }
    plan.seed = fuzz_u16(data);
    for (size_t at = FUZZ_HEAD;
         at + STEP <= size && plan.n_steps < ORACLE_STEPS_MAX; at += STEP) {
        plan.steps[plan.n_steps++] = fuzz_u16(data + at);
    }
    oracle_open(&c, &plan);
    oracle_watch(&c);
    if (is_small(&c)) {
        (void) oracle_run(&c, false);
        (void) oracle_run(&c, true);
    }
    oracle_close(&c);
    oracle_watch(NULL);
    return 0;
}
