/* SPDX-License-Identifier: MIT */
/*
 * The connection is lost at every boundary between messages, and within
 * messages at every byte, in each direction.  Each call has run once, or not
 * at all, or its caller was told that nobody knows; never twice; and what a
 * call that failed was given is as it was, bit by bit.
 */
#include <criterion/criterion.h>

#include "faults/sweep.h"

/* The first messages of a flow; docs/wire.md section 4. */
enum { HELLO = 0, FIRST_CALL = 1, FIRST_REPLY = 1, TLS_STEP = 113 };

static void
begin(struct mwt_sweep *sweep, enum mwt_scheme scheme)
{
    mwt_sweep_begin(sweep, scheme, MW_CTX());
    sweep->plan.fault = MWT_CUT;
}

Test(faults_boundaries, every_boundary)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_UNIX);
    mwt_sweep_boundaries(&sweep);
    /* The last boundaries are only there if the counts were right. */
    cr_expect_geq(sweep.n_struck + 2, sweep.n_runs);
    cr_expect_gt(sweep.tally.n_done, 0);
    /* A call was lost on its way, and an answer was. */
    cr_expect_gt(sweep.tally.n_unknown + sweep.tally.n_not_run, 0);
    cr_expect_gt(sweep.tally.n_unknown_run, 0);
    mwt_sweep_end(&sweep);
}

Test(faults_boundaries, every_boundary_over_tcp)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_PLAINTEXT);
    mwt_sweep_boundaries(&sweep);
    cr_expect_gt(sweep.tally.n_done, 0);
    mwt_sweep_end(&sweep);
}

Test(faults_boundaries, every_byte_of_a_request)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_UNIX);
    mwt_sweep_bytes(&sweep, MWT_TO_SERVER, HELLO);
    mwt_sweep_bytes(&sweep, MWT_TO_SERVER, FIRST_CALL);
    cr_expect_eq(sweep.n_struck, sweep.n_runs);
    /* Half a request is none. */
    cr_expect_eq(sweep.tally.n_unknown_run, 0);
    mwt_sweep_end(&sweep);
}

Test(faults_boundaries, every_byte_of_an_answer)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_UNIX);
    mwt_sweep_bytes(&sweep, MWT_TO_CLIENT, HELLO);
    mwt_sweep_bytes(&sweep, MWT_TO_CLIENT, FIRST_REPLY);
    cr_expect_eq(sweep.n_struck, sweep.n_runs);
    cr_expect_gt(sweep.tally.n_unknown_run, 0);
    mwt_sweep_end(&sweep);
}

/* Of the call that changes an object, its reply is a delta. */
Test(faults_boundaries, every_byte_of_a_delta)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_UNIX);
    mwt_sweep_bytes(&sweep, MWT_TO_CLIENT, FIRST_REPLY + 1);
    cr_expect_eq(sweep.n_struck, sweep.n_runs);
    cr_expect_eq(sweep.tally.n_unknown_run, sweep.n_runs);
    mwt_sweep_end(&sweep);
}

/* TLS has no boundaries for the proxy: cut after so many bytes, which is within
 * the handshake, between records and within them. */
Test(faults_boundaries, over_tls)
{
    struct mwt_sweep sweep;

    begin(&sweep, MWT_TLS);
    for (enum mwt_flow flow = MWT_TO_SERVER; flow <= MWT_TO_CLIENT; flow++) {
        for (uint64_t at = 0; at < sweep.bytes[flow]; at += TLS_STEP) {
            mwt_sweep_at(&sweep, flow, 0, at);
        }
    }
    cr_expect_gt(sweep.tally.n_done, 0);
    cr_expect_gt(sweep.tally.n_unknown_run, 0);
    mwt_sweep_end(&sweep);
}
