/* SPDX-License-Identifier: MIT */
#include "faults/sweep.h"

#include <stdio.h>

#include <criterion/criterion.h>

/* Ids of each run take as many bytes and make accounts of the same shapes, so
 * that messages are as long as they were without a fault. */
enum { CALL_MS = 60000, FIRST_ID = 10000, IDS_PER_RUN = 20 };

static void
run_workload(struct mwt_sweep *sweep, const char *where)
{
    struct mwt_workload w = {
        .client = mwt_scene_client(&sweep->scene, CALL_MS),
        .options = sweep->options,
        .first_id = sweep->next_id,
    };
    uint64_t struck = mwt_proxy_struck(sweep->scene.proxy);

    mwt_workload_run(&w);
    sweep->struck_calls = mwt_proxy_struck(sweep->scene.proxy) > struck;
    mw_client_close(w.client);
    mwt_scene_stop(&sweep->scene);
    mwt_workload_judge(&w, &sweep->scene.ledger, where, &sweep->tally);
    sweep->n_calls = w.n_records;
    sweep->next_id += IDS_PER_RUN;
}

static void
measure_handshake(struct mwt_sweep *sweep)
{
    mw_client *client = mwt_scene_client(&sweep->scene, CALL_MS);

    cr_assert_eq(mw_client_ping(client, NULL), MW_OK);
    for (enum mwt_flow flow = MWT_TO_SERVER; flow <= MWT_TO_CLIENT; flow++) {
        sweep->handshake[flow] = mwt_proxy_bytes(sweep->scene.proxy, flow);
    }
    mw_client_close(client);
}

static void
measure(struct mwt_sweep *sweep)
{
    struct mwt_tally before = sweep->tally;

    run_workload(sweep, "no fault");
    mwt_proxy_settle(sweep->scene.proxy);
    for (enum mwt_flow flow = MWT_TO_SERVER; flow <= MWT_TO_CLIENT; flow++) {
        sweep->messages[flow] = mwt_proxy_messages(sweep->scene.proxy, flow);
        for (size_t i = 0; i < MWT_LENGTHS; i++) {
            sweep->lengths[flow][i] =
                mwt_proxy_length(sweep->scene.proxy, flow, i);
        }
        sweep->bytes[flow] = mwt_proxy_bytes(sweep->scene.proxy, flow);
        cr_assert(sweep->scene.scheme == MWT_TLS || sweep->messages[flow] > 8);
    }
    sweep->tally = before;
}

void
mwt_sweep_begin(struct mwt_sweep *sweep, enum mwt_scheme scheme, mw_ctx options)
{
    *sweep = (struct mwt_sweep){ .options = options, .next_id = FIRST_ID };
    mwt_scene_begin(&sweep->scene, scheme, NULL);
    measure_handshake(sweep);
    measure(sweep);
}

void
mwt_sweep_end(struct mwt_sweep *sweep)
{
    cr_log_info("%zu runs, %zu struck: %zu done, %zu not run, %zu unknown, "
                "%zu unknown but run",
        sweep->n_runs, sweep->n_struck, sweep->tally.n_done,
        sweep->tally.n_not_run, sweep->tally.n_unknown,
        sweep->tally.n_unknown_run);
    mwt_scene_end(&sweep->scene);
}

void
mwt_sweep_at(struct mwt_sweep *sweep, enum mwt_flow flow, uint64_t messages,
    uint64_t bytes)
{
    struct mwt_plan plan = sweep->plan;
    uint64_t struck = mwt_proxy_struck(sweep->scene.proxy);
    char where[96];

    plan.flow = flow;
    plan.messages = messages;
    plan.bytes = bytes;
    (void) snprintf(where, sizeof(where),
        "fault %d behind %llu messages and %llu bytes to the %s",
        (int) plan.fault, (unsigned long long) messages,
        (unsigned long long) bytes,
        flow == MWT_TO_SERVER ? "server" : "client");
    mwt_scene_serve(&sweep->scene, NULL);
    mwt_proxy_plan(sweep->scene.proxy, &plan);
    run_workload(sweep, where);
    sweep->n_runs++;
    sweep->n_struck += mwt_proxy_struck(sweep->scene.proxy) > struck;
}

void
mwt_sweep_boundaries(struct mwt_sweep *sweep)
{
    for (enum mwt_flow flow = MWT_TO_SERVER; flow <= MWT_TO_CLIENT; flow++) {
        for (uint64_t n = 0; n <= sweep->messages[flow]; n++) {
            mwt_sweep_at(sweep, flow, n, 0);
        }
    }
}

void
mwt_sweep_bytes(struct mwt_sweep *sweep, enum mwt_flow flow, uint64_t n)
{
    cr_assert_gt(sweep->lengths[flow][n], 1);
    for (uint64_t at = 1; at < sweep->lengths[flow][n]; at++) {
        mwt_sweep_at(sweep, flow, n, at);
    }
}
