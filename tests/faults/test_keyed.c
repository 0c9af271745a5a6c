/* SPDX-License-Identifier: MIT */
/*
 * Calls that have a key, with the connection lost at every boundary between
 * messages and within messages at every byte: each whose caller waits succeeds,
 * and has run once.  One that was started is not sent again, for what it was
 * passed may be gone; it has run once, or not, or that is unknown.
 */
#include <criterion/criterion.h>

#include "faults/sweep.h"

/* The first messages of a flow; docs/wire.md section 4. */
enum { HELLO = 0, FIRST_CALL = 1, FIRST_REPLY = 1, TLS_STEP = 113 };

static void
begin(struct mwt_sweep *sweep, enum mwt_scheme scheme)
{
    mwt_sweep_begin(sweep, scheme, MW_CTX(.keyed = true));
    sweep->plan.fault = MWT_CUT;
}

static void
end(struct mwt_sweep *sweep)
{
    cr_expect_gt(sweep->n_struck, 0);
    cr_expect_eq(sweep->tally.n_waited_for, 0);
    mwt_sweep_end(sweep);
}

Test(faults_keyed, every_boundary)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_UNIX);
    mwt_sweep_boundaries(&sweep);
    end(&sweep);
}

Test(faults_keyed, every_boundary_over_tcp)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_PLAINTEXT);
    mwt_sweep_boundaries(&sweep);
    end(&sweep);
}

Test(faults_keyed, every_byte_of_a_request)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_UNIX);
    mwt_sweep_bytes(&sweep, MWT_TO_SERVER, HELLO);
    mwt_sweep_bytes(&sweep, MWT_TO_SERVER, FIRST_CALL);
    end(&sweep);
}

Test(faults_keyed, every_byte_of_an_answer)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_UNIX);
    mwt_sweep_bytes(&sweep, MWT_TO_CLIENT, HELLO);
    mwt_sweep_bytes(&sweep, MWT_TO_CLIENT, FIRST_REPLY);
    mwt_sweep_bytes(&sweep, MWT_TO_CLIENT, FIRST_REPLY + 1);
    end(&sweep);
}

Test(faults_keyed, over_tls)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_TLS);
    for (enum mwt_flow flow = MWT_TO_SERVER; flow <= MWT_TO_CLIENT; flow++) {
        for (uint64_t at = 0; at < sweep.bytes[flow]; at += TLS_STEP) {
            mwt_sweep_at(&sweep, flow, 0, at);
        }
    }
    end(&sweep);
}
