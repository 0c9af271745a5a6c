/* SPDX-License-Identifier: MIT */
/*
 * A number that chooses one of some cases, then what claims to be the results
 * of the call.  They are applied to the caller's objects, which are valid then,
 * or not one bit of which has changed.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "oracle_check.h"

enum {
    CASES = 64,
    SEEDS = 1000,     /* that are tried for each of them */
    BYTES_MAX = 4000, /* of the caller's objects */
};

static bool
is_suited(const struct oracle_case *c, bool wants_nodes)
{
    struct mwi_buf bytes = oracle_dump(&c->caller);
    size_t len = mwi_buf_len(&bytes);

    mwi_buf_fini(&bytes);
    return len <= BYTES_MAX && c->caller.n_nodes <= FUZZ_NODES_MAX &&
           (!wants_nodes || c->caller.n_nodes > 2);
}

/* Cases take long to make, so they are kept.  Three of four have graphs. */
static struct oracle_case *
find_case(size_t number)
{
    static struct oracle_case cases[CASES];
    static bool is_open[CASES];
    struct oracle_case *c = &cases[number];
    struct oracle_plan plan = {
        .seed = number * SEEDS, .kinds = MWT_ALL, .n_steps = 1
    };

    if (!is_open[number]) {
        oracle_open(c, &plan);
        while (!is_suited(c, number % 4 != 0)) {
            oracle_close(c);
            plan.seed++;
            oracle_open(c, &plan);
        }
        is_open[number] = true;
    }
    return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t head[] = { 0x83, 0x03, 0x01 }; /* REPLY 1 */
    struct oracle_case *c;
    struct mwt_graph caller;
    struct mwi_buf before;
    uint8_t *reply;

    if (size < FUZZ_HEAD) {
        return 0;
    }
    c = find_case(fuzz_u16(data) % CASES);
    caller = oracle_caller(c);
    before = oracle_dump(&caller);
    size -= FUZZ_HEAD;
    reply = malloc(sizeof(head) + size);
    oracle_check(reply != NULL, "memory", "there is none");
    memcpy(reply, head, sizeof(head));
    memcpy(reply + sizeof(head), data + FUZZ_HEAD, size);
    oracle_watch(c);
    (void) oracle_take_wrong(c, &caller, &before, reply, sizeof(head) + size);
    free(reply);
    mwi_buf_fini(&before);
    oracle_free_caller(&caller);
    return 0;
}
