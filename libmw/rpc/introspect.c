/* SPDX-License-Identifier: MIT */
/*
 * The handlers of mw.Server, which answer from what the server has, without
 * waiting: they are quick, and run in the thread that reads the request.
 */
#include "rpc/introspect.h"

#include <string.h>

#include "mw/introspect_server.mw.h"
#include "mw/stats.h"

#include "base/error.h"
#include "rpc/server.h"

/* Health. */

/* What the program has said, or that the server is about to go. */
static mw_health
health_of_all(mw_server *server)
{
    return atomic_load(&server->host.draining)
               ? MW_HEALTH_NOT_SERVING
               : (mw_health) atomic_load(&server->host.health);
}

static mw_Health
health_of(mw_server *server, const struct mwi_offer *offer)
{
    mw_health all = health_of_all(server);

    return (
        mw_Health) (all != MW_HEALTH_SERVING ? all : mwi_offer_health(offer));
}

static mw_status
health(mw_call *call, const char *name, mw_Health *ret_value)
{
    mw_server *server = mw_call_user(call);
    const struct mwi_offer *offer =
        mwi_registry_offer(&server->host.registry, name, strlen(name));

    if (*name == '\0') {
        *ret_value = (mw_Health) health_of_all(server);
    } else if (offer == NULL) {
        *ret_value = mw_Health_UNKNOWN;
    } else {
        *ret_value = health_of(server, offer);
    }
    return MW_OK;
}

mw_status
mw_server_set_health(
    mw_server *server, const char *interface, mw_health new_health)
{
    struct mwi_offer *offer;

    if (new_health > MW_HEALTH_NOT_SERVING) {
        return MW_EINVAL;
    }
    if (interface == NULL) {
        atomic_store(&server->host.health, (uint32_t) new_health);
        return MW_OK;
    }
    mwi_lock(&server->mutex); /* interfaces may still be added */
    offer = mwi_registry_offer(
        &server->host.registry, interface, strlen(interface));
    mwi_unlock(&server->mutex);
    if (offer == NULL) {
        return MW_ENOTFOUND;
    }
    mwi_offer_set_health(offer, new_health);
    return MW_OK;
}

/* Interfaces. */

static mw_status
interfaces(mw_call *call, mw_InterfaceSummary_seq *ret_value)
{
    mw_server *server = mw_call_user(call);
    const struct mwi_offer *offer;

    for (size_t i = 0;
         (offer = mwi_registry_offer_at(&server->host.registry, i)) != NULL;
         i++) {
        const mw_interface *interface = mwi_offer_interface(offer);
        mw_InterfaceSummary *summary =
            mw_InterfaceSummary_seq_add(call, ret_value);

        if (summary == NULL) {
            return MW_ENOMEM;
        }
        summary->name = mwi_introspect_text(interface->name);
        summary->base = interface->base != NULL
                            ? mwi_introspect_text(interface->base->name)
                            : NULL;
        summary->version = interface->version;
        summary->n_operations = interface->n_methods;
        summary->status = health_of(server, offer);
    }
    return MW_OK;
}

static mw_status
describe(mw_call *call, const char *name, mw_InterfaceInfo *ret_value)
{
    mw_server *server = mw_call_user(call);
    const struct mwi_offer *offer =
        mwi_registry_offer(&server->host.registry, name, strlen(name));

    if (offer == NULL) {
        return mw_NoSuchInterface_raise(
            call, &(mw_NoSuchInterface){ .name = mwi_introspect_text(name) });
    }
    ret_value->status = health_of(server, offer);
    return mwi_introspect_describe(call, offer, ret_value);
}

/* Statistics. */

