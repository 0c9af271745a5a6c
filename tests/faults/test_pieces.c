/* SPDX-License-Identifier: MIT */
/*
 * What arrives in pieces, byte by byte or late, is what was sent.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "faults/workload.h"

enum { LONG_MS = 120000 };

static void
run_in_pieces(enum mwt_scheme scheme, const struct mwt_plan *plan)
{
    struct mwt_scene scene;
    struct mwt_workload w = { .options = MW_CTX() };
    struct mwt_tally tally = { 0 };

    mwt_scene_begin(&scene, scheme, NULL);
    mwt_proxy_plan(scene.proxy, plan);
    w.client = mwt_scene_client(&scene, LONG_MS);
    mwt_workload_run(&w);
    cr_expect_eq(mwt_proxy_connections(scene.proxy), 1);
    mw_client_close(w.client);
    mwt_scene_stop(&scene);
    mwt_workload_judge(&w, &scene.ledger, "in pieces", &tally);
    cr_expect_eq(tally.n_done, w.n_records);
    mwt_scene_end(&scene);
}

Test(faults_pieces, byte_by_byte)
{
    run_in_pieces(MWT_UNIX, &(struct mwt_plan){ .chunk = 1 });
    run_in_pieces(MWT_PLAINTEXT, &(struct mwt_plan){ .chunk = 1 });
}

Test(faults_pieces, byte_by_byte_over_tls)
{
    run_in_pieces(MWT_TLS, &(struct mwt_plan){ .chunk = 1 });
}

Test(faults_pieces, late)
{
    run_in_pieces(MWT_UNIX, &(struct mwt_plan){ .chunk = 7, .delay_ms = 1 });
    run_in_pieces(MWT_TLS, &(struct mwt_plan){ .chunk = 100, .delay_ms = 2 });
}

static void
fill_in_pieces(enum mwt_scheme scheme, uint32_t size, size_t chunk)
{
    struct mwt_scene scene;
    mw_client *client;
    mw_seq_u8 bytes = { 0 };
    mw_ctx ctx = MW_CTX();

    mwt_scene_begin(&scene, scheme, NULL);
    mwt_proxy_plan(scene.proxy, &(struct mwt_plan){ .chunk = chunk });
    client = mwt_scene_client(&scene, LONG_MS);
    cr_assert_eq(faults_Ledger_fill(client, &ctx, size, &bytes), MW_OK, "%s",
        mw_ctx_error(&ctx));
    cr_assert_eq(bytes.len, size);
    for (uint32_t i = 0; i < size; i++) {
        cr_assert_eq(bytes.items[i], (uint8_t) i);
    }
    free(bytes.items);
    mw_client_close(client);
    mwt_scene_end(&scene);
}

Test(faults_pieces, long_payloads)
{
    fill_in_pieces(MWT_UNIX, 40000, 1);
    fill_in_pieces(MWT_UNIX, 1000000, 1371);
    fill_in_pieces(MWT_TLS, 40000, 1);
    fill_in_pieces(MWT_TLS, 1000000, 1371);
}
