/* SPDX-License-Identifier: MIT */
/*
 * A seed, then what claims to be the results of a call.  They are applied to
 * the caller's objects, which are valid then, or not one bit of which has
 * changed.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "oracle_check.h"

static void
take(struct oracle_case *c, const uint8_t *results, size_t len)
{
    static const uint8_t head[] = { 0x83, 0x03, 0x01 }; /* REPLY 1 */
    struct mwt_graph caller = oracle_caller(c);
    struct mwi_buf before = oracle_dump(&caller);
    uint8_t *reply = malloc(sizeof(head) + len);

    oracle_check(reply != NULL, "memory", "there is none");
    memcpy(reply, head, sizeof(head));
    memcpy(reply + sizeof(head), results, len);
    if (mwi_buf_len(&before) <= FUZZ_BYTES_MAX) {
        (void) oracle_take_wrong(
            c, &caller, &before, reply, sizeof(head) + len);
    }
    free(reply);
    mwi_buf_fini(&before);
    oracle_free_caller(&caller);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct oracle_plan plan = { .kinds = MWT_ALL, .n_steps = 1 };
    struct oracle_case c;

    if (size < FUZZ_HEAD) {
        return 0;
    }
    plan.seed = fuzz_u16(data);
    oracle_watch(&c);
    oracle_open(&c, &plan);
    if (c.caller.n_nodes <= FUZZ_NODES_MAX) {
        take(&c, data + FUZZ_HEAD, size - FUZZ_HEAD);
    }
    oracle_close(&c);
    oracle_watch(NULL);
    return 0;
}
