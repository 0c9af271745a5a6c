/* SPDX-License-Identifier: MIT */
/*
 * What was counted, for programs: mw/stats.h.
 */
#include "mw/stats.h"

#include "base/clock.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "rpc/watch.h"

enum { NS_PER_MS = 1000000 };

/* Operations are added under the mutex, until the server runs. */
static const struct mwi_operation *
operation_at(mw_server *server, size_t index)
{
    const struct mwi_operation *op;

    mwi_lock(&server->mutex);
    op = mwi_registry_at(&server->host.registry, index);
    mwi_unlock(&server->mutex);
    return op;
}

static void
take_pool(mw_server *server, mw_server_counts *counts)
{
    struct mwi_pool_stats stats = { 0 };

    mwi_lock(&server->mutex);
    if (server->has_pool) {
        mwi_pool_stats(server->host.pool, &stats);
    }
    mwi_unlock(&server->mutex);
    counts->threads = stats.threads;
    counts->running = stats.running;
    counts->waiting = stats.waiting;
    counts->queued = stats.queued;
}

static void
add(mw_server_counts *counts, const mw_method_counts *method)
{
    counts->ok += method->ok;
    counts->failed += method->failed;
    counts->refused += method->refused;
    counts->expired += method->expired;
    counts->bytes_in += method->bytes_in;
    counts->bytes_out += method->bytes_out;
}

mw_status
mw_server_stats(mw_server *server, mw_server_counts *ret_counts)
{
    struct mwi_host *host = &server->host;
    mw_server_counts counts = {
        .open_ms = (uint64_t) (mwi_now() - host->meter.opened_at) / NS_PER_MS,
        .draining = atomic_load(&host->draining),
        .connections = mwi_roster_count(&host->roster),
        .connections_accepted = mwi_counted(&host->meter.accepted),
        .connections_refused = mwi_counted(&host->meter.refused),
        .handshakes_failed = mwi_counted(&host->meter.handshakes_failed),
        .calls = mwi_counted(&host->calls),
        .call_bytes = mwi_counted(&host->call_bytes),
        .mirror_bytes = mwi_counted(&host->mirror_bytes),
        .strange = mwi_counted(&host->meter.strange),
    };
    const struct mwi_operation *op;

    take_pool(server, &counts);
    for (size_t i = 0; (op = operation_at(server, i)) != NULL; i++) {
        mw_method_counts method = { 0 };

        mwi_meter_take(op->meter, op->method->target, &method);
        add(&counts, &method);
    }
    return mwi_counts_give(ret_counts, &counts, sizeof(counts));
}

mw_status
mw_server_method_stats(
    mw_server *server, size_t index, mw_method_counts *ret_counts)
{
    const struct mwi_operation *op = operation_at(server, index);
    mw_method_counts counts = { 0 };

    if (op == NULL) {
        return MW_ENOTFOUND;
    }
    mwi_meter_take(op->meter, op->method->target, &counts);
    return mwi_counts_give(ret_counts, &counts, sizeof(counts));
}

mw_status
mw_client_stats(mw_client *client, mw_client_counts *ret_counts)
{
    const struct mwi_client_meter *meter = mwi_client_meter(client);
    mw_method_counts calls = { 0 };
    mw_client_counts counts = {
        .connections = mwi_client_n_connections(client),
        .connections_made = mwi_counted(&meter->made),
        .connections_failed = mwi_counted(&meter->not_made),
        .retried = mwi_counted(&meter->calls.retried),
    };

    mwi_meter_take(&meter->calls, NULL, &calls);
    counts.ok = calls.ok;
    counts.failed = calls.failed;
    counts.under_way = calls.running;
    counts.bytes_received = calls.bytes_in;
    counts.bytes_sent = calls.bytes_out;
    counts.latency = calls.latency;
    mwi_meter_statuses(&meter->calls, counts.by_status);
    return mwi_counts_give(ret_counts, &counts, sizeof(counts));
}