static mw_status
take_latency(mw_call *call, const mw_histogram *from, mw_Histogram *ret_value)
{
    size_t n = MW_HISTOGRAM_BUCKETS;
    uint64_t *buckets;

    while (n > 0 && from->buckets[n - 1] == 0) {
        n--;
    }
    ret_value->n = from->n;
    ret_value->sum_ns = from->sum_ns;
    if (n == 0) {
        return MW_OK;
    }
    buckets = mw_seq_insert(call, &mw_type_seq_u64, &ret_value->buckets, 0, n);
    if (buckets == NULL) {
        return MW_ENOMEM;
    }
    memcpy(buckets, from->buckets, n * sizeof(buckets[0]));
    return MW_OK;
}

static mw_status
take_statuses(mw_call *call, const uint64_t by_status[MW_STATUS_SLOTS],
    mw_StatusCount_seq *ret_value)
{
    for (size_t i = 0; i < MW_STATUS_SLOTS; i++) {
        mw_StatusCount *count;

        if (by_status[i] == 0) {
            continue;
        }
        count = mw_StatusCount_seq_add(call, ret_value);
        if (count == NULL) {
            return MW_ENOMEM;
        }
        count->status = -(int32_t) i;
        count->n = by_status[i];
    }
    return MW_OK;
}

static mw_status
take_operation(
    mw_call *call, const mw_method_counts *c, mw_OperationStatistics *ret_value)
{
    mw_status status;

    *ret_value = (mw_OperationStatistics){
        .target = mwi_introspect_text(c->target),
        .ok = c->ok,
        .failed = c->failed,
        .refused = c->refused,
        .expired = c->expired,
        .running = c->running,
        .bytes_in = c->bytes_in,
        .bytes_out = c->bytes_out,
        .bytes_saved = mw_method_saved(c),
        .sampled = c->sampled,
        .sampled_bytes = c->sampled_bytes,
        .sampled_bytes_full = c->sampled_bytes_full,
    };
    status = take_statuses(call, c->by_status, &ret_value->by_status);
    return status < 0 ? status
                      : take_latency(call, &c->latency, &ret_value->latency);
}

static mw_status
take_operations(
    mw_call *call, mw_server *server, mw_OperationStatistics_seq *ret_value)
{
    mw_method_counts c = { .size = sizeof(c) };

    for (size_t i = 0; mw_server_method_stats(server, i, &c) == MW_OK; i++) {
        mw_OperationStatistics *operation =
            mw_OperationStatistics_seq_add(call, ret_value);

        if (operation == NULL || take_operation(call, &c, operation) < 0) {
            return MW_ENOMEM;
        }
    }
    return MW_OK;
}

static mw_status
statistics(mw_call *call, mw_Statistics *ret_value)
{
    mw_server *server = mw_call_user(call);
    mw_server_counts c = { .size = sizeof(c) };
    mw_status status = mw_server_stats(server, &c);

    if (status < 0) {
        return status;
    }
    *ret_value = (mw_Statistics){
        .open_ms = c.open_ms,
        .draining = c.draining,
        .threads = c.threads,
        .running = c.running,
        .waiting = c.waiting,
        .queued = c.queued,
        .connections = c.connections,
        .connections_accepted = c.connections_accepted,
        .connections_refused = c.connections_refused,
        .handshakes_failed = c.handshakes_failed,
        .calls = c.calls,
        .call_bytes = c.call_bytes,
        .mirror_bytes = c.mirror_bytes,
        .strange = c.strange,
        .ok = c.ok,
        .failed = c.failed,
        .refused = c.refused,
        .expired = c.expired,
        .bytes_in = c.bytes_in,
        .bytes_out = c.bytes_out,
    };
    return take_operations(call, server, &ret_value->operations);
}

static const mw_Server_ops server_ops = {
    .health = health,
    .interfaces = interfaces,
    .describe = describe,
    .statistics = statistics,
};

mw_status
mwi_introspect_serve(mw_server *server, mw_error *reterr)
{
    return mw_Server_serve(server, &server_ops, server) < 0
               ? mwi_fail_nomem(reterr)
               : MW_OK;
}

bool
mwi_introspect_has(const struct mwi_operation *op)
{
    return op->ops == &server_ops;
}
